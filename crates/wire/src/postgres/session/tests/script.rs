//! A script: what each end says in turn, and what becomes of it.

use std::sync::Arc;

use bytes::Bytes;
use model::ports::Unavailable;
use model::{
    ApprovalId, Classes, Conversation, DataClass, DataRule, Derived, Drift, Event, Heritage,
    Inherited, Masking, Peer, Reason, ReasonKind, SessionId, Step, Terms, Ticket, Timestamp,
    Verdict, Violation,
};

use crate::postgres::catalogue::Row;
use crate::postgres::frame::{self, backend, frontend, message, put_cstr};
use crate::postgres::library::Library;
use crate::postgres::session::{Application, Cap, Opening, Session};

/// One turn of a script.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    Client(Vec<u8>),
    Server(Vec<u8>),
    /// An approver says yes or no to the command that waits.
    Rule(bool),
    /// Somebody else defined this, and the catalogue was read again.
    Learn(&'static [&'static [&'static str]]),
    /// From here on only these may show.
    Reveal(&'static [&'static str]),
}

/// What came out of a session, cuts forgotten.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) client: Vec<u8>,
    pub(super) upstream: Vec<u8>,
    pub(super) events: Vec<String>,
    /// What each command that was decided does.
    pub(super) accesses: Vec<String>,
    /// Columns that seem to hold something.
    pub(super) drift: Vec<Drift>,
    pub(super) violation: Option<Violation>,
}

impl Outcome {
    /// The types of the messages the client got.
    pub(super) fn client_tags(&self) -> String {
        tags(&self.client)
    }

    /// The types of the messages the server got.
    pub(super) fn upstream_tags(&self) -> String {
        tags(&self.upstream)
    }

    pub(super) fn client_text(&self) -> String {
        String::from_utf8_lossy(&self.client).into_owned()
    }

    pub(super) fn upstream_text(&self) -> String {
        String::from_utf8_lossy(&self.upstream).into_owned()
    }
}

pub(super) fn tags(mut bytes: &[u8]) -> String {
    let mut tags = String::new();
    while let Some(&[tag, a, b, c, d]) = bytes.first_chunk::<5>() {
        tags.push(char::from(tag));
        bytes = &bytes[1 + u32::from_be_bytes([a, b, c, d]) as usize..];
    }
    assert!(bytes.is_empty(), "a message was cut short");
    tags
}

/// A session to be told a script to.
pub(super) struct Stage {
    rules: Vec<DataRule>,
    rows: Vec<Row<'static>>,
    reveal: Arc<Classes>,
    cap: Cap,
    notices: Vec<Bytes>,
    strict: bool,
    full: bool,
}

impl Stage {
    /// Nothing is sensitive.
    pub(super) fn plain() -> Self {
        Self {
            rules: Vec::new(),
            rows: names(),
            reveal: Arc::default(),
            cap: Cap::default(),
            notices: Vec::new(),
            strict: false,
            full: false,
        }
    }

    /// `customers.ssn` and `customers.email` are, and so is whatever looks like a card number.
    pub(super) fn sensitive() -> Self {
        let column = |table: &str, column: &str, class: &str| DataRule::Column {
            path: ["public".to_owned(), table.to_owned(), column.to_owned()],
            class: DataClass::new(class).unwrap(),
        };
        Self {
            rules: vec![
                column("customers", "ssn", "us_ssn"),
                column("customers", "email", "email"),
                DataRule::Detect(vec![DataClass::new("credit_card").unwrap()]),
            ],
            ..Self::plain()
        }
    }

    /// The same, and rows with a number are not shown.
    pub(super) fn denying_rows() -> Self {
        let mut stage = Self::sensitive();
        stage.rules.push(DataRule::Class {
            class: DataClass::new("us_ssn").unwrap(),
            masking: Some(Masking::DenyRow),
            derived: Derived::Mask,
        });
        stage
    }

    pub(super) fn revealing(mut self, classes: &[&str]) -> Self {
        self.reveal =
            Arc::new(classes.iter().map(|class| DataClass::new(class).unwrap()).collect());
        self
    }

    /// With `strict_masking`.
    pub(super) fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Nothing more can be kept of what columns inherit.
    pub(super) fn full(mut self) -> Self {
        self.full = true;
        self
    }

    pub(super) fn keeping(mut self, rows: u64, bytes: u64) -> Self {
        self.cap = Cap { rows, bytes };
        self
    }

    /// With something that the server said at login.
    pub(super) fn greeted(mut self, notices: Vec<Bytes>) -> Self {
        self.notices = notices;
        self
    }

    fn library(&self) -> Arc<Library> {
        self.library_with(&Arc::default())
    }

    fn library_with(&self, heritage: &Arc<Heritage>) -> Arc<Library> {
        let library = Library::new(self.rules.clone()).strict(self.strict);
        let library = library.inheriting(Arc::clone(heritage));
        let since = library.begin_reading();
        library.update(since, self.rows.iter().copied()).unwrap();
        Arc::new(library)
    }

    pub(super) fn session(&self) -> Session {
        self.session_with(self.library())
    }

    fn session_with(&self, library: Arc<Library>) -> Session {
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Session::new(Opening {
            library,
            application: Application {
                subject: "o'ann".into(),
                session: SessionId::new(Timestamp::from_secs(1), 7),
            },
            parameters: vec![
                setting("standard_conforming_strings", "on"),
                setting("client_encoding", "UTF8"),
            ],
            notices: self.notices.clone(),
            search_path_chosen: false,
            cap: self.cap,
            message_limit: 1 << 20,
        })
    }

    /// Tells the script in one piece, then cut at every position and in small pieces, and checks that
    /// nothing but the cuts differs.
    pub(super) fn play(&self, script: &[Turn]) -> Outcome {
        let whole = self.tell(script, &|turn, _| vec![turn.len()]);
        let longest = script.iter().map(Turn::len).max().unwrap_or(0);
        for at in 1..longest {
            let cut = self.tell(script, &|turn, _| {
                if at < turn.len() { vec![at, turn.len() - at] } else { vec![turn.len()] }
            });
            assert_eq!(cut, whole, "cut at {at}");
        }
        for size in [1, 2, 3, 7] {
            let cut = self.tell(script, &|turn, _| vec![size; turn.len().div_ceil(size)]);
            assert_eq!(cut, whole, "in pieces of {size}");
        }
        whole
    }

    fn tell(&self, script: &[Turn], cut: &dyn Fn(&Turn, usize) -> Vec<usize>) -> Outcome {
        let heritage = Arc::default();
        let library = self.library_with(&heritage);
        let mut player = Player {
            heritage,
            full: self.full,
            session: self.session_with(Arc::clone(&library)),
            library,
            reveal: Arc::clone(&self.reveal),
            outcome: Outcome::default(),
            waiting: None,
        };
        for (index, turn) in script.iter().enumerate() {
            player.turn(turn, &cut(turn, index));
        }
        player.outcome
    }
}

impl Turn {
    fn len(&self) -> usize {
        match self {
            Self::Client(bytes) | Self::Server(bytes) => bytes.len(),
            Self::Rule(_) | Self::Learn(_) | Self::Reveal(_) => 0,
        }
    }
}

struct Player {
    heritage: Arc<Heritage>,
    full: bool,
    session: Session,
    library: Arc<Library>,
    reveal: Arc<Classes>,
    outcome: Outcome,
    waiting: Option<Ticket>,
}

impl Player {
    fn turn(&mut self, turn: &Turn, cuts: &[usize]) {
        let (from, bytes) = match turn {
            Turn::Client(bytes) => (Peer::Client, bytes),
            Turn::Server(bytes) => (Peer::Upstream, bytes),
            Turn::Rule(approved) => {
                let ticket = self.waiting.take().expect("something waits for its ruling");
                let approval = Some(ApprovalId::new(Timestamp::from_secs(2), 9));
                let terms =
                    Terms { reveal: Arc::clone(&self.reveal), approval, ..Terms::default() };
                let ruling = if *approved { Ok(terms) } else { Err(denial("disapproved")) };
                self.session.decided(ticket, ruling);
                return self.pump();
            }
            Turn::Reveal(classes) => {
                let classes = classes.iter().map(|class| DataClass::new(class).unwrap());
                self.reveal = Arc::new(classes.collect());
                return;
            }
            Turn::Learn(rows) => {
                let since = self.library.begin_reading();
                let rows = names().into_iter().chain(rows.iter().map(|cells| cells_of(cells)));
                self.library.update(since, rows).unwrap();
                return self.pump();
            }
        };
        let mut rest = bytes.as_slice();
        for &size in cuts {
            let (piece, later) = rest.split_at(size.min(rest.len()));
            self.session.feed(from, Bytes::copy_from_slice(piece));
            self.pump();
            rest = later;
        }
    }

    fn pump(&mut self) {
        loop {
            match self.session.next() {
                Ok(None) => return,
                Ok(Some(step)) => self.step(step),
                Err(violation) => {
                    if self.outcome.violation.is_none() {
                        self.outcome.client.extend_from_slice(&violation.farewell);
                        self.outcome.violation = Some(violation);
                    }
                    return;
                }
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send(Peer::Client, bytes) => self.outcome.client.extend_from_slice(&bytes),
            Step::Send(Peer::Upstream, bytes) => self.outcome.upstream.extend_from_slice(&bytes),
            Step::Record(event) => self.record(&event),
            Step::Refresh(ticket) => self.session.refreshed(ticket),
            Step::Drift(drift) => {
                self.outcome.events.push(format!(
                    "drift {} {}",
                    drift.column.join("."),
                    drift.class
                ));
                self.outcome.drift.push(*drift);
            }
            Step::Inherit(ticket, inherited) => self.inherit(ticket, inherited),
            Step::Shown(_) | Step::Wake(_) => panic!("nothing is sealed here, and nothing waits"),
            Step::Withdraw(ticket) => self.outcome.events.push(format!("{ticket:?} withdrawn")),
            Step::Decide(ticket, command) => {
                let text = String::from_utf8_lossy(&command.text).to_lowercase();
                let accesses = command.understood.accesses();
                let names: Vec<_> = accesses.iter().map(|access| access.action.name()).collect();
                let deletes = names.contains(&"delete");
                self.outcome.accesses.push(names.join(" "));
                if text.contains("drop") {
                    self.session.decided(ticket, Err(denial("no drop here")));
                } else if deletes && command.phase == model::Phase::Run {
                    self.waiting = Some(ticket);
                    self.session.notify(ticket, "held", "ask somebody");
                } else {
                    let terms = Terms { reveal: Arc::clone(&self.reveal), ..Terms::default() };
                    self.session.decided(ticket, Ok(terms));
                }
            }
        }
    }

    fn inherit(&mut self, ticket: Ticket, inherited: Vec<Inherited>) {
        for one in &inherited {
            let [schema, column] = [&one.schema, &one.column].map(|name| name.as_deref());
            self.outcome.events.push(format!(
                "{}.{}.{} inherits {} as {}",
                schema.unwrap_or("*"),
                one.relation,
                column.unwrap_or("*"),
                one.class,
                one.derivation.as_str()
            ));
        }
        let kept = if self.full {
            Err(Unavailable("the disk is full".to_owned()))
        } else {
            self.heritage.add(inherited);
            Ok(())
        };
        self.session.inherited(ticket, kept);
    }

    /// Rows and bulk data in any number of pieces are the same rows.
    fn record(&mut self, event: &Event) {
        let line = match event {
            Event::Command { number, text, parameters, .. } => {
                format!("{number} {} {parameters:?}", String::from_utf8_lossy(text))
            }
            Event::Decided { number, verdict, .. } => {
                format!("{number} {}", verdict_name(*verdict))
            }
            Event::Columns { number, columns } => {
                let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
                format!("{number} columns {}", names.join(","))
            }
            Event::Rows { number, data, .. } => return self.more(*number, "rows", data),
            Event::Bulk { number, data, .. } => return self.more(*number, "bulk", data),
            Event::Cut { number } => format!("{number} cut"),
            Event::Finished { number, tag, rows, bytes } => {
                format!("{number} finished {tag} {rows} rows {bytes} bytes")
            }
            Event::Failed { number, code, .. } => format!("{number} failed {code}"),
            Event::Notice { number, message } => format!("{number} notice {message}"),
            Event::Opened(_)
            | Event::Shadow { .. }
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Exited { .. }
            | Event::Moved { .. }
            | Event::Closed(_) => {
                unreachable!("not the conversation's")
            }
        };
        self.outcome.events.push(line);
    }

    fn more(&mut self, number: u64, kind: &str, data: &[u8]) {
        let head = format!("{number} {kind} ");
        let text = data.escape_ascii().to_string();
        match self.outcome.events.last_mut() {
            Some(last) if last.starts_with(&head) => last.push_str(&text),
            _ => self.outcome.events.push(head + &text),
        }
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Held => "held",
        Verdict::Approved => "approved",
    }
}

fn denial(message: &str) -> Reason {
    Reason {
        kind: ReasonKind::Policy,
        message: message.to_owned(),
        policies: vec!["p".to_owned()],
        hint: None,
    }
}

fn cells_of(cells: &[&'static str]) -> Row<'static> {
    let mut row = [None; 6];
    for (slot, cell) in row.iter_mut().zip(cells) {
        *slot = Some(*cell);
    }
    row
}

fn names() -> Vec<Row<'static>> {
    let row = cells_of;
    vec![
        row(&["path", "1", "public"]),
        row(&["relation", "20000", "public", "customers", "r"]),
        row(&["column", "20000", "1", "id", "23"]),
        row(&["column", "20000", "2", "ssn", "25"]),
        row(&["column", "20000", "3", "email", "25"]),
        row(&["column", "20000", "4", "notes", "25"]),
        row(&["relation", "20001", "public", "orders", "r"]),
        row(&["column", "20001", "1", "id", "23"]),
        row(&["column", "20001", "2", "notes", "25"]),
    ]
}

pub(super) fn client(parts: &[Vec<u8>]) -> Turn {
    Turn::Client(parts.concat())
}

pub(super) fn server(parts: &[Vec<u8>]) -> Turn {
    Turn::Server(parts.concat())
}

fn built(tag: u8, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, tag, body);
    out
}

pub(super) fn query(text: &str) -> Vec<u8> {
    built(frontend::QUERY, |out| put_cstr(out, text))
}

pub(super) fn parse(name: &str, text: &str) -> Vec<u8> {
    built(frontend::PARSE, |out| {
        put_cstr(out, name);
        put_cstr(out, text);
        out.extend_from_slice(&[0, 0]);
    })
}

pub(super) fn bind(portal: &str, statement: &str, values: &[&str]) -> Vec<u8> {
    built(frontend::BIND, |out| {
        put_cstr(out, portal);
        put_cstr(out, statement);
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(values.len() as u16).to_be_bytes());
        for value in values {
            out.extend_from_slice(&(value.len() as u32).to_be_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(&[0, 0]);
    })
}

pub(super) fn describe(kind: u8, name: &str) -> Vec<u8> {
    built(frontend::DESCRIBE, |out| {
        out.push(kind);
        put_cstr(out, name);
    })
}

pub(super) fn execute(portal: &str) -> Vec<u8> {
    execute_most(portal, 0)
}

pub(super) fn execute_most(portal: &str, rows: u32) -> Vec<u8> {
    built(frontend::EXECUTE, |out| {
        put_cstr(out, portal);
        out.extend_from_slice(&rows.to_be_bytes());
    })
}

pub(super) fn bare(tag: u8) -> Vec<u8> {
    built(tag, |_| {})
}

pub(super) fn sync() -> Vec<u8> {
    bare(frontend::SYNC)
}

pub(super) fn copy_data(text: &str) -> Vec<u8> {
    built(backend::COPY_DATA, |out| out.extend_from_slice(text.as_bytes()))
}

pub(super) fn copy_response(tag: u8, columns: u16) -> Vec<u8> {
    built(tag, |out| {
        out.push(0);
        out.extend_from_slice(&columns.to_be_bytes());
        out.extend(std::iter::repeat_n(0, 2 * usize::from(columns)));
    })
}

/// Columns as (name, table, number, type).
pub(super) fn columns(columns: &[(&str, u32, i16, u32)]) -> Vec<u8> {
    built(backend::ROW_DESCRIPTION, |out| {
        out.extend_from_slice(&(columns.len() as u16).to_be_bytes());
        for (name, table, number, type_oid) in columns {
            put_cstr(out, name);
            out.extend_from_slice(&table.to_be_bytes());
            out.extend_from_slice(&number.to_be_bytes());
            out.extend_from_slice(&type_oid.to_be_bytes());
            out.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        }
    })
}

pub(super) fn row(values: &[Option<&str>]) -> Vec<u8> {
    built(backend::DATA_ROW, |out| {
        out.extend_from_slice(&(values.len() as u16).to_be_bytes());
        for value in values {
            match value {
                None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
                Some(value) => {
                    out.extend_from_slice(&(value.len() as u32).to_be_bytes());
                    out.extend_from_slice(value.as_bytes());
                }
            }
        }
    })
}

pub(super) fn complete(tag: &str) -> Vec<u8> {
    let mut out = Vec::new();
    frame::command_complete(&mut out, tag);
    out
}

pub(super) fn ready(status: u8) -> Vec<u8> {
    let mut out = Vec::new();
    frame::ready_for_query(&mut out, status);
    out
}

/// An error or a notice with these fields.
pub(super) fn report(tag: u8, fields: &[(u8, &str)]) -> Vec<u8> {
    built(tag, |out| {
        for (code, value) in fields {
            out.push(*code);
            put_cstr(out, value);
        }
        out.push(0);
    })
}

pub(super) fn error(code: &str, message: &str) -> Vec<u8> {
    report(backend::ERROR_RESPONSE, &[(b'S', "ERROR"), (b'C', code), (b'M', message)])
}
