//! A session's key, and the blocks it seals.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// What AES-256-GCM adds to what it seals.
pub(crate) const TAG: usize = 16;

/// Seals and opens one session's blocks. No `Debug`, no `Clone`: it stays where it was made.
///
/// A key seals one recording and nothing else: a block's nonce is its place in it (NIST SP 800-38D,
/// 8.2.1, the deterministic construction).
pub struct SessionKey {
    bytes: Zeroizing<[u8; 32]>,
    aead: LessSafeKey,
}

impl SessionKey {
    /// The key of these bytes: 32 of a generator fit for keys, never used before.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { aead: aead(&bytes), bytes }
    }

    /// Its bytes, to be sealed to whoever may open the recording.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals what stands in `out` from `from` on, in place; the tag follows.
    pub(crate) fn seal(&self, block: u64, header: &[u8], out: &mut Vec<u8>, from: usize) {
        seal(&self.aead, nonce(block), header, out, from);
    }

    /// Opens a sealed body in place; `None` when it is not what this key sealed there.
    pub(crate) fn open<'b>(
        &self,
        block: u64,
        header: &[u8],
        body: &'b mut [u8],
    ) -> Option<&'b mut [u8]> {
        self.aead.open_in_place(nonce(block), Aad::from(header), body).ok()
    }
}

pub(crate) fn aead(key: &[u8; 32]) -> LessSafeKey {
    let Ok(key) = UnboundKey::new(&AES_256_GCM, key) else {
        unreachable!("32 bytes are what AES-256 takes")
    };
    LessSafeKey::new(key)
}

/// Seals the end of a buffer in place and appends the tag.
pub(crate) fn seal(key: &LessSafeKey, nonce: Nonce, aad: &[u8], out: &mut Vec<u8>, from: usize) {
    let plain = out.get_mut(from..).unwrap_or_default();
    let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::from(aad), plain) else {
        unreachable!("a block is far shorter than the 64 GiB that GCM seals at once")
    };
    out.extend_from_slice(tag.as_ref());
}

fn nonce(block: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    if let Some(place) = bytes.last_chunk_mut() {
        *place = block.to_be_bytes();
    }
    Nonce::assume_unique_for_key(bytes)
}
