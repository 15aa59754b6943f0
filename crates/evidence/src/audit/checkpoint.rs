use std::fmt::Write as _;

use crate::key::{KeyId, PublicKey, SigningKey};

/// Says what is signed, so that a signature over one thing can never pass for another.
const CONTEXT: &[u8] = b"sluice audit checkpoint 1\n";

/// The gateway's word that the log up to an entry is as it wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Counts from 1 without a gap.
    pub number: u64,
    /// The last entry it covers.
    pub seq: u64,
    /// Which key signed.
    pub key: KeyId,
    /// Ed25519, over the number, the entry's number and the chain's hash after it.
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// Signs the chain's hash after the entry `seq`.
    #[must_use]
    pub fn sign(key: &SigningKey, number: u64, seq: u64, hash: &[u8; 32]) -> Self {
        let signature = key.sign(&message(number, seq, hash));
        Self { number, seq, key: key.public().id(), signature }
    }

    /// Whether `key` signed it over this hash.
    #[must_use]
    pub fn verifies(&self, key: &PublicKey, hash: &[u8; 32]) -> bool {
        self.key == key.id() && key.verifies(&message(self.number, self.seq, hash), &self.signature)
    }
}

fn message(number: u64, seq: u64, hash: &[u8; 32]) -> Vec<u8> {
    let mut message = Vec::with_capacity(CONTEXT.len() + 48);
    message.extend_from_slice(CONTEXT);
    message.extend_from_slice(&number.to_be_bytes());
    message.extend_from_slice(&seq.to_be_bytes());
    message.extend_from_slice(hash);
    message
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As [`hex`] writes it, and in no other way.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}
