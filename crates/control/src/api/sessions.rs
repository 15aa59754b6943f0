use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use evidence::Counts;
use model::{ApprovalId, SessionId, Timestamp, Verdict};
use serde::{Deserialize, Serialize};

use super::extract::{Id, Query};
use super::{Api, Caller, Problem, statements};
use crate::archive::Whereabouts;
use crate::audit::{Act, Event};
use crate::desk;
use crate::index::{Question, Spot};
use crate::recordings::{self, Recordings, RecordingsError, SessionState, Summary, With};

/// Why a session was ended is said in so many bytes.
const LONGEST_REASON: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    resource: Option<String>,
    subject: Option<String>,
    state: Option<SessionState>,
    since: Option<u64>,
    until: Option<u64>,
    text: Option<String>,
    verdict: Option<Verdict>,
    table: Option<String>,
    program: Option<String>,
    path: Option<String>,
    class: Option<String>,
    cursor: Option<String>,
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

/// A session with where its recording is and the people's decisions in it.
#[derive(Serialize)]
pub(super) struct Whole {
    #[serde(flatten)]
    session: Shown,
    #[serde(flatten)]
    whereabouts: Whereabouts,
    approvals: Vec<Asked>,
}

/// A statement that people were asked about.
#[derive(Serialize)]
struct Asked {
    id: ApprovalId,
    state: desk::State,
    /// The statement's number.
    number: u64,
    policies: Vec<String>,
    needed: u32,
    decisions: Vec<desk::Decided>,
    /// Where in the recording the statement is; nothing as long as the index does not know it.
    recording: Option<Spot>,
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

/// A page of sessions. How the next one is asked for is said in the `Link` header, as RFC 8288 has it.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    RawQuery(asked): RawQuery,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let limit = filter.limit.unwrap_or(100).clamp(1, 1000);
    let question = Question {
        scope: statements::scope(&caller),
        subject: filter.subject,
        resource: filter.resource,
        since: filter.since.map(Timestamp::from_secs),
        until: filter.until.map(Timestamp::from_secs),
        words: statements::words(filter.text.as_deref())?,
        verdict: filter.verdict,
        table: filter.table,
        program: filter.program,
        path: filter.path,
        class: filter.class,
        limit,
        ..Question::default()
    };
    let cursor = filter.cursor.as_deref();
    let (sessions, next) = if question.is_about_statements() {
        let question = Question { after: statements::cursor(cursor)?, ..question };
        let state = filter.state;
        let found =
            statements::asking(&api, move |recordings| recordings.sessions_with(&question, state));
        let found = found.await?;
        let last = found.last().filter(|_| found.len() == limit).map(|one| one.place.to_string());
        (at_hand(&api, found, state).await?, last)
    } else {
        let wrong = |_| Problem::bad_request("`cursor` is not from an earlier answer");
        let wanted = recordings::Filter {
            resource: question.resource,
            subject: question.subject,
            scope: Some(question.scope),
            since: question.since,
            until: question.until,
            state: filter.state,
            before: cursor.map(|id| id.parse::<SessionId>().map_err(wrong)).transpose()?,
            limit: Some(limit),
        };
        // Those whose recording is here, and those whose recording is only in the object store.
        let mut listed = api.archive.list(&wanted).await?;
        listed.extend(blocking(&api, move |recordings| recordings.list(&wanted)).await?);
        listed.sort_unstable_by_key(|session| std::cmp::Reverse(session.id));
        listed.dedup_by_key(|session| session.id);
        listed.truncate(limit);
        let last = listed.last().filter(|_| listed.len() == limit);
        let last = last.map(|session| session.id.to_string());
        (listed, last)
    };
    // What the index and the filter let through is looked at once more.
    let visible = sessions.into_iter().filter(|session| may_see(&caller, session));
    let mut response = Json(visible.map(shown).collect::<Vec<_>>()).into_response();
    if let Some(next) = next {
        let asked = asked.unwrap_or_default();
        let pairs =
            url::form_urlencoded::parse(asked.as_bytes()).filter(|(name, _)| name != "cursor");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(pairs).append_pair("cursor", &next).finish();
        let link = format!("</api/v1/sessions?{query}>; rel=\"next\"");
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// The sessions of an answer of the index, those from the archive's books whose recording is away.
async fn at_hand(
    api: &Api,
    found: Vec<With>,
    state: Option<SessionState>,
) -> Result<Vec<Summary>, Problem> {
    let mut sessions = Vec::with_capacity(found.len());
    for With { id, summary, .. } in found {
        let summary = match summary {
            Some(summary) => Some(summary),
            None => api.archive.get(id).await?,
        };
        sessions.extend(summary.filter(|one| state.is_none_or(|state| state == one.state)));
    }
    Ok(sessions)
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Json<Whole>, Problem> {
    let session = visible(&api, &caller, id).await?;
    let id = session.id;
    let approvals = api.desk.of_session(id).await?;
    let numbers: Vec<_> = approvals.iter().map(|approval| approval.number).collect();
    let spots = blocking(&api, move |recordings| {
        Ok(numbers.into_iter().map(|number| recordings.spot(id, number)).collect::<Vec<_>>())
    });
    let asked = approvals.into_iter().zip(spots.await?).map(|(approval, recording)| Asked {
        id: approval.id,
        state: approval.state,
        number: approval.number,
        policies: approval.policies,
        needed: approval.needed,
        decisions: approval.decisions,
        recording,
    });
    let whereabouts = api.archive.whereabouts(id).await?;
    Ok(Json(Whole { session: shown(session), whereabouts, approvals: asked.collect() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Killing {
    reason: Option<String>,
}

/// Ends a session that is alive.
pub(super) async fn kill(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(Killing { reason }): Query<Killing>,
) -> Result<StatusCode, Problem> {
    let session = visible(&api, &caller, id).await?;
    let by = caller.identity.subject;
    let reason = reason.as_deref().map(sentence).transpose()?.filter(|reason| !reason.is_empty());
    let why = match reason {
        Some(reason) => format!("the session was ended by {by}: {reason}"),
        None => format!("the session was ended by {by}"),
    };
    // First the deed, then the record of it: a full disk must not keep an administrator from it.
    if !api.recordings.kill(session.id, &why) {
        return Err(Problem::conflict("the session is over already"));
    }
    let head = session.head.as_ref();
    let event = Event::SessionKilled {
        subject: head.map(|head| head.identity.subject.clone()),
        resource: head.map(|head| head.resource.clone()),
        reason: reason.map(str::to_owned),
    };
    let act = Act::new(api.clock.now(), by, session.id, event);
    if let Err(error) = api.store.record(act).await {
        api.store.health().lost(&error.to_string());
        return Err(error.into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What a person says to another: the client is told it, and it is kept.
fn sentence(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    if reason.len() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(Problem::invalid(format!(
            "`reason` must be one line of at most {LONGEST_REASON} bytes without control characters"
        )));
    }
    Ok(reason)
}

pub(super) async fn visible(
    api: &Api,
    caller: &Caller,
    id: Option<SessionId>,
) -> Result<Summary, Problem> {
    let hidden = || Problem::hidden("session");
    let id = id.ok_or_else(hidden)?;
    let found = blocking(api, move |recordings| match recordings.get(id) {
        Err(RecordingsError::NoSuch(_)) => Ok(None),
        found => found.map(Some),
    });
    let found = match found.await? {
        Some(found) => Some(found),
        None => api.archive.get(id).await?,
    };
    found.filter(|session| may_see(caller, session)).ok_or_else(hidden)
}

/// One's own, and everything for administrators. What does not say whose it is, for these alone.
pub(super) fn may_see(caller: &Caller, session: &Summary) -> bool {
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

pub(super) async fn blocking<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce(&Recordings) -> Result<T, RecordingsError> + Send + 'static,
) -> Result<T, Problem> {
    let recordings = api.recordings.clone();
    tokio::task::spawn_blocking(move || work(&recordings))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))
}
