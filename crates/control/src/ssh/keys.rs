//! The gateway's own keys, in files of its data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Secret;
use ring::rand::{SecureRandom, SystemRandom};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::Authority;

const HOST: &str = "host_ed25519";
const AUTHORITY: &str = "ca_ed25519";

/// A key's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct KeyFileError {
    /// Which.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub why: String,
}

/// What the gateway is known by, and what it signs with.
#[derive(Clone)]
pub struct Keys {
    /// The private key that the gateway shows as a host, in OpenSSH's format.
    pub host: Secret,
    /// Signs certificates.
    pub authority: Arc<Authority>,
}

impl Keys {
    /// Reads them from `folder`, which only the gateway's user sees into; those that are not there yet are made.
    ///
    /// # Errors
    /// A file cannot be read or written, or holds something else.
    pub fn open(folder: &Path) -> Result<Self, KeyFileError> {
        let failed = |error: io::Error| KeyFileError {
            path: folder.to_owned(),
            why: format!("the folder cannot be made: {error}"),
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let host = key(&folder.join(HOST), "sluice host key")?;
        let authority = key(&folder.join(AUTHORITY), "sluice authority")?;
        let host =
            to_openssh(&host).map_err(|why| KeyFileError { path: folder.join(HOST), why })?;
        Ok(Self { host, authority: Arc::new(Authority::new(authority)) })
    }
}

impl Keys {
    /// What clients know the gateway by, as `known_hosts` writes it behind the host.
    #[must_use]
    pub fn host_public(&self) -> String {
        let key = PrivateKey::from_openssh(self.host.expose());
        key.and_then(|key| key.public_key().to_openssh()).unwrap_or_default()
    }
}

/// The key in this file. A file that is there is never replaced: clients and targets know its key.
fn key(path: &Path, comment: &str) -> Result<PrivateKey, KeyFileError> {
    let failed = |why: String| KeyFileError { path: path.to_owned(), why };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, comment),
        Err(error) => Err(failed(error.to_string())),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            Err(failed("others can read it: chmod 600 it, and think about making a new key".into()))
        }
        Ok(_) => {
            let text = Zeroizing::new(fs::read(path).map_err(|error| failed(error.to_string()))?);
            let key = PrivateKey::from_openssh(&text).map_err(|error| {
                failed(format!("it is no private key in OpenSSH's format: {error}"))
            })?;
            if key.is_encrypted() {
                return Err(failed("it has a passphrase: take it off with `ssh-keygen -p`".into()));
            }
            Ok(key)
        }
    }
}

fn make(path: &Path, comment: &str) -> Result<PrivateKey, KeyFileError> {
    let failed = |why: String| KeyFileError { path: path.to_owned(), why };
    let key = new_key(comment).map_err(failed)?;
    let text = to_openssh(&key).map_err(failed)?;
    let beside = path.with_extension("new");
    let written = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.expose())?;
        file.sync_all()?;
        // Of two that start at once, the first one's key holds.
        match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => linked?,
        }
        fs::remove_file(&beside)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    written().map_err(|error| failed(error.to_string()))?;
    if key_of(path).is_some_and(|kept| kept.public_key().key_data() == key.public_key().key_data())
    {
        return Ok(key);
    }
    key_of(path).ok_or_else(|| failed("it vanished while it was made".into()))
}

fn key_of(path: &Path) -> Option<PrivateKey> {
    PrivateKey::from_openssh(Zeroizing::new(fs::read(path).ok()?)).ok()
}

/// A key that was not there before.
pub(super) fn new_key(comment: &str) -> Result<PrivateKey, String> {
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(seed.as_mut_slice())
        .map_err(|_| "this machine's random number generator failed".to_owned())?;
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
    PrivateKey::new(pair, comment).map_err(|error| error.to_string())
}

/// In OpenSSH's format.
pub(super) fn to_openssh(key: &PrivateKey) -> Result<Secret, String> {
    let text = key.to_openssh(LineEnding::LF).map_err(|error| error.to_string())?;
    Ok(Secret::new(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_every_start_and_nobody_else_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::open(dir.path()).unwrap();
        let second = Keys::open(dir.path()).unwrap();
        assert_eq!(first.host.expose(), second.host.expose());
        assert_eq!(first.authority.public(), second.authority.public());
        for name in [HOST, AUTHORITY] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(HOST);
        for (content, mode, why) in
            [("not a key", 0o600, "no private key"), ("whatever", 0o644, "others can read it")]
        {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = Keys::open(dir.path()).err().unwrap().to_string();
            assert!(error.contains(why) && error.contains(HOST), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }
}
