/// How far the inside of a string has been read. Whatever is no string of RFC 8259 in UTF-8 is known at its first wrong
/// byte, however the string is cut into pieces.
#[derive(Clone, Copy, Default)]
pub(super) struct Inside {
    state: State,
    /// Whether an escape stands in it.
    pub(super) escaped: bool,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Plain,
    /// Behind a backslash.
    Escape,
    /// Behind `\u`: so many digits are left.
    Digits(u8),
    /// In a character beyond ASCII: so many bytes are left, and the next lies in `low..=high`.
    Character { left: u8, low: u8, high: u8 },
}

/// What reading comes to.
pub(super) enum Read {
    /// Behind the closing quote.
    Ended(usize),
    /// All there is was read.
    GoesOn,
    /// A byte that may not stand there.
    Unexpected(usize),
    /// A byte that is no part of a character.
    NotUtf8(usize),
}

impl Inside {
    /// Reads on from `at`.
    pub(super) fn read(&mut self, bytes: &[u8], mut at: usize) -> Read {
        loop {
            if let State::Plain = self.state {
                at += plain(bytes.get(at..).unwrap_or_default());
            }
            let Some(&byte) = bytes.get(at) else { return Read::GoesOn };
            self.state = match (self.state, byte) {
                (State::Plain, b'"') => return Read::Ended(at + 1),
                (State::Plain, b'\\') => {
                    self.escaped = true;
                    State::Escape
                }
                (State::Plain, 0..=0x1F) => return Read::Unexpected(at),
                (State::Plain, 0x20..=0x7F) => State::Plain,
                (State::Plain, 0x80..) => match begun_by(byte) {
                    Some(character) => character,
                    None => return Read::NotUtf8(at),
                },
                (State::Escape, b'u') => State::Digits(4),
                (State::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                    State::Plain
                }
                (State::Digits(left), byte) if byte.is_ascii_hexdigit() => match left {
                    0 | 1 => State::Plain,
                    left => State::Digits(left - 1),
                },
                (State::Escape | State::Digits(_), _) => return Read::Unexpected(at),
                (State::Character { left, low, high }, byte) if low <= byte && byte <= high => {
                    match left {
                        0 | 1 => State::Plain,
                        left => State::Character { left: left - 1, low: 0x80, high: 0xBF },
                    }
                }
                (State::Character { .. }, _) => return Read::NotUtf8(at),
            };
            at += 1;
        }
    }
}

/// The character whose first byte this is (RFC 3629, section 4).
const fn begun_by(byte: u8) -> Option<State> {
    let (left, low, high) = match byte {
        0xC2..=0xDF => (1, 0x80, 0xBF),
        0xE0 => (2, 0xA0, 0xBF),
        0xED => (2, 0x80, 0x9F),
        0xE1..=0xEF => (2, 0x80, 0xBF),
        0xF0 => (3, 0x90, 0xBF),
        0xF1..=0xF3 => (3, 0x80, 0xBF),
        0xF4 => (3, 0x80, 0x8F),
        _ => return None,
    };
    Some(State::Character { left, low, high })
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// So many bytes at the front are surely letters that stand for themselves, tested sixteen and eight at once.
fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let special = specials(u64::from_le_bytes(*eight));
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
        while let Some(sixteen) = bytes.get(at..).and_then(|rest| rest.first_chunk())
            && !any(sixteen)
        {
            at += 16;
        }
    }
    at
}

/// The high bit of each byte that is a quote, a backslash, a control or beyond ASCII. No carry crosses a byte.
const fn specials(word: u64) -> u64 {
    let low = word & !HIGH;
    let not_quote = (low ^ (ONES * b'"' as u64)) + !HIGH;
    let not_backslash = (low ^ (ONES * b'\\' as u64)) + !HIGH;
    let not_control = low + ONES * (0x80 - 0x20);
    (word | !(not_quote & not_backslash & not_control)) & HIGH
}

/// Whether one of sixteen bytes is such a one. Written so that it becomes a handful of vector instructions.
fn any(block: &[u8; 16]) -> bool {
    block.iter().fold(0, |any, &byte| {
        any | u8::from(byte == b'"')
            | u8::from(byte == b'\\')
            | u8::from(byte < 0x20)
            | u8::from(byte >= 0x80)
    }) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of a string with its closing quote; `None`: it is none.
    fn length(inside: &[u8], size: usize) -> Option<usize> {
        let mut reading = Inside::default();
        let mut before = 0;
        for piece in inside.chunks(size) {
            match reading.read(piece, 0) {
                Read::Ended(at) => return Some(before + at),
                Read::GoesOn => before += piece.len(),
                Read::Unexpected(_) | Read::NotUtf8(_) => return None,
            }
        }
        None
    }

    #[test]
    fn a_special_byte_is_seen_wherever_it_stands() {
        for length in 0..60 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'z'; length];
                    bytes[place] = byte;
                    let special = matches!(byte, b'"' | b'\\' | ..=0x1F | 0x80..);
                    let seen = plain(&bytes);
                    assert!(if special { seen <= place } else { seen + 8 > length }, "{byte:#x}");
                }
            }
        }
    }

    #[test]
    fn a_string_is_read_alike_however_it_is_cut() {
        for (inside, ends) in [
            (r#"plain"rest"#, true),
            (r#"long enough for blocks of sixteen letters and then some" "#, true),
            (r#"\"\\\/\b\f\n\r\t\u00e9""#, true),
            (r#"\ud83d\ude00 \ud83d \ude00""#, true),
            ("é漢😀\u{7F}\u{10FFFF}\"", true),
            (r#"\x""#, false),
            (r#"\u12g4""#, false),
            (r#"\u123""#, false),
            ("a\nb\"", false),
            ("a\0\"", false),
            ("no end", false),
        ] {
            for size in 1..=inside.len() {
                let length = length(inside.as_bytes(), size);
                let whole = inside.rfind('"').filter(|_| ends);
                let first = if inside.starts_with("plain") { Some(5) } else { whole };
                assert_eq!(length, first.map(|at| at + 1), "{inside} by {size}");
            }
        }
    }

    #[test]
    fn what_is_utf_8_is_what_the_standard_library_says() {
        let leads = [0x41, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF];
        for first in leads.into_iter().chain(0xF0..=0xFF) {
            for second in (0x7F..=0xC0).step_by(1) {
                for tail in [&b""[..], b"\x80", b"\xBF\x80", b"\xC0", b"\x80\x7F"] {
                    let text = [&[first, second], tail].concat();
                    let mut string = text.clone();
                    string.push(b'"');
                    let valid = std::str::from_utf8(&text).is_ok();
                    for size in 1..=string.len() {
                        assert_eq!(length(&string, size).is_some(), valid, "{text:x?}");
                    }
                }
            }
        }
    }
}
