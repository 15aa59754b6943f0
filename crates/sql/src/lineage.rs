use std::collections::BTreeSet;

use crate::RelationName;

/// Where a value comes from, as far as a statement's text and its scope tell.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lineage {
    /// The columns it is made from.
    pub sources: BTreeSet<Source>,
    /// What else may be in it.
    pub reach: Reach,
}

/// A column that a value is made from, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The relation, which may be a view.
    pub relation: RelationName,
    /// The column's name; `None` is any column of it, or the whole row.
    pub column: Option<Box<str>>,
    /// What of the column is in the value.
    pub flow: Flow,
}

/// What of a column is in a value that is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// The column's value as it is.
    Value,
    /// Something computed from it: a part, a sum, a document that holds it.
    Computed,
    /// A fact about it: its length, whether it is NULL, what a comparison says, how many there are.
    Fact,
}

/// What may be in a value beside the columns that it was traced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reach {
    /// Nothing: it was traced to its end.
    #[default]
    Traced,
    /// Anything that the statement reads.
    Touched,
    /// Anything there is: code that cannot be read made it.
    Anything,
}

impl Lineage {
    /// Whether nothing of any relation can be in it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.sources.is_empty() && self.reach == Reach::Traced
    }

    /// What was not traced.
    #[must_use]
    pub const fn untraced() -> Self {
        Self { sources: BTreeSet::new(), reach: Reach::Touched }
    }
}

/// Data that a statement puts into a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The relation it is put into, which the statement may be about to create.
    pub into: RelationName,
    /// The column; `None` is any.
    pub column: Option<Box<str>>,
    /// Where it comes from.
    pub from: Lineage,
    /// It is no column of a relation: a function of the server's, of this name, keeps what it is given
    /// where another call brings it back.
    pub by: Option<Box<str>>,
}
