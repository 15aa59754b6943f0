//! Text that comes in pieces and goes on as soon as it may.
//!
//! ```text
//!   piece ─► held ─► where it may be cut ─► what stands in front is searched as one text ─► out
//!                     │ behind the last end of a line
//!                     │ not inside a finding that ends where the text does: it may go on
//!                     └ when too much is held: at a space, not inside a finding
//! ```

use std::sync::Arc;

use crate::detect::Detectors;
use crate::gather::{Found, What};
use crate::scan::Kind;
use crate::scan::text::alnum;

/// So much is held before a line that does not end is cut somewhere else, in bytes.
const MOST: usize = 64 << 10;
/// So much behind such a cut is looked at with it.
const AHEAD: usize = 4 << 10;
/// What went on is remembered so far, for the words that give bare digits a meaning, and what stands in front of those.
const CONTEXT: usize = 40;

/// Masks what its detectors find in a text that comes in pieces. How the text is cut into pieces changes nothing about
/// what comes out, unless it is hurried.
///
/// It holds what may be a part of something that goes on: at most a line, or 64 KiB of one, or a private key of no more.
pub struct Running {
    detectors: Arc<Detectors>,
    held: Vec<u8>,
    /// So much of it holds no end of a line.
    looked: usize,
    before: Vec<u8>,
    rest: Option<Rest>,
}

/// What was masked before its end had come: the rest of it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Up to the first byte that is in no token.
    Token,
    /// Up to the line that ends a private key.
    Key,
}

impl Running {
    /// At a text's beginning.
    #[must_use]
    pub const fn new(detectors: Arc<Detectors>) -> Self {
        Self { detectors, held: Vec::new(), looked: 0, before: Vec::new(), rest: None }
    }

    /// How many bytes are held back.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next piece, and appends to `out` what may go on.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.detectors.is_none() {
            out.extend_from_slice(piece);
            return;
        }
        self.held.extend_from_slice(piece);
        self.leave_out_rest();
        let unseen = self.held.get(self.looked..).unwrap_or_default();
        let line = memchr::memrchr(b'\n', unseen).map(|at| self.looked + at + 1);
        self.looked = self.held.len();
        if let Some(end) = line {
            self.let_go(end, false, out);
        }
        while self.held.len() > MOST {
            self.let_go_inside(out);
        }
    }

    /// Nothing more came for a while: lets go of what is held, but of a private key that has begun. With `strict` only
    /// of what stands in front of the last word, and of numbers in groups.
    pub fn hurry(&mut self, strict: bool, out: &mut Vec<u8>) {
        let end = if strict { self.last_word() } else { self.held.len() };
        if end > 0 {
            self.let_go(end, !strict, out);
        }
    }

    /// The text is over: lets go of everything.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.looked = 0;
        let found = self.detectors.found(&self.before, &held);
        self.detectors.write_or_copy(found, &held, out);
    }

    /// What stands in front of `end` goes on, but for a finding that ends there and may go on: a private key that has
    /// begun, and when there is no hurry any.
    fn let_go(&mut self, end: usize, hurry: bool, out: &mut Vec<u8>) {
        let text = self.held.get(..end).unwrap_or_default();
        let mut found = self.detectors.found(&self.before, text);
        let mut end = end;
        if let Some(last) = found.pop_if(|last| last.end == end) {
            if hurry && !is_key(&last) {
                self.rest = Some(Rest::Token);
                found.push(last);
            } else {
                end = last.start;
            }
        }
        self.write(found, end, out);
    }

    /// Too much is held and no line ends in it.
    fn let_go_inside(&mut self, out: &mut Vec<u8>) {
        let most = self.held.len().saturating_sub(AHEAD);
        let front = self.held.get(..most).unwrap_or_default();
        let space = front.iter().rposition(u8::is_ascii_whitespace).map(|at| at + 1);
        let cut = space.unwrap_or(most);
        let mut found = self.detectors.found(&self.before, &self.held);
        let (mut end, mut rest) = (cut, None);
        if let Some(across) = found.iter().find(|one| one.start < cut && cut < one.end) {
            end = across.start;
            if end == 0 {
                end = across.end;
                if end == self.held.len() {
                    rest = Some(if is_key(across) { Rest::Key } else { Rest::Token });
                }
            }
        }
        found.retain(|one| one.end <= end);
        self.rest = rest;
        self.write(found, end, out);
    }

    /// Appends what stands in front of `end`, with what was found there masked.
    fn write(&mut self, found: Vec<Found>, end: usize, out: &mut Vec<u8>) {
        let text = self.held.get(..end).unwrap_or_default();
        self.detectors.write_or_copy(found, text, out);
        self.before.extend_from_slice(text.get(end.saturating_sub(CONTEXT)..).unwrap_or_default());
        self.before.drain(..self.before.len().saturating_sub(CONTEXT));
        self.held.drain(..end);
        self.looked = self.looked.saturating_sub(end);
    }

    /// Leaves out the rest of what was masked before it had come.
    fn leave_out_rest(&mut self) {
        let length = self.held.len();
        let (out, over) = match self.rest {
            None => return,
            Some(Rest::Token) => {
                let behind = self.held.iter().position(|byte| !goes_on(*byte));
                (behind.unwrap_or(length), behind.is_some())
            }
            Some(Rest::Key) => {
                let last = memchr::memmem::find(&self.held, KEY_END);
                let line = last.and_then(|at| {
                    let behind = self.held.get(at..).unwrap_or_default();
                    memchr::memchr(b'\n', behind).map(|end| at + end)
                });
                // The end may be cut as well.
                let kept = last.map_or(KEY_END.len(), |at| length - at);
                (line.unwrap_or(length.saturating_sub(kept)), line.is_some())
            }
        };
        self.held.drain(..out);
        self.looked = 0;
        if over {
            self.rest = None;
        }
    }

    /// Where the last word begins, or the groups of digits of which it is one.
    fn last_word(&self) -> usize {
        let mut start = self.held.len();
        for _ in 0..GROUPS {
            let front = self.held.get(..start).unwrap_or_default();
            start = front.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
            let digits = |at: usize| self.held.get(at).is_some_and(u8::is_ascii_digit);
            let parted = start >= 2 && self.held.get(start - 1) == Some(&b' ') && digits(start - 2);
            if !parted {
                break;
            }
            start -= 1;
        }
        start
    }
}

/// No number is written in more groups.
const GROUPS: usize = 12;
/// What the last line of a private key begins with (RFC 7468, section 2).
const KEY_END: &[u8] = b"-----END ";

fn is_key(found: &Found) -> bool {
    found.what == What::Kind(Kind::PrivateKey)
}

/// Whether a token may go on with it.
fn goes_on(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n";

    fn texts() -> Vec<String> {
        vec![
            "card 4242 4242 4242 4242 of ann@example.com\nnext line, tel 415-555-2671\n".into(),
            format!("before\n{KEY}behind 4242424242424242\nlast without an end"),
            "no end of a line but GB82 WEST 1234 5698 7654 32 and 4242424242424242".into(),
            "phone\n4155552671 then\r\n\n\nssn: 123-45-6789\n".into(),
        ]
    }

    fn all() -> Arc<Detectors> {
        Arc::new(Detectors::all())
    }

    fn whole(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if !all().mask_text(text, &mut out) {
            out = text.to_vec();
        }
        out
    }

    fn pieces<'t>(pieces: impl Iterator<Item = &'t [u8]>) -> Vec<u8> {
        let (mut running, mut out) = (Running::new(all()), Vec::new());
        for piece in pieces {
            running.feed(piece, &mut out);
        }
        running.end(&mut out);
        out
    }

    #[test]
    fn how_a_text_is_cut_changes_nothing() {
        for text in texts() {
            let text = text.as_bytes();
            let expected = whole(text);
            assert_ne!(expected, text);
            for at in 0..=text.len() {
                let (front, behind) = text.split_at(at);
                let out = pieces([front, behind].into_iter());
                assert_eq!(out, expected, "{at}: {}", String::from_utf8_lossy(&out));
            }
            for size in 1..9 {
                assert_eq!(pieces(text.chunks(size)), expected, "{size}");
            }
        }
    }

    #[test]
    fn a_line_goes_on_when_it_ends_and_not_before() {
        let (mut running, mut out) = (Running::new(all()), Vec::new());
        running.feed(b"one\ntwo 42424242", &mut out);
        assert_eq!((&*out, running.held()), (&b"one\n"[..], 12));
        running.feed(b"42424242\n", &mut out);
        assert_eq!(
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&whole(b"one\ntwo 4242424242424242\n"))
        );
        assert_eq!(running.held(), 0);
    }

    #[test]
    fn what_is_hurried_goes_on_and_the_rest_of_what_was_found_is_left_out() {
        let (mut running, mut out) = (Running::new(all()), Vec::new());
        running.feed(b"Password: ", &mut out);
        running.hurry(false, &mut out);
        assert_eq!((&*out, running.held()), (&b"Password: "[..], 0));
        running.feed(b"ghp_abcdefghijklmnopqrstuvwxyz0123456789", &mut out);
        running.hurry(false, &mut out);
        running.feed(b"ABCD next\n", &mut out);
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.ends_with(" next\n") && !shown.contains("ABCD"), "{shown}");
        assert!(!shown.contains("ghp_abcdefghijkl"), "{shown}");
    }

    #[test]
    fn a_private_key_is_held_however_it_is_hurried() {
        let (mut running, mut out) = (Running::new(all()), Vec::new());
        for line in KEY.split_inclusive('\n') {
            running.feed(line.as_bytes(), &mut out);
            running.hurry(false, &mut out);
            assert!(
                !out.windows(4).any(|bytes| bytes == b"MIIE"),
                "{}",
                String::from_utf8_lossy(&out)
            );
        }
        running.end(&mut out);
        assert_eq!(out, whole(KEY.as_bytes()));
    }

    #[test]
    fn in_strict_mode_the_last_word_waits() {
        let (mut running, mut out) = (Running::new(all()), Vec::new());
        running.feed(b"card 4242 4242 4242", &mut out);
        running.hurry(true, &mut out);
        assert_eq!(out, b"card ");
        running.feed(b" 4242 and more", &mut out);
        running.hurry(true, &mut out);
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.ends_with(" and ") && !shown.contains("4242 4242"), "{shown}");
    }

    #[test]
    fn memory_is_bounded_where_no_line_ends() {
        for unit in [
            "a",
            "4242 ",
            "x=4242424242424242 ",
            "eyJhbGciOiJIUzI1NiJ9.",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            let (mut running, mut out) = (Running::new(all()), Vec::new());
            let mut fed = 0;
            for _ in 0..60 {
                let piece = unit.repeat(4096 / unit.len());
                fed += piece.len();
                running.feed(piece.as_bytes(), &mut out);
                assert!(running.held() <= MOST, "{unit}: {}", running.held());
            }
            running.end(&mut out);
            assert!(!out.windows(16).any(|bytes| bytes == b"4242424242424242"), "{unit}");
            assert!(unit != "a" || out.len() == fed);
        }
    }

    /// Longer than what is held: masked once, and left out to its end.
    #[test]
    fn a_key_that_is_longer_than_all_that_is_held_shows_nothing_of_itself() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEF\n".repeat(8000);
        let text =
            format!("-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\nbehind\n");
        for size in [1, 1000, 70_000] {
            let out = pieces(text.as_bytes().chunks(size));
            let shown = String::from_utf8(out).unwrap();
            assert!(
                !shown.contains("MIIE") && shown.ends_with("\nbehind\n"),
                "{size}: {shown:.200}"
            );
        }
    }
}
