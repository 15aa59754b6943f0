//! Bytes that arrived and are not used yet, whatever pieces they came in.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use model::Peer;

use crate::postgres::frame::{self, BadFrame, HEADER, Header};

/// Remainders up to this size are copied out of the chunk they came in, so that a few bytes of the
/// next message do not keep a whole read buffer alive while a session is idle.
const SMALL_REMAINDER: usize = 4096;

/// One direction's bytes, in order. A message that came in one piece is handed on without a copy.
pub(super) struct Inbox {
    from: Peer,
    front: Bytes,
    rest: VecDeque<Bytes>,
    len: usize,
}

impl Inbox {
    pub(super) const fn new(from: Peer) -> Self {
        Self { from, front: Bytes::new(), rest: VecDeque::new(), len: 0 }
    }

    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        if self.front.is_empty() {
            self.front = bytes;
        } else if !bytes.is_empty() {
            self.rest.push_back(bytes);
        }
    }

    /// Bytes that are waiting.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The header of the next message, when it is all there.
    pub(super) fn header(&mut self) -> Result<Option<Header>, BadFrame> {
        if self.front.len() < HEADER {
            // An unknown type is told by its first byte; else wait for the whole header.
            if self.len < HEADER {
                return frame::header(self.from, &self.front).map(|_| None);
            }
            self.join(HEADER);
        }
        frame::header(self.from, &self.front)
    }

    /// The chunk at the front: whole messages in it can be walked in place.
    pub(super) const fn front(&self) -> &Bytes {
        &self.front
    }

    /// Takes exactly `count` bytes, once that many are there.
    pub(super) fn take(&mut self, count: usize) -> Option<Bytes> {
        if self.len < count {
            return None;
        }
        if self.front.len() < count {
            self.join(count);
        }
        let taken = self.front.split_to(count);
        self.len -= count;
        self.advance();
        Some(taken)
    }

    /// Puts back what was just taken.
    pub(super) fn put_back(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        let front = std::mem::replace(&mut self.front, bytes);
        if !front.is_empty() {
            self.rest.push_front(front);
        }
    }

    /// Takes what there is in one piece, up to `most` bytes.
    pub(super) fn take_some(&mut self, most: usize) -> Bytes {
        let count = self.front.len().min(most);
        let taken = self.front.split_to(count);
        self.len -= count;
        self.advance();
        taken
    }

    /// Lets go of the buffer a small remainder came in.
    pub(super) fn settle(&mut self) {
        if self.rest.is_empty() && !self.front.is_empty() && self.front.len() <= SMALL_REMAINDER {
            self.front = Bytes::copy_from_slice(&self.front);
        }
    }

    fn advance(&mut self) {
        if self.front.is_empty() {
            self.front = self.rest.pop_front().unwrap_or_default();
        }
    }

    /// Makes the front chunk at least `count` long; there are at least that many bytes.
    fn join(&mut self, count: usize) {
        let mut joined = BytesMut::with_capacity(count);
        joined.extend_from_slice(&self.front);
        while joined.len() < count {
            let Some(mut next) = self.rest.pop_front() else { break };
            joined.extend_from_slice(&next.split_to(next.len().min(count - joined.len())));
            if !next.is_empty() {
                self.rest.push_front(next);
            }
        }
        self.front = joined.freeze();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let mut inbox = Inbox::new(Peer::Client);
        let chunk = Bytes::from_static(b"S\0\0\0\x04S\0\0\0\x04");
        inbox.feed(chunk.clone());
        let taken = inbox.take(5).unwrap();
        assert_eq!(taken.as_ptr(), chunk.as_ptr());
        assert_eq!(inbox.len(), 5);
    }

    #[test]
    fn a_message_in_many_pieces_is_joined() {
        let mut inbox = Inbox::new(Peer::Client);
        let text = b"Q\0\0\0\x06x\0S\0\0\0\x04";
        for (index, byte) in text.iter().enumerate() {
            assert_eq!(inbox.header().unwrap().is_some(), index >= 5);
            assert!(inbox.take(7).is_none() || index >= 7);
            inbox = {
                let mut again = Inbox::new(Peer::Client);
                for earlier in &text[..=index] {
                    again.feed(Bytes::copy_from_slice(&[*earlier]));
                }
                again
            };
            let _ = byte;
        }
        assert_eq!(inbox.take(7).unwrap(), &text[..7]);
        assert_eq!(inbox.take(5).unwrap(), &text[7..]);
        assert_eq!(inbox.len(), 0);
    }

    #[test]
    fn an_unknown_type_is_told_by_its_first_byte() {
        let mut inbox = Inbox::new(Peer::Client);
        inbox.feed(Bytes::from_static(b"\x16"));
        assert_eq!(inbox.header(), Err(BadFrame::Type(0x16)));
    }

    #[test]
    fn a_small_remainder_lets_go_of_its_buffer() {
        let mut inbox = Inbox::new(Peer::Upstream);
        let chunk = Bytes::from(vec![b'Z'; 65536]);
        inbox.feed(chunk.clone());
        let _ = inbox.take(65530);
        inbox.settle();
        assert_eq!(inbox.front().len(), 6);
        assert!(chunk.is_unique() || inbox.front().as_ptr() != chunk.slice(65530..).as_ptr());
    }
}
