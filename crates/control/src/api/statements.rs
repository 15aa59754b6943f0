//! Statements that are looked for, across sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::{ApprovalId, SessionId, Timestamp, Verdict};
use serde::{Deserialize, Serialize};

use super::extract::Query;
use super::{Api, Caller, Problem};
use crate::index::{IndexError, Phrases, Question, Scope, Spot, Status};
use crate::recordings::{Hit, Recordings};

/// So many statements at once: each is read from its recording.
const MOST: usize = 200;
/// So much of a text is shown.
const LONGEST: usize = 4096;

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    text: Option<String>,
    subject: Option<String>,
    resource: Option<String>,
    since: Option<u64>,
    until: Option<u64>,
    verdict: Option<Verdict>,
    table: Option<String>,
    program: Option<String>,
    path: Option<String>,
    class: Option<String>,
    session: Option<String>,
    approval: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A page of statements.
#[derive(Serialize)]
pub(super) struct Page {
    statements: Vec<Shown>,
    /// What to ask for the next page with; nothing after the last one.
    next: Option<String>,
    /// Whether everything is in the index that should be.
    complete: bool,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    session: SessionId,
    number: u64,
    at: String,
    times: u64,
    last: String,
    subject: String,
    resource: String,
    verdicts: Vec<&'static str>,
    policies: Vec<String>,
    approval: Option<ApprovalId>,
    tables: Vec<String>,
    classes: Vec<String>,
    rows: u64,
    recording: Spot,
    /// Nothing when the recording cannot be read there.
    text: Option<String>,
    /// Whether the text goes on.
    cut: bool,
}

/// How far the index is; how much is left is for administrators.
#[derive(Serialize)]
pub(super) struct Progress {
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page>, Problem> {
    let question = Question {
        scope: scope(&caller),
        subject: filter.subject,
        resource: filter.resource,
        since: filter.since.map(Timestamp::from_secs),
        until: filter.until.map(Timestamp::from_secs),
        session: id("session", filter.session.as_deref())?,
        words: words(filter.text.as_deref())?,
        verdict: filter.verdict,
        table: filter.table,
        program: filter.program,
        path: filter.path,
        class: filter.class,
        approval: id("approval", filter.approval.as_deref())?,
        after: cursor(filter.cursor.as_deref())?,
        limit: filter.limit.unwrap_or(50).clamp(1, MOST),
    };
    let complete = api.recordings.index_status().complete;
    let (hits, next) = asking(&api, move |recordings| recordings.statements(&question)).await?;
    let statements = hits.into_iter().map(shown).collect();
    Ok(Json(Page { statements, next: next.map(|place| place.to_string()), complete }))
}

/// How far the index is.
pub(super) async fn state(State(api): State<Arc<Api>>, caller: Caller) -> Json<Progress> {
    let Status { complete, behind, error } = api.recordings.index_status();
    let admin = caller.admin;
    Json(Progress { complete, behind: admin.then_some(behind), error: error.filter(|_| admin) })
}

/// What a caller may find: what is others' is not even looked at, unless they are an administrator.
pub(super) fn scope(caller: &Caller) -> Scope {
    if caller.admin {
        return Scope::Everything;
    }
    Scope::Own {
        subject: caller.identity.subject.clone(),
        provider: caller.identity.provider.clone(),
        only: caller.identity.only_resources.clone(),
    }
}

pub(super) fn words(text: Option<&str>) -> Result<Phrases, Problem> {
    let parsed = text.map_or_else(|| Ok(Phrases::default()), Phrases::parse);
    parsed.map_err(|error| Problem::bad_request(format!("`text`: {error}")))
}

pub(super) fn cursor(text: Option<&str>) -> Result<Option<i64>, Problem> {
    let wrong = |_| Problem::bad_request("`cursor` is not from an earlier answer");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

fn id<T: std::str::FromStr>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    let wrong = |_| Problem::bad_request(format!("`{field}` is not an id"));
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

pub(super) async fn asking<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce(&Recordings) -> Result<T, IndexError> + Send + 'static,
) -> Result<T, Problem> {
    let recordings = api.recordings.clone();
    let answer = tokio::task::spawn_blocking(move || work(&recordings)).await;
    answer.map_err(|error| Problem::internal(&error))?.map_err(|error| match error {
        IndexError::NotReady => Problem::status(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            "the index is being made from the recordings: try again in a moment",
        ),
        error => Problem::internal(&error),
    })
}

fn shown(Hit { found, text }: Hit) -> Shown {
    let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
    let end = text.as_ref().map_or(0, |text| text.floor_char_boundary(LONGEST));
    let cut = text.as_ref().is_some_and(|text| text.len() > end);
    Shown {
        id: format!("{}/{}", found.session, found.number),
        session: found.session,
        number: found.number,
        at: found.at.to_string(),
        times: found.times,
        last: found.last.to_string(),
        subject: found.subject,
        resource: found.resource,
        verdicts: found.verdicts.names(),
        policies: found.policies,
        approval: found.approval,
        tables: found.tables,
        classes: found.classes,
        rows: found.rows,
        recording: found.spot,
        text: text.map(|mut text| {
            text.truncate(end);
            text
        }),
        cut,
    }
}
