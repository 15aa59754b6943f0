//! Bytes on their way to one end.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

/// Pieces up to this size are gathered in one buffer: copying them costs less than another slice.
const SMALL: usize = 2048;
/// What the buffer they are gathered in begins with: most answers fit.
const TAIL: usize = 1024;
/// Slices of one vectored write.
const SLICES: usize = 16;

/// A queue of pieces, written in as few system calls as it takes. It holds no memory when empty.
#[derive(Default)]
pub(super) struct Outbox {
    pieces: VecDeque<Bytes>,
    /// Small pieces behind all others.
    tail: BytesMut,
    len: usize,
    /// Written to the stream and not flushed: a TLS stream keeps bytes back.
    unflushed: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        if bytes.len() <= SMALL {
            if self.tail.capacity() == 0 {
                self.tail.reserve(TAIL);
            }
            self.tail.extend_from_slice(&bytes);
            return;
        }
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
        self.pieces.push_back(bytes);
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0 && !self.unflushed
    }

    /// Writes what the end takes. `true`: something was written.
    pub(super) fn write(
        &mut self,
        cx: &mut Context<'_>,
        end: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<bool> {
        let mut moved = false;
        while self.len > 0 {
            let written = match self.write_once(cx, Pin::new(end)) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => written?,
                Poll::Pending => break,
            };
            self.advance(written);
            self.unflushed = true;
            moved = true;
        }
        if self.unflushed && Pin::new(end).poll_flush(cx)?.is_ready() {
            self.unflushed = false;
            moved = true;
        }
        if self.len == 0 && self.tail.capacity() > 0 {
            self.tail = BytesMut::new();
        }
        Ok(moved)
    }

    fn write_once(
        &self,
        cx: &mut Context<'_>,
        end: Pin<&mut (impl AsyncWrite + Unpin)>,
    ) -> Poll<io::Result<usize>> {
        if self.pieces.is_empty() {
            return end.poll_write(cx, &self.tail);
        }
        if !end.is_write_vectored() {
            let first = self.pieces.front().map_or(&[][..], |piece| piece);
            return end.poll_write(cx, first);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut used = 0;
        let pieces = self.pieces.iter().map(|piece| &**piece).chain([&*self.tail]);
        for (slot, piece) in slices.iter_mut().zip(pieces) {
            *slot = IoSlice::new(piece);
            used += 1;
        }
        let written = ready!(end.poll_write_vectored(cx, slices.get(..used).unwrap_or(&[])))?;
        Poll::Ready(Ok(written))
    }

    fn advance(&mut self, mut written: usize) {
        self.len -= written;
        while let Some(front) = self.pieces.front_mut() {
            if front.len() > written {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.pieces.pop_front();
        }
        self.tail.advance(written);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// An end that takes a few bytes at a time, in slices or not.
    struct Sink {
        taken: Vec<u8>,
        most: usize,
        vectored: bool,
    }

    impl AsyncWrite for Sink {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.most);
            self.taken.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let before = self.taken.len();
            for slice in slices {
                let room = self.most - (self.taken.len() - before);
                self.taken.extend_from_slice(&slice[..slice.len().min(room)]);
            }
            Poll::Ready(Ok(self.taken.len() - before))
        }

        fn is_write_vectored(&self) -> bool {
            self.vectored
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn pieces_of_any_size_leave_in_order() {
        for vectored in [false, true] {
            for most in [1, 7, 3000, 1 << 20] {
                let mut outbox = Outbox::default();
                let mut expected = Vec::new();
                for (index, size) in [1, 5000, 10, 20, 2048, 2049, 0, 70_000, 3].iter().enumerate()
                {
                    let piece = vec![index as u8; *size];
                    expected.extend_from_slice(&piece);
                    outbox.push(piece.into());
                }
                assert_eq!(outbox.len(), expected.len());
                let mut sink = Sink { taken: Vec::new(), most, vectored };
                let mut cx = Context::from_waker(Waker::noop());
                assert!(outbox.write(&mut cx, &mut sink).unwrap());
                assert!(outbox.is_empty());
                assert_eq!(sink.taken, expected, "{vectored} {most}");
            }
        }
    }
}
