//! Statements of a text that can be read for themselves.

use sql::{Limits, Reach, Source};

use super::super::bodies::Anywhere;
use super::super::tokens::Kind;
use super::{From, Walk};

impl Walk<'_> {
    /// The end of a statement without the INTO behind its RETURNING, which is not SQL's.
    pub(super) fn slice_end(&self, at: usize) -> usize {
        let end = self.end(at);
        let returning = (at..end).find(|at| self.word(*at) == "returning").unwrap_or(end);
        (returning..end).find(|at| self.word(*at) == "into").unwrap_or(end)
    }

    /// Reads one statement for itself. Answers whether that could be done.
    pub(super) fn slice(&mut self, start: usize, end: usize) -> bool {
        let (Some(first), Some(last)) =
            (self.tokens.get(start), end.checked_sub(1).and_then(|last| self.tokens.get(last)))
        else {
            return false;
        };
        let Some(text) = self.text.get(first.at.start..last.at.end) else { return false };
        let mut text = text.as_bytes().to_vec();
        // A parameter by its number reads like one by its name.
        for token in self.tokens.get(start..end).unwrap_or_default() {
            if token.kind == Kind::Number
                && let Some(byte) = text.get_mut(token.at.start - first.at.start)
                && *byte == b'$'
            {
                *byte = b'_';
            }
        }
        let scope = Anywhere(self.catalogue);
        let Ok(statements) = sql::read(&text, &scope, &Limits::default()) else { return false };
        let [statement] = statements.as_slice() else { return false };
        if statement.stores || statement.stored.iter().any(|stored| stored.by.is_some()) {
            return false;
        }
        for stored in &statement.stored {
            let from = match stored.from.reach {
                Reach::Traced => {
                    let other = |source: &&Source| {
                        source.relation != stored.into || source.column != stored.column
                    };
                    From::Columns(stored.from.sources.iter().filter(other).cloned().collect())
                }
                Reach::Touched | Reach::Anything => From::Everything,
            };
            self.write_relation(stored.into.clone(), stored.column.clone(), from);
        }
        true
    }
}
