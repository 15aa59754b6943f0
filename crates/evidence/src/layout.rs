//! The fixed parts of a recording: magic, sizes, kinds of blocks, the preamble.

use bytes::Bytes;
use model::{SessionId, Timestamp};

use crate::key::KeyId;
use crate::pack::Unpack;

/// The end of a recording's file name, without the dot.
pub const EXTENSION: &str = "sluice-rec";

/// The longest body a block may have. A reader holds at most one block.
pub const MAX_BLOCK: usize = 64 << 20;

/// The longest an event may be once encoded. What is longer cannot be recorded, so it is not sent.
pub const MAX_FRAME: usize = 62 << 20;

/// How long the preamble is.
pub const PREAMBLE_LENGTH: usize = 52;

/// No text file starts with it, and a transfer that rewrites line ends breaks it.
pub(crate) const MAGIC: [u8; 8] = *b"\x89SLUICE\n";

/// The version of the format this crate writes.
pub(crate) const VERSION: u16 = 1;

/// A block's length (of its body) and kind.
pub(crate) const BLOCK_HEADER: usize = 5;

/// The hash a block ends in.
pub(crate) const HASH: usize = 32;

/// What a block's body is.
pub(crate) mod block {
    /// Frames, as they are.
    pub(crate) const FRAMES: u8 = 1;
    /// A signature over the chain so far.
    pub(crate) const CHECKPOINT: u8 = 2;
}

/// The first bytes of a recording: which session, from when, signed by which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// The version of the format.
    pub version: u16,
    /// The session.
    pub session: SessionId,
    /// The time that frames count from.
    pub opened: Timestamp,
    /// Which key signs.
    pub key: KeyId,
}

impl Preamble {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.session.to_bytes());
        out.extend_from_slice(&self.opened.as_micros().to_be_bytes());
        out.extend_from_slice(&self.key.0);
    }

    /// `Err` says what the bytes are not.
    pub(crate) fn take(bytes: Bytes) -> Result<Self, &'static str> {
        let mut unpack = Unpack::new(bytes);
        if unpack.array() != Some(MAGIC) {
            return Err("it does not begin as a recording");
        }
        let (Some(version), Some(flags)) = (unpack.array(), unpack.array::<2>()) else {
            return Err("its preamble is too short");
        };
        let version = u16::from_be_bytes(version);
        if version != VERSION || flags != [0, 0] {
            return Err("it is of a version this program does not know");
        }
        let (Some(session), Some(opened), Some(key)) =
            (unpack.array(), unpack.u64(), unpack.array())
        else {
            return Err("its preamble is too short");
        };
        let session = SessionId::from_bytes(session);
        let opened = Timestamp::from_micros(opened);
        Ok(Self { version, session, opened, key: KeyId(key) })
    }
}
