use std::collections::BTreeSet;

use model::ports::ApprovalRequest;
use model::{Access, ApprovalId, Parameter, SessionId, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Verdict;
use super::request::{Approval, Decided, State, access_names, persons, shown};
use crate::audit::micros;
use crate::store::StoreError;

pub(super) fn insert(
    transaction: &Transaction<'_>,
    id: ApprovalId,
    request: &ApprovalRequest,
    created: Timestamp,
    expires: Timestamp,
) -> Result<(), StoreError> {
    let creator = match request.identity.token {
        Some(token) => crate::tokens::creator(transaction, token)?,
        None => None,
    };
    transaction.execute(
        "insert into approvals (id, session, subject, persons, identity, resource, number, text,
                                parameters, accesses, approvers, needed, policies, message,
                                created, expires, state)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
        params![
            id.to_string(),
            request.session.to_string(),
            request.identity.subject,
            to_json(&persons(&request.identity, creator))?,
            to_json(&request.identity)?,
            request.resource,
            request.number,
            request.text.as_ref(),
            to_json(&request.parameters)?,
            to_json(&request.accesses)?,
            to_json(&request.ask.approvers)?,
            request.ask.approvals.max(1),
            to_json(&request.ask.policies)?,
            request.ask.message,
            micros(created),
            micros(expires),
        ],
    )?;
    Ok(())
}

/// Closes a request; `false` when it was closed before.
pub(super) fn close(
    transaction: &Transaction<'_>,
    id: ApprovalId,
    state: State,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = transaction.execute(
        "update approvals set state = ?, closed = ? where id = ? and state = 'open'",
        params![state.name(), micros(at), id.to_string()],
    )?;
    Ok(changed == 1)
}

pub(super) fn insert_decision(
    transaction: &Transaction<'_>,
    id: ApprovalId,
    decided: &Decided,
) -> Result<(), StoreError> {
    transaction.execute(
        "insert into decisions (approval, subject, persons, provider, verdict, comment, at)
         values (?, ?, ?, ?, ?, ?, ?)",
        params![
            id.to_string(),
            decided.subject,
            to_json(&decided.persons)?,
            decided.provider,
            decided.verdict.name(),
            decided.comment,
            micros(decided.at),
        ],
    )?;
    Ok(())
}

pub(super) fn open_ids(connection: &Connection) -> Result<Vec<ApprovalId>, StoreError> {
    let mut statement = connection.prepare("select id from approvals where state = 'open'")?;
    let mut rows = statement.query([])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(parsed(&row.get::<_, String>(0)?, "id")?);
    }
    Ok(ids)
}

pub(super) fn get(
    connection: &Connection,
    id: ApprovalId,
    now: Timestamp,
) -> Result<Option<Approval>, StoreError> {
    let mut statement = connection.prepare_cached("select * from approvals where id = ?")?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(|row| approval(connection, row, now)).transpose()
}

pub(super) fn of_session(
    connection: &Connection,
    session: SessionId,
    now: Timestamp,
) -> Result<Vec<Approval>, StoreError> {
    // Ids begin with their time: nothing was asked for before the session began.
    let mut statement = connection.prepare_cached(
        "select * from approvals where id >= substr(?1, 1, 10) and session = ?1 order by id",
    )?;
    let mut rows = statement.query([session.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(approval(connection, row, now)?);
    }
    Ok(found)
}

pub(super) fn list(
    connection: &Connection,
    state: Option<State>,
    limit: usize,
    now: Timestamp,
    visible: impl Fn(&Approval) -> bool,
) -> Result<Vec<Approval>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select * from approvals
         where (?1 is null or state = ?1 or (?1 = 'expired' and state = 'open'))
         order by id desc",
    )?;
    let mut rows = statement.query([state.map(State::name)])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let approval = approval(connection, row, now)?;
        if state.is_none_or(|state| approval.state == state) && visible(&approval) {
            found.push(approval);
        }
    }
    Ok(found)
}

fn approval(
    connection: &Connection,
    row: &Row<'_>,
    now: Timestamp,
) -> Result<Approval, StoreError> {
    let id: String = row.get("id")?;
    let text: Vec<u8> = row.get("text")?;
    let stored: String = row.get("state")?;
    let expires = Timestamp::from_micros(row.get("expires")?);
    let state = State::ALL
        .into_iter()
        .find(|state| state.name() == stored)
        .ok_or_else(|| StoreError::Corrupt("an approval's state".into()))?;
    // Its time may be over a moment before anybody noted it.
    let state = if state == State::Open && now >= expires { State::Expired } else { state };
    let parameters: Vec<Parameter> = from_json(row, "parameters")?;
    let accesses: Vec<Access> = from_json(row, "accesses")?;
    Ok(Approval {
        state,
        session: parsed(&row.get::<_, String>("session")?, "session")?,
        identity: from_json(row, "identity")?,
        resource: row.get("resource")?,
        number: row.get("number")?,
        text: String::from_utf8_lossy(&text).into_owned(),
        parameters: parameters.iter().map(shown).collect(),
        accesses: access_names(&accesses),
        approvers: from_json(row, "approvers")?,
        needed: row.get("needed")?,
        policies: from_json(row, "policies")?,
        message: row.get("message")?,
        created: Timestamp::from_micros(row.get("created")?),
        expires,
        closed: row.get::<_, Option<u64>>("closed")?.map(Timestamp::from_micros),
        decisions: decisions(connection, &id)?,
        persons: from_json(row, "persons")?,
        id: parsed(&id, "id")?,
    })
}

fn decisions(connection: &Connection, approval: &str) -> Result<Vec<Decided>, StoreError> {
    let mut statement = connection
        .prepare_cached("select * from decisions where approval = ? order by at, rowid")?;
    let mut rows = statement.query([approval])?;
    let mut decisions = Vec::new();
    while let Some(row) = rows.next()? {
        let verdict: String = row.get("verdict")?;
        let persons: BTreeSet<String> = from_json(row, "persons")?;
        decisions.push(Decided {
            subject: row.get("subject")?,
            provider: row.get("provider")?,
            verdict: if verdict == "approve" { Verdict::Approve } else { Verdict::Deny },
            comment: row.get("comment")?,
            at: Timestamp::from_micros(row.get("at")?),
            persons,
        });
    }
    Ok(decisions)
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("an approval's {what}")))
}

fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(&row.get::<_, String>(column)?)
        .map_err(|_| StoreError::Corrupt(format!("an approval's {column}")))
}
