//! PostgreSQL's door.

mod admit;
mod greet;
mod visit;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use policy::Circumstances;
use rustls::ServerConfig;
use tokio::sync::watch;
use tracing::{info, warn};
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::greet::Proof;
use wire::postgres::session::Cap;
use wire::postgres::startup::application_name;

use self::greet::greet;
use self::visit::{Dialled, Granted, Greeted, Identified, Named, Recorded, Turned};
use self::words::{refused, unidentified};
use super::entry::{self, Head};
use super::way::{Arrived, Step, Way};
use crate::cancel::Cancels;
use crate::catalogues::Catalogues;
use crate::clock;
use crate::dial::{Dialer, Wanted};
use crate::house::House;

/// The name of the protocol, as resources give it.
pub(super) const PROTOCOL: &str = "postgres";

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

/// What a listener offers those who come to it.
pub(crate) struct Listener {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// A client on this machine may come without TLS.
    pub(crate) clear: bool,
    /// From the connection to the proof of who it is.
    pub(crate) handshake: Duration,
}

/// All that a door needs to know. Shared by all cores.
pub(crate) struct Door {
    pub(crate) house: Arc<House>,
    pub(crate) listener: Listener,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) cancels: Cancels,
    pub(crate) catalogues: Arc<Catalogues>,
    pub(crate) cap: Cap,
    pub(crate) message_limit: usize,
    /// Becomes `true` when the gateway stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl From<Arrived> for Visit {
    fn from(arrived: Arrived) -> Self {
        Self::Arrived(arrived)
    }
}

impl Way for Door {
    const PROTOCOL: &'static str = PROTOCOL;
    type Visit = Visit;
    type Turned = Turned;

    fn patience(&self, step: Step) -> Option<Duration> {
        match step {
            Step::Greet | Step::Identify => Some(self.listener.handshake),
            Step::Name | Step::Authorize | Step::Record | Step::Dial | Step::Admit => None,
        }
    }

    fn crowded() -> Bytes {
        Report::fatal(sqlstate::TOO_MANY_CONNECTIONS, "too many connections that are not logged in")
            .to_bytes()
    }

    async fn take<G: Send + 'static>(
        self: &Arc<Self>,
        step: Step,
        visit: Visit,
        guest: &mut Option<G>,
    ) -> Result<Visit, Turned> {
        match (step, visit) {
            (Step::Greet, Visit::Arrived(v)) => greet(self, v).await.map(Visit::Greeted),
            (Step::Identify, Visit::Greeted(v)) => self.identify(v).await.map(Visit::Identified),
            (Step::Name, Visit::Identified(v)) => self.name(v).map(Visit::Named),
            (Step::Authorize, Visit::Named(v)) => self.authorize(v).map(Visit::Granted),
            (Step::Record, Visit::Granted(v)) => self.record(v).map(Visit::Recorded),
            (Step::Dial, Visit::Recorded(v)) => {
                self.dial(v).await.map(|dialled| Visit::Dialled(Box::new(dialled)))
            }
            (Step::Admit, Visit::Dialled(v)) => {
                self.admit(*v, guest.take()).await.map(|()| Visit::Admitted)
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
    async fn identify(&self, greeted: Greeted) -> Result<Identified, Turned> {
        let Greeted { client, from, login } = &greeted;
        let directory = &self.house.directory;
        let answer = match &login.proof {
            Proof::Password(token) => directory.identify(token, *from).await,
            Proof::Certificate => {
                let chain: Vec<&[u8]> = client.certificates().iter().map(AsRef::as_ref).collect();
                directory.identify_certificate(&chain, *from)
            }
        };
        match answer {
            Ok(identity) => Ok(Identified { greeted, identity }),
            Err(error) => {
                counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "failed")
                    .increment(1);
                info!(%from, %error, "a login failed");
                Err(Turned::told(greeted.client, &unidentified(&error), "unidentified"))
            }
        }
    }

    fn name(&self, identified: Identified) -> Result<Named, Turned> {
        let Identified { greeted, identity } = identified;
        let Greeted { client, from, login } = greeted;
        let user = &login.startup.user;
        if *user != identity.subject {
            let subject = &identity.subject;
            self.house.directory.refused(
                from,
                user,
                "the token or certificate is another subject's",
            );
            counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "failed")
                .increment(1);
            info!(%from, subject, "a login failed: the user named is not the subject");
            let report = Report::fatal(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!(
                    "user \"{user}\" does not match the identity \"{subject}\": connect with user={subject}"
                ),
            );
            return Err(Turned::told(client, &report, "another_subject"));
        }
        counter!("sluice_logins_total", "protocol" => PROTOCOL, "outcome" => "ok").increment(1);
        Ok(Named { client, from, login, identity: Arc::new(identity) })
    }

    fn authorize(&self, named: Named) -> Result<Granted, Turned> {
        let target = match named.login.startup.target() {
            Ok(target) => target,
            Err(report) => return Err(Turned::told(named.client, &report, "no_resource")),
        };
        let circumstances = Circumstances {
            source: named.from.ip().to_canonical(),
            client: named.login.startup.application_name.clone(),
            now: clock::now(),
        };
        let (identity, resource) = (&named.identity, target.resource);
        let grant =
            entry::authorize(&self.house, PROTOCOL, identity, resource, named.from, &circumstances);
        match grant {
            Ok(grant) => Ok(Granted { named, grant, circumstances }),
            Err(reason) => Err(Turned::told(named.client, &refused(&reason), "not_authorized")),
        }
    }

    fn record(&self, granted: Granted) -> Result<Recorded, Turned> {
        let (named, grant) = (&granted.named, &granted.grant);
        let asked = named.login.startup.target().ok().and_then(|target| target.database);
        let usual = grant.resource().settings.get("database").map(String::as_str);
        let head = Head {
            protocol: PROTOCOL,
            identity: &named.identity,
            from: named.from,
            grant,
            client: named.login.startup.application_name.clone(),
            database: asked.or(usual).map(str::to_owned),
        };
        match entry::record(&self.house, head) {
            Ok((session, opened)) => Ok(Recorded { granted, session, opened }),
            Err(_) => {
                let report = Report::fatal(
                    sqlstate::CANNOT_CONNECT_NOW,
                    "the session cannot be recorded, so it is not opened",
                );
                Err(Turned::told(granted.named.client, &report, "not_recorded"))
            }
        }
    }

    async fn dial(&self, recorded: Recorded) -> Result<Dialled, Turned> {
        let named = &recorded.granted.named;
        let startup = &named.login.startup;
        let own_name = startup.application_name.as_deref();
        let wanted = Wanted {
            database: startup.target().ok().and_then(|target| target.database),
            application_name: application_name(&named.identity.subject, recorded.session, own_name),
            settings: startup.settings.clone(),
        };
        match self.dialer.dial(&recorded.granted.grant, wanted).await {
            Ok(target) => Ok(Dialled { recorded, target }),
            Err(error) => {
                let resource = &recorded.granted.grant.resource().name;
                warn!(resource, %error, "a target could not be opened");
                counter!("sluice_dials_total", "protocol" => PROTOCOL, "outcome" => "failed")
                    .increment(1);
                let report = error.report(resource);
                entry::end(recorded.opened, format!("the target could not be opened: {error}"));
                Err(Turned::told(recorded.granted.named.client, &report, "target"))
            }
        }
    }
}
