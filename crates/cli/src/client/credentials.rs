//! `$XDG_CONFIG_HOME/sluice/credentials.json`: who is signed in at which gateway. Mode 0600, replaced
//! as a whole, and locked while it is changed, so that two commands never spend one refresh token.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::error::{Exit, Failure};

/// The file's content.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Store {
    /// The gateway signed in to last: what a command without `--url` means.
    pub(crate) current: Option<String>,
    /// By the gateway's URL.
    #[serde(default)]
    pub(crate) gateways: BTreeMap<String, SignedIn>,
}

/// One gateway. No `Debug`: it holds tokens.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct SignedIn {
    /// The authority trusted at first login (PEM), when the gateway's certificate is not a public one.
    pub(crate) ca: Option<String>,
    /// Which of the gateway's providers.
    pub(crate) provider: String,
    /// Its issuer.
    pub(crate) issuer: String,
    /// The authority of the issuer's own certificate (PEM), when it is not a public one.
    pub(crate) issuer_ca: Option<String>,
    /// The public client it was signed in with.
    pub(crate) client_id: String,
    /// Who, as the gateway says.
    pub(crate) subject: String,
    /// What the gateway is shown.
    pub(crate) token: String,
    /// When that stops being good, in seconds since the epoch.
    pub(crate) expires: u64,
    /// What gets the next one.
    pub(crate) refresh_token: Option<String>,
}

impl Drop for SignedIn {
    fn drop(&mut self) {
        self.token.zeroize();
        self.refresh_token.zeroize();
    }
}

impl Store {
    /// Reads the file; nobody is signed in when there is none.
    pub(crate) fn read() -> Result<Self> {
        Self::read_from(&path()?)
    }

    fn read_from(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::new(
                    Exit::Usage,
                    format!("{} cannot be understood: {error}", path.display()),
                )
                .hint("remove it and run `sluice login` again")
                .into()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Changes the file while no other command does: `change` sees what is there now.
    pub(crate) fn update<T>(change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        Self::update_at(&path()?, change)
    }

    fn update_at<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let folder = path.parent().context("the credentials file stands in no folder")?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("making {}", folder.display()))?;
        let lock = private(&path.with_extension("lock"))?;
        lock.lock().context("locking the credentials file")?;
        let mut store = Self::read_from(path)?;
        let result = change(&mut store)?;
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let written = private(&fresh).and_then(|mut file| {
            file.write_all(&serde_json::to_vec_pretty(&store)?)?;
            file.sync_all()?;
            fs::rename(&fresh, path).with_context(|| format!("replacing {}", path.display()))
        });
        if written.is_err() {
            // The error that matters is the one above.
            let _ = fs::remove_file(&fresh);
        }
        written.map(|()| result)
    }
}

fn private(path: &Path) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))
}

fn path() -> Result<PathBuf> {
    Ok(folder()?.join("credentials.json"))
}

/// Where what the commands remember is kept.
pub(crate) fn folder() -> Result<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config =
        absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    let config = config.ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no home directory to keep credentials in")
            .hint("set HOME or XDG_CONFIG_HOME, or pass a token in SLUICE_TOKEN")
    })?;
    Ok(config.join("sluice"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_can_read_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice/credentials.json");
        Store::update_at(&path, |store| {
            let mut one = SignedIn::default();
            one.token = "t".into();
            store.gateways.insert("https://a".into(), one);
            store.current = Some("https://a".into());
            Ok(())
        })
        .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let store = Store::read_from(&path).unwrap();
        assert_eq!(store.gateways["https://a"].token, "t");
    }

    #[test]
    fn two_changes_at_once_are_both_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    Store::update_at(path, |store| {
                        store.gateways.insert(format!("https://{number}"), SignedIn::default());
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(Store::read_from(&path).unwrap().gateways.len(), 8);
    }

    #[test]
    fn a_change_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        Store::update_at(&path, |store| {
            store.current = Some("before".into());
            Ok(())
        })
        .unwrap();
        let failed: Result<()> = Store::update_at(&path, |store| {
            store.current = Some("after".into());
            anyhow::bail!("no")
        });
        assert!(failed.is_err());
        assert_eq!(Store::read_from(&path).unwrap().current.as_deref(), Some("before"));
    }
}
