//! What is known of recordings whose session is over: where they are, and how far their upload is.

use model::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::plan::Kept;
use super::told::{self, HOUSE};
use crate::audit::{Event, micros};
use crate::recordings::{SessionState, Summary};
use crate::store::StoreError;

/// A recording that is to be uploaded, fetched or deleted.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: SessionId,
    pub(super) bytes: u64,
    /// Its name in the object store; empty before its upload was begun.
    pub(super) object: String,
    /// BLAKE3 of the whole file, once it was computed for an upload.
    pub(super) digest: Option<blake3::Hash>,
    /// An upload in parts that was begun, and how long its parts are.
    pub(super) upload: Option<(String, u64)>,
    pub(super) uploaded: Option<Timestamp>,
    /// Why it is not uploaded, when that is not the store's doing.
    pub(super) trouble: Option<String>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// All recordings of sessions that are over, but those that are being deleted.
    pub(super) count: u64,
    pub(super) bytes: u64,
    /// Those with a copy on this machine.
    pub(super) local: u64,
    /// Those whose upload is not verified.
    pub(super) waiting: u64,
    pub(super) waiting_bytes: u64,
    /// Those that cannot be uploaded as they are.
    pub(super) troubled: u64,
}

const ENTRY: &str = "session, bytes, object, digest, upload, part, uploaded, trouble from archive";
const KEPT: &str =
    "a.session, a.ended, a.bytes, a.uploaded is not null, a.local, h.session is not null
     from archive a left join holds h on h.session = a.session";

/// Takes a recording into the books, unless it is in them.
pub(super) fn register(
    transaction: &Transaction<'_>,
    summary: &Summary,
    ended: Timestamp,
    chain: &[u8],
) -> Result<(), StoreError> {
    let head = summary.head.as_ref();
    let text = serde_json::to_string(summary).map_err(unreadable)?;
    transaction.prepare_cached(
        "insert into archive (session, subject, resource, state, opened, ended, bytes, chain, summary, local)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) on conflict (session) do nothing",
    )?
    .execute(params![
        summary.id.to_string(),
        head.map(|head| &head.identity.subject),
        head.map(|head| &head.resource),
        state_name(summary.state),
        micros(head.map_or(ended, |head| head.opened)),
        micros(ended),
        signed(summary.bytes),
        chain,
        text,
    ])?;
    Ok(())
}

/// Whether a recording is in the books, and then whether it is said to have a copy here, and whether it
/// is being deleted.
pub(super) fn copy_of(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<(bool, bool)>, StoreError> {
    let mut statement = connection
        .prepare_cached("select local, deleting is not null from archive where session = ?")?;
    let found = statement.query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

/// There is a copy here again. It may go only after another look at the object.
pub(super) fn returned(transaction: &Transaction<'_>, id: SessionId) -> Result<(), StoreError> {
    transaction.execute(
        "update archive set local = 1 where session = ? and deleting is null",
        [id.to_string()],
    )?;
    Ok(())
}

/// All that are said to have a copy here.
pub(super) fn local(connection: &Connection) -> Result<Vec<SessionId>, StoreError> {
    sessions(connection, "local = 1")
}

/// All that are in the object store and not here.
pub(super) fn elsewhere(connection: &Connection) -> Result<Vec<SessionId>, StoreError> {
    sessions(connection, "local = 0 and deleting is null")
}

fn sessions(connection: &Connection, which: &str) -> Result<Vec<SessionId>, StoreError> {
    let mut statement =
        connection.prepare(&format!("select session from archive where {which}"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|id| id?.parse().map_err(unreadable)).collect()
}

/// One recording.
pub(super) fn entry(connection: &Connection, id: SessionId) -> Result<Option<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("select {ENTRY} where session = ?"))?;
    statement.query_row([id.to_string()], read_entry).optional()?.transpose()
}

/// The oldest that wait to be uploaded.
pub(super) fn waiting(connection: &Connection, limit: u32) -> Result<Vec<Entry>, StoreError> {
    entries(
        connection,
        "where uploaded is null and trouble is null and deleting is null order by ended, session",
        limit,
    )
}

/// Those whose deletion was decided and is not done, in no order: one that the store does not let go of
/// keeps no other.
pub(super) fn doomed(connection: &Connection, limit: u32) -> Result<Vec<Entry>, StoreError> {
    entries(connection, "where deleting is not null order by random()", limit)
}

fn entries(connection: &Connection, which: &str, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("select {ENTRY} {which} limit ?"))?;
    let rows = statement.query_map([limit], read_entry)?;
    rows.map(|row| row?).collect()
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<Result<Entry, StoreError>> {
    let (id, digest): (String, Option<Vec<u8>>) = (row.get(0)?, row.get(3)?);
    let upload: Option<String> = row.get(4)?;
    let part: Option<i64> = row.get(5)?;
    let (bytes, object) = (row.get(1)?, row.get(2)?);
    let (uploaded, trouble): (Option<i64>, _) = (row.get(6)?, row.get(7)?);
    let parsed = || -> Result<Entry, StoreError> {
        let digest = digest.map(|digest| blake3::Hash::from_slice(&digest)).transpose();
        Ok(Entry {
            id: id.parse().map_err(unreadable)?,
            bytes,
            object,
            digest: digest.map_err(unreadable)?,
            upload: upload.zip(part.map(i64::unsigned_abs)),
            uploaded: uploaded.map(|at| Timestamp::from_micros(at.unsigned_abs())),
            trouble,
        })
    };
    Ok(parsed())
}

/// How much there is of everything.
pub(super) fn sums(connection: &Connection) -> Result<Sums, StoreError> {
    let two = |sql: &str| {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?)))
    };
    let (count, bytes) = two("select count(*), coalesce(sum(bytes), 0) from archive")?;
    // Subtracted, and not left out above: each of the two sums is read from an index alone or is short.
    let (going, going_bytes) =
        two("select count(*), coalesce(sum(bytes), 0) from archive where deleting is not null")?;
    let (count, bytes) = (count.saturating_sub(going), bytes.saturating_sub(going_bytes));
    let (_, local) = two("select count(*), coalesce(sum(bytes), 0) from archive where local = 1")?;
    let (waiting, waiting_bytes) =
        two("select count(*), coalesce(sum(bytes), 0) from archive where uploaded is null")?;
    let (troubled, _) =
        two("select count(*), 0 from archive where uploaded is null and trouble is not null")?;
    Ok(Sums { count, bytes, local, waiting, waiting_bytes, troubled })
}

/// An upload in parts was begun.
pub(super) fn begun(
    transaction: &Transaction<'_>,
    id: SessionId,
    object: &str,
    digest: &blake3::Hash,
    (upload, part): (&str, u64),
) -> Result<(), StoreError> {
    given_up(transaction, id)?;
    transaction.execute(
        "update archive set object = ?, digest = ?, upload = ?, part = ? where session = ?",
        params![object, digest.as_bytes().as_slice(), upload, signed(part), id.to_string()],
    )?;
    Ok(())
}

/// A part has arrived; the store has a name for it.
pub(super) fn arrived(
    transaction: &Transaction<'_>,
    id: SessionId,
    number: usize,
    name: &str,
) -> Result<(), StoreError> {
    transaction.execute(
        "insert or replace into archive_parts (session, number, name) values (?, ?, ?)",
        params![id.to_string(), number as u64, name],
    )?;
    Ok(())
}

/// The parts that have arrived, in order.
pub(super) fn parts(
    connection: &Connection,
    id: SessionId,
) -> Result<Vec<(usize, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select number, name from archive_parts where session = ? order by number",
    )?;
    let rows = statement.query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An upload in parts begins anew.
pub(super) fn given_up(transaction: &Transaction<'_>, id: SessionId) -> Result<(), StoreError> {
    let id = id.to_string();
    transaction.execute("delete from archive_parts where session = ?", [&id])?;
    transaction
        .execute("update archive set upload = null, part = null where session = ?", [&id])?;
    Ok(())
}

/// The object was read back and is what the file is.
pub(super) fn uploaded(
    transaction: &Transaction<'_>,
    entry: &Entry,
    object: &str,
    digest: &blake3::Hash,
    url: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    given_up(transaction, entry.id)?;
    let chain: Option<Vec<u8>> = transaction
        .query_row(
            "update archive set uploaded = ?, object = ?, digest = ?, trouble = null
             where session = ? and uploaded is null returning chain",
            params![micros(at), object, digest.as_bytes().as_slice(), entry.id.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(chain) = chain else { return Ok(()) };
    let event = Event::RecordingUploaded {
        to: url.to_owned(),
        bytes: entry.bytes,
        blake3: digest.to_hex().to_string(),
        recording: hex::encode(chain),
    };
    told::tell(transaction, at, HOUSE, entry.id, event)
}

/// It cannot be uploaded as it is.
pub(super) fn troubled(
    transaction: &Transaction<'_>,
    id: SessionId,
    why: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let changed = transaction.execute(
        "update archive set trouble = ? where session = ? and trouble is not ?1",
        params![why, id.to_string()],
    )?;
    if changed == 0 {
        return Ok(());
    }
    told::tell(transaction, at, HOUSE, id, Event::RecordingUploadFailed { why: why.to_owned() })
}

/// What could not be uploaded as it was is tried once more.
pub(super) fn try_again(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute(
        "update archive set trouble = null where uploaded is null and trouble is not null",
        [],
    )?;
    Ok(())
}

/// The object is not there any more: it is uploaded again from the copy here.
pub(super) fn lost(transaction: &Transaction<'_>, id: SessionId) -> Result<(), StoreError> {
    transaction.execute(
        "update archive set uploaded = null where session = ? and local = 1",
        [id.to_string()],
    )?;
    Ok(())
}

/// The oldest that retention may be about to delete: those in the object store, or where there is none
/// those that are in none.
pub(super) fn oldest(
    connection: &Connection,
    away: bool,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let uploaded = if away { "is not null" } else { "is null" };
    let which = format!(
        "where a.deleting is null and h.session is null and a.uploaded {uploaded}
         order by a.ended, a.session"
    );
    kept(connection, &which, limit)
}

/// The oldest with a copy here that is not the only one.
pub(super) fn oldest_here(connection: &Connection, limit: u32) -> Result<Vec<Kept>, StoreError> {
    kept(
        connection,
        "where a.local = 1 and a.uploaded is not null and a.deleting is null order by a.ended, a.session",
        limit,
    )
}

fn kept(connection: &Connection, which: &str, limit: u32) -> Result<Vec<Kept>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("select {KEPT} {which} limit ?"))?;
    let rows = statement.query_map([limit], |row| {
        let id: String = row.get(0)?;
        let (ended, bytes, uploaded): (i64, _, _) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let ended = Timestamp::from_micros(ended.unsigned_abs());
        let (local, held) = (row.get(4)?, row.get(5)?);
        Ok(id.parse().map(|id| Kept { id, ended, bytes, uploaded, local, held }))
    })?;
    rows.map(|row| row?.map_err(unreadable)).collect()
}

/// From here on it is being deleted: the audit log says so first. `false`: it is held, or gone.
pub(super) fn doom(
    transaction: &Transaction<'_>,
    id: SessionId,
    why: &'static str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let found = transaction
        .prepare_cached(
            "update archive set deleting = ? where session = ? and deleting is null
             and not exists (select 1 from holds where holds.session = archive.session)
             returning bytes, chain, local, uploaded is not null",
        )?
        .query_row(params![why, id.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((bytes, chain, local, uploaded)): Option<(u64, Vec<u8>, bool, bool)> = found else {
        return Ok(false);
    };
    let event = Event::RecordingDeleted {
        why: why.to_owned(),
        bytes,
        recording: hex::encode(chain),
        local,
        object_store: uploaded,
    };
    told::tell(transaction, at, HOUSE, id, event)?;
    Ok(true)
}

/// Nothing of it is left anywhere.
pub(super) fn forget(transaction: &Transaction<'_>, id: SessionId) -> Result<(), StoreError> {
    transaction.execute(
        "delete from archive where session = ? and deleting is not null",
        [id.to_string()],
    )?;
    Ok(())
}

/// The copy here is about to go. `false`: it is the only one.
pub(super) fn leave(transaction: &Transaction<'_>, id: SessionId) -> Result<bool, StoreError> {
    let changed = transaction.execute(
        "update archive set local = 0 where session = ? and uploaded is not null",
        [id.to_string()],
    )?;
    Ok(changed > 0)
}

/// When the newest recording ended.
pub(super) fn newest(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let newest: Option<i64> =
        connection.query_row("select max(ended) from archive", [], |row| row.get(0))?;
    Ok(newest.map(|at| Timestamp::from_micros(at.unsigned_abs())))
}

pub(super) const fn state_name(state: SessionState) -> &'static str {
    match state {
        SessionState::Live => "live",
        SessionState::Closed => "closed",
        SessionState::Interrupted => "interrupted",
        SessionState::Unreadable => "unreadable",
    }
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("the archive's books: {error}"))
}

/// SQLite's integers are signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
