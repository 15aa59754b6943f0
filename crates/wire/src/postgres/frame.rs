//! One message of the PostgreSQL protocol: a type byte, a length that counts itself, a body.
//!
//! Reading a header says how long a body claims to be. The claim is checked against what the type
//! may have and is never a reason to allocate: a body is either waited for in a buffer that grows
//! with what really arrives, or streamed through.

use model::Peer;

/// Bytes of a message in front of its body.
pub const HEADER: usize = 5;

/// The longest body of a message that only carries names, numbers or nothing at all
/// (`PQ_SMALL_MESSAGE_LIMIT` of the server).
pub const SMALL: usize = 10_000;
/// The longest short answer a client library accepts (`VALID_LONG_MESSAGE_TYPE` of libpq).
pub const SHORT_ANSWER: usize = 30_000;
/// The longest answer that has to be read as a whole before anything of it may pass: a row
/// description, an error, a notice, a notification.
pub const WHOLE_ANSWER: usize = 16 << 20;
/// The longest message there is (`PQ_LARGE_MESSAGE_LIMIT`: the server's `MaxAllocSize`, less one).
pub const LARGE: usize = 0x3fff_fffe;

/// The types of messages that a client sends.
pub mod frontend {
    #![expect(missing_docs, reason = "the names are the protocol's")]
    pub const BIND: u8 = b'B';
    pub const CLOSE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_FAIL: u8 = b'f';
    pub const DESCRIBE: u8 = b'D';
    pub const EXECUTE: u8 = b'E';
    pub const FLUSH: u8 = b'H';
    pub const FUNCTION_CALL: u8 = b'F';
    pub const PARSE: u8 = b'P';
    /// Also SASLInitialResponse and SASLResponse: whatever answers an authentication request.
    pub const PASSWORD: u8 = b'p';
    pub const QUERY: u8 = b'Q';
    pub const SYNC: u8 = b'S';
    pub const TERMINATE: u8 = b'X';
}

/// The types of messages that a server sends.
pub mod backend {
    #![expect(missing_docs, reason = "the names are the protocol's")]
    pub const AUTHENTICATION: u8 = b'R';
    pub const BACKEND_KEY_DATA: u8 = b'K';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const COPY_BOTH_RESPONSE: u8 = b'W';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_IN_RESPONSE: u8 = b'G';
    pub const COPY_OUT_RESPONSE: u8 = b'H';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    pub const ERROR_RESPONSE: u8 = b'E';
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    pub const NOTICE_RESPONSE: u8 = b'N';
    pub const NOTIFICATION_RESPONSE: u8 = b'A';
    pub const NO_DATA: u8 = b'n';
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    pub const PARAMETER_STATUS: u8 = b'S';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY_FOR_QUERY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// What stands in front of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The message's type.
    pub tag: u8,
    /// How long the body is, the header not counted.
    pub body: usize,
}

impl Header {
    /// Header and body together.
    #[must_use]
    pub const fn total(self) -> usize {
        HEADER + self.body
    }
}

/// A header no message of the protocol has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// The type does not exist in this direction.
    #[error("invalid message type {0}")]
    Type(u8),
    /// The type exists and is never that long, or never that short.
    #[error("invalid length of a message of type {tag}: {length}")]
    Length {
        /// The message's type.
        tag: u8,
        /// The length as it was claimed, itself included.
        length: u32,
    },
}

/// Reads the header at the start of `bytes`, a message that comes from `from`. `None`: there are
/// not five bytes yet.
///
/// # Errors
/// No message of an established session begins like this. An unknown type is told by its first byte.
#[inline]
pub fn header(from: Peer, bytes: &[u8]) -> Result<Option<Header>, BadFrame> {
    let Some(&tag) = bytes.first() else { return Ok(None) };
    let range = match from {
        Peer::Client => frontend_body(tag),
        Peer::Upstream => backend_body(tag),
    };
    let Some((shortest, longest)) = range else { return Err(BadFrame::Type(tag)) };
    let Some(&[_, a, b, c, d]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]);
    let body = (length as usize).wrapping_sub(4);
    if length < 4 || body < shortest || body > longest {
        return Err(BadFrame::Length { tag, length });
    }
    Ok(Some(Header { tag, body }))
}

/// The shortest and the longest body that a client's message of this type has.
#[inline]
const fn frontend_body(tag: u8) -> Option<(usize, usize)> {
    Some(match tag {
        frontend::QUERY => (1, LARGE),
        frontend::PARSE | frontend::BIND => (4, LARGE),
        frontend::FUNCTION_CALL => (10, LARGE),
        frontend::COPY_DATA => (0, LARGE),
        frontend::CLOSE | frontend::DESCRIBE => (2, SMALL),
        frontend::EXECUTE => (5, SMALL),
        frontend::COPY_FAIL => (1, SMALL),
        frontend::FLUSH | frontend::SYNC | frontend::COPY_DONE | frontend::TERMINATE => (0, 0),
        _ => return None,
    })
}

/// The shortest and the longest body that a server's message of this type has once a session is established.
#[inline]
const fn backend_body(tag: u8) -> Option<(usize, usize)> {
    Some(match tag {
        backend::DATA_ROW => (2, LARGE),
        backend::COPY_DATA => (0, LARGE),
        backend::FUNCTION_CALL_RESPONSE => (4, LARGE),
        backend::ROW_DESCRIPTION => (2, WHOLE_ANSWER),
        backend::ERROR_RESPONSE | backend::NOTICE_RESPONSE => (1, WHOLE_ANSWER),
        backend::NOTIFICATION_RESPONSE => (6, WHOLE_ANSWER),
        // 65,535 parameters of four bytes each.
        backend::PARAMETER_DESCRIPTION => (2, 2 + 4 * 65_535),
        // 65,535 columns of two bytes each. CopyBoth belongs to replication, which is not spoken here.
        backend::COPY_IN_RESPONSE | backend::COPY_OUT_RESPONSE => (3, 3 + 2 * 65_535),
        backend::COMMAND_COMPLETE => (1, SHORT_ANSWER),
        backend::PARAMETER_STATUS => (2, SHORT_ANSWER),
        backend::READY_FOR_QUERY => (1, 1),
        backend::PARSE_COMPLETE
        | backend::BIND_COMPLETE
        | backend::CLOSE_COMPLETE
        | backend::COPY_DONE
        | backend::EMPTY_QUERY_RESPONSE
        | backend::NO_DATA
        | backend::PORTAL_SUSPENDED => (0, 0),
        _ => return None,
    })
}

/// A body that does not hold what its message's type says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("invalid message format")]
pub struct Malformed;

/// Reads a body from front to back.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    /// The body of one message, its header not included.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// A byte.
    ///
    /// # Errors
    /// The body ends before.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(byte)
    }

    /// A 16-bit number: counts and format codes.
    ///
    /// # Errors
    /// The body ends before.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// A signed 16-bit number.
    ///
    /// # Errors
    /// The body ends before.
    pub fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    /// A 32-bit number: OIDs and process numbers.
    ///
    /// # Errors
    /// The body ends before.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// A signed 32-bit number.
    ///
    /// # Errors
    /// The body ends before.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// The body ends before.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A text up to its NUL, which is read and not returned.
    ///
    /// # Errors
    /// There is no NUL.
    pub fn cstr(&mut self) -> Result<&'a [u8], Malformed> {
        let end = memchr::memchr(0, self.0).ok_or(Malformed)?;
        let text = self.bytes(end)?;
        self.u8()?;
        Ok(text)
    }

    /// A value behind its length; -1 is NULL.
    ///
    /// # Errors
    /// The body ends before, or the length is below -1.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.bytes(usize::try_from(length).map_err(|_| Malformed)?).map(Some),
        }
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// Something is.
    pub const fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }
}

/// Appends a message: its type, a length that is filled in last, what `body` appends.
#[inline]
pub fn message(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    counted(out, body);
}

/// Appends what `body` appends behind a length that counts itself: a startup packet has no type.
#[inline]
pub fn counted(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(slot) = out.get_mut(start..start + 4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
}

/// Appends a message without a body.
#[inline]
pub fn empty(out: &mut Vec<u8>, tag: u8) {
    out.extend_from_slice(&[tag, 0, 0, 0, 4]);
}

/// Appends a text and its NUL. A NUL inside would end it for the reader, so it ends here.
#[inline]
pub fn put_cstr(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    out.extend_from_slice(text.get(..end).unwrap_or(text));
    out.push(0);
}

/// Appends ReadyForQuery with a transaction status: `I`, `T` or `E`.
#[inline]
pub fn ready_for_query(out: &mut Vec<u8>, status: u8) {
    out.extend_from_slice(&[backend::READY_FOR_QUERY, 0, 0, 0, 5, status]);
}

/// Appends ParameterStatus.
pub fn parameter_status(out: &mut Vec<u8>, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    message(out, backend::PARAMETER_STATUS, |out| {
        put_cstr(out, name);
        put_cstr(out, value);
    });
}

/// Appends CommandComplete.
pub fn command_complete(out: &mut Vec<u8>, tag: &str) {
    message(out, backend::COMMAND_COMPLETE, |out| put_cstr(out, tag));
}

/// Appends Query.
pub fn query(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    message(out, frontend::QUERY, |out| put_cstr(out, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(tag: u8, length: u32) -> [u8; 5] {
        let [a, b, c, d] = length.to_be_bytes();
        [tag, a, b, c, d]
    }

    #[test]
    fn a_hostile_length_is_refused_in_both_directions() {
        for peer in [Peer::Client, Peer::Upstream] {
            for tag in 0..=u8::MAX {
                for length in [0, 3, LARGE as u32 + 5, 0x7fff_ffff, 0x8000_0001, u32::MAX] {
                    assert!(header(peer, &head(tag, length)).is_err(), "{peer:?} {tag} {length}");
                }
            }
        }
    }

    #[test]
    fn every_type_is_taken_at_its_bounds_and_not_beyond() {
        for (peer, range) in [
            (Peer::Client, frontend_body as fn(u8) -> Option<(usize, usize)>),
            (Peer::Upstream, backend_body),
        ] {
            let mut known = 0;
            for tag in 0..=u8::MAX {
                let Some((shortest, longest)) = range(tag) else {
                    assert_eq!(header(peer, &head(tag, 4)), Err(BadFrame::Type(tag)));
                    continue;
                };
                known += 1;
                for (body, good) in [
                    (shortest, true),
                    (longest, true),
                    (longest + 1, false),
                    (shortest.wrapping_sub(1), false),
                ] {
                    let length = (body as u32).wrapping_add(4);
                    assert_eq!(
                        header(peer, &head(tag, length)),
                        if good {
                            Ok(Some(Header { tag, body }))
                        } else {
                            Err(BadFrame::Length { tag, length })
                        },
                    );
                }
            }
            assert_eq!(known, if peer == Peer::Client { 13 } else { 20 });
        }
    }

    #[test]
    fn a_header_waits_for_its_five_bytes_but_an_unknown_type_is_told_by_the_first() {
        assert_eq!(header(Peer::Client, b""), Ok(None));
        assert_eq!(header(Peer::Client, b"Q\0\0\0"), Ok(None));
        assert_eq!(header(Peer::Client, b"\x16"), Err(BadFrame::Type(0x16)));
        assert_eq!(header(Peer::Client, b"p\0\0\0\x08"), Err(BadFrame::Type(b'p')));
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        message(&mut out, frontend::QUERY, |out| put_cstr(out, "select 1"));
        let head = header(Peer::Client, &out).unwrap().unwrap();
        assert_eq!((head.tag, head.total()), (b'Q', out.len()));
        let mut body = Body::new(&out[HEADER..]);
        assert_eq!(body.cstr(), Ok(&b"select 1"[..]));
        assert_eq!(body.end(), Ok(()));
    }

    #[test]
    fn a_nul_cannot_smuggle_a_second_text() {
        let mut out = Vec::new();
        put_cstr(&mut out, "app\0role\0postgres");
        assert_eq!(out, b"app\0");
    }

    #[test]
    fn a_value_below_null_is_malformed() {
        for (body, value) in [
            (&[0xff, 0xff, 0xff, 0xff][..], Ok(None)),
            (&[0, 0, 0, 1, b'x'], Ok(Some(&b"x"[..]))),
            (&[0, 0, 0, 2, b'x'], Err(Malformed)),
            (&[0xff, 0xff, 0xff, 0xfe], Err(Malformed)),
            (&[0, 0, 0], Err(Malformed)),
        ] {
            assert_eq!(Body::new(body).value(), value);
        }
    }
}
