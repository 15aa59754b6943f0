//! The last step: the client is let in, and its session begins.

use std::sync::Arc;

use metrics::counter;
use tokio::sync::mpsc;
use tracing::info;
use wire::content::Content;
use wire::ssh::connection::{Opening, Session};

use super::super::entry::{Live, must_end};
use super::visit::{Dialled, Granted, Named, Recorded};
use super::{Door, PROTOCOL};
use crate::Transport;
use crate::relay::{self, Decider, NoErrands, Outside, Relay};

/// What clients hear when the gateway stops.
const STOPPING: &str = "the gateway stops";

impl Door {
    /// `guest` is dropped when the session is over.
    pub(super) fn admit<G: Send + 'static>(self: &Arc<Self>, dialled: Dialled, guest: Option<G>) {
        counter!("sluice_dials_total", "protocol" => PROTOCOL, "outcome" => "ok").increment(1);
        let Dialled { recorded, target } = dialled;
        let Recorded { granted, session, opened } = recorded;
        let Granted { named, grant, circumstances } = granted;
        let Named { line, from, identity, .. } = named;
        let (subject, resource) = (&identity.subject, grant.resource());
        info!(%session, subject, resource = resource.name, %from, "a session begins");
        let conversation = Session::new(Opening {
            client: line.greet.let_in(),
            upstream: target.transport,
            cap: self.cap.bytes,
            content: Content::new(&resource.data, self.catalogues.keys(resource).as_ref()),
            strict: resource.strict_masking,
        });
        // Nobody asks over another connection that something be cancelled.
        let (_, signals) = mpsc::channel(1);
        let relay = Relay {
            conversation,
            client: Transport::Plain(line.socket),
            upstream: target.socket,
            decider: Decider::new(session, Arc::clone(&self.house.policies), grant, circumstances),
            desk: Arc::clone(&self.house.desk),
            recorder: opened.recorder,
            outside: Outside::new(
                Box::pin(must_end(opened.must_end, self.stop.clone(), STOPPING)),
                signals,
            ),
            errands: NoErrands,
        };
        // A task of its own: what the way in needed is given back while the session lives.
        tokio::spawn(async move {
            let live = Live::new(PROTOCOL);
            let ending = relay::run(relay).await;
            info!(%session, how = ending.how, "a session ended");
            drop((live, guest));
        });
    }
}
