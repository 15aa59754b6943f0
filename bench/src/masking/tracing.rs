//! What a statement takes that was never seen, and one that was: a session of the gateway's, without sockets.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use e2e::{Client, ask};
use model::{Classes, Conversation, DataClass, DataRule, Peer, SessionId, Step, Terms, Timestamp};
use sql::{Limits, NoCatalogue};
use wire::postgres::catalogue::Row;
use wire::postgres::library::Library;
use wire::postgres::session::{Application, Cap, Opening, Session};

use super::statements::{REPORT, SCHEMA, SENSITIVE, STATEMENTS};
use crate::page::Section;
use crate::paths::Stage;
use crate::stats::{median, percentile};

/// How often each statement is asked in each way.
const TIMES: usize = 101;
/// What stands for `{u}` where the server is asked for its answer.
const WORD: &str = "w0000000";

/// Microseconds of one statement.
struct Costs {
    name: &'static str,
    bytes: usize,
    /// `sql::read` alone.
    read: f64,
    /// From its first byte to the last of its answer: never seen, and seen, where columns carry classes.
    unseen: f64,
    seen: f64,
    /// The same of a resource without data rules.
    bare_unseen: f64,
    bare_seen: f64,
}

/// Every statement, never seen and seen, with data rules and without.
pub(crate) fn measure(stage: &Stage) -> Result<Section> {
    let ran = stage.server.owner(&stage.database.name).arg("-v").arg("ON_ERROR_STOP=1").script(&format!(
        "CREATE SCHEMA shop AUTHORIZATION app;\nSET ROLE app;\nSET search_path = shop;\n{SCHEMA}"
    ));
    ensure!(ran.ok(), "the shop: {}", ran.all());
    let way = stage.ways("bench").into_iter().find(|way| way.name == "direct").context("direct")?;
    let client = Client::sign_in_with(
        &way.address,
        0,
        &[("user", &way.user), ("database", &way.database), ("options", "-csearch_path=shop")],
        &way.password,
    );
    let mut client = client.map_err(|why| anyhow::anyhow!("signing in: {why:?}"))?;
    let mut all = Vec::new();
    for (name, text) in STATEMENTS {
        all.push(cost(&mut client, name, text).with_context(|| name.to_owned())?);
    }
    let mut section = Section::new(
        "A statement that was never seen",
        &format!(
            "Microseconds of one session in memory, without sockets, policy and disk: from the first byte of a statement to the last \
             byte of its answer, which has no rows; medians of {TIMES}. Thirty kinds of statements over a schema of {} columns with a class. Never seen: \
             another word in each, so that no cache helps. Reading alone: the grammar and the walk over its tree. Tracing: what of it is \
             above the same resource without data rules, never seen and seen.",
            SENSITIVE.len()
        ),
    );
    section.head(&[
        "statement",
        "bytes",
        "reading alone",
        "never seen",
        "seen",
        "without data rules: never seen",
        "seen",
        "tracing: never seen",
        "seen",
    ]);
    for name in ["point select", "a join of an ORM", "a recursive CTE", "UPDATE", REPORT] {
        let one = all.iter().find(|one| one.name == name).context(name)?;
        section.row(row(name, one.bytes.to_string(), |of| of(one)));
    }
    let of_all = |percent: f64| {
        let all = &all;
        move |of: &dyn Fn(&Costs) -> f64| {
            percentile(&all.iter().map(of).collect::<Vec<_>>(), percent)
        }
    };
    section.row(row("median of the thirty", "–".into(), of_all(50.0)));
    section.row(row("the slowest of the thirty", "–".into(), of_all(100.0)));
    Ok(section)
}

fn row(name: &str, bytes: String, value: impl Fn(&dyn Fn(&Costs) -> f64) -> f64) -> Vec<String> {
    let micros = |of: &dyn Fn(&Costs) -> f64| format!("{:.1}", value(of));
    vec![
        name.to_owned(),
        bytes,
        micros(&|one| one.read),
        micros(&|one| one.unseen),
        micros(&|one| one.seen),
        micros(&|one| one.bare_unseen),
        micros(&|one| one.bare_seen),
        micros(&|one| one.unseen - one.bare_unseen),
        micros(&|one| one.seen - one.bare_seen),
    ]
}

fn cost(client: &mut Client, name: &'static str, text: &str) -> Result<Costs> {
    let asked = text.replace("{u}", WORD);
    let answer = answer(client, &asked)?;
    let ruled = library(rules()?, &catalogue(client, &rules()?)?)?;
    let bare = library(Vec::new(), &catalogue(client, &[])?)?;
    let (mut read, mut times) = (Vec::new(), [const { Vec::new() }; 4]);
    let scope = NoCatalogue { search_path: Some(vec!["shop".to_owned()]) };
    let mut sessions = [open(&ruled), open(&bare)];
    for n in 0..TIMES {
        let unseen = text.replace("{u}", &format!("u{n:07}"));
        let begun = Instant::now();
        let understood = sql::read(unseen.as_bytes(), &scope, &Limits::default());
        read.push(begun.elapsed().as_secs_f64() * 1e6);
        understood.map_err(|why| anyhow::anyhow!("{why}"))?;
        for (session, times) in sessions.iter_mut().zip(times.chunks_mut(2)) {
            for (text, times) in [&unseen, &asked].into_iter().zip(times) {
                let micros = ask(session, text, &answer)?;
                // The first that is seen is not.
                if n > 0 {
                    times.push(micros);
                }
            }
        }
    }
    let [unseen, seen, bare_unseen, bare_seen] = times.map(|times| median(&times));
    Ok(Costs {
        name,
        bytes: asked.len(),
        read: median(&read),
        unseen,
        seen,
        bare_unseen,
        bare_seen,
    })
}

/// What the server answers, to its last byte.
fn answer(client: &mut Client, text: &str) -> Result<Bytes> {
    let mut answer = Vec::new();
    for message in client.query(text) {
        if message.kind == b'E' {
            bail!("{}", message.error().message());
        }
        answer.extend(ask::message(message.kind, &message.body));
    }
    Ok(answer.into())
}

type Rows = Vec<Vec<Option<String>>>;

/// The server's catalogue as the gateway asks for it.
fn catalogue(client: &mut Client, rules: &[DataRule]) -> Result<Rows> {
    let query = Library::new(rules.to_vec()).query();
    let answer = client.query(&query);
    ensure!(answer.iter().all(|message| message.kind != b'E'), "{answer:?}");
    let rows = answer.iter().filter(|message| message.kind == b'D');
    let text =
        |field: Option<Vec<u8>>| field.map(|field| String::from_utf8_lossy(&field).into_owned());
    Ok(rows.map(|row| row.fields().into_iter().map(text).collect()).collect())
}

fn library(rules: Vec<DataRule>, rows: &Rows) -> Result<Arc<Library>> {
    let library = Library::new(rules);
    let since = library.begin_reading();
    let rows = rows.iter().map(|fields| {
        let mut row = Row::default();
        row.iter_mut().zip(fields).for_each(|(slot, field)| *slot = field.as_deref());
        row
    });
    library.update(since, rows)?;
    Ok(Arc::new(library))
}

fn rules() -> Result<Vec<DataRule>> {
    let rule = |(table, column, class): &(&str, &str, &str)| -> Result<DataRule> {
        let class = DataClass::new(class).context("a class")?;
        Ok(DataRule::Column { path: ["shop".into(), (*table).into(), (*column).into()], class })
    };
    SENSITIVE.iter().map(rule).collect()
}

fn open(library: &Arc<Library>) -> Session {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Session::new(Opening {
        library: Arc::clone(library),
        application: Application {
            subject: "alice@example.com".into(),
            session: SessionId::new(Timestamp::from_secs(1), 7),
        },
        parameters: vec![
            setting("standard_conforming_strings", "on"),
            setting("client_encoding", "UTF8"),
        ],
        notices: Vec::new(),
        search_path_chosen: false,
        cap: Cap::default(),
        message_limit: 1 << 20,
    })
}

/// Asks once, answers as the server did, and says how many microseconds the session had to work.
fn ask(session: &mut Session, text: &str, answer: &Bytes) -> Result<f64> {
    let question = Bytes::from(ask::query(text));
    let terms = Terms { reveal: Arc::new(Classes::new()), ..Terms::default() };
    let mut told = Told::default();
    let begun = Instant::now();
    session.feed(Peer::Client, question);
    pump(session, &terms, &mut told)?;
    if told.sent {
        session.feed(Peer::Upstream, answer.clone());
        pump(session, &terms, &mut told)?;
    }
    let micros = begun.elapsed().as_secs_f64() * 1e6;
    ensure!(told.decided && told.sent && told.ready, "an answer that does not end: {told:?}");
    Ok(micros)
}

/// How far a statement came.
#[derive(Debug, Default)]
struct Told {
    decided: bool,
    sent: bool,
    ready: bool,
}

fn pump(session: &mut Session, terms: &Terms, told: &mut Told) -> Result<()> {
    loop {
        match session.next() {
            Ok(None) => return Ok(()),
            Ok(Some(Step::Decide(ticket, _))) => {
                told.decided = true;
                session.decided(ticket, Ok(terms.clone()));
            }
            Ok(Some(Step::Send(Peer::Upstream, _))) => told.sent = true,
            // ReadyForQuery is six bytes, the last of an answer.
            Ok(Some(Step::Send(Peer::Client, bytes))) => {
                told.ready = bytes.len() >= 6 && bytes.get(bytes.len() - 6) == Some(&b'Z');
            }
            Ok(Some(Step::Refresh(ticket))) => session.refreshed(ticket),
            Ok(Some(Step::Inherit(ticket, _))) => session.inherited(ticket, Ok(())),
            Ok(Some(
                Step::Record(_)
                | Step::Withdraw(_)
                | Step::Drift(_)
                | Step::Shown(_)
                | Step::Wake(_),
            )) => {}
            Err(_) => bail!("the session ended"),
        }
    }
}
