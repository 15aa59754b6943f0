use super::text::{ALNUM, HIGH, ONES, Text, alnum, has, table};
use super::{Hit, Kind, Scan};

/// No token is shorter: `AKIA` and sixteen letters.
pub(super) const SHORTEST: usize = 20;

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

    /// The next word that is long enough, behind those that were.
    fn word(&mut self) -> Option<(usize, usize)> {
        let word = next(self.text, self.words.from);
        if word.is_none() {
            self.words.from = self.text.len();
        }
        word
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

/// Whether a word is long enough for a token.
pub(super) fn is_any_in(text: &[u8]) -> bool {
    next(Text(text), 0).is_some()
}

/// The next run of at least [`SHORTEST`] word bytes. Of a window of so many the last bytes are looked at first: where one
/// of them is in no word, the next window begins behind it.
// Both who call it are on the path of each cell, and a call costs as much as a short cell does.
#[inline(always)]
fn next(text: Text<'_>, mut start: usize) -> Option<(usize, usize)> {
    'window: while start + SHORTEST <= text.len() {
        for at in [start + SHORTEST - 8, start + SHORTEST - 16, start] {
            let apart = parts(text.block(at)?);
            if apart != 0 {
                start = at + 8 - (apart.leading_zeros() / 8) as usize;
                continue 'window;
            }
        }
        let end = text.run(start, belongs);
        if end - start >= SHORTEST {
            return Some((start, end));
        }
        start = end + 1;
    }
    None
}

/// The high bit of each byte that is a space, a quote or a control character, or lies in `:`..=`@`. No carry crosses a
/// byte.
fn parts(block: u64) -> u64 {
    let low = block & !HIGH;
    let from = |byte: u8| low + ONES * u64::from(0x80 - byte);
    (!from(b'%') | from(b':') & !from(b'A')) & !block & HIGH
}

/// Base64 of both alphabets, dots between parts, and `%` for what is written in a URL.
fn belongs(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"-_/+%."]);
    has(&TABLE, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_words_of_eight_bytes_at_once_is_in_none() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut block = *b"zzzzzzzz";
                block[place] = byte;
                let apart = parts(u64::from_le_bytes(block));
                let expected = byte < b'%' || (b':'..=b'@').contains(&byte);
                assert_eq!(apart, if expected { 0x80 << (8 * place) } else { 0 }, "{byte:#x}");
                assert!(!expected || !belongs(byte));
            }
        }
    }

    /// As a look at each byte finds them.
    #[test]
    fn words_are_found_wherever_they_stand() {
        let plan = crate::scan::Plan::new(crate::scan::Kinds::default());
        for (front, length, behind) in (0..40).flat_map(|front| {
            (15..45).flat_map(move |length| (0..25).map(move |behind| (front, length, behind)))
        }) {
            for (gap, word) in [(" ", "k"), (":", "-"), ("{", "9"), ("a ", "%"), ("ab{:", "_")] {
                let fill = |n: usize| gap.chars().cycle().take(n).collect::<String>();
                let text = format!("{}{}{{{}", fill(front), word.repeat(length), fill(behind));
                let runs =
                    text.split(|c: char| !belongs(c as u8)).filter(|run| run.len() >= SHORTEST);
                let expected =
                    runs.map(|run| run.as_ptr() as usize - text.as_ptr() as usize).next();
                let mut scan = Scan::new(&plan, &[], text.as_bytes());
                assert_eq!(scan.word().map(|(start, _)| start), expected, "{text:?}");
            }
        }
    }
}
