//! What a text names and calls.

use super::super::tokens::{Kind, tokens};
use super::Walk;
use super::words::{TELL_ALL, keeps};

impl Walk<'_> {
    pub(super) fn names(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let (names, next) = self.chain(at);
            if names.is_empty() {
                if let Some(Kind::Text(text)) = self.kind(at)
                    && self.code.unknown
                {
                    self.names_in(text);
                }
                at += 1;
                continue;
            }
            let called = self.is(next, b'(');
            match names.as_slice() {
                ["new" | "old"] => {
                    let given_back = self.given_back(at);
                    self.code.whole_row |= !given_back || self.is(next, b'.');
                }
                ["new" | "old", column, ..] => {
                    self.code.row.insert((*column).into());
                }
                [name] => self.name(None, name, called),
                [first, second, rest @ ..] => {
                    self.name(Some(first), second, called);
                    if let [third, ..] = rest {
                        self.name(Some(second), third, called);
                    }
                }
                [] => {}
            }
            at = next.max(at + 1);
        }
    }

    /// Whether NEW or OLD stands in a RETURN of nothing else.
    fn given_back(&self, at: usize) -> bool {
        let from = at.saturating_sub(5);
        let returned = (from..at).rev().find(|at| self.word(*at) == "return");
        returned.is_some_and(|returned| self.end(returned) >= at && self.returns_row(returned))
    }

    pub(super) fn name(&mut self, qualifier: Option<&str>, name: &str, called: bool) {
        let pair = || (qualifier.map(Into::into), name.into());
        if TELL_ALL.contains(&name) {
            self.code.anything = true;
        }
        if self.catalogue.names.contains_key(name) {
            let pair = pair();
            self.code.names.insert(pair);
        }
        if called {
            self.code.unknown |= keeps(name);
            self.code.anything |= name.contains("_to_xml");
            if self.is_own(name) {
                let pair = pair();
                self.code.calls.insert(pair);
            }
        }
    }

    /// Relations that a text may name which is put together and run.
    pub(super) fn names_in(&mut self, text: &str) {
        for token in tokens(text) {
            if let Some(name) = token.kind.name()
                && self.catalogue.names.contains_key(name)
            {
                self.code.names.insert((None, name.into()));
            }
        }
    }
}
