use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use evidence::{Counts, Writer};
use model::ports::RecordError;
use model::{Ending, Event, Timestamp};

/// What is written at the latest when so much waits.
const MUCH: usize = 64 << 10;
/// Or when it waited so long.
const LONG: Duration = Duration::from_millis(500);
/// How long something stands unsigned while the session goes on.
const UNSIGNED: Duration = Duration::from_secs(1);
/// The keeper's visits after which the same holds for a session that does nothing. One that does
/// something comes first and signs by itself, so that the two do not wait for each other.
const VISITS_WAITING: u8 = 2;
const VISITS_UNSIGNED: u8 = 5;

/// One session's recording as it is written. The first thing that goes wrong is the last: nothing
/// is written after it.
pub(super) struct Tape {
    writer: Writer,
    file: Arc<File>,
    /// How much of the file is whole blocks.
    length: u64,
    failed: Option<RecordError>,
    /// The last event's time.
    now: Timestamp,
    /// When the first event came that was not written yet.
    waiting_since: Option<Timestamp>,
    signed_at: Timestamp,
    /// The keeper's visits since something waits, and since something is unsigned.
    visits: (u8, u8),
    unsynced: bool,
}

impl Tape {
    /// Makes the file and writes what `writer` has ready. There must be no such file.
    pub(super) fn begin(path: &Path, writer: Writer, now: Timestamp) -> Result<Self, RecordError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = Arc::new(file.map_err(|error| refused(&error))?);
        let mut tape = Self {
            writer,
            file,
            length: 0,
            failed: None,
            now,
            waiting_since: None,
            signed_at: now,
            visits: (0, 0),
            unsynced: true,
        };
        tape.write()?;
        Ok(tape)
    }

    pub(super) fn record(&mut self, at: Timestamp, event: &Event) -> Result<(), RecordError> {
        self.check()?;
        self.writer.append(at, event).map_err(|error| RecordError(error.to_string()))?;
        self.now = at;
        let since = *self.waiting_since.get_or_insert(at);
        if self.writer.pending() > MUCH || at.since(since) > LONG {
            return self.commit();
        }
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), RecordError> {
        self.check()?;
        // A clock that was set back signs at once rather than not until it has caught up.
        if self.now.since(self.signed_at) >= UNSIGNED || self.now < self.signed_at {
            self.sign();
        }
        self.write()
    }

    /// Writes everything, whatever it waits for.
    pub(super) fn flush(&mut self) -> Result<(), RecordError> {
        self.check()?;
        self.write()
    }

    pub(super) fn close(&mut self, ending: &Ending) -> Result<(), RecordError> {
        self.check()?;
        self.writer.close(ending).map_err(|error| RecordError(error.to_string()))?;
        self.write()
    }

    /// The session is gone and nobody said how it ended: what is known of it is kept and signed, and
    /// the missing end says the rest.
    pub(super) fn abandon(&mut self) {
        if self.check().is_ok() {
            self.sign();
            let _ = self.write();
        }
    }

    /// The keeper comes by: writes what waits, signs what is unsigned.
    pub(super) fn visit(&mut self) -> Result<(), RecordError> {
        if self.failed.is_some() {
            return Ok(());
        }
        self.visits.0 += u8::from(self.writer.pending() > 0);
        self.visits.1 += u8::from(self.writer.unsigned());
        if self.visits.1 >= VISITS_UNSIGNED {
            self.sign();
            self.write()?;
            self.writer.shrink();
        } else if self.visits.0 >= VISITS_WAITING {
            self.write()?;
        }
        Ok(())
    }

    /// The file, when something was written that was not synced.
    pub(super) fn unsynced(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.unsynced).then(|| Arc::clone(&self.file))
    }

    /// What was written could not be synced: it may be lost.
    pub(super) fn lost(&mut self, error: &io::Error) {
        self.failed.get_or_insert_with(|| refused(error));
    }

    pub(super) const fn counts(&self) -> &Counts {
        self.writer.counts()
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    fn check(&self) -> Result<(), RecordError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn sign(&mut self) {
        self.writer.checkpoint(self.now);
        self.signed_at = self.now;
        self.visits.1 = 0;
    }

    /// One `write(2)`, or the end.
    fn write(&mut self) -> Result<(), RecordError> {
        self.waiting_since = None;
        self.visits.0 = 0;
        let bytes = self.writer.seal();
        if bytes.is_empty() {
            return Ok(());
        }
        if let Err(error) = (&*self.file).write_all(bytes) {
            // A block that is there in part helps nobody; that it cannot be taken back is no news.
            let _ = self.file.set_len(self.length);
            let refused = refused(&error);
            self.failed = Some(refused.clone());
            return Err(refused);
        }
        self.length += bytes.len() as u64;
        self.writer.written();
        self.unsynced = true;
        Ok(())
    }
}

fn refused(error: &io::Error) -> RecordError {
    RecordError(error.to_string())
}
