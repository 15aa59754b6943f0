use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use evidence::Counts;
use evidence::render::JsonLines;
use futures::stream;
use model::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::extract::{Id, Query};
use super::{Api, Caller, Problem};
use crate::recordings::{self, Recordings, RecordingsError, Replay, SessionState, Summary};
use crate::store::StoreError;
use crate::store::audit::{self, Act};

/// So much of a recording is in memory at once for each one who reads it.
const CHUNK: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    resource: Option<String>,
    subject: Option<String>,
    state: Option<SessionState>,
    since: Option<u64>,
    until: Option<u64>,
    limit: Option<usize>,
}

/// A session as the API shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    id: SessionId,
    state: SessionState,
    #[serde(flatten)]
    head: Option<Head>,
    ended: Option<String>,
    ending: Option<String>,
    counts: Option<Counts>,
    bytes: u64,
}

#[derive(Serialize)]
struct Head {
    opened: String,
    subject: String,
    kind: model::IdentityKind,
    provider: String,
    on_behalf_of: Option<String>,
    source: String,
    client: Option<String>,
    resource: String,
    protocol: String,
    database: Option<String>,
    policies: Vec<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Shown>>, Problem> {
    let limit = filter.limit.unwrap_or(100).min(1000);
    // Others' sessions are not even looked for.
    let subject = if caller.admin { filter.subject } else { Some(caller.identity.subject.clone()) };
    let wanted = recordings::Filter {
        resource: filter.resource,
        subject,
        since: filter.since.map(Timestamp::from_secs),
        until: filter.until.map(Timestamp::from_secs),
        state: filter.state,
        limit: Some(limit),
    };
    let sessions = blocking(&api, move |recordings| recordings.list(&wanted)).await?;
    let visible = sessions.into_iter().filter(|session| may_see(&caller, session));
    Ok(Json(visible.map(shown).collect()))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(shown(visible(&api, &caller, id).await?)))
}

/// The events, one JSON object a line.
pub(super) async fn events(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Response, Problem> {
    let id = visible(&api, &caller, id).await?.id;
    let replay = blocking(&api, move |recordings| recordings.replay(id)).await?;
    Ok(streamed((replay, JsonLines::new()), "application/x-ndjson", lines))
}

/// The recording itself, for `sluice verify` on the reader's own machine.
pub(super) async fn recording(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Response, Problem> {
    let id = visible(&api, &caller, id).await?.id;
    let path = api.recordings.path(id);
    let opened = tokio::task::spawn_blocking(move || std::fs::File::open(path)).await;
    let file = opened
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    Ok(streamed(file, "application/octet-stream", bytes))
}

/// Ends a session that is alive.
pub(super) async fn kill(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    let session = visible(&api, &caller, id).await?;
    let by = caller.identity.subject;
    // First the deed, then the record of it: a full disk must not keep an administrator from it.
    if !api.recordings.kill(session.id, &format!("the session was ended by {by}")) {
        return Err(Problem::conflict("the session is over already"));
    }
    let head = session.head.as_ref();
    let act = Act {
        at: api.clock.now(),
        actor: by,
        action: "session.kill",
        object: session.id.to_string(),
        detail: json!({
            "subject": head.map(|head| &head.identity.subject),
            "resource": head.map(|head| &head.resource),
        }),
    };
    api.store
        .write(move |transaction| audit::append(transaction, &act))
        .await
        .map_err(|error: StoreError| Problem::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn visible(api: &Api, caller: &Caller, id: Option<SessionId>) -> Result<Summary, Problem> {
    let hidden = || Problem::hidden("session");
    let id = id.ok_or_else(hidden)?;
    let found = blocking(api, move |recordings| match recordings.get(id) {
        Err(RecordingsError::NoSuch(_)) => Ok(None),
        found => found.map(Some),
    });
    found.await?.filter(|session| may_see(caller, session)).ok_or_else(hidden)
}

/// One's own, and everything for administrators. What does not say whose it is, for these alone.
fn may_see(caller: &Caller, session: &Summary) -> bool {
    let own = session
        .head
        .as_ref()
        .is_some_and(|head| caller.is(&head.identity) && caller.reaches(&head.resource));
    own || caller.admin
}

fn shown(session: Summary) -> Shown {
    let head = session.head.map(|head| Head {
        opened: head.opened.to_string(),
        subject: head.identity.subject,
        kind: head.identity.kind,
        provider: head.identity.provider,
        on_behalf_of: head.identity.on_behalf_of,
        source: head.source,
        client: head.client,
        resource: head.resource,
        protocol: head.protocol,
        database: head.database,
        policies: head.policies,
    });
    Shown {
        id: session.id,
        state: session.state,
        head,
        ended: session.ending.as_ref().map(|ending| ending.at.to_string()),
        ending: session.ending.map(|ending| ending.how),
        counts: session.counts,
        bytes: session.bytes,
    }
}

async fn blocking<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce(&Recordings) -> Result<T, RecordingsError> + Send + 'static,
) -> Result<T, Problem> {
    let recordings = api.recordings.clone();
    tokio::task::spawn_blocking(move || work(&recordings))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))
}

/// Reads on only when the client has taken what was read: a slow one holds no thread and no more
/// than a chunk.
fn streamed<S: Send + 'static>(
    source: S,
    kind: &'static str,
    read: fn(&mut S) -> std::io::Result<Vec<u8>>,
) -> Response {
    let chunks = stream::try_unfold(source, move |mut source| async move {
        let read =
            tokio::task::spawn_blocking(move || read(&mut source).map(|chunk| (chunk, source)));
        let (chunk, source) = read.await.map_err(std::io::Error::other)??;
        // Nothing more: the source is over.
        if chunk.is_empty() {
            return Ok::<_, std::io::Error>(None);
        }
        Ok(Some((Bytes::from(chunk), source)))
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(chunks)).into_response()
}

fn bytes(file: &mut std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::new();
    file.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

fn lines((replay, render): &mut (Replay, JsonLines)) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::new();
    while chunk.len() < CHUNK
        && let Some(event) = replay.next()
    {
        let line = match event {
            Ok((at, event)) => render.event(at, &event),
            // The reader learns that the story breaks off here, and why.
            Err(error) => json!({ "damaged": error.to_string() }).to_string(),
        };
        chunk.extend_from_slice(line.as_bytes());
        chunk.push(b'\n');
    }
    Ok(chunk)
}
