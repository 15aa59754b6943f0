//! The server's side of a handshake, until a client has named itself and proved who it is.
//!
//! ```text
//!   first packet ─┬─ SSLRequest ──► 'S', TLS, first packet again ─┐
//!                 ├─ GSSENCRequest ► 'N', first packet again      ├─► password? ─► Login
//!                 ├─ CancelRequest ► Cancel                       │   not asked for where TLS
//!                 └─ Startup ─────────────────────────────────────┘   showed a certificate
//! ```
//!
//! Each of these happens at most once and in this order; anything else ends the connection. The
//! buffer never holds more than [`BOUND`] bytes, and none of them crosses from before TLS to after.

mod welcome;

use bytes::Bytes;
use model::Secret;
use zeroize::Zeroizing;

use super::error::{Report, sqlstate};
use super::frame::{Body, HEADER, backend, frontend, message};
use super::startup::{self, CancelKey, Packet, Refused, Startup};

pub use welcome::{Welcome, cancel_key_length, welcome};

/// The longest password: a token with many groups in it.
pub const LONGEST_PASSWORD: usize = 16 << 10;

/// What one connection that is nobody yet can make us keep.
pub const BOUND: usize = HEADER + LONGEST_PASSWORD + startup::LONGEST + 4;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all, so far.
    Clear,
    /// By TLS.
    Tls,
}

/// What a client showed of itself while TLS was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing: a password is asked for.
    Nothing,
    /// A certificate that was verified, and that it holds its key: no password is asked for.
    Certificate,
}

/// What a listener grants a client that is nobody yet.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// TLS can be had.
    pub offers_tls: bool,
    /// A password may be asked for in clear: configured so, and the client is on this machine.
    pub allows_clear: bool,
}

/// One thing to do, in the order given.
pub enum Step {
    /// Write these bytes.
    Send(Bytes),
    /// Write `S`, begin TLS on this connection, then say so with [`Greeting::encrypted`].
    StartTls,
    /// It was a request to cancel. Nothing is answered; close.
    Cancel(CancelKey),
    /// Somebody who says who it is and proves it.
    Login(Box<Login>),
    /// Write these bytes, if any, and close.
    Close(Bytes, Closed),
}

/// Why a connection is closed; for counting, and for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It broke the protocol.
    Protocol,
    /// It wanted what is not given: a version, a setting, a login in clear.
    Refused,
}

/// Somebody at the end of a handshake.
pub struct Login {
    /// What it asks for.
    pub startup: Startup,
    /// What is to say who it is.
    pub proof: Proof,
    /// What it sent behind it without waiting.
    pub rest: Bytes,
}

/// What a client gave to be known by.
pub enum Proof {
    /// A token, as its password.
    Password(Secret),
    /// The certificate it showed in TLS; whoever speaks TLS has it.
    Certificate,
}

/// A handshake, without its socket: it is fed bytes and hands back steps.
pub struct Greeting {
    rules: Rules,
    state: State,
    buffer: Zeroizing<Vec<u8>>,
}

enum State {
    /// A packet without a type is expected.
    First(Asked),
    /// Somebody else makes the connection a TLS one.
    Upgrading,
    /// A startup packet was read, a password is asked for.
    Password(Box<Startup>),
    /// A startup packet was read, of a client that showed a certificate.
    Certified(Box<Startup>),
    /// There is nothing more to come.
    Over,
}

/// What was asked for so far: each request is answered once.
#[derive(Clone, Copy)]
struct Asked {
    /// What the client showed in TLS. `None`: it is in clear.
    inside: Option<Shown>,
    tls: bool,
    gss: bool,
}

impl Greeting {
    /// A connection in clear, of which nothing was read.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self::begin(rules, None)
    }

    /// A connection that began with TLS, of which nothing else was read.
    #[must_use]
    pub fn inside_tls(rules: Rules, shown: Shown) -> Self {
        Self::begin(rules, Some(shown))
    }

    fn begin(rules: Rules, inside: Option<Shown>) -> Self {
        let state = State::First(Asked { inside, tls: false, gss: false });
        Self { rules, state, buffer: Zeroizing::default() }
    }

    /// Takes bytes that arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        // A growing buffer leaves copies of a password behind; so it is moved by hand, and wiped.
        let needed = self.buffer.len() + bytes.len();
        if needed > self.buffer.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// TLS stands, and nothing was read from the connection but the handshake.
    pub fn encrypted(&mut self, shown: Shown) {
        if let State::Upgrading = self.state {
            self.state = State::First(Asked { inside: Some(shown), tls: true, gss: true });
        }
    }

    /// The next step. `None`: feed me, or start TLS.
    pub fn step(&mut self) -> Option<Step> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::First(asked) => {
                self.first(asked).unwrap_or_else(|refused| Some(self.close(refused)))
            }
            State::Password(startup) => {
                self.password(startup).unwrap_or_else(|refused| Some(self.close(refused)))
            }
            State::Certified(startup) => Some(self.login(*startup, Proof::Certificate)),
            state @ (State::Upgrading | State::Over) => {
                self.state = state;
                None
            }
        }
    }

    fn first(&mut self, asked: Asked) -> Result<Option<Step>, Refused> {
        let Some(content) = startup::split(&self.buffer)? else {
            self.state = State::First(asked);
            return Ok(None);
        };
        let used = content.len() + 4;
        let packet = startup::read(content)?;
        self.consume(used);
        match packet {
            Packet::SslRequest if !asked.tls => {
                if asked.inside.is_some() || !self.rules.offers_tls {
                    self.state = State::First(Asked { tls: true, ..asked });
                    return Ok(Some(Step::Send(Bytes::from_static(b"N"))));
                }
                self.nothing_behind("SSL")?;
                self.state = State::Upgrading;
                Ok(Some(Step::StartTls))
            }
            Packet::GssEncRequest if !asked.gss => {
                self.state = State::First(Asked { gss: true, ..asked });
                Ok(Some(Step::Send(Bytes::from_static(b"N"))))
            }
            Packet::SslRequest | Packet::GssEncRequest => Err(startup::unsupported(&packet).into()),
            Packet::Cancel(key) => Ok(Some(Step::Cancel(key))),
            Packet::Startup(startup) => {
                if asked.inside.is_none() && !self.rules.allows_clear {
                    return Err(needs_tls(self.rules).into());
                }
                let mut out = Vec::with_capacity(32);
                startup.negotiate(&mut out);
                match asked.inside {
                    Some(Shown::Certificate) if out.is_empty() => {
                        return Ok(Some(self.login(*startup, Proof::Certificate)));
                    }
                    Some(Shown::Certificate) => self.state = State::Certified(startup),
                    Some(Shown::Nothing) | None => {
                        message(&mut out, backend::AUTHENTICATION, |out| out.extend([0, 0, 0, 3]));
                        self.state = State::Password(startup);
                    }
                }
                Ok(Some(Step::Send(out.into())))
            }
        }
    }

    /// What arrived in clear behind a request for encryption was not protected by it: somebody on
    /// the way may have put it there (CVE-2021-23214).
    fn nothing_behind(&self, what: &str) -> Result<(), Refused> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        Err(Report::fatal(
            sqlstate::PROTOCOL_VIOLATION,
            format!("received unencrypted data after {what} request"),
        )
        .detail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
        .into())
    }

    fn password(&mut self, startup: Box<Startup>) -> Result<Option<Step>, Refused> {
        let Some(&kind) = self.buffer.first() else {
            self.state = State::Password(startup);
            return Ok(None);
        };
        if kind != frontend::PASSWORD {
            return Err(violation(format!("expected password response, got message type {kind}")));
        }
        let length = self.buffer.get(1..HEADER).and_then(|length| length.first_chunk::<4>());
        let Some(length) = length.map(|length| u32::from_be_bytes(*length) as usize) else {
            self.state = State::Password(startup);
            return Ok(None);
        };
        if !(5..=LONGEST_PASSWORD + 4).contains(&length) {
            return Err(violation("invalid password packet size"));
        }
        let Some(content) = self.buffer.get(HEADER..1 + length) else {
            self.state = State::Password(startup);
            return Ok(None);
        };
        let mut body = Body::new(content);
        let text = body.cstr();
        let (Ok(text), Ok(())) = (text, body.end()) else {
            return Err(violation("invalid password packet size"));
        };
        if text.is_empty() {
            return Err(Report::fatal(
                sqlstate::INVALID_PASSWORD,
                "empty password returned by client",
            )
            .into());
        }
        let password = Secret::new(text);
        self.consume(1 + length);
        Ok(Some(self.login(*startup, Proof::Password(password))))
    }

    fn login(&mut self, startup: Startup, proof: Proof) -> Step {
        let rest = Bytes::copy_from_slice(&self.buffer);
        self.buffer = Zeroizing::default();
        Step::Login(Box::new(Login { startup, proof, rest }))
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count);
    }

    /// How many more bytes may be fed before the next call of [`Self::step`] that answers `None`.
    #[must_use]
    pub fn room(&self) -> usize {
        BOUND.saturating_sub(self.buffer.len())
    }

    fn close(&mut self, refused: Refused) -> Step {
        self.buffer = Zeroizing::default();
        match refused {
            Refused::Silently(_) => Step::Close(Bytes::new(), Closed::Protocol),
            Refused::Told(report) => {
                let code = report.text(super::error::field::CODE);
                let closed = if code == sqlstate::PROTOCOL_VIOLATION {
                    Closed::Protocol
                } else {
                    Closed::Refused
                };
                Step::Close(report.to_bytes(), closed)
            }
        }
    }
}

fn violation(message: impl Into<String>) -> Refused {
    Report::fatal(sqlstate::PROTOCOL_VIOLATION, message).into()
}

fn needs_tls(rules: Rules) -> Report<'static> {
    let report = Report::fatal(
        sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
        "a login without TLS is not accepted here",
    );
    if rules.offers_tls {
        report.hint("Connect with sslmode=require, or sslmode=verify-full and the gateway's CA.")
    } else {
        report.hint("Clear connections are for clients on the gateway's own machine.")
    }
}

#[cfg(test)]
mod tests;
