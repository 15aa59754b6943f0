//! One session's recording as it is written: the session gathers frames, the scribe seals and writes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use evidence::{Counts, Delivered, End, Frames, Keys, Packer, Sealer, Stream, WriteError};
use model::ports::RecordError;
use model::{Ending, Event, SessionHead, SessionId, Timestamp};

use super::register::Conclusion;

/// Buffers keep no more than this between two rounds.
const MUCH: usize = 16 << 10;
/// How long something stands unsigned while the session goes on.
const UNSIGNED: Duration = Duration::from_millis(900);

/// Two halves that do not wait for each other: a session appends while its last frames are sealed.
/// Whoever needs both takes `sealed` first.
pub(super) struct Tape {
    pub(super) id: SessionId,
    /// Whose session it is.
    pub(super) subject: String,
    /// The first hash of its chain.
    pub(super) first: [u8; 32],
    file: File,
    open: Mutex<Open>,
    sealed: Mutex<Sealed>,
}

/// What the session has said and nobody sealed.
struct Open {
    frames: Frames,
    stream: Stream,
    end: Option<Said>,
}

/// How it ended, once somebody said so.
#[derive(Clone)]
enum Said {
    InOrder(Ending),
    /// The session is gone and nobody said how it ended.
    Abandoned(Timestamp),
}

struct Sealed {
    sealer: Sealer,
    /// What the next frames gather in.
    spare: Vec<u8>,
    /// Sealed, and not known to be on the disk.
    out: Vec<u8>,
    /// Where `out` belongs in the file.
    at: u64,
    /// How much of `out` is in the file, and how much was handed out to be kept.
    written: usize,
    handed: usize,
    signed: Instant,
    ended: bool,
    /// What it ended as, until somebody asks.
    conclusion: Option<Conclusion>,
}

/// Sealed bytes, and where in their session's file they belong.
pub(super) struct Piece<'p> {
    pub(super) session: SessionId,
    pub(super) at: u64,
    pub(super) bytes: &'p [u8],
}

impl Tape {
    /// Makes the file and writes how the recording begins. There must be no such file.
    pub(super) fn begin(
        path: &Path,
        keys: Keys,
        head: &SessionHead,
        packer: &mut Packer,
    ) -> Result<Self, RecordError> {
        let mut out = Vec::with_capacity(2048);
        let (sealer, frames) = Sealer::begin(keys, head, packer, &mut out)
            .map_err(|error| RecordError(error.to_string()))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| refused(&error))?;
        if let Err(error) = file.write_all_at(&out, 0) {
            // A file that holds no recording would only be in the way.
            let _ = std::fs::remove_file(path);
            return Err(refused(&error));
        }
        let open = Open { frames, stream: Stream::default(), end: None };
        let (first, subject) = (sealer.first(), head.identity.subject.clone());
        let sealed = Sealed {
            sealer,
            spare: Vec::new(),
            out,
            at: 0,
            written: 0,
            handed: 0,
            signed: Instant::now(),
            ended: false,
            conclusion: None,
        };
        let (open, sealed) = (Mutex::new(open), Mutex::new(sealed));
        Ok(Self { id: head.id, subject, first, file, open, sealed })
    }

    /// Takes an event down. Says how much waits: a full block is a matter for the scribe.
    pub(super) fn record(&self, at: Timestamp, event: &Event) -> Result<usize, WriteError> {
        let mut open = lock(&self.open);
        open.frames.append(at, event)?;
        Ok(open.frames.len())
    }

    pub(super) fn delivered(&self, bytes: &[u8]) {
        lock(&self.open).stream.update(bytes);
    }

    pub(super) fn close(&self, ending: Ending) {
        lock(&self.open).end.get_or_insert(Said::InOrder(ending));
    }

    pub(super) fn abandon(&self, now: Timestamp) {
        lock(&self.open).end.get_or_insert(Said::Abandoned(now));
    }

    pub(super) fn counts(&self) -> Counts {
        *lock(&self.open).frames.counts()
    }

    /// How long the file is, or is about to be.
    pub(super) fn length(&self) -> u64 {
        lock(&self.sealed).sealer.position()
    }

    /// Seals what waits, signs when that is due, and writes the file.
    ///
    /// # Errors
    /// The file could not be written. What could not be is tried again the next time.
    pub(super) fn gather(&self, now: Timestamp, packer: &mut Packer) -> io::Result<()> {
        let mut sealed = lock(&self.sealed);
        let sealed = &mut *sealed;
        let (batch, end, delivered) = {
            let mut open = lock(&self.open);
            let delivered = sealed.wants_digest(&open).then(|| open.stream.so_far());
            let batch = open.frames.take(std::mem::take(&mut sealed.spare));
            (batch, open.end.clone(), delivered)
        };
        sealed.sealer.seal(&batch, packer, &mut sealed.out);
        sealed.spare = batch.into_spare();
        sealed.spare.shrink_to(MUCH);
        if let Some(delivered) = delivered {
            self.sign(sealed, now, end, delivered, packer);
        }
        let unwritten = sealed.out.get(sealed.written..).unwrap_or_default();
        if !unwritten.is_empty() {
            self.file.write_all_at(unwritten, sealed.at + sealed.written as u64)?;
            sealed.written = sealed.out.len();
        }
        Ok(())
    }

    /// Hands out what is in the file and not known to be on the disk, if there is any: again and again
    /// until [`Self::kept`] says that it is.
    pub(super) fn hand_out(&self, keep: impl FnOnce(Piece<'_>)) -> bool {
        let mut sealed = lock(&self.sealed);
        sealed.handed = sealed.written;
        let bytes = sealed.out.get(..sealed.handed).unwrap_or_default();
        if !bytes.is_empty() {
            keep(Piece { session: self.id, at: sealed.at, bytes });
        }
        !bytes.is_empty()
    }

    /// How much is sealed and not on the disk.
    pub(super) fn behind(&self) -> usize {
        lock(&self.sealed).out.len()
    }

    fn sign(
        &self,
        sealed: &mut Sealed,
        now: Timestamp,
        end: Option<Said>,
        delivered: Delivered,
        packer: &mut Packer,
    ) {
        let (at, end, how) = match end {
            None => (now, End::GoesOn, None),
            Some(Said::Abandoned(at)) => (at, End::Interrupted, None),
            Some(Said::InOrder(ending)) => {
                // The closing frame stands in a block of its own, so that it is found from behind.
                let mut open = lock(&self.open);
                if open.frames.close(&ending).is_err() {
                    // Something was said after the end: it is sealed first, the next time.
                    return;
                }
                let closing = open.frames.take(Vec::new());
                drop(open);
                sealed.sealer.seal(&closing, packer, &mut sealed.out);
                (ending.at, End::InOrder, Some(ending.how))
            }
        };
        sealed.sealer.checkpoint(at, delivered, end, &mut sealed.out);
        sealed.signed = Instant::now();
        sealed.ended = end != End::GoesOn;
        sealed.conclusion = sealed.ended.then(|| Conclusion {
            at,
            how,
            in_order: end == End::InOrder,
            last: sealed.sealer.head(),
            counts: sealed.sealer.counts(),
            delivered,
            bytes: sealed.sealer.position(),
        });
    }

    /// What was handed out is on the disk. Says how long the file is there, and whether nothing more
    /// will come.
    pub(super) fn kept(&self) -> (u64, bool) {
        let mut sealed = lock(&self.sealed);
        let handed = std::mem::take(&mut sealed.handed);
        sealed.at += handed as u64;
        sealed.written -= handed;
        sealed.out.drain(..handed);
        sealed.out.shrink_to(MUCH);
        (sealed.at, sealed.ended && sealed.out.is_empty())
    }

    /// What it ended as; once.
    pub(super) fn conclusion(&self) -> Option<Conclusion> {
        lock(&self.sealed).conclusion.take()
    }

    /// Brings the file itself to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Writes what a journal holds of it into its file once more.
    pub(super) fn write_again(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }
}

impl Sealed {
    /// A digest of the stream is only taken when it is about to be signed.
    fn wants_digest(&self, open: &Open) -> bool {
        if self.ended {
            return false;
        }
        let unsigned = self.sealer.unsigned() || !open.frames.is_empty();
        open.end.is_some() || (unsigned && self.signed.elapsed() >= UNSIGNED)
    }
}

/// What a panic left half-done is a frame at most, and that was not counted in.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn refused(error: &io::Error) -> RecordError {
    RecordError(error.to_string())
}
