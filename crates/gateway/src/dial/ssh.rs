//! The way to an SSH target: connect, exchange keys, see whose host key it is, show the credential.

use std::io::ErrorKind;

use model::ports::{Credential, HostKeyRefused};
use policy::Grant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use wire::ssh::auth::{self, Login, LoginStep, Refused};
use wire::ssh::hosts::{Checked, HostRules};
use wire::ssh::transport::Transport as Ssh;

use super::upstream::{reach, split};
use super::{DialError, Dialer};
use crate::{chance, clock};

/// The port a target listens on when its address does not say.
const PORT: u16 = 22;

/// A target that let us in.
pub(crate) struct SshIn {
    pub(crate) socket: TcpStream,
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
}

impl SshDialError {
    /// What the client is told: which part of the way it was, and nothing of where the target is.
    pub(crate) fn words(&self, resource: &str) -> String {
        let why = match self {
            Self::Dial(DialError::Connect(kind)) => kind.to_string(),
            Self::Dial(DialError::TimedOut(what)) => format!("{what} took too long"),
            Self::Dial(DialError::Credential(_)) | Self::Credential(_) => {
                "its credential cannot be used".to_owned()
            }
            Self::Dial(DialError::Address | DialError::Resolve(_)) => {
                "its address cannot be resolved".to_owned()
            }
            Self::Dial(_) => "it ended the connection".to_owned(),
            Self::HostKey(_) | Self::Remembered(HostKeyRefused::Changed { .. }) => {
                "its host key is not the one that is expected".to_owned()
            }
            Self::Remembered(error) => error.to_string(),
            Self::Refused(Refused::Credential(_)) => "it refuses the credential".to_owned(),
            Self::Refused(_) => "it ended the connection".to_owned(),
        };
        format!(
            "cannot connect to the target of \"{resource}\": {why}. The gateway's operator finds the reason in its log."
        )
    }
}

impl Dialer {
    /// Opens the SSH target of a grant, as this account there or the resource's usual one.
    pub(crate) async fn dial_ssh(
        &self,
        grant: &Grant,
        account: Option<&str>,
    ) -> Result<SshIn, SshDialError> {
        let resource = grant.resource();
        let credential = self.credential(grant, account).await?;
        let rules = HostRules::of(resource).map_err(|_| DialError::Address)?;
        let (host, port) = split(&resource.address, PORT)?;
        let deadline = Instant::now() + self.limits.connect;
        let socket = timeout_at(deadline, reach(host, port))
            .await
            .map_err(|_| DialError::TimedOut("connecting"))??;
        let shown = shown(credential)?;
        let transport = Ssh::client(chance::bytes().map_err(DialError::from)?);
        let mut login = Login::new(transport, shown);
        let deadline = Instant::now() + self.limits.login;
        let carried = self.carry(&mut login, socket, grant, &rules, host);
        let socket =
            timeout_at(deadline, carried).await.map_err(|_| DialError::TimedOut("the login"))??;
        Ok(SshIn { socket, transport: login.into_transport() })
    }

    async fn carry(
        &self,
        login: &mut Login,
        mut socket: TcpStream,
        grant: &Grant,
        rules: &HostRules,
        host: &str,
    ) -> Result<TcpStream, SshDialError> {
        let lost = |error: std::io::Error| DialError::Lost(error.kind());
        let mut buffer = vec![0; 16 << 10];
        loop {
            match login.step() {
                Ok(LoginStep::In) => return Ok(socket),
                Ok(LoginStep::Wait) => {}
                Ok(LoginStep::Check(key)) => {
                    match rules.check(&key, host, clock::now()) {
                        Checked::Right => {}
                        Checked::Wrong(why) => return Err(SshDialError::HostKey(why)),
                        Checked::First(blob) => {
                            self.host_keys.shown(grant.resource(), &blob).await?;
                        }
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
