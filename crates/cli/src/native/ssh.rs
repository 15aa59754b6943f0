//! The SSH door from the client's side: a key of this machine's, the certificate that says whose it is, and what the
//! gateway is known by. Files of a folder beside the credentials, one for each gateway.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Certificate, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::client::{Client, folder};
use crate::error::{Exit, Failure};
use crate::json::text;

/// What the gateway is called in `known_hosts`, wherever it is.
pub(crate) const ALIAS: &str = "sluice-gateway";
/// A certificate that ends sooner is made anew.
const RENEW: Duration = Duration::from_secs(300);

/// The SSH door, and what opens it.
pub(crate) struct SshDoor {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The private key; its certificate stands beside it.
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) known_hosts: PathBuf,
    /// When the certificate stops being good, in seconds since the epoch.
    pub(crate) expires: u64,
}

impl SshDoor {
    /// Asks the gateway where it is, and sees to it that there is a certificate which is good for a while.
    pub(crate) fn of(client: &Client) -> Result<Self> {
        let info: Value = client.get("/api/v1/info")?;
        let endpoint = text(&info, "endpoints.ssh");
        let Some((host, port)) = endpoint.rsplit_once(':') else {
            return Err(Failure::new(
                Exit::Unavailable,
                "the gateway does not listen for SSH clients",
            )
            .hint("whoever runs it can set `listen.ssh`")
            .into());
        };
        let host = match host.trim_start_matches('[').trim_end_matches(']') {
            "" => client.base().host_str().context("the gateway's URL has no host")?,
            host => host,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = port.parse().context("the gateway's SSH port")?;
        let folder = folder_of(client)?;
        let key = folder.join("id_ed25519");
        let certificate = folder.join("id_ed25519-cert.pub");
        let known_hosts = folder.join("known_hosts");
        let host_key = text(&info, "ssh.host_key");
        put(&known_hosts, format!("{ALIAS} {host_key}\n").as_bytes())?;
        let private = ensure_key(&key)?;
        let expires = match good_until(&certificate, &private) {
            Some(expires) if expires > now() + RENEW.as_secs() => expires,
            _ => certify(client, &private, &certificate)?,
        };
        Ok(Self { host, port, key, certificate, known_hosts, expires })
    }

    /// What `ssh` and its like must be told, as `-o` takes it or a configuration file does.
    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        vec![
            ("HostName", self.host.clone()),
            ("Port", self.port.to_string()),
            ("HostKeyAlias", ALIAS.to_owned()),
            ("UserKnownHostsFile", quoted(&self.known_hosts)),
            ("GlobalKnownHostsFile", "/dev/null".to_owned()),
            ("StrictHostKeyChecking", "yes".to_owned()),
            ("CheckHostIP", "no".to_owned()),
            ("IdentityFile", quoted(&self.key)),
            ("CertificateFile", quoted(&self.certificate)),
            ("IdentitiesOnly", "yes".to_owned()),
            ("PreferredAuthentications", "publickey".to_owned()),
        ]
    }
}

/// The folder of one gateway's files, made if it is not there.
pub(crate) fn folder_of(client: &Client) -> Result<PathBuf> {
    let base = client.base().as_str().trim_end_matches('/');
    let digest = ring::digest::digest(&ring::digest::SHA256, base.as_bytes());
    let name: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = folder()?.join("ssh").join(name);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

/// This machine's key for this gateway.
fn ensure_key(path: &Path) -> Result<PrivateKey> {
    match fs::read(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let key = PrivateKey::from_openssh(&*text);
            Ok(key
                .with_context(|| format!("{}: remove it, and a new key is made", path.display()))?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut seed = Zeroizing::new([0; 32]);
            ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), seed.as_mut_slice())
                .map_err(|_| anyhow!("this machine's random number generator failed"))?;
            let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
            let key = PrivateKey::new(pair, "sluice")?;
            let public = key.public_key().to_openssh()?;
            put(&path.with_extension("pub"), format!("{public}\n").as_bytes())?;
            put(path, key.to_openssh(LineEnding::LF)?.as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// When a certificate for this key stops being good. `None`: there is none.
fn good_until(path: &Path, key: &PrivateKey) -> Option<u64> {
    let certificate = Certificate::from_openssh(fs::read_to_string(path).ok()?.trim()).ok()?;
    (certificate.public_key() == key.public_key().key_data()).then(|| certificate.valid_before())
}

fn certify(client: &Client, key: &PrivateKey, path: &Path) -> Result<u64> {
    let public = key.public_key().to_openssh()?;
    let issued: Value =
        client.post("/api/v1/ssh/certificates", &json!({ "public_key": public }))?;
    let certificate = text(&issued, "certificate");
    put(path, format!("{certificate}\n").as_bytes())?;
    good_until(path, key).context("the gateway's certificate is for another key")
}

/// Written beside and moved into place: another command may be reading it.
pub(crate) fn put(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|kept| kept == content) {
        return Ok(());
    }
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(content).and_then(|()| fs::rename(&fresh, path));
    written.with_context(|| format!("writing {}", path.display()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
