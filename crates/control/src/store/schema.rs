use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Every schema there ever was, oldest first; the file says in `user_version` how many it has seen.
/// A line that was released is never changed: the next change is the next line.
const MIGRATIONS: &[&str] = &[
    r"
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
",
    r"
create table audit_checkpoints (
    number    integer primary key,
    seq       integer not null unique,
    key       blob not null,
    signature blob not null
) strict;
create trigger audit_checkpoints_are_not_rewritten before update on audit_checkpoints
    begin select raise(abort, 'the audit log is append-only'); end;
create trigger audit_checkpoints_are_not_removed before delete on audit_checkpoints
    begin select raise(abort, 'the audit log is append-only'); end;
create index audit_by_session on audit (object) where action = 'session.open';

-- sessions whose opening is in the log and whose end is not
create table open_sessions (session text primary key) strict, without rowid;
",
    r"
create table archive (
    session   text primary key,
    subject   text,
    resource  text,
    state     text not null,
    opened    integer not null,
    ended     integer not null,
    bytes     integer not null,
    chain     blob not null,
    summary   text not null,
    object    text not null default '',
    local     integer not null,
    digest    blob,
    upload    text,
    part      integer,
    uploaded  integer,
    trouble   text,
    deleting  text
) strict;
create index archive_by_age on archive (ended, session, bytes);
create index archive_here on archive (ended, session, bytes) where local = 1;
create index archive_waiting on archive (ended, session, bytes) where uploaded is null;
create index archive_away on archive (session) where local = 0;
create index archive_doomed on archive (session) where deleting is not null;

create table archive_parts (
    session text not null references archive (session) on delete cascade,
    number  integer not null,
    name    text not null,
    primary key (session, number)
) strict, without rowid;

create table holds (
    session text primary key,
    reason  text not null,
    held_by text not null,
    at      integer not null
) strict;

create table reckoning (
    one     integer primary key check (one = 1),
    seen    integer not null,
    doubted integer not null
) strict;
",
    r"
create table inherited (
    id         integer primary key autoincrement,
    resource   text not null,
    dbname     text not null,
    nsp        text,
    relation   text not null,
    col        text,
    class      text not null,
    derivation text not null check (derivation in ('value', 'computed', 'fact')),
    session    text not null,
    subject    text not null,
    at         integer not null
) strict;
create unique index inherited_once
    on inherited (resource, dbname, coalesce(nsp, ''), relation, coalesce(col, ''), class, derivation);
",
    r"
-- of a token that is an SSH key: its fingerprint
alter table tokens add column ssh_key text;

create table host_keys (
    resource     text primary key,
    key          text not null,
    fingerprint  text not null,
    first_seen   integer not null,
    confirmed    integer,
    confirmed_by text
) strict, without rowid;
",
];

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
