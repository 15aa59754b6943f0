//! A recording read back.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evidence::{Fault, Item, Keyring, PublicKey, Reader, Report, Verifier};
use model::{Event, Timestamp};

use super::error::RecordingsError;

/// So much is read at once.
const CHUNK: usize = 64 << 10;

/// A recording's events, one after the other. Ends after the first error.
pub struct Replay {
    keyring: Arc<Keyring>,
    path: PathBuf,
    file: File,
    reader: Reader,
    chunk: Box<[u8]>,
    /// The session goes on: what is there in part is being written.
    alive: bool,
    unread: u64,
    over: bool,
}

/// The events of a recording, wherever it is. The chain is checked, the signatures are not: that is
/// [`verify_file`]'s.
///
/// # Errors
/// The file cannot be opened.
pub fn replay_file(path: &Path, keyring: Arc<Keyring>) -> Result<Replay, RecordingsError> {
    Replay::open(path, keyring, false)
}

/// Checks a recording, wherever it is, against a public key; with a keyring, what is sealed in it too.
///
/// # Errors
/// The file cannot be read. What is wrong with the recording is in the report.
pub fn verify_file(
    path: &Path,
    key: &PublicKey,
    keyring: Option<&Keyring>,
) -> Result<Report, RecordingsError> {
    let failed = |source| RecordingsError::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut verifier = Verifier::new(key, keyring);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = file.read(&mut chunk).map_err(failed)?;
        if length == 0 {
            return Ok(verifier.finish());
        }
        verifier.feed(chunk.get(..length).unwrap_or_default());
    }
}

impl Replay {
    pub(super) fn open(
        path: &Path,
        keyring: Arc<Keyring>,
        alive: bool,
    ) -> Result<Self, RecordingsError> {
        let file = File::open(path).map_err(|source| RecordingsError::io(path, source))?;
        let chunk = vec![0; CHUNK].into();
        let (path, reader) = (path.to_owned(), Reader::new());
        Ok(Self { keyring, path, file, reader, chunk, alive, unread: 0, over: false })
    }

    /// How many frames and blocks were passed over so far because this program does not know their
    /// kind. Whoever shows the events says so.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// Nobody writes to it any more: what is there in part stays so.
    pub(super) const fn ended(&mut self) {
        self.alive = false;
    }

    /// The next event, or nothing where the file ends; more may be there the next time.
    pub(super) fn read(&mut self) -> Result<Option<(Timestamp, Event)>, RecordingsError> {
        loop {
            let damaged = |source| RecordingsError::Damaged { path: self.path.clone(), source };
            match self.reader.next().map_err(damaged)? {
                Some(Item::Frame(frame)) => match frame.event {
                    Some(event) => return Ok(Some((frame.at, event))),
                    None => self.unread += 1,
                },
                Some(Item::Begun(preamble)) => {
                    match self.keyring.open(preamble.session, &preamble.slots) {
                        Some(key) => self.reader.unlock(key),
                        None => return Err(RecordingsError::NoKey { path: self.path.clone() }),
                    }
                }
                Some(Item::Checkpoint(_)) => {}
                Some(Item::Unknown { .. } | Item::Sealed { .. }) => self.unread += 1,
                None => {
                    let failed = |source| RecordingsError::io(&self.path, source);
                    let length = self.file.read(&mut self.chunk).map_err(failed)?;
                    if length > 0 {
                        self.reader.feed(self.chunk.get(..length).unwrap_or_default());
                        continue;
                    }
                    return match self.reader.finish() {
                        Err(damage) if !(self.alive && damage.fault == Fault::EndsEarly) => {
                            Err(damaged(damage))
                        }
                        _ => Ok(None),
                    };
                }
            }
        }
    }
}

impl Iterator for Replay {
    type Item = Result<(Timestamp, Event), RecordingsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read();
        self.over = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}
