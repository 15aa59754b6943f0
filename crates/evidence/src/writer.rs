use std::sync::Arc;

use model::{Ending, Event, SessionHead, Timestamp};

use crate::checkpoint::Checkpoint;
use crate::counts::Counts;
use crate::event;
use crate::key::SigningKey;
use crate::layout::{BLOCK_HEADER, HASH, MAX_FRAME, PREAMBLE_LENGTH, Preamble, VERSION, block};
use crate::pack::put_signed;

/// A block this long is sealed before the next frame goes in, however long its owner waits.
const LONG_BLOCK: usize = 1 << 20;

/// Turns a session's events into the bytes of its recording.
///
/// Frames gather in an open block until [`Self::seal`] hands out the bytes to be written; what was
/// handed out is given up with [`Self::written`].
pub struct Writer {
    key: Arc<SigningKey>,
    /// What was written and is kept, sealed blocks that were not written yet, the open block.
    out: Vec<u8>,
    /// How long the first of these is: nothing, or the last block's hash, so that the next block is
    /// hashed in one go with the hash before it.
    kept: usize,
    /// Where the open block begins in `out`.
    open: Option<usize>,
    /// The hash of everything sealed.
    chain: [u8; HASH],
    /// How much of the recording was written.
    given_up: u64,
    blocks: u64,
    /// How long the last sealed block is.
    previous: u32,
    counts: Counts,
    /// The time of the last frame: the next one counts from it.
    last: Timestamp,
    /// Whether blocks were sealed that no checkpoint covers.
    unsigned: bool,
    closed: bool,
}

/// An event cannot be taken down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It is longer than a frame may be.
    #[error("an event of {0} bytes is longer than a recording takes ({MAX_FRAME})")]
    TooLong(usize),
    /// Opening and closing are the writer's own business.
    #[error("a recording begins and ends once")]
    OutOfPlace,
    /// The head is not to be written as JSON.
    #[error("the session's head cannot be written: {0}")]
    Head(String),
}

impl Writer {
    /// Begins a recording: its preamble, the opening frame and a checkpoint are ready to be written.
    ///
    /// # Errors
    /// The head cannot be written.
    pub fn begin(key: Arc<SigningKey>, head: &SessionHead) -> Result<Self, WriteError> {
        let mut out = Vec::with_capacity(1024);
        let id = key.public().id();
        Preamble { version: VERSION, session: head.id, opened: head.opened, key: id }.put(&mut out);
        let mut writer = Self {
            key,
            chain: *blake3::hash(&out).as_bytes(),
            out,
            kept: 0,
            open: None,
            given_up: 0,
            blocks: 0,
            previous: PREAMBLE_LENGTH as u32,
            counts: Counts::default(),
            last: head.opened,
            unsigned: false,
            closed: false,
        };
        writer.push(head.opened, &Event::Opened(Box::new(head.clone())))?;
        writer.checkpoint(head.opened);
        Ok(writer)
    }

    /// Takes an event down into the open block.
    ///
    /// # Errors
    /// It is too long, or it is one that only [`Self::begin`] and [`Self::close`] write. Nothing of
    /// it was taken down.
    pub fn append(&mut self, at: Timestamp, event: &Event) -> Result<(), WriteError> {
        if self.closed || matches!(event, Event::Opened(_) | Event::Closed(_)) {
            return Err(WriteError::OutOfPlace);
        }
        self.push(at, event)
    }

    /// Seals the open block, if there is one, and hands out everything that waits to be written.
    pub fn seal(&mut self) -> &[u8] {
        self.seal_as(block::FRAMES);
        self.out.get(self.kept..).unwrap_or_default()
    }

    /// Gives up what [`Self::seal`] handed out: it is written.
    pub fn written(&mut self) {
        let sealed = self.open.unwrap_or(self.out.len());
        self.given_up += (sealed - self.kept) as u64;
        let gone = sealed.saturating_sub(HASH);
        self.out.drain(..gone);
        self.kept = sealed - gone;
        if let Some(open) = &mut self.open {
            *open -= gone;
        }
    }

    /// Gives back memory that only a large event needed.
    pub fn shrink(&mut self) {
        self.out.shrink_to(512);
    }

    /// How many bytes of frames are in the open block.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.open.map_or(0, |open| self.out.len() - open)
    }

    /// Whether something was written that no signature covers yet.
    #[must_use]
    pub const fn unsigned(&self) -> bool {
        self.unsigned || self.open.is_some()
    }

    /// Seals the open block and signs the chain, when there is something that was not signed yet.
    pub fn checkpoint(&mut self, at: Timestamp) {
        self.seal_as(block::FRAMES);
        if self.unsigned {
            self.sign(at, false);
        }
    }

    /// Writes the closing frame and the last checkpoint. Nothing can be appended after it.
    ///
    /// # Errors
    /// It was closed before.
    pub fn close(&mut self, ending: &Ending) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::OutOfPlace);
        }
        // The closing frame stands in a block of its own, so that it is found from behind.
        self.seal_as(block::FRAMES);
        self.push(ending.at, &Event::Closed(ending.clone()))?;
        self.seal_as(block::FRAMES);
        self.sign(ending.at, true);
        self.closed = true;
        Ok(())
    }

    /// What was taken down so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    fn push(&mut self, at: Timestamp, event: &Event) -> Result<(), WriteError> {
        let bulk = event::bulk_of(event);
        if bulk > MAX_FRAME {
            return Err(WriteError::TooLong(bulk));
        }
        if self.pending() > LONG_BLOCK {
            self.seal_as(block::FRAMES);
        }
        let before = self.out.len();
        let opened = self.open.is_none();
        if opened {
            self.open = Some(before);
            self.out.extend_from_slice(&[0; BLOCK_HEADER]);
        }
        let mut counts = self.counts;
        counts.add(event);
        match self.frame(at, event, &counts) {
            Ok(()) => {
                self.counts = counts;
                self.last = at;
                Ok(())
            }
            Err(error) => {
                self.out.truncate(before);
                if opened {
                    self.open = None;
                }
                Err(error)
            }
        }
    }

    fn frame(&mut self, at: Timestamp, event: &Event, counts: &Counts) -> Result<(), WriteError> {
        let start = self.out.len();
        self.out.extend_from_slice(&[0, 0, 0, 0, event::kind_of(event)]);
        // Wrapping there and back is exact whatever the clock did.
        let delta = at.as_micros().wrapping_sub(self.last.as_micros());
        put_signed(&mut self.out, delta.cast_signed());
        event::put(&mut self.out, event, counts)
            .map_err(|error| WriteError::Head(error.to_string()))?;
        let length = self.out.len() - start - 4;
        match u32::try_from(length) {
            Ok(bytes) if length <= MAX_FRAME => {
                patch(&mut self.out, start, bytes);
                Ok(())
            }
            _ => Err(WriteError::TooLong(length)),
        }
    }

    fn sign(&mut self, at: Timestamp, last: bool) {
        let position = self.given_up + (self.out.len() - self.kept) as u64;
        let mut checkpoint =
            Checkpoint::new(at, position, self.blocks, self.previous, last, self.counts);
        checkpoint.sign(&self.key, &self.chain);
        self.open = Some(self.out.len());
        self.out.extend_from_slice(&[0; BLOCK_HEADER]);
        checkpoint.put(&mut self.out);
        self.seal_as(block::CHECKPOINT);
        self.unsigned = false;
    }

    fn seal_as(&mut self, kind: u8) {
        let Some(start) = self.open.take() else { return };
        let length = self.out.len() - start - BLOCK_HEADER;
        // A block is at most a long block and a frame: far below 4 GiB.
        patch(&mut self.out, start, length as u32);
        if let Some(byte) = self.out.get_mut(start + 4) {
            *byte = kind;
        }
        // Every block but the first stands right behind the hash before it.
        let before = start.checked_sub(HASH).and_then(|before| self.out.get(before..));
        let hash = match before {
            Some(bytes) if bytes.starts_with(&self.chain) => blake3::hash(bytes),
            _ => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(&self.chain);
                hasher.update(self.out.get(start..).unwrap_or_default());
                hasher.finalize()
            }
        };
        self.chain = *hash.as_bytes();
        self.out.extend_from_slice(&self.chain);
        self.previous = (self.out.len() - start) as u32;
        self.blocks += 1;
        self.unsigned = true;
    }
}

fn patch(out: &mut [u8], start: usize, length: u32) {
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}
