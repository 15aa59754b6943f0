//! The second step: whose key, certificate or token it is. A client may be wrong and try something else.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics::counter;
use model::Identity;
use model::ports::{ShownKey, SignInElsewhere, Unidentified};
use tokio::time::timeout;
use tracing::info;
use wire::ssh::auth::{Greeting, Question, Shown, UsedKey};

use super::line::Line;
use super::visit::{Greeted, Identified, Turned};
use super::{Door, PROTOCOL, words};

impl Door {
    pub(super) async fn identify(&self, greeted: Greeted) -> Result<Identified, Turned> {
        let Greeted { mut line, from, mut user, mut question } = greeted;
        let mut elsewhere = None;
        loop {
            let answered = self.answer(&mut line, from, question, &mut elsewhere).await?;
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
        question: Question,
        elsewhere: &mut Option<SignInElsewhere>,
    ) -> Result<Option<Identity>, Turned> {
        let directory = &self.house.directory;
        let answer = match question {
            Question::Offered(shown) => {
                let bytes = shown.to_bytes();
                let known = match &bytes {
                    Some(bytes) => directory.knows_key(as_shown(&shown, bytes), from).await,
                    None => false,
                };
                if known {
                    line.greet.welcome_key();
                } else {
                    refuse(line)?;
                }
                return Ok(None);
            }
            Question::Used(key) => self.whose(&key, from).await,
            Question::Password(token) => directory.identify(&token, from).await,
            Question::Interactive => {
                *elsewhere = None;
                line.greet.prompt(&words::token());
                return Ok(None);
            }
            Question::Answers(answers) => match elsewhere.take() {
                Some(sign_in) => {
                    let _ = line.write().await;
                    tokio::select! {
                        // The person is shown the way and has walked away.
                        () = line.hung_up() => return Err(Turned::silently("gone")),
                        signed_in = timeout(self.elsewhere, sign_in.token) => match signed_in {
                            Ok(Ok(token)) => directory.identify(&token, from).await,
                            Ok(Err(error)) => Err(error),
                            Err(_) => Err(Unidentified::Expired),
                        },
                    }
                }
                None => match answers.first() {
                    Some(token) if !token.expose().is_empty() => {
                        directory.identify(token, from).await
                    }
                    _ => {
                        match directory.sign_in_elsewhere(from).await {
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
                },
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
    async fn whose(&self, key: &UsedKey, from: SocketAddr) -> Result<Identity, Unidentified> {
        let bytes = key.shown().to_bytes().ok_or(Unidentified::Key)?;
        self.house.directory.identify_key(as_shown(key.shown(), &bytes), from).await
    }
}

fn refuse(line: &mut Line) -> Result<(), Turned> {
    line.greet.refuse().map_err(|broken| {
        line.greet.disconnect(&broken);
        Turned::silently("too_many_failures")
    })
}

/// A key as the ports take it.
const fn as_shown<'k>(shown: &Shown, bytes: &'k [u8]) -> ShownKey<'k> {
    match shown {
        Shown::Key(_) => ShownKey::Key(bytes),
        Shown::Certificate(_) => ShownKey::Certificate(bytes),
    }
}
