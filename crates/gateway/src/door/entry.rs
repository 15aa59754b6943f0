//! What every door does alike: whether somebody may open a resource, and the recording of it.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics::{Gauge, gauge};
use model::ports::{BoxFuture, OpenedSession, RecordError, Refusal};
use model::{Ending, Identity, Reason, Resource, SessionHead, SessionId, Verdict};
use policy::{Circumstances, Grant, PolicySet, no_such_door};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::chance::NoRandomness;
use crate::house::House;
use crate::relay::count_shadow;
use crate::{chance, clock};

/// Whether somebody may open a resource of this protocol. One that is not there and one that is forbidden are refused
/// alike.
pub(super) fn authorize(
    house: &House,
    protocol: &str,
    identity: &Arc<Identity>,
    name: &str,
    from: SocketAddr,
    circumstances: &Circumstances,
) -> Result<Grant, Reason> {
    let resources = house.resources.load();
    let resource = resources.get(name).filter(|found| found.protocol.as_str() == protocol);
    let grant = resource.ok_or_else(|| no_such_door(name)).and_then(|resource| {
        let policies = house.policies.load();
        let grant = policies.authorize(Arc::clone(identity), Arc::clone(resource), circumstances);
        if grant.is_err() {
            note_shadow(&policies, identity, resource, circumstances);
        }
        grant
    });
    grant.inspect_err(|reason| {
        info!(%from, subject = identity.subject, "a resource was refused");
        house.ledger.refused(&Refusal { identity, source: from, resource: name, reason });
    })
}

/// Why a recording is not begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRecorded {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// What a session is, as far as its door knows.
pub(super) struct Head<'h> {
    pub(super) protocol: &'static str,
    pub(super) identity: &'h Identity,
    pub(super) from: SocketAddr,
    pub(super) grant: &'h Grant,
    /// What the client calls itself.
    pub(super) client: Option<String>,
    /// What is opened inside of the resource.
    pub(super) database: Option<String>,
}

/// Begins the recording of a session, without which there is none.
pub(super) fn record(
    house: &House,
    head: Head<'_>,
) -> Result<(SessionId, OpenedSession), NotRecorded> {
    let now = clock::now();
    let session = SessionId::new(now, u128::from_be_bytes(chance::bytes()?));
    let head = SessionHead {
        id: session,
        opened: now,
        identity: head.identity.clone(),
        source: head.from.to_string(),
        client: head.client,
        resource: head.grant.resource().name.clone(),
        protocol: head.protocol.to_owned(),
        database: head.database,
        policies: head.grant.policies().iter().map(ToString::to_string).collect(),
    };
    let opened = house.ledger.open(head).inspect_err(|error| {
        warn!(%error, "a session cannot be recorded and is refused");
    })?;
    Ok((session, opened))
}

/// Ends the recording of a session that never began.
pub(super) fn end(opened: OpenedSession, how: String) {
    if let Err(error) = opened.recorder.close(Ending { at: clock::now(), how }) {
        warn!(%error, "the end of a session could not be recorded");
    }
}

/// Resolves when the ledger says that the session must end, or the gateway stops.
pub(super) async fn must_end(
    told: BoxFuture<'static, String>,
    mut stop: watch::Receiver<bool>,
    stopping: &'static str,
) -> String {
    let stopped = async move {
        // The sender is gone when the gateway is.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::select! {
        why = told => why,
        () = stopped => stopping.to_owned(),
    }
}

/// Counts a session for as long as it lives, however it ends.
pub(super) struct Live(Gauge);

impl Live {
    pub(super) fn new(protocol: &'static str) -> Self {
        let live = gauge!("sluice_sessions_live", "protocol" => protocol);
        live.increment(1);
        Self(live)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.decrement(1);
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
