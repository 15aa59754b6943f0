//! A text as a reader takes it: digits of every script as `0` to `9`, letters that look like ASCII as those, one
//! space, one dash, nothing that has no width, and `%40` as `@`.
//!
//! ```text
//!   ４２４２–4242  ─► 4242-4242        hits there ─► ranges of the original
//! ```
//!
//! A text of plain ASCII without `%` and backslashes costs one pass of vector compares. ASCII stays what it is, so that what stands in
//! the original reads the same here; what the folding would hide (a digit more behind a space of no width) the scan of
//! the original finds.

mod table;

use table::{DROPPED, KEPT, look};

/// A text that was folded, and where its bytes came from.
pub(crate) struct Folded {
    /// What is scanned.
    pub(crate) text: Vec<u8>,
    /// From this byte of the text on, and up to the next mark, bytes stand one for one for those of the original from
    /// there on.
    marks: Vec<Mark>,
    length: usize,
}

#[derive(Clone, Copy)]
struct Mark {
    folded: usize,
    original: usize,
}

impl Folded {
    /// The range of the original that `start..end` of the folded text stands for. What has no width is part of what
    /// it stands behind.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        (self.place(start), self.place(end))
    }

    fn place(&self, at: usize) -> usize {
        if at >= self.text.len() {
            return self.length;
        }
        let behind = self.marks.partition_point(|mark| mark.folded <= at);
        let mark = behind.checked_sub(1).and_then(|last| self.marks.get(last));
        mark.map_or(at, |mark| mark.original + (at - mark.folded))
    }
}

/// The text folded, when that makes another text of it that could hold more.
pub(crate) fn fold(text: &[u8]) -> Option<Folded> {
    if is_plain(text) {
        return None;
    }
    let mut folding = Folding::new(text);
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        folding.valid(chunk.valid(), at);
        at += chunk.valid().len() + chunk.invalid().len();
    }
    folding.done()
}

/// Whether a text reads as it stands: every byte is ASCII, and none is a `%` or a backslash.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<16>();
    let plain = blocks.iter().fold(true, |plain, block| plain & is_plain_block(block));
    match text.last_chunk::<16>() {
        Some(last) => plain && is_plain_block(last),
        None => rest.iter().fold(true, |plain, &byte| plain & is_plain_byte(byte)),
    }
}

/// Written so that it becomes a handful of vector instructions.
fn is_plain_block(block: &[u8; 16]) -> bool {
    block.iter().fold(true, |plain, &byte| plain & is_plain_byte(byte))
}

const fn is_plain_byte(byte: u8) -> bool {
    (byte < 0x80) & (byte != b'%') & (byte != b'\\')
}

struct Folding<'t> {
    original: &'t [u8],
    /// Up to here the original is in `text`.
    copied: usize,
    text: Vec<u8>,
    marks: Vec<Mark>,
    /// Whether more than letters was folded, or a letter beside ASCII: letters alone are a language that has them.
    telling: bool,
}

impl<'t> Folding<'t> {
    const fn new(original: &'t [u8]) -> Self {
        Self { original, copied: 0, text: Vec::new(), marks: Vec::new(), telling: false }
    }

    /// Takes a piece of valid UTF-8 that begins at `from`.
    fn valid(&mut self, piece: &str, from: usize) {
        let bytes = piece.as_bytes();
        let mut at = 0;
        while let Some(rest) = bytes.get(at..) {
            let plain = |byte: &u8| *byte < 0x80 && *byte != b'%';
            let Some(next) = rest.iter().position(|byte| !plain(byte)) else { break };
            at += next;
            let (length, folded) = match rest.get(next..) {
                Some([b'%', rest @ ..]) => escaped(rest).map_or((1, KEPT), |byte| (3, byte)),
                _ => match piece.get(at..).and_then(|rest| rest.chars().next()) {
                    Some(character) => (character.len_utf8(), look(character)),
                    None => break,
                },
            };
            if folded != KEPT {
                self.fold(from + at, length, folded);
            }
            at += length;
        }
    }

    /// `length` bytes at `at` stand for one byte, or for none.
    fn fold(&mut self, at: usize, length: usize, folded: u8) {
        self.text.extend_from_slice(self.original.get(self.copied..at).unwrap_or_default());
        self.copied = at + length;
        let beside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        self.telling |= !folded.is_ascii_alphabetic()
            || beside(self.original.get(self.copied))
            || at.checked_sub(1).is_some_and(|before| beside(self.original.get(before)));
        if folded != DROPPED {
            self.marks.push(Mark { folded: self.text.len(), original: at });
            self.text.push(folded);
        }
        self.marks.push(Mark { folded: self.text.len(), original: self.copied });
    }

    fn done(mut self) -> Option<Folded> {
        if self.marks.is_empty() {
            return None;
        }
        let anchors = |byte: &u8| byte.is_ascii_digit() || *byte == b'@';
        if !self.telling && !self.original.iter().any(anchors) {
            return None;
        }
        self.text.extend_from_slice(self.original.get(self.copied..).unwrap_or_default());
        Some(Folded { text: self.text, marks: self.marks, length: self.original.len() })
    }
}

/// What `%` and two hexadecimal digits stand for, of what belongs to a finding.
fn escaped(behind: &[u8]) -> Option<u8> {
    let [high, low, ..] = behind else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let byte = digit(*high)? << 4 | digit(*low)?;
    (byte.is_ascii_alphanumeric() || b" @.-_+:/()=".contains(&byte)).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Option<String> {
        fold(text.as_bytes()).map(|folded| String::from_utf8(folded.text).unwrap())
    }

    #[test]
    fn what_looks_the_same_reads_the_same() {
        for (text, read) in [
            ("４２４２ 4242", "4242 4242"),
            ("٤٢٤٢", "4242"),
            ("४२", "42"),
            ("𝟒𝟐𝟒𝟐 ④²₂", "4242 422"),
            ("1\u{A0}2\u{3000}3\u{202F}4", "1 2 3 4"),
            ("1–2‑3−4－5ー6", "1-2-3-4-5-6"),
            ("1\u{200B}2\u{FEFF}3\u{AD}4\u{202E}5\u{FE0F}\u{20E3}6", "123456"),
            ("ann＠ｅｘample．com", "ann@example.com"),
            ("ВЕ68, ΒΕ68", "BE68, BE68"),
            ("bob%40example%2Ecom", "bob@example.com"),
            ("𝐃𝐄𝟖𝟗 ⒶⒷ", "DE89 AB"),
        ] {
            assert_eq!(folded(text).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn what_folds_to_nothing_new_is_not_folded() {
        for text in ["", "plain", "für 5 Bücher", "日本語", "100 % of 5%", "%zz%3", "Привет, мир"]
        {
            assert_eq!(folded(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_in_the_folded_text_is_a_place_in_the_original() {
        let text = "é４\u{200B}２x%40y\u{FEFF}";
        let folded = fold(text.as_bytes()).unwrap();
        assert_eq!(folded.text, "é42x@y".as_bytes());
        let part = |start, end| {
            let (start, end) = folded.original(start, end);
            &text[start..end]
        };
        assert_eq!(part(0, 2), "é");
        assert_eq!(part(2, 4), "４\u{200B}２");
        assert_eq!(part(3, 5), "２x");
        assert_eq!(part(5, 6), "%40");
        assert_eq!(part(6, 7), "y\u{FEFF}");
    }

    #[test]
    fn bytes_that_are_no_text_stay_between_what_is_folded() {
        let folded = fold("４\u{FF}".as_bytes()).unwrap();
        assert_eq!(folded.text, "4\u{FF}".as_bytes());
        let folded = fold(b"\xEF\xBC\x94\xFF\xC3%40").unwrap();
        assert_eq!(folded.text, b"4\xFF\xC3@");
        assert_eq!(folded.original(3, 4), (5, 8));
    }
}
