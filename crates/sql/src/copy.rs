/// What COPY sends to the client, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOut {
    /// Whose rows.
    pub source: CopySource,
    /// How they are written.
    pub format: CopyFormat,
    /// The encoding asked for, in lower case, when it is not the session's own.
    pub encoding: Option<String>,
}

/// Whose rows COPY sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// A relation's own.
    Table {
        /// Which one.
        name: crate::RelationName,
        /// The columns in the order of the statement; empty: all, in the table's order.
        columns: Vec<String>,
    },
    /// A query's; the statement's `outputs` say of what kind they are.
    Query,
}

/// How COPY writes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// The default: one line a row, backslash escapes.
    Text(TextFormat),
    /// Comma separated values with quotes.
    Csv(CsvFormat),
    /// Length-prefixed values.
    Binary,
}

/// The options of COPY's text format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFormat {
    /// Between values.
    pub delimiter: u8,
    /// What stands for NULL.
    pub null: String,
    /// Whether the first line names the columns.
    pub header: bool,
}

/// The options of COPY's CSV format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFormat {
    /// Between values.
    pub delimiter: u8,
    /// Around a value.
    pub quote: u8,
    /// Before a quote inside a value.
    pub escape: u8,
    /// What stands, unquoted, for NULL.
    pub null: String,
    /// Whether the first line names the columns.
    pub header: bool,
}
