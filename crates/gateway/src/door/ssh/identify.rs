//! The second step: whose key, certificate or token it is. A client may be wrong and try something else.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics::counter;
use model::Identity;
use model::ports::{ShownKey, SignInElsewhere, Unidentified};
use tokio::time::timeout;
use tracing::info;
use wire::ssh::auth::{Greeting, Question, Shown, UsedKey};
use wire::ssh::user::Door as Asked;

use super::line::Line;
use super::visit::{Greeted, Identified, Turned};
use super::{Door, PROTOCOL, words};

impl Door {
    pub(super) async fn identify(&self, greeted: Greeted) -> Result<Identified, Turned> {
        let Greeted { mut line, from, mut user, mut question } = greeted;
        let mut elsewhere = None;
        loop {
            let answered =
                self.answer(&mut line, from, &user, question, &mut elsewhere).await?;
            if let Some(identity) = answered {
                return Ok(Identified { line, from, user, identity: Arc::new(identity) });
            }
            let next = timeout(self.handshake, line.next()).await;
            match next.map_err(|_| Turned::silently("slow"))?? {
                Greeting::Asks { user: name, question: next } => {
                    (user, question) = (name, next);
                }
                Greeting::Wait => return Err(Turned::silently("order")),
                Greeting::Gone => return Err(Turned::silently("gone")),
            }
        }
    }

    /// Answers what a client shows. `Some`: it is somebody.
    async fn answer(
        &self,
        line: &mut Line,
        from: SocketAddr,
        user: &str,
        question: Question,
        elsewhere: &mut Option<SignInElsewhere>,
    ) -> Result<Option<Identity>, Turned> {
        let directory = &self.house.directory;
        let answer = match question {
            Question::Offered(shown) => {
                match with_bytes(&shown, |shown| directory.knows_key(shown)) {
                    Some(true) => line.greet.welcome_key(),
                    _ => refuse(line)?,
                }
                return Ok(None);
            }
            Question::Used(key) => self.whose(&key, from),
            Question::Password(token) => directory.identify(&token, from).await,
            Question::Interactive => {
                let resource = Asked::parse(user).map(|asked| asked.resource).unwrap_or_default();
                match directory.sign_in_elsewhere(from, &resource).await {
                    Ok(sign_in) => {
                        line.greet.prompt(&words::elsewhere(&sign_in));
                        *elsewhere = Some(sign_in);
                    }
                    Err(error) => {
                        info!(%from, %error, "nobody can sign in in a browser");
                        refuse(line)?;
                    }
                }
                return Ok(None);
            }
            Question::Answers(_) => match elsewhere.take() {
                Some(sign_in) => {
                    let _ = line.write().await;
                    tokio::select! {
                        // The person is shown the way and has walked away.
                        () = line.hung_up() => return Err(Turned::silently("gone")),
                        signed_in = timeout(self.elsewhere, sign_in.identity) => {
                            signed_in.unwrap_or(Err(Unidentified::Expired))
                        }
                    }
                }
                None => Err(Unidentified::Expired),
            },
        };
        match answer {
            Ok(identity) => Ok(Some(identity)),
            Err(error) => {
                counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "failed")
                    .increment(1);
                info!(%from, %error, "a login failed");
                if let Unidentified::Throttled(_) | Unidentified::Unavailable(_) = error {
                    line.greet.banner(&format!("{error}\r\n"));
                }
                refuse(line)?;
                Ok(None)
            }
        }
    }

    /// Whose key it is that signed this very connection.
    fn whose(&self, key: &UsedKey, from: SocketAddr) -> Result<Identity, Unidentified> {
        with_bytes(key.shown(), |shown| self.house.directory.identify_key(shown, from))
            .unwrap_or(Err(Unidentified::Key))
    }
}

fn refuse(line: &mut Line) -> Result<(), Turned> {
    line.greet.refuse().map_err(|broken| {
        line.greet.disconnect(&broken);
        Turned::silently("too_many_failures")
    })
}

/// A key as the ports take it. `None`: it cannot be written.
fn with_bytes<T>(shown: &Shown, then: impl FnOnce(ShownKey<'_>) -> T) -> Option<T> {
    let bytes = shown.to_bytes()?;
    Some(match shown {
        Shown::Key(_) => then(ShownKey::Key(&bytes)),
        Shown::Certificate(_) => then(ShownKey::Certificate(&bytes)),
    })
}
