use super::text::alnum;
use super::{Hit, Kind, Scan};

/// Every token with a fixed prefix has a run of word bytes at least this long.
const SHORTEST: usize = 15;

/// Where the search for tokens stands: it runs ahead of the anchors.
pub(super) struct Words {
    /// No word that begins earlier is of interest.
    from: usize,
    /// The next token, if one was found ahead.
    ahead: Option<Hit>,
}

impl Words {
    pub(super) const fn from(from: usize) -> Self {
        Self { from, ahead: None }
    }
}

impl Scan<'_, '_> {
    /// The next token behind what is done.
    pub(super) fn token(&mut self) -> Option<Hit> {
        if self.words.ahead.is_some_and(|hit| hit.start < self.done) {
            self.words.ahead = None;
        }
        self.words.from = self.words.from.max(self.done);
        while self.words.ahead.is_none() {
            let (start, end) = self.word()?;
            let hit = self.token_in(start, end);
            self.words.from = hit.map_or(end, |hit| hit.end);
            self.words.ahead = hit;
        }
        self.words.ahead
    }

    /// The next run of at least [`SHORTEST`] word bytes. Only every fifteenth byte is looked at to
    /// find one.
    fn word(&mut self) -> Option<(usize, usize)> {
        let text = self.text;
        let mut at = self.words.from + SHORTEST - 1;
        while at < text.len() {
            if belongs(text.at(at)) {
                let start = text.run_back(at, self.words.from, belongs);
                let end = text.run(at, belongs);
                if end - start >= SHORTEST {
                    return Some((start, end));
                }
                at = end;
            }
            at += SHORTEST;
        }
        self.words.from = text.len();
        None
    }

    fn token_in(&self, start: usize, end: usize) -> Option<Hit> {
        let mut at = start;
        while at < end {
            if self.wants(Kind::Jwt)
                && let Some((start, end)) = self.jwt(at)
            {
                return Some(Hit { start, end, kind: Kind::Jwt });
            }
            if self.wants(Kind::CloudKey)
                && let Some((start, end)) = self.key(at)
            {
                return Some(Hit { start, end, kind: Kind::CloudKey });
            }
            // A token begins where a word does, or behind punctuation in it.
            at = self.text.run(at, alnum).max(at + 1);
            while at < end && !alnum(self.text.at(at)) {
                at += 1;
            }
        }
        None
    }
}

/// Base64 of both alphabets, and `%` for what is written in a URL.
fn belongs(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_' | b'/' | b'+' | b'%')
}
