use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::Query;
use super::{Api, Caller, Problem};
use crate::store::{StoreError, audit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    actor: Option<String>,
    action: Option<String>,
    before: Option<u64>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<audit::Entry>>, Problem> {
    caller.must_be_admin()?;
    let query = audit::Query {
        actor: filter.actor,
        action: filter.action,
        // SQLite's integers are signed; no entry is newer than that.
        before: filter.before.map(|before| before.min(i64::MAX.unsigned_abs())),
        limit: filter.limit.unwrap_or(100).min(1000),
    };
    Ok(Json(api.store.audit(query).await?))
}

/// Reads the whole chain again.
pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    match api.store.verify_audit().await {
        Ok(entries) => Ok(Json(json!({ "intact": true, "entries": entries }))),
        Err(StoreError::Corrupt(why)) => Ok(Json(json!({ "intact": false, "why": why }))),
        Err(error) => Err(error.into()),
    }
}
