//! Questions to the index.
//!
//! What can be is asked of the words, newest first, so that a page is full after a few of them however
//! many there are. What stands in rows is looked at once more, for it alone is exact.

use std::collections::HashSet;

use model::{ApprovalId, SessionId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::file::IndexError;
use super::question::{Found, Question, Scope, Spot};
use super::statement::{Verdicts, path_term, program_term, table_terms, term, verdict_term};
use super::words::{Expression, Kind, Terms};
use super::write::{Stage, TICK, TOGETHER, micros};

impl Question {
    /// What is asked of the words.
    fn expression(&self, terms: &Terms) -> Option<String> {
        let mut expression = Expression::default();
        expression.phrases(&self.words, terms);
        let mut must = |kind, text: &Option<String>| {
            if let Some(text) = text {
                expression.and(&[term(terms, kind, text)]);
            }
        };
        must(Kind::Class, &self.class);
        must(Kind::Subject, &self.subject);
        must(Kind::Resource, &self.resource);
        if let Scope::Own { subject, .. } = &self.scope {
            must(Kind::Subject, &Some(subject.clone()));
        }
        if let Some(table) = &self.table {
            expression.and(&table_terms(terms, table));
        }
        if let Some(program) = &self.program {
            expression.and(&[program_term(terms, program)]);
        }
        if let Some(path) = &self.path {
            expression.and(&[path_term(terms, path)]);
        }
        if let Some(term) = self.verdict.and_then(|verdict| verdict_term(terms, verdict)) {
            expression.and(&[term]);
        }
        expression.into_text()
    }

    /// What must hold of a session's row `e`.
    fn of_sessions(&self, sql: &mut Sql) {
        match &self.scope {
            Scope::Nothing => sql.and("0", []),
            Scope::Everything => {}
            Scope::Own { subject, provider, only } => {
                sql.and("e.subject = ?", [text(subject)]);
                sql.and("e.provider = ?", [text(provider)]);
                if let Some(only) = only {
                    let marks = vec!["?"; only.len()].join(", ");
                    sql.and(
                        &format!("e.resource in ({marks})"),
                        only.iter().map(|name| text(name)),
                    );
                }
            }
        }
        if let Some(subject) = &self.subject {
            sql.and("e.subject = ?", [text(subject)]);
        }
        if let Some(resource) = &self.resource {
            sql.and("e.resource = ?", [text(resource)]);
        }
        if let Some(session) = self.session {
            sql.and("e.session = ?", [Value::Blob(session.to_bytes().to_vec())]);
        }
    }
}

/// Statements, newest first.
pub(super) fn statements(
    connection: &Connection,
    terms: &Terms,
    question: &Question,
) -> Result<Vec<Found>, IndexError> {
    let mut sql = Sql::new(
        "select s.id, e.session, s.number, s.rest, s.span, s.times, e.subject, e.resource,
                s.verdicts, p.text, s.approval, t.text, c.text, s.rows, s.block, s.position",
    );
    let Some(order) = matching(connection, terms, question, &mut sql)? else {
        return Ok(Vec::new());
    };
    sql.text.push_str(order);
    sql.text.push_str(" limit ?");
    sql.values.push(Value::Integer(i64::try_from(question.limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare(&sql.text)?;
    let rows = statement.query_map(params_from_iter(&sql.values), found)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sessions with such statements, those with the newest first, each with its newest place.
pub(super) fn sessions_with(
    connection: &Connection,
    terms: &Terms,
    question: &Question,
) -> Result<Vec<(SessionId, i64)>, IndexError> {
    let mut sql = Sql::new("select s.id, e.session, e.latest");
    let Some(order) = matching(connection, terms, question, &mut sql)? else {
        return Ok(Vec::new());
    };
    sql.text.push_str(order);
    let mut statement = connection.prepare(&sql.text)?;
    let mut rows = statement.query(params_from_iter(&sql.values))?;
    let (mut answer, mut seen) = (Vec::new(), HashSet::new());
    while answer.len() < question.limit
        && let Some(row) = rows.next()?
    {
        let (place, session, latest): (i64, _, Option<i64>) =
            (row.get(0)?, id_of(row, 1)?, row.get(2)?);
        if !seen.insert(session) {
            continue;
        }
        // An earlier page had it if there is a newer one in it.
        let earlier = match question.after {
            Some(after) if latest.is_some_and(|latest| latest >= after) => {
                let newer =
                    Question { session: Some(session), after: None, limit: 1, ..question.clone() };
                statements(connection, terms, &newer)?.first().is_some_and(|one| one.place >= after)
            }
            _ => false,
        };
        if !earlier {
            answer.push((session, place));
        }
    }
    Ok(answer)
}

/// Sessions that may be at one of these stages, newest first, those before one of them.
pub(super) fn sessions(
    connection: &Connection,
    question: &Question,
    stages: &[Stage],
    before: Option<SessionId>,
) -> Result<Vec<SessionId>, IndexError> {
    let mut sql = Sql::new("select e.session from sessions e where 1");
    question.of_sessions(&mut sql);
    if let Some(before) = before {
        sql.and("e.session < ?", [Value::Blob(before.to_bytes().to_vec())]);
    }
    if !stages.is_empty() {
        // What is not read to its end, or could not be, may be anything.
        let stages = [Stage::GoesOn, Stage::Unreadable].iter().chain(stages);
        let values: Vec<_> = stages.map(|stage| Value::Integer(*stage as i64)).collect();
        let marks = vec!["?"; values.len()].join(", ");
        sql.and(&format!("e.state in ({marks})"), values);
    }
    if let Some(since) = question.since {
        sql.and("e.opened >= ?", [Value::Integer(micros(since))]);
    }
    if let Some(until) = question.until {
        sql.and("e.opened < ?", [Value::Integer(micros(until))]);
    }
    sql.text.push_str(" order by e.session desc limit ?");
    sql.values.push(Value::Integer(i64::try_from(question.limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare(&sql.text)?;
    let rows = statement.query_map(params_from_iter(&sql.values), |row| id_of(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where a session's statement of this number is. The number must be the first of its row, which it
/// is where people decided about it.
pub(super) fn spot(
    connection: &Connection,
    session: SessionId,
    number: u64,
) -> Result<Option<Spot>, IndexError> {
    let mut known = connection.prepare_cached(
        "select block, position from statements
         where session = (select id from sessions where session = ?1) and number = ?2",
    )?;
    let spot = known.query_row(rusqlite::params![session.to_bytes().as_slice(), number], |row| {
        Ok(Spot { block: row.get(0)?, position: row.get(1)? })
    });
    Ok(spot.optional()?)
}

/// From where and under which conditions statements come, and in what order; nothing when there can be
/// none.
fn matching(
    connection: &Connection,
    terms: &Terms,
    question: &Question,
    sql: &mut Sql,
) -> Result<Option<&'static str>, IndexError> {
    // What an approval let through is one statement: no words need lead to it.
    let (expression, besides) = match question.expression(terms) {
        Some(text) if question.approval.is_some() => (None, Some(text)),
        text => (text, None),
    };
    // `cross join` keeps the order of the tables: the words lead.
    let source = match &expression {
        Some(_) => "words w cross join statements s on s.id = w.rowid",
        None => "statements s",
    };
    sql.text.push_str(&format!(
        " from {source} cross join sessions e on e.id = s.session
          left join names p on p.id = s.policies
          left join names t on t.id = s.tables
          left join names c on c.id = s.classes where 1"
    ));
    let (id, order) = match &expression {
        Some(_) => ("w.rowid", " order by w.rowid desc"),
        None => ("s.id", " order by s.id desc"),
    };
    if let Some(expression) = expression {
        sql.and("w.words match ?", [Value::Text(expression)]);
    }
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    if let Some(session) = question.session {
        // Its statements stand between its first and its last.
        let mut range = connection.prepare_cached(
            "select s.id, e.latest from sessions e join statements s on s.session = e.id
             where e.session = ? order by s.number limit 1",
        )?;
        let range = range.query_row([session.to_bytes().as_slice()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
        });
        let Some((first, latest)) = range.optional()? else { return Ok(None) };
        // A clock may have been set back within it.
        from = first.saturating_sub(SLACK);
        to = latest.unwrap_or(i64::MAX).saturating_add(1);
    }
    let tick = |at: Timestamp| micros(at) / TICK.cast_signed();
    if let Some(since) = question.since {
        from = from.max(tick(since).saturating_sub(SLACK));
        sql.and(&format!("{AT} + s.span >= ?"), [Value::Integer(micros(since))]);
    }
    if let Some(until) = question.until {
        to = to.min(tick(until).saturating_add(SLACK));
        sql.and(&format!("{AT} < ?"), [Value::Integer(micros(until))]);
    }
    to = to.min(question.after.unwrap_or(i64::MAX));
    if from > i64::MIN {
        sql.and(&format!("{id} >= ?"), [Value::Integer(from)]);
    }
    if to < i64::MAX {
        sql.and(&format!("{id} < ?"), [Value::Integer(to)]);
    }
    if let Some(verdict) = question.verdict {
        let bit = Value::Integer(i64::from(Verdicts::bit(verdict)));
        sql.and("s.verdicts & ? != 0", [bit]);
    }
    if let Some(approval) = question.approval {
        sql.and("s.approval = ?", [Value::Blob(approval.to_bytes().to_vec())]);
    }
    if let Some(expression) = besides {
        let has = "exists (select 1 from words w where w.rowid = s.id and w.words match ?)";
        sql.and(has, [Value::Text(expression)]);
    }
    question.of_sessions(sql);
    Ok(Some(order))
}

/// A statement's time, in microseconds.
const AT: &str = "s.id * 250 + s.rest";
const _: () = assert!(TICK == 250, "the text above says so");
/// How far, in ids, a statement may stand from the time it is asked for by: statements share rows for an
/// hour, and an id that is taken is followed by the next.
const SLACK: i64 = 2 * (TOGETHER.as_secs() * 1_000_000 / TICK).cast_signed();

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let place: i64 = row.get(0)?;
    let time = place.saturating_mul(TICK.cast_signed()).saturating_add(row.get::<_, i64>(3)?);
    let at = Timestamp::from_micros(u64::try_from(time).unwrap_or_default());
    let span = std::time::Duration::from_micros(row.get(4)?);
    let names = |index: usize| -> rusqlite::Result<Vec<String>> {
        let text: Option<String> = row.get(index)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    };
    let approval: Option<Vec<u8>> = row.get(10)?;
    Ok(Found {
        place,
        session: id_of(row, 1)?,
        number: row.get(2)?,
        at,
        last: at.plus(span),
        times: row.get(5)?,
        subject: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        resource: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
        verdicts: Verdicts(row.get(8)?),
        policies: names(9)?,
        approval: approval.and_then(|id| id.try_into().ok()).map(ApprovalId::from_bytes),
        tables: names(11)?,
        classes: names(12)?,
        rows: row.get(13)?,
        spot: Spot { block: row.get(14)?, position: row.get(15)? },
    })
}

fn id_of(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    row.get::<_, [u8; 16]>(column).map(SessionId::from_bytes)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A statement in SQL as it grows. What was asked for goes into `values`, never into the text.
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(" and ");
        self.text.push_str(condition);
        self.values.extend(values);
    }
}
