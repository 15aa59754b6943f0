//! The last step: the client is let in, and its session begins.

use std::sync::Arc;

use metrics::counter;
use model::ports::{Bequest, BoxFuture};
use model::{Conversation, Drift, Inherited, Peer, SessionId};
use policy::Grant;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tracing::{info, warn};
use wire::postgres::error::{Report, sqlstate};
use wire::postgres::greet::{Welcome, cancel_key_length, welcome};
use wire::postgres::session::{Application, Opening, Session};

use super::super::entry::{Live, end, must_end};
use super::visit::{Dialled, Granted, Named, Recorded, Turned};
use super::{Door, PROTOCOL};
use crate::cancel::{self, Cancellable, Cancelling};
use crate::catalogues::Loader;
use crate::dial::{Dialer, Target};
use crate::house::House;
use crate::relay::{self, Decider, Keeping, Outside, Relay};

/// What the server says when it is stopped (57P01).
const STOPPING: &str = "terminating connection due to administrator command";

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
            let live = Live::new(PROTOCOL);
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
    ) -> Relay<Session, crate::Transport, crate::Transport, Errands> {
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
                Box::pin(must_end(opened.must_end, self.stop.clone(), STOPPING)),
                cancelling.signals,
            ),
            errands: Errands {
                cancel: cancel::at_target(at_target, cancelling.under_way),
                house: Arc::clone(&self.house),
                dialer: Arc::clone(&self.dialer),
                catalogue,
                grant: shared,
                session,
                subject: identity.subject.clone(),
            },
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

/// What a session's relay has done beside carrying bytes.
struct Errands {
    cancel: Box<dyn Fn() + Send>,
    house: Arc<House>,
    dialer: Arc<Dialer>,
    catalogue: Arc<Loader>,
    grant: Arc<Grant>,
    session: SessionId,
    subject: String,
}

impl relay::Errands for Errands {
    fn cancel_upstream(&self) {
        (self.cancel)();
    }

    fn refresh(&self) -> BoxFuture<'static, ()> {
        let catalogue = Arc::clone(&self.catalogue);
        let (dialer, grant) = (Arc::clone(&self.dialer), Arc::clone(&self.grant));
        Box::pin(async move { catalogue.refresh(&dialer, &grant).await })
    }

    fn drifted(&self, drift: &Drift) {
        let resource = &self.grant.resource().name;
        self.house.lookout.drifted(resource, self.catalogue.database(), drift);
    }

    fn inherit(&self, inherited: Vec<Inherited>) -> Keeping {
        self.house.heirlooms.keep(Bequest {
            session: self.session,
            subject: self.subject.clone(),
            resource: self.grant.resource().name.clone(),
            database: self.catalogue.database().to_owned(),
            inherited,
        })
    }

    fn client_spoke(&self) {
        self.catalogue.freshen(&self.dialer, &self.grant);
    }
}
