//! Rows for sessions and statements. One transaction for each round.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use evidence::Mark;
use model::{SessionHead, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::file::{self, IndexError};
use super::statement::{Statement, term};
use super::story::Open;
use super::words::{Kind, Terms};

/// Statements with the same text, of the same session and with the same outcome share a row, if they
/// come within this time.
pub(super) const TOGETHER: Duration = Duration::from_secs(3600);
/// Statements of a session that share rows are remembered, so many of them.
const REMEMBERED: usize = 256;
/// An id stands for so many microseconds.
pub(super) const TICK: u64 = 250;

/// What is becoming of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    GoesOn = 0,
    Closed = 1,
    Interrupted = 2,
    Unreadable = 3,
}

/// A session's row, and which of its statements share theirs.
pub(super) struct Session {
    pub(super) row: i64,
    latest: Option<i64>,
    subject: String,
    resource: String,
    shared: HashMap<(u128, u64), (i64, Timestamp)>,
}

/// How far a session was read.
pub(super) struct Progress {
    pub(super) mark: Option<Mark>,
    pub(super) seen: u64,
    pub(super) open: BTreeMap<u64, i64>,
}

/// What is written in one transaction. The words come last, in the order of their ids.
pub(super) struct Round<'c> {
    connection: &'c Connection,
    terms: &'c Terms,
    words: BTreeMap<i64, String>,
    /// What came once more, by its row: most statements are like one before, and a row is written once
    /// for all of a round.
    more: BTreeMap<i64, More>,
    /// Ids from the first to the last of these are taken.
    taken: (i64, i64),
}

/// Statements that share a row with one before.
#[derive(Default)]
struct More {
    times: u64,
    rows: u64,
    /// From the first that is in the row to the latest.
    span: Duration,
}

impl<'c> Round<'c> {
    pub(super) fn begin(connection: &'c Connection, terms: &'c Terms) -> Result<Self, IndexError> {
        connection.execute_batch("begin immediate")?;
        let (words, more) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { connection, terms, words, more, taken: (i64::MAX, i64::MIN) })
    }

    /// How many rows wait for their words.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// What words become terms with.
    pub(super) const fn terms(&self) -> &'c Terms {
        self.terms
    }

    pub(super) fn commit(mut self) -> Result<(), IndexError> {
        self.put_more()?;
        self.put_words()?;
        Ok(self.connection.execute_batch("commit")?)
    }

    /// Ends this round and begins the next.
    pub(super) fn turn(&mut self) -> Result<(), IndexError> {
        self.put_more()?;
        self.put_words()?;
        Ok(self.connection.execute_batch("commit; begin immediate")?)
    }

    fn put_more(&mut self) -> Result<(), IndexError> {
        let mut update = self.connection.prepare_cached(
            "update statements set times = times + ?, span = max(span, ?), rows = min(rows + ?, 9223372036854775807) where id = ?",
        )?;
        for (id, More { times, rows, span }) in std::mem::take(&mut self.more) {
            let span = whole(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
            // Nothing but this thread removes rows, and it forgets with them what waits for them.
            if update.execute(params![whole(times), span, whole(rows), id])? != 1 {
                return Err(IndexError::Damaged);
            }
        }
        Ok(())
    }

    fn put_words(&mut self) -> Result<(), IndexError> {
        let mut insert = self
            .connection
            .prepare_cached("insert or replace into words (rowid, terms) values (?, ?)")?;
        for (id, terms) in std::mem::take(&mut self.words) {
            insert.execute(params![id, terms])?;
        }
        Ok(())
    }

    /// A session's row, and how far it was read. Nothing of one that was read to its end.
    pub(super) fn session(
        &self,
        id: SessionId,
        head: &SessionHead,
    ) -> Result<Option<(Session, Progress)>, IndexError> {
        let bytes = id.to_bytes();
        let mut known = self.connection.prepare_cached(
            "select id, latest, state, mark, seen, open from sessions where session = ?",
        )?;
        let found = known.query_row([bytes.as_slice()], |row| {
            let mark: Option<Vec<u8>> = row.get(3)?;
            let open: String = row.get(5)?;
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, mark, row.get(4)?, open))
        });
        let subject = head.identity.subject.clone();
        let resource = head.resource.clone();
        let shared = HashMap::new();
        let session = |row, latest| Session { row, latest, subject, resource, shared };
        if let Some((row, latest, state, mark, seen, open)) = found.optional()? {
            if state != Stage::GoesOn as i64 {
                return Ok(None);
            }
            let mark = mark.and_then(|mark| Mark::from_bytes(&mark));
            let open = serde_json::from_str(&open).unwrap_or_default();
            return Ok(Some((session(row, latest), Progress { mark, seen, open })));
        }
        self.connection
            .prepare_cached(
                "insert into sessions (session, subject, provider, resource, opened, state, seen, open)
                 values (?, ?, ?, ?, ?, 0, 0, '{}')",
            )?
            .execute(params![
                bytes.as_slice(),
                head.identity.subject,
                head.identity.provider,
                head.resource,
                micros(head.opened),
            ])?;
        let row = self.connection.last_insert_rowid();
        let progress = Progress { mark: None, seen: 0, open: BTreeMap::new() };
        Ok(Some((session(row, None), progress)))
    }

    /// Takes down that a file does not begin as this session's recording.
    pub(super) fn unreadable(&self, id: SessionId) -> Result<(), IndexError> {
        self.connection
            .prepare_cached(
                "insert into sessions (session, state, seen, open) values (?1, ?2, 0, '{}')
                 on conflict (session) do update set state = ?2",
            )?
            .execute(params![id.to_bytes().as_slice(), Stage::Unreadable as i64])?;
        Ok(())
    }

    pub(super) fn progress(
        &self,
        session: &Session,
        progress: &Progress,
        stage: Stage,
    ) -> Result<(), IndexError> {
        let over = stage != Stage::GoesOn;
        let mark = progress.mark.filter(|_| !over).map(|mark| mark.to_bytes().to_vec());
        let open = if over {
            String::new()
        } else {
            serde_json::to_string(&progress.open).unwrap_or_default()
        };
        self.connection
            .prepare_cached(
                "update sessions set latest = ?, state = ?, mark = ?, seen = ?, open = ? where id = ?",
            )?
            .execute(params![session.latest, stage as i64, mark, progress.seen, open, session.row])?;
        Ok(())
    }

    /// Forgets a session and everything in it.
    pub(super) fn forget(&mut self, id: SessionId) -> Result<(), IndexError> {
        let mut known =
            self.connection.prepare_cached("select id from sessions where session = ?")?;
        let row = known.query_row([id.to_bytes().as_slice()], |row| row.get::<_, i64>(0));
        let Some(row) = row.optional()? else { return Ok(()) };
        let mut ids =
            self.connection.prepare_cached("select id from statements where session = ?")?;
        let ids: Vec<i64> = ids.query_map([row], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in ids {
            self.remove(id)?;
        }
        self.connection.prepare_cached("delete from sessions where id = ?")?.execute([row])?;
        Ok(())
    }

    /// Takes down a statement that is over: in a row of its own, or with others like it.
    pub(super) fn over(&mut self, session: &mut Session, open: &Open) -> Result<(), IndexError> {
        let statement = &open.statement;
        // What people decided about is found by its number.
        let alone = statement.facts.approval.is_some()
            || statement.facts.verdicts.has(model::Verdict::Held);
        let mut hasher = DefaultHasher::new();
        statement.facts.hash(&mut hasher);
        let key = (statement.digest, hasher.finish());
        if let Some((row, first)) = session.shared.get(&key).copied()
            && !alone
            && Some(row) != open.row
            && statement.at >= first
            && statement.at.since(first) < TOGETHER
        {
            let more = self.more.entry(row).or_default();
            more.times += 1;
            more.rows = more.rows.saturating_add(statement.rows);
            more.span = more.span.max(statement.at.since(first));
            if let Some(own) = open.row {
                self.remove(own)?;
            }
            return Ok(());
        }
        let row = self.put(session, open)?;
        if !alone {
            if session.shared.len() >= REMEMBERED {
                session.shared.clear();
            }
            session.shared.insert(key, (row, statement.at));
        }
        Ok(())
    }

    /// Takes down a statement as it is now, in a row of its own, and says which.
    pub(super) fn put(&mut self, session: &mut Session, open: &Open) -> Result<i64, IndexError> {
        let statement = &open.statement;
        if let Some(row) = open.row
            && !open.changed
        {
            return Ok(row);
        }
        let row = match open.row {
            Some(row) => row,
            None => self.free(statement.at)?,
        };
        let facts = &statement.facts;
        let policies = file::name(self.connection, &facts.policies)?;
        let tables = file::name(self.connection, &facts.tables)?;
        let classes = file::name(self.connection, &facts.classes)?;
        self.connection
            .prepare_cached(
                "insert or replace into statements
                 (id, session, number, times, span, rest, block, position, verdicts, rows, policies,
                  tables, classes, approval)
                 values (?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                row,
                session.row,
                whole(statement.number),
                micros(statement.at).saturating_sub(row.saturating_mul(TICK.cast_signed())),
                whole(statement.block),
                whole(statement.position),
                facts.verdicts.0,
                whole(statement.rows),
                policies,
                tables,
                classes,
                facts.approval.map(|approval| approval.to_bytes().to_vec()),
            ])?;
        self.words.insert(row, self.terms_of(session, statement));
        session.latest = session.latest.max(Some(row));
        Ok(row)
    }

    fn terms_of(&self, session: &Session, statement: &Statement) -> String {
        let mut text = String::with_capacity(statement.terms.len() + 80);
        text.push_str(&statement.terms);
        for (kind, name) in [(Kind::Subject, &session.subject), (Kind::Resource, &session.resource)]
        {
            text.push(' ');
            text.push_str(&term(self.terms, kind, name));
        }
        statement.facts.put(self.terms, &mut text);
        text
    }

    fn remove(&mut self, id: i64) -> Result<(), IndexError> {
        self.more.remove(&id);
        self.connection.prepare_cached("delete from statements where id = ?")?.execute([id])?;
        if self.words.remove(&id).is_none() {
            self.connection.prepare_cached("delete from words where rowid = ?")?.execute([id])?;
        }
        Ok(())
    }

    /// The id that says this time, or the next one that is free.
    fn free(&mut self, at: Timestamp) -> Result<i64, IndexError> {
        let wanted = whole(at.as_micros() / TICK);
        let (start, end) = self.taken;
        // A burst at one moment takes one after the other: what is known to be taken is not tried again.
        let goes_on = (start..=end).contains(&wanted);
        let mut id = if goes_on { end.saturating_add(1) } else { wanted };
        let mut taken = self.connection.prepare_cached("select 1 from statements where id = ?")?;
        while taken.exists([id])? {
            id = id.saturating_add(1);
        }
        self.taken = (if goes_on { start } else { wanted }, id);
        Ok(id)
    }
}

pub(super) fn micros(at: Timestamp) -> i64 {
    whole(at.as_micros())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
