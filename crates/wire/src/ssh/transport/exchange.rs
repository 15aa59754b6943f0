//! Key exchange (RFC 4253, sections 7 and 8): a secret that both ends make, and the keys made of it.
//!
//! `curve25519-sha256` (RFC 8731) and `mlkem768x25519-sha256` (draft-ietf-sshm-mlkem-hybrid-kex): of the
//! latter the secret holds as long as one of the two does.

use ml_kem::kem::{Decapsulate, Encapsulate, FromSeed, KeyExport, TryKeyInit};
use ml_kem::{MlKem768, Seed};
use rand::Rng;
use rand::rngs::StdRng;
use ring::digest::{Context, SHA256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::cipher::{Keys, Suite};
use crate::ssh::codec::Write;

/// How a secret is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Curve25519,
    MlKem768X25519,
}

impl Method {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "curve25519-sha256" | "curve25519-sha256@libssh.org" => Self::Curve25519,
            "mlkem768x25519-sha256" => Self::MlKem768X25519,
            _ => return None,
        })
    }
}

/// A public value that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadValue;

/// The shared secret as it goes into hashes, with its length.
pub(super) struct Shared(Zeroizing<Vec<u8>>);

/// What a client keeps between its message and the server's.
pub(super) enum Pending {
    Curve25519(StaticSecret),
    MlKem768X25519(Box<ml_kem::DecapsulationKey<MlKem768>>, StaticSecret),
}

/// Makes the client's value, which it sends.
pub(super) fn begin(method: Method, chance: &mut StdRng) -> (Pending, Vec<u8>) {
    let secret = StaticSecret::from(random(chance));
    let public = PublicKey::from(&secret);
    match method {
        Method::Curve25519 => (Pending::Curve25519(secret), public.as_bytes().to_vec()),
        Method::MlKem768X25519 => {
            let (decapsulation, encapsulation) = MlKem768::from_seed(&Seed::from(random(chance)));
            let mut value = encapsulation.to_bytes().to_vec();
            value.extend_from_slice(public.as_bytes());
            (Pending::MlKem768X25519(Box::new(decapsulation), secret), value)
        }
    }
}

/// The server's part: of the client's value, the value it answers with and the secret.
pub(super) fn answer(
    method: Method,
    client: &[u8],
    chance: &mut StdRng,
) -> Result<(Vec<u8>, Shared), BadValue> {
    let secret = StaticSecret::from(random(chance));
    let public = PublicKey::from(&secret);
    match method {
        Method::Curve25519 => {
            let shared = agreed(&secret, client)?;
            Ok((public.as_bytes().to_vec(), Shared::number(&shared[..])))
        }
        Method::MlKem768X25519 => {
            let (key, point) = client.split_last_chunk::<32>().ok_or(BadValue)?;
            let key =
                ml_kem::EncapsulationKey::<MlKem768>::new_from_slice(key).map_err(|_| BadValue)?;
            let (hidden, quantum) = key.encapsulate_with_rng(chance);
            let shared = agreed(&secret, point)?;
            let mut value = hidden.to_vec();
            value.extend_from_slice(public.as_bytes());
            Ok((value, Shared::both(&quantum, &shared[..])))
        }
    }
}

impl Pending {
    /// The client's part once the server's value is there.
    pub(super) fn finish(self, server: &[u8]) -> Result<Shared, BadValue> {
        match self {
            Self::Curve25519(secret) => Ok(Shared::number(&agreed(&secret, server)?[..])),
            Self::MlKem768X25519(decapsulation, secret) => {
                let (hidden, point) = server.split_last_chunk::<32>().ok_or(BadValue)?;
                let quantum = decapsulation.decapsulate_slice(hidden).map_err(|_| BadValue)?;
                Ok(Shared::both(&quantum, &agreed(&secret, point)?[..]))
            }
        }
    }
}

fn random<const N: usize>(chance: &mut StdRng) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill_bytes(&mut bytes);
    bytes
}

/// X25519. A point of small order, which makes the secret a constant, is refused (RFC 8731, section 3).
fn agreed(secret: &StaticSecret, point: &[u8]) -> Result<Zeroizing<[u8; 32]>, BadValue> {
    let point: [u8; 32] = point.try_into().map_err(|_| BadValue)?;
    let shared = secret.diffie_hellman(&PublicKey::from(point));
    if !shared.was_contributory() {
        return Err(BadValue);
    }
    Ok(Zeroizing::new(shared.to_bytes()))
}

impl Shared {
    /// As a number.
    fn number(secret: &[u8]) -> Self {
        let mut written = Zeroizing::new(Vec::with_capacity(secret.len() + 5));
        written.put_mpint(secret);
        Self(written)
    }

    /// The hash of both, as a string.
    fn both(quantum: &[u8], classical: &[u8]) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(quantum);
        hash.update(classical);
        let mut written = Zeroizing::new(Vec::with_capacity(36));
        written.put_string(hash.finish());
        Self(written)
    }

    /// The exchange hash of everything that was said (RFC 8731, section 3).
    pub(super) fn hash(&self, said: &Said<'_>) -> [u8; 32] {
        let mut text = Vec::new();
        for part in [
            said.client_version,
            said.server_version,
            said.client_offer,
            said.server_offer,
            said.host_key,
            said.client_value,
            said.server_value,
        ] {
            text.put_string(part);
        }
        let mut hash = Context::new(&SHA256);
        hash.update(&text);
        hash.update(&self.0);
        sum(hash)
    }

    /// The keys of the direction that is known by these letters (RFC 4253, section 7.2).
    pub(super) fn keys(
        &self,
        hash: &[u8; 32],
        session: &[u8; 32],
        suite: Suite,
        [iv, key, mac]: [u8; 3],
    ) -> Keys {
        let make = |letter, length| self.derive(hash, session, letter, length);
        Keys {
            iv: make(iv, suite.cipher.iv_length()),
            key: make(key, suite.cipher.key_length()),
            mac: make(mac, suite.mac.map_or(0, super::cipher::Mac::key_length)),
        }
    }

    fn derive(
        &self,
        hash: &[u8; 32],
        session: &[u8; 32],
        letter: u8,
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        let begun = || {
            let mut context = Context::new(&SHA256);
            context.update(&self.0);
            context.update(hash);
            context
        };
        let mut first = begun();
        first.update(&[letter]);
        first.update(session);
        let mut out = Zeroizing::new(Vec::with_capacity(length + 32));
        out.extend_from_slice(&Zeroizing::new(sum(first))[..]);
        while out.len() < length {
            let mut next = begun();
            next.update(&out);
            let more = Zeroizing::new(sum(next));
            out.extend_from_slice(&more[..]);
        }
        out.truncate(length);
        out
    }
}

fn sum(hash: Context) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(hash.finish().as_ref());
    sum
}

/// What both ends said up to now.
pub(super) struct Said<'s> {
    pub(super) client_version: &'s [u8],
    pub(super) server_version: &'s [u8],
    pub(super) client_offer: &'s [u8],
    pub(super) server_offer: &'s [u8],
    pub(super) host_key: &'s [u8],
    pub(super) client_value: &'s [u8],
    pub(super) server_value: &'s [u8],
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn both_ends_make_the_same_secret() {
        let mut chance = StdRng::from_seed([1; 32]);
        for method in [Method::Curve25519, Method::MlKem768X25519] {
            let (pending, client) = begin(method, &mut chance);
            let (server, theirs) = answer(method, &client, &mut chance).unwrap();
            let ours = pending.finish(&server).unwrap();
            assert_eq!(ours.0, theirs.0);
            assert!(ours.0.len() >= 36 - 4);
        }
    }

    #[test]
    fn a_value_that_is_none_is_refused() {
        let mut chance = StdRng::from_seed([2; 32]);
        for method in [Method::Curve25519, Method::MlKem768X25519] {
            let (pending, mut client) = begin(method, &mut chance);
            assert!(answer(method, &client[1..], &mut chance).is_err());
            assert!(pending.finish(&[0; 32]).is_err());
            let end = client.len();
            client[end - 32..].fill(0);
            assert!(answer(method, &client, &mut chance).is_err());
        }
    }
}
