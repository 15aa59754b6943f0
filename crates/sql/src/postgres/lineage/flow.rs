//! Sets of sources while they are traced: small, sorted, by number.

use crate::{Flow, Lineage, Reach, RelationName, Source};

/// A column of a relation, and what of it flows: numbers that [`Names`] gives. Column 0 is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Drop {
    pub(super) relation: u32,
    pub(super) column: u32,
    pub(super) flow: Flow,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stream {
    drops: Vec<Drop>,
    reach: Reach,
}

impl Stream {
    pub(super) fn of(relation: u32, column: u32) -> Self {
        let drops = vec![Drop { relation, column, flow: Flow::Value }];
        Self { drops, reach: Reach::Traced }
    }

    pub(super) const fn reaching(reach: Reach) -> Self {
        Self { drops: Vec::new(), reach }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        self.drops.is_empty() && matches!(self.reach, Reach::Traced)
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.reach = self.reach.max(other.reach);
        if self.drops.is_empty() {
            self.drops.clone_from(&other.drops);
            return;
        }
        for drop in &other.drops {
            if let Err(at) = self.drops.binary_search(drop) {
                self.drops.insert(at, *drop);
            }
        }
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Something computed from this.
    pub(super) fn computed(self) -> Self {
        self.at_most(Flow::Computed)
    }

    /// A fact about this.
    pub(super) fn fact(self) -> Self {
        self.at_most(Flow::Fact)
    }

    fn at_most(mut self, flow: Flow) -> Self {
        for drop in &mut self.drops {
            drop.flow = drop.flow.max(flow);
        }
        self.drops.sort_unstable();
        self.drops.dedup();
        self
    }
}

/// The names behind the numbers.
#[derive(Default)]
pub(super) struct Names {
    relations: Vec<RelationName>,
    columns: Vec<Box<str>>,
    numbers: rustc_hash::FxHashMap<Box<str>, u32>,
}

impl Names {
    pub(super) fn relation(&mut self, relation: RelationName) -> u32 {
        let known = self.relations.iter().position(|known| *known == relation);
        let at = known.unwrap_or_else(|| {
            self.relations.push(relation);
            self.relations.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// The number of a column's name: never 0.
    pub(super) fn column(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.columns.push(name.into());
        let number = u32::try_from(self.columns.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.into(), number);
        number
    }

    pub(super) fn lineage(&self, stream: &Stream) -> Lineage {
        let mut reach = stream.reach;
        let sources = stream.drops.iter().filter_map(|drop| {
            let Some(relation) = self.relations.get(drop.relation as usize) else {
                reach = Reach::Anything;
                return None;
            };
            let column = (drop.column as usize).checked_sub(1).and_then(|at| self.columns.get(at));
            Some(Source { relation: relation.clone(), column: column.cloned(), flow: drop.flow })
        });
        let sources = sources.collect();
        Lineage { sources, reach }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_computed_is_a_value_no_more_and_a_fact_stays_one() {
        let value = Stream::of(0, 1);
        let both = value.clone().computed().and(&value.clone().fact());
        assert_eq!(both.clone().computed(), value.clone().computed().and(&value.clone().fact()));
        assert_eq!(both.fact(), value.fact());
    }

    #[test]
    fn joining_keeps_each_source_once_and_the_farthest_reach() {
        let mut stream = Stream::of(1, 1);
        stream.join(&Stream::of(0, 2));
        stream.join(&Stream::of(1, 1));
        stream.join(&Stream::reaching(Reach::Touched));
        assert_eq!(stream.drops.len(), 2);
        assert_eq!(stream.reach, Reach::Touched);
        assert!(!stream.is_nothing());
    }
}
