//! The messages of the connection protocol (RFC 4254), read and written.

use bytes::Bytes;

use crate::ssh::codec::{Malformed, Reader, Write, message};
use crate::ssh::numbers::{
    CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_EXTENDED_DATA, CHANNEL_FAILURE, CHANNEL_OPEN,
    CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE, CHANNEL_REQUEST, CHANNEL_SUCCESS,
    CHANNEL_WINDOW_ADJUST, GLOBAL_REQUEST, REQUEST_FAILURE, REQUEST_SUCCESS,
};

/// What is written to a terminal beside standard output (RFC 4254, section 5.2).
pub(crate) const STDERR: u32 = 1;

/// A message. Numbers of channels are those of its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Global { name: Box<str>, wants_reply: bool, rest: Bytes },
    GlobalSuccess { rest: Bytes },
    GlobalFailure,
    Open { kind: Box<str>, sender: u32, window: u32, packet: u32, rest: Bytes },
    Opened { channel: u32, sender: u32, window: u32, packet: u32, rest: Bytes },
    NotOpened { channel: u32, reason: u32, words: Box<str> },
    Window { channel: u32, bytes: u32 },
    Data { channel: u32, data: Bytes },
    Extended { channel: u32, code: u32, data: Bytes },
    Eof { channel: u32 },
    Close { channel: u32 },
    Request { channel: u32, name: Box<str>, wants_reply: bool, rest: Bytes },
    Success { channel: u32 },
    Failure { channel: u32 },
}

impl Message {
    /// Reads a payload. `None`: its number is none of this protocol's.
    pub(crate) fn read(payload: &Bytes) -> Result<Option<Self>, Malformed> {
        let mut reader = Reader::new(payload);
        let kind = reader.u8()?;
        let rest = |reader: Reader<'_>| payload.slice_ref(reader.rest());
        let message = match kind {
            GLOBAL_REQUEST => {
                let (name, wants_reply) = (reader.text()?.into(), reader.bool()?);
                return Ok(Some(Self::Global { name, wants_reply, rest: rest(reader) }));
            }
            REQUEST_SUCCESS => return Ok(Some(Self::GlobalSuccess { rest: rest(reader) })),
            CHANNEL_OPEN => {
                let kind = reader.text()?.into();
                let [sender, window, packet] = [reader.u32()?, reader.u32()?, reader.u32()?];
                return Ok(Some(Self::Open { kind, sender, window, packet, rest: rest(reader) }));
            }
            CHANNEL_OPEN_CONFIRMATION => {
                let [channel, sender] = [reader.u32()?, reader.u32()?];
                let [window, packet] = [reader.u32()?, reader.u32()?];
                let rest = rest(reader);
                return Ok(Some(Self::Opened { channel, sender, window, packet, rest }));
            }
            CHANNEL_REQUEST => {
                let channel = reader.u32()?;
                let (name, wants_reply) = (reader.text()?.into(), reader.bool()?);
                let rest = rest(reader);
                return Ok(Some(Self::Request { channel, name, wants_reply, rest }));
            }
            CHANNEL_OPEN_FAILURE => {
                let [channel, reason] = [reader.u32()?, reader.u32()?];
                let words = String::from_utf8_lossy(reader.string()?).into();
                // The language, which some leave out.
                return Ok(Some(Self::NotOpened { channel, reason, words }));
            }
            REQUEST_FAILURE => Self::GlobalFailure,
            CHANNEL_WINDOW_ADJUST => Self::Window { channel: reader.u32()?, bytes: reader.u32()? },
            CHANNEL_DATA => {
                let channel = reader.u32()?;
                Self::Data { channel, data: payload.slice_ref(reader.string()?) }
            }
            CHANNEL_EXTENDED_DATA => {
                let [channel, code] = [reader.u32()?, reader.u32()?];
                Self::Extended { channel, code, data: payload.slice_ref(reader.string()?) }
            }
            CHANNEL_EOF => Self::Eof { channel: reader.u32()? },
            CHANNEL_CLOSE => Self::Close { channel: reader.u32()? },
            CHANNEL_SUCCESS => Self::Success { channel: reader.u32()? },
            CHANNEL_FAILURE => Self::Failure { channel: reader.u32()? },
            _ => return Ok(None),
        };
        reader.end()?;
        Ok(Some(message))
    }

    /// Its payload. Of data only the head: the data itself goes along as it is.
    pub(crate) fn payload(&self) -> Bytes {
        match self {
            Self::Global { name, wants_reply, rest } => message(GLOBAL_REQUEST, |out| {
                out.put_string(name.as_bytes());
                out.put_bool(*wants_reply);
                out.put(rest);
            }),
            Self::GlobalSuccess { rest } => message(REQUEST_SUCCESS, |out| out.put(rest)),
            Self::GlobalFailure => message(REQUEST_FAILURE, |_| {}),
            Self::Open { kind, sender, window, packet, rest } => message(CHANNEL_OPEN, |out| {
                out.put_string(kind.as_bytes());
                for number in [sender, window, packet] {
                    out.put_u32(*number);
                }
                out.put(rest);
            }),
            Self::Opened { channel, sender, window, packet, rest } => {
                message(CHANNEL_OPEN_CONFIRMATION, |out| {
                    for number in [channel, sender, window, packet] {
                        out.put_u32(*number);
                    }
                    out.put(rest);
                })
            }
            Self::NotOpened { channel, reason, words } => message(CHANNEL_OPEN_FAILURE, |out| {
                out.put_u32(*channel);
                out.put_u32(*reason);
                out.put_string(words.as_bytes());
                out.put_string("");
            }),
            Self::Window { channel, bytes } => message(CHANNEL_WINDOW_ADJUST, |out| {
                out.put_u32(*channel);
                out.put_u32(*bytes);
            }),
            Self::Data { channel, data } => message(CHANNEL_DATA, |out| {
                out.put_u32(*channel);
                out.put_u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
            }),
            Self::Extended { channel, code, data } => message(CHANNEL_EXTENDED_DATA, |out| {
                out.put_u32(*channel);
                out.put_u32(*code);
                out.put_u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
            }),
            Self::Eof { channel } => message(CHANNEL_EOF, |out| out.put_u32(*channel)),
            Self::Close { channel } => message(CHANNEL_CLOSE, |out| out.put_u32(*channel)),
            Self::Request { channel, name, wants_reply, rest } => message(CHANNEL_REQUEST, |out| {
                out.put_u32(*channel);
                out.put_string(name.as_bytes());
                out.put_bool(*wants_reply);
                out.put(rest);
            }),
            Self::Success { channel } => message(CHANNEL_SUCCESS, |out| out.put_u32(*channel)),
            Self::Failure { channel } => message(CHANNEL_FAILURE, |out| out.put_u32(*channel)),
        }
    }

    /// What goes behind [`Self::payload`].
    pub(crate) fn data(&self) -> &[u8] {
        match self {
            Self::Data { data, .. } | Self::Extended { data, .. } => data,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_are_written() {
        let rest = Bytes::from_static(b"more");
        for message in [
            Message::Global {
                name: "keepalive@openssh.com".into(),
                wants_reply: true,
                rest: rest.clone(),
            },
            Message::GlobalSuccess { rest: rest.clone() },
            Message::GlobalFailure,
            Message::Open {
                kind: "session".into(),
                sender: 1,
                window: 2,
                packet: 3,
                rest: rest.clone(),
            },
            Message::Opened { channel: 9, sender: 1, window: 2, packet: 3, rest: rest.clone() },
            Message::NotOpened { channel: 9, reason: 1, words: "no".into() },
            Message::Window { channel: 9, bytes: 1 << 31 },
            Message::Data { channel: 9, data: rest.clone() },
            Message::Extended { channel: 9, code: STDERR, data: rest.clone() },
            Message::Eof { channel: 9 },
            Message::Close { channel: 9 },
            Message::Request { channel: 9, name: "exec".into(), wants_reply: false, rest },
            Message::Success { channel: 9 },
            Message::Failure { channel: 9 },
        ] {
            let written: Bytes = [&message.payload()[..], message.data()].concat().into();
            assert_eq!(Message::read(&written), Ok(Some(message)));
            // The answer to a global request has no form of its own.
            if !matches!(written.first(), Some(&(REQUEST_SUCCESS | REQUEST_FAILURE))) {
                for cut in 0..5 {
                    let read = Message::read(&written.slice(..cut));
                    assert_eq!(read, Err(Malformed), "{written:?} {cut}");
                }
            }
        }
        assert_eq!(Message::read(&Bytes::from_static(&[200])), Ok(None));
    }
}
