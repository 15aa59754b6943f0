//! Frames become blocks: compressed, sealed, chained; and signatures vouch for them.

use std::sync::Arc;

use model::{SessionHead, Timestamp};
use zstd::bulk::Compressor;

use crate::checkpoint::{Checkpoint, End};
use crate::counts::Counts;
use crate::frames::{Batch, Frames, WriteError};
use crate::key::SigningKey;
use crate::layout::{BLOCK_HEADER, HASH, MAX_SLOTS, Preamble, Slot, VERSION, block};
use crate::seal::{SessionKey, TAG};
use crate::stream::Delivered;

/// How a block's frames are written before they are sealed.
pub(crate) mod codec {
    /// As they are.
    pub(crate) const PLAIN: u8 = 0;
    /// As one zstd frame (RFC 8878).
    pub(crate) const ZSTD: u8 = 1;
}

/// What stands before the frames in a sealed body: the codec, and how long they are.
pub(crate) const BODY_HEADER: usize = 5;
/// Less is not worth compressing.
const WORTH_PACKING: usize = 64;
/// zstd's fastest level: a recording must not cost more than what it records.
const LEVEL: i32 = 1;

/// The keys a recording is begun with.
pub struct Keys {
    /// Signs the checkpoints.
    pub signing: Arc<SigningKey>,
    /// Seals the blocks. Never used for another recording.
    pub session: SessionKey,
    /// The same key, sealed to each of those who may open the recording.
    pub slots: Vec<Slot>,
}

/// Compresses. It needs much memory and keeps no state: one for all recordings of a thread.
pub struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

/// Writes one recording's blocks.
pub struct Sealer {
    signing: Arc<SigningKey>,
    key: SessionKey,
    /// The hash of the preamble.
    first: [u8; HASH],
    /// The hash of everything sealed.
    chain: [u8; HASH],
    /// How long the recording is.
    position: u64,
    blocks: u64,
    /// How long the last block is.
    previous: u32,
    /// Of what is sealed.
    counts: Counts,
    /// Whether blocks were sealed that no checkpoint covers.
    unsigned: bool,
    ended: bool,
}

impl Packer {
    /// Reserves what compressing takes.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, packed: Vec::new() })
    }

    /// Appends the codec, the length and the frames, compressed where that makes them shorter.
    fn pack(&mut self, frames: &[u8], out: &mut Vec<u8>) {
        let mut put = |codec: u8, bytes: &[u8]| {
            out.push(codec);
            out.extend_from_slice(&(frames.len() as u32).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        if frames.len() >= WORTH_PACKING {
            self.packed.clear();
            self.packed.reserve(zstd::zstd_safe::compress_bound(frames.len()));
            // What cannot be compressed for want of memory is kept as it is.
            let packed = self.compressor.compress_to_buffer(frames, &mut self.packed);
            if packed.is_ok_and(|length| length < frames.len()) {
                return put(codec::ZSTD, &self.packed);
            }
        }
        put(codec::PLAIN, frames);
    }
}

impl Sealer {
    /// Begins a recording: its preamble, the opening frame and a checkpoint are appended to `out`.
    ///
    /// # Errors
    /// The head cannot be written, or there are more slots than a preamble holds.
    pub fn begin(
        keys: Keys,
        head: &SessionHead,
        packer: &mut Packer,
        out: &mut Vec<u8>,
    ) -> Result<(Self, Frames), WriteError> {
        let mut frames = Frames::begin(head)?;
        let before = out.len();
        let slots = Preamble {
            version: VERSION,
            session: head.id,
            opened: head.opened,
            key: keys.signing.public().id(),
            slots: keys.slots,
        }
        .put(out);
        if slots > MAX_SLOTS {
            out.truncate(before);
            return Err(WriteError::Slots(slots));
        }
        let preamble = out.get(before..).unwrap_or_default();
        let first = *blake3::hash(preamble).as_bytes();
        let mut sealer = Self {
            signing: keys.signing,
            key: keys.session,
            first,
            chain: first,
            position: preamble.len() as u64,
            blocks: 0,
            previous: preamble.len() as u32,
            counts: Counts::default(),
            unsigned: false,
            ended: false,
        };
        sealer.seal(&frames.take(Vec::new()), packer, out);
        sealer.checkpoint(head.opened, Delivered::default(), End::GoesOn, out);
        Ok((sealer, frames))
    }

    /// Appends the block of these frames.
    pub fn seal(&mut self, batch: &Batch, packer: &mut Packer, out: &mut Vec<u8>) {
        if batch.is_empty() || self.ended {
            return;
        }
        let start = out.len();
        out.extend_from_slice(&[0; BLOCK_HEADER]);
        packer.pack(&batch.bytes, out);
        let length = out.len() - start - BLOCK_HEADER + TAG;
        let header = header(length, block::FRAMES, batch.frames);
        if let Some(place) = out.get_mut(start..start + BLOCK_HEADER) {
            place.copy_from_slice(&header);
        }
        self.key.seal(self.blocks, &header, out, start + BLOCK_HEADER);
        self.counts = batch.counts;
        self.chain(start, out);
    }

    /// Signs what was sealed, when there is something that was not signed yet or the recording ends.
    /// `delivered` is what the client had received of what is recorded.
    pub fn checkpoint(&mut self, at: Timestamp, delivered: Delivered, end: End, out: &mut Vec<u8>) {
        if self.ended || (!self.unsigned && end == End::GoesOn) {
            return;
        }
        let mut checkpoint = Checkpoint::new(
            at,
            self.position,
            self.blocks,
            self.previous,
            end,
            self.counts,
            delivered,
        );
        checkpoint.sign(&self.signing, &self.chain);
        let start = out.len();
        out.extend_from_slice(&header(Checkpoint::LENGTH, block::CHECKPOINT, 0));
        checkpoint.put(out);
        self.chain(start, out);
        self.unsigned = false;
        self.ended = end != End::GoesOn;
    }

    /// Whether something was sealed that no signature covers yet.
    #[must_use]
    pub const fn unsigned(&self) -> bool {
        self.unsigned
    }

    /// How long the recording is with everything that was appended so far.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The first hash of the chain, over the preamble: what an audit log keeps of a recording that
    /// begins.
    #[must_use]
    pub const fn first(&self) -> [u8; 32] {
        self.first
    }

    /// What was sealed, in numbers.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The hash over the whole recording so far: what an audit log keeps of one that ended.
    #[must_use]
    pub const fn head(&self) -> [u8; 32] {
        self.chain
    }

    /// Chains the block that begins at `start`.
    fn chain(&mut self, start: usize, out: &mut Vec<u8>) {
        let block = out.get(start..).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain);
        hasher.update(block);
        self.chain = *hasher.finalize().as_bytes();
        let length = block.len() + HASH;
        out.extend_from_slice(&self.chain);
        self.position += length as u64;
        self.previous = length as u32;
        self.blocks += 1;
        self.unsigned = true;
    }
}

/// A block is at most some 62 MiB of frames: far below 4 GiB.
fn header(length: usize, kind: u8, frames: u32) -> [u8; BLOCK_HEADER] {
    let mut header = [0; BLOCK_HEADER];
    let (a, b) = ((length as u32).to_be_bytes(), frames.to_be_bytes());
    let bytes = a.into_iter().chain([kind]).chain(b);
    header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    header
}
