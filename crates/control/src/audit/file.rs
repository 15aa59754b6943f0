//! A store's audit log read from outside, without a byte written beside it, while a gateway may be
//! running on it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use evidence::PublicKey;
use evidence::audit::{Entry, Extent};
use rusqlite::{Connection, OpenFlags};

use super::log;
use crate::store::StoreError;

/// How often a file that changes under the reading is read again.
const TRIES: usize = 5;

/// Checks the log of the store at `path` and hands every entry that holds to `each`, which is told
/// (`None`) when it begins anew.
///
/// # Errors
/// The log breaks ([`StoreError::Audit`]), or the file cannot be read.
pub fn check(
    path: &Path,
    key: &PublicKey,
    mut each: impl FnMut(Option<Entry>),
) -> Result<Extent, StoreError> {
    let mut tries = 0;
    loop {
        let before = Look::at(path).map_err(|source| file(path, source))?;
        let reading = Reading::open(path, &before)?;
        each(None);
        let checked = log::check(&reading.connection, key, |entry| each(Some(entry)));
        // Where a write-ahead log is read in place, SQLite itself sees to it that one moment is read.
        let in_place = before.wal && before.shm;
        let steady = in_place || Look::at(path).is_ok_and(|after| after == before);
        tries += 1;
        if steady || tries == TRIES {
            return checked;
        }
    }
}

fn file(path: &Path, source: io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), source }
}

/// What of a store there is, and when it was written last.
#[derive(PartialEq, Eq)]
struct Look {
    length: u64,
    changed: Option<SystemTime>,
    wal: bool,
    shm: bool,
}

impl Look {
    fn at(path: &Path) -> io::Result<Self> {
        let about = fs::metadata(path)?;
        let wal = fs::metadata(beside(path, "-wal")).is_ok_and(|about| about.len() > 0);
        let shm = beside(path, "-shm").exists();
        Ok(Self { length: about.len(), changed: about.modified().ok(), wal, shm })
    }
}

struct Reading {
    connection: Connection,
    /// Where a copy is, for as long as it is read.
    _scratch: Option<Scratch>,
}

impl Reading {
    fn open(path: &Path, look: &Look) -> Result<Self, StoreError> {
        let in_place = |how| Ok(Self { connection: connect(path, how)?, _scratch: None });
        match look {
            // Nobody has it open, or nothing was written since: the file alone is the store.
            Look { wal: false, .. } => in_place("immutable=1"),
            Look { wal: true, shm: true, .. } => in_place("mode=ro&readonly_shm=1"),
            // A write-ahead log whose index is gone: only a copy can be read without writing.
            Look { wal: true, shm: false, .. } => {
                let scratch = Scratch::of(path).map_err(|source| file(path, source))?;
                let connection = Connection::open(scratch.0.join("copy.db"))?;
                connection.pragma_update(None, "trusted_schema", false)?;
                Ok(Self { connection, _scratch: Some(scratch) })
            }
        }
    }
}

fn connect(path: &Path, how: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let path = path.canonicalize().map_err(|source| file(path, source))?;
    let connection = Connection::open_with_flags(format!("file:{}?{how}", escaped(&path)), flags)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // One moment of the log, however long the reading takes.
    connection.execute_batch("begin")?;
    Ok(connection)
}

/// A path as a URI holds it.
fn escaped(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// A private folder with a copy, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("sluice-verify-{:032x}", rand::random::<u128>());
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let scratch = Self(folder);
        fs::copy(path, scratch.0.join("copy.db"))?;
        fs::copy(beside(path, "-wal"), scratch.0.join("copy.db-wal"))?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
