//! What is in a recording: its events, the recording itself, what opens it. Whoever reads one goes
//! through [`reads`].

use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evidence::export::number_of;
use evidence::render::{JsonLines, Sizes};
use futures::stream;
use model::SessionId;
use serde::Deserialize;
use serde_json::json;

use super::extract::{Id, Query};
use super::sessions::{blocking, visible};
use super::{Api, Caller, Credential, Problem, follow};
use crate::audit::{Act, Event};
use crate::recordings::{Replay, Summary};

/// So much of a recording is in memory at once for each one who reads it.
pub(super) const CHUNK: usize = 64 * 1024;

/// What somebody reads of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its events.
    Events,
    /// Its events, as they come.
    Following,
    /// The sealed file, and what for, if they say.
    Recording(Option<Purpose>),
    /// What opens the file, and what for, if they say.
    Key(Option<Purpose>),
}

/// What somebody says they read a recording for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    Replay,
    Export,
    Verify,
    Tail,
}

impl Reading {
    /// What for, in a word.
    const fn purpose(self) -> &'static str {
        match self {
            Self::Following => "tail",
            Self::Events | Self::Recording(None) | Self::Key(None) => "read",
            Self::Recording(Some(purpose)) | Self::Key(Some(purpose)) => match purpose {
                Purpose::Replay => "replay",
                Purpose::Export => "export",
                Purpose::Verify => "verify",
                Purpose::Tail => "tail",
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    follow: bool,
    /// From this statement on.
    #[serde(default)]
    from: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    purpose: Option<Purpose>,
}

/// The events, one JSON object a line; of a session that is alive up to now, or as they come.
pub(super) async fn events(
    State(api): State<Arc<Api>>,
    credential: Credential,
    Id(id): Id<SessionId>,
    Query(Which { follow, from }): Query<Which>,
) -> Result<Response, Problem> {
    let caller = credential.caller(&api).await?;
    if follow {
        let session = reads(&api, &caller, id, Reading::Following).await?;
        return follow::answer(&api, credential, session, from).await;
    }
    let id = reads(&api, &caller, id, Reading::Events).await?.id;
    api.archive.at_hand(id).await?;
    let replay = blocking(&api, move |recordings| recordings.replay(id)).await?;
    Ok(streamed((replay, Lines::beginning_at(from)), NDJSON, lines))
}

/// The recording itself, for `sluice verify` on the reader's own machine.
pub(super) async fn recording(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(Why { purpose }): Query<Why>,
) -> Result<Response, Problem> {
    let id = reads(&api, &caller, id, Reading::Recording(purpose)).await?.id;
    // As it is: the reader checks it himself.
    let file = api.archive.open_recording(id).await?.file;
    Ok(streamed(file, "application/octet-stream", bytes))
}

/// What opens that recording on the reader's own machine: 64 hexadecimal digits.
pub(super) async fn key(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(Why { purpose }): Query<Why>,
) -> Result<Json<serde_json::Value>, Problem> {
    let id = reads(&api, &caller, id, Reading::Key(purpose)).await?.id;
    api.archive.at_hand(id).await?;
    let key = blocking(&api, move |recordings| recordings.session_key(id)).await?;
    Ok(Json(json!({ "key": hex::encode(key.bytes()) })))
}

/// The session somebody is about to read something of, if they may: the one way to what is in a
/// recording. Nothing is handed out that is not entered into the audit log first.
async fn reads(
    api: &Api,
    caller: &Caller,
    id: Option<SessionId>,
    reading: Reading,
) -> Result<Summary, Problem> {
    let session = visible(api, caller, id).await?;
    let head = session.head.as_ref();
    let subject = head.map(|head| head.identity.subject.clone());
    let resource = head.map(|head| head.resource.clone());
    let (purpose, source) = (reading.purpose().to_owned(), caller.from.to_string());
    let event = match reading {
        Reading::Events | Reading::Following => {
            Event::RecordingViewed { purpose, subject, resource, source }
        }
        Reading::Recording(_) => Event::RecordingExported { purpose, subject, resource, source },
        Reading::Key(_) => Event::KeyUsed { purpose, subject, resource, source },
    };
    let act = Act::new(api.clock.now(), &caller.identity.subject, session.id, event);
    api.store.record(act).await?;
    Ok(session)
}

pub(super) const NDJSON: &str = "application/x-ndjson";

/// Events as lines, from a statement on. Who it was is always said.
pub(super) struct Lines {
    render: JsonLines,
    from: u64,
    /// The number of the last command.
    current: u64,
    sizes: Sizes,
}

impl Lines {
    pub(super) fn beginning_at(from: u64) -> Self {
        Self { render: JsonLines::new(), from, current: 0, sizes: Sizes::new() }
    }

    /// Adds an event's line, if it is one of those wanted.
    pub(super) fn put<E: std::fmt::Display>(
        &mut self,
        read: Result<(model::Timestamp, model::Event), E>,
        out: &mut Vec<u8>,
    ) {
        let mut line = |line: String| {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        };
        match read {
            Ok((at, event)) => {
                // Whoever is not told the beginning is told which command a terminal's size is of.
                let size = self.sizes.before(&event);
                if let Some(size) = size.filter(|_| self.from > 0)
                    && self.holds(&size)
                {
                    line(self.render.event(at, &size));
                }
                if !(self.from > 0 && Sizes::waits(&event)) && self.holds(&event) {
                    line(self.render.event(at, &event));
                }
            }
            // The reader learns that the story breaks off here, and why.
            Err(error) => line(json!({ "damaged": error.to_string() }).to_string()),
        }
    }

    fn holds(&mut self, event: &model::Event) -> bool {
        if let model::Event::Command { number, .. } = event {
            self.current = self.current.max(*number);
        }
        // What belongs to no command belongs where it happened.
        let place = number_of(event).map(|number| if number == 0 { self.current } else { number });
        place.is_none_or(|place| place >= self.from)
    }
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

fn lines((replay, lines): &mut (Replay, Lines)) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::new();
    while chunk.len() < CHUNK
        && let Some(read) = replay.next()
    {
        lines.put(read, &mut chunk);
    }
    Ok(chunk)
}
