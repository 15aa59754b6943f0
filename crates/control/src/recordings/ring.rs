//! The keyring as it is in force: read again when its file changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use evidence::{Keyring, MasterKey};

use super::error::RecordingsError;
use super::keys;

/// The keys that open recordings, and the master key that seals their file.
pub(crate) struct Ring {
    path: PathBuf,
    signing: PathBuf,
    master: MasterKey,
    keys: ArcSwap<Keyring>,
    seen: Mutex<Option<Stamp>>,
}

/// What changes when a file is replaced.
type Stamp = (u64, i64, i64, u64);

impl Ring {
    /// The keyring of this folder, or a new one on the first start. `master` seals it; without one, the
    /// key in the folder does, which is made when there is none.
    pub(super) fn open(folder: &Path, master: Option<MasterKey>) -> Result<Self, RecordingsError> {
        let path = keys::keyring_path(folder);
        let master = keys::master(folder, master)?;
        keys::make_keyring(folder, &master)?;
        let seen = stamp(&path);
        let ring = keys::read_keyring(folder, &master)?;
        let (signing, keys) = (keys::signing_path(folder), ArcSwap::from_pointee(ring));
        Ok(Self { path, signing, master, keys, seen: Mutex::new(seen) })
    }

    /// The keys at the moment.
    pub(crate) fn keys(&self) -> Arc<Keyring> {
        self.keys.load_full()
    }

    /// A file without which nobody could open or continue what is recorded now, and which is not there.
    pub(super) fn missing(&self) -> Option<&Path> {
        let paths = [self.path.as_path(), self.signing.as_path()];
        paths.into_iter().find(|path| !path.try_exists().unwrap_or(false))
    }

    /// Reads the file again when it was replaced. A file that cannot be read changes nothing: the keys
    /// there were still open what they sealed. The names of the keys, when there are others.
    pub(super) fn follow(&self) -> Option<Vec<String>> {
        let now = stamp(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || *seen == now {
            return None;
        }
        *seen = now;
        drop(seen);
        match keys::read_keyring(self.path.parent()?, &self.master) {
            Ok(ring) => {
                let names: Vec<_> = ring.ids().map(|id| id.to_string()).collect();
                tracing::info!(keys = names.len(), "the keyring was read again");
                self.keys.store(Arc::new(ring));
                Some(names)
            }
            Err(error) => {
                tracing::warn!(%error, "the keyring was replaced and is not taken before a restart");
                None
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
}
