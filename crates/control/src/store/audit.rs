//! Who did what at the desk: append-only, each row sealed with the hash of the one before.

use model::Timestamp;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::StoreError;

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// By whom: a subject, or `sluice` for what the house does by itself.
    pub actor: String,
    /// What: `token.create`, `approval.approve`.
    pub action: &'static str,
    /// To what: an id or a name.
    pub object: String,
    /// The rest, as one JSON object. Never a secret, never a command's text.
    pub detail: serde_json::Value,
}

/// An act as it stands in the log.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts from 1 without a gap.
    #[serde(rename = "id")]
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "crate::clock::rfc3339")]
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
    /// The rest.
    pub detail: serde_json::Value,
    /// BLAKE3 over the previous row's hash and this row's fields, in hexadecimal.
    pub hash: String,
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only these actors' acts.
    pub actor: Option<String>,
    /// Only acts whose name begins so: `approval.`.
    pub action: Option<String>,
    /// Only acts before this one (the next page).
    pub before: Option<u64>,
    /// How many at most.
    pub limit: u32,
}

/// Appends inside the transaction of the very act it tells of: neither is there without the other.
pub(crate) fn append(transaction: &Transaction<'_>, act: &Act) -> Result<(), StoreError> {
    let (seq, previous) = head(transaction)?;
    let detail = act.detail.to_string();
    let next = seq + 1;
    let hash = seal(&previous, next, act.at, [&act.actor, act.action, &act.object, &detail]);
    transaction.execute(
        "insert into audit (seq, at, actor, action, object, detail, hash) values (?, ?, ?, ?, ?, ?, ?)",
        params![next, micros(act.at), act.actor, act.action, act.object, detail, hash.as_slice()],
    )?;
    Ok(())
}

/// Newest first.
pub(crate) fn list(connection: &Connection, query: &Query) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select seq, at, actor, action, object, detail, hash from audit
         where (?1 is null or actor = ?1)
           and (?2 is null or substr(action, 1, length(?2)) = ?2)
           and (?3 is null or seq < ?3)
         order by seq desc limit ?4",
    )?;
    let rows = statement.query_map(
        params![query.actor, query.action, query.before, query.limit],
        |row| {
            let detail: String = row.get(5)?;
            let hash: Vec<u8> = row.get(6)?;
            Ok(Entry {
                seq: row.get(0)?,
                at: Timestamp::from_micros(row.get(1)?),
                actor: row.get(2)?,
                action: row.get(3)?,
                object: row.get(4)?,
                detail: serde_json::from_str(&detail).unwrap_or_default(),
                hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads the whole chain again and says how many rows hold.
///
/// # Errors
/// A row was changed, removed or put in between: which one.
pub(crate) fn verify(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection
        .prepare("select seq, at, actor, action, object, detail, hash from audit order by seq")?;
    let mut rows = statement.query([])?;
    let (mut count, mut previous) = (0, [0; 32]);
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(0)?;
        let fields: [String; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let at = Timestamp::from_micros(row.get(1)?);
        let stored: Vec<u8> = row.get(6)?;
        count += 1;
        previous = seal(&previous, seq, at, fields.each_ref().map(String::as_str));
        if seq != count || stored != previous {
            return Err(StoreError::Corrupt(format!("the audit chain breaks at entry {count}")));
        }
    }
    Ok(count)
}

/// Timestamps are kept as SQLite's signed integers.
pub(crate) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

fn head(connection: &Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let mut statement =
        connection.prepare_cached("select seq, hash from audit order by seq desc limit 1")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok((0, [0; 32])) };
    let hash: Vec<u8> = row.get(1)?;
    let hash = hash.try_into().map_err(|_| StoreError::Corrupt("an audit hash".into()))?;
    Ok((row.get(0)?, hash))
}

fn seal(previous: &[u8; 32], seq: u64, at: Timestamp, fields: [&str; 4]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("sluice audit chain v1");
    hasher.update(previous);
    hasher.update(&seq.to_be_bytes());
    hasher.update(&at.as_micros().to_be_bytes());
    for field in fields {
        // Lengths first, so that no two rows read the same bytes.
        hasher.update(&(field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    *hasher.finalize().as_bytes()
}
