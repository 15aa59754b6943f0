//! Sessions on disk, and the list of those alive.
//!
//! ```text
//!   gateway ── Ledger::open ──► live ──► tape (one session's frames) ─┐
//!                                 │                                   ▼
//!   administrator ── kill ────────┘                 scribe (a thread): rounds ──► recordings/ID.sluice-rec
//!                                                                     └────────► journal, one sync for all
//!                 beginnings and ends ──► register ──► the audit log
//!   API, CLI ──► list, search, replay, follow, verify ──► the same files, read only
//! ```
//!
//! A session appends to memory; the scribe seals, writes and syncs what all of them said, four times a
//! second, or at once where a command must be on the disk before it is sent. What was found without
//! an end at the start is put back from the journal and ended as interrupted.
//!
//! What it refuses to do: let a command through while recordings cannot be kept; write to a file
//! that was there before; sign with a key that others can read.

mod at_rest;
mod copies;
mod error;
mod follow;
mod found;
mod index;
mod journal;
mod keys;
mod live;
mod news;
mod readers;
mod reconcile;
mod refusals;
mod register;
mod replay;
mod ring;
mod rotation;
mod scribe;
mod search;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use evidence::{
    Keyring, Keys, MasterKey, Packer, PublicKey, Report, SessionKey, SigningKey, State,
};
use model::ports::{Ledger, OpenedSession, RecordError, Refusal};
use model::{Identity, SessionHead, SessionId};

use crate::disk::{Bounds, Disk};
use crate::{Bell, Clock};
pub use at_rest::AtRest;
pub use error::RecordingsError;
use follow::Followers;
pub use follow::Following;
pub(crate) use index::Beginning;
use index::Index;
pub use index::{Filter, SessionState, Summary};
pub(crate) use index::{beginning, session_of};
pub use keys::new_master_key;
pub(crate) use keys::signing_key;
use live::Live;
pub(crate) use news::Inbox;
pub use readers::{Identity as AgeIdentity, Readers, Sealing, seal};
pub use reconcile::EnterError;
use register::Register;
pub use replay::{Replay, replay_file, verify_file};
pub(crate) use ring::Ring;
pub use rotation::{KeyNames, key_names, rotate};
use scribe::Rounds;
pub use search::{Hit, With};
use tape::Tape;

/// The house's recordings. Everything but [`Ledger`] reads files: call it where blocking is allowed.
#[derive(Clone)]
pub struct Recordings(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    key: Arc<SigningKey>,
    public: PublicKey,
    ring: Arc<Ring>,
    readers: Readers,
    rounds: Arc<Rounds>,
    /// The way into the audit log, once there is one.
    register: Arc<OnceLock<Register>>,
    /// For what is sealed outside of a round.
    packer: Mutex<Packer>,
    live: Live,
    followers: Followers,
    index: Index,
    disk: Arc<Disk>,
    finder: crate::index::Index,
    clock: Clock,
}

/// What recordings are kept with.
pub struct Keep {
    /// Seals the keys that open them; without one, a key file beside them does.
    pub master: Option<MasterKey>,
    /// Who can open them.
    pub readers: Readers,
    /// The disk they are on.
    pub disk: Arc<Disk>,
}

impl Keep {
    /// As where nothing is configured.
    ///
    /// # Errors
    /// `data_dir` cannot be made.
    pub fn usual(data_dir: &Path) -> io::Result<Self> {
        let disk = Disk::open(data_dir, Bounds::default())?;
        Ok(Self { master: None, readers: Readers::default(), disk: Arc::new(disk) })
    }
}

impl Recordings {
    /// The recordings in `data_dir/recordings`, signed with `data_dir/keys/signing.key`. Makes what is
    /// not there yet, ends what was found without an end, and starts the scribe, who goes when the last
    /// clone of this does.
    ///
    /// # Errors
    /// A folder or a key cannot be made, read or trusted.
    pub fn open(data_dir: &Path, keep: Keep, clock: Clock) -> Result<Self, RecordingsError> {
        let folder = data_dir.join("recordings");
        private_folder(&folder)?;
        let lock = found::lock(&folder)?;
        let keys = data_dir.join("keys");
        let key = Arc::new(keys::signing_key(&keys)?);
        keys::belongs_to(&keys, &folder)?;
        let ring = Arc::new(Ring::open(&keys, keep.master)?);
        found::put_back(&folder)?;
        found::end_all(&folder, &key, &ring.keys(), clock.now())?;
        let failed = |source| RecordingsError::io(&folder, source);
        let shared = Arc::new(Shared {
            public: key.public(),
            key,
            ring: Arc::clone(&ring),
            readers: keep.readers,
            rounds: Arc::default(),
            register: Arc::default(),
            packer: Mutex::new(Packer::new().map_err(failed)?),
            live: Live::default(),
            followers: Followers::default(),
            index: Index::default(),
            disk: keep.disk,
            finder: crate::index::Index::new(data_dir, ring),
            clock,
            folder: folder.clone(),
        });
        scribe::start(&shared, lock).map_err(failed)?;
        let house = Arc::downgrade(&shared);
        let alive = move || house.upgrade().map(|shared| shared.live.ids());
        crate::index::start(&shared.finder, &folder, alive).map_err(failed)?;
        Ok(Self(shared))
    }

    /// Returns once everything said so far is on the disk, or cannot be brought there.
    pub fn settle(&self) {
        let rounds = &self.0.rounds;
        rounds.wait_here(rounds.ring());
    }

    /// Whether commands can be recorded at the moment.
    ///
    /// # Errors
    /// They cannot, and why.
    pub fn ready(&self) -> Result<(), RecordError> {
        self.0.ready()
    }

    /// How many sessions are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.0.live.ids().len()
    }

    /// The disk they are on.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.0.disk
    }

    /// As [`Self::settle`], for the end of the house: what was only counted so far is on its way into
    /// the audit log too.
    pub fn close(&self) {
        self.settle();
        if let Some(register) = self.0.register.get() {
            register.settle();
        }
    }

    /// Tells from now on which recordings grew on the disk.
    pub(crate) fn news(&self, bell: Arc<Bell>) -> Arc<Inbox> {
        self.0.rounds.news.subscribe(bell)
    }

    /// The sessions whose recordings are not on the disk to their end.
    pub(crate) fn being_written(&self) -> HashSet<SessionId> {
        self.0.rounds.being_written()
    }

    /// The keys that open this house's recordings.
    #[must_use]
    pub fn keyring(&self) -> Arc<Keyring> {
        self.0.ring.keys()
    }

    /// The public half of the key that signs; its PEM file is `data_dir/keys/signing.pub`.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// One session.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn get(&self, id: SessionId) -> Result<Summary, RecordingsError> {
        self.settle();
        self.0.index.get(&self.0.folder, &self.0.live, &self.keyring(), id)
    }

    /// Where a session's recording is, or a copy of it that was fetched.
    #[must_use]
    pub fn path(&self, id: SessionId) -> PathBuf {
        self.0.readable(id)
    }

    /// A session's events, up to this moment when it is alive.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn replay(&self, id: SessionId) -> Result<Replay, RecordingsError> {
        self.settle();
        let alive = self.0.live.is_alive(id);
        let path = self.0.readable(id);
        if !alive && !path.exists() {
            return Err(RecordingsError::NoSuch(id));
        }
        Replay::open(&path, self.keyring(), alive)
    }

    /// The key of one session's recording, for whoever may read it elsewhere.
    ///
    /// # Errors
    /// There is no session of this id, its file cannot be read, or no key of this house opens it.
    pub fn session_key(&self, id: SessionId) -> Result<SessionKey, RecordingsError> {
        let path = self.0.readable(id);
        let opened = fs::File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RecordingsError::NoSuch(id),
            _ => RecordingsError::io(&path, error),
        });
        let begun = index::beginning(&mut opened?, &self.keyring());
        match begun.map_err(|error| RecordingsError::io(&path, error))? {
            Beginning::Open(begun) => Ok(begun.0),
            Beginning::Sealed(_) | Beginning::Unreadable => Err(RecordingsError::NoKey { path }),
        }
    }

    /// Checks a session's recording.
    ///
    /// # Errors
    /// There is none of this id, or its file cannot be read.
    pub fn verify(&self, id: SessionId) -> Result<Report, RecordingsError> {
        let path = self.0.readable(id);
        if !path.exists() {
            return Err(RecordingsError::NoSuch(id));
        }
        self.settle();
        let mut report = verify_file(&path, &self.0.public, Some(&self.keyring()))?;
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

impl Drop for Shared {
    fn drop(&mut self) {
        // The scribe sees that it is the last round.
        self.rounds.ring();
    }
}

impl Shared {
    /// Whether what is recorded now will be kept, and the audit log can be told of it.
    fn ready(&self) -> Result<(), RecordError> {
        self.rounds.ready()?;
        self.register.get().map_or(Ok(()), Register::ready)
    }

    fn path(&self, id: SessionId) -> PathBuf {
        self.folder.join(format!("{id}.{}", evidence::EXTENSION))
    }

    /// The recording, or a copy of it when only that is here.
    fn readable(&self, id: SessionId) -> PathBuf {
        let (own, copy) = (self.path(id), self.copy(id));
        if !own.exists() && copy.exists() { copy } else { own }
    }

    /// Where a copy of it stands when it was fetched.
    fn copy(&self, id: SessionId) -> PathBuf {
        self.fetched().join(format!("{id}.{}", evidence::EXTENSION))
    }

    fn fetched(&self) -> PathBuf {
        self.folder.join("fetched")
    }
}

impl Ledger for Recordings {
    fn open(&self, head: SessionHead) -> Result<OpenedSession, RecordError> {
        let shared = &self.0;
        shared.ready()?;
        shared.disk.admits()?;
        let session = keys::session_key().map_err(|error| tape::refused(&error))?;
        let ring = shared.ring.keys();
        let Some(current) = ring.current() else {
            return Err(RecordError("the keyring holds no key".into()));
        };
        let slots = shared.readers.slots(head.id, &session, current);
        let slots = slots.map_err(|error| tape::refused(&error))?;
        let keys = Keys { signing: Arc::clone(&shared.key), session, slots };
        let mut packer = shared.packer.lock().unwrap_or_else(PoisonError::into_inner);
        let tape = Tape::begin(&shared.path(head.id), keys, &head, &mut packer)?;
        drop(packer);
        shared.finder.admit(head.id);
        Ok(live::admit(shared, head, tape))
    }

    fn refused(&self, refusal: &Refusal<'_>) {
        if let Some(register) = self.0.register.get() {
            register.refused(refusal);
        }
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
