use super::text::{HIGH, ONES, Text};

/// Where the search for anchors stands: eight bytes, and which of them are left.
///
/// Every finding but tokens with a fixed prefix holds a digit, a `-`, a `:` or an `@`. Bytes are
/// tested sixteen at once as long as none of them passes, then eight at once; only those that pass are
/// looked up in what is wanted.
pub(super) struct Anchors {
    base: usize,
    /// The high bit of each byte that passes.
    hits: u64,
}

impl Anchors {
    /// A search that begins at `from`.
    pub(super) fn from(text: Text<'_>, from: usize) -> Self {
        Self { base: from, hits: block(text.0, from).map_or(0, candidates) }
    }

    /// The next byte at or after `at` that may be part of a finding, or the length of the text. The
    /// search never goes back.
    pub(super) fn next(&mut self, text: Text<'_>, at: usize, wanted: &[bool; 256]) -> usize {
        let bytes = text.0;
        let passed = at.saturating_sub(self.base);
        if passed < 8 {
            self.hits &= u64::MAX << (8 * passed);
        } else {
            self.load(bytes, at);
        }
        loop {
            #[cfg(test)]
            super::text::reads::add(1);
            while self.hits != 0 {
                let found = self.base + (self.hits.trailing_zeros() / 8) as usize;
                if bytes.get(found).is_some_and(|&byte| is(wanted, byte)) {
                    return found;
                }
                self.hits &= self.hits - 1;
            }
            if self.base + 8 >= bytes.len() {
                return bytes.len();
            }
            self.load(bytes, self.base + 8);
        }
    }

    fn load(&mut self, bytes: &[u8], mut base: usize) {
        // Where anchors stand close together the next is in these eight.
        let hits = block(bytes, base).map_or(0, candidates);
        if hits != 0 {
            (self.base, self.hits) = (base, hits);
            return;
        }
        base += 8;
        while let Some(sixteen) = bytes.get(base..).and_then(|rest| rest.first_chunk())
            && !any(sixteen)
        {
            #[cfg(test)]
            super::text::reads::add(2);
            base += 16;
        }
        self.base = base;
        self.hits = block(bytes, base).map_or(0, candidates);
    }
}

/// Eight bytes that begin at `at`, with NULs behind the end.
fn block(bytes: &[u8], at: usize) -> Option<u64> {
    let rest = bytes.get(at..)?;
    if let Some(block) = rest.first_chunk() {
        return Some(u64::from_le_bytes(*block));
    }
    if let Some(last) = bytes.last_chunk() {
        return Some(u64::from_le_bytes(*last).unbounded_shr(8 * (8 - rest.len() as u32)));
    }
    Some(rest.iter().rev().fold(0, |block, &byte| block << 8 | u64::from(byte)))
}

fn is(wanted: &[bool; 256], byte: u8) -> bool {
    wanted.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Whether one of sixteen bytes passes. Written so that it becomes a handful of vector instructions.
fn any(block: &[u8; 16]) -> bool {
    block.iter().fold(0, |any, &byte| {
        any | u8::from(byte.wrapping_sub(b'0') <= b':' - b'0')
            | u8::from(byte == b'-')
            | u8::from(byte == b'@')
    }) != 0
}

/// Whether one of some bytes passes.
pub(super) fn is_any_in(bytes: &[u8]) -> bool {
    let passes = |block: &[u8; 8]| candidates(u64::from_le_bytes(*block)) != 0;
    let (blocks, _) = bytes.as_chunks();
    match bytes.last_chunk() {
        Some(last) => blocks.iter().any(passes) || passes(last),
        None => block(bytes, 0).is_some_and(|block| candidates(block) != 0),
    }
}

/// Whether one of some bytes is a digit or an `@`, with `wide` one between `-` and `:` too, or is one that may read as
/// another: beyond ASCII, a `%` or a backslash.
pub(super) fn is_any_telling(bytes: &[u8], wide: bool) -> bool {
    let (least, most) = if wide { (b'-', b':') } else { (b'0', b'9') };
    let tells = |block: &[u8; 8]| telling(u64::from_le_bytes(*block), least, most) != 0;
    let (blocks, _) = bytes.as_chunks();
    match bytes.last_chunk() {
        Some(last) => blocks.iter().any(tells) || tells(last),
        None => block(bytes, 0).is_some_and(|block| telling(block, least, most) != 0),
    }
}

/// The high bit of each byte that tells. No carry crosses a byte.
const fn telling(word: u64, least: u8, most: u8) -> u64 {
    let low = word & !HIGH;
    let at_least = low + ONES * (0x80 - least) as u64;
    let beyond = low + ONES * (0x80 - (most + 1)) as u64;
    let not_at_sign = (low ^ (ONES * b'@' as u64)) + !HIGH;
    let not_percent = (low ^ (ONES * b'%' as u64)) + !HIGH;
    let not_backslash = (low ^ (ONES * b'\\' as u64)) + !HIGH;
    (word | at_least & !beyond | !(not_at_sign & not_percent & not_backslash)) & HIGH
}

/// The high bit of each byte that lies in `-`..=`:` or is `@`. No carry crosses a byte.
fn candidates(word: u64) -> u64 {
    let low = word & !HIGH;
    let at_least_dash = low + ONES * u64::from(0x80 - b'-');
    let beyond_colon = low + ONES * u64::from(0x80 - (b':' + 1));
    let xor = low ^ (ONES * u64::from(b'@'));
    let not_at_sign = xor + !HIGH;
    ((at_least_dash & !beyond_colon) | !not_at_sign) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_at_once_find_what_one_byte_finds() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut word = *b"zzzzzzzz";
                word[place] = byte;
                let expected = (b'-'..=b':').contains(&byte) || byte == b'@';
                let found = candidates(u64::from_le_bytes(word));
                assert_eq!(found != 0, expected, "{byte:#x}");
                assert!(!expected || found.trailing_zeros() as usize / 8 == place);
            }
        }
    }

    #[test]
    fn one_that_passes_is_seen_wherever_it_stands_in_a_text() {
        for length in 0..70 {
            assert!(!is_any_in(&vec![b'z'; length]));
            for (place, byte) in (0..length).flat_map(|place| b"-5:@".map(|byte| (place, byte))) {
                let mut text = vec![b'z'; length];
                text[place] = byte;
                assert!(is_any_in(&text), "{byte:#x} at {place} of {length}");
            }
        }
    }

    #[test]
    fn a_byte_tells_wherever_it_stands_in_a_text() {
        for (length, byte) in (1..20).flat_map(|length| (0..=u8::MAX).map(move |b| (length, b))) {
            for place in 0..length {
                let mut text = vec![b'z'; length];
                text[place] = byte;
                let always = matches!(byte, b'0'..=b'9' | b'@' | b'%' | b'\\' | 0x80..);
                assert_eq!(is_any_telling(&text, false), always, "{byte:#x}");
                let wide = always || matches!(byte, b'-'..=b':');
                assert_eq!(is_any_telling(&text, true), wide, "{byte:#x}");
            }
        }
    }

    #[test]
    fn an_anchor_is_found_wherever_it_stands_and_from_wherever_it_is_sought() {
        let mut wanted = [false; 256];
        wanted[usize::from(b'@')] = true;
        for length in 0..50 {
            for place in 0..length {
                for filler in [b'5', b'a'] {
                    let mut text = vec![filler; length];
                    text[place] = b'@';
                    let text = Text(&text);
                    for from in 0..=length {
                        let first = if from <= place { place } else { length };
                        assert_eq!(Anchors::from(text, from).next(text, from, &wanted), first);
                        let mut anchors = Anchors::from(text, 0);
                        assert_eq!(anchors.next(text, 0, &wanted), place);
                        assert_eq!(anchors.next(text, from.max(place), &wanted), first.max(place));
                    }
                }
            }
        }
    }
}
