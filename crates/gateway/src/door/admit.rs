//! The last step: the client is let in, and its session begins.

use std::sync::Arc;

use metrics::{Gauge, counter, gauge};
use model::ports::{Bequest, BoxFuture, Lookout};
use model::{Conversation, Drift, Identity, Inherited, Peer, SessionId};
use policy::Grant;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::greet::{Welcome, cancel_key_length, welcome};
use wire::postgres::session::{Application, Opening, Session};

use super::postgres::{Door, PROTOCOL, end};
use super::visit::{Dialled, Granted, Named, Recorded, Turned};
use crate::cancel::{self, Cancellable, Cancelling};
use crate::catalogues::Loader;
use crate::dial::{Dialer, Target};
use crate::house::House;
use crate::relay::{self, Decider, Keeping, Outside, Relay};

impl Door {
    /// `guest` is dropped when the session is over.
    pub(super) async fn admit<G: Send + 'static>(
        self: &Arc<Self>,
        mut dialled: Dialled,
        guest: Option<G>,
    ) -> Result<(), Turned> {
        let Granted { grant, named, .. } = &dialled.recorded.granted;
        let (database, minor) = (&dialled.target.database, named.login.startup.minor);
        let (catalogue, cancellable, cancelling) = match self.ready(grant, database, minor).await {
            Ok(ready) => ready,
            Err(why) => return Err(cannot_begin(dialled, why)),
        };
        let told = welcome(&Welcome {
            parameters: &dialled.target.parameters,
            key: cancellable.key(),
            ready: dialled.target.notices.is_empty(),
        });
        let client = &mut dialled.recorded.granted.named.client;
        let let_in = async {
            client.write_all(&told).await?;
            client.flush().await
        };
        if !matches!(timeout(self.listener.handshake, let_in).await, Ok(Ok(()))) {
            end(dialled.recorded.opened, "the client left before it was let in".to_owned());
            return Err(Turned::silently("gone"));
        }
        counter!("sluice_dials_total", "protocol" => PROTOCOL, "outcome" => "ok").increment(1);
        let session = dialled.recorded.session;
        let relay = self.relay(dialled, catalogue, cancelling);
        // A task of its own: what the way in needed is given back while the session lives.
        tokio::spawn(async move {
            let live = Live::new();
            let ending = relay::run(relay).await;
            info!(%session, how = ending.how, "a session ended");
            drop((live, cancellable, guest));
        });
        Ok(())
    }

    /// Fetches the last things that a session needs, or says why they cannot be had.
    async fn ready(
        &self,
        grant: &Grant,
        database: &str,
        minor: u16,
    ) -> Result<(Arc<Loader>, Cancellable, Cancelling), String> {
        let catalogue = self
            .catalogues
            .open(&self.dialer, grant, database)
            .await
            .map_err(|error| format!("the target's catalogue could not be read: {error}"))?;
        let (cancellable, cancelling) =
            self.cancels.register(cancel_key_length(minor)).map_err(|error| error.to_string())?;
        Ok((catalogue, cancellable, cancelling))
    }

    fn relay(
        &self,
        dialled: Dialled,
        catalogue: Arc<Loader>,
        cancelling: Cancelling,
    ) -> Relay<Session, crate::Transport, crate::Transport> {
        let Dialled { recorded, target } = dialled;
        let Recorded { granted, session, opened } = recorded;
        let Granted { named, grant, circumstances } = granted;
        let Named { client, from, login, identity } = named;
        let (subject, resource) = (&identity.subject, &grant.resource().name);
        info!(%session, subject, resource, %from, "a session begins");
        let mut conversation = Session::new(Opening {
            library: Arc::clone(catalogue.library()),
            application: Application { subject: identity.subject.clone(), session },
            parameters: target.parameters,
            notices: target.notices,
            search_path_chosen: login.startup.settings.get("search_path").is_some(),
            cap: self.cap,
            message_limit: self.message_limit,
        });
        for (peer, bytes) in [(Peer::Client, login.rest), (Peer::Upstream, target.rest)] {
            if !bytes.is_empty() {
                conversation.feed(peer, bytes);
            }
        }
        let shared = Arc::new(grant.clone());
        let at_target = Target::new(Arc::clone(&self.dialer), Arc::clone(&shared), target.key);
        Relay {
            conversation,
            client,
            upstream: target.transport,
            decider: Decider::new(session, Arc::clone(&self.house.policies), grant, circumstances),
            desk: Arc::clone(&self.house.desk),
            recorder: opened.recorder,
            outside: Outside::new(
                Box::pin(must_end(opened.must_end, self.stop.clone())),
                cancelling.signals,
            ),
            cancel_upstream: cancel::at_target(at_target, cancelling.under_way),
            drifted: drifted(&self.house.lookout, &catalogue, &shared),
            freshen: freshen(&catalogue, &self.dialer, &shared),
            inherit: inherit(&self.house, session, &identity, &shared, catalogue.database()),
            refresh: refresh(catalogue, Arc::clone(&self.dialer), shared),
        }
    }
}

/// Turns away somebody whose target is open already.
fn cannot_begin(dialled: Dialled, why: String) -> Turned {
    let Recorded { granted, opened, session } = dialled.recorded;
    let resource = &granted.grant.resource().name;
    warn!(%session, resource, why, "a session could not begin");
    let report = Report::fatal(
        sqlstate::CANNOT_CONNECT_NOW,
        format!("the session on \"{resource}\" could not begin"),
    )
    .hint("The gateway's operator finds the reason in its log.");
    end(opened, why);
    Turned::told(granted.named.client, &report, "not_begun")
}

/// What a relay calls to have the catalogue read again.
fn refresh(
    catalogue: Arc<Loader>,
    dialer: Arc<Dialer>,
    grant: Arc<Grant>,
) -> Box<dyn Fn() -> BoxFuture<'static, ()> + Send> {
    Box::new(move || {
        let catalogue = Arc::clone(&catalogue);
        let (dialer, grant) = (Arc::clone(&dialer), Arc::clone(&grant));
        Box::pin(async move { catalogue.refresh(&dialer, &grant).await })
    })
}

/// What a relay calls with a column that looks sensitive.
fn drifted(
    lookout: &Arc<dyn Lookout>,
    catalogue: &Arc<Loader>,
    grant: &Arc<Grant>,
) -> Box<dyn Fn(&Drift) + Send> {
    let lookout = Arc::clone(lookout);
    let (catalogue, grant) = (Arc::clone(catalogue), Arc::clone(grant));
    Box::new(move |drift| {
        lookout.drifted(&grant.resource().name, catalogue.database(), drift);
    })
}

/// What a relay calls before a statement is sent that puts data of a class somewhere.
fn inherit(
    house: &Arc<House>,
    session: SessionId,
    identity: &Identity,
    grant: &Grant,
    database: &str,
) -> Box<dyn Fn(Vec<Inherited>) -> Keeping + Send> {
    let heirlooms = Arc::clone(&house.heirlooms);
    let subject = identity.subject.clone();
    let resource = grant.resource().name.clone();
    let database = database.to_owned();
    Box::new(move |inherited| {
        let (subject, resource) = (subject.clone(), resource.clone());
        let database = database.clone();
        heirlooms.keep(Bequest { session, subject, resource, database, inherited })
    })
}

/// What a relay calls when its client speaks.
fn freshen(
    catalogue: &Arc<Loader>,
    dialer: &Arc<Dialer>,
    grant: &Arc<Grant>,
) -> Box<dyn Fn() + Send> {
    let catalogue = Arc::clone(catalogue);
    let (dialer, grant) = (Arc::clone(dialer), Arc::clone(grant));
    Box::new(move || catalogue.freshen(&dialer, &grant))
}

/// Resolves when the ledger says that the session must end, or the gateway stops.
async fn must_end(told: BoxFuture<'static, String>, mut stop: watch::Receiver<bool>) -> String {
    let stopped = async move {
        // The sender is gone when the gateway is.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::select! {
        why = told => why,
        () = stopped => "terminating connection due to administrator command".to_owned(),
    }
}

/// Counts a session for as long as it lives, however it ends.
struct Live(Gauge);

impl Live {
    fn new() -> Self {
        let live = gauge!("sluice_sessions_live", "protocol" => PROTOCOL);
        live.increment(1);
        Self(live)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
