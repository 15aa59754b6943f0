//! Here-documents. Where one ends decides what of the text is data and what is commands, so the parser's
//! word for it is checked line by line.

use shuck_ast::{Heredoc, HeredocBodyPart};

use super::{Grammar, PLACE};
use crate::shell::quoting::{self, Kind, Part, Place};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread};

impl Grammar<'_> {
    /// The body of a here-document: its text is nobody's command, its substitutions are.
    pub(super) fn document(&mut self, document: &Heredoc) -> Result<Word> {
        let typed = document.delimiter.raw.span.slice(self.source);
        let (end, quoted) = delimiter(typed)?;
        if quoted == document.delimiter.expands_body {
            return unread(PLACE);
        }
        let tabs = document.delimiter.strip_tabs;
        let (start, stop) = (document.body.span.start.offset(), document.body.span.end.offset());
        let Some(body) = self.source.get(start..stop) else { return unread(PLACE) };
        if !self.source.get(..start).is_some_and(|before| before.ends_with('\n'))
            || !(body.is_empty() || body.ends_with('\n'))
        {
            return unread(PLACE);
        }
        // A line that goes on behind a backslash may or may not be looked at for the end.
        if !quoted && body.contains("\\\n") {
            return unread("a line of a here-document goes on in the next");
        }
        let is_end = |line: &str| {
            let line = if tabs { line.trim_start_matches('\t') } else { line };
            line == end
        };
        let after = self.source.get(stop..).unwrap_or("");
        let last = after.split('\n').next().unwrap_or("");
        // Some shells end it before more than that line: `EOF)`.
        let may_end = |line: &str| line.trim_start_matches([' ', '\t']).starts_with(end);
        if body.lines().any(may_end) || !is_end(last) {
            return unread("shells do not agree where a here-document ends");
        }
        self.cover.place(start, stop + last.len())?;
        if quoted {
            return Ok(Word::given(body));
        }
        let mut parts = Vec::new();
        for part in &document.body.parts {
            let kind = match &part.kind {
                HeredocBodyPart::Literal(_) => continue,
                HeredocBodyPart::Variable(_) | HeredocBodyPart::Parameter(_) => Kind::Parameter,
                HeredocBodyPart::CommandSubstitution { .. } => Kind::Command,
                HeredocBodyPart::ArithmeticExpansion { .. } => Kind::Arithmetic,
            };
            parts.push(Part { start: part.span.start.offset(), end: part.span.end.offset(), kind });
        }
        let scanned = quoting::scan(body, start, &parts, Place::Body)?;
        self.inner(scanned)
    }
}

/// The line that ends a here-document, and whether its body is taken as it stands. Only plain words,
/// quoted as a whole or not at all: shells do not agree on the others.
fn delimiter(typed: &str) -> Result<(&str, bool)> {
    let inside = |quote| typed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let (end, quoted) =
        match inside('\'').or_else(|| inside('"')).or_else(|| typed.strip_prefix('\\')) {
            Some(end) => (end, true),
            None => (typed, false),
        };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:!%+,@".contains(&byte);
    if end.is_empty() || !end.bytes().all(plain) {
        return unread("a here-document ends at a word that is not plain");
    }
    Ok((end, quoted))
}
