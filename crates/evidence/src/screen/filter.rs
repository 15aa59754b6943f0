use super::sequence;
use crate::render::acts;

/// So long may what stands between `CSI` and its last letter be: more than any colour takes.
const LONGEST: usize = 128;

/// What a terminal was shown, without what would do more than paint. It comes out the same however the
/// bytes are cut, and is text: what is no UTF-8 becomes U+FFFD, a C1 control of eight bits among it. In
/// the form UTF-8 gives them C1 controls are read as the sequences they stand for.
#[derive(Debug, Default)]
pub struct Filter {
    state: State,
    /// The beginning of a character.
    partial: Vec<u8>,
    /// What stands behind `CSI` so far.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and this, or something more in between.
    Between(Option<u8>),
    /// After CSI.
    Sequence,
    /// In a sequence that is too long to be one.
    Lost,
    /// In a text that a terminal does not show.
    Text(Until),
}

/// What ends such a text, beside what ends each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// The string terminator alone: DCS, SOS, PM, APC.
    Terminator,
    /// BEL too: OSC.
    Bell,
    /// BEL, or the end of a line: a window's title as `screen` takes it.
    LineEnd,
}

impl Filter {
    /// At the beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what of these bytes may be shown.
    pub fn feed(&mut self, bytes: &[u8], out: &mut String) {
        for byte in bytes {
            self.byte(*byte, out);
        }
    }

    /// Nothing more comes: what was begun and not ended is not shown.
    pub fn finish(&mut self, out: &mut String) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.character(char::REPLACEMENT_CHARACTER, out);
        }
        *self = Self::new();
    }

    fn byte(&mut self, byte: u8, out: &mut String) {
        if self.partial.is_empty() && byte.is_ascii() {
            return self.character(char::from(byte), out);
        }
        self.partial.push(byte);
        loop {
            let read = match std::str::from_utf8(&self.partial) {
                Ok(text) => Ok(text.chars().next()),
                Err(error) => Err(error.error_len()),
            };
            match read {
                Ok(letter) => {
                    self.partial.clear();
                    return letter.into_iter().for_each(|letter| self.character(letter, out));
                }
                // It may go on.
                Err(None) => return,
                Err(Some(broken)) => {
                    self.partial.drain(..broken);
                    self.character(char::REPLACEMENT_CHARACTER, out);
                    if self.partial.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    fn character(&mut self, c: char, out: &mut String) {
        match c {
            '\x1b' => self.state = State::Escape,
            // CAN and SUB end whatever was begun.
            '\x18' | '\x1a' => self.state = State::Ground,
            '\0'..='\x1f' | '\x7f' => self.control(c, out),
            '\u{80}'..='\u{9f}' => {
                // Each stands for ESC and the letter 64 places before it.
                self.state = State::Escape;
                let letter = u8::try_from(u32::from(c) - 0x40).unwrap_or_default();
                self.ascii(letter, out);
            }
            ' '..='~' => self.ascii(c as u8, out),
            _ => {
                // No sequence holds such a letter: it ends there, and the letter is text.
                if !matches!(self.state, State::Text(_)) {
                    self.state = State::Ground;
                    text(c, out);
                }
            }
        }
    }

    fn control(&mut self, c: char, out: &mut String) {
        if let State::Text(until) = self.state {
            let ends = match c {
                '\x07' => until != Until::Terminator,
                '\n' | '\r' => until == Until::LineEnd,
                _ => false,
            };
            if ends {
                self.state = State::Ground;
            }
            // The bell was the text's own end; a line's end is a line's end.
            if !(ends && c != '\x07') {
                return;
            }
        }
        // A terminal does these at once, in the middle of a sequence too.
        if matches!(c, '\x07' | '\x08' | '\t' | '\n' | '\r') {
            out.push(c);
        }
    }

    /// A letter from the space to the tilde.
    fn ascii(&mut self, letter: u8, out: &mut String) {
        self.state = match self.state {
            State::Ground => {
                out.push(char::from(letter));
                State::Ground
            }
            State::Escape => self.escape(letter, out),
            State::Between(first) => match letter {
                b' '..=b'/' => State::Between(None),
                _ => {
                    if first == Some(b'(') && sequence::LETTERS.contains(&letter) {
                        out.push_str("\x1b(");
                        out.push(char::from(letter));
                    }
                    State::Ground
                }
            },
            State::Sequence => match letter {
                b' '..=b'?' if self.held.len() < LONGEST => {
                    self.held.push(letter);
                    State::Sequence
                }
                b' '..=b'?' => State::Lost,
                _ => {
                    sequence::put(&self.held, letter, out);
                    State::Ground
                }
            },
            State::Lost => match letter {
                b' '..=b'?' => State::Lost,
                _ => State::Ground,
            },
            State::Text(until) => State::Text(until),
        };
    }

    fn escape(&mut self, letter: u8, out: &mut String) -> State {
        match letter {
            b' '..=b'/' => State::Between(Some(letter)),
            b'[' => {
                self.held.clear();
                State::Sequence
            }
            b']' => State::Text(Until::Bell),
            b'P' | b'X' | b'^' | b'_' => State::Text(Until::Terminator),
            b'k' => State::Text(Until::LineEnd),
            letter => {
                if sequence::SHORT.contains(&letter) {
                    out.push('\x1b');
                    out.push(char::from(letter));
                }
                State::Ground
            }
        }
    }
}

/// A letter beyond ASCII. What turns the reading direction or hides in a text is not shown; what joins two
/// letters is part of them.
fn text(c: char, out: &mut String) {
    if !acts(c) || matches!(c, '\u{200c}' | '\u{200d}') {
        out.push(c);
    }
}
