use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use zeroize::Zeroizing;

use super::MASKED;

/// Longer texts are no number, name or address.
const LONGEST: usize = 256;
/// NIST SP 800-38G revision 1 asks for a domain of at least a million: of a smaller one every value
/// could be tried.
const LEAST_DOMAIN: u128 = 1_000_000;
/// Mixed texts are counted in a `u128`.
const LARGEST_MIXED: u128 = 1 << 120;
/// Walks are short: each step ends them with a chance of a tenth or more.
const LONGEST_WALK: u32 = 1000;

/// The key of the format-preserving operator: FF1 of NIST SP 800-38G with AES-256. It has no `Debug`.
///
/// A text of one alphabet (digits, small or capital letters) is encrypted in that alphabet. A mixed
/// one is counted as one number among all texts of its shape, and encrypted as its bits until the
/// result is such a number again (cycle walking). Both ways are permutations: whoever has the key
/// could turn them back.
pub struct FormatKey {
    bits: FF1<Aes256>,
    digits: FF1<Aes256>,
    hex: FF1<Aes256>,
    letters: FF1<Aes256>,
}

impl FormatKey {
    pub(super) fn new(key: &Zeroizing<[u8; 32]>) -> Option<Self> {
        let radix = |radix| FF1::new(&**key, radix).ok();
        Some(Self { bits: radix(2)?, digits: radix(10)?, hex: radix(16)?, letters: radix(26)? })
    }

    /// Other digits for these (each from 0 to 9) that `fits`, as many; nothing when they are too few.
    pub(crate) fn digits(
        &self,
        digits: Vec<u16>,
        fits: impl Fn(&[u16]) -> bool,
    ) -> Option<Vec<u16>> {
        walk(&self.digits, digits, fits)
    }

    /// The same for hexadecimal digits, all of which fit.
    pub(crate) fn hex(&self, digits: Vec<u16>) -> Option<Vec<u16>> {
        walk(&self.hex, digits, |_| true)
    }

    /// Other digits and letters in the same shape; characters beyond ASCII become stars.
    pub(super) fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        let numerals = if text.len() > LONGEST { None } else { self.numerals(text) };
        let Some(numerals) = numerals else {
            out.extend_from_slice(MASKED);
            return;
        };
        let mut numerals = numerals.into_iter();
        for &byte in text {
            out.push(match Alphabet::of(byte) {
                Some(alphabet) => alphabet.first() + numerals.next().unwrap_or(0) as u8,
                // Of a character of several bytes one star stays.
                None if byte & 0xC0 == 0x80 => continue,
                None if byte >= 0x80 => b'*',
                None => byte,
            });
        }
    }

    /// What the digits and letters become, each counted from the first of its alphabet.
    fn numerals(&self, text: &[u8]) -> Option<Vec<u16>> {
        let letters: Vec<(Alphabet, u16)> = text
            .iter()
            .filter_map(|&byte| {
                Alphabet::of(byte).map(|alphabet| (alphabet, u16::from(byte - alphabet.first())))
            })
            .collect();
        let first = letters.first()?.0;
        if letters.iter().all(|(alphabet, _)| *alphabet == first) {
            let numerals = letters.into_iter().map(|(_, numeral)| numeral).collect();
            let ff1 = if first == Alphabet::Digit { &self.digits } else { &self.letters };
            return walk(ff1, numerals, |_| true);
        }
        let (mut domain, mut number) = (1_u128, 0_u128);
        for (alphabet, numeral) in &letters {
            domain *= alphabet.size();
            number = number * alphabet.size() + u128::from(*numeral);
            if domain > LARGEST_MIXED {
                return None;
            }
        }
        if domain < LEAST_DOMAIN {
            return None;
        }
        let width = 128 - (domain - 1).leading_zeros();
        let bits = (0..width).rev().map(|bit| (number >> bit & 1) as u16).collect();
        let value = |bits: &[u16]| bits.iter().fold(0, |n, &bit| n << 1 | u128::from(bit));
        let mut number = value(&walk(&self.bits, bits, |bits| value(bits) < domain)?);
        let mut numerals: Vec<u16> = letters
            .iter()
            .rev()
            .map(|(alphabet, _)| {
                let numeral = number % alphabet.size();
                number /= alphabet.size();
                numeral as u16
            })
            .collect();
        numerals.reverse();
        Some(numerals)
    }
}

/// Encrypts until the result fits. What is encrypted has to fit itself, so that the walk ends there
/// at the latest.
fn walk(ff1: &FF1<Aes256>, numerals: Vec<u16>, fits: impl Fn(&[u16]) -> bool) -> Option<Vec<u16>> {
    let mut string = FlexibleNumeralString::from(numerals);
    for _ in 0..LONGEST_WALK {
        // Too short a string is an error here.
        let numerals = Vec::from(ff1.encrypt(&[], &string).ok()?);
        if fits(&numerals) {
            return Some(numerals);
        }
        string = numerals.into();
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Digit,
    Small,
    Capital,
}

impl Alphabet {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'0'..=b'9' => Some(Self::Digit),
            b'a'..=b'z' => Some(Self::Small),
            b'A'..=b'Z' => Some(Self::Capital),
            _ => None,
        }
    }

    const fn first(self) -> u8 {
        match self {
            Self::Digit => b'0',
            Self::Small => b'a',
            Self::Capital => b'A',
        }
    }

    const fn size(self) -> u128 {
        match self {
            Self::Digit => 10,
            Self::Small | Self::Capital => 26,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F,
        0x3C, 0xEF, 0x43, 0x59, 0xD8, 0xD5, 0x80, 0xAA, 0x4F, 0x7F, 0x03, 0x6D, 0x6F, 0x04, 0xFC,
        0x6A, 0x94,
    ];

    fn key() -> FormatKey {
        FormatKey::new(&Zeroizing::new(KEY)).unwrap()
    }

    fn masked(text: &str) -> String {
        let mut out = Vec::new();
        key().text(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Samples 7, 8 and 9 of NIST's "Block Cipher Modes of Operation FF1", those with AES-256.
    #[test]
    fn the_published_samples_come_out() {
        assert_eq!(masked("0123456789"), "6657667009");
        assert_eq!(masked("01-2345-6789"), "66-5766-7009");
        let numerals = |text: &str| -> Vec<u16> {
            text.chars().map(|c| c.to_digit(36).unwrap() as u16).collect()
        };
        for (radix, tweak, plain, sealed) in [
            (10, "", "0123456789", "6657667009"),
            (10, "39383736353433323130", "0123456789", "1001623463"),
            (36, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
        ] {
            let tweak: Vec<u8> = (0..tweak.len() / 2)
                .map(|at| u8::from_str_radix(&tweak[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            let ff1 = FF1::<Aes256>::new(&KEY, radix).unwrap();
            let out = ff1.encrypt(&tweak, &FlexibleNumeralString::from(numerals(plain))).unwrap();
            assert_eq!(Vec::from(out), numerals(sealed));
        }
    }

    /// Samples 1 to 6, with shorter keys.
    #[test]
    fn the_published_samples_of_shorter_keys_come_out() {
        let numerals = |text: &str| -> Vec<u16> {
            text.chars().map(|c| c.to_digit(36).unwrap() as u16).collect()
        };
        let tweaks: [&[u8]; 3] = [b"", b"9876543210", b"7777pqrs777"];
        let plain = ["0123456789", "0123456789", "0123456789abcdefghi"];
        let radix = [10, 10, 36];
        let short = ["2433477484", "6124200773", "a9tv40mll9kdu509eum"];
        let middle = ["2830668132", "2496655549", "xbj3kv35jrawxv32ysr"];
        for at in 0..3 {
            let text = FlexibleNumeralString::from(numerals(plain[at]));
            let ff1 = FF1::<aes::Aes128>::new(&KEY[..16], radix[at]).unwrap();
            assert_eq!(Vec::from(ff1.encrypt(tweaks[at], &text).unwrap()), numerals(short[at]));
            let ff1 = FF1::<aes::Aes192>::new(&KEY[..24], radix[at]).unwrap();
            assert_eq!(Vec::from(ff1.encrypt(tweaks[at], &text).unwrap()), numerals(middle[at]));
        }
    }

    #[test]
    fn a_fake_has_the_shape_of_the_value() {
        let shape = |text: &str| -> Vec<u8> {
            text.bytes()
                .map(|b| match Alphabet::of(b) {
                    Some(alphabet) => alphabet.first(),
                    None => b,
                })
                .collect()
        };
        for text in
            ["AB-1234 cd", "4242 4242 4242 4242", "GB82 WEST 1234 5698 7654 32", "x9 Yy.zz/12"]
        {
            assert_eq!(shape(&masked(text)), shape(text));
            assert_ne!(masked(text), text);
            assert_eq!(masked(text), masked(text));
        }
    }

    #[test]
    fn what_has_fewer_than_a_million_likes_is_redacted() {
        for (text, redacted) in [
            ("99999", true),
            ("999999", false),
            ("abcd", true),
            ("abcde", false),
            ("A1b2", true),
            ("AB12cd", false),
            ("", true),
            ("--", true),
            ("ü-12345", true),
        ] {
            assert_eq!(masked(text) == "[masked]", redacted, "{text}");
        }
        assert!(masked("ü-123456").starts_with("*-"));
        assert_eq!(masked(&"a1".repeat(20)), "[masked]");
        assert_eq!(masked(&"1".repeat(257)), "[masked]");
        assert_eq!(masked(&"1".repeat(256)).len(), 256);
    }

    #[test]
    fn no_two_values_of_a_shape_share_a_fake() {
        let mut fakes: Vec<_> = (0..3000).map(|n| masked(&format!("AB-{n:04}"))).collect();
        fakes.sort_unstable();
        fakes.dedup();
        assert_eq!(fakes.len(), 3000);
    }
}
