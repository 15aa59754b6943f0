use model::ports::Bequest;
use model::{DataClass, Inherited, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Serialize, Serializer};

use crate::audit::micros;
use crate::store::StoreError;

/// Something that a column inherited, and from whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, by which it can be forgotten.
    pub id: u64,
    /// What it is on.
    pub resource: String,
    /// Which database of it.
    pub database: String,
    /// What.
    #[serde(flatten, serialize_with = "members")]
    pub inherited: Inherited,
    /// The session whose statement put it there.
    pub session: String,
    /// Whose session that was.
    pub subject: String,
    /// When.
    #[serde(serialize_with = "crate::clock::rfc3339")]
    pub at: Timestamp,
}

fn members<S: Serializer>(inherited: &Inherited, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Members<'i> {
        schema: Option<&'i str>,
        relation: &'i str,
        column: Option<&'i str>,
        class: &'i DataClass,
        derivation: &'static str,
    }
    let members = Members {
        schema: inherited.schema.as_deref(),
        relation: &inherited.relation,
        column: inherited.column.as_deref(),
        class: &inherited.class,
        derivation: inherited.derivation.as_str(),
    };
    members.serialize(to)
}

/// `public.copies.number: us_ssn (computed)`; `*` is any schema, or every column.
pub(super) fn shown(one: &Inherited) -> String {
    let schema = one.schema.as_deref().unwrap_or("*");
    let column = one.column.as_deref().unwrap_or("*");
    format!("{schema}.{}.{column}: {} ({})", one.relation, one.class, one.derivation.as_str())
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    bequest: &Bequest,
    one: &Inherited,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "insert into inherited (resource, dbname, nsp, relation, col, class, derivation,
                                session, subject, at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
    )?;
    insert.execute(params![
        bequest.resource,
        bequest.database,
        one.schema,
        one.relation,
        one.column,
        one.class.as_str(),
        one.derivation.as_str(),
        bequest.session.to_string(),
        bequest.subject,
        micros(at),
    ])?;
    Ok(())
}

const COLUMNS: &str =
    "id, resource, dbname, nsp, relation, col, class, derivation, session, subject, at";

pub(super) fn list(
    connection: &Connection,
    resource: Option<&str>,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "select {COLUMNS} from inherited where ?1 is null or resource = ?1
         order by resource, dbname, nsp, relation, col, class, derivation"
    ))?;
    let mut rows = statement.query([resource])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

/// Takes one out, when it is there.
pub(super) fn remove(transaction: &Transaction<'_>, id: u64) -> Result<Option<Entry>, StoreError> {
    let Ok(id) = i64::try_from(id) else { return Ok(None) };
    let mut statement = transaction
        .prepare_cached(&format!("delete from inherited where id = ? returning {COLUMNS}"))?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let gone = entry(row)?;
    // Until it says that there is no more, nothing is deleted.
    while rows.next()?.is_some() {}
    Ok(Some(gone))
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let class: String = row.get(6)?;
    let derivation: String = row.get(7)?;
    let at: i64 = row.get(10)?;
    let inherited = Inherited {
        schema: row.get(3)?,
        relation: row.get(4)?,
        column: row.get(5)?,
        class: DataClass::new(&class).ok_or_else(|| StoreError::Corrupt(class.clone()))?,
        derivation: derivation
            .parse()
            .map_err(|_| StoreError::Corrupt(format!("derivation {derivation}")))?,
    };
    let id: i64 = row.get(0)?;
    Ok(Entry {
        id: id.unsigned_abs(),
        resource: row.get(1)?,
        database: row.get(2)?,
        inherited,
        session: row.get(8)?,
        subject: row.get(9)?,
        at: Timestamp::from_micros(at.unsigned_abs()),
    })
}
