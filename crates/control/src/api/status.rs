use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Api, Caller, Problem};

/// How the house is: whether commands can be recorded, and what stands in the way. Reads memory alone,
/// so that it answers when the disk does not.
pub(super) async fn status(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let refused = api.recordings.ready().err().map(|error| error.to_string());
    let disk = api.recordings.disk().report();
    let index = api.recordings.index_status();
    Ok(Json(json!({
        "version": api.version,
        "sessions_alive": api.recordings.alive(),
        "resources": (api.resources)().len(),
        "policies": api.policies.load().version(),
        "evidence": {
            "recording": refused.is_none(),
            "why_not": refused,
            "disk": disk,
        },
        "audit_log": { "trouble": api.store.health().trouble() },
        "drift": { "columns": api.drifts.list(&(api.resources)()).len() },
        "archive": api.archive.standing(),
        "index": {
            "complete": index.complete,
            "behind": index.behind,
            "trouble": index.error,
        },
    })))
}
