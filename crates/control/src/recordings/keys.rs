//! The signing key's two files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use evidence::{PublicKey, SigningKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::error::RecordingsError;

/// Reads the key of this folder, or makes it on the first start.
pub(super) fn signing_key(folder: &Path) -> Result<SigningKey, RecordingsError> {
    super::private_folder(folder)?;
    let (private, public) = (folder.join("signing.key"), folder.join("signing.pub"));
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
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(seed.as_mut())
        .map_err(|_| failed(io::Error::other("the system gives no randomness")))?;
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
    let failed = |source| RecordingsError::io(private, source);
    let mut file = File::open(private).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RecordingsError::Exposed { path: private.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(512));
    file.read_to_string(&mut text).map_err(failed)?;
    SigningKey::from_pem(&text)
        .map_err(|source| RecordingsError::Key { path: private.to_owned(), source })
}
