//! Keys that open recordings are followed by others: beside the gateway, on its machine.

use std::fs::{OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use evidence::MasterKey;

use super::error::RecordingsError;
use super::{keys, private_folder};

/// The keys of a house, by name. Says nothing about the keys themselves.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KeyNames {
    /// The master key that seals the keyring.
    pub master: String,
    /// The keyring's keys, the oldest first; the last one seals new sessions.
    pub keyring: Vec<String>,
    /// The key that signs.
    pub signing: String,
}

/// The names of the keys in `data_dir/keys`.
///
/// # Errors
/// A key cannot be read, or `master` is another.
pub fn key_names(data_dir: &Path, master: Option<MasterKey>) -> Result<KeyNames, RecordingsError> {
    let folder = data_dir.join("keys");
    let master = keys::master_as_it_is(&folder, master)?;
    let ring = keys::read_keyring(&folder, &master)?;
    Ok(KeyNames {
        master: master.id().to_string(),
        keyring: ring.ids().map(|id| id.to_string()).collect(),
        signing: keys::signing_key(&folder)?.public().id().to_string(),
    })
}

/// Adds a key to the keyring, which seals new sessions from then on; a gateway at work takes it up
/// within a second. Where `new` is given, the keyring is sealed under it from now on, and the gateway
/// is to be given it before its next start. Old recordings stay readable: the keyring keeps every key.
///
/// # Errors
/// A key cannot be read or written, `old` is another, or somebody else is at it.
pub fn rotate(
    data_dir: &Path,
    old: Option<MasterKey>,
    new: Option<&MasterKey>,
) -> Result<KeyNames, RecordingsError> {
    let folder = data_dir.join("keys");
    private_folder(&folder)?;
    let path = folder.join("rotation.lock");
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    match lock.map_err(|source| RecordingsError::io(&path, source))?.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(RecordingsError::InUse { path }),
        Err(TryLockError::Error(source)) => return Err(RecordingsError::io(&path, source)),
    }
    let old = keys::master_as_it_is(&folder, old)?;
    let mut ring = keys::read_keyring(&folder, &old)?;
    let key = keys::keyring_key();
    ring.add(key.map_err(|source| RecordingsError::io(&folder, source))?);
    let master = new.unwrap_or(&old);
    keys::replace_keyring(&folder, &ring, master)?;
    // What cannot be read back must not be what is relied upon.
    let again = keys::read_keyring(&folder, master)?;
    Ok(KeyNames {
        master: master.id().to_string(),
        keyring: again.ids().map(|id| id.to_string()).collect(),
        signing: keys::signing_key(&folder)?.public().id().to_string(),
    })
}
