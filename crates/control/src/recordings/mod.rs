//! Sessions on disk, and the list of those alive.
//!
//! ```text
//!   gateway ── Ledger::open ──► live ──► tape (one file, one writer) ──► recordings/ID.sluice-rec
//!                                 │        ▲
//!   administrator ── kill ────────┘        │ writes what waits, signs, syncs, ends what expired
//!                                        keeper (two threads)
//!   API, CLI ──► list, replay, verify ──► the same files, read only
//! ```
//!
//! Before a command is sent, its session's tape makes one `write(2)` of everything recorded so far:
//! it survives the end of this process. What is recorded after a command waits for the next one,
//! for 64 KiB, or for the keeper, who comes by four times a second; he also signs and syncs.
//!
//! What it refuses to do: go on with a session whose tape could not be written; write to a file
//! that was there before; sign with a key that others can read.

mod error;
mod index;
mod keeper;
mod keys;
mod live;
mod replay;
mod tape;
#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evidence::{PublicKey, Report, SigningKey, State, Writer};
use model::ports::{Ledger, OpenedSession, RecordError};
use model::{Identity, SessionHead, SessionId};

use crate::Clock;
pub use error::RecordingsError;
use index::Index;
pub use index::{Filter, SessionState, Summary};
use live::Live;
pub use replay::{Replay, replay_file, verify_file};
use tape::Tape;

/// The house's recordings. Everything but [`Ledger`] reads files: call it where blocking is allowed.
#[derive(Clone)]
pub struct Recordings(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    key: Arc<SigningKey>,
    public: PublicKey,
    live: Live,
    index: Index,
    clock: Clock,
}

impl Recordings {
    /// The recordings in `data_dir/recordings`, signed with `data_dir/keys/signing.key`. Makes what
    /// is not there yet and starts the keeper, who goes when the last clone of this does.
    ///
    /// # Errors
    /// A folder or a key cannot be made, read or trusted.
    pub fn open(data_dir: &Path, clock: Clock) -> Result<Self, RecordingsError> {
        let folder = data_dir.join("recordings");
        private_folder(&folder)?;
        let key = Arc::new(keys::signing_key(&data_dir.join("keys"))?);
        let public = key.public();
        let (live, index) = (Live::default(), Index::default());
        let shared = Arc::new(Shared { folder, key, public, live, index, clock });
        keeper::start(&shared).map_err(|source| RecordingsError::io(data_dir, source))?;
        Ok(Self(shared))
    }

    /// The public half of the key that signs; its PEM file is `data_dir/keys/signing.pub`.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// Sessions, newest first.
    ///
    /// # Errors
    /// The folder cannot be read. A single file that cannot is listed as such.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Summary>, RecordingsError> {
        self.0.index.list(&self.0.folder, &self.0.live, filter)
    }

    /// One session.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn get(&self, id: SessionId) -> Result<Summary, RecordingsError> {
        self.0.index.get(&self.0.folder, &self.0.live, id)
    }

    /// Where a session's recording is.
    #[must_use]
    pub fn path(&self, id: SessionId) -> PathBuf {
        self.0.path(id)
    }

    /// A session's events, up to this moment when it is alive.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn replay(&self, id: SessionId) -> Result<Replay, RecordingsError> {
        let alive = self.0.live.flush(id);
        let path = self.0.path(id);
        if !alive && !path.exists() {
            return Err(RecordingsError::NoSuch(id));
        }
        Replay::open(&path, alive)
    }

    /// Checks a session's recording.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn verify(&self, id: SessionId) -> Result<Report, RecordingsError> {
        let path = self.0.path(id);
        if !path.exists() {
            return Err(RecordingsError::NoSuch(id));
        }
        let mut report = verify_file(&path, &self.0.public)?;
        if report.session.is_some_and(|session| session != id) {
            report.state = State::Tampered;
            report.damage = Some("it is another session's recording under this one's name".into());
        }
        Ok(report)
    }

    /// Ends a session that is alive; its client is told why. `false` when it is not alive.
    pub fn kill(&self, id: SessionId, why: &str) -> bool {
        self.0.live.end_where(|session, _| session == id, why) > 0
    }

    /// Ends every session whose identity this holds for, and says how many there were.
    pub fn end_where(&self, holds: impl Fn(&Identity) -> bool, why: &str) -> usize {
        self.0.live.end_where(|_, head| holds(&head.identity), why)
    }
}

impl Shared {
    fn path(&self, id: SessionId) -> PathBuf {
        self.folder.join(format!("{id}.{}", evidence::EXTENSION))
    }
}

impl Ledger for Recordings {
    fn open(&self, head: SessionHead) -> Result<OpenedSession, RecordError> {
        let refused = |why: String| RecordError(why);
        let path = self.0.path(head.id);
        let writer = Writer::begin(Arc::clone(&self.0.key), &head)
            .map_err(|error| refused(error.to_string()))?;
        let tape = Tape::begin(&path, writer, head.opened)?;
        Ok(live::admit(&self.0, head, tape))
    }
}

fn private_folder(folder: &Path) -> Result<(), RecordingsError> {
    let failed = |source| RecordingsError::io(folder, source);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}
