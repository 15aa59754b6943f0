use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::extract::{Id, Query};
use super::{Api, Caller, Problem};
use crate::heirlooms::Entry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    resource: Option<String>,
}

/// What columns inherited by statements that put data there.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Entry>>, Problem> {
    caller.must_be_admin()?;
    Ok(Json(api.heirlooms.list(wanted.resource).await?))
}

/// One of them is there no longer.
pub(super) async fn forget(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<u64>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let hidden = || Problem::hidden("inherited class");
    let id = id.ok_or_else(hidden)?;
    if api.heirlooms.forget(id, caller.identity.subject).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(hidden())
}
