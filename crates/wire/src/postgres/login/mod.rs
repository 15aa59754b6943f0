//! The client's side of a login: the gateway, with the target's credential, towards the target.
//!
//! ```text
//!   StartupMessage ─► method? ─┬─ trust ─────────────────────────────┐
//!                              ├─ cleartext (inside TLS), md5 ───────┼─► Ok ─► settings, key ─► Done
//!                              └─ SCRAM ─► Derive? ─► server's proof ┘
//! ```
//!
//! A target is not trusted either: a message out of its state, an oversized one, a server that
//! skips its own proof or offers less than it must, ends the login. What a target says in an error
//! is only repeated where it cannot repeat the credential.

mod error;

use bytes::Bytes;
use md5::{Digest, Md5};
use model::Secret;
use zeroize::Zeroizing;

use super::error::Report;
use super::frame::{
    Body, HEADER, Header, Malformed, SHORT_ANSWER, backend, frontend, message, put_cstr,
};
use super::greet::Protection;
use super::scram::{self, Binding, Challenge, Client, Derivation, Expected, KeyCache, Keys};
use super::startup::{CancelKey, LONGEST_CANCEL_KEY, Settings, startup_message};

pub use error::{LoginError, Refusal};

/// The most a target may say before it is ready: its settings and a few notices.
const MOST: usize = 256 << 10;

const STANDARD_STRINGS: &str = "standard_conforming_strings";

/// What to log in with, and to what.
pub struct Request {
    /// The account on the target.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret>,
    /// The database to open.
    pub database: String,
    /// What the session is called on the target.
    pub application_name: String,
    /// Settings the client brought along.
    pub settings: Settings,
    /// How the connection is protected.
    pub protection: Protection,
    /// The `tls-server-end-point` hash of the target's certificate, if it has one.
    pub server_end_point: Option<Box<[u8]>>,
    /// Bytes nobody can foretell.
    pub nonce: [u8; 24],
}

/// A session on the target.
pub struct Established {
    /// What the target reported of its settings.
    pub parameters: Vec<(String, String)>,
    /// The key with which the target's session is cancelled; some have none.
    pub key: Option<CancelKey>,
    /// What it said on the way (whole NoticeResponse messages): a login trigger may greet.
    pub notices: Vec<Bytes>,
    /// What the target sent behind its readiness.
    pub rest: Bytes,
}

/// One thing to do.
pub enum Step {
    /// Write these bytes.
    Send(Zeroizing<Vec<u8>>),
    /// Run this where it holds up nobody, and answer with [`Login::derived`].
    Derive(Derivation),
    /// The target is ready.
    Done(Box<Established>),
}

/// A login, without its socket.
pub struct Login<'a> {
    request: Request,
    cache: &'a KeyCache,
    state: State,
    buffer: Vec<u8>,
    heard: usize,
    established: Established,
}

enum State {
    /// The startup packet was not sent yet.
    New,
    /// The target says how it wants to be shown who we are.
    Method,
    /// SCRAM: a challenge is awaited.
    Scram(Box<Client>),
    /// SCRAM: the salted keys are being computed.
    Deriving(Box<Challenge>),
    /// SCRAM: the target's own proof is awaited; the keys are kept for the next login if it comes.
    Proof(Box<Expected>, Box<(Derivation, Keys)>),
    /// Everything asked for was shown.
    Shown,
    /// We are in; settings follow until the target is ready.
    Admitted,
    /// There is nothing more to come.
    Over,
}

impl<'a> Login<'a> {
    /// A login in a connection of which nothing was read, TLS aside.
    #[must_use]
    pub fn new(request: Request, cache: &'a KeyCache) -> Self {
        let established = Established {
            parameters: Vec::with_capacity(16),
            key: None,
            notices: Vec::new(),
            rest: Bytes::new(),
        };
        Self { request, cache, state: State::New, buffer: Vec::new(), heard: 0, established }
    }

    /// Takes bytes that arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.heard = self.heard.saturating_add(bytes.len());
        if self.heard <= MOST {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Answers a [`Step::Derive`].
    pub fn derived(&mut self, keys: Keys) -> Option<Step> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Deriving(challenge) => Some(self.prove(*challenge, keys)),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The next step. `None`: feed me, or answer me.
    ///
    /// # Errors
    /// The target refused, or broke the protocol. Close the connection.
    pub fn step(&mut self) -> Result<Option<Step>, LoginError> {
        if matches!(self.state, State::New) {
            self.state = State::Method;
            return Ok(Some(Step::Send(self.startup())));
        }
        if matches!(self.state, State::Deriving(_) | State::Over) {
            return Ok(None);
        }
        if self.heard > MOST {
            return Err(LoginError::Protocol("it says too much before it is ready"));
        }
        let buffer = std::mem::take(&mut self.buffer);
        let mut at = 0;
        let mut done = Ok(None);
        while let Ok(None) = done {
            match complete(buffer.get(at..).unwrap_or_default()) {
                Ok(Some((header, body))) => {
                    at += header.total();
                    done = self.handle(header.tag, body);
                }
                Ok(None) => break,
                Err(error) => done = Err(error),
            }
        }
        let rest = buffer.get(at..).unwrap_or_default();
        if let Ok(Some(Step::Done(established))) = &mut done {
            established.rest = Bytes::copy_from_slice(rest);
        } else {
            self.buffer = rest.to_vec();
        }
        if done.is_err() {
            self.state = State::Over;
        }
        done
    }

    fn startup(&self) -> Zeroizing<Vec<u8>> {
        let request = &self.request;
        let mut parameters: Vec<(&str, &str)> = vec![
            ("user", &request.user),
            ("database", &request.database),
            ("application_name", &request.application_name),
            // Statements are read with this setting; it may not depend on the target's defaults.
            (STANDARD_STRINGS, "on"),
        ];
        parameters.extend(request.settings.iter().filter(|(name, _)| *name != STANDARD_STRINGS));
        Zeroizing::new(startup_message(parameters))
    }

    fn handle(&mut self, tag: u8, body: &[u8]) -> Result<Option<Step>, LoginError> {
        match tag {
            backend::NOTICE_RESPONSE => {
                let notice = Report::parse(tag, body).map_err(|Malformed| malformed())?;
                self.established.notices.push(notice.to_bytes());
                Ok(None)
            }
            backend::ERROR_RESPONSE => {
                let report = Report::parse(tag, body).map_err(|Malformed| malformed())?;
                Err(LoginError::Refused(Refusal::new(&report, self.request.password.as_ref())))
            }
            backend::AUTHENTICATION => self.authenticate(Body::new(body)),
            backend::PARAMETER_STATUS | backend::BACKEND_KEY_DATA | backend::READY_FOR_QUERY
                if matches!(self.state, State::Admitted) =>
            {
                self.settle(tag, Body::new(body)).map_err(|Malformed| malformed())
            }
            _ => Err(LoginError::Protocol("a message is out of place")),
        }
    }

    fn authenticate(&mut self, mut body: Body<'_>) -> Result<Option<Step>, LoginError> {
        const OK: u32 = 0;
        const CLEARTEXT: u32 = 3;
        const MD5: u32 = 5;
        const SASL: u32 = 10;
        const SASL_CONTINUE: u32 = 11;
        const SASL_FINAL: u32 = 12;
        let kind = body.u32().map_err(|Malformed| malformed())?;
        match (std::mem::replace(&mut self.state, State::Over), kind) {
            (State::Method | State::Shown, OK) => {
                body.end().map_err(|Malformed| malformed())?;
                self.state = State::Admitted;
                Ok(None)
            }
            (State::Method, CLEARTEXT) => {
                if self.request.protection == Protection::Clear {
                    return Err(LoginError::PasswordInClear);
                }
                self.state = State::Shown;
                Ok(Some(Step::Send(password_message(self.password()?.expose()))))
            }
            (State::Method, MD5) => {
                let salt = body.bytes(4).map_err(|Malformed| malformed())?;
                let answer = md5_answer(&self.request.user, self.password()?, salt);
                self.state = State::Shown;
                Ok(Some(Step::Send(password_message(&answer))))
            }
            (State::Method, SASL) => self.scram(body).map(Some),
            (State::Scram(client), SASL_CONTINUE) => {
                let challenge = client.challenge(body.rest())?;
                if let Some(keys) = self.cache.get(challenge.derivation()) {
                    return Ok(Some(self.prove(challenge, keys)));
                }
                let derivation = challenge.derivation().clone();
                self.state = State::Deriving(Box::new(challenge));
                Ok(Some(Step::Derive(derivation)))
            }
            (State::Proof(expected, worked), SASL_FINAL) => {
                expected.verify(body.rest())?;
                self.cache.keep(&worked.0, &worked.1);
                self.state = State::Shown;
                Ok(None)
            }
            (State::Proof(..) | State::Scram(_), OK) => Err(LoginError::Unproven),
            (State::Method, other) => Err(LoginError::Method(other)),
            _ => Err(LoginError::Protocol("an authentication request is out of place")),
        }
    }

    fn scram(&mut self, mut body: Body<'_>) -> Result<Step, LoginError> {
        let (mut plain, mut plus) = (false, false);
        loop {
            match body.cstr().map_err(|Malformed| malformed())? {
                b"" => break,
                name if name == scram::SHA_256.as_bytes() => plain = true,
                name if name == scram::SHA_256_PLUS.as_bytes() => plus = true,
                _ => {}
            }
        }
        let end_point = self.request.server_end_point.clone();
        let binding = match (self.request.protection, end_point) {
            (Protection::Clear, _) if plus => return Err(LoginError::BindingWithoutTls),
            (Protection::Tls, Some(hash)) if plus => Binding::ServerEndPoint(hash),
            (Protection::Tls, Some(_)) if plain => Binding::NotOffered,
            _ if plain => Binding::CannotBind,
            _ => return Err(LoginError::Mechanisms),
        };
        let client = Client::new(self.password()?, binding, self.request.nonce);
        let (mechanism, first) = client.first();
        let mut out = Zeroizing::new(Vec::with_capacity(128));
        message(&mut out, frontend::PASSWORD, |out| {
            put_cstr(out, mechanism);
            out.extend_from_slice(&u32::try_from(first.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(first.as_bytes());
        });
        self.state = State::Scram(Box::new(client));
        Ok(Step::Send(out))
    }

    fn prove(&mut self, challenge: Challenge, keys: Keys) -> Step {
        let derivation = challenge.derivation().clone();
        let (answer, expected) = challenge.answer(&keys);
        self.state = State::Proof(Box::new(expected), Box::new((derivation, keys)));
        let mut out = Zeroizing::new(Vec::with_capacity(256));
        message(&mut out, frontend::PASSWORD, |out| out.extend_from_slice(answer.as_bytes()));
        Step::Send(out)
    }

    fn password(&self) -> Result<&Secret, LoginError> {
        self.request.password.as_ref().ok_or(LoginError::NoPassword)
    }

    fn settle(&mut self, tag: u8, mut body: Body<'_>) -> Result<Option<Step>, Malformed> {
        match tag {
            backend::PARAMETER_STATUS => {
                let name = String::from_utf8_lossy(body.cstr()?).into_owned();
                let value = String::from_utf8_lossy(body.cstr()?).into_owned();
                body.end()?;
                let parameters = &mut self.established.parameters;
                match parameters.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => parameters.push((name, value)),
                }
            }
            backend::BACKEND_KEY_DATA => {
                let process = body.u32()?;
                let secret = body.rest();
                if secret.len() > LONGEST_CANCEL_KEY || self.established.key.is_some() {
                    return Err(Malformed);
                }
                self.established.key = Some(CancelKey { process, secret: secret.into() });
            }
            _ => {
                if body.u8()? != b'I' {
                    return Err(Malformed);
                }
                body.end()?;
                self.state = State::Over;
                let empty = Established {
                    parameters: Vec::new(),
                    key: None,
                    notices: Vec::new(),
                    rest: Bytes::new(),
                };
                let established = std::mem::replace(&mut self.established, empty);
                return Ok(Some(Step::Done(Box::new(established))));
            }
        }
        Ok(None)
    }
}

/// The first message in `bytes`, if it is there as a whole.
fn complete(bytes: &[u8]) -> Result<Option<(Header, &[u8])>, LoginError> {
    let Some(&[tag, a, b, c, d]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if !(4..=SHORT_ANSWER + 4).contains(&length) {
        return Err(LoginError::Protocol("a message has an impossible length"));
    }
    let header = Header { tag, body: length - 4 };
    Ok(bytes.get(HEADER..header.total()).map(|body| (header, body)))
}

const fn malformed() -> LoginError {
    LoginError::Protocol("a message is malformed")
}

fn password_message(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + 6));
    message(&mut out, frontend::PASSWORD, |out| put_cstr(out, text));
    out
}

/// `md5` and the hash of (the hash of password and name) and salt.
fn md5_answer(user: &str, password: &Secret, salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let hash = |parts: [&[u8]; 2]| {
        let mut hasher = Md5::new();
        parts.iter().for_each(|part| hasher.update(part));
        let digits: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Zeroizing::new(digits.into_bytes())
    };
    let inner = hash([password.expose(), user.as_bytes()]);
    let outer = hash([&inner, salt]);
    Zeroizing::new([&b"md5"[..], &outer].concat())
}

#[cfg(test)]
mod tests;
