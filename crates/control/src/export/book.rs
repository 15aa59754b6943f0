//! How far a target was told: one SQLite file for each, `data_dir/export/NAME.db`.
//!
//! It holds numbers, never what was told. What is about to be sent is written down before it is sent (the
//! plan: from which frame to which, of which sessions, in which order) and goes under the same
//! sequence numbers however often it must be sent.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use model::SessionId;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::ExportError;

/// Where something to tell comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Audit,
    Session(SessionId),
}

/// A part of a plan: what comes after `from` up to and with `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) origin: Origin,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Nothing follows.
    pub(super) ended: bool,
}

/// What is being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) legs: Vec<Leg>,
    /// How many events the legs hold.
    pub(super) count: u64,
    /// Says how they were worded. Worded otherwise, they are other events.
    pub(super) wording: String,
}

/// What a target is told of, as far as it matters to how far it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Follows {
    pub(super) audit: bool,
    pub(super) sessions: bool,
}

/// What there was before a target was told anything.
#[derive(Default)]
pub(super) struct Past {
    /// The newest entry of the audit log.
    pub(super) newest: u64,
    /// The sessions on the disk.
    pub(super) sessions: Vec<SessionId>,
}

pub(super) struct Book {
    connection: Connection,
    name: String,
    path: String,
    stream: String,
    /// The number of the next event.
    next: u64,
    /// The last entry of the audit log that was told.
    audit: u64,
}

const SCHEMA: &str = "
create table about (
    stream text not null,
    next   integer not null,
    audit  integer not null,
    follows_audit    integer not null,
    follows_sessions integer not null
) strict;
create table sessions (
    id     text primary key,
    frames integer not null,
    ended  integer not null
) strict, without rowid;
create table plan (
    place  integer primary key,
    origin text not null,
    first  integer not null,
    last   integer not null,
    ended  integer not null
) strict;
create table planned (count integer not null, wording text not null) strict;
pragma user_version = 1;
";

impl Book {
    /// Opens the book of a target. One that is new begins behind what was told as the past, and so does
    /// what is followed again after it was not.
    pub(super) fn open(
        folder: &Path,
        name: &str,
        follows: Follows,
        new: &Past,
        now: &Past,
    ) -> Result<Self, ExportError> {
        let path = folder.join(format!("{name}.db"));
        let shown = path.display().to_string();
        let failed =
            |why: String| ExportError::Book { name: name.to_owned(), path: shown.clone(), why };
        let private = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        private.map_err(|error| failed(error.to_string()))?;
        let file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        file.map_err(|error| failed(error.to_string()))?;
        let opened = connect(&path).and_then(|mut connection| {
            let version: u32 =
                connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                begin(&mut connection, follows, new)?;
            } else if version == 1 {
                follow(&mut connection, follows, now)?;
            }
            let about =
                connection.query_row("select stream, next, audit from about", [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            Ok((version, connection, about))
        });
        let (version, connection, about) = opened.map_err(|error| failed(error.to_string()))?;
        if version > 1 {
            return Err(failed("it was written by a later version of sluice".into()));
        }
        let (stream, next, audit) = about;
        Ok(Self { connection, name: name.to_owned(), path: shown, stream, next, audit })
    }

    /// Names the row of numbers: another one begins at 1 when the book is lost.
    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    pub(super) const fn audit(&self) -> u64 {
        self.audit
    }

    /// How many frames of a session were told, and whether that was all.
    pub(super) fn session(&self, id: SessionId) -> Result<(u64, bool), ExportError> {
        let mut statement = self.try_to(
            self.connection.prepare_cached("select frames, ended from sessions where id = ?"),
        )?;
        let row = statement.query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(self.try_to(row.optional())?.unwrap_or((0, false)))
    }

    /// Those of `there` that were not told to their end, in order. What is known of sessions that are not
    /// there any more is forgotten.
    pub(super) fn untold(&mut self, there: Vec<SessionId>) -> Result<Vec<SessionId>, ExportError> {
        let there: HashSet<SessionId> = there.into_iter().collect();
        let mut untold = there.clone();
        let known = self.known();
        let mut gone = Vec::new();
        for (id, ended) in self.try_to(known)? {
            let Ok(id) = id.parse() else { continue };
            if !there.contains(&id) {
                gone.push(id);
                if !ended {
                    let why = "its recording is not there any more";
                    tracing::error!(session = %id, why, "a session is not exported any further");
                    metrics::counter!("sluice_export_unreadable_total").increment(1);
                }
            } else if ended {
                untold.remove(&id);
            }
        }
        let forgotten = self.forget(&gone);
        self.try_to(forgotten)?;
        let mut untold: Vec<SessionId> = untold.into_iter().collect();
        untold.sort_unstable();
        Ok(untold)
    }

    fn known(&self) -> rusqlite::Result<Vec<(String, bool)>> {
        let mut statement = self.connection.prepare("select id, ended from sessions")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }

    fn forget(&mut self, gone: &[SessionId]) -> rusqlite::Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        for id in gone {
            transaction.execute("delete from sessions where id = ?", [id.to_string()])?;
        }
        transaction.commit()
    }

    /// The plan that was under way, if there is one.
    pub(super) fn plan(&self) -> Result<Option<Plan>, ExportError> {
        self.try_to(self.read_plan())
    }

    fn read_plan(&self) -> rusqlite::Result<Option<Plan>> {
        let planned = self.connection.query_row("select count, wording from planned", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        let Some((count, wording)) = planned.optional()? else { return Ok(None) };
        let mut statement = self
            .connection
            .prepare("select origin, first, last, ended from plan order by place")?;
        let rows = statement.query_map([], |row| {
            let origin: String = row.get(0)?;
            let origin = match origin.as_str() {
                "audit" => Origin::Audit,
                id => Origin::Session(id.parse::<SessionId>().map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
                })?),
            };
            Ok(Leg { origin, from: row.get(1)?, to: row.get(2)?, ended: row.get(3)? })
        })?;
        Ok(Some(Plan { legs: rows.collect::<Result<_, _>>()?, count, wording }))
    }

    /// Writes down what is about to be sent.
    pub(super) fn begin(&mut self, plan: &Plan) -> Result<(), ExportError> {
        let written = self.write_plan(plan);
        self.try_to(written)
    }

    fn write_plan(&mut self, plan: &Plan) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute("delete from plan", [])?;
        transaction.execute("delete from planned", [])?;
        for (place, leg) in plan.legs.iter().enumerate() {
            let origin = match leg.origin {
                Origin::Audit => "audit".to_owned(),
                Origin::Session(id) => id.to_string(),
            };
            transaction.execute(
                "insert into plan (place, origin, first, last, ended) values (?, ?, ?, ?, ?)",
                params![place, origin, leg.from, leg.to, leg.ended],
            )?;
        }
        transaction.execute(
            "insert into planned (count, wording) values (?, ?)",
            params![plan.count, plan.wording],
        )?;
        transaction.commit()
    }

    /// Writes down that a plan was carried out.
    pub(super) fn confirm(&mut self, plan: &Plan) -> Result<(), ExportError> {
        let done = self.end_plan(plan.count, &plan.legs);
        let (next, audit) = self.try_to(done)?;
        (self.next, self.audit) = (next, audit);
        Ok(())
    }

    /// Gives a plan up: its numbers are used by nothing else, and what it held is told under others.
    pub(super) fn give_up(&mut self, plan: &Plan) -> Result<(), ExportError> {
        let done = self.end_plan(plan.count, &[]);
        let (next, _) = self.try_to(done)?;
        self.next = next;
        Ok(())
    }

    fn end_plan(&mut self, count: u64, legs: &[Leg]) -> rusqlite::Result<(u64, u64)> {
        let (next, mut audit) = (self.next + count, self.audit);
        let transaction = self.connection.transaction()?;
        for leg in legs {
            match leg.origin {
                Origin::Audit => audit = audit.max(leg.to),
                Origin::Session(id) => {
                    transaction.execute(
                        "insert into sessions (id, frames, ended) values (?1, ?2, ?3)
                         on conflict (id) do update set frames = max(frames, ?2), ended = max(ended, ?3)",
                        params![id.to_string(), leg.to, leg.ended],
                    )?;
                }
            }
        }
        transaction.execute("update about set next = ?, audit = ?", params![next, audit])?;
        transaction.execute("delete from plan", [])?;
        transaction.execute("delete from planned", [])?;
        transaction.commit()?;
        Ok((next, audit))
    }

    fn try_to<T>(&self, done: rusqlite::Result<T>) -> Result<T, ExportError> {
        done.map_err(|error| ExportError::Book {
            name: self.name.clone(),
            path: self.path.clone(),
            why: error.to_string(),
        })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn begin(connection: &mut Connection, follows: Follows, past: &Past) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    let stream = hex::encode(rand::random::<[u8; 8]>());
    transaction.execute(
        "insert into about (stream, next, audit, follows_audit, follows_sessions)
         values (?, 1, ?, ?, ?)",
        params![stream, past.newest, follows.audit, follows.sessions],
    )?;
    pass(&transaction, &past.sessions)?;
    transaction.commit()
}

/// What was not followed for a while begins anew where it is now.
fn follow(connection: &mut Connection, follows: Follows, now: &Past) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let (audit, sessions): (bool, bool) =
        transaction.query_row("select follows_audit, follows_sessions from about", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if follows.audit && !audit {
        transaction.execute("update about set audit = max(audit, ?)", [now.newest])?;
    }
    if follows.sessions && !sessions {
        pass(&transaction, &now.sessions)?;
    }
    transaction.execute(
        "update about set follows_audit = ?, follows_sessions = ?",
        params![follows.audit, follows.sessions],
    )?;
    transaction.commit()
}

/// These sessions are not told of.
fn pass(transaction: &Transaction<'_>, sessions: &[SessionId]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(
        "insert into sessions (id, frames, ended) values (?, 0, 1)
         on conflict (id) do update set ended = 1",
    )?;
    for id in sessions {
        statement.execute([id.to_string()])?;
    }
    Ok(())
}
