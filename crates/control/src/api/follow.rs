//! A session's events as they come, to somebody who may have them until the end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use tokio::time::Instant;

use super::reading::{CHUNK, Lines, NDJSON};
use super::sessions::may_see;
use super::{Api, Credential, Problem};
use crate::recordings::{Following, RecordingsError, Summary};

/// How often it is looked for something new. The scribe comes by as often.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is asked whether the caller may still have it.
const ASK: Duration = Duration::from_secs(2);
/// While nothing happens an empty line is sent so often, so that both ends know of each other.
const QUIET: Duration = Duration::from_secs(15);

/// One who follows a session.
struct Tail {
    api: Arc<Api>,
    credential: Credential,
    session: Summary,
    asked: Instant,
    sent: Instant,
    /// Gone when there is nothing more to be said.
    source: Option<(Following, Lines)>,
}

/// The answer that goes on until the session ends. The caller may see the session at this moment.
pub(super) async fn answer(
    api: &Arc<Api>,
    credential: Credential,
    session: Summary,
    from: u64,
) -> Result<Response, Problem> {
    let (recordings, id) = (api.recordings.clone(), session.id);
    let following = tokio::task::spawn_blocking(move || recordings.follow(id)).await;
    let following = following.map_err(|error| Problem::internal(&error))?;
    let following = following.map_err(|error| match error {
        RecordingsError::TooManyFollow(_) => {
            Problem::status(StatusCode::TOO_MANY_REQUESTS, error.to_string())
        }
        error => Problem::internal(&error),
    })?;
    let now = Instant::now();
    let tail = Tail {
        api: Arc::clone(api),
        credential,
        session,
        asked: now,
        sent: now,
        source: Some((following, Lines::beginning_at(from))),
    };
    // A chunk is read when the one before was taken: a slow reader holds no more than that.
    let chunks = stream::unfold(tail, async |mut tail: Tail| {
        let chunk = tail.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), tail))
    });
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(chunks)).into_response())
}

impl Tail {
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let (mut following, mut lines) = self.source.take()?;
            // Before anything is handed out, not after: what came while nobody looked is not given to
            // somebody who may not have it any more.
            if self.asked.elapsed() >= ASK {
                if let Err(why) = self.still_allowed().await {
                    return Some(format!("{}\n", json!({ "refused": why })).into_bytes());
                }
                self.asked = Instant::now();
            }
            let read = tokio::task::spawn_blocking(move || {
                let mut chunk = Vec::new();
                following.look();
                while chunk.len() < CHUNK
                    && let Some(read) = following.take()
                {
                    lines.put(read, &mut chunk);
                }
                (chunk, following, lines)
            });
            let (chunk, following, lines) = read.await.ok()?;
            let over = following.is_over();
            if !over {
                self.source = Some((following, lines));
            }
            if !chunk.is_empty() {
                self.sent = Instant::now();
                return Some(chunk);
            }
            if over {
                return None;
            }
            if self.sent.elapsed() >= QUIET {
                self.sent = Instant::now();
                return Some(b"\n".to_vec());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The same question that was asked at the beginning.
    async fn still_allowed(&self) -> Result<(), String> {
        match self.credential.caller(&self.api).await {
            Ok(caller) if may_see(&caller, &self.session) => Ok(()),
            Ok(_) => Err("the session is not yours to see any more".to_owned()),
            Err(problem) => Err(problem.detail().to_owned()),
        }
    }
}
