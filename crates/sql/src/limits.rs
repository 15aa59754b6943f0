/// How much text is read at all, and how deep a tree is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text that is read, in bytes.
    pub bytes: usize,
    /// The deepest nesting that is followed.
    pub depth: usize,
    /// The most statements one text may hold.
    pub statements: usize,
    /// The most tokens one text may hold. Every token may become a node of the tree, and a node
    /// takes about a kilobyte while it is read: this bounds memory, where `bytes` alone does not.
    pub tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 20, depth: 400, statements: 10_000, tokens: 250_000 }
    }
}

/// A text that was not understood, and must be treated as if it could do anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the statement was not understood: {why}")]
pub struct Unreadable {
    /// Why, for the person who reads the refusal. Holds words of the text only where the server's
    /// grammar quotes them itself (`syntax error at or near "x"`).
    pub why: String,
}

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}
