//! What is known of a visitor after each step. Only the step before can make one of these.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::ports::OpenedSession;
use model::{Identity, SessionId};
use policy::{Circumstances, Grant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::ssh::auth::Question;
use wire::ssh::user::Door as Asked;

use super::super::way;
use super::line::Line;
use crate::dial::SshIn;

/// Somebody who says who it is and shows something for it.
pub(crate) struct Greeted {
    pub(super) line: Line,
    pub(super) from: SocketAddr,
    pub(super) user: String,
    pub(super) question: Question,
}

/// Somebody whose key, certificate or token is good.
pub(crate) struct Identified {
    pub(super) line: Line,
    pub(super) from: SocketAddr,
    pub(super) user: String,
    pub(super) identity: Arc<Identity>,
}

/// Somebody who says where to.
pub(crate) struct Named {
    pub(super) line: Line,
    pub(super) from: SocketAddr,
    pub(super) asked: Asked,
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
    pub(super) target: SshIn,
}

/// Somebody who does not come further.
pub(crate) struct Turned {
    line: Option<Box<(Line, String)>>,
    reason: &'static str,
}

/// How long somebody who is turned away may take to hear it.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Turned {
    /// Without a word more: there is nobody to hear it, or it was said.
    pub(super) const fn silently(reason: &'static str) -> Self {
        Self { line: None, reason }
    }

    /// With words.
    pub(super) fn told(line: Line, words: String, reason: &'static str) -> Self {
        Self { line: Some(Box::new((line, words))), reason }
    }
}

impl way::Turned for Turned {
    fn reason(&self) -> &'static str {
        self.reason
    }

    async fn leave(self) {
        let Some(told) = self.line else { return };
        let (mut line, words) = *told;
        line.greet.leave(&words);
        let said = async {
            line.write().await?;
            line.socket.shutdown().await?;
            // Closing over unread bytes would reset the connection before the words are read.
            let mut unread = vec![0; 1024];
            for _ in 0..64 {
                if line.socket.read(&mut unread).await? == 0 {
                    break;
                }
            }
            std::io::Result::Ok(())
        };
        // Whoever does not listen misses it.
        let _ = tokio::time::timeout(LAST_WORDS, said).await;
    }
}
