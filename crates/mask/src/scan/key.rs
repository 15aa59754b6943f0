use super::Scan;
use super::context::Words;
use super::text::alnum;

/// What a key's body is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// `0-9a-f`
    Hex,
    /// `A-Z2-7`
    Base32,
    /// Letters and digits.
    Alnum,
    /// Letters, digits and `_`.
    Word,
    /// Base64url: letters, digits, `-` and `_`.
    Url,
    /// Base64url with dots between parts.
    Dotted,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Alnum => alnum(byte),
            Self::Word => alnum(byte) || byte == b'_',
            Self::Url => alnum(byte) || matches!(byte, b'_' | b'-'),
            Self::Dotted => alnum(byte) || matches!(byte, b'_' | b'-' | b'.'),
        }
    }
}

/// One service's way of writing its keys.
struct Shape {
    prefix: &'static [u8],
    body: Alphabet,
    /// The shortest body.
    least: usize,
    /// Whether a longer body is another thing.
    exact: bool,
    /// Whether the body must look random (both cases or a digit), as the prefix alone is a common word.
    random: bool,
}

const fn exactly(prefix: &'static [u8], body: Alphabet, length: usize) -> Shape {
    Shape { prefix, body, least: length, exact: true, random: false }
}

const fn at_least(prefix: &'static [u8], body: Alphabet, least: usize) -> Shape {
    Shape { prefix, body, least, exact: false, random: false }
}

const fn random(prefix: &'static [u8], body: Alphabet, least: usize) -> Shape {
    Shape { prefix, body, least, exact: false, random: true }
}

/// The shapes by their first byte.
fn shapes(first: u8) -> &'static [Shape] {
    use Alphabet::{Alnum, Base32, Dotted, Hex, Url, Word};
    match first {
        b'A' => {
            const {
                &[
                    // AWS: long-lived, temporary, service bearer, context-specific
                    exactly(b"AKIA", Base32, 16),
                    exactly(b"ASIA", Base32, 16),
                    exactly(b"ABIA", Base32, 16),
                    exactly(b"ACCA", Base32, 16),
                    // Google
                    exactly(b"AIza", Url, 35),
                    // Twilio
                    exactly(b"AC", Hex, 32),
                ]
            }
        }
        b'G' => const { &[at_least(b"GOCSPX-", Url, 28)] },
        b'S' => const { &[at_least(b"SG.", Dotted, 60), exactly(b"SK", Hex, 32)] },
        b'd' => {
            const {
                &[
                    exactly(b"dop_v1_", Hex, 64),
                    exactly(b"doo_v1_", Hex, 64),
                    exactly(b"dor_v1_", Hex, 64),
                    at_least(b"dapi", Hex, 32),
                ]
            }
        }
        b'g' => {
            const {
                &[
                    at_least(b"ghp_", Alnum, 36),
                    at_least(b"gho_", Alnum, 36),
                    at_least(b"ghu_", Alnum, 36),
                    at_least(b"ghs_", Dotted, 36),
                    at_least(b"ghr_", Alnum, 36),
                    at_least(b"github_pat_", Word, 59),
                    at_least(b"glpat-", Dotted, 20),
                    at_least(b"gldt-", Url, 20),
                    at_least(b"glrt-", Dotted, 20),
                    at_least(b"glptt-", Hex, 40),
                    at_least(b"glsa_", Word, 32),
                ]
            }
        }
        b'h' => {
            const {
                &[
                    at_least(b"hvs.", Dotted, 24),
                    at_least(b"hvb.", Dotted, 24),
                    at_least(b"hvr.", Dotted, 24),
                    at_least(b"hf_", Alnum, 34),
                ]
            }
        }
        b'k' => const { &[exactly(b"key-", Hex, 32)] },
        b'n' => const { &[at_least(b"npm_", Alnum, 36)] },
        b'p' => const { &[at_least(b"pypi-AgE", Url, 50)] },
        b'r' => const { &[at_least(b"rk_live_", Alnum, 16), at_least(b"rk_test_", Alnum, 16)] },
        b's' => {
            const {
                &[
                    at_least(b"sk_live_", Alnum, 16),
                    at_least(b"sk_test_", Alnum, 16),
                    random(b"sk-", Url, 20),
                    exactly(b"shpat_", Hex, 32),
                    exactly(b"shpss_", Hex, 32),
                    exactly(b"shpca_", Hex, 32),
                ]
            }
        }
        b'w' => const { &[at_least(b"whsec_", Alnum, 32)] },
        b'x' => {
            const {
                &[
                    at_least(b"xoxb-", Url, 20),
                    at_least(b"xoxp-", Url, 20),
                    at_least(b"xoxa-", Url, 20),
                    at_least(b"xoxr-", Url, 20),
                    at_least(b"xoxs-", Url, 20),
                    at_least(b"xoxo-", Url, 20),
                    at_least(b"xoxe-", Url, 20),
                    at_least(b"xoxe.xox", Dotted, 20),
                    at_least(b"xapp-", Url, 20),
                ]
            }
        }
        b'y' => const { &[at_least(b"ya29.", Url, 30)] },
        _ => &[],
    }
}

/// What makes forty characters of base64 an AWS secret access key.
static AWS_WORDS: Words =
    Words::new(&[b"aws_secret", b"secretaccesskey", b"secret_access_key", b"secret access key"]);
/// What makes base64 of 32 or 64 bytes an Azure key.
static AZURE_WORDS: Words =
    Words::new(&[b"accountkey", b"account_key", b"account key", b"sharedaccesskey"]);

impl Scan<'_, '_> {
    /// A key that begins at `start`, in a word that ends at `end`.
    pub(super) fn key(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let by_words = || if end - start < 40 { None } else { self.key_by_words(start) };
        let end = self.key_from(start).or_else(by_words)?;
        Some((start, end))
    }

    fn key_from(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let before = text.before(start);
        let shapes = shapes(text.at(start));
        if shapes.is_empty() || alnum(before) {
            return None;
        }
        let second = text.at(start + 1);
        shapes.iter().find_map(|shape| {
            // Two attempts never run over the same body, so the scan stays linear.
            let begins = shape.prefix.get(1) == Some(&second) && !shape.body.has(before);
            if !begins || !text.starts_with(start, shape.prefix) {
                return None;
            }
            let body = start + shape.prefix.len();
            let end = text.run(body, |b| shape.body.has(b));
            let length = end - body;
            let fits = length >= shape.least
                && !(shape.exact && (length > shape.least || alnum(text.at(end))));
            let body = text.slice(body, end);
            let random =
                || body.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_uppercase);
            (fits && (!shape.random || random())).then_some(end)
        })
    }

    /// Keys without a prefix, known by what stands in front of them.
    fn key_by_words(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let base64 = |b: u8| alnum(b) || matches!(b, b'/' | b'+');
        if base64(text.before(start)) {
            return None;
        }
        let end = text.run(start, base64);
        if text.before(start) == b'=' && end - start < 40 {
            return self.signature(start);
        }
        if end - start < 40 {
            return None;
        }
        let padding = text.run(end, |b| b == b'=').min(end + 2);
        match (end - start, padding - end) {
            (40, 0) => {
                let body = text.slice(start, end);
                let mixed = body.iter().any(u8::is_ascii_lowercase)
                    && body.iter().any(u8::is_ascii_uppercase);
                (mixed && self.follows_word(start, &AWS_WORDS)).then_some(end)
            }
            (43, 1) | (86, 2) => self.follows_word(start, &AZURE_WORDS).then_some(padding),
            _ => self.signature(start),
        }
    }

    /// The signature of an Azure shared access URL: `…&sig=` and 32 bytes of base64, percent-encoded.
    fn signature(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let name = start.checked_sub(4)?;
        if text.slice(name, start) != b"sig=" || alnum(text.before(name)) {
            return None;
        }
        let end = text.run(start, |b| alnum(b) || matches!(b, b'%' | b'/' | b'+' | b'='));
        (end - start >= 43).then_some(end)
    }
}
