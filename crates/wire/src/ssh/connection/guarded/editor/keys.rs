//! From the bytes a terminal sends to the keys a person pressed, in whatever pieces they come.
//!
//! There is no clock here, so a lone Escape waits for the byte behind it. That is why every
//! sequence gives way to a control character: Ctrl-C and Enter work whatever stands before them.

use std::mem::take;

/// What a person asked for with one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A character to insert; controls (tab, newline, ..) only come from pasted text.
    Char(char),
    Enter,
    Tab,
    Interrupt,
    EndOrDelete,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    /// The line above in a text of several lines, else the older one in history.
    Up,
    Down,
    KillToEnd,
    KillToStart,
    /// Back to the last space.
    KillBlank,
    KillWord,
    KillWordBack,
    Yank,
    Transpose,
    Clear,
    Search,
    Abort,
}

impl Key {
    /// Whether what it takes out can be put back with Ctrl-Y.
    pub(super) fn kills(self) -> bool {
        matches!(
            self,
            Self::KillToEnd
                | Self::KillToStart
                | Self::KillBlank
                | Self::KillWord
                | Self::KillWordBack
        )
    }
}

const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Bytes of parameters that are kept of a sequence: the known ones have at most 5.
const LONGEST: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    /// Behind `ESC [`.
    Control,
    /// Behind `ESC O`.
    Single,
    /// In an OSC, DCS, SOS, PM or APC string: a terminal's answer to somebody else's question.
    Text,
    /// Behind an ESC in such a string.
    TextEscape,
    /// So many more printable bytes belong to a sequence of no interest.
    Skip(u8),
}

/// Reads keys byte by byte; remembers no more than a few bytes.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// Another ESC stood before the sequence, which is how rxvt sends Alt.
    meta: bool,
    parameters: Vec<u8>,
    /// The begin of a character in UTF-8.
    partial: Vec<u8>,
    pasting: bool,
    /// Bytes of the mark behind pasted text that have been seen.
    matched: usize,
    /// The last byte was CR, so an LF behind it is the same Enter.
    after_cr: bool,
}

impl Decoder {
    /// Reads one byte and appends the keys it finishes: often none, rarely more than one. All but
    /// the last are `Key::Char`.
    pub(super) fn byte(&mut self, byte: u8, keys: &mut Vec<Key>) {
        if self.pasting {
            self.pasted(byte, keys);
            return;
        }
        match self.state {
            State::Ground => self.text(byte, keys),
            State::Escape => self.escape(byte, keys),
            State::Control => self.control(byte, keys),
            State::Single => self.single(byte, keys),
            State::Text => match byte {
                ESCAPE => self.state = State::TextEscape,
                0x07 => self.state = State::Ground,
                0..0x20 => self.give_up(byte, keys),
                _ => {}
            },
            State::TextEscape if byte == b'\\' => self.state = State::Ground,
            State::TextEscape => {
                self.begin();
                self.escape(byte, keys);
            }
            State::Skip(_) if byte < 0x20 => self.give_up(byte, keys),
            State::Skip(left @ 2..) => self.state = State::Skip(left.saturating_sub(1)),
            State::Skip(_) => self.state = State::Ground,
        }
    }

    /// Whether the last byte was a CR, so that an LF would say the same again.
    pub(super) fn after_cr(&self) -> bool {
        self.after_cr
    }

    /// The LF behind the CR was seen.
    pub(super) fn forget_cr(&mut self) {
        self.after_cr = false;
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.meta = false;
        self.parameters.clear();
    }

    /// Drops a sequence in favour of a byte that cannot belong to it.
    fn give_up(&mut self, byte: u8, keys: &mut Vec<Key>) {
        self.state = State::Ground;
        self.text(byte, keys);
    }

    fn escape(&mut self, byte: u8, keys: &mut Vec<Key>) {
        self.state = State::Ground;
        match byte {
            ESCAPE => {
                self.begin();
                self.meta = true;
            }
            b'[' => self.state = State::Control,
            b'O' => self.state = State::Single,
            b']' | b'P' | b'X' | b'^' | b'_' => self.state = State::Text,
            b'b' | b'B' => keys.push(Key::WordLeft),
            b'f' | b'F' => keys.push(Key::WordRight),
            b'd' | b'D' => keys.push(Key::KillWord),
            0x08 | DELETE => keys.push(Key::KillWordBack),
            0x20..DELETE => {}
            _ => self.text(byte, keys),
        }
    }

    fn control(&mut self, byte: u8, keys: &mut Vec<Key>) {
        let private = self.parameters.first().is_some_and(|first| !first.is_ascii_digit());
        match byte {
            ESCAPE => self.begin(),
            // rxvt ends its keys with Shift in `$`, which in all else goes before the last byte.
            b'$' if !private && !self.parameters.is_empty() => self.end_control(byte, keys),
            // The function keys of the Linux console: `ESC [ [ A`.
            b'[' if self.parameters.is_empty() => self.state = State::Skip(1),
            // The mouse in its oldest encoding, in case a program left it switched on.
            b'M' if self.parameters.is_empty() => self.state = State::Skip(3),
            0x20..0x40 => self.remember(byte),
            0x40..DELETE => self.end_control(byte, keys),
            _ => self.give_up(byte, keys),
        }
    }

    fn single(&mut self, byte: u8, keys: &mut Vec<Key>) {
        match byte {
            ESCAPE => self.begin(),
            b'0'..=b'9' | b';' => self.remember(byte),
            0x20..DELETE => {
                self.state = State::Ground;
                keys.extend(match byte {
                    b'M' => Some(Key::Enter),
                    b'c' => Some(Key::WordRight),
                    b'd' => Some(Key::WordLeft),
                    _ => self.arrow(byte),
                });
            }
            _ => self.give_up(byte, keys),
        }
    }

    fn remember(&mut self, byte: u8) {
        // One byte too many is kept as the mark that it was too long.
        if self.parameters.len() <= LONGEST {
            self.parameters.push(byte);
        }
    }

    fn end_control(&mut self, last: u8, keys: &mut Vec<Key>) {
        self.state = State::Ground;
        let known = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
        if self.parameters.len() > LONGEST || !self.parameters.iter().all(known) {
            return;
        }
        match last {
            b'~' if self.parameters == b"200" => {
                self.pasting = true;
                self.matched = 0;
            }
            b'~' | b'^' | b'@' | b'$' => keys.extend(match self.numbers().0 {
                1 | 7 => Some(Key::Home),
                4 | 8 => Some(Key::End),
                3 => Some(Key::Delete),
                _ => None,
            }),
            _ => keys.extend(self.arrow(last)),
        }
    }

    /// The first two parameters; what is not there is 0.
    fn numbers(&self) -> (u16, u16) {
        let mut numbers = self.parameters.split(|byte| *byte == b';').map(|digits| {
            std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        });
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    fn arrow(&self, last: u8) -> Option<Key> {
        let (first, second) = self.numbers();
        // Modifiers are sent as 1 + a sum of Shift 1, Alt 2, Control 4; old terminals send them
        // as the first number.
        let modifiers = if second == 0 { first } else { second }.saturating_sub(1);
        let by_word = self.meta || modifiers & 6 != 0;
        Some(match last {
            b'A' | b'a' => Key::Up,
            b'B' | b'b' => Key::Down,
            b'C' | b'c' if by_word => Key::WordRight,
            b'D' | b'd' if by_word => Key::WordLeft,
            b'C' | b'c' => Key::Right,
            b'D' | b'd' => Key::Left,
            b'H' => Key::Home,
            b'F' => Key::End,
            _ => return None,
        })
    }

    fn pasted(&mut self, byte: u8, keys: &mut Vec<Key>) {
        if PASTE_END.get(self.matched) == Some(&byte) {
            self.matched = self.matched.saturating_add(1);
            if self.matched == PASTE_END.len() {
                self.pasting = false;
                self.after_cr = false;
                if !take(&mut self.partial).is_empty() {
                    keys.push(Key::Char(char::REPLACEMENT_CHARACTER));
                }
            }
            return;
        }
        for seen in PASTE_END.iter().take(take(&mut self.matched)) {
            self.text(*seen, keys);
        }
        if byte == ESCAPE {
            self.matched = 1;
        } else {
            self.text(byte, keys);
        }
    }

    /// A byte outside of any sequence.
    fn text(&mut self, byte: u8, keys: &mut Vec<Key>) {
        if self.partial.is_empty() && byte.is_ascii() {
            let again = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            if again {
                return;
            }
            if !self.pasting {
                self.plain(byte, keys);
            } else if byte == b'\r' {
                keys.push(Key::Char('\n'));
            } else {
                keys.push(Key::Char(char::from(byte)));
            }
            return;
        }
        self.after_cr = false;
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                keys.extend(text.chars().map(Key::Char));
                self.partial.clear();
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                keys.push(Key::Char(char::REPLACEMENT_CHARACTER));
                // The byte that broke a character off may begin the next one.
                let broken_off = self.partial.len() > 1;
                self.partial.clear();
                if broken_off {
                    self.text(byte, keys);
                }
            }
        }
    }

    fn plain(&mut self, byte: u8, keys: &mut Vec<Key>) {
        keys.push(match byte {
            ESCAPE => {
                self.begin();
                return;
            }
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x03 => Key::Interrupt,
            0x04 => Key::EndOrDelete,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x07 => Key::Abort,
            0x08 | DELETE => Key::Backspace,
            b'\t' => Key::Tab,
            b'\n' | b'\r' => Key::Enter,
            0x0b => Key::KillToEnd,
            0x0c => Key::Clear,
            0x0e => Key::Down,
            0x10 => Key::Up,
            0x12 => Key::Search,
            0x14 => Key::Transpose,
            0x15 => Key::KillToStart,
            0x17 => Key::KillBlank,
            0x19 => Key::Yank,
            0..0x20 => return,
            _ => Key::Char(char::from(byte)),
        });
    }
}
