use std::borrow::Cow;

use model::{Parameter, ReasonKind};
use serde_json::{Value, json};

use super::Decided;
use crate::render::escape_bytes;

/// How much of what was said in a session others are told.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// Statements.
    pub text: Text<'a>,
    /// What was bound to them.
    pub parameters: bool,
    /// No more than so many bytes of any one text; what is longer is cut and its length told.
    pub longest: usize,
}

/// How a statement is told.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// As the client sent it.
    Full,
    /// With its constants blotted out; `None` from the function: it cannot be told from its constants,
    /// and is left out.
    Shape(&'a dyn Fn(&[u8]) -> Option<String>),
    /// Not at all, and neither are the target's error messages, which may repeat it.
    None,
}

/// No list is told beyond so many members.
pub(crate) const MANY: usize = 64;

impl Wording<'_> {
    /// A statement as it is told.
    pub(crate) fn statement(&self, text: &[u8]) -> Option<Cut> {
        match self.text {
            Text::Full => Some(self.cut(text)),
            Text::Shape(shape) => shape(text).map(|text| self.cut(text.as_bytes())),
            Text::None => None,
        }
    }

    /// Words that may hold values of the statement: the target's, most of all.
    pub(crate) fn message(&self, message: &str) -> Option<String> {
        matches!(self.text, Text::Full).then(|| self.cut(message.as_bytes()).text)
    }

    /// What the client was told of a decision. Why a statement was not understood quotes the statement.
    pub(crate) fn decision(&self, decided: &Decided) -> Option<String> {
        let message = decided.message.as_deref()?;
        if decided.cause == Some(ReasonKind::NotUnderstood) {
            return self.message(message);
        }
        Some(self.own(message))
    }

    /// Words of the gateway's own.
    pub(crate) fn own(&self, message: &str) -> String {
        self.cut(message.as_bytes()).text
    }

    /// What was bound to a statement, when that is told.
    pub(crate) fn bound(&self, parameters: &[Parameter]) -> Option<Value> {
        let tells = self.parameters && !parameters.is_empty();
        tells.then(|| parameters.iter().take(MANY).map(|one| self.parameter(one)).collect())
    }

    fn parameter(&self, parameter: &Parameter) -> Value {
        match parameter {
            Parameter::Null => Value::Null,
            Parameter::Text(text) => match self.cut(text.as_bytes()) {
                Cut { text, whole: None } => json!(text),
                Cut { text, whole: Some(length) } => json!({ "start": text, "length": length }),
            },
            Parameter::Binary(hex) => json!({ "binary": self.own(hex) }),
            Parameter::Cut { start, length } => {
                json!({ "start": self.own(start), "length": length })
            }
        }
    }

    fn cut(&self, bytes: &[u8]) -> Cut {
        let whole = (bytes.len() > self.longest).then_some(bytes.len());
        let mut part = bytes.get(..self.longest).unwrap_or(bytes);
        if whole.is_some() {
            // Not within a character.
            let tail = part.len() - part.len().min(3);
            let inside = |byte: &u8| *byte >= 0x80;
            if part.get(tail..).is_some_and(|tail| tail.iter().any(inside)) {
                let start = part.iter().rposition(|byte| *byte & 0xc0 != 0x80);
                part = start.and_then(|start| part.get(..start)).unwrap_or(part);
            }
        }
        let text = match std::str::from_utf8(part) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(escape_bytes(part)),
        };
        Cut { text: text.into_owned(), whole }
    }
}

/// A text, and how long it was when it was cut.
pub(crate) struct Cut {
    pub(crate) text: String,
    pub(crate) whole: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_its_length_told() {
        let wording = |longest| Wording { text: Text::Full, parameters: true, longest };
        for (text, longest, shown, whole) in [
            ("SELECT 1", 8, "SELECT 1", None),
            ("SELECT 1", 7, "SELECT ", Some(8)),
            ("aäb", 2, "a", Some(4)),
            ("aä漢b", 5, "aä", Some(7)),
            ("ä😀", 5, "ä", Some(6)),
            ("", 0, "", None),
        ] {
            let cut = wording(longest).statement(text.as_bytes()).unwrap();
            assert_eq!((cut.text.as_str(), cut.whole), (shown, whole), "{text} {longest}");
        }
        let cut = wording(100).statement(b"\xff\x00x").unwrap();
        assert_eq!(cut.text, "\\xff\\x00x");
    }

    #[test]
    fn a_text_that_is_not_told_is_not_told_by_the_targets_errors_either() {
        let shape = |_: &[u8]| None;
        for text in [Text::None, Text::Shape(&shape)] {
            let wording = Wording { text, parameters: false, longest: 100 };
            assert!(wording.statement(b"SELECT 'secret'").is_none());
            assert!(wording.message("invalid input syntax: \"secret\"").is_none());
            assert!(wording.bound(&[Parameter::Text("secret".into())]).is_none());
        }
    }
}
