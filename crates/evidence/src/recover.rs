//! What a recording is that nobody closed, and its end.

use model::Timestamp;

use crate::checkpoint::{Checkpoint, End};
use crate::counts::Counts;
use crate::key::{PublicKey, SigningKey};
use crate::keyring::Keyring;
use crate::layout::{BLOCK_HEADER, HASH, block};
use crate::reader::{Damage, Fault, Item, Reader};
use crate::stream::Delivered;

/// Reads a recording that breaks off, to end it as interrupted.
pub struct Recovery<'k> {
    keyring: &'k Keyring,
    reader: Reader,
    counts: Counts,
    delivered: Delivered,
    /// The last checkpoint, and the chain it must be signed over: it vouches for those before it.
    signed: Option<(Checkpoint, [u8; HASH])>,
    ended: bool,
    damage: Option<Damage>,
}

/// What is to be done with a recording that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has an end.
    Ended,
    /// It breaks off: it is to be cut to this length, and these bytes are its end.
    Interrupted {
        /// How much of it is whole blocks.
        length: u64,
        /// A signed checkpoint that says so.
        end: Vec<u8>,
    },
    /// It is not as it was written: it is left as it is.
    Damaged(Damage),
}

impl<'k> Recovery<'k> {
    /// `keyring` opens it, so that what is in it can be counted.
    #[must_use]
    pub fn new(keyring: &'k Keyring) -> Self {
        Self {
            keyring,
            reader: Reader::new(),
            counts: Counts::default(),
            delivered: Delivered::default(),
            signed: None,
            ended: false,
            damage: None,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.damage.is_some() {
            // What comes behind is not looked at, and need not be held.
            return;
        }
        self.reader.feed(bytes);
        while self.damage.is_none() {
            match self.reader.next() {
                Ok(None) => return,
                Ok(Some(item)) => self.item(item),
                Err(damage) => self.damage = Some(damage),
            }
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Begun(preamble) => {
                if let Some(key) = self.keyring.open(preamble.session, &preamble.slots) {
                    self.reader.unlock(key);
                }
            }
            Item::Frame(frame) => match &frame.event {
                Some(event) => self.counts.add(event),
                None => self.counts.add_unknown(),
            },
            Item::Sealed { frames } => {
                self.counts.frames = self.counts.frames.wrapping_add(u64::from(frames));
            }
            Item::Checkpoint(checkpoint) => {
                self.ended |= checkpoint.end != End::GoesOn;
                self.delivered = checkpoint.delivered;
                self.signed = Some((checkpoint, self.reader.head_before()));
                // Of what stays sealed it is the signature that knows.
                self.counts = checkpoint.counts;
            }
            Item::Unknown { .. } => {}
        }
    }

    /// The verdict, when all bytes were fed. `at`: when it was found so.
    #[must_use]
    pub fn finish(mut self, key: &SigningKey, at: Timestamp) -> Found {
        match self.damage.take().or_else(|| self.reader.finish().err()) {
            Some(damage) if damage.fault != Fault::EndsEarly || self.ended => {
                return Found::Damaged(damage);
            }
            // Nothing of it was ever signed: it is no recording yet.
            Some(damage) if self.reader.blocks() == 0 => return Found::Damaged(damage),
            None if self.ended => return Found::Ended,
            Some(_) | None => {}
        }
        if let Some(damage) = self.not_ours(&key.public()) {
            return Found::Damaged(damage);
        }
        let mut checkpoint = Checkpoint::new(
            at,
            self.reader.position(),
            self.reader.blocks(),
            self.reader.previous(),
            End::Interrupted,
            self.counts,
            self.delivered,
        );
        let chain = self.reader.head();
        checkpoint.sign(key, &chain);
        let mut end = Vec::with_capacity(Checkpoint::BLOCK_LENGTH);
        end.extend_from_slice(&(Checkpoint::LENGTH as u32).to_be_bytes());
        end.push(block::CHECKPOINT);
        end.extend_from_slice(&[0; BLOCK_HEADER - 5]);
        checkpoint.put(&mut end);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&chain);
        hasher.update(&end);
        let hash: [u8; HASH] = *hasher.finalize().as_bytes();
        end.extend_from_slice(&hash);
        Found::Interrupted { length: self.reader.position(), end }
    }

    /// Anybody can make a chain. What somebody else made must not get a signature because it breaks off.
    fn not_ours(&self, key: &PublicKey) -> Option<Damage> {
        match &self.signed {
            Some((last, chain)) if !last.verifies(key, chain) => {
                Some(Damage { position: last.position, fault: Fault::Signature })
            }
            // The second block of a recording is a checkpoint.
            None if self.reader.blocks() > 1 => {
                Some(Damage { position: self.reader.position(), fault: Fault::Unsigned })
            }
            Some(_) | None => None,
        }
    }
}
