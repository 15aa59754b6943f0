//! This gateway comes in at a target, with the credential that it holds.

use std::sync::Arc;

use bytes::Bytes;
use model::Secret;
use signature::Signer;
use ssh_key::{Algorithm, Certificate, PrivateKey};
use zeroize::Zeroizing;

use super::shown::Said;
use super::{CONNECTION, USERAUTH};
use crate::ssh::codec::{Reader, Write, message};
use crate::ssh::numbers::{
    SERVICE_ACCEPT, SERVICE_REQUEST, USERAUTH_BANNER, USERAUTH_FAILURE, USERAUTH_INFO_REQUEST,
    USERAUTH_INFO_RESPONSE, USERAUTH_REQUEST, USERAUTH_SUCCESS,
};
use crate::ssh::transport::{Broken, HostKey, Transport};

/// Prompts that a target may show before it lets anybody in.
const MOST_PROMPTS: u32 = 4;

/// What a target is shown. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credential {
    /// The account there.
    pub username: String,
    /// Its key, and a certificate for it.
    pub key: Option<KeyAndCertificate>,
    /// Its password.
    pub password: Option<Secret>,
}

/// A private key, and a certificate for it.
pub(super) type KeyAndCertificate = (Arc<PrivateKey>, Option<Arc<Certificate>>);

impl Credential {
    /// Reads a private key in OpenSSH's format, and the certificate for it as SSH writes it. `None`: one of them cannot
    /// be read.
    #[must_use]
    pub fn key(key: &Secret, certificate: Option<&[u8]>) -> Option<KeyAndCertificate> {
        let key = PrivateKey::from_openssh(key.expose()).ok().filter(|key| !key.is_encrypted())?;
        let certificate = match certificate {
            Some(bytes) => Some(Arc::new(Certificate::from_bytes(bytes).ok()?)),
            None => None,
        };
        Some((Arc::new(key), certificate))
    }
}

/// The target does not let us in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It says no to all that there is.
    #[error("the target refuses the credential; it takes {0}")]
    Credential(String),
    /// It broke the protocol.
    #[error("the target broke the protocol: {0}")]
    Broken(#[from] Broken),
    /// It said goodbye.
    #[error("the target ended the connection: {0}")]
    Gone(String),
}

/// What comes next.
pub enum LoginStep {
    /// Feed me.
    Wait,
    /// The target showed this host key: say whether it is the right one. Nothing was sent to it yet.
    Check(HostKey),
    /// It let us in.
    In,
}

/// The client's side of authentication.
pub struct Login {
    transport: Transport,
    credential: Credential,
    state: State,
    prompts: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Keys are being exchanged.
    Keying,
    /// The host key was handed out.
    Checking,
    /// The service was asked for.
    Asking,
    /// This was tried last.
    Tried(Method),
    In,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Method {
    Key,
    Password,
    Interactive,
}

impl Login {
    /// On this connection, which is new.
    #[must_use]
    pub const fn new(transport: Transport, credential: Credential) -> Self {
        Self { transport, credential, state: State::Keying, prompts: 0 }
    }

    /// Takes over bytes that arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.transport.feed(bytes);
    }

    /// What is to be written to the target.
    pub fn output(&mut self) -> Bytes {
        self.transport.output()
    }

    /// The host key is the right one. Without this nothing is shown to the target.
    pub fn host_is_right(&mut self) {
        if self.state == State::Checking {
            self.state = State::Asking;
            let asked = message(SERVICE_REQUEST, |out| out.put_string(USERAUTH));
            self.transport.send(&[&asked]);
        }
    }

    /// What comes next.
    ///
    /// # Errors
    /// The target does not let us in.
    pub fn step(&mut self) -> Result<LoginStep, Refused> {
        loop {
            if self.state == State::In {
                return Ok(LoginStep::In);
            }
            let payload = self.transport.payload()?;
            if self.state == State::Keying
                && self.transport.is_keyed()
                && let Some(key) = self.transport.host_key()
            {
                let key = key.clone();
                if payload.is_some() {
                    return Err(Broken::protocol("a message came before it was asked for").into());
                }
                self.state = State::Checking;
                return Ok(LoginStep::Check(key));
            }
            match payload {
                Some(payload) => self.received(&payload)?,
                None => {
                    return match self.transport.gone() {
                        Some(words) => Err(Refused::Gone(words.to_owned())),
                        None => Ok(LoginStep::Wait),
                    };
                }
            }
        }
    }

    fn received(&mut self, payload: &[u8]) -> Result<(), Refused> {
        let mut reader = Reader::new(payload);
        let broken = Refused::from;
        match (reader.u8().map_err(Broken::from)?, self.state) {
            (SERVICE_ACCEPT, State::Asking) => self.attempt(Method::Key, None),
            (USERAUTH_BANNER, State::Asking | State::Tried(_)) => Ok(()),
            (USERAUTH_SUCCESS, State::Tried(_)) => {
                self.state = State::In;
                self.credential.password = None;
                self.credential.key = None;
                Ok(())
            }
            (USERAUTH_FAILURE, State::Tried(last)) => {
                let methods = reader.text().map_err(Broken::from)?;
                let methods: String =
                    methods.chars().filter(|letter| !letter.is_control()).take(200).collect();
                let next = match last {
                    Method::Key => Method::Password,
                    Method::Password => Method::Interactive,
                    Method::Interactive => return Err(Refused::Credential(methods)),
                };
                self.attempt(next, Some(&methods))
            }
            (USERAUTH_INFO_REQUEST, State::Tried(Method::Interactive)) => {
                self.answer(reader).map_err(broken)
            }
            _ => Err(Broken::protocol("the target sent a message out of turn").into()),
        }
    }

    /// Tries the next thing that there is, from `method` on, of those the target takes.
    fn attempt(&mut self, method: Method, taken: Option<&str>) -> Result<(), Refused> {
        let takes = |name: &str| taken.is_none_or(|taken| taken.split(',').any(|one| one == name));
        if method <= Method::Key && takes("publickey") && self.credential.key.is_some() {
            self.state = State::Tried(Method::Key);
            return self.show_key().map_err(Refused::from);
        }
        if method <= Method::Password
            && takes("password")
            && let Some(password) = &self.credential.password
        {
            self.state = State::Tried(Method::Password);
            let request = self.request("password", |out| {
                out.put_bool(false);
                out.put_string(password.expose());
            });
            self.transport.send(&[&request]);
            return Ok(());
        }
        if method <= Method::Interactive
            && takes("keyboard-interactive")
            && self.credential.password.is_some()
        {
            self.state = State::Tried(Method::Interactive);
            let request = self.request("keyboard-interactive", |out| {
                out.put_string("");
                out.put_string("");
            });
            self.transport.send(&[&request]);
            return Ok(());
        }
        Err(Refused::Credential(taken.unwrap_or("nothing that there is").to_owned()))
    }

    fn request(&self, method: &str, more: impl FnOnce(&mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
        let mut payload = Zeroizing::new(vec![USERAUTH_REQUEST]);
        payload.put_string(&self.credential.username);
        payload.put_string(CONNECTION);
        payload.put_string(method);
        more(&mut payload);
        payload
    }

    fn show_key(&mut self) -> Result<(), Broken> {
        let unable = |_| Broken::protocol("the key of the target cannot be used");
        let Some((key, certificate)) = &self.credential.key else { return Ok(()) };
        let blob = match certificate {
            Some(certificate) => certificate.to_bytes().map_err(unable)?,
            None => key.public_key().to_bytes().map_err(unable)?,
        };
        let plain = match key.algorithm() {
            // What `ssh-key` signs with.
            Algorithm::Rsa { .. } => "rsa-sha2-512".to_owned(),
            other => other.to_string(),
        };
        let algorithm = match certificate {
            Some(_) => format!("{plain}-cert-v01@openssh.com"),
            None => plain,
        };
        let session = *self.transport.session().ok_or_else(|| Broken::protocol("no keys yet"))?;
        let said = Said {
            session: &session,
            user: &self.credential.username,
            algorithm: &algorithm,
            blob: &blob,
        };
        let signature = key.try_sign(&said.signed()).map_err(|_| unable(ssh_key::Error::Crypto))?;
        let signature = Vec::<u8>::try_from(signature).map_err(unable)?;
        let request = self.request("publickey", |out| {
            out.put_bool(true);
            out.put_string(&algorithm);
            out.put_string(&blob);
            out.put_string(&signature);
        });
        self.transport.send(&[&request]);
        Ok(())
    }

    /// A prompt that hides what is typed is asked for the password; one that does not gets nothing.
    fn answer(&mut self, mut reader: Reader<'_>) -> Result<(), Broken> {
        self.prompts += 1;
        if self.prompts > MOST_PROMPTS {
            return Err(Broken::protocol("the target asks too much"));
        }
        reader.string()?;
        reader.string()?;
        reader.string()?;
        let count = reader.u32()?.min(16);
        let mut response = Zeroizing::new(vec![USERAUTH_INFO_RESPONSE]);
        response.put_u32(count);
        for _ in 0..count {
            reader.string()?;
            let shows = reader.bool()?;
            match &self.credential.password {
                Some(password) if !shows => response.put_string(password.expose()),
                _ => response.put_string(""),
            }
        }
        self.transport.send(&[&response]);
        Ok(())
    }

    /// Ends the connection.
    pub fn leave(&mut self, words: &str) {
        self.transport.leave(words);
    }

    /// The connection, once the target let us in.
    #[must_use]
    pub fn into_transport(self) -> Transport {
        self.transport
    }
}
