//! What a Sluice token looks like: `slc_`, 43 characters that hold 256 random bits, 6 that check them.
//!
//! The prefix lets scanners of leaked secrets find it; the checksum lets us refuse a mistyped one
//! without a look into the store. What is stored is a plain BLAKE3 hash: a slow, salted hash
//! protects secrets that people choose, and nobody guesses 256 random bits however fast the hash is.

use model::Secret;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

const PREFIX: &str = "slc_";
const RANDOM: usize = 43;
const CHECK: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether it claims to be a token of ours rather than a provider's.
pub(crate) fn is_ours(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// A new token; `None` when the machine has no randomness to give.
pub(super) fn generate() -> Option<Secret> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(bytes.as_mut_slice()).ok()?;
    let mut text = String::with_capacity(PREFIX.len() + RANDOM + CHECK);
    text.push_str(PREFIX);
    push_base62(&mut text, bytes.as_slice(), RANDOM);
    let check = checksum(&text);
    push_base62(&mut text, &check, CHECK);
    Some(text.into())
}

/// What is stored in its place; `None` when it cannot be a token of ours.
pub(super) fn hash(token: &str) -> Option<[u8; 32]> {
    let well_formed = token.len() == PREFIX.len() + RANDOM + CHECK
        && token.starts_with(PREFIX)
        && token.bytes().skip(PREFIX.len()).all(|byte| byte.is_ascii_alphanumeric());
    if !well_formed {
        return None;
    }
    let (text, check) = token.split_at(PREFIX.len() + RANDOM);
    let mut expected = String::with_capacity(CHECK);
    push_base62(&mut expected, &checksum(text), CHECK);
    (expected == check).then(|| {
        *blake3::Hasher::new_derive_key("sluice token v1")
            .update(token.as_bytes())
            .finalize()
            .as_bytes()
    })
}

/// What is stored in place of a secret where the token is an SSH key, as SSH writes it.
pub(super) fn hash_of_key(key: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new_derive_key("sluice ssh key v1").update(key).finalize().as_bytes()
}

fn checksum(text: &str) -> [u8; 4] {
    let hash = blake3::derive_key("sluice token checksum v1", text.as_bytes());
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// The number that `bytes` spell, in exactly `length` digits, which must be enough for it.
fn push_base62(text: &mut String, bytes: &[u8], length: usize) {
    let mut number = Zeroizing::new(bytes.to_vec());
    for _ in 0..length {
        let mut remainder = 0u32;
        for byte in number.iter_mut() {
            let value = remainder * 256 + u32::from(*byte);
            // Both fit: the quotient of a number below 62 * 256 is below 256.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        let digit = DIGITS.get(remainder as usize).copied().unwrap_or(b'0');
        text.push(char::from(digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_a_prefix_and_a_checksum() {
        let tokens: Vec<_> = (0..100).map(|_| generate().unwrap()).collect();
        for token in &tokens {
            let text = token.expose_str().unwrap();
            assert!(is_ours(text) && text.len() == 53, "{text}");
            assert!(hash(text).is_some());
        }
        let mut hashes: Vec<_> = tokens.iter().map(|t| hash(t.expose_str().unwrap())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 100);
        // 62^43 > 2^256: the digits hold every bit.
        let mut all_ones = String::new();
        push_base62(&mut all_ones, &[0xFF; 32], RANDOM);
        assert_ne!(all_ones.chars().last(), Some('0'));
    }

    #[test]
    fn a_mistyped_token_is_refused_without_the_store() {
        let token = generate().unwrap();
        let text = token.expose_str().unwrap();
        for position in 0..text.len() {
            let mut wrong = text.to_owned().into_bytes();
            wrong[position] = if wrong[position] == b'a' { b'b' } else { b'a' };
            assert_eq!(hash(std::str::from_utf8(&wrong).unwrap()), None, "at {position}");
        }
        for wrong in [&text[..52], &format!("{text}0"), "slc_", "", &"slc_é".repeat(9)] {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
