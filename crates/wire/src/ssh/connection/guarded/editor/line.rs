//! What every key does to the line being edited.

use super::buffer::Buffer;
use super::drawing::View;
use super::history::{History, Search};
use super::keys::Key;
use super::shown::{Shown, shown};

/// What a key has changed on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    /// It could not be done, which rings the bell.
    Refused,
    Moved,
    Changed,
    /// A character of so many columns was put behind the text, where the cursor was.
    Appended(char, usize),
}

/// The line being edited, with all that is put into it.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) prompt: String,
    pub(super) buffer: Buffer,
    pub(super) history: History,
    search: Option<Search>,
    /// The last pattern searched for.
    pattern: String,
    /// What Ctrl-Y puts back.
    killed: String,
}

impl Line {
    /// Begins an empty line.
    pub(super) fn restart(&mut self) {
        self.buffer.set(String::new(), 0);
        self.search = None;
        self.history.restart();
    }

    pub(super) fn view(&self) -> View<'_> {
        let (text, cursor) = (self.buffer.text(), self.buffer.cursor());
        let Some(search) = &self.search else { return View { prompt: &self.prompt, text, cursor } };
        let hit = search.hit().and_then(|(at, byte)| Some((self.history.line(at)?, byte)));
        let (text, cursor) = hit.unwrap_or((text, cursor));
        View { prompt: search.prompt(), text, cursor }
    }

    /// Moves behind the text.
    pub(super) fn go_to_end(&mut self) {
        self.buffer.go(self.buffer.text().len());
    }

    /// Whether a search was going on; what it found is the line now.
    pub(super) fn take_found(&mut self) -> bool {
        let Some(search) = self.search.take() else { return false };
        search.pattern().clone_into(&mut self.pattern);
        if let Some((at, byte)) = search.hit()
            && let Some(line) = self.history.visit(at, self.buffer.text())
        {
            self.buffer.set(line, byte);
        }
        true
    }

    /// Whether a search was going on; the line is what it was before.
    pub(super) fn drop_search(&mut self) -> bool {
        let Some(search) = self.search.take() else { return false };
        search.pattern().clone_into(&mut self.pattern);
        true
    }

    /// Gives a key to the search; none means there is no search, or the key ends it.
    pub(super) fn search(&mut self, key: Key) -> Option<Done> {
        let search = self.search.as_mut()?;
        let well = match key {
            Key::Char(ch) => search.push(ch, &self.history),
            Key::Backspace => search.pop(&self.history),
            Key::Search => search.again(&self.pattern, &self.history),
            Key::Abort => {
                self.drop_search();
                false
            }
            _ => return None,
        };
        // What was not found is changed, too: the prompt says so.
        Some(if well { Done::Changed } else { Done::Refused })
    }

    /// Does what a key asks for within the line. `after_kill` says that the key before it killed.
    pub(super) fn edit(&mut self, key: Key, after_kill: bool) -> Done {
        let buffer = &self.buffer;
        // At the edge of one of several lines, Ctrl-K and Ctrl-U take the newline.
        let or = |edge, newline| if edge == buffer.cursor() { newline } else { edge };
        match key {
            Key::Char(ch) => self.insert(ch),
            Key::Left => self.go(buffer.left()),
            Key::Right => self.go(buffer.right()),
            Key::WordLeft => self.go(buffer.word_left()),
            Key::WordRight => self.go(buffer.word_right()),
            Key::Home => self.go(buffer.line_start()),
            Key::End => self.go(buffer.line_end()),
            Key::Up => self.up(),
            Key::Down => self.down(),
            Key::Backspace => self.delete(buffer.left()),
            Key::Delete | Key::EndOrDelete => self.delete(buffer.right()),
            Key::KillToEnd => self.kill(or(buffer.line_end(), buffer.right()), after_kill),
            Key::KillToStart => self.kill(or(buffer.line_start(), buffer.left()), after_kill),
            Key::KillBlank => self.kill(buffer.blank_left(), after_kill),
            Key::KillWord => self.kill(buffer.word_right(), after_kill),
            Key::KillWordBack => self.kill(buffer.word_left(), after_kill),
            Key::Yank => changed(!self.killed.is_empty() && self.buffer.insert(&self.killed)),
            Key::Transpose => changed(self.buffer.transpose()),
            Key::Search => {
                self.search = Some(Search::new(&self.history));
                Done::Changed
            }
            Key::Abort => Done::Refused,
            Key::Enter | Key::Tab | Key::Interrupt | Key::Clear => Done::Nothing,
        }
    }

    fn insert(&mut self, ch: char) -> Done {
        let before = self.buffer.text().chars().next_back();
        let behind = self.buffer.at_end();
        let mut bytes = [0; 4];
        if !self.buffer.insert(ch.encode_utf8(&mut bytes)) {
            return Done::Refused;
        }
        match shown(before, ch) {
            Shown::Itself(width) if behind && width > 0 => Done::Appended(ch, width),
            _ => Done::Changed,
        }
    }

    fn go(&mut self, to: usize) -> Done {
        if to == self.buffer.cursor() {
            return Done::Nothing;
        }
        self.buffer.go(to);
        Done::Moved
    }

    fn up(&mut self) -> Done {
        if let Some(to) = self.buffer.line_up() {
            return self.go(to);
        }
        let older = self.history.older(self.buffer.text());
        self.recall(older)
    }

    fn down(&mut self) -> Done {
        if let Some(to) = self.buffer.line_down() {
            return self.go(to);
        }
        let newer = self.history.newer();
        self.recall(newer)
    }

    fn recall(&mut self, line: Option<String>) -> Done {
        let Some(line) = line else { return Done::Refused };
        let end = line.len();
        self.buffer.set(line, end);
        Done::Changed
    }

    fn delete(&mut self, to: usize) -> Done {
        changed(!self.buffer.kill(to).is_empty())
    }

    fn kill(&mut self, to: usize, after_kill: bool) -> Done {
        let backwards = to < self.buffer.cursor();
        let taken = self.buffer.kill(to);
        if taken.is_empty() {
            return Done::Refused;
        }
        if !after_kill {
            self.killed = taken;
        } else if backwards {
            self.killed.insert_str(0, &taken);
        } else {
            self.killed.push_str(&taken);
        }
        Done::Changed
    }
}

fn changed(well: bool) -> Done {
    if well { Done::Changed } else { Done::Refused }
}
