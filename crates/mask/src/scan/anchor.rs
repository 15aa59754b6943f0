use super::text::Text;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// The next byte at or after `at` that may be part of a finding, or the length of the text.
///
/// Every finding but tokens with a fixed prefix holds a digit, a `-`, a `:` or an `@`; eight bytes
/// are tested at once, and only bytes that pass are looked up in `wanted`.
pub(super) fn next(text: Text<'_>, from: usize, wanted: &[bool; 256]) -> usize {
    let found = find(text.0, from, wanted);
    #[cfg(test)]
    super::text::reads::add(found - from.min(found));
    found
}

fn find(bytes: &[u8], from: usize, wanted: &[bool; 256]) -> usize {
    let mut at = from;
    while at < bytes.len() {
        if let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>())
            && !any(block)
        {
            at += 16;
            continue;
        }
        // The last eight bytes are looked at together, too, without those that were seen.
        let base = at.min(bytes.len().saturating_sub(8));
        let Some(word) = bytes.get(base..).and_then(|rest| rest.first_chunk::<8>()) else {
            let rest = bytes.get(at..).unwrap_or_default();
            return at + rest.iter().position(|&b| is(wanted, b)).unwrap_or(rest.len());
        };
        let unseen = u64::MAX << ((8 * (at - base)) & 63);
        let mut hits = candidates(u64::from_le_bytes(*word)) & unseen;
        while hits != 0 {
            let offset = (hits.trailing_zeros() / 8) as usize;
            if word.get(offset).is_some_and(|&b| is(wanted, b)) {
                return base + offset;
            }
            hits &= hits - 1;
        }
        at = base + 8;
    }
    bytes.len()
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
    fn an_anchor_is_found_wherever_it_stands() {
        let mut wanted = [false; 256];
        wanted[usize::from(b'@')] = true;
        for length in 0..40 {
            for place in 0..length {
                let mut text = vec![b'5'; length];
                text[place] = b'@';
                assert_eq!(next(Text(&text), 0, &wanted), place);
                assert_eq!(next(Text(&text), place + 1, &wanted), length);
            }
        }
    }
}
