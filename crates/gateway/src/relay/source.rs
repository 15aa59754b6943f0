//! Reading into a buffer that all sessions of a thread share.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// One read takes at most this much.
const BUFFER: usize = 64 << 10;
/// With less room than this left, the buffer is replaced, or taken back when nobody holds it any more.
const LEAST_ROOM: usize = 16 << 10;

thread_local! {
    static BUFFER_OF_THREAD: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

/// Reads once. Empty bytes are the end of the stream.
pub(super) fn read(
    cx: &mut Context<'_>,
    end: &mut (impl AsyncRead + Unpin),
) -> Poll<io::Result<Bytes>> {
    BUFFER_OF_THREAD.with_borrow_mut(|buffer| {
        if buffer.capacity() - buffer.len() < LEAST_ROOM {
            buffer.reserve(BUFFER);
        }
        let read = pin!(end.read_buf(buffer)).poll(cx);
        read.map_ok(|_| buffer.split().freeze())
    })
}
