//! Events become frames and gather until they are sealed.

use model::{Ending, Event, SessionHead, Timestamp};

use crate::counts::Counts;
use crate::event;
use crate::layout::{MAX_FRAME, MAX_SLOTS};
use crate::pack::{put_signed, put_varint};

/// More than this is a block of its own: a reader holds one block at a time.
pub const FULL: usize = 256 << 10;

/// A session's frames that no block holds yet.
pub struct Frames {
    bytes: Vec<u8>,
    frames: u32,
    counts: Counts,
    /// The time of the last frame: the next one counts from it.
    last: Timestamp,
    closed: bool,
}

/// Frames that make one block.
pub struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: u32,
    pub(crate) counts: Counts,
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
    /// So much waits already that it must be taken first: see [`Frames::take`].
    #[error("more than a block waits to be sealed")]
    Full,
    /// The head is not to be written as JSON.
    #[error("the session's head cannot be written: {0}")]
    Head(String),
    /// The session's key is sealed to more readers than a preamble has room for: nobody could read it.
    #[error("the session's sealed keys take {0} bytes of {MAX_SLOTS}: name fewer recipients")]
    Slots(usize),
}

impl Frames {
    /// With the opening frame.
    pub(crate) fn begin(head: &SessionHead) -> Result<Self, WriteError> {
        let mut frames = Self {
            bytes: Vec::with_capacity(1024),
            frames: 0,
            counts: Counts::default(),
            last: head.opened,
            closed: false,
        };
        frames.push(head.opened, &Event::Opened(Box::new(head.clone())))?;
        Ok(frames)
    }

    /// Takes an event down.
    ///
    /// # Errors
    /// It is too long, too much waits already, or it is one that only the beginning and
    /// [`Self::close`] write. Nothing of it was taken down.
    pub fn append(&mut self, at: Timestamp, event: &Event) -> Result<(), WriteError> {
        if self.closed || matches!(event, Event::Opened(_) | Event::Closed(_)) {
            return Err(WriteError::OutOfPlace);
        }
        self.push(at, event)
    }

    /// Takes down how the session ended. Nothing can be appended after it. What came before it must
    /// have been taken: the closing frame stands in a block of its own, so that it is found from behind.
    ///
    /// # Errors
    /// It was closed before, or frames wait.
    pub fn close(&mut self, ending: &Ending) -> Result<(), WriteError> {
        if self.closed || !self.is_empty() {
            return Err(WriteError::OutOfPlace);
        }
        self.push(ending.at, &Event::Closed(ending.clone()))?;
        self.closed = true;
        Ok(())
    }

    /// How many bytes of frames wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether none waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was taken down so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The time of the last event.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.last
    }

    /// Hands out what waits; `spare`, emptied, is what the next frames gather in.
    pub fn take(&mut self, mut spare: Vec<u8>) -> Batch {
        spare.clear();
        Batch {
            bytes: std::mem::replace(&mut self.bytes, spare),
            frames: std::mem::take(&mut self.frames),
            counts: self.counts,
        }
    }

    fn push(&mut self, at: Timestamp, event: &Event) -> Result<(), WriteError> {
        let bulk = event::bulk_of(event);
        if bulk > MAX_FRAME {
            return Err(WriteError::TooLong(bulk));
        }
        if self.bytes.len() > FULL {
            return Err(WriteError::Full);
        }
        let before = self.bytes.len();
        let mut counts = self.counts;
        counts.add(event);
        match self.frame(at, event, &counts) {
            Ok(()) => {
                self.counts = counts;
                self.last = at;
                self.frames += 1;
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(before);
                Err(error)
            }
        }
    }

    fn frame(&mut self, at: Timestamp, event: &Event, counts: &Counts) -> Result<(), WriteError> {
        let start = self.bytes.len();
        // Most frames are shorter than 128 bytes: their length is patched in, a longer one's is
        // made room for.
        self.bytes.extend_from_slice(&[0, event::kind_of(event)]);
        // Wrapping there and back is exact whatever the clock did.
        let delta = at.as_micros().wrapping_sub(self.last.as_micros());
        put_signed(&mut self.bytes, delta.cast_signed());
        event::put(&mut self.bytes, event, counts)
            .map_err(|error| WriteError::Head(error.to_string()))?;
        let length = self.bytes.len() - start - 1;
        if length > MAX_FRAME {
            return Err(WriteError::TooLong(length));
        }
        let mut prefix = Vec::new();
        if length < 0x80 {
            if let Some(place) = self.bytes.get_mut(start) {
                *place = length as u8;
            }
        } else {
            put_varint(&mut prefix, length as u64);
            self.bytes.splice(start..=start, prefix);
        }
        Ok(())
    }
}

impl Batch {
    /// Whether it holds no frame.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The buffer, for the next frames.
    #[must_use]
    pub fn into_spare(self) -> Vec<u8> {
        self.bytes
    }
}
