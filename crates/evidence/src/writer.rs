//! Both halves of writing a recording, for who needs no thread between them.

use std::io;

use model::{Ending, Event, SessionHead, Timestamp};

use crate::checkpoint::End;
use crate::frames::{FULL, Frames, WriteError};
use crate::sealer::{Keys, Packer, Sealer};
use crate::stream::Stream;

/// Writes a whole recording into memory.
pub struct Writer {
    frames: Frames,
    sealer: Sealer,
    packer: Packer,
    stream: Stream,
    out: Vec<u8>,
}

impl Writer {
    /// Begins a recording.
    ///
    /// # Errors
    /// The head cannot be written, or there is no memory for the compressor.
    pub fn begin(keys: Keys, head: &SessionHead) -> io::Result<Self> {
        let (mut packer, mut out) = (Packer::new()?, Vec::new());
        let (sealer, frames) =
            Sealer::begin(keys, head, &mut packer, &mut out).map_err(io::Error::other)?;
        Ok(Self { frames, sealer, packer, stream: Stream::default(), out })
    }

    /// Takes an event down.
    ///
    /// # Errors
    /// See [`Frames::append`]; a full block is sealed first.
    pub fn append(&mut self, at: Timestamp, event: &Event) -> Result<(), WriteError> {
        if self.frames.len() > FULL {
            self.seal();
        }
        self.frames.append(at, event)
    }

    /// The client was sent these bytes.
    pub fn delivered(&mut self, bytes: &[u8]) {
        self.stream.update(bytes);
    }

    /// Makes a block of what waits.
    pub fn seal(&mut self) {
        let batch = self.frames.take(Vec::new());
        self.sealer.seal(&batch, &mut self.packer, &mut self.out);
    }

    /// Makes a block of what waits, and signs.
    pub fn checkpoint(&mut self, at: Timestamp) {
        self.sign(at, End::GoesOn);
    }

    /// Ends it as one that was interrupted.
    pub fn interrupt(&mut self, at: Timestamp) {
        self.sign(at, End::Interrupted);
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// It was closed before.
    pub fn close(&mut self, ending: &Ending) -> Result<(), WriteError> {
        self.seal();
        self.frames.close(ending)?;
        self.sign(ending.at, End::InOrder);
        Ok(())
    }

    /// How many bytes wait for the next block.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.frames.len()
    }

    /// Whether something was sealed that no signature covers.
    #[must_use]
    pub const fn unsigned(&self) -> bool {
        self.sealer.unsigned()
    }

    /// The recording so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.out
    }

    fn sign(&mut self, at: Timestamp, end: End) {
        self.seal();
        self.sealer.checkpoint(at, self.stream.so_far(), end, &mut self.out);
    }
}
