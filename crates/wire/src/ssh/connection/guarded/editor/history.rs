//! The lines entered before, and the search in them.

use std::collections::VecDeque;
use std::mem::take;

/// The most lines kept.
const LINES: usize = 500;
/// The most bytes kept, so that a session cannot fill memory with 500 of the longest lines.
const BYTES: usize = 1024 * 1024;
/// The longest pattern in bytes.
const PATTERN: usize = 256;

/// Lines entered before, the oldest first, and where among them the one being edited came from.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: VecDeque<String>,
    bytes: usize,
    /// None on a new line.
    at: Option<usize>,
    /// The new line, while an older one is looked at.
    draft: String,
}

impl History {
    /// Keeps a line, unless it is blank, begins with a space or repeats the one before.
    pub(super) fn push(&mut self, line: &str) {
        let repeated = self.lines.back().is_some_and(|last| last == line);
        if line.starts_with(' ') || line.trim().is_empty() || repeated {
            return;
        }
        self.bytes = self.bytes.saturating_add(line.len());
        self.lines.push_back(line.to_owned());
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.len());
        }
    }

    /// Begins a new line.
    pub(super) fn restart(&mut self) {
        self.at = None;
        self.draft.clear();
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    pub(super) fn line(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }

    /// The line before the one being edited. `text` is kept if it is the new one.
    pub(super) fn older(&mut self, text: &str) -> Option<String> {
        let to = self.at.unwrap_or(self.lines.len()).checked_sub(1)?;
        self.visit(to, text)
    }

    /// The line behind the one being edited, in the end the new one.
    pub(super) fn newer(&mut self) -> Option<String> {
        let to = self.at?.saturating_add(1);
        if to < self.lines.len() {
            self.at = Some(to);
            return self.lines.get(to).cloned();
        }
        self.at = None;
        Some(take(&mut self.draft))
    }

    /// Goes to a line found by search. `text` is kept if it is the new one.
    pub(super) fn visit(&mut self, to: usize, text: &str) -> Option<String> {
        let line = self.lines.get(to).cloned()?;
        if self.at.is_none() {
            text.clone_into(&mut self.draft);
        }
        self.at = Some(to);
        Some(line)
    }

    /// The newest line before `below` that has `pattern` in it, and where.
    fn find(&self, pattern: &str, below: usize) -> Option<(usize, usize)> {
        let (at, line) =
            self.lines.iter().enumerate().take(below).rfind(|(_, line)| line.contains(pattern))?;
        Some((at, line.rfind(pattern)?))
    }
}

/// A search back through history that grows with every key.
#[derive(Debug)]
pub(super) struct Search {
    pattern: String,
    /// What stands in the place of the prompt.
    prompt: String,
    /// Lines from here on are not searched.
    below: usize,
    /// Which line was found last, and the byte in it where the pattern begins.
    hit: Option<(usize, usize)>,
}

impl Search {
    pub(super) fn new(history: &History) -> Self {
        let mut search = Self {
            pattern: String::new(),
            prompt: String::new(),
            below: history.at.map_or(history.lines.len(), |at| at.saturating_add(1)),
            hit: None,
        };
        search.say(true);
        search
    }

    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    pub(super) fn hit(&self) -> Option<(usize, usize)> {
        self.hit
    }

    pub(super) fn prompt(&self) -> &str {
        &self.prompt
    }

    /// Adds a character; says whether there is such a line.
    pub(super) fn push(&mut self, ch: char, history: &History) -> bool {
        if self.pattern.len().saturating_add(ch.len_utf8()) > PATTERN {
            return false;
        }
        self.pattern.push(ch);
        self.look(self.hit.map_or(self.below, |(at, _)| at.saturating_add(1)), history)
    }

    /// Takes the last character back; says whether there was one.
    pub(super) fn pop(&mut self, history: &History) -> bool {
        let some = self.pattern.pop().is_some();
        self.hit = None;
        self.look(self.below, history);
        some
    }

    /// Looks for an older line, with an empty pattern for `last`; says whether there is one.
    pub(super) fn again(&mut self, last: &str, history: &History) -> bool {
        if self.pattern.is_empty() {
            last.clone_into(&mut self.pattern);
        }
        self.look(self.hit.map_or(self.below, |(at, _)| at), history)
    }

    fn look(&mut self, below: usize, history: &History) -> bool {
        let found = if self.pattern.is_empty() { None } else { history.find(&self.pattern, below) };
        let well = found.is_some() || self.pattern.is_empty();
        self.hit = found.or(self.hit);
        self.say(well);
        well
    }

    fn say(&mut self, well: bool) {
        let failed = if well { "" } else { "failed " };
        self.prompt = format!("({failed}reverse-i-search)`{}': ", self.pattern);
    }
}
