//! A client's key, and whether it was used: only a signature over this very connection says so.

use bytes::Bytes;
use signature::Verifier;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, Certificate, PublicKey, Signature};

use super::CONNECTION;
use crate::ssh::codec::Write;
use crate::ssh::numbers::USERAUTH_REQUEST;

/// Longer keys and certificates are nobody's.
const LONGEST: usize = 16 << 10;

/// A FIDO key signs only once somebody touched it: the flag that says so (PROTOCOL.u2f).
const USER_PRESENT: u8 = 1;

/// A key or a certificate that a client showed. Nothing says yet that it holds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A public key.
    Key(PublicKey),
    /// A certificate of a user's.
    Certificate(Box<Certificate>),
}

/// A key or a certificate whose private key signed this connection. There is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey(Shown);

impl UsedKey {
    /// What was used.
    #[must_use]
    pub const fn shown(&self) -> &Shown {
        &self.0
    }
}

impl Shown {
    /// Reads what stands behind a method's name: an algorithm and a key. `None`: they are not of a kind that is
    /// taken, or do not belong together.
    pub(super) fn read(algorithm: &str, blob: &[u8]) -> Option<Self> {
        if blob.len() > LONGEST {
            return None;
        }
        let shown = match algorithm.strip_suffix("-cert-v01@openssh.com") {
            Some(_) => Self::Certificate(Box::new(Certificate::from_bytes(blob).ok()?)),
            None => Self::Key(PublicKey::from_bytes(blob).ok()?),
        };
        shown.signs_as(algorithm).is_some().then_some(shown)
    }

    /// As SSH writes it. `None`: it cannot be written.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Key(key) => key.to_bytes().ok(),
            Self::Certificate(certificate) => certificate.to_bytes().ok(),
        }
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &KeyData {
        match self {
            Self::Key(key) => key.key_data(),
            Self::Certificate(certificate) => certificate.public_key(),
        }
    }

    /// Which signature an algorithm's name asks of this key.
    fn signs_as(&self, algorithm: &str) -> Option<&'static str> {
        let certified = matches!(self, Self::Certificate(_));
        let (plain, named_certified) = match algorithm.strip_suffix("-cert-v01@openssh.com") {
            Some(plain) => (plain, true),
            None => (algorithm.strip_suffix("@openssh.com").unwrap_or(algorithm), false),
        };
        if certified != named_certified {
            return None;
        }
        match (self.key().algorithm(), plain) {
            (Algorithm::Ed25519, "ssh-ed25519") => Some("ssh-ed25519"),
            (Algorithm::Ecdsa { curve }, name) => {
                let own = match curve {
                    ssh_key::EcdsaCurve::NistP256 => "ecdsa-sha2-nistp256",
                    ssh_key::EcdsaCurve::NistP384 => "ecdsa-sha2-nistp384",
                    ssh_key::EcdsaCurve::NistP521 => return None,
                };
                (name == own).then_some(own)
            }
            (Algorithm::Rsa { .. }, "rsa-sha2-256") => Some("rsa-sha2-256"),
            (Algorithm::Rsa { .. }, "rsa-sha2-512") => Some("rsa-sha2-512"),
            (Algorithm::SkEd25519, "sk-ssh-ed25519") => Some("sk-ssh-ed25519@openssh.com"),
            (Algorithm::SkEcdsaSha2NistP256, "sk-ecdsa-sha2-nistp256") => {
                Some("sk-ecdsa-sha2-nistp256@openssh.com")
            }
            _ => None,
        }
    }

    /// Whether its private key signed this request in this connection. Takes it over: what was only offered cannot
    /// be used afterwards.
    pub(super) fn used(self, said: &Said<'_>, signature: &[u8]) -> Option<UsedKey> {
        let kind = self.signs_as(said.algorithm)?;
        let signature = Signature::try_from(signature).ok()?;
        if signature.algorithm().to_string() != kind {
            return None;
        }
        let touched = |key: &KeyData| match key {
            KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => {
                let (_, flags) = signature.as_bytes().split_last_chunk::<5>()?;
                let [flags, ..] = flags;
                Some(flags & USER_PRESENT != 0)
            }
            _ => Some(true),
        };
        let good = self.key().verify(&said.signed(), &signature).is_ok()
            && touched(self.key()) == Some(true);
        good.then_some(UsedKey(self))
    }
}

/// What a signature is over (RFC 4252, section 7).
pub(super) struct Said<'s> {
    pub(super) session: &'s [u8],
    pub(super) user: &'s str,
    pub(super) algorithm: &'s str,
    pub(super) blob: &'s [u8],
}

impl Said<'_> {
    pub(super) fn signed(&self) -> Bytes {
        let mut text = Vec::with_capacity(self.blob.len() + 160);
        text.put_string(self.session);
        text.put_u8(USERAUTH_REQUEST);
        text.put_string(self.user);
        text.put_string(CONNECTION);
        text.put_string("publickey");
        text.put_bool(true);
        text.put_string(self.algorithm);
        text.put_string(self.blob);
        text.into()
    }
}
