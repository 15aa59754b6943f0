use bytes::Bytes;
use model::Timestamp;

use crate::counts::Counts;
use crate::key::{PublicKey, SigningKey};
use crate::layout::{BLOCK_HEADER, HASH, block};
use crate::pack::Unpack;
use crate::stream::Delivered;

/// Bytes that a checkpoint's signature covers beside the chain: everything but the signature.
const FIELDS: usize = 8 + 8 + 8 + 4 + 1 + 7 * 8 + Delivered::LENGTH;
const SIGNATURE: usize = 64;
/// Says what is signed, so that a signature over one thing can never pass for another.
const CONTEXT: &[u8] = b"sluice recording checkpoint 2\n";

/// The gateway's word that everything before it is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// When it was signed.
    pub at: Timestamp,
    /// Where its block begins.
    pub position: u64,
    /// How many blocks come before it.
    pub blocks: u64,
    /// How long the block before it is, header and hash included: a recording's end can be read
    /// from behind.
    pub previous: u32,
    /// Whether something comes after it.
    pub end: End,
    /// What comes before it, in numbers.
    pub counts: Counts,
    /// What the client had received, stored or not. Where the session was interrupted, as far as it
    /// was known when the last checkpoint before was signed.
    pub delivered: Delivered,
    signature: [u8; SIGNATURE],
}

/// Whether a recording goes on after a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does.
    GoesOn,
    /// The session ended in order.
    InOrder,
    /// The session was interrupted, and the gateway said so when it found its recording without an end.
    Interrupted,
}

impl Checkpoint {
    /// How long its block's body is.
    pub(crate) const LENGTH: usize = FIELDS + SIGNATURE;
    /// How long its block is.
    pub const BLOCK_LENGTH: usize = BLOCK_HEADER + Self::LENGTH + HASH;

    /// An unsigned one. [`Self::sign`] makes it count.
    pub(crate) const fn new(
        at: Timestamp,
        position: u64,
        blocks: u64,
        previous: u32,
        end: End,
        counts: Counts,
        delivered: Delivered,
    ) -> Self {
        let signature = [0; SIGNATURE];
        Self { at, position, blocks, previous, end, counts, delivered, signature }
    }

    pub(crate) fn sign(&mut self, key: &SigningKey, chain: &[u8; HASH]) {
        self.signature = key.sign(&self.message(chain));
    }

    /// Whether `key` signed it over this chain.
    #[must_use]
    pub(crate) fn verifies(&self, key: &PublicKey, chain: &[u8; HASH]) -> bool {
        key.verifies(&self.message(chain), &self.signature)
    }

    fn message(&self, chain: &[u8; HASH]) -> Vec<u8> {
        let mut message = Vec::with_capacity(CONTEXT.len() + HASH + FIELDS);
        message.extend_from_slice(CONTEXT);
        message.extend_from_slice(chain);
        self.put_fields(&mut message);
        message
    }

    fn put_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.as_micros().to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
        out.extend_from_slice(&self.blocks.to_be_bytes());
        out.extend_from_slice(&self.previous.to_be_bytes());
        out.push(match self.end {
            End::GoesOn => 0,
            End::InOrder => 1,
            End::Interrupted => 2,
        });
        self.counts.put(out);
        self.delivered.put(out);
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        self.put_fields(out);
        out.extend_from_slice(&self.signature);
    }

    pub(crate) fn take(body: Bytes) -> Option<Self> {
        if body.len() != Self::LENGTH {
            return None;
        }
        let mut unpack = Unpack::new(body);
        Some(Self {
            at: Timestamp::from_micros(unpack.u64()?),
            position: unpack.u64()?,
            blocks: unpack.u64()?,
            previous: unpack.u32()?,
            end: match unpack.byte()? {
                0 => End::GoesOn,
                1 => End::InOrder,
                2 => End::Interrupted,
                _ => return None,
            },
            counts: Counts::take(&mut unpack)?,
            delivered: Delivered::take(&mut unpack)?,
            signature: unpack.array()?,
        })
    }

    /// Reads the checkpoint a recording ends in from its last [`Self::BLOCK_LENGTH`] bytes, without
    /// checking it: enough for a list, never for a verdict.
    #[must_use]
    pub fn peek(end: &Bytes) -> Option<Self> {
        let mut unpack = Unpack::new(end.clone());
        let length = unpack.u32()? as usize;
        let kind = unpack.byte()?;
        let _frames = unpack.u32()?;
        if length != Self::LENGTH || kind != block::CHECKPOINT {
            return None;
        }
        let body = unpack.rest();
        (body.len() >= Self::LENGTH).then(|| body.slice(..Self::LENGTH)).and_then(Self::take)
    }
}
