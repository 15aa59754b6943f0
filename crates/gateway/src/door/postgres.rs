//! PostgreSQL's door. The order of the steps is a list, and each step takes what only the one
//! before it makes: there is no way to a target past any of them.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use model::ports::{OpenedSession, Refusal};
use model::{Ending, Identity, Resource, SessionHead, SessionId, Verdict};
use policy::{Circumstances, PolicySet, no_such_door};
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::greet::Proof;
use wire::postgres::session::Cap;
use wire::postgres::startup::application_name;

use super::greet::greet;
use super::visit::{Arrived, Dialled, Granted, Greeted, Identified, Named, Recorded, Turned};
use super::words::{refused, unidentified};
use crate::cancel::Cancels;
use crate::catalogues::Catalogues;
use crate::dial::{Dialer, Wanted};
use crate::house::House;
use crate::lobby::Place;
use crate::relay::count_shadow;
use crate::{chance, clock};

/// The name of the protocol, as resources give it.
pub(super) const PROTOCOL: &str = "postgres";

/// One step of a client's way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// TLS, the startup packet, the password where no certificate was shown: who it says it is.
    Greet,
    /// Whose token or certificate it is.
    Identify,
    /// Whether it is who it says.
    Name,
    /// Whether it may open what it asks for. Makes the grant.
    Authorize,
    /// The recording is begun, or there is no session.
    Record,
    /// The target is opened, which takes the grant.
    Dial,
    /// The client is let in.
    Admit,
}

/// The way in.
pub const STEPS: [Step; 7] = [
    Step::Greet,
    Step::Identify,
    Step::Name,
    Step::Authorize,
    Step::Record,
    Step::Dial,
    Step::Admit,
];

/// How far somebody came.
enum Visit {
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

impl Door {
    /// Takes somebody from the connection to the session's end. `guest` is whatever has to live as
    /// long as the visit does.
    pub(crate) async fn visit<G: Send + 'static>(
        self: Arc<Self>,
        arrived: Arrived,
        place: Place,
        guest: G,
    ) {
        let handshake = Instant::now() + self.listener.handshake;
        let mut visit = Visit::Arrived(arrived);
        let (mut place, mut guest) = (Some(place), Some(guest));
        for step in STEPS {
            let taken = Box::pin(self.take(step, visit, &mut guest));
            let taken = match step {
                Step::Greet | Step::Identify => match timeout_at(handshake, taken).await {
                    Ok(taken) => taken,
                    Err(_) => {
                        counter!("sluice_handshakes_timed_out_total", "protocol" => PROTOCOL)
                            .increment(1);
                        return;
                    }
                },
                Step::Name | Step::Authorize | Step::Record | Step::Dial | Step::Admit => {
                    taken.await
                }
            };
            visit = match taken {
                Ok(visit) => visit,
                Err(turned) => {
                    counter!("sluice_connections_turned_away_total", "protocol" => PROTOCOL, "reason" => turned.reason)
                        .increment(1);
                    return turned.leave().await;
                }
            };
            if step == Step::Name {
                // Somebody who is somebody no longer waits in the lobby.
                drop(place.take());
            }
        }
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
        let resources = self.house.resources.load();
        let resource =
            resources.get(target.resource).filter(|found| found.protocol.as_str() == PROTOCOL);
        let grant = resource.ok_or_else(|| no_such_door(target.resource)).and_then(|resource| {
            let policies = self.house.policies.load();
            let identity = &named.identity;
            let grant =
                policies.authorize(Arc::clone(identity), Arc::clone(resource), &circumstances);
            if grant.is_err() {
                note_shadow(&policies, identity, resource, &circumstances);
            }
            grant
        });
        match grant {
            Ok(grant) => Ok(Granted { named, grant, circumstances }),
            Err(reason) => {
                let subject = &named.identity.subject;
                info!(from = %named.from, subject, "a resource was refused");
                self.house.ledger.refused(&Refusal {
                    identity: &named.identity,
                    source: named.from,
                    resource: target.resource,
                    reason: &reason,
                });
                Err(Turned::told(named.client, &refused(&reason), "not_authorized"))
            }
        }
    }

    fn record(&self, granted: Granted) -> Result<Recorded, Turned> {
        let unable = |granted: Granted, error: &dyn std::error::Error| {
            warn!(%error, "a session cannot be recorded and is refused");
            let report = Report::fatal(
                sqlstate::CANNOT_CONNECT_NOW,
                "the session cannot be recorded, so it is not opened",
            );
            Turned::told(granted.named.client, &report, "not_recorded")
        };
        let now = clock::now();
        let session = match chance::bytes() {
            Ok(bytes) => SessionId::new(now, u128::from_be_bytes(bytes)),
            Err(error) => return Err(unable(granted, &error)),
        };
        let (named, grant) = (&granted.named, &granted.grant);
        let asked = named.login.startup.target().ok().and_then(|target| target.database);
        let usual = grant.resource().settings.get("database").map(String::as_str);
        let head = SessionHead {
            id: session,
            opened: now,
            identity: named.identity.as_ref().clone(),
            source: named.from.to_string(),
            client: named.login.startup.application_name.clone(),
            resource: grant.resource().name.clone(),
            protocol: PROTOCOL.to_owned(),
            database: asked.or(usual).map(str::to_owned),
            policies: grant.policies().iter().map(ToString::to_string).collect(),
        };
        match self.house.ledger.open(head) {
            Ok(opened) => Ok(Recorded { granted, session, opened }),
            Err(error) => Err(unable(granted, &error)),
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
                end(recorded.opened, format!("the target could not be opened: {error}"));
                Err(Turned::told(recorded.granted.named.client, &report, "target"))
            }
        }
    }
}

/// Ends the recording of a session that never began.
pub(super) fn end(opened: OpenedSession, how: String) {
    if let Err(error) = opened.recorder.close(Ending { at: clock::now(), how }) {
        warn!(%error, "the end of a session could not be recorded");
    }
}

/// A session that is refused has no recording to say what policies that are only tried out would
/// have made of it.
fn note_shadow(
    policies: &PolicySet,
    identity: &Arc<Identity>,
    resource: &Arc<Resource>,
    circumstances: &Circumstances,
) {
    let Some(by) = policies.would_open(identity, resource, circumstances) else { return };
    count_shadow(Verdict::Allowed);
    let (subject, resource, by) = (&identity.subject, &resource.name, by.join(", "));
    info!(subject, resource, by, "a policy that is only tried out would let the session be opened");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reaches_a_target_before_being_known_allowed_and_recorded() {
        let at = |step| STEPS.iter().position(|other| *other == step);
        for (earlier, later) in [
            (Step::Greet, Step::Identify),
            (Step::Identify, Step::Name),
            (Step::Name, Step::Authorize),
            (Step::Authorize, Step::Record),
            (Step::Record, Step::Dial),
            (Step::Dial, Step::Admit),
        ] {
            assert!(at(earlier).is_some() && at(earlier) < at(later), "{earlier:?} {later:?}");
        }
    }
}
