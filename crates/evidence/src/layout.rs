//! The fixed parts of a recording: magic, sizes, kinds of blocks, the preamble.

use bytes::Bytes;
use model::{SessionId, Timestamp};

use crate::key::KeyId;
use crate::pack::Unpack;

/// The end of a recording's file name, without the dot.
pub const EXTENSION: &str = "sluice-rec";

/// The longest body a block may have, and the longest it may be once opened. A reader holds at most
/// one block.
pub const MAX_BLOCK: usize = 64 << 20;

/// The longest an event may be once encoded. What is longer cannot be recorded, so it is not sent.
pub const MAX_FRAME: usize = 62 << 20;

/// How long the part of the preamble is that comes before the key slots.
pub const PREAMBLE_LENGTH: usize = 56;

/// The most a preamble's key slots may take.
pub(crate) const MAX_SLOTS: usize = 16 << 10;

/// No text file starts with it, and a transfer that rewrites line ends breaks it.
pub(crate) const MAGIC: [u8; 8] = *b"\x89SLUICE\n";

/// The version of the format this crate writes.
pub(crate) const VERSION: u16 = 2;

/// A block's length (of its body), kind, and how many frames it holds.
pub(crate) const BLOCK_HEADER: usize = 9;

/// The hash a block ends in.
pub(crate) const HASH: usize = 32;

/// What a block's body is.
pub(crate) mod block {
    /// Frames, compressed and sealed.
    pub(crate) const FRAMES: u8 = 1;
    /// A signature over the chain so far.
    pub(crate) const CHECKPOINT: u8 = 2;
}

/// The first bytes of a recording: which session, from when, signed by which key, and who can open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preamble {
    /// The version of the format.
    pub version: u16,
    /// The session.
    pub session: SessionId,
    /// The time that frames count from.
    pub opened: Timestamp,
    /// Which key signs.
    pub key: KeyId,
    /// The session's key, sealed to each of those who may open the recording.
    pub slots: Vec<Slot>,
}

/// The session's key, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// By a key of the gateway's keyring.
    Keyring {
        /// Which one.
        key: KeyId,
        /// AES-256-GCM of the session's key: see [`crate::KeyringKey::wrap`].
        sealed: [u8; 48],
    },
    /// For auditors: a whole [age](https://age-encryption.org/v1) file that holds the 32 bytes of the
    /// session's key.
    Age(Bytes),
    /// Of a kind this program does not know.
    Unknown {
        /// Its kind.
        kind: u8,
        /// What it holds.
        content: Bytes,
    },
}

const SLOT_KEYRING: u8 = 1;
const SLOT_AGE: u8 = 2;

impl Preamble {
    /// Says how long the slots are: more than [`MAX_SLOTS`] cannot be read back.
    pub(crate) fn put(&self, out: &mut Vec<u8>) -> usize {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.session.to_bytes());
        out.extend_from_slice(&self.opened.as_micros().to_be_bytes());
        out.extend_from_slice(&self.key.0);
        let mut slots = Vec::new();
        for slot in &self.slots {
            slot.put(&mut slots);
        }
        out.extend_from_slice(&(slots.len() as u32).to_be_bytes());
        out.extend_from_slice(&slots);
        slots.len()
    }

    /// How long the preamble that begins so is in all; `None` when it claims more than one may be.
    pub(crate) fn length(fixed: &[u8; PREAMBLE_LENGTH]) -> Option<usize> {
        let [.., a, b, c, d] = *fixed;
        let slots = u32::from_be_bytes([a, b, c, d]) as usize;
        (slots <= MAX_SLOTS).then_some(PREAMBLE_LENGTH + slots)
    }

    /// `Err` says what the bytes are not.
    pub(crate) fn take(bytes: Bytes) -> Result<Self, &'static str> {
        let mut unpack = Unpack::new(bytes);
        if unpack.array() != Some(MAGIC) {
            return Err("it does not begin as a recording");
        }
        let short = "its preamble is too short";
        let (Some(version), Some(flags)) = (unpack.array(), unpack.array::<2>()) else {
            return Err(short);
        };
        let version = u16::from_be_bytes(version);
        if version != VERSION || flags != [0, 0] {
            return Err("it is of a version this program does not know");
        }
        let (Some(session), Some(opened), Some(key), Some(length)) =
            (unpack.array(), unpack.u64(), unpack.array(), unpack.u32())
        else {
            return Err(short);
        };
        if length as usize != unpack.len() {
            return Err("its keys are longer than they may be");
        }
        let mut slots = Vec::new();
        while !unpack.is_empty() {
            slots.push(Slot::take(&mut unpack).ok_or("its keys are not in the format")?);
        }
        let session = SessionId::from_bytes(session);
        let opened = Timestamp::from_micros(opened);
        Ok(Self { version, session, opened, key: KeyId(key), slots })
    }
}

impl Slot {
    fn put(&self, out: &mut Vec<u8>) {
        let mut whole = |kind: u8, parts: &[&[u8]]| {
            out.push(kind);
            let length: usize = parts.iter().map(|part| part.len()).sum();
            out.extend_from_slice(&(length as u16).to_be_bytes());
            parts.iter().for_each(|part| out.extend_from_slice(part));
        };
        match self {
            Self::Keyring { key, sealed } => whole(SLOT_KEYRING, &[&key.0, sealed]),
            Self::Age(file) => whole(SLOT_AGE, &[file]),
            Self::Unknown { kind, content } => whole(*kind, &[content]),
        }
    }

    fn take(unpack: &mut Unpack) -> Option<Self> {
        let kind = unpack.byte()?;
        let length = u16::from_be_bytes(unpack.array()?);
        let content = unpack.split(usize::from(length))?;
        Some(match kind {
            SLOT_KEYRING => {
                let mut unpack = Unpack::new(content);
                let (key, sealed) = (KeyId(unpack.array()?), unpack.array()?);
                unpack.is_empty().then_some(Self::Keyring { key, sealed })?
            }
            SLOT_AGE => Self::Age(content),
            kind => Self::Unknown { kind, content },
        })
    }
}
