//! One SQLite file for what must outlive the process: tokens, approvals, decisions, the audit chain.
//!
//! ```text
//!   any runtime ── write(closure) ──► one thread, one connection ──► transaction ──► fsync ──► answer
//!               ── read(closure)  ──► one thread, one connection (WAL: never waits for the writer)
//! ```
//!
//! No thread of an async runtime ever waits for the disk, and no two writers ever race: what is
//! decided inside one closure is decided on the state as it is.

pub mod audit;
mod lane;
mod schema;

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use lane::Lane;

/// The store. Dropping it waits for what was still to be written.
pub struct Store {
    writer: Lane,
    reader: Lane,
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
    /// Too much is waiting for the disk.
    #[error("the store is overloaded: try again in a moment")]
    Busy,
    /// It was closed, or the work on it panicked.
    #[error("the store is closed")]
    Closed,
}

impl Store {
    /// Opens `data_dir/sluice.db`, making the folder (0700) and the file (0600) when absent, and
    /// brings it to the current schema.
    ///
    /// # Errors
    /// It is in use, cannot be opened, or is of a later version.
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

        let mut writer = connect(&path)?;
        writer.pragma_update(None, "journal_mode", "wal")?;
        // A decision must outlive a power cut; there are few enough of them to wait for the disk.
        writer.pragma_update(None, "synchronous", "full")?;
        schema::migrate(&mut writer, &path)?;
        let reader = connect(&path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self {
            writer: Lane::new("sluice-store-write", writer)?,
            reader: Lane::new("sluice-store-read", reader)?,
            _lock: lock,
        })
    }

    /// Acts from the audit chain, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit(&self, query: audit::Query) -> Result<Vec<audit::Entry>, StoreError> {
        self.read(move |connection| audit::list(connection, &query)).await
    }

    /// Reads the whole audit chain again and says how many acts it holds.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: an act was changed, removed or put in between.
    pub async fn verify_audit(&self) -> Result<u64, StoreError> {
        self.read(audit::verify).await
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
        self.writer.ask(|connection| in_transaction(connection, work)).await
    }

    /// As [`Self::write`], with nobody waiting: for what happens in a destructor.
    pub(crate) fn write_later(
        &self,
        what: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.writer.tell(what, |connection| in_transaction(connection, work));
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

fn in_transaction<T, E: From<StoreError>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(StoreError::from)?;
    let done = work(&transaction)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(done)
}

#[cfg(test)]
mod tests;
