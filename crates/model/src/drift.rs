use crate::DataClass;

/// A column that seems to hold a class that no rule gives it. It carries names and counts, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Schema, table and name.
    pub column: [String; 3],
    /// The class.
    pub class: DataClass,
    /// How many values were one as a whole.
    pub matched: usize,
    /// How many were looked at, NULLs not among them.
    pub seen: usize,
    /// How many different ones there were.
    pub distinct: usize,
    /// The evidence, for people.
    pub evidence: String,
}
