//! Which host keys a target may show.

use bytes::Bytes;
use model::{Resource, Timestamp};
use ssh_key::certificate::CertType;
use ssh_key::{Fingerprint, HashAlg, PublicKey};

use super::transport::HostKey;

/// A setting of a resource's: keys, one a line, as `known_hosts` writes them behind the host.
pub const HOST_KEYS: &str = "host_keys";
/// The same of authorities that vouch for hosts.
pub const CA_KEYS: &str = "ca_keys";
/// In place of keys: the first one that is shown is remembered.
pub const FIRST_USE: &str = "first-use";
/// The same, and it opens nothing before an administrator has confirmed it.
pub const CONFIRMED: &str = "confirmed";

/// A line that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a public key as in `ssh-ed25519 AAAA…`")]
pub struct NoKey(pub String);

/// What a resource says of its target's host key.
#[derive(Clone, Debug, Default)]
pub struct HostRules {
    keys: Vec<PublicKey>,
    authorities: Vec<Fingerprint>,
    first_use: bool,
}

/// What comes of a host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is the right one.
    Right,
    /// It is not, and why.
    Wrong(String),
    /// Nothing is pinned: whoever remembers keys must be asked about this one, as SSH writes it.
    First(Bytes),
}

impl HostRules {
    /// Reads a resource's.
    ///
    /// # Errors
    /// A line is no key.
    pub fn of(resource: &Resource) -> Result<Self, NoKey> {
        let setting = |name| resource.settings.get(name).map_or("", String::as_str);
        let read = |text: &str| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines
                .map(|line| PublicKey::from_openssh(line).map_err(|_| NoKey(line.to_owned())))
                .collect::<Result<Vec<_>, _>>()
        };
        let first_use = matches!(setting(HOST_KEYS).trim(), FIRST_USE | CONFIRMED);
        let keys = if first_use { Vec::new() } else { read(setting(HOST_KEYS))? };
        let authorities = read(setting(CA_KEYS))?;
        let authorities = authorities.iter().map(|key| key.fingerprint(HashAlg::Sha256)).collect();
        Ok(Self { keys, authorities, first_use })
    }

    /// Whether nothing is said at all: then no key is right.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.authorities.is_empty() && !self.first_use
    }

    /// What comes of the key that a host of this name shows.
    #[must_use]
    pub fn check(&self, shown: &HostKey, host: &str, now: Timestamp) -> Checked {
        let fingerprint = |key: &ssh_key::public::KeyData| key.fingerprint(HashAlg::Sha256);
        let (key, certificate) = match shown {
            HostKey::Key(key) => (key.key_data(), None),
            HostKey::Certificate(certificate) => (certificate.public_key(), Some(certificate)),
        };
        if self.keys.iter().any(|known| known.key_data() == key) {
            return Checked::Right;
        }
        if let Some(certificate) = certificate
            && !self.authorities.is_empty()
        {
            let seconds = now.as_secs();
            let names_it = certificate.valid_principals().iter().any(|name| name == host);
            let good = certificate.cert_type() == CertType::Host
                && certificate.critical_options().is_empty()
                && names_it
                && certificate.validate_at(seconds, &self.authorities).is_ok();
            return match good {
                true => Checked::Right,
                false => Checked::Wrong(format!(
                    "the certificate of {} is not for this host, not good now, or of nobody who is trusted",
                    fingerprint(key)
                )),
            };
        }
        if self.first_use {
            return match PublicKey::from(key.clone()).to_bytes() {
                Ok(bytes) => Checked::First(bytes.into()),
                Err(_) => Checked::Wrong("the key cannot be written".to_owned()),
            };
        }
        Checked::Wrong(format!("{} is not among those of the resource", fingerprint(key)))
    }
}
