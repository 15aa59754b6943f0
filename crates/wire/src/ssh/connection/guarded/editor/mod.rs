//! A line editor for a terminal, with the keys of emacs as bash has them.
//!
//! It does no IO: the caller hands in what the terminal sent and sends the terminal what is
//! appended to `out`. It knows no time, so it never waits for anything either.
//!
//! The terminal has to be in raw mode and understand the escape sequences of xterm. The cursor
//! has to stand in the first column of an otherwise empty row when a prompt is drawn.

mod buffer;
mod complete;
mod drawing;
mod history;
mod keys;
mod line;
mod shown;
#[cfg(test)]
mod tests;

use std::mem::{replace, take};

use drawing::Drawing;
use keys::{Decoder, Key};
use line::{Done, Line};

/// What a person asked for, in the order they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Enter on a whole command, without the newline behind it. The cursor is on a new row and
    /// the editor reads nothing until [`Editor::prompt`].
    Line(String),
    /// Tab. The caller answers with [`Editor::completions`] or not at all; with the next key an
    /// answer is too late and has no effect.
    Complete {
        /// The text being edited.
        line: String,
        /// The place of the cursor, a byte offset in `line`.
        cursor: usize,
    },
    /// Ctrl-C: the line was dropped and a new prompt drawn.
    Interrupt,
    /// Ctrl-D on an empty line. The cursor is on a new row and the editor reads nothing until
    /// [`Editor::prompt`].
    End,
}

/// Edits one line after the other.
///
/// No call fails: what cannot be done rings the terminal's bell. Memory is bounded: a line has at
/// most 64 KiB, history at most 500 lines and 1 MiB.
#[derive(Debug)]
pub(super) struct Editor {
    decoder: Decoder,
    line: Line,
    drawing: Drawing,
    reading: bool,
    stale: Stale,
    bell: bool,
    last: Last,
    /// A Tab that can still be answered.
    asked: Option<Asked>,
}

/// How far the screen is behind. It is drawn once for all keys that come together, as drawing
/// after each would take a time that grows with the square of what is pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    No,
    Cursor,
    Text,
}

/// What the last key was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Kill,
    Tab,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The key before was Tab, too.
    again: bool,
}

const PASTE_ON: &[u8] = b"\x1b[?2004h";
const PASTE_OFF: &[u8] = b"\x1b[?2004l";

impl Editor {
    /// An editor for a screen of so many character cells. A size of 0 means 80 columns or 24 rows.
    #[must_use]
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self {
            decoder: Decoder::default(),
            line: Line::default(),
            drawing: Drawing::new(columns, rows),
            reading: false,
            stale: Stale::No,
            bell: false,
            last: Last::Other,
            asked: None,
        }
    }

    /// Takes the terminal's new size in character cells and draws again.
    pub(super) fn resize(&mut self, columns: u16, rows: u16, out: &mut Vec<u8>) {
        if self.reading {
            self.drawing.resize(columns, rows, self.line.view(), out);
        } else {
            self.drawing.set_size(columns, rows);
        }
    }

    /// Draws `prompt`, in which controls are shown and not obeyed, and begins to read a line.
    /// While one is being read, it is dropped.
    pub(super) fn prompt(&mut self, prompt: &str, out: &mut Vec<u8>) {
        if self.reading {
            self.drawing.erase(out);
        }
        prompt.clone_into(&mut self.line.prompt);
        self.reading = true;
        out.extend_from_slice(PASTE_ON);
        self.restart(out);
    }

    /// Takes what the terminal sent, in any pieces, and appends to `out` what it is to be sent.
    ///
    /// `is_complete` says whether a text is a whole command; if not, Enter goes on to its next
    /// line. Stops behind the first event and returns how many bytes were taken; those behind are
    /// for whatever runs next, or for the next call. Takes nothing where no line is being read.
    pub(super) fn keys(
        &mut self,
        bytes: &[u8],
        is_complete: &dyn Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> (usize, Option<Event>) {
        if !self.reading {
            return (0, None);
        }
        let mut keys = Vec::new();
        for (at, byte) in bytes.iter().enumerate() {
            self.decoder.byte(*byte, &mut keys);
            let mut event = None;
            for key in keys.drain(..) {
                // Only the last key of a byte can be one that makes an event.
                event = self.press(key, is_complete, out);
            }
            if event.is_some() {
                let mut taken = at.saturating_add(1);
                if self.decoder.after_cr() && bytes.get(taken) == Some(&b'\n') {
                    self.decoder.forget_cr();
                    taken = taken.saturating_add(1);
                }
                self.catch_up(out);
                return (taken, event);
            }
        }
        self.catch_up(out);
        (bytes.len(), None)
    }

    /// Answers [`Event::Complete`] with what may stand between `from` and the cursor; `from` is
    /// the byte offset in the line where the word to complete begins.
    ///
    /// Puts the only candidate there, or what all begin with if that is more than is there. A
    /// second Tab lists them. An answer that comes too late, or with an offset that is no border
    /// of a character before the cursor, has no effect.
    pub(super) fn completions(&mut self, from: usize, candidates: &[String], out: &mut Vec<u8>) {
        let Some(asked) = self.asked.take() else { return };
        let buffer = &mut self.line.buffer;
        let Some(word) = buffer.text().get(from..buffer.cursor()) else { return };
        let common = complete::common(candidates);
        let only = candidates.len() == 1;
        if only && common == word {
            return;
        }
        if only || common.len() > word.len() {
            let well = buffer.replace(from, common);
            self.note(if well { Done::Changed } else { Done::Refused }, out);
        } else if asked.again && !candidates.is_empty() {
            self.print_below(&complete::list(candidates, self.drawing.columns()), out);
        } else {
            self.bell = true;
        }
        self.catch_up(out);
    }

    /// Writes a message, in which all controls but newlines are shown and not obeyed, on rows of
    /// its own above the prompt.
    pub(super) fn say(&mut self, text: &str, out: &mut Vec<u8>) {
        if self.reading {
            self.drawing.erase(out);
        }
        for line in text.split_terminator('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            out.extend_from_slice(shown::escaped(line).0.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if self.reading {
            self.drawing.draw(self.line.view(), out);
        }
    }

    /// The lines entered so far that are kept, the oldest first.
    pub(super) fn history(&self) -> impl Iterator<Item = &str> {
        self.line.history.lines()
    }

    fn press(
        &mut self,
        key: Key,
        is_complete: &dyn Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        self.asked = None;
        let now = match key {
            Key::Tab => Last::Tab,
            key if key.kills() => Last::Kill,
            _ => Last::Other,
        };
        let last = replace(&mut self.last, now);
        if let Some(done) = self.line.search(key) {
            self.stale = Stale::Text;
            self.note(done, out);
            return None;
        }
        if key != Key::Interrupt && self.line.take_found() {
            self.stale = Stale::Text;
        }
        match key {
            Key::Enter => return self.enter(is_complete, out),
            Key::Tab => {
                self.asked = Some(Asked { again: last == Last::Tab });
                let line = self.line.buffer.text().to_owned();
                return Some(Event::Complete { line, cursor: self.line.buffer.cursor() });
            }
            Key::Interrupt => {
                self.interrupt(out);
                return Some(Event::Interrupt);
            }
            Key::EndOrDelete if self.line.buffer.text().is_empty() => {
                self.stop(out);
                return Some(Event::End);
            }
            Key::Clear => {
                out.extend_from_slice(b"\x1b[H\x1b[2J");
                self.drawing.draw(self.line.view(), out);
                self.stale = Stale::No;
            }
            key => {
                let done = self.line.edit(key, last == Last::Kill);
                self.note(done, out);
            }
        }
        None
    }

    fn enter(&mut self, is_complete: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) -> Option<Event> {
        if !is_complete(self.line.buffer.text()) {
            self.line.go_to_end();
            self.stale = Stale::Text;
            let done = self.line.edit(Key::Char('\n'), false);
            self.note(done, out);
            return None;
        }
        self.stop(out);
        let text = self.line.buffer.text().to_owned();
        self.line.history.push(&text);
        self.line.restart();
        Some(Event::Line(text))
    }

    fn interrupt(&mut self, out: &mut Vec<u8>) {
        if self.line.drop_search() {
            self.stale = Stale::Text;
        }
        self.go_to_end(out);
        out.extend_from_slice(b"^C\r\n");
        self.restart(out);
    }

    /// Ends reading on a row of its own.
    fn stop(&mut self, out: &mut Vec<u8>) {
        self.go_to_end(out);
        self.drawing.leave(out);
        out.extend_from_slice(PASTE_OFF);
        self.reading = false;
    }

    fn restart(&mut self, out: &mut Vec<u8>) {
        self.line.restart();
        self.drawing.draw(self.line.view(), out);
        self.stale = Stale::No;
        self.last = Last::Other;
        self.asked = None;
    }

    fn print_below(&mut self, text: &str, out: &mut Vec<u8>) {
        let cursor = self.line.buffer.cursor();
        self.go_to_end(out);
        self.drawing.leave(out);
        out.extend_from_slice(text.as_bytes());
        self.line.buffer.go(cursor);
        self.drawing.draw(self.line.view(), out);
    }

    fn go_to_end(&mut self, out: &mut Vec<u8>) {
        self.line.go_to_end();
        self.stale = self.stale.max(Stale::Cursor);
        self.catch_up(out);
    }

    fn note(&mut self, done: Done, out: &mut Vec<u8>) {
        match done {
            Done::Nothing => {}
            Done::Refused => self.bell = true,
            Done::Moved => self.stale = self.stale.max(Stale::Cursor),
            Done::Appended(ch, width) if self.stale == Stale::No => {
                self.drawing.append(ch, width, out);
            }
            Done::Changed | Done::Appended(..) => self.stale = Stale::Text,
        }
    }

    /// Brings the screen up to date.
    fn catch_up(&mut self, out: &mut Vec<u8>) {
        match replace(&mut self.stale, Stale::No) {
            Stale::No => {}
            Stale::Cursor => self.drawing.follow(self.line.view(), out),
            Stale::Text => self.drawing.redraw(self.line.view(), out),
        }
        if take(&mut self.bell) {
            out.push(0x07);
        }
    }
}
