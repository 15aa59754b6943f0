//! Legal holds: what is held is not deleted, however old or large it is.

use model::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;

use super::told;
use crate::audit::{Event, micros};
use crate::store::StoreError;

/// A hold on one session's recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Why, in the words of whoever laid it.
    pub reason: String,
    /// Who laid it.
    pub by: String,
    /// When.
    #[serde(serialize_with = "crate::clock::rfc3339")]
    pub at: Timestamp,
}

/// What became of asking for a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It lies.
    Laid,
    /// One lay already, and it stays as it is.
    Already,
    /// The recording is being deleted.
    TooLate,
}

pub(super) fn lay(
    transaction: &Transaction<'_>,
    id: SessionId,
    hold: &Hold,
) -> Result<Held, StoreError> {
    let doomed = transaction
        .prepare_cached("select 1 from archive where session = ? and deleting is not null")?
        .exists([id.to_string()])?;
    if doomed {
        return Ok(Held::TooLate);
    }
    let laid = transaction.execute(
        "insert into holds (session, reason, held_by, at) values (?, ?, ?, ?) on conflict (session) do nothing",
        params![id.to_string(), hold.reason, hold.by, micros(hold.at)],
    )?;
    if laid == 0 {
        return Ok(Held::Already);
    }
    let event = Event::RecordingHeld { reason: hold.reason.clone() };
    told::tell(transaction, hold.at, &hold.by, id, event)?;
    Ok(Held::Laid)
}

/// `false`: none lay.
pub(super) fn lift(
    transaction: &Transaction<'_>,
    id: SessionId,
    by: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if transaction.execute("delete from holds where session = ?", [id.to_string()])? == 0 {
        return Ok(false);
    }
    told::tell(transaction, at, by, id, Event::RecordingReleased {})?;
    Ok(true)
}

pub(super) fn of(connection: &Connection, id: SessionId) -> Result<Option<Hold>, StoreError> {
    let mut statement =
        connection.prepare_cached("select reason, held_by, at from holds where session = ?")?;
    let found = statement.query_row([id.to_string()], |row| {
        let at: i64 = row.get(2)?;
        let at = Timestamp::from_micros(at.unsigned_abs());
        Ok(Hold { reason: row.get(0)?, by: row.get(1)?, at })
    });
    Ok(found.optional()?)
}
