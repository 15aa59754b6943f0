//! Reading a recording.

mod block;
mod damage;
mod mark;

use bytes::{Buf, Bytes, BytesMut};
use model::{Event, SessionId, Timestamp};

use crate::checkpoint::Checkpoint;
use crate::event;
use crate::key::PublicKey;
use crate::layout::{
    BLOCK_HEADER, HASH, MAGIC, MAX_BLOCK, PREAMBLE_LENGTH, Preamble, block as kind,
};
use crate::pack::Unpack;
use crate::seal::SessionKey;
pub use block::{block_events, block_length, closing};
pub use damage::{Damage, Fault};
pub use mark::Mark;

/// Reads a recording as its bytes come in. Holds at most one block.
///
/// The chain is checked before anything of a block is handed out; signatures are the
/// [`Verifier`](crate::Verifier)'s to check. Without the session's key ([`Self::unlock`]) frames stay
/// sealed, and everything else is there.
#[derive(Default)]
pub struct Reader {
    key: Option<SessionKey>,
    buffer: BytesMut,
    /// What is left of the current block.
    frames: Unpack,
    /// How many frames that block says are left, and where it begins.
    frames_left: u32,
    frames_at: u64,
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
    /// So many frames that there is no key for.
    Sealed {
        /// How many.
        frames: u32,
    },
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
    /// Where the block begins that holds it.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it is.
    pub kind: u8,
    /// What it says; `None` when this program does not know the kind, or the words it uses.
    pub event: Option<Event>,
    pub(crate) payload: Bytes,
}

impl Reader {
    /// At the first byte of a recording.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At a mark that another reader left: feed it what follows [`Mark::position`].
    #[must_use]
    pub fn resume(mark: &Mark) -> Self {
        Self {
            position: mark.position,
            chain: mark.chain,
            chain_before: mark.chain,
            blocks: mark.blocks,
            previous: mark.previous,
            last: mark.last,
            session: Some(mark.session),
            frame_index: mark.frames,
            ..Self::default()
        }
    }

    /// Where it stands, when that is between two blocks; nothing before the preamble, within a block's
    /// frames, and once the recording is damaged.
    #[must_use]
    pub const fn mark(&self) -> Option<Mark> {
        let between = self.frames_left == 0 && self.frames.is_empty() && self.damage.is_none();
        match self.session {
            Some(session) if between => Some(Mark {
                session,
                position: self.position,
                chain: self.chain,
                blocks: self.blocks,
                previous: self.previous,
                last: self.last,
                frames: self.frame_index,
            }),
            _ => None,
        }
    }

    /// Takes bytes in. Take everything out with [`Self::next`] before feeding more: what is not
    /// taken out is kept.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.damage.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Opens frames from here on. The preamble's slots say who has the key ([`crate::Keyring::open`]).
    pub fn unlock(&mut self, key: SessionKey) {
        self.key = Some(key);
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

    /// Gives back what memory it holds and does not need until more is fed.
    pub fn rest(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        if self.frames_left == 0 && self.frames.is_empty() {
            self.frames = Unpack::default();
        }
    }

    /// How many frames were handed out.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frame_index
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

    /// How long the last block was that was read.
    pub(crate) const fn previous(&self) -> u32 {
        self.previous
    }

    /// The hash over everything read so far.
    #[must_use]
    pub const fn head(&self) -> [u8; 32] {
        self.chain
    }

    /// The hash over everything before the last block that was read.
    pub(crate) const fn head_before(&self) -> [u8; HASH] {
        self.chain_before
    }

    /// Whether the checkpoint that was just handed out is signed by `key` over what comes before it.
    pub(crate) fn vouched_for(&self, checkpoint: &Checkpoint, key: &PublicKey) -> bool {
        checkpoint.verifies(key, &self.chain_before)
    }

    fn step(&mut self) -> Result<Option<Item>, Damage> {
        loop {
            if self.frames_left > 0 || !self.frames.is_empty() {
                return self.frame().map(|frame| Some(Item::Frame(frame)));
            }
            if self.session.is_none() {
                return self.preamble();
            }
            let before = self.position;
            let (before_blocks, before_length) = (self.blocks, self.previous);
            let Some((header, mut body)) = self.block()? else { return Ok(None) };
            let [_, _, _, _, kind, a, b, c, d] = header;
            let frames = u32::from_be_bytes([a, b, c, d]);
            let malformed = |what| Damage { position: before, fault: Fault::Malformed(what) };
            match kind {
                kind::FRAMES if frames == 0 => {
                    return Err(malformed("a block of frames holds none"));
                }
                kind::FRAMES => {
                    let Some(key) = &self.key else { return Ok(Some(Item::Sealed { frames })) };
                    let opened = block::opened(key, before_blocks, &header, &mut body);
                    let opened = opened.ok_or(Damage { position: before, fault: Fault::Sealed })?;
                    self.frames = Unpack::new(opened);
                    self.frames_left = frames;
                    self.frames_at = before;
                }
                kind::CHECKPOINT => {
                    let checkpoint = Checkpoint::take(body.freeze())
                        .filter(|_| frames == 0)
                        .ok_or_else(|| malformed("a checkpoint is not in the format"))?;
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
        let Some(fixed) = self.buffer.first_chunk::<PREAMBLE_LENGTH>() else { return Ok(None) };
        let begins = fixed.starts_with(&MAGIC);
        let length = Preamble::length(fixed).filter(|_| begins);
        // What is no recording is not waited for; `take` says what is wrong with it.
        let length = length.unwrap_or(PREAMBLE_LENGTH);
        if self.buffer.len() < length {
            return Ok(None);
        }
        let bytes = self.buffer.split_to(length).freeze();
        self.chain = *blake3::hash(&bytes).as_bytes();
        let preamble = Preamble::take(bytes).map_err(|why| self.damage(Fault::NotOne(why)))?;
        self.position = length as u64;
        self.previous = length as u32;
        self.last = preamble.opened;
        self.session = Some(preamble.session);
        Ok(Some(Item::Begun(preamble)))
    }

    /// The next whole block, its hash checked: its header and body.
    fn block(&mut self) -> Result<Option<([u8; BLOCK_HEADER], BytesMut)>, Damage> {
        let Some(&header) = self.buffer.first_chunk::<BLOCK_HEADER>() else { return Ok(None) };
        let [a, b, c, d, ..] = header;
        let declared = u32::from_be_bytes([a, b, c, d]);
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
        let mut block = self.buffer.split_to(whole);
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
        Ok(Some((header, block)))
    }

    fn frame(&mut self) -> Result<Frame, Damage> {
        let position = self.frames_at;
        let malformed = Fault::Malformed("a frame is not in the format");
        let damage = Damage { position, fault: malformed };
        // As many as the block said, no more and no fewer.
        self.frames_left = self.frames_left.checked_sub(1).ok_or_else(|| damage.clone())?;
        let mut body = self.frames.bytes().map(Unpack::new).ok_or_else(|| damage.clone())?;
        if self.frames_left == 0 && !self.frames.is_empty() {
            return Err(damage);
        }
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
