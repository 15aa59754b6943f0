//! One SQLite file for what must outlive the process: tokens, approvals, decisions, the audit chain.
//!
//! ```text
//!   any runtime ── write(closure) ──► one thread, one connection ──► transaction ──► fsync ──► answer
//!               ── read(closure)  ──► one thread, one connection (WAL: never waits for the writer)
//! ```
//!
//! No thread of an async runtime ever waits for the disk, and no two writers ever race: what is
//! decided inside one closure is decided on the state as it is. What a transaction adds to the audit
//! log is signed before it is committed.

mod commit;
mod lane;
mod schema;

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use evidence::PublicKey;
use rusqlite::{Connection, Transaction};
use tokio::sync::watch;

use crate::Clock;
use crate::audit::{self, Act, Broken, Entry, Extent, Health, Line, Query};
use crate::recordings::{RecordingsError, signing_key};
use commit::Commits;
use lane::Lane;

/// The store. Dropping it waits for what was still to be written.
pub struct Store {
    writer: Lane,
    reader: Lane,
    commits: Arc<Commits>,
    path: PathBuf,
    public: PublicKey,
    /// Held for as long as the store is open, so that no second gateway works on the same file.
    _lock: File,
}

/// The store could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error(
        "{0} is in use by another gateway: stop it first, or give this one a data_dir of its own"
    )]
    InUse(PathBuf),
    /// A file could not be made or opened.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was written by a later version.
    #[error(
        "{path} has schema version {found}, this version of sluice knows {known}: run the version that wrote it, or a later one"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// What stands in it.
        found: u32,
        /// What is known here.
        known: u32,
    },
    /// SQLite says no.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What stands in a row is not what was put there.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// The audit log is not as it was written.
    #[error("the audit log does not hold: {0}")]
    Audit(Broken),
    /// The key that signs the audit log cannot be had.
    #[error(transparent)]
    Key(#[from] Box<RecordingsError>),
    /// The file system does not keep what it says it keeps.
    #[error("{path} cannot be written safely: SQLite answers `{answer}` to {asked}")]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What it was asked to do.
        asked: &'static str,
        /// What it does instead.
        answer: String,
    },
    /// Too much is waiting for the disk.
    #[error("the store is overloaded: try again in a moment")]
    Busy,
    /// It was closed, or the work on it panicked.
    #[error("the store is closed")]
    Closed,
}

impl Store {
    /// Opens `data_dir/sluice.db`, making the folder (0700) and the file (0600) when absent, and
    /// brings it to the current schema. The audit log is signed with `data_dir/keys/signing.key`, which
    /// is made when there is none.
    ///
    /// # Errors
    /// It is in use, cannot be opened, is of a later version, or its key cannot be trusted.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::File { path, source }
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(failed(data_dir))?;
        let path = data_dir.join("sluice.db");
        let private =
            |path: &Path| OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let lock_path = data_dir.join("sluice.db.lock");
        let lock = private(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        // SQLite gives its WAL the permissions of the file it finds.
        drop(private(&path).map_err(failed(&path))?);

        let key = signing_key(&data_dir.join("keys")).map_err(Box::new)?;
        let public = key.public();
        let mut writer = connect(&path)?;
        durable(&writer, &path)?;
        schema::migrate(&mut writer, &path)?;
        let commits = Arc::new(Commits::new(Arc::new(key), Clock::system()));
        // What an earlier version left unsigned.
        commits.in_transaction(&mut writer, |_| Ok::<_, StoreError>(()))?;
        let reader = connect(&path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self {
            writer: Lane::new("sluice-store-write", writer)?,
            reader: Lane::new("sluice-store-read", reader)?,
            commits,
            path,
            public,
            _lock: lock,
        })
    }

    /// Acts from the audit log, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit(&self, query: Query) -> Result<Vec<Entry>, StoreError> {
        self.read(move |connection| audit::log::list(connection, &query)).await
    }

    /// Acts from the audit log behind the entry `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit_after(&self, seq: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(move |connection| audit::log::after(connection, seq, limit)).await
    }

    /// Follows the number of the newest entry of the audit log: it is on the disk when it is seen here.
    #[must_use]
    pub fn audit_newest(&self) -> watch::Receiver<u64> {
        self.commits.newest()
    }

    /// The first line of an export of what comes behind the entry `seq`.
    ///
    /// # Errors
    /// There is no such entry, or the store failed.
    pub async fn audit_begins(&self, seq: u64) -> Result<Line, StoreError> {
        self.read(move |connection| audit::log::begins(connection, seq)).await
    }

    /// The next lines of an export, behind the entry `seq`: at most `limit` entries, and the
    /// checkpoints among them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit_lines(&self, seq: u64, limit: u32) -> Result<Vec<Line>, StoreError> {
        self.read(move |connection| audit::log::lines(connection, seq, limit)).await
    }

    /// Reads the whole audit log again, chain and signatures, and says how far it holds.
    ///
    /// # Errors
    /// [`StoreError::Audit`]: an entry or a checkpoint was changed, removed or put in between.
    pub async fn verify_audit(&self) -> Result<Extent, StoreError> {
        let (path, key) = (self.path.clone(), self.public);
        // On a connection of its own: while a long log is read, others read what they sign in with.
        let checked = tokio::task::spawn_blocking(move || {
            let connection = connect(&path)?;
            connection.pragma_update(None, "query_only", true)?;
            // One moment of the log, however long the reading takes.
            connection.execute_batch("begin")?;
            audit::log::check(&connection, &key, drop)
        });
        checked.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Enters an act that is nothing but its entry. It is on the disk when this returns.
    ///
    /// # Errors
    /// It could not be entered: what it tells of must not be done.
    pub async fn record(&self, act: Act) -> Result<(), StoreError> {
        self.write(move |transaction| audit::append(transaction, &act)).await
    }

    /// Whether the audit log can be written, as far as is known.
    pub(crate) fn health(&self) -> &Health {
        self.commits.health()
    }

    /// Runs `work` in a transaction of the one writer; committed when it answers `Ok`, undone
    /// when not. Work that was begun is finished even when nobody waits for the answer any more.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let commits = Arc::clone(&self.commits);
        self.writer.ask(move |connection| commits.in_transaction(connection, work)).await
    }

    /// As [`Self::write`], with nobody waiting: for what happens in a destructor.
    pub(crate) fn write_later(
        &self,
        what: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        let commits = Arc::clone(&self.commits);
        self.write_then(work, move |done| {
            if let Err(error) = done {
                tracing::error!(%error, what, "the store could not be written");
                commits.health().lost(&error.to_string());
            }
        });
    }

    /// As [`Self::write`], with `then` called when it is on the disk, or cannot be brought there: on
    /// the writer's thread, so it must not wait for anything.
    pub(crate) fn write_then<T: 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) {
        let commits = Arc::clone(&self.commits);
        self.writer.tell(move |connection| then(commits.in_transaction(connection, work)));
    }

    /// Runs `work` on the reading connection.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.reader.ask(|connection| work(connection)).await
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// What is acknowledged outlives a power cut; there are few enough writes to wait for the disk.
fn durable(writer: &Connection, path: &Path) -> Result<(), StoreError> {
    let refused =
        |asked, answer: String| StoreError::Unsafe { path: path.to_owned(), asked, answer };
    let mode: String =
        writer.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(refused("journal_mode=wal", mode));
    }
    writer.pragma_update(None, "synchronous", "full")?;
    // A plain sync on macOS ends in the disk's own memory; elsewhere this changes nothing.
    writer.pragma_update(None, "fullfsync", true)?;
    let level: i64 = writer.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if level != 2 {
        return Err(refused("synchronous=full", level.to_string()));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
