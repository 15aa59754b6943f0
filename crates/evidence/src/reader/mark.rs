//! Where a reader stands.

use bytes::Bytes;
use model::{SessionId, Timestamp};

use crate::layout::HASH;
use crate::pack::Unpack;

/// Where a reader stands between two blocks: what another one needs to go on from there, without the
/// bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub(super) session: SessionId,
    pub(super) position: u64,
    pub(super) chain: [u8; HASH],
    pub(super) blocks: u64,
    pub(super) previous: u32,
    pub(super) last: Timestamp,
    pub(super) frames: u64,
}

impl Mark {
    /// How long [`Self::to_bytes`] is.
    pub const LENGTH: usize = 84;

    /// The first byte that was not read.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The mark as bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut out = Vec::with_capacity(Self::LENGTH);
        out.extend_from_slice(&self.session.to_bytes());
        out.extend_from_slice(&self.chain);
        for number in [self.position, self.blocks, self.last.as_micros(), self.frames] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.previous.to_be_bytes());
        out.first_chunk().copied().unwrap_or([0; Self::LENGTH])
    }

    /// From what [`Self::to_bytes`] gave.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut unpack = Unpack::new(Bytes::copy_from_slice(bytes));
        let (session, chain) = (SessionId::from_bytes(unpack.array()?), unpack.array()?);
        let (position, blocks) = (unpack.u64()?, unpack.u64()?);
        let (last, frames) = (Timestamp::from_micros(unpack.u64()?), unpack.u64()?);
        let previous = unpack.u32()?;
        let whole = unpack.is_empty();
        whole.then_some(Self { session, position, chain, blocks, previous, last, frames })
    }
}
