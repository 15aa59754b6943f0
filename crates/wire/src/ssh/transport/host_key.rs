//! What a server is known by.

use std::sync::Arc;

use model::Secret;
use ssh_key::{Certificate, PrivateKey, PublicKey};

/// What a server shows to say who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKey {
    /// A key.
    Key(PublicKey),
    /// A key that somebody vouches for. That its signature is the authority's, for this host and this time, is for
    /// the caller to see to.
    Certificate(Box<Certificate>),
}

/// What a server is known by: its private key. No `Debug`: it is a secret.
#[derive(Clone)]
pub struct HostKeyPair(pub(super) Arc<PrivateKey>);

impl HostKeyPair {
    /// Reads a key in OpenSSH's format, without a passphrase.
    ///
    /// # Errors
    /// It is none.
    pub fn from_openssh(text: &Secret) -> Result<Self, NoHostKey> {
        let key = PrivateKey::from_openssh(text.expose()).map_err(|_| NoHostKey)?;
        if key.is_encrypted() || signatures_of(&key).is_empty() {
            return Err(NoHostKey);
        }
        Ok(Self(Arc::new(key)))
    }

    /// The public key, as `known_hosts` writes it.
    #[must_use]
    pub fn public(&self) -> String {
        self.0.public_key().to_openssh().unwrap_or_default()
    }
}

impl From<PrivateKey> for HostKeyPair {
    fn from(key: PrivateKey) -> Self {
        Self(Arc::new(key))
    }
}

/// A text that is no host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no private key in OpenSSH's format without a passphrase, of a kind that hosts have")]
pub struct NoHostKey;

/// What a host key can sign with.
pub(super) fn signatures_of(key: &PrivateKey) -> &'static [&'static str] {
    match key.algorithm() {
        ssh_key::Algorithm::Ed25519 => &["ssh-ed25519"],
        ssh_key::Algorithm::Ecdsa { curve: ssh_key::EcdsaCurve::NistP256 } => {
            &["ecdsa-sha2-nistp256"]
        }
        ssh_key::Algorithm::Ecdsa { curve: ssh_key::EcdsaCurve::NistP384 } => {
            &["ecdsa-sha2-nistp384"]
        }
        ssh_key::Algorithm::Rsa { .. } => &["rsa-sha2-512"],
        _ => &[],
    }
}
