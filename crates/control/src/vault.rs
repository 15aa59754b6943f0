//! The vault: a target's credential, read at the moment it is needed and kept nowhere.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use model::ports::{self, BoxFuture, Credential, VaultError};
use model::{CredentialSource, Resource, Secret, SecretSource, SshKeySource};

use crate::Clock;
use crate::ssh::Authority;

/// No password or key is longer; a wrong path to something huge is refused instead of read.
const LONGEST: u64 = 64 * 1024;

/// Reads credentials from the environment and from files, anew for every session, so that a
/// rotated one is used from the next session on; or signs one for the moment.
#[derive(Clone)]
pub struct Vault {
    authority: Option<Arc<Authority>>,
    clock: Clock,
}

impl Vault {
    /// With the authority that SSH targets trust, when there is one.
    #[must_use]
    pub const fn new(authority: Option<Arc<Authority>>, clock: Clock) -> Self {
        Self { authority, clock }
    }

    fn ssh_key(
        &self,
        resource: &str,
        source: &SshKeySource,
        account: &str,
    ) -> Result<SshKey, VaultError> {
        match source {
            SshKeySource::Key(source) => Ok((read_secret(resource, source)?, None)),
            SshKeySource::Authority => {
                let failed = |why: String| VaultError {
                    resource: resource.to_owned(),
                    source_name: "the gateway's own SSH authority".to_owned(),
                    why,
                };
                let authority = self.authority.as_ref();
                let authority = authority.ok_or_else(|| failed("there is none".into()))?;
                let (key, certificate) = authority
                    .account(account, self.clock.now())
                    .map_err(|error| failed(error.to_string()))?;
                Ok((key, Some(certificate)))
            }
        }
    }
}

/// A private key and the certificate for it.
type SshKey = (Secret, Option<Bytes>);

impl ports::Vault for Vault {
    fn credential<'a>(
        &'a self,
        resource: &'a Resource,
        account: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credential, VaultError>> {
        Box::pin(async move {
            let (name, mut source) = (resource.name.clone(), resource.credential.clone());
            if let Some(account) = account {
                account.clone_into(&mut source.username);
            }
            let vault = self.clone();
            let failed = |why: &str| VaultError {
                resource: resource.name.clone(),
                source_name: "its source".into(),
                why: why.into(),
            };
            tokio::task::spawn_blocking(move || vault.read(&name, source))
                .await
                .unwrap_or_else(|_| Err(failed("the gateway is shutting down")))
        })
    }
}

/// Reads one secret outside a session: the API's or the roof's own.
///
/// # Errors
/// It is not there or cannot be read; the error says what to do and never what it is.
pub fn read_secret(owner: &str, source: &SecretSource) -> Result<Secret, VaultError> {
    match source {
        SecretSource::Env(name) => {
            let why = |why: &str| VaultError {
                resource: owner.to_owned(),
                source_name: format!("the environment variable {name}"),
                why: why.to_owned(),
            };
            let value = std::env::var_os(name)
                .ok_or_else(|| why("it is not set: set it where the gateway is started"))?;
            if value.is_empty() {
                return Err(why("it is empty: set it where the gateway is started"));
            }
            Ok(Secret::new(std::os::unix::ffi::OsStringExt::into_vec(value)))
        }
        SecretSource::File(path) => {
            let mut bytes = read_file(owner, path)?;
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
                if bytes.last() == Some(&b'\r') {
                    bytes.pop();
                }
            }
            if bytes.is_empty() {
                return Err(file_error(owner, path, "it is empty: put the secret into it".into()));
            }
            Ok(Secret::new(bytes))
        }
    }
}

impl Vault {
    fn read(&self, name: &str, source: CredentialSource) -> Result<Credential, VaultError> {
        let CredentialSource { username, password, client_certificate, ssh_key } = source;
        let password = password.map(|source| read_secret(name, &source)).transpose()?;
        let client_certificate = match client_certificate {
            Some((chain, key)) => {
                Some((Bytes::from(read_file(name, &chain)?), read_secret(name, &key)?))
            }
            None => None,
        };
        let ssh_key = ssh_key.map(|source| self.ssh_key(name, &source, &username)).transpose()?;
        Ok(Credential { username, password, client_certificate, ssh_key })
    }
}

fn read_file(owner: &str, path: &Path) -> Result<Vec<u8>, VaultError> {
    let io = |error: std::io::Error| {
        let advice = match error.kind() {
            std::io::ErrorKind::NotFound => "make it, or correct the path in the resource's file",
            std::io::ErrorKind::PermissionDenied => "make it readable for the gateway's user",
            _ => "see that it is a readable file",
        };
        file_error(owner, path, format!("{error}: {advice}"))
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(file_error(owner, path, "it is not a file: correct the path".into()));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(), resource = owner,
            "a credential's file can be read by others: chmod 600 it"
        );
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > LONGEST {
        return Err(file_error(owner, path, "it is over 64 KiB, so it is no credential".into()));
    }
    Ok(bytes)
}

fn file_error(owner: &str, path: &Path, why: String) -> VaultError {
    let path: PathBuf = path.to_owned();
    VaultError {
        resource: owner.to_owned(),
        source_name: format!("the file {}", path.display()),
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn from_file(dir: &Path, content: &[u8]) -> Result<Vec<u8>, String> {
        let path = dir.join("secret");
        std::fs::write(&path, content).unwrap();
        read_secret("orders", &SecretSource::File(path))
            .map(|secret| secret.expose().to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_files_last_line_break_is_not_part_of_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        for (content, secret) in [
            ("canary", "canary"),
            ("canary\n", "canary"),
            ("canary\r\n", "canary"),
            ("canary\n\n", "canary\n"),
            (" canary ", " canary "),
        ] {
            assert_eq!(from_file(dir.path(), content.as_bytes()).unwrap(), secret.as_bytes());
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_being_shown() {
        let dir = tempfile::tempdir().unwrap();
        for content in [&b""[..], b"\n", &[b'x'; 65_537]] {
            let error = from_file(dir.path(), content).unwrap_err();
            assert!(!error.contains("xx"), "{error}");
            assert!(error.contains("orders"), "{error}");
        }
        let error = read_secret("orders", &SecretSource::File(dir.path().to_owned()));
        assert!(error.err().unwrap().why.contains("not a file"));
    }

    #[test]
    fn an_absent_source_is_named_with_what_to_do() {
        let env = SecretSource::Env("SLUICE_TEST_VARIABLE_THAT_NOBODY_SETS".into());
        let error = read_secret("orders", &env).err().unwrap().to_string();
        assert!(error.contains("SLUICE_TEST_VARIABLE_THAT_NOBODY_SETS"), "{error}");
        assert!(error.contains("set it where the gateway is started"), "{error}");
        let file = SecretSource::File("/nowhere/at/all".into());
        let error = read_secret("orders", &file).err().unwrap().to_string();
        assert!(error.contains("/nowhere/at/all") && error.contains("make it"), "{error}");
    }
}
