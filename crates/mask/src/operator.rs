use std::fmt;
use std::sync::Arc;

use crate::scan::text::{ALNUM, has, table};

/// What stands in the place of a whole masked text.
pub(crate) const MASKED: &[u8] = b"[masked]";

/// Longer texts are no card, address or account: nothing of them is kept.
const LONGEST_KEPT: usize = 256;

/// How a value is masked.
#[derive(Clone)]
pub enum Operator {
    /// `[masked]` stands in its place, NULL where the type has no text.
    Redact,
    /// The last so many letters and digits stay, the others become `*`; separators stay where they are.
    /// A value of not more than twice as many is masked altogether.
    KeepLast(usize),
    /// The domain of an email address stays: `***@example.com`.
    KeepDomain,
    /// A keyed hash: equal values stay equal, so joins and grouping still work.
    Hash(Arc<HashKey>),
    /// NULL.
    Null,
    /// The year of a date stays: its first of January.
    DateYear,
    /// Other digits and letters in the same shape, the same for equal values.
    Format(Arc<HashKey>),
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redact => f.write_str("redact"),
            Self::KeepLast(n) => write!(f, "keep_last({n})"),
            Self::KeepDomain => f.write_str("keep_domain"),
            Self::Hash(_) => f.write_str("hash"),
            Self::Null => f.write_str("null"),
            Self::DateYear => f.write_str("date_year"),
            Self::Format(_) => f.write_str("format"),
        }
    }
}

/// Shows the operator, never its key.
impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of the hashing operators. Without it a hash of a small domain (card numbers, dates of
/// birth) could be turned back by trying every value. It has no `Debug`.
pub struct HashKey([u8; 32]);

impl HashKey {
    /// A key derived from secret material of any length.
    #[must_use]
    pub fn derive(material: &[u8]) -> Self {
        Self(blake3::derive_key("sluice 2026 masking operators v1", material))
    }

    /// Output of the keyed hash, as much as is asked for.
    pub(crate) fn stream(
        &self,
        parts: impl Iterator<Item = impl AsRef<[u8]>>,
    ) -> blake3::OutputReader {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part.as_ref());
        }
        hasher.finalize_xof()
    }

    pub(crate) fn bytes<const N: usize>(&self, value: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream(std::iter::once(value)).fill(&mut bytes);
        bytes
    }
}

impl Operator {
    /// Masks a whole text. What it writes needs no escaping in JSON, arrays or records, unless the
    /// operator is `format`, which keeps the punctuation it found. `false`: NULL is all that is left.
    pub(crate) fn mask_text(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Redact => out.extend_from_slice(MASKED),
            Self::KeepLast(n) => keep_last(*n, text, out),
            Self::KeepDomain => keep_domain(text, out),
            Self::Hash(key) => push_hex(&key.bytes::<16>(text), out),
            Self::Null => return false,
            Self::DateYear => {
                let at = out.len();
                if !crate::value::date::keep_year_of_text(text, out) {
                    out.truncate(at);
                    out.extend_from_slice(MASKED);
                }
            }
            Self::Format(key) => format(key, text, out),
        }
        true
    }
}

pub(crate) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| DIGITS.get(usize::from(n & 15)).copied().unwrap_or(b'0');
    out.extend(bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]));
}

/// Stars count as letters, so that masking a masked value changes nothing.
pub(crate) fn keep_last(n: usize, text: &[u8], out: &mut Vec<u8>) {
    if text.len() > LONGEST_KEPT {
        out.extend_from_slice(MASKED);
        return;
    }
    let count = text.iter().filter(|&&byte| hides(byte)).count();
    let hidden = if count > 2 * n { count - n } else { count };
    let mut seen = 0;
    out.extend(text.iter().map(|&byte| {
        seen += usize::from(hides(byte));
        match byte {
            b' ' | b'-' | b'.' | b'/' => byte,
            0..0x80 if seen > hidden && hides(byte) => byte,
            _ => b'*',
        }
    }));
}

/// What a number is written with, and what stands for it already.
fn hides(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"*"]);
    byte >= 0x80 || has(&TABLE, byte)
}

pub(crate) fn keep_domain(text: &[u8], out: &mut Vec<u8>) {
    let domain = memchr::memrchr(b'@', text).and_then(|at| text.get(at + 1..)).unwrap_or_default();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if domain.is_empty() || domain.len() > 253 || !domain.iter().all(plain) {
        out.extend_from_slice(MASKED);
        return;
    }
    out.extend_from_slice(b"***@");
    out.extend_from_slice(domain);
}

fn format(key: &HashKey, text: &[u8], out: &mut Vec<u8>) {
    let mut stream = key.stream(std::iter::once(text));
    for chunk in text.chunks(64) {
        let mut noise = [0; 64];
        stream.fill(&mut noise);
        out.extend(chunk.iter().zip(noise).map(|(&byte, noise)| match byte {
            b'0'..=b'9' => b'0' + noise % 10,
            b'a'..=b'z' => b'a' + noise % 26,
            b'A'..=b'Z' => b'A' + noise % 26,
            0x80.. => b'*',
            _ => byte,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(operator: &Operator, text: &str) -> String {
        let mut out = Vec::new();
        assert!(operator.mask_text(text.as_bytes(), &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_last_digits_and_the_separators_stay() {
        for (n, text, shown) in [
            (4, "4242424242424242", "************4242"),
            (4, "4242 4242 4242 4242", "**** **** **** 4242"),
            (4, "3782-822463-10005", "****-******-*0005"),
            (4, "123-45-6789", "***-**-6789"),
            (4, "12345678", "********"),
            (4, "n/a", "*/*"),
            (0, "secret", "******"),
            (4, "", ""),
            (2, "Grüße\"x", "******e*x"),
        ] {
            assert_eq!(masked(&Operator::KeepLast(n), text), shown, "{text}");
        }
    }

    #[test]
    fn nothing_is_kept_of_a_text_too_long_to_be_a_number() {
        assert_eq!(masked(&Operator::KeepLast(4), &"7".repeat(300)), "[masked]");
    }

    #[test]
    fn the_domain_stays_only_when_it_is_one() {
        for (text, shown) in [
            ("ann@example.com", "***@example.com"),
            ("a@x.com,b@y.org", "***@y.org"),
            ("Ann <ann@example.com>", "[masked]"),
            ("no address", "[masked]"),
            ("ann@", "[masked]"),
        ] {
            assert_eq!(masked(&Operator::KeepDomain, text), shown, "{text}");
        }
    }

    #[test]
    fn masking_a_masked_value_changes_nothing() {
        for operator in [Operator::Redact, Operator::KeepLast(4), Operator::KeepDomain] {
            for text in ["4242-4242 4242/4242", "ann@example.com", "x", "ümläut"] {
                let once = masked(&operator, text);
                assert_eq!(masked(&operator, &once), once, "{operator} {text}");
            }
        }
    }

    #[test]
    fn equal_values_hash_alike_under_one_key_only() {
        let ours = Operator::Hash(Arc::new(HashKey::derive(b"ours")));
        let theirs = Operator::Hash(Arc::new(HashKey::derive(b"theirs")));
        assert_eq!(masked(&ours, "078-05-1120"), masked(&ours, "078-05-1120"));
        assert_ne!(masked(&ours, "078-05-1120"), masked(&ours, "078-05-1121"));
        assert_ne!(masked(&ours, "078-05-1120"), masked(&theirs, "078-05-1120"));
        assert_eq!(masked(&ours, "x").len(), 32);
    }

    #[test]
    fn a_fake_has_the_shape_of_the_value() {
        let operator = Operator::Format(Arc::new(HashKey::derive(b"ours")));
        let fake = masked(&operator, "AB-12 cd");
        assert_eq!(fake, masked(&operator, "AB-12 cd"));
        let shape = |text: &str| -> Vec<u8> {
            text.bytes()
                .map(|b| match b {
                    b'0'..=b'9' => b'9',
                    b'a'..=b'z' => b'a',
                    b'A'..=b'Z' => b'A',
                    _ => b,
                })
                .collect()
        };
        assert_eq!(shape(&fake), shape("AB-12 cd"));
        assert_ne!(masked(&operator, "4242424242424242"), "4242424242424242");
    }

    #[test]
    fn a_key_is_never_shown() {
        let operator = Operator::Hash(Arc::new(HashKey::derive(b"ours")));
        assert_eq!(format!("{operator:?}"), "hash");
    }
}
