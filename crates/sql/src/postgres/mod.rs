//! PostgreSQL, read by its own grammar.

use crate::{Limits, Scope, Statement, Unreadable};

/// Reads a text of any number of statements.
///
/// # Errors
/// The text is not understood, and must be treated as if it could do anything.
pub fn read(
    text: &[u8],
    _scope: &dyn Scope,
    limits: &Limits,
) -> Result<Vec<Statement>, Unreadable> {
    if text.len() > limits.bytes {
        return Err(Unreadable::new(format!("it is longer than {} bytes", limits.bytes)));
    }
    Err(Unreadable::new("no kind of statement is named yet"))
}

/// Appends the text with its plain constants blotted out; `false` when it has no such shape.
#[must_use]
pub fn shape(_text: &[u8], _out: &mut Vec<u8>) -> bool {
    false
}
