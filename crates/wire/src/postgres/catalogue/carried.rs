use model::{Classes, DataClass};
use sql::Flow;

/// What a value carries, by how much of it is in there.
///
/// The three are kept apart because a mask that keeps a part of a value (its last digits) is safe for
/// the value alone: of `left(card, 12)` the last four digits are four more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Classes of columns whose value it is.
    pub value: Classes,
    /// Classes of columns it is computed from.
    pub computed: Classes,
    /// Classes of columns of which it tells a fact.
    pub fact: Classes,
}

impl Carried {
    /// The value of a column that a rule gives these classes.
    #[must_use]
    pub fn ruled(value: Classes) -> Self {
        Self { value, ..Self::default() }
    }

    /// Something that may hold anything of these.
    #[must_use]
    pub fn made_of(computed: Classes) -> Self {
        Self { computed, ..Self::default() }
    }

    /// Whether it carries nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.value.is_empty() && self.computed.is_empty() && self.fact.is_empty()
    }

    /// Takes over what another carries. Answers whether it carries more now.
    pub fn join(&mut self, other: &Self) -> bool {
        let before = self.count();
        self.value.extend(other.value.iter().cloned());
        self.computed.extend(other.computed.iter().cloned());
        self.fact.extend(other.fact.iter().cloned());
        self.count() > before
    }

    /// What a value carries into which this one flows.
    #[must_use]
    pub fn through(self, flow: Flow) -> Self {
        match flow {
            Flow::Value => self,
            Flow::Computed => {
                let computed = self.value.into_iter().chain(self.computed).collect();
                Self { value: Classes::new(), computed, fact: self.fact }
            }
            Flow::Fact => {
                let fact = self.value.into_iter().chain(self.computed).chain(self.fact).collect();
                Self { fact, ..Self::default() }
            }
        }
    }

    /// Every class that is in it in some way.
    pub fn all(&self) -> impl Iterator<Item = &DataClass> {
        self.value.iter().chain(&self.computed).chain(&self.fact)
    }

    fn count(&self) -> usize {
        self.value.len() + self.computed.len() + self.fact.len()
    }
}
