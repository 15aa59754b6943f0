//! The exchange of keys (RFC 4253, sections 7 to 9), by either end, the first and every later one.

use bytes::Bytes;
use signature::{Signer, Verifier};
use ssh_key::{Certificate, PublicKey, Signature};

use super::cipher::{State, Way};
use super::exchange::{self, BadValue, Pending, Said, Shared};
use super::host_key::{HostKey, signatures_of};
use super::offer::{self, Agreed, Disagree, Offer, Role, agree};
use super::packet::Direction;
use super::{Broken, Transport, VERSION};
use crate::ssh::codec::{Malformed, Reader, Write, message};
use crate::ssh::numbers::{EXT_INFO, KEX_INIT, KEX_REPLY, NEWKEYS};

/// Keys are exchanged anew after so many bytes (RFC 4253, section 9), or packets.
pub(super) const REKEY_BYTES: u64 = 1 << 30;
const REKEY_PACKETS: u64 = 1 << 30;

/// What a client may sign with, as a server says in EXT_INFO (RFC 8308, section 3.1).
const SIGNATURES: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "rsa-sha2-512", "rsa-sha2-256"];

/// How far an exchange of keys is.
pub(super) enum Kex {
    /// There is none.
    Idle,
    /// This end's offer is sent.
    Offered { ours: Bytes },
    /// A client waits for the server's value.
    Asked { ours: Bytes, theirs: Bytes, agreed: Agreed, value: Vec<u8>, pending: Box<Pending> },
    /// A server waits for the client's value.
    Listening { ours: Bytes, theirs: Bytes, agreed: Agreed },
    /// This end uses its new keys; the peer will, behind its NEWKEYS.
    Keyed { incoming: Box<State> },
}

impl Transport {
    /// Whether payloads of others may not be sent now (RFC 4253, section 7.1).
    pub(super) const fn is_exchanging(&self) -> bool {
        match self.kex {
            Kex::Idle | Kex::Keyed { .. } => false,
            Kex::Offered { .. } | Kex::Asked { .. } | Kex::Listening { .. } => true,
        }
    }

    pub(super) fn rekey_when_due(&mut self) {
        let due = |way: &Direction| way.bytes >= REKEY_BYTES || way.packets >= REKEY_PACKETS;
        if matches!(self.kex, Kex::Idle)
            && self.session.is_some()
            && (due(&self.outgoing) || due(&self.incoming))
        {
            self.offer();
        }
    }

    /// Sends this end's offer.
    pub(super) fn offer(&mut self) {
        let host_keys = self.key.as_deref().map_or(&[][..], signatures_of);
        let ours = offer::ours(self.role, host_keys, self.session.is_none(), &mut self.chance);
        self.seal(&[&ours]);
        self.kex = Kex::Offered { ours };
    }

    pub(super) const fn peer_is_exchanging(&self) -> bool {
        matches!(self.kex, Kex::Asked { .. } | Kex::Listening { .. } | Kex::Keyed { .. })
    }

    pub(super) fn offered(&mut self, theirs: Bytes) -> Result<(), Broken> {
        if matches!(self.kex, Kex::Idle) {
            self.offer();
        }
        let ours = match std::mem::replace(&mut self.kex, Kex::Idle) {
            Kex::Offered { ours } => ours,
            Kex::Idle | Kex::Asked { .. } | Kex::Listening { .. } | Kex::Keyed { .. } => {
                return Err(Broken::protocol("a second key exchange began during the first"));
            }
        };
        let (our_offer, their_offer) = (Offer::read(&ours)?, Offer::read(&theirs)?);
        if self.session.is_none() {
            let other = match self.role {
                Role::Client => Role::Server,
                Role::Server => Role::Client,
            };
            self.strict = their_offer.is_strict(other);
            // CVE-2023-48795: what came before the offer would go unnoticed.
            if self.strict && self.incoming.sequence() != 1 {
                return Err(Broken::protocol("something stands before the first message"));
            }
        }
        let agreed = agree(self.role, &our_offer, &their_offer).map_err(|Disagree(what)| {
            Broken::exchange(format!("the two ends have no way in common: {what}"))
        })?;
        self.kex = match self.role {
            Role::Server => Kex::Listening { ours, theirs, agreed },
            Role::Client => {
                let (pending, value) = exchange::begin(agreed.method, &mut self.chance);
                let asked = message(KEX_INIT, |out| out.put_string(&value));
                self.seal(&[&asked]);
                Kex::Asked { ours, theirs, agreed, value, pending: Box::new(pending) }
            }
        };
        Ok(())
    }

    /// The client's value came.
    pub(super) fn asked(&mut self, payload: &[u8]) -> Result<(), Broken> {
        let (ours, theirs, mut agreed) = match std::mem::replace(&mut self.kex, Kex::Idle) {
            Kex::Listening { ours, theirs, agreed } => (ours, theirs, agreed),
            _ => return Err(Broken::protocol("a value for a key exchange came out of turn")),
        };
        if std::mem::take(&mut agreed.skip_guess) {
            self.kex = Kex::Listening { ours, theirs, agreed };
            return Ok(());
        }
        let mut reader = Reader::new(payload);
        reader.u8()?;
        let client_value = reader.string()?;
        reader.end()?;
        let (server_value, shared) =
            exchange::answer(agreed.method, client_value, &mut self.chance).map_err(bad_value)?;
        let Some(key) = self.key.clone() else {
            return Err(Broken::exchange("there is no host key"));
        };
        let host_key = key.public_key().to_bytes().map_err(unsigned)?;
        let hash = shared.hash(&Said {
            client_version: self.version.as_deref().unwrap_or_default(),
            server_version: VERSION.as_bytes(),
            client_offer: &theirs,
            server_offer: &ours,
            host_key: &host_key,
            client_value,
            server_value: &server_value,
        });
        let signature =
            key.try_sign(&hash).map_err(|_| Broken::exchange("the host key does not sign"))?;
        let signature = Vec::<u8>::try_from(signature)
            .map_err(|_| Broken::exchange("the host key does not sign"))?;
        let reply = message(KEX_REPLY, |out| {
            out.put_string(&host_key);
            out.put_string(&server_value);
            out.put_string(&signature);
        });
        self.seal(&[&reply]);
        self.use_keys(&shared, hash, &agreed, &theirs)
    }

    /// The server's value came.
    pub(super) fn answered(&mut self, payload: &Bytes) -> Result<(), Broken> {
        let Kex::Asked { ours, theirs, agreed, value, pending } =
            std::mem::replace(&mut self.kex, Kex::Idle)
        else {
            return Err(Broken::protocol("a value for a key exchange came out of turn"));
        };
        let mut reader = Reader::new(payload);
        reader.u8()?;
        let (host_key, server_value, signature) =
            (reader.string()?, reader.string()?, reader.string()?);
        reader.end()?;
        let shared = pending.finish(server_value).map_err(bad_value)?;
        let hash = shared.hash(&Said {
            client_version: VERSION.as_bytes(),
            server_version: self.version.as_deref().unwrap_or_default(),
            client_offer: &ours,
            server_offer: &theirs,
            host_key,
            client_value: &value,
            server_value,
        });
        self.believe(&agreed.host_key, payload.slice_ref(host_key), &hash, signature)?;
        self.use_keys(&shared, hash, &agreed, &theirs)
    }

    /// Whether the server holds the key it shows.
    fn believe(
        &mut self,
        kind: &str,
        blob: Bytes,
        hash: &[u8],
        signature: &[u8],
    ) -> Result<(), Broken> {
        let unreadable = |_| Broken::exchange("the host key cannot be read");
        let signature = Signature::try_from(signature).map_err(unreadable)?;
        let (plain, certified) = match kind.strip_suffix("-cert-v01@openssh.com") {
            Some(plain) => (plain, true),
            None => (kind, false),
        };
        if signature.algorithm().to_string() != plain {
            return Err(Broken::exchange("the host key signs otherwise than was agreed"));
        }
        let shown = if certified {
            HostKey::Certificate(Box::new(Certificate::from_bytes(&blob).map_err(unreadable)?))
        } else {
            HostKey::Key(PublicKey::from_bytes(&blob).map_err(unreadable)?)
        };
        let good = match &shown {
            HostKey::Key(key) => Verifier::verify(key.key_data(), hash, &signature),
            HostKey::Certificate(certificate) => {
                Verifier::verify(certificate.public_key(), hash, &signature)
            }
        };
        good.map_err(|_| Broken::exchange("the host key did not sign this exchange"))?;
        match &self.host_key {
            Some((known, _)) if *known != blob => {
                Err(Broken::exchange("the host key changed during the connection"))
            }
            Some(_) => Ok(()),
            None => {
                self.host_key = Some((blob, shown));
                Ok(())
            }
        }
    }

    /// This end's next packet is under new keys; the peer's is behind its NEWKEYS.
    fn use_keys(
        &mut self,
        shared: &Shared,
        hash: [u8; 32],
        agreed: &Agreed,
        theirs: &[u8],
    ) -> Result<(), Broken> {
        let is_first = self.session.is_none();
        let session = *self.session.get_or_insert(hash);
        let to_server = shared.keys(&hash, &session, agreed.to_server, *b"ACE");
        let to_client = shared.keys(&hash, &session, agreed.to_client, *b"BDF");
        let (outgoing, incoming) = match self.role {
            Role::Client => ((agreed.to_server, to_server), (agreed.to_client, to_client)),
            Role::Server => ((agreed.to_client, to_client), (agreed.to_server, to_server)),
        };
        let keyed = |(suite, keys), way| {
            State::new(suite, &keys, way).ok_or_else(|| Broken::exchange("keys have no meaning"))
        };
        let (outgoing, incoming) = (keyed(outgoing, Way::Out)?, keyed(incoming, Way::In)?);
        self.seal(&[&[NEWKEYS]]);
        self.outgoing.rekey(outgoing, self.strict);
        self.kex = Kex::Keyed { incoming: Box::new(incoming) };
        if is_first && self.role == Role::Server && Offer::read(theirs)?.takes_extensions() {
            let told = message(EXT_INFO, |out| {
                out.put_u32(1);
                out.put_string("server-sig-algs");
                out.put_names(SIGNATURES);
            });
            self.seal(&[&told]);
        }
        self.held_bytes = 0;
        for payload in std::mem::take(&mut self.held) {
            self.send(&[&payload]);
        }
        Ok(())
    }

    pub(super) fn keyed(&mut self, payload: &[u8]) -> Result<(), Broken> {
        if payload.len() != 1 {
            return Err(Malformed.into());
        }
        match std::mem::replace(&mut self.kex, Kex::Idle) {
            Kex::Keyed { incoming } => {
                self.incoming.rekey(*incoming, self.strict);
                Ok(())
            }
            _ => Err(Broken::protocol("new keys came out of turn")),
        }
    }
}

fn bad_value(_: BadValue) -> Broken {
    Broken::exchange("a value for a key exchange is none")
}

fn unsigned(_: ssh_key::Error) -> Broken {
    Broken::exchange("the host key cannot be written")
}
