//! What is known of a visitor after each step. Only the step before can make one of these.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::ports::OpenedSession;
use model::{Identity, SessionId};
use policy::{Circumstances, Grant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::postgres::error::Report;
use wire::postgres::greet::Login;

use super::super::way;
use crate::dial::LoggedIn;
use crate::transport::Transport;

/// Somebody who says who it is and shows a token or a certificate.
pub(crate) struct Greeted {
    pub(super) client: Transport,
    pub(super) from: SocketAddr,
    pub(super) login: Login,
}

/// Somebody whose token or certificate is good.
pub(crate) struct Identified {
    pub(super) greeted: Greeted,
    pub(super) identity: Identity,
}

/// Somebody who is who it says.
pub(crate) struct Named {
    pub(super) client: Transport,
    pub(super) from: SocketAddr,
    pub(super) login: Login,
    pub(super) identity: Arc<Identity>,
}

/// Somebody who may open what it asks for.
pub(crate) struct Granted {
    pub(super) named: Named,
    pub(super) grant: Grant,
    pub(super) circumstances: Circumstances,
}

/// Somebody whose session is being recorded.
pub(crate) struct Recorded {
    pub(super) granted: Granted,
    pub(super) session: SessionId,
    pub(super) opened: OpenedSession,
}

/// Somebody whose target is open.
pub(crate) struct Dialled {
    pub(super) recorded: Recorded,
    pub(super) target: LoggedIn,
}

/// Somebody who does not come further.
pub(crate) struct Turned {
    client: Option<Transport>,
    message: Bytes,
    reason: &'static str,
}

/// How long somebody who is turned away may take to hear it.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Turned {
    /// Without a word: there is nobody to hear it.
    pub(super) const fn silently(reason: &'static str) -> Self {
        Self { client: None, message: Bytes::new(), reason }
    }

    /// With a message.
    pub(super) const fn away(client: Transport, message: Bytes, reason: &'static str) -> Self {
        Self { client: Some(client), message, reason }
    }

    /// With an error.
    pub(super) fn told(client: Transport, report: &Report<'_>, reason: &'static str) -> Self {
        Self::away(client, report.to_bytes(), reason)
    }
}

impl way::Turned for Turned {
    fn reason(&self) -> &'static str {
        self.reason
    }

    async fn leave(self) {
        let Some(mut client) = self.client else { return };
        let words = async {
            client.write_all(&self.message).await?;
            client.shutdown().await?;
            // Closing over unread bytes would reset the connection before the message is read.
            let mut unread = vec![0; 1024];
            for _ in 0..64 {
                if client.read(&mut unread).await? == 0 {
                    break;
                }
            }
            std::io::Result::Ok(())
        };
        // Whoever does not listen misses it.
        let _ = tokio::time::timeout(LAST_WORDS, words).await;
    }
}
