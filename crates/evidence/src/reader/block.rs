//! A block by itself, without the chain before it.

use std::cell::RefCell;

use bytes::Bytes;
use model::{Ending, Event};
use zstd::bulk::Decompressor;

use crate::checkpoint::Checkpoint;
use crate::counts::Counts;
use crate::event;
use crate::layout::{BLOCK_HEADER, HASH, MAX_BLOCK, block};
use crate::pack::Unpack;
use crate::seal::SessionKey;
use crate::sealer::{BODY_HEADER, codec};

/// The events of one block of frames, from the block's own bytes and its number, counted from 0. The
/// chain is not checked; that the session's key sealed just this as this block is. `None` when it did
/// not. Events of kinds that this program does not know are left out.
#[must_use]
pub fn block_events(bytes: &[u8], number: u64, key: &SessionKey) -> Option<Vec<Event>> {
    let (header, rest) = bytes.split_first_chunk::<BLOCK_HEADER>()?;
    let [a, b, c, d, block::FRAMES, ..] = *header else { return None };
    let body = rest.get(..u32::from_be_bytes([a, b, c, d]) as usize)?;
    let mut frames = Unpack::new(opened(key, number, header, &mut body.to_vec())?);
    let mut events = Vec::new();
    while !frames.is_empty() {
        let mut frame = Unpack::new(frames.bytes()?);
        let kind = frame.byte()?;
        frame.signed()?;
        events.extend(event::take(kind, frame.rest()));
    }
    Some(events)
}

/// How long the block is that begins with these bytes, in all; `None` when they are too few, or claim
/// what no block is.
#[must_use]
pub fn block_length(begins: &[u8]) -> Option<usize> {
    let &[a, b, c, d, ..] = begins.first_chunk::<BLOCK_HEADER>()?;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    (length > 0 && length <= MAX_BLOCK).then_some(BLOCK_HEADER + length + HASH)
}

/// How the session ended and what the recording holds, from a closed recording's last block but one,
/// which [`Checkpoint::previous`] says how long it is and [`Checkpoint::blocks`] which. Its hash is not
/// checked: enough for a list, never for a verdict.
#[must_use]
pub fn closing(end: &[u8], last: &Checkpoint, key: &SessionKey) -> Option<(Ending, Counts)> {
    let (header, rest) = end.split_first_chunk::<BLOCK_HEADER>()?;
    let body = rest.get(..rest.len().checked_sub(HASH)?)?;
    let frames = opened(key, last.blocks.checked_sub(1)?, header, &mut body.to_vec())?;
    let mut frames = Unpack::new(frames);
    let mut frame = Unpack::new(frames.bytes()?);
    let kind = frame.byte()?;
    frame.signed()?;
    let payload = frame.rest();
    match event::take(kind, payload.clone())? {
        Event::Closed(ending) => Some((ending, event::take_closing_counts(payload)?)),
        _ => None,
    }
}

/// The frames of a sealed body. `None`: the key is another's, or what it sealed is not in the format.
pub(super) fn opened(
    key: &SessionKey,
    block: u64,
    header: &[u8; BLOCK_HEADER],
    body: &mut [u8],
) -> Option<Bytes> {
    let plain = key.open(block, header, body)?;
    let (&[codec, a, b, c, d], packed) = plain.split_first_chunk::<BODY_HEADER>()?;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MAX_BLOCK {
        return None;
    }
    let frames = match codec {
        codec::PLAIN => Bytes::copy_from_slice(packed),
        // Whoever holds the key wrote the length; nothing is reserved beyond what a block may be.
        codec::ZSTD => unpacked(packed, length)?.into(),
        _ => return None,
    };
    (frames.len() == length).then_some(frames)
}

/// What was compressed, at most `length` bytes. A context for it is larger than most blocks, and made once
/// for a thread.
fn unpacked(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    thread_local! {
        static CONTEXT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    CONTEXT.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            none => none.insert(Decompressor::new().ok()?),
        };
        context.decompress(packed, length).ok()
    })
}
