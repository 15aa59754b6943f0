//! What is written in one go for many recordings, until their own files are on the disk.
//!
//! ```text
//!   entry  =  length ‖ session ‖ offset ‖ BLAKE3(session ‖ offset ‖ bytes), 16 bytes ‖ bytes
//! ```
//!
//! Numbers are big-endian: a length of four bytes, an offset of eight. An entry says which bytes stand
//! where in which session's file. One of no bytes at the last offset there could be says that the
//! recording was removed: nothing of it is put back.

use std::io::{self, Read};

use model::SessionId;

/// How long an entry is beside its bytes.
pub const HEADER: usize = 4 + 16 + 8 + 16;
/// No entry holds more bytes than this.
pub const LONGEST: usize = 128 << 20;
/// Where nothing ever is: the mark of a recording that was removed.
const REMOVED: u64 = u64::MAX;

/// An entry that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose recording it is of.
    pub session: SessionId,
    /// Where in the file the bytes stand.
    pub at: u64,
    /// They.
    pub bytes: Vec<u8>,
}

/// Appends an entry of at most [`LONGEST`] bytes.
pub fn put(session: SessionId, at: u64, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(&session.to_bytes());
    out.extend_from_slice(&at.to_be_bytes());
    out.extend_from_slice(&sum(session, at, bytes));
    out.extend_from_slice(bytes);
}

/// Appends that a recording was removed.
pub fn put_removed(session: SessionId, out: &mut Vec<u8>) {
    put(session, REMOVED, &[], out);
}

impl Entry {
    /// Whether it says that the recording was removed.
    #[must_use]
    pub const fn removes(&self) -> bool {
        self.at == REMOVED && self.bytes.is_empty()
    }

    /// The next one; nothing where what follows breaks off or does not add up: that was being written when
    /// the machine stopped, and nobody was told that it was kept.
    ///
    /// # Errors
    /// It cannot be read: what comes is not known.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        match from.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut rest = header.as_slice();
        let mut take = |bytes: &mut [u8]| rest.read_exact(bytes);
        let (mut length, mut session, mut at, mut expected) = ([0; 4], [0; 16], [0; 8], [0; 16]);
        take(&mut length)?;
        take(&mut session)?;
        take(&mut at)?;
        take(&mut expected)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        from.take(length as u64).read_to_end(&mut bytes)?;
        let (session, at) = (SessionId::from_bytes(session), u64::from_be_bytes(at));
        let whole = bytes.len() == length && sum(session, at, &bytes) == expected;
        Ok(whole.then_some(Self { session, at, bytes }))
    }
}

fn sum(session: SessionId, at: u64, bytes: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&session.to_bytes());
    hasher.update(&at.to_be_bytes());
    hasher.update(bytes);
    hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn what_the_disk_does_not_give_is_no_end() {
        struct Torn<'a>(&'a [u8]);
        impl Read for Torn<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                match self.0.read(into)? {
                    0 => Err(io::Error::other("the disk does not answer")),
                    length => Ok(length),
                }
            }
        }
        let mut whole = Vec::new();
        put(SessionId::new(Timestamp::from_secs(1), 1), 0, b"kept", &mut whole);
        for cut in 0..whole.len() {
            assert!(Entry::read(&mut Torn(&whole[..cut])).is_err(), "{cut}");
        }
        assert!(Entry::read(&mut Torn(&whole)).unwrap().is_some());
    }
}
