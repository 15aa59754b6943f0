use super::text::{ALNUM, alnum, has, table};
use super::{Hit, Kind, Scan};

/// No token is shorter: `AKIA` and sixteen letters.
pub(super) const SHORTEST: usize = 20;
/// Of so many word bytes in a row, eight begin at one of the places that are this far apart.
const STRIDE: usize = SHORTEST - 7;

/// Where the search for tokens stands: it runs ahead of the anchors.
pub(super) struct Words {
    /// No word that begins earlier is of interest.
    from: usize,
    /// The next token, if one was found ahead.
    ahead: Option<Hit>,
}

impl Words {
    /// A search that begins at `from`.
    pub(super) fn in_text(text: &[u8], from: usize) -> Self {
        let from = if text.len() < SHORTEST { text.len() } else { from };
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

    /// The next run of at least [`SHORTEST`] word bytes: only where eight bytes have no space among
    /// them a closer look is worth it.
    fn word(&mut self) -> Option<(usize, usize)> {
        let text = self.text;
        let mut at = self.words.from;
        while let Some(block) = text.block(at) {
            if has_space(block) || !belongs(text.at(at)) {
                at += STRIDE;
                continue;
            }
            let start = text.run_back(at, self.words.from, belongs);
            let end = text.run(at, belongs);
            if end - start >= SHORTEST {
                return Some((start, end));
            }
            // The next run begins behind the byte that ended this one.
            at = end + 1;
        }
        self.words.from = text.len();
        None
    }

    /// A token begins where the word does, or behind punctuation in it.
    fn token_in(&self, start: usize, end: usize) -> Option<Hit> {
        let text = self.text;
        let mut next = start;
        loop {
            let at = text.run_within(next, end, |byte| !alnum(byte));
            if at >= end {
                return None;
            }
            next = text.run_within(at, end, alnum);
            let byte = text.at(at);
            if byte == b'e'
                && self.wants(Kind::Jwt)
                && let Some((start, end)) = self.jwt(at)
            {
                return Some(Hit { start, end, kind: Kind::Jwt });
            }
            if self.wants(Kind::CryptoAddress)
                && let Some((start, end)) = self.coin(at)
            {
                return Some(Hit { start, end, kind: Kind::CryptoAddress });
            }
            if self.wants(Kind::CloudKey)
                && let Some((start, end)) = self.key(at, end)
            {
                return Some(Hit { start, end, kind: Kind::CloudKey });
            }
        }
    }
}

/// Whether one of eight bytes is a space, a quote or a control character.
fn has_space(block: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    block.wrapping_sub(ONES * u64::from(b'%')) & !block & (ONES << 7) != 0
}

/// Base64 of both alphabets, dots between parts, and `%` for what is written in a URL.
fn belongs(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"-_/+%."]);
    has(&TABLE, byte)
}
