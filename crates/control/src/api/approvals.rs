use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use model::ApprovalId;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Id, Query};
use super::{Api, Caller, Problem};
use crate::desk::{Approval, State, Verdict, may_decide};
use crate::index::Spot;

const WHAT: &str = "approval request";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    state: Option<State>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    #[serde(default)]
    comment: String,
}

pub(super) async fn list(
    Shared(api): Shared<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Shown>>, Problem> {
    let limit = filter.limit.unwrap_or(100).min(1000);
    let caller = Arc::new(caller);
    let viewer = Arc::clone(&caller);
    let found =
        api.desk.list(filter.state, limit, move |approval| may_see(&viewer, approval)).await?;
    Ok(Json(found.into_iter().map(|approval| shown(&caller, approval)).collect()))
}

pub(super) async fn show(
    Shared(api): Shared<Arc<Api>>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
) -> Result<Json<Shown>, Problem> {
    let approval = visible(&api, &caller, id).await?;
    let (recordings, session, number) = (api.recordings.clone(), approval.session, approval.number);
    let spot = tokio::task::spawn_blocking(move || recordings.spot(session, number)).await;
    let recording = spot.map_err(|error| Problem::internal(&error))?;
    Ok(Json(Shown { recording, ..shown(&caller, approval) }))
}

pub(super) async fn approve(
    api: Shared<Arc<Api>>,
    caller: Caller,
    id: Id<ApprovalId>,
    said: Body<Said>,
) -> Result<Json<Shown>, Problem> {
    decide(api, caller, id, said, Verdict::Approve).await
}

pub(super) async fn deny(
    api: Shared<Arc<Api>>,
    caller: Caller,
    id: Id<ApprovalId>,
    said: Body<Said>,
) -> Result<Json<Shown>, Problem> {
    decide(api, caller, id, said, Verdict::Deny).await
}

async fn decide(
    Shared(api): Shared<Arc<Api>>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    Body(said): Body<Said>,
    verdict: Verdict,
) -> Result<Json<Shown>, Problem> {
    let id = visible(&api, &caller, id).await?.id;
    let approval = api.desk.decide(id, caller.identity.clone(), verdict, &said.comment).await?;
    Ok(Json(shown(&caller, approval)))
}

async fn visible(api: &Api, caller: &Caller, id: Option<ApprovalId>) -> Result<Approval, Problem> {
    let found = match id {
        Some(id) => api.desk.get(id).await?,
        None => None,
    };
    found.filter(|approval| may_see(caller, approval)).ok_or_else(|| Problem::hidden(WHAT))
}

/// The requester, those who may decide, and administrators.
fn may_see(caller: &Caller, approval: &Approval) -> bool {
    let own = caller.is(&approval.identity) && caller.reaches(&approval.resource);
    own || caller.admin || may_decide(approval, &caller.identity).is_ok()
}

/// A request, and whether the one who looks may decide it.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    approval: Approval,
    may_decide: bool,
    /// Where in the session's recording the statement is, when one request is asked for and the index
    /// knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Spot>,
}

fn shown(caller: &Caller, approval: Approval) -> Shown {
    let own = caller.is(&approval.identity);
    let open = approval.state == State::Open;
    let may_decide = open && !own && may_decide(&approval, &caller.identity).is_ok();
    Shown { approval, may_decide, recording: None }
}
