//! A development identity issuer: a small OIDC provider of named people, for `sluice demo` and tests.
//!
//! It asks for no password: whoever can reach it is whoever they click on. So it refuses to listen
//! anywhere but on loopback, to send a code anywhere but to loopback, and to answer to any other
//! host's name. It speaks enough of the protocol for `sluice login`: discovery, JWKS (ES256),
//! authorization code with PKCE, device code, refresh. Its keys live as long as the process.

mod endpoints;
mod flows;
mod pages;
mod signer;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Clock;
use flows::Flows;
use signer::Signer;

/// How long its tokens are good.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// Somebody it vouches for.
#[derive(Clone, Debug)]
pub struct Person {
    /// Subject and email address: `ana@example.com`.
    pub subject: String,
    /// What the page calls them.
    pub name: String,
    /// Their groups.
    pub groups: Vec<String>,
}

/// The issuer cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum DevIssuerError {
    /// It would have been reachable by others.
    #[error("{0} is not a loopback address: the development issuer asks for no password")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("the development issuer cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// There is no randomness for a key.
    #[error("the development issuer cannot make a key")]
    Key,
}

/// The issuer, for as long as this is held.
pub struct DevIssuer {
    house: Arc<House>,
    task: JoinHandle<()>,
}

struct House {
    issuer: String,
    host: String,
    client_id: String,
    audience: String,
    people: Vec<Person>,
    signer: Signer,
    flows: Mutex<Flows>,
    clock: Clock,
}

impl DevIssuer {
    /// Starts it on a loopback address (port 0: any free one), for one public client.
    ///
    /// # Errors
    /// The address is not loopback, or cannot be listened on.
    pub async fn start(
        address: SocketAddr,
        client_id: &str,
        audience: &str,
        people: Vec<Person>,
        clock: Clock,
    ) -> Result<Self, DevIssuerError> {
        if !address.ip().is_loopback() {
            return Err(DevIssuerError::NotLoopback(address));
        }
        let listener = TcpListener::bind(address).await?;
        let host = listener.local_addr()?.to_string();
        let house = Arc::new(House {
            issuer: format!("http://{host}"),
            host,
            client_id: client_id.to_owned(),
            audience: audience.to_owned(),
            people,
            signer: Signer::new().ok_or(DevIssuerError::Key)?,
            flows: Mutex::default(),
            clock,
        });
        let router = endpoints::router(Arc::clone(&house));
        let task =
            tokio::spawn(
                async move { match crate::api::serve_router(router, listener, None).await {} },
            );
        Ok(Self { house, task })
    }

    /// Its URL, as `issuer:` in the configuration has it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.house.issuer
    }

    /// A token for one of its people, as if they had just signed in; `None` for strangers.
    #[must_use]
    pub fn mint(&self, subject: &str, lifetime: Duration) -> Option<String> {
        let person = self.house.person(subject)?;
        self.house.token(person, None, lifetime)
    }
}

impl Drop for DevIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    fn person(&self, subject: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.subject == subject)
    }

    fn token(&self, person: &Person, nonce: Option<&str>, lifetime: Duration) -> Option<String> {
        let now = self.clock.now();
        let mut claims = json!({
            "iss": self.issuer,
            "aud": [self.audience, self.client_id],
            "sub": person.subject,
            "email": person.subject,
            "email_verified": true,
            "name": person.name,
            "groups": person.groups,
            "iat": now.as_secs(),
            "exp": now.plus(lifetime).as_secs(),
        });
        if let (Some(nonce), Some(claims)) = (nonce, claims.as_object_mut()) {
            claims.insert("nonce".into(), nonce.into());
        }
        self.signer.sign(&claims)
    }
}
