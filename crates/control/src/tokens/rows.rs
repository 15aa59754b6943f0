use std::collections::HashMap;

use model::{IdentityKind, Timestamp, TokenId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::Token;
use crate::audit::micros;
use crate::store::StoreError;

const COLUMNS: &str = "id, name, subject, kind, groups, only_resources, created_by, created, \
                       expires, revoked, revoked_by, last_used, hash, ssh_key";

pub(super) fn insert(
    transaction: &Transaction<'_>,
    token: &Token,
    hash: &[u8; 32],
) -> Result<(), StoreError> {
    transaction.execute(
        "insert into tokens (id, hash, name, subject, kind, groups, only_resources, created_by,
                             created, expires, ssh_key)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            token.id.to_string(),
            hash.as_slice(),
            token.name,
            token.subject,
            token.kind.name(),
            json(&token.groups)?,
            token.only_resources.as_ref().map(json).transpose()?,
            token.created_by,
            micros(token.created),
            micros(token.expires),
            token.ssh_key,
        ],
    )?;
    Ok(())
}

pub(super) fn list(connection: &Connection) -> Result<Vec<Token>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("select {COLUMNS} from tokens order by id desc"))?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(token(row)?);
    }
    Ok(tokens)
}

pub(super) fn by_id(connection: &Connection, id: TokenId) -> Result<Option<Token>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("select {COLUMNS} from tokens where id = ?"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(token).transpose()
}

pub(super) fn by_hash(
    connection: &Connection,
    hash: &[u8; 32],
) -> Result<Option<(Token, Vec<u8>)>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("select {COLUMNS} from tokens where hash = ?"))?;
    let mut rows = statement.query([hash.as_slice()])?;
    rows.next()?.map(|row| Ok((token(row)?, row.get("hash")?))).transpose()
}

pub(super) fn revoke(
    transaction: &Transaction<'_>,
    id: TokenId,
    at: Timestamp,
    by: &str,
) -> Result<(), StoreError> {
    transaction.execute(
        "update tokens set revoked = ?, revoked_by = ? where id = ? and revoked is null",
        params![micros(at), by, id.to_string()],
    )?;
    Ok(())
}

pub(super) fn used(
    transaction: &Transaction<'_>,
    used: &HashMap<TokenId, Timestamp>,
) -> Result<(), StoreError> {
    let mut statement =
        transaction.prepare_cached("update tokens set last_used = ? where id = ?")?;
    for (id, at) in used {
        statement.execute(params![micros(*at), id.to_string()])?;
    }
    Ok(())
}

/// Who made a token; `None` when there is none of this id.
pub(crate) fn creator(connection: &Connection, id: TokenId) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("select created_by from tokens where id = ?")?;
    Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?)
}

fn token(row: &Row<'_>) -> Result<Token, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("a token's {what}"));
    let moment = |value: Option<u64>| value.map(Timestamp::from_micros);
    let only: Option<String> = row.get("only_resources")?;
    let kind: String = row.get("kind")?;
    Ok(Token {
        id: row.get::<_, String>("id")?.parse().map_err(|_| corrupt("id"))?,
        name: row.get("name")?,
        subject: row.get("subject")?,
        kind: match kind.as_str() {
            "user" => IdentityKind::User,
            "machine" => IdentityKind::Machine,
            "agent" => IdentityKind::Agent,
            _ => return Err(corrupt("kind")),
        },
        groups: serde_json::from_str(&row.get::<_, String>("groups")?)
            .map_err(|_| corrupt("groups"))?,
        // Unreadable must never come to mean unlimited.
        only_resources: only
            .map(|list| serde_json::from_str(&list).map_err(|_| corrupt("resources")))
            .transpose()?,
        created_by: row.get("created_by")?,
        created: Timestamp::from_micros(row.get("created")?),
        expires: Timestamp::from_micros(row.get("expires")?),
        revoked: moment(row.get("revoked")?),
        revoked_by: row.get("revoked_by")?,
        last_used: moment(row.get("last_used")?),
        ssh_key: row.get("ssh_key")?,
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
