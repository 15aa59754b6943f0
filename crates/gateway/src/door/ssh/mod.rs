//! SSH's door.

mod admit;
mod identify;
mod line;
mod visit;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use policy::Circumstances;
use tokio::sync::watch;
use tracing::warn;
use wire::postgres::session::Cap;
use wire::ssh::auth::{Greet, Greeting};
use wire::ssh::transport::{HostKeyPair, Transport};
use wire::ssh::user::Door as Asked;

use self::line::Line;
use self::visit::{Dialled, Granted, Greeted, Identified, Named, Recorded, Turned};
use super::entry::{self, Head};
use super::way::{Arrived, Step, Way};
use crate::catalogues::Catalogues;
use crate::dial::Dialer;
use crate::house::House;
use crate::{chance, clock};

/// The name of the protocol, as resources give it.
pub(super) const PROTOCOL: &str = "ssh";

/// How far somebody came.
pub(crate) enum Visit {
    Arrived(Arrived),
    Greeted(Greeted),
    Identified(Identified),
    Named(Named),
    Granted(Granted),
    Recorded(Recorded),
    Dialled(Box<Dialled>),
    Admitted,
}

impl From<Arrived> for Visit {
    fn from(arrived: Arrived) -> Self {
        Self::Arrived(arrived)
    }
}

/// All that a door needs to know. Shared by all cores.
pub(crate) struct Door {
    pub(crate) house: Arc<House>,
    /// What clients know the gateway by.
    pub(crate) key: Arc<HostKeyPair>,
    /// How long a client may take between two messages of its login, and for the exchange of keys.
    pub(crate) handshake: Duration,
    /// How long a person may take to sign in in a browser.
    pub(crate) elsewhere: Duration,
    pub(crate) dialer: Arc<Dialer>,
    /// The keys of masks.
    pub(crate) catalogues: Arc<Catalogues>,
    pub(crate) cap: Cap,
    /// Becomes `true` when the gateway stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Way for Door {
    const PROTOCOL: &'static str = PROTOCOL;
    type Visit = Visit;
    type Turned = Turned;

    fn patience(&self, step: Step) -> Option<Duration> {
        match step {
            Step::Greet => Some(self.handshake),
            // Each part of it has a deadline of its own.
            Step::Identify => Some(self.handshake + self.elsewhere),
            Step::Name | Step::Authorize | Step::Record | Step::Dial | Step::Admit => None,
        }
    }

    fn crowded() -> Bytes {
        // Before the version any line may be said, and a client shows it to whoever waits.
        Bytes::from_static(b"too many connections that are not logged in\r\n")
    }

    async fn take<G: Send + 'static>(
        self: &Arc<Self>,
        step: Step,
        visit: Visit,
        guest: &mut Option<G>,
    ) -> Result<Visit, Turned> {
        match (step, visit) {
            (Step::Greet, Visit::Arrived(v)) => self.greet(v).await.map(Visit::Greeted),
            (Step::Identify, Visit::Greeted(v)) => self.identify(v).await.map(Visit::Identified),
            (Step::Name, Visit::Identified(v)) => self.name(v).map(Visit::Named),
            (Step::Authorize, Visit::Named(v)) => self.authorize(v).map(Visit::Granted),
            (Step::Record, Visit::Granted(v)) => self.record(v).map(Visit::Recorded),
            (Step::Dial, Visit::Recorded(v)) => {
                self.dial(v).await.map(|dialled| Visit::Dialled(Box::new(dialled)))
            }
            (Step::Admit, Visit::Dialled(v)) => {
                self.admit(*v, guest.take());
                Ok(Visit::Admitted)
            }
            // The steps are not in their order: nobody comes in.
            (
                _,
                Visit::Arrived(_)
                | Visit::Greeted(_)
                | Visit::Identified(_)
                | Visit::Named(_)
                | Visit::Granted(_)
                | Visit::Recorded(_)
                | Visit::Dialled(_)
                | Visit::Admitted,
            ) => Err(Turned::silently("order")),
        }
    }
}

impl Door {
    /// Keys are exchanged, and the client says as whom it comes.
    async fn greet(&self, arrived: Arrived) -> Result<Greeted, Turned> {
        let seed = chance::bytes().map_err(|_| Turned::silently("randomness"))?;
        let greet = Greet::new(Transport::server(&self.key, seed));
        let mut line = Line::new(arrived.socket, greet);
        loop {
            match line.next().await? {
                Greeting::Asks { user, question } => {
                    return Ok(Greeted { line, from: arrived.from, user, question });
                }
                Greeting::Wait => {}
                Greeting::Gone => return Err(Turned::silently("gone")),
            }
        }
    }

    /// Which resource the user's name means, and which account there.
    fn name(&self, identified: Identified) -> Result<Named, Turned> {
        let Identified { line, from, user, identity } = identified;
        counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "ok").increment(1);
        match Asked::parse(&user) {
            Some(asked) => Ok(Named { line, from, asked, identity }),
            None => Err(Turned::told(line, words::NO_RESOURCE.to_owned(), "no_resource")),
        }
    }

    fn authorize(&self, named: Named) -> Result<Granted, Turned> {
        let circumstances = Circumstances {
            source: named.from.ip().to_canonical(),
            client: named.line.version(),
            now: clock::now(),
        };
        let (identity, resource) = (&named.identity, &*named.asked.resource);
        let grant =
            entry::authorize(&self.house, PROTOCOL, identity, resource, named.from, &circumstances);
        match grant {
            Ok(grant) => Ok(Granted { named, grant, circumstances }),
            Err(reason) => Err(Turned::told(named.line, words::refused(&reason), "not_authorized")),
        }
    }

    fn record(&self, granted: Granted) -> Result<Recorded, Turned> {
        let named = &granted.named;
        let head = Head {
            protocol: PROTOCOL,
            identity: &named.identity,
            from: named.from,
            grant: &granted.grant,
            client: granted.circumstances.client.clone(),
            database: named.asked.account.clone(),
        };
        match entry::record(&self.house, head) {
            Ok((session, opened)) => Ok(Recorded { granted, session, opened }),
            Err(_) => {
                let words = "the session cannot be recorded, so it is not opened".to_owned();
                Err(Turned::told(granted.named.line, words, "not_recorded"))
            }
        }
    }

    async fn dial(&self, recorded: Recorded) -> Result<Dialled, Turned> {
        let account = recorded.granted.named.asked.account.as_deref();
        match self.dialer.dial_ssh(&recorded.granted.grant, account).await {
            Ok(target) => Ok(Dialled { recorded, target }),
            Err(error) => {
                let Recorded { granted, opened, .. } = recorded;
                let resource = &granted.grant.resource().name;
                warn!(resource, %error, "a target could not be opened");
                counter!("sluice_dials_total", "protocol" => PROTOCOL, "outcome" => "failed")
                    .increment(1);
                let words = error.words(resource);
                entry::end(opened, format!("the target could not be opened: {error}"));
                Err(Turned::told(granted.named.line, words, "target"))
            }
        }
    }
}
