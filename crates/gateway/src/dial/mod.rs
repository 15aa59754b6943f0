//! The only way to a target: [`Dialer::dial`], which asks for a [`Grant`].
//!
//! ```text
//!   Grant ─► Vault: credential ─► TCP ─► TLS as configured ─► login ─► LoggedIn
//! ```

mod error;
mod ssh;
mod tunnel;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::Resource;
use model::ports::{Credential, HostKeys, Vault};
use policy::Grant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use wire::postgres::greet::Protection;
use wire::postgres::login::{Login, LoginError, Request, Step};
use wire::postgres::scram::KeyCache;
use wire::postgres::startup::{CancelKey, Settings};

pub use error::DialError;
pub(crate) use ssh::SshIn;
pub use upstream::Target;

use crate::chance;
use crate::tls::ClientConfigs;
use crate::transport::Transport;

/// How long each part of the way to a target may take.
#[derive(Clone, Copy, Debug)]
pub struct DialLimits {
    /// Fetching the credential.
    pub credential: Duration,
    /// The name, the connection and its TLS.
    pub connect: Duration,
    /// The login.
    pub login: Duration,
}

impl Default for DialLimits {
    fn default() -> Self {
        let (credential, connect) = (Duration::from_secs(10), Duration::from_secs(10));
        Self { credential, connect, login: Duration::from_secs(15) }
    }
}

/// Opens connections to targets, and keeps what makes the next one cheaper.
pub struct Dialer {
    vault: Arc<dyn Vault>,
    limits: DialLimits,
    configs: ClientConfigs,
    keys: KeyCache,
    host_keys: Arc<dyn HostKeys>,
}

/// What a session wants on its target.
pub struct Wanted<'a> {
    /// Another database than the resource's usual one.
    pub database: Option<&'a str>,
    /// What the session is called there.
    pub application_name: String,
    /// Settings the client brought along.
    pub settings: Settings,
}

/// A session on a target.
pub struct LoggedIn {
    /// The connection.
    pub transport: Transport,
    /// The database that was opened.
    pub database: String,
    /// What the target reported of its settings.
    pub parameters: Vec<(String, String)>,
    /// What it said while it was logged in to.
    pub notices: Vec<bytes::Bytes>,
    /// The key with which the target's session is cancelled.
    pub key: Option<CancelKey>,
    /// What the target sent behind its readiness.
    pub rest: Bytes,
}

impl Dialer {
    /// With the vault that keeps the credentials, and who remembers host keys.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, host_keys: Arc<dyn HostKeys>, limits: DialLimits) -> Self {
        let (configs, keys) = (ClientConfigs::default(), KeyCache::default());
        Self { vault, limits, configs, keys, host_keys }
    }

    /// Opens the target of a grant and logs in.
    ///
    /// # Errors
    /// Which part of the way could not be gone.
    pub async fn dial(&self, grant: &Grant, wanted: Wanted<'_>) -> Result<LoggedIn, DialError> {
        let resource = grant.resource();
        let credential = self.credential(resource, None).await?;
        let (mut transport, server_end_point) = self.connect(grant, &credential).await?;
        let protection = if transport.is_tls() { Protection::Tls } else { Protection::Clear };
        let database = wanted
            .database
            .or_else(|| resource.settings.get("database").map(String::as_str))
            .unwrap_or(&credential.username)
            .to_owned();
        let request = Request {
            user: credential.username,
            password: credential.password,
            database: database.clone(),
            application_name: wanted.application_name,
            settings: wanted.settings,
            protection,
            server_end_point,
            nonce: chance::bytes()?,
        };
        let mut login = Login::new(request, &self.keys);
        let deadline = Instant::now() + self.limits.login;
        let established = timeout_at(deadline, drive(&mut login, &mut transport))
            .await
            .map_err(|_| DialError::TimedOut("the login"))??;
        Ok(LoggedIn {
            transport,
            database,
            parameters: established.parameters,
            notices: established.notices,
            key: established.key,
            rest: established.rest,
        })
    }

    /// Asks a grant's target to cancel what the session of this key runs there.
    ///
    /// # Errors
    /// The target could not be reached.
    pub async fn cancel(&self, grant: &Grant, key: &CancelKey) -> Result<(), DialError> {
        let credential = self.credential(grant.resource(), None).await?;
        let (mut transport, _) = self.connect(grant, &credential).await?;
        let told = async {
            transport.write_all(&key.request()).await?;
            transport.flush().await?;
            // The target closes once it has passed the request on.
            transport.read(&mut [0; 1]).await
        };
        let deadline = Instant::now() + self.limits.connect;
        match timeout_at(deadline, told).await {
            Ok(Ok(_)) => Ok(()),
            // Some close without the formalities of TLS; the request was sent all the same.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
            Ok(Err(error)) => Err(DialError::Lost(error.kind())),
            Err(_) => Err(DialError::TimedOut("the request to cancel")),
        }
    }

    /// Of a grant's resource, or of one on the way to it.
    async fn credential(
        &self,
        resource: &Resource,
        account: Option<&str>,
    ) -> Result<Credential, DialError> {
        let fetched = self.vault.credential(resource, account);
        tokio::time::timeout(self.limits.credential, fetched)
            .await
            .map_err(|_| DialError::TimedOut("fetching the credential"))?
            .map_err(DialError::Credential)
    }

    /// A connection to a grant's target, protected as its configuration says.
    async fn connect(
        &self,
        grant: &Grant,
        credential: &Credential,
    ) -> Result<(Transport, Option<Box<[u8]>>), DialError> {
        let resource = grant.resource();
        let config = self.configs.get(&resource.tls, credential).map_err(DialError::TlsSettings)?;
        let deadline = Instant::now() + self.limits.connect;
        timeout_at(deadline, upstream::connect(&resource.address, config))
            .await
            .map_err(|_| DialError::TimedOut("connecting"))?
    }
}

async fn drive(
    login: &mut Login<'_>,
    transport: &mut Transport,
) -> Result<wire::postgres::login::Established, DialError> {
    let mut buffer = BytesMut::with_capacity(4096);
    let lost = |error: std::io::Error| DialError::Lost(error.kind());
    loop {
        let step = match login.step()? {
            Some(Step::Derive(work)) => {
                // A millisecond of hashing, or as much as the target asks for: not on the thread
                // that serves others.
                let keys = tokio::task::spawn_blocking(move || work.run())
                    .await
                    .map_err(|_| DialError::Login(LoginError::Unproven))?;
                login.derived(keys)
            }
            step => step,
        };
        match step {
            Some(Step::Send(bytes)) => {
                transport.write_all(&bytes).await.map_err(lost)?;
                transport.flush().await.map_err(lost)?;
            }
            Some(Step::Done(established)) => return Ok(*established),
            Some(Step::Derive(_)) => {}
            None => {
                buffer.clear();
                if transport.read_buf(&mut buffer).await.map_err(lost)? == 0 {
                    return Err(DialError::Lost(std::io::ErrorKind::UnexpectedEof));
                }
                login.feed(&buffer);
            }
        }
    }
}
