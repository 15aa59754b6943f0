//! Decisions of one session, kept by what a command means.

use std::sync::Arc;

use model::{Decision, Parent, Understood};
use rustc_hash::FxHashMap;

/// The most decisions kept.
const ENTRIES: usize = 4096;
/// The most bytes of commands' meanings kept alive; a client chooses how long its names are.
const BYTES: usize = 1 << 20;
/// A meaning above this is not kept.
const LARGE: usize = 16 << 10;

/// Bounded by number and by size; emptied when full, which costs one slow decision each.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    decisions: FxHashMap<Arc<Understood>, Decision>,
    bytes: usize,
}

impl Cache {
    pub(crate) fn get(&self, understood: &Understood) -> Option<&Decision> {
        self.decisions.get(understood)
    }

    pub(crate) fn insert(&mut self, understood: &Arc<Understood>, decision: Decision) {
        let size = size(understood);
        if size > LARGE {
            return;
        }
        if self.decisions.len() >= ENTRIES || self.bytes + size > BYTES {
            self.clear();
        }
        self.bytes += size;
        self.decisions.insert(Arc::clone(understood), decision);
    }

    pub(crate) fn clear(&mut self) {
        self.decisions = FxHashMap::default();
        self.bytes = 0;
    }
}

/// Roughly what a meaning and its decision weigh.
fn size(understood: &Understood) -> usize {
    const FIXED: usize = 128;
    let accesses: usize = understood
        .accesses()
        .iter()
        .map(|access| {
            let parents = match &access.object.parent {
                Parent::None | Parent::Any => 0,
                Parent::Is(name) => name.len(),
                Parent::OneOf(names) => names.iter().map(|name| name.len() + 24).sum(),
            };
            FIXED + access.object.name.len() + parents
        })
        .sum();
    let facts = understood.facts();
    let why = facts.not_understood.as_ref().map_or(0, String::len);
    let names: usize = [&facts.programs, &facts.argv, &facts.paths]
        .into_iter()
        .flatten()
        .map(|name| name.len() + 24)
        .sum();
    FIXED + accesses + why + names + (facts.returns.len() + facts.filters.len()) * 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Access, Action, Facts, Object, ObjectKind, Terms};

    fn meaning(name: String) -> Arc<Understood> {
        let access = Access::new(Action::Select, Object::top(ObjectKind::Schema, name));
        Arc::new(Understood::new(vec![access], Facts::default()))
    }

    #[test]
    fn what_a_client_sends_cannot_grow_the_cache_beyond_its_bounds() {
        let mut cache = Cache::default();
        for number in 0..3 * ENTRIES {
            let long = "x".repeat(if number % 7 == 0 { 9000 } else { 3 });
            let meaning = meaning(format!("{long}{number}"));
            cache.insert(&meaning, Decision::Allow(Terms::default()));
            assert!(cache.get(&meaning).is_some());
            assert!(cache.decisions.len() <= ENTRIES && cache.bytes <= BYTES);
        }
        let words = (0..LARGE / 8).map(|number| number.to_string().into()).collect();
        let long = Facts { argv: words, ..Facts::default() };
        for huge in [meaning("x".repeat(LARGE)), Arc::new(Understood::new(Vec::new(), long))] {
            cache.insert(&huge, Decision::Allow(Terms::default()));
            assert!(cache.get(&huge).is_none());
        }
    }
}
