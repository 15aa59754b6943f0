//! The signing key's two files, the master key and the keyring it seals.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use evidence::{Keyring, KeyringKey, MasterKey, PublicKey, SessionKey, SigningKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::error::RecordingsError;
use super::index;

/// Reads the key of this folder, or makes it on the first start.
pub(crate) fn signing_key(folder: &Path) -> Result<SigningKey, RecordingsError> {
    super::private_folder(folder)?;
    let (private, public) = (signing_path(folder), folder.join("signing.pub"));
    let disagree =
        || RecordingsError::KeysDisagree { private: private.clone(), public: public.clone() };
    if !private.exists() {
        if public.exists() {
            return Err(disagree());
        }
        make(folder, &private)?;
    }
    let key = read(&private)?;
    match fs::read_to_string(&public) {
        Ok(text) if PublicKey::from_pem(&text) == Ok(key.public()) => {}
        Ok(_) => return Err(disagree()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => export(folder, &public, &key)?,
        Err(error) => return Err(RecordingsError::io(&public, error)),
    }
    Ok(key)
}

/// The whole key appears under its name at once or not at all, and never replaces another: two
/// processes that start together end up with the same one.
fn make(folder: &Path, private: &Path) -> Result<(), RecordingsError> {
    let failed = |source| RecordingsError::io(private, source);
    let seed = random().map_err(failed)?;
    let pem = SigningKey::from_seed(&seed)
        .to_pem()
        .map_err(|source| RecordingsError::Key { path: private.to_owned(), source })?;
    place(folder, private, 0o600, pem.as_bytes())
}

fn export(folder: &Path, public: &Path, key: &SigningKey) -> Result<(), RecordingsError> {
    let pem = key
        .public()
        .to_pem()
        .map_err(|source| RecordingsError::Key { path: public.to_owned(), source })?;
    place(folder, public, 0o644, pem.as_bytes())
}

fn place(folder: &Path, path: &Path, mode: u32, content: &[u8]) -> Result<(), RecordingsError> {
    let failed = |source| RecordingsError::io(path, source);
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let made = write_new(&draft, mode, content).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    });
    let removed = fs::remove_file(&draft);
    made.map_err(failed)?;
    removed.map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write_new(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    // What a start that was killed left behind under this process id.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn read(private: &Path) -> Result<SigningKey, RecordingsError> {
    let text = read_private(private)?;
    SigningKey::from_pem(&text)
        .map_err(|source| RecordingsError::Key { path: private.to_owned(), source })
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, RecordingsError> {
    let failed = |source| RecordingsError::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RecordingsError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(512));
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Where a folder's signing key is.
pub(super) fn signing_path(folder: &Path) -> PathBuf {
    folder.join("signing.key")
}

/// Where a folder's keyring is.
pub(super) fn keyring_path(folder: &Path) -> PathBuf {
    folder.join("recordings.keyring")
}

/// The master key: the one that is given, or else the one in the folder, which is made on the first
/// start.
pub(super) fn master(
    folder: &Path,
    given: Option<MasterKey>,
) -> Result<MasterKey, RecordingsError> {
    let (path, ring) = (folder.join("master.key"), keyring_path(folder));
    match given {
        Some(master) => Ok(master),
        None if !path.exists() && ring.exists() => Err(RecordingsError::Keyring {
            path: ring,
            why: format!(
                "the master key that seals it is not given, and {} is not there: put it back",
                path.display()
            ),
        }),
        None => own_master(folder, &path),
    }
}

/// Refuses a folder of recordings whose keyring is gone: a new one would open none of them, and nobody
/// would be told.
pub(super) fn belongs_to(folder: &Path, recordings: &Path) -> Result<(), RecordingsError> {
    let path = keyring_path(folder);
    if path.try_exists().map_err(|source| RecordingsError::io(&path, source))? {
        return Ok(());
    }
    let failed = |source| RecordingsError::io(recordings, source);
    for entry in fs::read_dir(recordings).map_err(failed)? {
        if index::session_of(&entry.map_err(failed)?.path()).is_some() {
            let why = format!(
                "it is gone, and {} holds recordings that it opens: put it back, or move them away to begin \
                 with a new one",
                recordings.display()
            );
            return Err(RecordingsError::Keyring { path, why });
        }
    }
    Ok(())
}

/// Makes a keyring where there is none.
pub(super) fn make_keyring(folder: &Path, master: &MasterKey) -> Result<(), RecordingsError> {
    let path = keyring_path(folder);
    if path.exists() {
        return Ok(());
    }
    let failed = |source| RecordingsError::io(&path, source);
    let ring = Keyring::of(KeyringKey::new(random().map_err(failed)?));
    let text = seal(&ring, master).map_err(failed)?;
    place(folder, &path, 0o600, text.as_bytes())
}

/// Reads a folder's keyring.
pub(super) fn read_keyring(folder: &Path, master: &MasterKey) -> Result<Keyring, RecordingsError> {
    let path = keyring_path(folder);
    let text = read_private(&path)?;
    Keyring::read(&text, master)
        .map_err(|error| RecordingsError::Keyring { path, why: error.to_string() })
}

/// Replaces a folder's keyring at once or not at all.
pub(super) fn replace_keyring(
    folder: &Path,
    ring: &Keyring,
    master: &MasterKey,
) -> Result<(), RecordingsError> {
    let path = keyring_path(folder);
    let failed = |source| RecordingsError::io(&path, source);
    let text = seal(ring, master).map_err(failed)?;
    let draft = path.with_extension(format!("keyring.{}.new", std::process::id()));
    let replaced = write_new(&draft, 0o600, text.as_bytes())
        .and_then(|()| fs::rename(&draft, &path))
        .and_then(|()| File::open(folder)?.sync_all());
    replaced.map_err(failed)
}

/// A key for a keyring, never used before.
pub(super) fn keyring_key() -> io::Result<KeyringKey> {
    random().map(KeyringKey::new)
}

/// A master key, never used before.
///
/// # Errors
/// The system gives no randomness.
pub fn new_master_key() -> io::Result<MasterKey> {
    random().map(MasterKey::new)
}

/// The master key as it is: the one that is given, or else the one in the folder. Nothing is made.
pub(super) fn master_as_it_is(
    folder: &Path,
    given: Option<MasterKey>,
) -> Result<MasterKey, RecordingsError> {
    match given {
        Some(master) => Ok(master),
        None => read_master(&folder.join("master.key")),
    }
}

fn own_master(folder: &Path, path: &Path) -> Result<MasterKey, RecordingsError> {
    if !path.exists() {
        let bytes = random().map_err(|source| RecordingsError::io(path, source))?;
        place(folder, path, 0o600, MasterKey::new(bytes).to_text().as_bytes())?;
    }
    read_master(path)
}

fn read_master(path: &Path) -> Result<MasterKey, RecordingsError> {
    MasterKey::from_text(&read_private(path)?)
        .map_err(|error| RecordingsError::Keyring { path: path.to_owned(), why: error.to_string() })
}

/// A session's key, never used before.
pub(super) fn session_key() -> io::Result<SessionKey> {
    random().map(SessionKey::new)
}

fn seal(ring: &Keyring, master: &MasterKey) -> io::Result<String> {
    ring.seal(master, || random().map(|nonce| *nonce))
}

fn random<const N: usize>() -> io::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    SystemRandom::new()
        .fill(bytes.as_mut())
        .map_err(|_| io::Error::other("the system gives no randomness"))?;
    Ok(bytes)
}
