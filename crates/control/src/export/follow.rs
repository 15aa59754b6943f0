//! A recording, read on from where it was left, as far as it is on the disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evidence::happening::{Happening, Teller};
use evidence::{End, Item, Keyring, Reader};
use model::Event;

/// So much is read at once.
const CHUNK: usize = 64 << 10;

/// One recording.
pub(super) struct Follower {
    path: PathBuf,
    keyring: Arc<Keyring>,
    reader: Reader,
    teller: Teller,
    /// How much of the file was read.
    read: u64,
    /// Open while somebody reads on.
    file: Option<File>,
    /// The last frame that was handed out.
    frame: u64,
    over: bool,
}

/// A frame.
pub(super) struct Step {
    /// Its number. That a session was interrupted is no frame; it counts as the one behind the last.
    pub(super) frame: u64,
    /// What it told.
    pub(super) told: Vec<Happening>,
    /// Nothing follows it.
    pub(super) ended: bool,
}

/// A recording cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// The file is not there.
    #[error("its recording is not there any more")]
    Gone,
    /// The disk says no: it may work later.
    #[error("its recording cannot be read: {0}")]
    Io(io::Error),
    /// It has no end, and nobody is writing it.
    #[error("its recording has no end")]
    Endless,
    /// It will not work later.
    #[error("its recording cannot be read: {0}")]
    Damaged(String),
}

impl Follower {
    pub(super) fn new(path: &Path, keyring: Arc<Keyring>) -> Self {
        Self {
            path: path.to_owned(),
            keyring,
            reader: Reader::new(),
            teller: Teller::new(),
            read: 0,
            file: None,
            frame: 0,
            over: false,
        }
    }

    /// The last frame that was handed out.
    pub(super) const fn frame(&self) -> u64 {
        self.frame
    }

    /// The next frame among the first `limit` bytes of the file; nothing when there is none yet.
    pub(super) fn next(&mut self, limit: u64) -> Result<Option<Step>, Unreadable> {
        let damaged = |damage: evidence::Damage| Unreadable::Damaged(damage.to_string());
        loop {
            if self.over {
                return Ok(None);
            }
            match self.reader.next().map_err(damaged)? {
                Some(Item::Frame(frame)) => {
                    let mut told = Vec::new();
                    if let Some(event) = &frame.event {
                        self.teller.frame(frame.index, frame.at, event, &mut told);
                    }
                    self.frame = frame.index;
                    self.over = matches!(frame.event, Some(Event::Closed(_)));
                    return Ok(Some(Step { frame: frame.index, told, ended: self.over }));
                }
                Some(Item::Checkpoint(checkpoint)) if checkpoint.end == End::Interrupted => {
                    let mut told = Vec::new();
                    self.frame += 1;
                    self.over = true;
                    self.teller.interrupted(self.frame, checkpoint.at, &mut told);
                    return Ok(Some(Step { frame: self.frame, told, ended: true }));
                }
                Some(Item::Begun(preamble)) => {
                    let key = self.keyring.open(preamble.session, &preamble.slots);
                    let why = "no key of this gateway's keyring opens it";
                    let key = key.ok_or_else(|| Unreadable::Damaged(why.into()))?;
                    self.reader.unlock(key);
                }
                Some(Item::Checkpoint(_) | Item::Unknown { .. } | Item::Sealed { .. }) => {}
                None => {
                    if !self.feed(limit)? {
                        self.file = None;
                        self.reader.rest();
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Closes the file until somebody reads on.
    pub(super) fn pause(&mut self) {
        self.file = None;
    }

    fn feed(&mut self, limit: u64) -> Result<bool, Unreadable> {
        let left = limit.saturating_sub(self.read);
        if left == 0 {
            return Ok(false);
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Unreadable::Gone,
            _ => Unreadable::Io(error),
        };
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = File::open(&self.path).map_err(failed)?;
                file.seek(SeekFrom::Start(self.read)).map_err(failed)?;
                none.insert(file)
            }
        };
        let mut chunk = Vec::new();
        let most = left.min(CHUNK as u64);
        file.take(most).read_to_end(&mut chunk).map_err(failed)?;
        self.read += chunk.len() as u64;
        self.reader.feed(&chunk);
        Ok(!chunk.is_empty())
    }
}
