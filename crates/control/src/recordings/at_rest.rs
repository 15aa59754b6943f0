//! Recordings read where they lie, beside a gateway that may be writing them: nothing is made,
//! locked or changed.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use evidence::{Checkpoint, End, Keyring, MasterKey};
use model::{SessionId, Timestamp};

use super::error::RecordingsError;
use super::replay::Replay;
use super::{index, keys};

/// The recordings of a data directory, read only.
pub struct AtRest {
    folder: PathBuf,
    keyring: Arc<Keyring>,
}

impl AtRest {
    /// The recordings in `data_dir/recordings`, opened with the keyring in `data_dir/keys`, which
    /// `master` opens, or the key file beside it when there is none.
    ///
    /// # Errors
    /// There are none, or the keyring cannot be read.
    pub fn open(data_dir: &Path, master: Option<MasterKey>) -> Result<Self, RecordingsError> {
        let folder = data_dir.join("recordings");
        fs::metadata(&folder).map_err(|source| RecordingsError::io(&folder, source))?;
        let keys = data_dir.join("keys");
        let master = keys::master_as_it_is(&keys, master)?;
        let keyring = Arc::new(keys::read_keyring(&keys, &master)?);
        Ok(Self { folder, keyring })
    }

    /// The sessions that may hold something from `since` on, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn sessions(&self, since: Timestamp) -> Result<Vec<SessionId>, RecordingsError> {
        let failed = |source| RecordingsError::io(&self.folder, source);
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(id) = index::session_of(&path) else { continue };
            // What cannot be looked at is kept: reading it will say why.
            if !ended_before(&path, since).unwrap_or(false) {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// A session's events, as far as they are on the disk: its session may be alive.
    ///
    /// # Errors
    /// Its file cannot be opened.
    pub fn replay(&self, id: SessionId) -> Result<Replay, RecordingsError> {
        let path = self.folder.join(format!("{id}.{}", evidence::EXTENSION));
        Replay::open(&path, Arc::clone(&self.keyring), true)
    }
}

/// Whether the last thing in a recording is its end, signed before `since`.
fn ended_before(path: &Path, since: Timestamp) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(start) = length.checked_sub(Checkpoint::BLOCK_LENGTH as u64) else { return Ok(false) };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(Checkpoint::BLOCK_LENGTH);
    file.take(Checkpoint::BLOCK_LENGTH as u64).read_to_end(&mut bytes)?;
    let last = Checkpoint::peek(&Bytes::from(bytes)).filter(|last| last.position == start);
    Ok(last.is_some_and(|last| last.end == End::InOrder && last.at < since))
}
