//! The index's file: opened as it is, or begun anew when it is not to be used.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evidence::{KeyId, Keyring};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::words::Terms;

/// What stands in `user_version`. There are no migrations: a file of another version is made again
/// from the recordings.
const VERSION: u32 = 1;

const SCHEMA: &str = r"
create table about (key blob not null) strict;

create table sessions (
    id       integer primary key,
    session  blob not null unique,
    subject  text,
    provider text,
    resource text,
    opened   integer,
    -- 0 it goes on, 1 ended in order, 2 interrupted, 3 unreadable
    state    integer not null,
    -- the latest of its statements
    latest   integer,
    -- how far it was read, the highest number so far, and which statements are still open
    mark     blob,
    seen     integer not null,
    open     text not null
) strict;
create index sessions_by_subject on sessions (subject, session);
create index sessions_by_resource on sessions (resource, session);

create table statements (
    -- when, in quarters of a millisecond since 1970, or the next that was free
    id       integer primary key,
    session  integer not null,
    number   integer not null,
    -- how often, and over how many microseconds
    times    integer not null,
    span     integer not null,
    -- what of its time `id` does not say, in microseconds
    rest     integer not null,
    block    integer not null,
    position integer not null,
    verdicts integer not null,
    rows     integer not null,
    policies integer,
    tables   integer,
    classes  integer,
    approval blob
) strict;
create index statements_by_session on statements (session, number);
create index statements_by_approval on statements (approval) where approval is not null;

create table names (id integer primary key, text text not null unique) strict;

create virtual table words using fts5(
    terms, content='', contentless_delete=1, tokenize='ascii', detail='full'
);
";

/// What is asked of the tables above.
const TABLES: [&str; 3] = [
    "select id, session, subject, provider, resource, opened, state, latest, mark, seen, open from sessions",
    "select id, session, number, times, span, rest, block, position, verdicts, rows, policies, tables,
     classes, approval from statements",
    "select id, text from names",
];

/// The index cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite says no.
    #[error("the index failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The keyring is empty.
    #[error("the keyring holds no key")]
    NoKey,
    /// What stands in the file is not what was written.
    #[error("the index is damaged")]
    Damaged,
    /// It is not there yet, or is being made again.
    #[error("the index is not ready yet: try again in a moment")]
    NotReady,
}

impl IndexError {
    /// Whether the file is of no use any more.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let error = match self {
            Self::Damaged => return true,
            Self::Sqlite(error) => error,
            Self::File { .. } | Self::NoKey | Self::NotReady => return false,
        };
        matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
            // A table or a column that is not there, a value of a type it cannot be of.
            || matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
            )
            || error.sqlite_error().is_some_and(|error| error.extended_code == 1)
    }
}

/// Opens the file for writing, or begins it anew when it is not there, damaged, of another version, or
/// under a key that the keyring does not hold.
pub(super) fn open(path: &Path, keyring: &Keyring) -> Result<(Connection, Terms), IndexError> {
    if path.exists() {
        match usable(path, keyring) {
            Ok(Some(opened)) => return Ok(opened),
            Ok(None) => {
                tracing::info!("the index is of another version or key: it is made again");
            }
            Err(error) if error.is_damage() => {
                tracing::warn!(%error, "the index is damaged: it is made again");
            }
            Err(error) => return Err(error),
        }
        remove(path)?;
    }
    let key = keyring.current().ok_or(IndexError::NoKey)?;
    let failed = |source| IndexError::File { path: path.to_owned(), source };
    // SQLite gives what it puts beside it the permissions of the file it finds.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map_err(failed)?;
    let connection = connect(path)?;
    connection.execute_batch(SCHEMA)?;
    connection.execute("insert into about (key) values (?)", [key.id().0.as_slice()])?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok((connection, Terms::new(key.index_key())))
}

/// Removes the file and what SQLite puts beside it.
pub(super) fn remove(path: &Path) -> Result<(), IndexError> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(&name) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(IndexError::File { path: name.into(), source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn usable(path: &Path, keyring: &Keyring) -> Result<Option<(Connection, Terms)>, IndexError> {
    let connection = connect(path)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let sound: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(IndexError::Damaged);
    }
    for table in TABLES {
        // Whatever of it is not there makes this fail.
        connection.prepare(table)?;
    }
    // The words' own tables are SQLite's; what they say is not checked by the above.
    connection.execute("insert into words (words) values ('integrity-check')", [])?;
    let id: Option<Vec<u8>> =
        connection.query_row("select key from about", [], |row| row.get(0)).optional()?;
    let id = id.and_then(|id| <[u8; 16]>::try_from(id).ok());
    let key = id.and_then(|id| keyring.key(KeyId(id)));
    Ok(key.map(|key| (connection, Terms::new(key.index_key()))))
}

fn connect(path: &Path) -> Result<Connection, IndexError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // The recordings are the evidence: what the index lost at a power cut it reads again.
    let _mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, IndexError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    Ok(connection)
}

/// The number of a list of names, made when there is none.
pub(super) fn name(
    connection: &Connection,
    names: &std::collections::BTreeSet<String>,
) -> Result<Option<i64>, IndexError> {
    if names.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(names).unwrap_or_default();
    let mut known = connection.prepare_cached("select id from names where text = ?")?;
    if let Some(id) = known.query_row([&text], |row| row.get(0)).optional()? {
        return Ok(Some(id));
    }
    connection.prepare_cached("insert into names (text) values (?)")?.execute(params![text])?;
    Ok(Some(connection.last_insert_rowid()))
}
