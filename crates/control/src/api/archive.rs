use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::SessionId;
use serde::Deserialize;

use super::extract::{Body, Id};
use super::{Api, Caller, Problem, sessions};
use crate::archive::{ArchiveError, Held, Hold, Standing};
use crate::recordings::RecordingsError;

/// A reason is a sentence or two.
const LONGEST: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    reason: String,
}

/// How the archive stands.
pub(super) async fn standing(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Standing>, Problem> {
    caller.must_be_admin()?;
    Ok(Json(api.archive.standing()))
}

/// What is held is not deleted.
pub(super) async fn hold(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Body(new): Body<NewHold>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let reason = new.reason.trim().to_owned();
    if reason.is_empty() || reason.len() > LONGEST || reason.chars().any(char::is_control) {
        return Err(Problem::invalid(format!(
            "`reason` must have 1 to {LONGEST} bytes and no control characters"
        )));
    }
    let id = sessions::visible(&api, &caller, id).await?.id;
    let hold = Hold { reason, by: caller.identity.subject, at: api.clock.now() };
    match api.archive.hold(id, hold).await? {
        Held::Laid => Ok(StatusCode::NO_CONTENT),
        Held::Already => Err(Problem::conflict("a hold lies on this session already")),
        Held::TooLate => Err(Problem::conflict("its recording is being deleted")),
    }
}

/// Retention goes on with it.
pub(super) async fn release(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let id = sessions::visible(&api, &caller, id).await?.id;
    if api.archive.release(id, caller.identity.subject, api.clock.now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::conflict("no hold lies on this session"))
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Recordings(RecordingsError::NoSuch(_)) => Self::hidden("session"),
            ArchiveError::Unavailable(_) | ArchiveError::Closing => {
                Self::status(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            ArchiveError::Damaged(why) => Self::status(StatusCode::BAD_GATEWAY, why),
            ArchiveError::Store(_) | ArchiveError::Books(_) | ArchiveError::Recordings(_) => {
                Self::internal(&error)
            }
        }
    }
}
