//! SSH's transport (RFC 4253): bytes in, payloads out, and back. Either end of a connection, without a socket.
//!
//! ```text
//!   feed ─► version ─► packet.rs ─► keys.rs: the exchange of keys
//!           line        cipher.rs     offer.rs     what both ends offer, and agree on
//!             │             │         exchange.rs  the secret, and the keys made of it
//!             │             └──► next: every other payload, opened
//!   output ◄──┴──────────────── send: payloads, sealed; kept back while keys are exchanged
//! ```
//!
//! Keys are exchanged anew after a gigabyte, by whichever end counts it first. Where both ends know strict key
//! exchange nothing may stand between the messages of the first one, and packets are counted anew behind each.

mod cipher;
mod exchange;
mod host_key;
mod keys;
mod offer;
mod packet;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use ssh_key::PrivateKey;

use self::cipher::{Forged, State};
pub use self::host_key::{HostKey, HostKeyPair, NoHostKey};
use self::keys::Kex;
pub use self::offer::Role;
use self::packet::{Direction, Unopened};
use super::codec::{Malformed, Reader, Write, message};
use super::numbers::{
    DEBUG, DISCONNECT, EXT_INFO, IGNORE, KEX_INIT, KEX_REPLY, KEXINIT, NEWKEYS, SERVICE_REQUEST,
    UNIMPLEMENTED, USERAUTH_REQUEST, disconnect,
};

/// How this gateway calls itself (RFC 4253, section 4.2). Its version is nobody's business before who it is is known.
pub const VERSION: &str = "SSH-2.0-Sluice";

/// The longest line a version may be, and how many lines a server may say before it (RFC 4253, section 4.2).
const LONGEST_LINE: usize = 255;
const MOST_LINES: usize = 32;

/// Packets that a peer may send before it answers an offer of new keys. Each may need an answer, which has to wait.
const MOST_BEFORE_KEYS: u32 = 1 << 18;

/// The connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Broken {
    /// What is wrong; nothing of either side's data is in it.
    pub message: String,
    /// The reason's number for the peer (RFC 4253, section 11.1).
    code: u32,
}

impl Broken {
    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: disconnect::PROTOCOL_ERROR }
    }

    fn exchange(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: disconnect::KEY_EXCHANGE_FAILED }
    }

    pub(crate) const fn code_is(&mut self, code: u32) {
        self.code = code;
    }
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self::protocol("a message is malformed")
    }
}

/// One end of a connection.
pub struct Transport {
    role: Role,
    chance: StdRng,
    /// A server's own key.
    key: Option<Arc<PrivateKey>>,
    inbox: BytesMut,
    outbox: BytesMut,
    incoming: Direction,
    outgoing: Direction,
    /// Lines before the version that were passed over.
    lines: usize,
    /// The peer's version line, once it is there.
    version: Option<Bytes>,
    /// The hash of the first exchange.
    session: Option<[u8; 32]>,
    strict: bool,
    kex: Kex,
    /// Packets that came since this end's offer and are no answer to it.
    unanswered: u32,
    /// Payloads that wait for new keys.
    held: VecDeque<Bytes>,
    held_bytes: usize,
    /// What the server showed in the first exchange: it must be the same in all others.
    host_key: Option<(Bytes, HostKey)>,
    /// The signatures that the server takes, when it said so.
    signatures: Option<Box<str>>,
    /// The peer said goodbye.
    gone: Option<String>,
}

impl Transport {
    /// The end that connected. `seed` must be random.
    #[must_use]
    pub fn client(seed: [u8; 32]) -> Self {
        Self::new(Role::Client, None, seed)
    }

    /// The end that was connected to, which is known by this key. `seed` must be random.
    #[must_use]
    pub fn server(key: &HostKeyPair, seed: [u8; 32]) -> Self {
        Self::new(Role::Server, Some(Arc::clone(&key.0)), seed)
    }

    fn new(role: Role, key: Option<Arc<PrivateKey>>, seed: [u8; 32]) -> Self {
        let mut transport = Self {
            role,
            chance: StdRng::from_seed(seed),
            key,
            inbox: BytesMut::new(),
            outbox: BytesMut::new(),
            incoming: Direction::default(),
            outgoing: Direction::default(),
            lines: 0,
            version: None,
            session: None,
            strict: false,
            kex: Kex::Idle,
            unanswered: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            host_key: None,
            signatures: None,
            gone: None,
        };
        transport.outbox.extend_from_slice(VERSION.as_bytes());
        transport.outbox.extend_from_slice(b"\r\n");
        transport
    }

    /// Takes over bytes that arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
    }

    /// How many bytes were fed and not yet used.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.inbox.len()
    }

    /// How many bytes of payload wait for new keys.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held_bytes
    }

    /// What is to be written to the peer.
    pub fn output(&mut self) -> Bytes {
        self.outbox.split().freeze()
    }

    /// How many bytes are to be written.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.outbox.len()
    }

    /// The hash that names this connection, once keys were exchanged: what clients sign.
    #[must_use]
    pub const fn session(&self) -> Option<&[u8; 32]> {
        self.session.as_ref()
    }

    /// What the server showed, once keys were exchanged.
    #[must_use]
    pub fn host_key(&self) -> Option<&HostKey> {
        self.host_key.as_ref().map(|(_, key)| key)
    }

    /// Whether the server takes this kind of signature, as far as it said so.
    #[must_use]
    pub fn takes_signature(&self, name: &str) -> Option<bool> {
        self.signatures.as_ref().map(|names| names.split(',').any(|one| one == name))
    }

    /// What the peer calls itself, once it has said so.
    #[must_use]
    pub fn peer_version(&self) -> Option<String> {
        let line = self.version.as_deref()?;
        let line = line.strip_prefix(b"SSH-2.0-").unwrap_or(line);
        Some(
            line.iter()
                .take(64)
                .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' })
                .collect(),
        )
    }

    /// The peer's words, once it has said goodbye. Nothing comes behind them.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        self.gone.as_deref()
    }

    /// Whether the first exchange of keys is over on both sides.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.session.is_some() && matches!(self.kex, Kex::Idle)
    }

    /// Sends a payload in these parts.
    pub fn send(&mut self, parts: &[&[u8]]) {
        if self.session.is_none() || self.is_exchanging() {
            let payload: Bytes = parts.concat().into();
            self.held_bytes += payload.len();
            self.held.push_back(payload);
            return;
        }
        self.seal(parts);
        self.rekey_when_due();
    }

    /// Says goodbye: nothing is sent behind it.
    pub fn disconnect(&mut self, broken: &Broken) {
        let payload = message(DISCONNECT, |out| {
            out.put_u32(broken.code);
            out.put_string(&broken.message);
            out.put_string("");
        });
        self.held.clear();
        self.seal(&[&payload]);
    }

    /// Says goodbye for a reason of the application's.
    pub fn leave(&mut self, words: &str) {
        self.disconnect(&Broken { message: words.to_owned(), code: disconnect::BY_APPLICATION });
    }

    /// The next payload that is none of the transport's own. `None`: feed me.
    ///
    /// # Errors
    /// The peer broke the protocol, or a packet was changed on its way.
    pub fn payload(&mut self) -> Result<Option<Bytes>, Broken> {
        if self.gone.is_some() {
            return Ok(None);
        }
        if self.version.is_none() && !self.greeted()? {
            return Ok(None);
        }
        while let Some(payload) = self.opened()? {
            self.rekey_when_due();
            if let Some(payload) = self.received(payload)? {
                self.count_unanswered()?;
                return Ok(Some(payload));
            }
            if self.gone.is_some() {
                return Ok(None);
            }
        }
        if self.inbox.is_empty() {
            // An idle connection keeps no memory.
            self.inbox = BytesMut::new();
        }
        Ok(None)
    }

    /// A peer that goes on talking under old keys has to come to an end.
    fn count_unanswered(&mut self) -> Result<(), Broken> {
        if !matches!(self.kex, Kex::Offered { .. }) {
            self.unanswered = 0;
            return Ok(());
        }
        self.unanswered += 1;
        if self.unanswered > MOST_BEFORE_KEYS {
            return Err(Broken::exchange("new keys were offered and not answered"));
        }
        Ok(())
    }

    fn opened(&mut self) -> Result<Option<Bytes>, Broken> {
        self.incoming.open(&mut self.inbox).map_err(|why| match why {
            Unopened::Length => Broken::protocol("a packet has an impossible length"),
            Unopened::Forged => Broken {
                message: "a packet was changed on its way".to_owned(),
                code: disconnect::MAC_ERROR,
            },
        })
    }

    /// Reads the peer's version. Then this end makes its offer.
    fn greeted(&mut self) -> Result<bool, Broken> {
        while let Some(end) = self.inbox.iter().take(LONGEST_LINE + 1).position(|b| *b == b'\n') {
            let line = self.inbox.split_to(end + 1).freeze();
            let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(&line);
            if line.starts_with(b"SSH-") {
                let known = line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.99-");
                if !known || line.contains(&0) {
                    return Err(Broken::protocol("the peer speaks another version of SSH"));
                }
                self.version = Some(Bytes::copy_from_slice(line));
                self.offer();
                return Ok(true);
            }
            self.lines += 1;
            // Only a server may say something before.
            if self.role == Role::Server || self.lines > MOST_LINES {
                return Err(Broken::protocol("the peer does not speak SSH"));
            }
        }
        if self.inbox.len() > LONGEST_LINE {
            return Err(Broken::protocol("the peer does not speak SSH"));
        }
        Ok(false)
    }

    fn seal(&mut self, parts: &[&[u8]]) {
        let sealed = self.outgoing.seal(parts, &mut self.chance, &mut self.outbox);
        // Payloads are bounded far below what could not be sealed.
        debug_assert_eq!(sealed, Ok(()), "a payload could not be sealed");
        if let Err(Forged) = sealed {
            self.gone = Some("a payload could not be sealed".to_owned());
        }
    }

    /// What a payload is to the transport; given back when it is none of its own.
    fn received(&mut self, payload: Bytes) -> Result<Option<Bytes>, Broken> {
        let kind = payload.first().copied().unwrap_or_default();
        let first = self.session.is_none()
            || matches!(self.kex, Kex::Keyed { .. }) && self.incoming_is_clear();
        if self.strict && first && !matches!(kind, DISCONNECT | KEXINIT | NEWKEYS | KEX_INIT..=49) {
            return Err(Broken::protocol(
                "something stands between the messages of the key exchange",
            ));
        }
        match kind {
            DISCONNECT => {
                let mut reader = Reader::new(payload.get(1..).unwrap_or_default());
                let code = reader.u32()?;
                let words = reader.string().unwrap_or_default();
                self.gone = Some(said(code, words));
            }
            IGNORE | DEBUG | UNIMPLEMENTED => {}
            EXT_INFO => self.extended(&payload)?,
            KEXINIT => self.offered(payload)?,
            KEX_INIT => self.asked(&payload)?,
            KEX_REPLY => self.answered(&payload)?,
            NEWKEYS => self.keyed(&payload)?,
            0 => return Err(Broken::protocol("a message has no number")),
            SERVICE_REQUEST.. if kind < USERAUTH_REQUEST && !matches!(kind, 5 | 6) => {
                self.unimplemented();
            }
            _ if self.session.is_none() || first => {
                return Err(Broken::protocol("a message came before the exchange of keys"));
            }
            _ if self.peer_is_exchanging() => {
                return Err(Broken::protocol("a message came during the exchange of keys"));
            }
            _ => return Ok(Some(payload)),
        }
        Ok(None)
    }

    const fn incoming_is_clear(&self) -> bool {
        matches!(self.incoming.state, State::Clear)
    }

    /// Answers the packet that was just read: this end does not know what it is (RFC 4253, section 11.4).
    pub(crate) fn unimplemented(&mut self) {
        let number = self.incoming.sequence().wrapping_sub(1);
        let payload = message(UNIMPLEMENTED, |out| out.put_u32(number));
        self.send(&[&payload]);
    }

    fn extended(&mut self, payload: &[u8]) -> Result<(), Broken> {
        let mut reader = Reader::new(payload);
        reader.u8()?;
        for _ in 0..reader.u32()?.min(64) {
            let (name, value) = (reader.string()?, reader.string()?);
            if name == b"server-sig-algs" && self.role == Role::Client {
                self.signatures = std::str::from_utf8(value).ok().map(Into::into);
            }
        }
        Ok(())
    }
}

/// A peer's last words, such as a terminal may show.
fn said(code: u32, words: &[u8]) -> String {
    let words: String = String::from_utf8_lossy(words)
        .chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect();
    if words.is_empty() { format!("reason {code}") } else { words }
}

#[cfg(test)]
pub(crate) mod tests;
