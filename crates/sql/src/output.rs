/// The columns of a statement's result, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Outputs {
    /// It returns no rows.
    #[default]
    None,
    /// One for each item of the target list, in order; a [`Output::Star`] stands for any number of
    /// columns.
    Rows(Vec<Output>),
    /// It may return rows and the text does not tell which.
    Unknown,
}

/// Where one item of a target list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// No value of a relation can flow into it: a constant, a parameter, `count(*)`, `now()`.
    Harmless,
    /// A plain reference that reads as a column. The server's row description says of which table;
    /// without a table there it is [`Output::Derived`] (`t.to_json` is a function in disguise).
    Column,
    /// Anything else: an expression, an aggregate, a sub-select.
    Derived,
    /// `*` or `t.*`.
    Star,
}
