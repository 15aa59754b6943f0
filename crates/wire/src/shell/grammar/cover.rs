//! Whether every byte of a text was accounted for. A parser that drops a word, or takes a command for a
//! comment, leaves a gap here.

use shuck_ast::Span;

use super::PLACE;
use crate::shell::why::{Result, unread};

pub(super) struct Cover<'t> {
    source: &'t str,
    /// The places taken, as they were found.
    taken: Vec<(usize, usize)>,
    /// Those that are words.
    words: Vec<(usize, usize)>,
}

/// The words that are no words of a command. Which of them stands where is the grammar's business.
const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "select", "in",
    "case", "esac", "time", "-p", "coproc", "function", "{", "}", "!",
];

/// Those of them that end a command.
const CLOSING: &[&str] = &["fi", "done", "esac", "}"];

impl<'t> Cover<'t> {
    pub(super) fn new(source: &'t str) -> Self {
        Self { source, taken: Vec::new(), words: Vec::new() }
    }

    pub(super) fn span(&mut self, span: Span) -> Result<()> {
        self.place(span.start.offset(), span.end.offset())
    }

    pub(super) fn word(&mut self, span: Span) -> Result<()> {
        self.words.push((span.start.offset(), span.end.offset()));
        self.span(span)
    }

    pub(super) fn place(&mut self, start: usize, end: usize) -> Result<()> {
        if start > end || self.source.get(start..end).is_none() {
            return unread(PLACE);
        }
        self.taken.push((start, end));
        Ok(())
    }

    /// Between what was taken there are only blanks, operators, reserved words and comments.
    pub(super) fn check(mut self) -> Result<()> {
        self.words.sort_unstable();
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1));
        if pairs.any(|((_, end), (start, _))| end == start) {
            return unread("two words touch each other");
        }
        self.taken.sort_unstable();
        let mut at = 0;
        for &(start, end) in &self.taken {
            if start > at {
                self.gap(at, start)?;
            }
            at = at.max(end);
        }
        self.gap(at, self.source.len())
    }

    fn gap(&self, from: usize, to: usize) -> Result<()> {
        let Some(mut rest) = self.source.get(from..to) else { return unread(PLACE) };
        // What stands before was taken. A word goes on behind it, even behind a blank that is its own: `\ }`.
        let before = self.source.get(..from).unwrap_or("");
        let mut at_start =
            before.is_empty() || (before.ends_with('\n') && !before.ends_with("\\\n"));
        let mut ended = at_start;
        // Whether a command goes on: behind a word, a parenthesis belongs to it.
        let mut in_command = from > 0;
        while let Some(char) = rest.chars().next() {
            let behind = rest.get(char.len_utf8()..).unwrap_or("");
            let length = match char {
                '(' if in_command && !behind.trim_start_matches([' ', '\t']).starts_with(')') => {
                    return unread("a parenthesis stands behind a word");
                }
                ';' if ended && !behind.starts_with(';') => {
                    return unread("nothing stands before a `;`");
                }
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' => {
                    at_start = true;
                    ended = matches!(char, '&' | '\n') || (ended && matches!(char, ' ' | '\t'));
                    in_command &= matches!(char, ' ' | '\t');
                    rest = behind;
                    continue;
                }
                '\\' if behind.starts_with("\n#") => return unread("a line goes on with a `#`"),
                '\\' if behind.starts_with('\n') => {
                    rest = behind.get(1..).unwrap_or("");
                    continue;
                }
                '#' if at_start => rest.find('\n').unwrap_or(rest.len()),
                _ => rest.find(|char| " \t\n;&|()\\".contains(char)).unwrap_or(rest.len()),
            };
            let token = rest.get(..length).unwrap_or("");
            if !(at_start && (token.starts_with('#') || RESERVED.contains(&token))) {
                return unread(PLACE);
            }
            at_start = false;
            ended = false;
            in_command = CLOSING.contains(&token);
            rest = rest.get(length..).unwrap_or("");
        }
        Ok(())
    }
}
