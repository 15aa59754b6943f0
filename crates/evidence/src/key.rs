//! The key that signs recordings and its public half.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{Signature, Signer};
use zeroize::Zeroizing;

/// The gateway's Ed25519 key. No `Debug`, no `Clone`: it stays where it was read.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// What anyone needs to check a recording.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

/// Names a public key: the first 16 bytes of its BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 16]);

/// A text that holds no such key. Never says what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a private key.
    #[error("not an Ed25519 private key in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`)")]
    Private,
    /// Not a public key.
    #[error("not an Ed25519 public key in PEM (`-----BEGIN PUBLIC KEY-----`)")]
    Public,
}

impl SigningKey {
    /// The key of this seed: 32 bytes of a generator fit for keys.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads a PKCS#8 PEM file's text.
    ///
    /// # Errors
    /// It holds no Ed25519 private key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(Self).map_err(|_| KeyError::Private)
    }

    /// The text of a PKCS#8 PEM file (version 1, which every tool reads).
    ///
    /// # Errors
    /// Never in practice: the encoder has no room left.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Private)
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl PublicKey {
    /// Reads a PEM file's text.
    ///
    /// # Errors
    /// It holds no Ed25519 public key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        ed25519_dalek::VerifyingKey::from_public_key_pem(text)
            .map(Self)
            .map_err(|_| KeyError::Public)
    }

    /// The text of a PEM file.
    ///
    /// # Errors
    /// Never in practice: the encoder has no room left.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Public)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = blake3::hash(self.0.as_bytes());
        let mut id = [0; 16];
        id.iter_mut().zip(hash.as_bytes()).for_each(|(id, byte)| *id = *byte);
        KeyId(id)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_from_their_files() {
        let key = SigningKey::from_seed(&[7; 32]);
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::from_pem(&key.public().to_pem().unwrap()), Ok(key.public()));
    }

    #[test]
    fn a_private_key_is_no_public_key() {
        let key = SigningKey::from_seed(&[7; 32]);
        assert_eq!(PublicKey::from_pem(&key.to_pem().unwrap()), Err(KeyError::Public));
        assert!(SigningKey::from_pem(&key.public().to_pem().unwrap()).is_err());
    }
}
