//! What the house finds when it is opened: recordings that nobody could end.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use evidence::{Checkpoint, End, Found, Keyring, Recovery, SigningKey};
use model::{SessionId, Timestamp};

use super::error::RecordingsError;
use super::{index, journal, scribe};

/// So much is read at once.
const CHUNK: usize = 256 << 10;

/// How long another process may take to leave the folder.
const LEAVES: Duration = Duration::from_secs(5);

/// Takes the folder for this process alone; the file it returns holds it.
pub(super) fn lock(folder: &Path) -> Result<File, RecordingsError> {
    let path = folder.join("lock");
    let failed = |source| RecordingsError::io(&path, source);
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(failed)?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < LEAVES => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(RecordingsError::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Puts back what journals hold into the recordings it belongs in, and brings them to the disk.
pub(super) fn put_back(folder: &Path) -> Result<(), RecordingsError> {
    let mut removed: HashSet<SessionId> = HashSet::new();
    for path in scribe::journals(folder) {
        let failed = |source| RecordingsError::io(&path, source);
        for entry in journal::entries(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.removes() {
                removed.insert(entry.session);
            }
        }
    }
    let disk = begin(folder)?;
    let mut touched = false;
    let path_of = |id: &SessionId| folder.join(format!("{id}.{}", evidence::EXTENSION));
    for path in scribe::journals(folder) {
        let failed = |source| RecordingsError::io(&path, source);
        for entry in journal::entries(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if removed.contains(&entry.session) {
                continue;
            }
            let path = path_of(&entry.session);
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
            file.and_then(|file| file.write_all_at(&entry.bytes, entry.at))
                .map_err(|source| RecordingsError::io(&path, source))?;
            touched = true;
        }
    }
    if touched {
        sync_all(&disk, folder)?;
    }
    for id in removed {
        unlink(&path_of(&id))?;
    }
    // Only now may the journals begin anew.
    for path in scribe::journals(folder) {
        unlink(&path)?;
    }
    Ok(())
}

/// Removes a file, or finds it removed.
pub(super) fn unlink(path: &Path) -> Result<(), RecordingsError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(RecordingsError::io(path, error))
        }
        _ => Ok(()),
    }
}

/// Ends every recording that has no end as interrupted.
pub(super) fn end_all(
    folder: &Path,
    key: &SigningKey,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<(), RecordingsError> {
    let failed = |source| RecordingsError::io(folder, source);
    let (since, disk) = (Instant::now(), begin(folder)?);
    let mut ended = 0_usize;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path: PathBuf = entry.map_err(failed)?.path();
        let Some(id) = index::session_of(&path) else { continue };
        match end(&path, key, keyring, now) {
            Ok(Found::Ended) => {}
            Ok(Found::Interrupted { .. }) => ended += 1,
            Ok(Found::Damaged(damage)) => {
                tracing::error!(session = %id, %damage, "a recording is damaged and left as it is");
            }
            Err(source) => return Err(RecordingsError::io(&path, source)),
        }
    }
    if ended > 0 {
        sync_all(&disk, folder)?;
        let took = since.elapsed();
        tracing::warn!(
            sessions = ended,
            ?took,
            "sessions were interrupted when the gateway last ended"
        );
    }
    Ok(())
}

/// To be called before anything is written: what fails from here on, [`sync_all`] is told of (syncfs(2)).
fn begin(folder: &Path) -> Result<File, RecordingsError> {
    File::open(folder).map_err(|source| RecordingsError::io(folder, source))
}

/// Brings everything on the folder's file system to the disk: a thousand recordings in one go rather than
/// one after the other.
fn sync_all(disk: &File, folder: &Path) -> Result<(), RecordingsError> {
    rustix::fs::syncfs(disk).map_err(|error| RecordingsError::io(folder, error.into()))
}

fn end(path: &Path, key: &SigningKey, keyring: &Keyring, now: Timestamp) -> io::Result<Found> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    if has_end(&mut file)? {
        return Ok(Found::Ended);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut recovery = Recovery::new(keyring);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = file.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        recovery.feed(chunk.get(..length).unwrap_or_default());
    }
    let found = recovery.finish(key, now);
    if let Found::Interrupted { length, end } = &found {
        file.set_len(*length)?;
        file.write_all_at(end, *length)?;
    }
    Ok(found)
}

/// Whether the last block says that nothing follows. Most recordings are asked no more than this.
fn has_end(file: &mut File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let Some(start) = length.checked_sub(Checkpoint::BLOCK_LENGTH as u64) else { return Ok(false) };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(Checkpoint::BLOCK_LENGTH);
    file.read_to_end(&mut bytes)?;
    let last = Checkpoint::peek(&Bytes::from(bytes));
    Ok(last.is_some_and(|last| last.end != End::GoesOn && last.position == start))
}
