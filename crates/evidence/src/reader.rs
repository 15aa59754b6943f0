use bytes::{Buf, Bytes, BytesMut};
use model::{Ending, Event, SessionId, Timestamp};

use crate::checkpoint::Checkpoint;
use crate::counts::Counts;
use crate::event;
use crate::key::PublicKey;
use crate::layout::{BLOCK_HEADER, HASH, MAX_BLOCK, PREAMBLE_LENGTH, Preamble, block};
use crate::pack::Unpack;

/// Reads a recording as its bytes come in. Holds at most one block.
///
/// The chain is checked before anything of a block is handed out; signatures are the
/// [`Verifier`](crate::Verifier)'s to check.
#[derive(Default)]
pub struct Reader {
    buffer: BytesMut,
    /// What is left of the current block.
    frames: Unpack,
    /// Where the next unread byte of `frames` stands in the recording.
    frame_position: u64,
    /// How many bytes were taken off the buffer.
    position: u64,
    chain: [u8; HASH],
    /// The chain before the last block.
    chain_before: [u8; HASH],
    blocks: u64,
    previous: u32,
    last: Timestamp,
    session: Option<SessionId>,
    frame_index: u64,
    damage: Option<Damage>,
}

/// One thing found in a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// It begins.
    Begun(Preamble),
    /// A frame.
    Frame(Frame),
    /// A signature over everything before it. Not checked yet.
    Checkpoint(Checkpoint),
    /// A block of a kind this program does not know. The chain goes through it.
    Unknown {
        /// Its kind.
        kind: u8,
    },
}

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counts a recording's frames from 1.
    pub index: u64,
    /// Where it begins in the recording.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it is.
    pub kind: u8,
    /// What it says; `None` when this program does not know the kind, or the words it uses.
    pub event: Option<Event>,
    pub(crate) payload: Bytes,
}

/// How the session ended and what the recording holds, from a closed recording's last block but one
/// ([`Checkpoint::previous`] says how long it is). Not checked: enough for a list, never for a verdict.
#[must_use]
pub fn closing(end: &[u8]) -> Option<(Ending, Counts)> {
    let frame = end.get(BLOCK_HEADER..end.len().checked_sub(HASH)?)?;
    let mut frame = Unpack::new(Bytes::copy_from_slice(frame));
    frame.u32()?;
    let kind = frame.byte()?;
    frame.signed()?;
    let payload = frame.rest();
    match event::take(kind, payload.clone())? {
        Event::Closed(ending) => Some((ending, event::take_closing_counts(payload)?)),
        _ => None,
    }
}

/// A recording cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {position}: {fault}")]
pub struct Damage {
    /// Everything before this byte is as it was written.
    pub position: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends in the middle of something.
    #[error("the recording ends in the middle of a block")]
    EndsEarly,
    /// It is no recording, or not one this program can read.
    #[error("not a recording: {0}")]
    NotOne(&'static str),
    /// A length that no writer writes.
    #[error("a block claims to be {0} bytes long")]
    Length(u32),
    /// The chain does not hold.
    #[error("the hash chain breaks: something was changed, removed or inserted")]
    Chain,
    /// The chain holds, but what it holds is not in the format.
    #[error("{0}")]
    Malformed(&'static str),
    /// The signature is not that of the key.
    #[error("the signature is not the key's")]
    Signature,
    /// It was signed by another key than the one it is checked against.
    #[error("signed by the key {signed_by}, checked against the key {checked_against}")]
    OtherKey {
        /// The one it names.
        signed_by: String,
        /// The one it was checked against.
        checked_against: String,
    },
    /// Signed numbers do not fit what was read.
    #[error("a checkpoint does not fit what comes before it")]
    Numbers,
    /// Nothing in it is signed.
    #[error("nothing in it is signed")]
    Unsigned,
    /// There is more after its end.
    #[error("something follows the end of the recording")]
    AfterTheEnd,
}

impl Reader {
    /// At the first byte of a recording.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes in. Take everything out with [`Self::next`] before feeding more: what is not
    /// taken out is kept.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.damage.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next thing found, or nothing until more is fed.
    ///
    /// # Errors
    /// The recording is damaged. It stays so.
    #[expect(
        clippy::should_implement_trait,
        reason = "an end of input is not the end of a recording"
    )]
    pub fn next(&mut self) -> Result<Option<Item>, Damage> {
        if let Some(damage) = &self.damage {
            return Err(damage.clone());
        }
        let step = self.step();
        if let Err(damage) = &step {
            self.damage = Some(damage.clone());
            self.buffer = BytesMut::new();
        }
        step
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// Something was begun and not ended.
    pub fn finish(&self) -> Result<(), Damage> {
        match &self.damage {
            Some(damage) => Err(damage.clone()),
            None if self.buffer.is_empty() && self.session.is_some() => Ok(()),
            None => Err(self.damage(Fault::EndsEarly)),
        }
    }

    /// Where the first block begins that was not read to its end.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// How many blocks were read.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Whether the checkpoint that was just handed out is signed by `key` over what comes before it.
    pub(crate) fn vouched_for(&self, checkpoint: &Checkpoint, key: &PublicKey) -> bool {
        checkpoint.verifies(key, &self.chain_before)
    }

    fn step(&mut self) -> Result<Option<Item>, Damage> {
        loop {
            if !self.frames.is_empty() {
                return self.frame().map(|frame| Some(Item::Frame(frame)));
            }
            if self.session.is_none() {
                return self.preamble();
            }
            let before = self.position;
            let (before_blocks, before_length) = (self.blocks, self.previous);
            let Some((kind, body)) = self.block()? else { return Ok(None) };
            match kind {
                block::FRAMES => {
                    self.frames = Unpack::new(body);
                    self.frame_position = before + BLOCK_HEADER as u64;
                }
                block::CHECKPOINT => {
                    let malformed = Fault::Malformed("a checkpoint is not in the format");
                    let checkpoint = Checkpoint::take(body)
                        .ok_or(Damage { position: before, fault: malformed })?;
                    let fits = checkpoint.position == before
                        && checkpoint.blocks == before_blocks
                        && checkpoint.previous == before_length;
                    if !fits {
                        return Err(Damage { position: before, fault: Fault::Numbers });
                    }
                    return Ok(Some(Item::Checkpoint(checkpoint)));
                }
                kind => return Ok(Some(Item::Unknown { kind })),
            }
        }
    }

    fn preamble(&mut self) -> Result<Option<Item>, Damage> {
        if self.buffer.len() < PREAMBLE_LENGTH {
            return Ok(None);
        }
        let bytes = self.buffer.split_to(PREAMBLE_LENGTH).freeze();
        self.chain = *blake3::hash(&bytes).as_bytes();
        let preamble = Preamble::take(bytes).map_err(|why| self.damage(Fault::NotOne(why)))?;
        self.position = PREAMBLE_LENGTH as u64;
        self.previous = PREAMBLE_LENGTH as u32;
        self.last = preamble.opened;
        self.session = Some(preamble.session);
        Ok(Some(Item::Begun(preamble)))
    }

    /// The next whole block, its hash checked: its kind and body.
    fn block(&mut self) -> Result<Option<(u8, Bytes)>, Damage> {
        let mut header = self.buffer.as_ref();
        let (Ok(declared), Ok(kind)) = (header.try_get_u32(), header.try_get_u8()) else {
            return Ok(None);
        };
        let length = declared as usize;
        if length > MAX_BLOCK || length == 0 {
            return Err(self.damage(Fault::Length(declared)));
        }
        let whole = BLOCK_HEADER + length + HASH;
        let Some(hashed) = self.buffer.get(..BLOCK_HEADER + length) else { return Ok(None) };
        if self.buffer.len() < whole {
            return Ok(None);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain);
        hasher.update(hashed);
        let chain = *hasher.finalize().as_bytes();
        let mut block = self.buffer.split_to(whole).freeze();
        if block.get(BLOCK_HEADER + length..) != Some(&chain) {
            // The first hash is the preamble's too.
            let position = if self.blocks == 0 { 0 } else { self.position };
            return Err(Damage { position, fault: Fault::Chain });
        }
        self.chain_before = std::mem::replace(&mut self.chain, chain);
        self.position += whole as u64;
        self.previous = whole as u32;
        self.blocks += 1;
        block.advance(BLOCK_HEADER);
        block.truncate(length);
        Ok(Some((kind, block)))
    }

    fn frame(&mut self) -> Result<Frame, Damage> {
        let position = self.frame_position;
        let malformed = Fault::Malformed("a frame is not in the format");
        let damage = Damage { position, fault: malformed };
        let length = self.frames.u32().ok_or_else(|| damage.clone())?;
        let body = self.frames.split(length as usize).ok_or_else(|| damage.clone())?;
        self.frame_position += 4 + u64::from(length);
        let mut body = Unpack::new(body);
        let (Some(kind), Some(delta)) = (body.byte(), body.signed()) else { return Err(damage) };
        self.last =
            Timestamp::from_micros(self.last.as_micros().wrapping_add(delta.cast_unsigned()));
        self.frame_index += 1;
        let payload = body.rest();
        let event = event::take(kind, payload.clone());
        Ok(Frame { index: self.frame_index, position, at: self.last, kind, event, payload })
    }

    const fn damage(&self, fault: Fault) -> Damage {
        Damage { position: self.position, fault }
    }
}
