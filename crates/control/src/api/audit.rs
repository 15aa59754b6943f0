use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Id, Query};
use super::{Api, Caller, Problem};
use crate::audit::{self, Act, Entry, Event, Line};
use crate::store::{Store, StoreError};

/// So many entries of an export are in memory at once for each one who reads it.
const ENTRIES: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    actor: Option<String>,
    action: Option<String>,
    object: Option<String>,
    since: Option<u64>,
    until: Option<u64>,
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    after: Option<u64>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Entry>>, Problem> {
    caller.must_be_admin()?;
    let query = audit::Query {
        actor: filter.actor,
        action: filter.action,
        object: filter.object,
        since: filter.since.map(Timestamp::from_secs),
        until: filter.until.map(Timestamp::from_secs),
        before: filter.before,
        after: filter.after,
        limit: filter.limit.unwrap_or(100).min(1000),
    };
    Ok(Json(api.store.audit(query).await?))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<u64>,
) -> Result<Json<Entry>, Problem> {
    caller.must_be_admin()?;
    let missing = || Problem::hidden("audit entry");
    let before = id.and_then(|id| id.checked_sub(1)).ok_or_else(missing)?;
    let found = api.store.audit_after(before, 1).await?.pop();
    Ok(Json(found.filter(|entry| Some(entry.seq) == id).ok_or_else(missing)?))
}

/// Reads the whole log again, chain and signatures.
pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    match api.store.verify_audit().await {
        Ok(extent) => Ok(Json(json!({
            "intact": true,
            "entries": extent.to,
            "checkpoints": extent.checkpoints,
        }))),
        Err(StoreError::Audit(why)) => Ok(Json(json!({ "intact": false, "why": why.to_string() }))),
        Err(error) => Err(error.into()),
    }
}

/// The log as it can be checked elsewhere, one JSON object a line: up to the entry that tells of this.
pub(super) async fn export(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(from): Query<From>,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let after = from.after.unwrap_or(0);
    let newest = *api.store.audit_newest().borrow();
    if after > newest {
        return Err(Problem::invalid(format!("`after`: the newest entry is {newest}")));
    }
    let event = Event::AuditExported { after, source: caller.from.to_string() };
    let act = Act::new(api.clock.now(), &caller.identity.subject, "audit", event);
    api.store.record(act).await?;
    let begins = api.store.audit_begins(after).await?;
    let until = *api.store.audit_newest().borrow();
    let export = Export { store: Arc::clone(&api.store), first: Some(begins), after, until };
    let chunks = stream::try_unfold(export, async |mut export: Export| {
        let chunk = export.next().await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(chunk.map(|chunk| (Bytes::from(chunk), export)))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(chunks)).into_response())
}

/// An export that is being read.
struct Export {
    store: Arc<Store>,
    first: Option<Line>,
    /// The last entry that was handed out.
    after: u64,
    /// The last that will be. What a transaction added is signed as a whole, so it ends in a signature.
    until: u64,
}

impl Export {
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        let mut text = String::new();
        let mut put = |line: &Line| {
            text.push_str(&line.to_string());
            text.push('\n');
        };
        if let Some(first) = self.first.take() {
            put(&first);
        }
        if self.after < self.until {
            let limit = u32::try_from(self.until - self.after).unwrap_or(ENTRIES).min(ENTRIES);
            let lines = self.store.audit_lines(self.after, limit).await?;
            // A log that ends before it should is cut short rather than asked for ever.
            self.until = if lines.is_empty() { self.after } else { self.until };
            for line in &lines {
                if let Line::Entry(entry) = line {
                    self.after = entry.seq;
                }
                put(line);
            }
        }
        Ok((!text.is_empty()).then_some(text))
    }
}
