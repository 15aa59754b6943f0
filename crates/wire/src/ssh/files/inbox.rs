//! Bytes that arrived from one end and have not gone on. What may go on leaves as it came, without a copy.

use std::borrow::Cow;
use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Smaller pieces are put together: each would weigh more than its bytes.
const SMALL: usize = 1 << 10;

/// What one end said. At the front is what may go on, behind it what is still unread.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    chunks: VecDeque<Bytes>,
    /// What arrived behind them in small pieces.
    tail: BytesMut,
    length: usize,
    passed: usize,
    /// Unread bytes that hold no line's end.
    searched: usize,
}

impl Inbox {
    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        if bytes.len() < SMALL {
            self.tail.extend_from_slice(&bytes);
            return;
        }
        if !self.tail.is_empty() {
            self.chunks.push_back(self.tail.split().freeze());
        }
        self.chunks.push_back(bytes);
    }

    /// All that is held.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// What may go on and has not left.
    pub(super) const fn passed(&self) -> usize {
        self.passed
    }

    pub(super) const fn unread(&self) -> usize {
        self.length - self.passed
    }

    /// The next unread bytes, when so many are there.
    pub(super) fn peek(&self, count: usize) -> Option<Cow<'_, [u8]>> {
        if self.unread() < count {
            return None;
        }
        let mut pieces = self.pieces(count);
        let first = pieces.next().unwrap_or_default();
        if first.len() == count {
            return Some(Cow::Borrowed(first));
        }
        let mut whole = Vec::with_capacity(count);
        whole.extend_from_slice(first);
        pieces.for_each(|piece| whole.extend_from_slice(piece));
        Some(Cow::Owned(whole))
    }

    /// The next `N` unread bytes.
    pub(super) fn head<const N: usize>(&self) -> Option<[u8; N]> {
        self.peek(N)?.as_ref().try_into().ok()
    }

    /// The next unread bytes, as many of `most` as are there, in the pieces they are in.
    pub(super) fn pieces(&self, most: usize) -> impl Iterator<Item = &[u8]> {
        self.between(self.passed, most)
    }

    fn between(&self, start: usize, most: usize) -> impl Iterator<Item = &[u8]> {
        let (mut before, mut left) = (start, most);
        let all = self.chunks.iter().map(|chunk| &chunk[..]).chain([&self.tail[..]]);
        let wanted = all.map_while(move |piece| {
            let skipped = before.min(piece.len());
            before -= skipped;
            let piece = piece.get(skipped..)?;
            let piece = piece.get(..left).unwrap_or(piece);
            let go_on = left > 0;
            left -= piece.len();
            go_on.then_some(piece)
        });
        wanted.filter(|piece| !piece.is_empty())
    }

    /// How long the next line is with its end, when that is there.
    pub(super) fn line(&mut self) -> Option<usize> {
        let mut at = self.searched;
        for piece in self.between(self.passed + at, usize::MAX) {
            if let Some(end) = memchr::memchr(b'\n', piece) {
                return Some(at + end + 1);
            }
            at += piece.len();
        }
        self.searched = at;
        None
    }

    /// The next unread bytes may go on.
    pub(super) fn pass(&mut self, count: usize) {
        self.passed = self.length.min(self.passed + count);
        self.searched = 0;
    }

    /// The next unread bytes are used up here. What may go on must have left.
    pub(super) fn skip(&mut self, count: usize) {
        debug_assert_eq!(self.passed, 0, "what may go on would be lost");
        self.searched = 0;
        let mut left = count;
        while left > 0 {
            let Some(piece) = self.cut(left) else { return };
            left -= piece.len();
        }
    }

    /// What may go on, one piece of it: the next that is whole, or when there is none, what there is of it.
    pub(super) fn leave(&mut self, whole: bool) -> Option<Bytes> {
        let front = self.chunks.front().map_or(self.tail.len(), Bytes::len);
        if self.passed == 0 || whole && self.passed < front {
            return None;
        }
        let piece = self.cut(self.passed)?;
        self.passed -= piece.len();
        Some(piece)
    }

    /// Takes a piece from the front, no longer than `most`.
    fn cut(&mut self, most: usize) -> Option<Bytes> {
        let piece = match self.chunks.front_mut() {
            Some(chunk) if chunk.len() > most => chunk.split_to(most),
            Some(_) => self.chunks.pop_front()?,
            None if self.tail.is_empty() => return None,
            None => self.tail.split_to(most.min(self.tail.len())).freeze(),
        };
        self.length -= piece.len();
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(pieces: &[usize]) -> (Inbox, Vec<u8>) {
        let (mut inbox, mut all) = (Inbox::default(), Vec::new());
        for (number, length) in pieces.iter().enumerate() {
            let piece: Vec<u8> = (0..*length).map(|at| (at * 7 + number) as u8).collect();
            all.extend_from_slice(&piece);
            inbox.feed(piece.into());
        }
        (inbox, all)
    }

    #[test]
    fn what_passes_leaves_as_it_came_and_what_is_skipped_does_not() {
        let (mut inbox, all) = inbox(&[10, 2000, 5, 5, 3000, 40]);
        assert_eq!(inbox.peek(all.len() + 1), None);
        assert_eq!(inbox.peek(all.len()).unwrap(), all);
        inbox.skip(7);
        inbox.pass(1500);
        assert_eq!((inbox.passed(), inbox.unread()), (1500, all.len() - 1507));
        assert_eq!(inbox.peek(1600).unwrap(), &all[1507..3107]);
        assert_eq!(inbox.pieces(1600).map(<[u8]>::len).collect::<Vec<_>>(), [503, 10, 1087]);
        assert_eq!(inbox.leave(true).unwrap(), &all[7..10]);
        assert_eq!(inbox.leave(true), None);
        inbox.pass(503);
        assert_eq!(inbox.leave(true).unwrap(), &all[10..2010]);
        assert_eq!(inbox.leave(true), None);
        inbox.pass(usize::MAX / 2);
        let rest: Vec<Bytes> = std::iter::from_fn(|| inbox.leave(false)).collect();
        assert_eq!(rest.concat(), &all[2010..]);
        assert_eq!((inbox.length(), inbox.passed()), (0, 0));
    }

    #[test]
    fn a_large_piece_is_not_copied() {
        let large = Bytes::from(vec![1; 32 << 10]);
        let mut inbox = Inbox::default();
        inbox.feed(Bytes::from_static(b"ab"));
        inbox.feed(large.clone());
        inbox.pass(2 + large.len());
        assert_eq!(inbox.leave(false).unwrap(), &b"ab"[..]);
        assert_eq!(inbox.leave(false).unwrap().as_ptr(), large.as_ptr());
    }

    #[test]
    fn a_line_is_found_wherever_it_is_cut() {
        for cut in 0..5 {
            let mut inbox = Inbox::default();
            inbox.feed(Bytes::from_static(b"x"));
            inbox.pass(1);
            inbox.feed(Bytes::copy_from_slice(&b"abc\nd"[..cut]));
            assert_eq!(inbox.line(), (cut > 3).then_some(4));
            inbox.feed(Bytes::copy_from_slice(&b"abc\nd"[cut..]));
            assert_eq!(inbox.line(), Some(4));
            inbox.pass(4);
            assert_eq!(inbox.line(), None);
        }
    }
}
