use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Every schema there ever was, oldest first; the file says in `user_version` how many it has seen.
/// A line that was released is never changed: the next change is the next line.
const MIGRATIONS: &[&str] = &[r"
create table tokens (
    id             text primary key,
    hash           blob not null unique,
    name           text not null,
    subject        text not null,
    kind           text not null check (kind in ('user', 'machine', 'agent')),
    groups         text not null,
    only_resources text,
    created_by     text not null,
    created        integer not null,
    expires        integer not null,
    revoked        integer,
    revoked_by     text,
    last_used      integer
) strict;

create table approvals (
    id         text primary key,
    session    text not null,
    subject    text not null,
    persons    text not null,
    identity   text not null,
    resource   text not null,
    number     integer not null,
    text       blob not null,
    parameters text not null,
    accesses   text not null,
    approvers  text not null,
    needed     integer not null,
    policies   text not null,
    message    text not null,
    created    integer not null,
    expires    integer not null,
    state      text not null check (state in ('open', 'approved', 'denied', 'expired', 'withdrawn')),
    closed     integer
) strict;
create index approvals_by_state on approvals (state, created);

create table decisions (
    approval text not null references approvals (id),
    subject  text not null,
    persons  text not null,
    provider text not null,
    verdict  text not null check (verdict in ('approve', 'deny')),
    comment  text not null,
    at       integer not null
) strict;
create index decisions_by_approval on decisions (approval);

create table audit (
    seq    integer primary key,
    at     integer not null,
    actor  text not null,
    action text not null,
    object text not null,
    detail text not null,
    hash   blob not null
) strict;
create trigger audit_is_not_rewritten before update on audit
    begin select raise(abort, 'the audit log is append-only'); end;
create trigger audit_is_not_shortened before delete on audit
    begin select raise(abort, 'the audit log is append-only'); end;
"];

pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for (version, migration) in (1..=known).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
