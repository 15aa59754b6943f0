//! The terms that stand for words, and what FTS5 is asked.

use std::fmt::Write as _;

use evidence::words::{Phrases, each_word};
use zeroize::Zeroizing;

/// The letters of a term, five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters of a term: 45 bits, so that among ten million terms two are alike by chance.
const LENGTH: usize = 9;

/// What a term stands for. Terms of one kind never meet those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Subject,
    Resource,
    Verdict,
    /// A table with its schema.
    Table,
    /// A table's name alone.
    Bare,
    Class,
    /// A program, by its name.
    Program,
    /// A file's or a folder's path, or its last part.
    Path,
}

/// Turns words into terms, under a key. Who holds the index and not the key learns which statements
/// have words in common, and how often, and no word.
pub(super) struct Terms(Zeroizing<[u8; 32]>);

impl Terms {
    pub(super) const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// Appends the term for a word.
    pub(super) fn put(&self, kind: Kind, word: &str, out: &mut String) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[kind as u8]);
        hasher.update(word.as_bytes());
        let hash = hasher.finalize();
        let start = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        let mut bits = u64::from_be_bytes(start);
        for _ in 0..LENGTH {
            let letter = LETTERS.get((bits >> 59) as usize).copied().unwrap_or(b'a');
            out.push(char::from(letter));
            bits <<= 5;
        }
    }

    /// The terms of a text's words, in order.
    pub(super) fn of_text(&self, text: &[u8]) -> String {
        let mut out = String::new();
        each_word(text, |word| {
            if !out.is_empty() {
                out.push(' ');
            }
            self.put(Kind::Word, word, &mut out);
        });
        out
    }

    /// What tells texts apart without saying what they are.
    pub(super) fn digest(&self, text: &[u8]) -> u128 {
        let hash = blake3::keyed_hash(&self.0, text);
        u128::from_be_bytes(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// An FTS5 expression of terms.
#[derive(Default)]
pub(super) struct Expression(String);

impl Expression {
    /// All of these phrases must be there. Nothing of them but terms gets in, whatever was typed.
    pub(super) fn phrases(&mut self, phrases: &Phrases, terms: &Terms) {
        for phrase in phrases.iter() {
            let mut text = String::new();
            for word in phrase {
                if !text.is_empty() {
                    text.push(' ');
                }
                terms.put(Kind::Word, word, &mut text);
            }
            self.and(&[text]);
        }
    }

    /// One of these must be there; each is terms with a space between.
    pub(super) fn and(&mut self, alternatives: &[String]) {
        if !self.0.is_empty() {
            self.0.push_str(" AND ");
        }
        let quoted: Vec<_> = alternatives.iter().map(|text| format!("\"{text}\"")).collect();
        let _ = write!(self.0, "({})", quoted.join(" OR "));
    }

    pub(super) fn into_text(self) -> Option<String> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms() -> Terms {
        Terms::new(Zeroizing::new([7; 32]))
    }

    #[test]
    fn a_term_depends_on_the_key_and_the_kind() {
        let term = |terms: &Terms, kind| {
            let mut out = String::new();
            terms.put(kind, "orders", &mut out);
            out
        };
        let (one, other) = (terms(), Terms::new(Zeroizing::new([8; 32])));
        assert_eq!(term(&one, Kind::Word), term(&terms(), Kind::Word));
        assert_ne!(term(&one, Kind::Word), term(&other, Kind::Word));
        assert_ne!(term(&one, Kind::Word), term(&one, Kind::Bare));
        assert_eq!(term(&one, Kind::Word).len(), LENGTH);
    }

    proptest! {
        /// Whatever is typed, FTS5 sees terms and operators of ours only.
        #[test]
        fn no_question_reaches_fts5_as_it_was_typed(text in "\\PC*") {
            let Ok(phrases) = Phrases::parse(&text) else { return Ok(()) };
            let mut expression = Expression::default();
            expression.phrases(&phrases, &terms());
            let text = expression.into_text().unwrap();
            for part in text.split(" AND ") {
                let inner = part.strip_prefix("(\"").and_then(|rest| rest.strip_suffix("\")"));
                for term in inner.unwrap().split(' ') {
                    prop_assert_eq!(term.len(), LENGTH);
                    prop_assert!(term.bytes().all(|byte| LETTERS.contains(&byte)));
                }
            }
        }
    }
}
