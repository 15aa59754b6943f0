//! The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without the binding to the
//! TLS channel (RFC 5929, `tls-server-end-point`).
//!
//! Each state is consumed by the step that leaves it, so no step can be taken twice or skipped:
//!
//! ```text
//!   Client ── server-first ──► Challenge ── Keys ──► Expected ── server-final ──► the server knows the password too
//! ```
//!
//! What is expensive, the salted keys, is a [`Derivation`] that the caller runs where it does not
//! hold up others, or finds in a [`KeyCache`].

mod keys;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Secret;
use ring::{digest, hmac};
use zeroize::Zeroizing;

pub use keys::{Derivation, KeyCache, Keys};

/// The mechanism without channel binding.
pub const SHA_256: &str = "SCRAM-SHA-256";
/// The mechanism with channel binding.
pub const SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// The most rounds of hashing a server may ask for: a third of a second of one core.
pub const MOST_ITERATIONS: u32 = 1_000_000;

/// What ties the exchange to its TLS channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// We cannot bind: there is no TLS, or its certificate has no hash to bind to.
    CannotBind,
    /// We could, and the server does not seem to. It notices if somebody made it seem so.
    NotOffered,
    /// The hash of the server's certificate.
    ServerEndPoint(Box<[u8]>),
}

impl Binding {
    const fn gs2_header(&self) -> &'static str {
        match self {
            Self::CannotBind => "n,,",
            Self::NotOffered => "y,,",
            Self::ServerEndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// The mechanism that goes with it.
    #[must_use]
    pub const fn mechanism(&self) -> &'static str {
        match self {
            Self::CannotBind | Self::NotOffered => SHA_256,
            Self::ServerEndPoint(_) => SHA_256_PLUS,
        }
    }
}

/// The server did not keep to the exchange, or does not know the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// A message is not of the form the RFC gives it.
    #[error("a SCRAM message of the server is malformed")]
    Malformed,
    /// The nonce is not ours, or nothing was added to it.
    #[error("the server's SCRAM nonce does not continue ours")]
    Nonce,
    /// No rounds, or too many.
    #[error("the server asks for {0} SCRAM iterations: from 1 to {MOST_ITERATIONS} are accepted")]
    Iterations(u64),
    /// The server refused the proof.
    #[error("the server did not accept the SCRAM proof")]
    Refused,
    /// The server cannot prove that it knows the password.
    #[error("the server's SCRAM signature is wrong: it does not know the password")]
    Signature,
}

/// An exchange that begins.
pub struct Client {
    password: Zeroizing<Box<[u8]>>,
    binding: Binding,
    nonce: String,
    first_bare: String,
}

impl Client {
    /// For a password, with 24 bytes that nobody can foretell.
    #[must_use]
    pub fn new(password: &Secret, binding: Binding, nonce: [u8; 24]) -> Self {
        // PostgreSQL takes the name from the startup packet and ignores this one.
        Self::with(password, binding, STANDARD.encode(nonce), "")
    }

    fn with(password: &Secret, binding: Binding, nonce: String, user: &str) -> Self {
        let first_bare = format!("n={user},r={nonce}");
        Self { password: prepared(password), binding, nonce, first_bare }
    }

    /// The mechanism and the client-first message.
    #[must_use]
    pub fn first(&self) -> (&'static str, String) {
        (self.binding.mechanism(), format!("{}{}", self.binding.gs2_header(), self.first_bare))
    }

    /// Takes the server-first message.
    ///
    /// # Errors
    /// It is malformed or does not continue this exchange.
    pub fn challenge(self, server_first: &[u8]) -> Result<Challenge, ScramError> {
        let text = str::from_utf8(server_first).map_err(|_| ScramError::Malformed)?;
        let mut parts = text.split(',');
        let mut part =
            |name| parts.next().and_then(|p| p.strip_prefix(name)).ok_or(ScramError::Malformed);
        let nonce = part("r=")?;
        let salt = part("s=")?;
        let iterations = part("i=")?;
        if nonce.len() <= self.nonce.len() || !nonce.starts_with(&self.nonce) {
            return Err(ScramError::Nonce);
        }
        if !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ScramError::Malformed);
        }
        let salt = STANDARD.decode(salt).map_err(|_| ScramError::Malformed)?;
        if salt.is_empty() || iterations.starts_with('+') {
            return Err(ScramError::Malformed);
        }
        let iterations: u64 = iterations.parse().map_err(|_| ScramError::Malformed)?;
        let rounds = u32::try_from(iterations)
            .ok()
            .filter(|rounds| *rounds <= MOST_ITERATIONS)
            .and_then(std::num::NonZeroU32::new)
            .ok_or(ScramError::Iterations(iterations))?;
        let mut bound = self.binding.gs2_header().as_bytes().to_vec();
        if let Binding::ServerEndPoint(hash) = &self.binding {
            bound.extend_from_slice(hash);
        }
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(bound));
        let transcript = format!("{},{text},{without_proof}", self.first_bare);
        let derivation = Derivation::new(self.password, salt.into(), rounds);
        Ok(Challenge { derivation, without_proof, transcript })
    }
}

/// An exchange that waits for the salted keys.
pub struct Challenge {
    derivation: Derivation,
    without_proof: String,
    transcript: String,
}

impl Challenge {
    /// What has to be computed.
    #[must_use]
    pub const fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// The client-final message.
    #[must_use]
    pub fn answer(self, keys: &Keys) -> (String, Expected) {
        let sign = |key: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), self.transcript.as_bytes())
        };
        let stored_key = digest::digest(&digest::SHA256, keys.client());
        let signature = sign(stored_key.as_ref());
        let proof: Zeroizing<Vec<u8>> = Zeroizing::new(
            keys.client().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect(),
        );
        let message = format!("{},p={}", self.without_proof, STANDARD.encode(&*proof));
        let server = hmac::Key::new(hmac::HMAC_SHA256, keys.server());
        (message, Expected { server, transcript: self.transcript })
    }
}

/// An exchange that waits for the server's own proof.
pub struct Expected {
    server: hmac::Key,
    transcript: String,
}

impl Expected {
    /// Takes the server-final message.
    ///
    /// # Errors
    /// The server refused, or did not prove that it knows the password.
    pub fn verify(self, server_final: &[u8]) -> Result<(), ScramError> {
        if server_final.starts_with(b"e=") {
            return Err(ScramError::Refused);
        }
        let signature = server_final.strip_prefix(b"v=").ok_or(ScramError::Malformed)?;
        let signature = signature.split(|byte| *byte == b',').next().unwrap_or_default();
        let signature = STANDARD.decode(signature).map_err(|_| ScramError::Malformed)?;
        hmac::verify(&self.server, self.transcript.as_bytes(), &signature)
            .map_err(|_| ScramError::Signature)
    }
}

/// SASLprep; a password it does not take is used as it is, as the server does.
fn prepared(password: &Secret) -> Zeroizing<Box<[u8]>> {
    let plain = password.expose();
    let prepared = password.expose_str().and_then(|text| stringprep::saslprep(text).ok());
    match prepared {
        Some(std::borrow::Cow::Owned(text)) => Zeroizing::new(text.into_bytes().into()),
        _ => Zeroizing::new(plain.into()),
    }
}

#[cfg(test)]
mod tests;
