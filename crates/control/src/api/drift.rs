use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::extract::Query;
use super::{Api, Caller, Problem};
use crate::drift::Shown;

/// Which of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    resource: Option<String>,
    database: Option<String>,
}

/// Columns that look sensitive and have no rule.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Shown>>, Problem> {
    caller.must_be_admin()?;
    let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|one| one == name);
    let mut list = api.drifts.list(&(api.resources)());
    list.retain(|one| {
        caller.reaches(&one.resource)
            && is(&filter.resource, &one.resource)
            && is(&filter.database, &one.database)
    });
    Ok(Json(list))
}
