//! The forms in which a client can ask for the same thing.

use e2e::{Client, Message, ask};

use super::script::Statement;

/// How a statement is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Simple,
    Extended,
    Binary,
    /// Prepared under a name, then bound and executed twice without another Describe.
    Prepared,
    /// Never described at all.
    Undescribed,
    /// A row at a time out of a suspended portal.
    Portal,
    CopyText,
    CopyCsv,
    CopyBinary,
    Cursor,
    BinaryCursor,
    SqlPrepare,
    Explain,
}

impl Form {
    pub(super) const ALL: [Self; 13] = [
        Self::Simple,
        Self::Extended,
        Self::Binary,
        Self::Prepared,
        Self::Undescribed,
        Self::Portal,
        Self::CopyText,
        Self::CopyCsv,
        Self::CopyBinary,
        Self::Cursor,
        Self::BinaryCursor,
        Self::SqlPrepare,
        Self::Explain,
    ];

    /// What is sent around a query, if this form is one of those.
    fn around(self, sql: &str, in_transaction: bool) -> Option<Vec<String>> {
        let copy = |format| vec![format!("COPY ({sql}) TO STDOUT (FORMAT {format})")];
        let cursor = |kind| {
            let declared = format!("DECLARE leak {kind} CURSOR FOR {sql}");
            let inside = [declared, "FETCH 1 FROM leak".into(), "FETCH ALL FROM leak".into()];
            let end = if in_transaction { "CLOSE leak" } else { "ROLLBACK" };
            let begin = (!in_transaction).then(|| "BEGIN".to_owned());
            begin.into_iter().chain(inside).chain([end.to_owned()]).collect()
        };
        Some(match self {
            Self::CopyText => copy("text"),
            Self::CopyCsv => copy("csv"),
            Self::CopyBinary => copy("binary"),
            Self::Cursor => cursor(""),
            Self::BinaryCursor => cursor("BINARY"),
            Self::SqlPrepare => vec![
                format!("PREPARE leak AS {sql}"),
                "EXECUTE leak".into(),
                "EXECUTE leak".into(),
                "DEALLOCATE leak".into(),
            ],
            Self::Explain => vec![format!("EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {sql}")],
            _ => return None,
        })
    }
}

/// Runs a statement in one form; all that answers it.
pub(super) fn run(client: &mut Client, form: Form, statement: &Statement) -> Vec<Message> {
    let sql = statement.sql.as_str();
    let in_transaction = said_in_transaction(client);
    let wraps = statement.is_query() && statement.with.is_empty();
    if let Some(texts) = wraps.then(|| form.around(sql, in_transaction)).flatten() {
        return texts.iter().flat_map(|text| say(client, &ask::query(text))).collect();
    }
    let with: Vec<_> = statement.with.iter().map(|text| Some(text.as_str())).collect();
    let extended = |format| [ask::extended(sql, &with, format), ask::sync()].concat();
    // A statement that only the simple form can say is said so in every form: what follows needs it.
    if !statement.is_one() {
        return say(client, &ask::query(sql));
    }
    let execute = |name: &str, format, rows| {
        [ask::bind("", name, &with, format), ask::execute("", rows)].concat()
    };
    match form {
        Form::Extended => say(client, &extended(0)),
        Form::Binary => say(client, &extended(1)),
        Form::Prepared => {
            let close = [ask::close(b'S', "leak"), ask::sync()].concat();
            let prepare =
                [ask::parse("leak", sql), ask::describe(b'S', "leak"), ask::sync()].concat();
            let mut said = say(client, &prepare);
            // A write is not done twice.
            let formats: &[u16] = if statement.is_query() { &[0, 1] } else { &[0] };
            for format in formats {
                said.extend(say(client, &[execute("leak", *format, 0), ask::sync()].concat()));
            }
            said.extend(say(client, &close));
            said
        }
        Form::Undescribed => {
            say(client, &[ask::parse("", sql), execute("", 1, 0), ask::sync()].concat())
        }
        Form::Portal => {
            let more = [ask::execute("", 1), ask::execute("", 0), ask::sync()].concat();
            say(client, &[ask::parse("", sql), execute("", 0, 1), more].concat())
        }
        Form::Simple if !with.is_empty() => say(client, &extended(0)),
        _ if !with.is_empty() => say(client, &extended(1)),
        _ => say(client, &ask::query(sql)),
    }
}

/// Sends this; all messages up to ReadyForQuery, or to the end of the session.
fn say(client: &mut Client, bytes: &[u8]) -> Vec<Message> {
    if !client.try_send(bytes) {
        return Vec::new();
    }
    client.until_ready()
}

/// Whether the last ReadyForQuery spoke of a transaction.
fn said_in_transaction(client: &mut Client) -> bool {
    let said = client.query("");
    said.last().is_some_and(|ready| ready.kind == b'Z' && ready.body != b"I")
}
