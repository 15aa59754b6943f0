//! What was delivered to the client, as a digest.

use ring::digest::{Context, SHA256};

use crate::pack::Unpack;

/// Digests everything a client receives, whether it is stored or not.
pub struct Stream {
    bytes: u64,
    hash: Context,
}

/// What a client received up to some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl Default for Stream {
    fn default() -> Self {
        Self { bytes: 0, hash: Context::new(&SHA256) }
    }
}

impl Stream {
    /// Takes in what was delivered next.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.wrapping_add(bytes.len() as u64);
        self.hash.update(bytes);
    }

    /// What was delivered so far.
    #[must_use]
    pub fn so_far(&self) -> Delivered {
        let mut sha256 = [0; 32];
        let digest = self.hash.clone().finish();
        sha256.iter_mut().zip(digest.as_ref()).for_each(|(out, byte)| *out = *byte);
        Delivered { bytes: self.bytes, sha256 }
    }
}

impl Default for Delivered {
    /// Nothing yet.
    fn default() -> Self {
        Stream::default().so_far()
    }
}

impl Delivered {
    pub(crate) const LENGTH: usize = 8 + 32;

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes.to_be_bytes());
        out.extend_from_slice(&self.sha256);
    }

    pub(crate) fn take(unpack: &mut Unpack) -> Option<Self> {
        Some(Self { bytes: unpack.u64()?, sha256: unpack.array()? })
    }
}
