use evidence::audit::{
    Begins, Broken, Chain, Checkpoint, Entry, Extent, GENESIS, Line, Seal, canonical,
};
use evidence::{KeyId, PublicKey, SigningKey};
use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::Act;
use crate::store::StoreError;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only this actor's acts.
    pub actor: Option<String>,
    /// Only acts whose code begins so: `approval.`.
    pub action: Option<String>,
    /// Only acts on this object.
    pub object: Option<String>,
    /// Only acts at or after this time.
    pub since: Option<Timestamp>,
    /// Only acts before this time.
    pub until: Option<Timestamp>,
    /// Only acts before this one (the next page).
    pub before: Option<u64>,
    /// Only acts after this one; the oldest first, unless `before` is set too.
    pub after: Option<u64>,
    /// How many at most.
    pub limit: u32,
}

const COLUMNS: &str = "seq, at, actor, action, object, detail, hash";

/// Appends inside the transaction of the very act it tells of: neither is there without the other.
pub(crate) fn append(transaction: &Transaction<'_>, act: &Act) -> Result<(), StoreError> {
    let (seq, previous) = head(transaction)?;
    let detail = canonical(&act.event.detail());
    let (seq, action) = (seq + 1, act.event.code());
    let (actor, object) = (&act.actor, &act.object);
    // As it will be read back: a time beyond what SQLite keeps is hashed as it is kept.
    let at = Timestamp::from_micros(micros(act.at).unsigned_abs());
    let hash = Seal { seq, at, actor, action, object, detail: &detail }.after(&previous);
    let mut insert = transaction.prepare_cached(
        "insert into audit (seq, at, actor, action, object, detail, hash) values (?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![seq, micros(at), actor, action, object, detail, hash.as_slice()])?;
    Ok(())
}

/// Signs what this transaction added, in this transaction: nothing is ever in the log unsigned.
pub(crate) fn sign(transaction: &Transaction<'_>, key: &SigningKey) -> Result<(), StoreError> {
    let (seq, hash) = head(transaction)?;
    let (number, signed) = last_checkpoint(transaction)?;
    if seq == signed {
        return Ok(());
    }
    let checkpoint = Checkpoint::sign(key, number + 1, seq, &hash);
    let mut insert = transaction.prepare_cached(
        "insert into audit_checkpoints (number, seq, key, signature) values (?, ?, ?, ?)",
    )?;
    let (key, signature) = (checkpoint.key.0, checkpoint.signature);
    insert.execute(params![checkpoint.number, seq, key.as_slice(), signature.as_slice()])?;
    Ok(())
}

/// The number of the newest entry; 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> Result<u64, StoreError> {
    Ok(head(connection)?.0)
}

/// Newest first; oldest first for whoever follows the log from an entry on.
pub(crate) fn list(connection: &Connection, query: &Query) -> Result<Vec<Entry>, StoreError> {
    let follows = query.after.is_some() && query.before.is_none();
    let order = if follows { "asc" } else { "desc" };
    let mut statement = connection.prepare_cached(&format!(
        "select {COLUMNS} from audit
         where (?1 is null or actor = ?1)
           and (?2 is null or substr(action, 1, length(?2)) = ?2)
           and (?3 is null or object = ?3)
           and (?4 is null or at >= ?4)
           and (?5 is null or at < ?5)
           and (?6 is null or seq < ?6)
           and (?7 is null or seq > ?7)
         order by seq {order} limit ?8",
    ))?;
    let mut rows = statement.query(params![
        query.actor,
        query.action,
        query.object,
        query.since.map(micros),
        query.until.map(micros),
        query.before.map(signed),
        query.after.map(signed),
        query.limit
    ])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// Oldest first, those behind `seq`.
pub(crate) fn after(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "select {COLUMNS} from audit where seq > ? order by seq limit ?"
    ))?;
    let mut rows = statement.query(params![signed(seq), limit])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// The lines of an export behind `seq`, up to a checkpoint: some entries, and the checkpoints among
/// them. Nothing when there is nothing more.
pub(crate) fn lines(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let entries = after(connection, seq, limit)?;
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "select number, seq, key, signature from audit_checkpoints where seq between ? and ? order by seq",
    )?;
    let mut rows = statement.query(params![first.seq, last.seq])?;
    let mut checkpoints = Vec::new();
    while let Some(row) = rows.next()? {
        checkpoints.push(checkpoint(row)?);
    }
    let mut checkpoints = checkpoints.into_iter().peekable();
    let mut lines = Vec::with_capacity(entries.len() * 2);
    for entry in entries {
        let seq = entry.seq;
        lines.push(Line::Entry(entry));
        if let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.seq <= seq) {
            lines.push(Line::Checkpoint(checkpoint));
        }
    }
    Ok(lines)
}

/// The first line of an export of what comes behind `seq`.
pub(crate) fn begins(connection: &Connection, seq: u64) -> Result<Line, StoreError> {
    let hash: Option<Vec<u8>> = connection
        .query_row("select hash from audit where seq = ?", [signed(seq)], |row| row.get(0))
        .optional()?;
    let hash = match hash {
        Some(hash) => fixed(hash, "hash")?,
        None if seq == 0 => GENESIS,
        None => return Err(StoreError::Corrupt(format!("there is no audit entry {seq}"))),
    };
    let checkpoints = connection.query_row(
        "select count(*) from audit_checkpoints where seq <= ?",
        [signed(seq)],
        |row| row.get(0),
    )?;
    Ok(Line::Begins(Begins { after: seq, hash, checkpoints }))
}

/// Reads the whole log again, chain and signatures, and hands every entry that holds to `each`.
///
/// # Errors
/// The log breaks ([`StoreError::Audit`]), or cannot be read.
pub(crate) fn check(
    connection: &Connection,
    key: &PublicKey,
    mut each: impl FnMut(Entry),
) -> Result<Extent, StoreError> {
    let mut checkpoints = connection
        .prepare("select number, seq, key, signature from audit_checkpoints order by number")?;
    let mut checkpoints = checkpoints.query([])?;
    let mut read = 0;
    let mut chain = Chain::new(key);
    let mut next = next_checkpoint(&mut checkpoints, chain.head(), &mut read)?;
    let mut statement = connection.prepare(&format!("select {COLUMNS} from audit order by seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let expected = chain.head().0 + 1;
        let unreadable = || StoreError::Audit(Broken::Unreadable(expected));
        let raw = Raw::take(row).map_err(|_| unreadable())?;
        let seal = Seal {
            seq: raw.seq,
            at: Timestamp::from_micros(raw.at),
            actor: &raw.actor,
            action: &raw.action,
            object: &raw.object,
            detail: &raw.detail,
        };
        chain.entry(&seal, &raw.hash).map_err(StoreError::Audit)?;
        each(raw.entry().map_err(|_| unreadable())?);
        while let Some(checkpoint) = next.filter(|checkpoint| checkpoint.seq <= expected) {
            chain.checkpoint(&checkpoint).map_err(StoreError::Audit)?;
            next = next_checkpoint(&mut checkpoints, chain.head(), &mut read)?;
        }
    }
    if let Some(checkpoint) = next {
        chain.checkpoint(&checkpoint).map_err(StoreError::Audit)?;
    }
    chain.finish().map_err(StoreError::Audit)?;
    Ok(chain.extent())
}

/// The next checkpoint, or what is to be said of one that cannot be read.
fn next_checkpoint(
    rows: &mut rusqlite::Rows<'_>,
    head: (u64, [u8; 32]),
    read: &mut u64,
) -> Result<Option<Checkpoint>, StoreError> {
    let Some(row) = rows.next()? else { return Ok(None) };
    *read += 1;
    let broken = Broken::Checkpoints { expected: *read, seq: head.0 };
    checkpoint(row).map(Some).map_err(|_| StoreError::Audit(broken))
}

/// Timestamps are kept as SQLite's signed integers.
pub(crate) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

/// No entry's number is beyond what SQLite keeps.
fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn head(connection: &Connection) -> Result<(u64, [u8; 32]), StoreError> {
    let mut statement =
        connection.prepare_cached("select seq, hash from audit order by seq desc limit 1")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok((0, GENESIS)) };
    Ok((row.get(0)?, fixed(row.get(1)?, "hash")?))
}

fn last_checkpoint(connection: &Connection) -> Result<(u64, u64), StoreError> {
    let mut statement = connection
        .prepare_cached("select number, seq from audit_checkpoints order by number desc limit 1")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok((0, 0)) };
    Ok((row.get(0)?, row.get(1)?))
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        number: row.get(0)?,
        seq: row.get(1)?,
        key: KeyId(fixed(row.get(2)?, "key")?),
        signature: fixed(row.get(3)?, "signature")?,
    })
}

fn fixed<const N: usize>(bytes: Vec<u8>, what: &str) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("an audit entry's {what}")))
}

/// A row as it stands.
struct Raw {
    seq: u64,
    at: u64,
    actor: String,
    action: String,
    object: String,
    detail: String,
    hash: Vec<u8>,
}

impl Raw {
    fn take(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            actor: row.get(2)?,
            action: row.get(3)?,
            object: row.get(4)?,
            detail: row.get(5)?,
            hash: row.get(6)?,
        })
    }

    fn entry(self) -> Result<Entry, StoreError> {
        Ok(Entry {
            seq: self.seq,
            at: Timestamp::from_micros(self.at),
            actor: self.actor,
            action: self.action,
            object: self.object,
            detail: serde_json::from_str(&self.detail)
                .map_err(|_| StoreError::Corrupt("an audit entry's fields".into()))?,
            hash: hex::encode(self.hash),
        })
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Raw::take(row)?.entry()
}
