use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use policy::Circumstances;
use serde_json::{Value, json};

use super::{Api, Caller, Problem};

/// What the caller may open from where they are, now. Never where it is or whose account is used.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Vec<Value>>, Problem> {
    let now = api.clock.now();
    let source = caller.from.ip();
    let identity = Arc::new(caller.identity);
    // A decision takes tens of microseconds, and there may be thousands of resources.
    let openable = tokio::task::spawn_blocking(move || {
        let policies = api.policies.load();
        let circumstances = Circumstances { source, client: None, now };
        let mut open = (api.resources)();
        open.retain(|resource| {
            policies.authorize(Arc::clone(&identity), Arc::clone(resource), &circumstances).is_ok()
        });
        open.sort_by(|a, b| a.name.cmp(&b.name));
        open
    });
    let openable = openable.await.map_err(|error| Problem::internal(&error))?;
    let shown = openable.iter().map(|resource| {
        json!({
            "id": resource.name,
            "name": resource.name,
            "protocol": resource.protocol.as_str(),
            "labels": resource.labels,
            "database": resource.settings.get("database"),
        })
    });
    Ok(Json(shown.collect()))
}
