//! The way to an SSH target: connect, or have a jump host connect, exchange keys, see whose host key it is, show the
//! credential. The way to a jump host is the same.

use std::io::ErrorKind;

use model::Resource;
use model::ports::{Credential, HostKeyRefused};
use policy::Grant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use wire::ssh::auth::{self, Login, LoginStep, Refused};
use wire::ssh::connection::tunnel::{Closed, Tunnel};
use wire::ssh::hosts::{Checked, HostRules};
use wire::ssh::transport::Transport as Ssh;

use super::upstream::{reach, split};
use super::{DialError, Dialer, tunnel};
use crate::transport::Transport;
use crate::{chance, clock};

/// The port a target listens on when its address does not say.
const PORT: u16 = 22;

/// A target that let us in.
pub(crate) struct SshIn {
    pub(crate) socket: Transport,
    pub(crate) transport: Ssh,
}

/// Why an SSH target could not be opened. Never holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SshDialError {
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Its host key is not the right one.
    #[error("the target's host key is not accepted: {0}")]
    HostKey(String),
    #[error(transparent)]
    Remembered(#[from] HostKeyRefused),
    /// The credential cannot be used.
    #[error("the credential cannot be used: {0}")]
    Credential(&'static str),
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A jump host makes no connection.
    #[error(transparent)]
    Tunnel(#[from] Closed),
    /// The way ended before the target.
    #[error("at the jump host {host}: {error}")]
    Jump { host: String, error: Box<Self> },
}

impl SshDialError {
    /// What the client is told: which part of the way it was, and nothing of where the target is.
    pub(crate) fn words(&self, resource: &str) -> String {
        let (at, why) = match self {
            Self::Jump { error, .. } => match error.last() {
                // The jump host itself is there.
                Self::Tunnel(Closed::Refused(_)) => {
                    ("", "its jump host does not connect there".to_owned())
                }
                error => ("the jump host of ", error.why()),
            },
            error => ("", error.why()),
        };
        format!(
            "cannot connect to {at}the target of \"{resource}\": {why}. The gateway's operator finds the reason in its log."
        )
    }

    /// What went wrong at the last host that was reached.
    fn last(&self) -> &Self {
        match self {
            Self::Jump { error, .. } => error.last(),
            error => error,
        }
    }

    fn why(&self) -> String {
        match self {
            Self::Dial(DialError::Connect(kind)) => kind.to_string(),
            Self::Dial(DialError::TimedOut(what)) => format!("{what} took too long"),
            Self::Dial(DialError::Credential(_)) | Self::Credential(_) => {
                "its credential cannot be used".to_owned()
            }
            Self::Dial(DialError::Address | DialError::Resolve(_)) => {
                "its address cannot be resolved".to_owned()
            }
            Self::HostKey(_) | Self::Remembered(HostKeyRefused::Changed { .. }) => {
                "its host key is not the one that is expected".to_owned()
            }
            Self::Remembered(error) => error.to_string(),
            Self::Refused(Refused::Credential(_)) => "it refuses the credential".to_owned(),
            Self::Dial(_) | Self::Refused(_) | Self::Tunnel(_) | Self::Jump { .. } => {
                "it ended the connection".to_owned()
            }
        }
    }
}

impl Dialer {
    /// Opens the SSH target of a grant, as this account there or the resource's usual one.
    pub(crate) async fn dial_ssh(
        &self,
        grant: &Grant,
        account: Option<&str>,
    ) -> Result<SshIn, SshDialError> {
        self.enter(grant.resource(), account).await
    }

    /// Logs in to a grant's resource, or to a jump host on the way to it.
    async fn enter(
        &self,
        resource: &Resource,
        account: Option<&str>,
    ) -> Result<SshIn, SshDialError> {
        let credential = self.credential(resource, account).await?;
        let rules = HostRules::of(resource).map_err(|_| DialError::Address)?;
        let (host, port) = split(&resource.address, PORT)?;
        let mut socket = match resource.via.as_deref() {
            None => {
                let deadline = Instant::now() + self.limits.connect;
                let reached = timeout_at(deadline, reach(host, port)).await;
                Transport::Plain(reached.map_err(|_| DialError::TimedOut("connecting"))??)
            }
            Some(jump) => {
                // The way to the way may be as long as the configuration says: it was checked to end.
                let by_jump = Box::pin(self.through(jump, host, port));
                by_jump.await.map_err(|error| SshDialError::Jump {
                    host: jump.name.clone(),
                    error: Box::new(error),
                })?
            }
        };
        let shown = shown(credential)?;
        let transport = Ssh::client(chance::bytes().map_err(DialError::from)?);
        let mut login = Login::new(transport, shown);
        let deadline = Instant::now() + self.limits.login;
        let carried = self.carry(&mut login, &mut socket, resource, &rules, host);
        timeout_at(deadline, carried).await.map_err(|_| DialError::TimedOut("the login"))??;
        Ok(SshIn { socket, transport: login.into_transport() })
    }

    /// A connection that a jump host makes.
    async fn through(
        &self,
        jump: &Resource,
        host: &str,
        port: u16,
    ) -> Result<Transport, SshDialError> {
        let SshIn { socket, transport } = self.enter(jump, None).await?;
        let deadline = Instant::now() + self.limits.connect;
        let opened = tunnel::open(socket, Tunnel::new(transport, host, port));
        timeout_at(deadline, opened).await.map_err(|_| DialError::TimedOut("connecting"))?
    }

    async fn carry(
        &self,
        login: &mut Login,
        socket: &mut Transport,
        resource: &Resource,
        rules: &HostRules,
        host: &str,
    ) -> Result<(), SshDialError> {
        let lost = |error: std::io::Error| DialError::Lost(error.kind());
        let mut buffer = vec![0; 16 << 10];
        loop {
            match login.step() {
                Ok(LoginStep::In) => return Ok(()),
                Ok(LoginStep::Wait) => {}
                Ok(LoginStep::Check(key)) => {
                    match rules.check(&key, host, clock::now()) {
                        Checked::Right => {}
                        Checked::Wrong(why) => return Err(SshDialError::HostKey(why)),
                        Checked::First(blob) => self.host_keys.shown(resource, &blob).await?,
                    }
                    login.host_is_right();
                    continue;
                }
                Err(refused) => {
                    // The target is told when it is the one that broke the protocol.
                    let _ = socket.write_all(&login.output()).await;
                    return Err(refused.into());
                }
            }
            socket.write_all(&login.output()).await.map_err(lost)?;
            let count = socket.read(&mut buffer).await.map_err(lost)?;
            if count == 0 {
                return Err(DialError::Lost(ErrorKind::UnexpectedEof).into());
            }
            login.feed(buffer.get(..count).unwrap_or_default());
        }
    }
}

/// What the target is shown.
fn shown(credential: Credential) -> Result<auth::Credential, SshDialError> {
    let key = match &credential.ssh_key {
        None => None,
        Some((key, certificate)) => {
            Some(auth::Credential::key(key, certificate.as_deref()).ok_or(
                SshDialError::Credential("the private key or its certificate cannot be read"),
            )?)
        }
    };
    Ok(auth::Credential { username: credential.username, key, password: credential.password })
}
