//! A session to be told what two hostile ends say.

use std::sync::Arc;

use bytes::Bytes;
use model::{
    Classes, Command, Conversation, DataClass, DataRule, Peer, Reason, ReasonKind, Ruling,
    SessionId, Step, Terms, Timestamp,
};
use wire::postgres::catalogue::Row;
use wire::postgres::library::Library;
use wire::postgres::session::{Application, Cap, Opening, Session};

/// The table `public.customers` by its OID; columns `id` (1), `ssn` (2), `notes` (3), all as text.
pub(crate) const CUSTOMERS: u32 = 16_400;

const ROWS: &[Row<'static>] = &[
    [Some("path"), Some("0"), Some("public"), None, None, None],
    [Some("relation"), Some("16400"), Some("public"), Some("customers"), None, None],
    [Some("column"), Some("16400"), Some("1"), Some("id"), Some("25"), None],
    [Some("column"), Some("16400"), Some("2"), Some("ssn"), Some("25"), None],
    [Some("column"), Some("16400"), Some("3"), Some("notes"), Some("25"), None],
];

/// What came out of a session.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) client: Vec<u8>,
    pub(crate) upstream: Vec<u8>,
    pub(crate) decided: Vec<String>,
    pub(crate) violated: bool,
}

/// A session over a table with a sensitive column, and a detector for what is elsewhere.
pub(crate) fn open() -> Session {
    let class = |name: &str| DataClass::new(name).unwrap();
    let rules = vec![
        DataRule::Column {
            path: ["public", "customers", "ssn"].map(str::to_owned),
            class: class("us_ssn"),
        },
        DataRule::Detect(vec![class("us_ssn"), class("credit_card"), class("email")]),
    ];
    let library = Library::new(rules);
    let since = library.begin_reading();
    library.update(since, ROWS.iter().copied()).unwrap();
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Session::new(Opening {
        library: Arc::new(library),
        application: Application {
            subject: "ann@example.com".into(),
            session: SessionId::new(Timestamp::from_secs(1), 7),
        },
        parameters: vec![
            setting("standard_conforming_strings", "on"),
            setting("client_encoding", "UTF8"),
        ],
        notices: Vec::new(),
        search_path_chosen: false,
        cap: Cap::default(),
        message_limit: 64 << 10,
    })
}

/// Tells a session what each end says, in pieces of `size`, and rules as `rule` does.
pub(crate) fn tell(said: &[(Peer, &[u8])], size: usize, rule: fn(&Command) -> Ruling) -> Told {
    let mut session = open();
    let mut told = Told::default();
    for (from, bytes) in said {
        for piece in bytes.chunks(size.min(bytes.len().max(1))) {
            session.feed(*from, Bytes::copy_from_slice(piece));
            pump(&mut session, &mut told, rule);
            if told.violated {
                return told;
            }
        }
    }
    told
}

fn pump(session: &mut Session, told: &mut Told, rule: fn(&Command) -> Ruling) {
    // Every step uses up input or answers a decision; a session that hands out steps for ever hangs.
    for _ in 0..1_000_000 {
        match session.next() {
            Ok(None) => return,
            Ok(Some(Step::Send(Peer::Client, bytes))) => told.client.extend_from_slice(&bytes),
            Ok(Some(Step::Send(Peer::Upstream, bytes))) => told.upstream.extend_from_slice(&bytes),
            Ok(Some(Step::Record(_))) => {}
            Ok(Some(Step::Refresh(ticket))) => session.refreshed(ticket),
            Ok(Some(Step::Inherit(ticket, _))) => session.inherited(ticket, Ok(())),
            Ok(Some(Step::Withdraw(_) | Step::Drift(_) | Step::Shown(_) | Step::Wake(_))) => {}
            Ok(Some(Step::Decide(ticket, command))) => {
                told.decided.push(String::from_utf8_lossy(&command.text).into_owned());
                let ruling = rule(&command);
                session.decided(ticket, ruling);
            }
            Err(violation) => {
                told.client.extend_from_slice(&violation.farewell);
                told.violated = true;
                return;
            }
        }
    }
    panic!("a session that does not come to rest");
}

/// Everything may run, nothing is revealed.
pub(crate) fn allow(_: &Command) -> Ruling {
    Ok(Terms { reveal: Arc::new(Classes::new()), ..Terms::default() })
}

/// Nothing may run.
pub(crate) fn refuse(_: &Command) -> Ruling {
    Err(Reason {
        kind: ReasonKind::Policy,
        message: "no".into(),
        policies: vec!["fuzz".into()],
        hint: None,
    })
}

/// A message of the protocol.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    message.extend(body);
    message
}

/// Whether one text stands in another.
pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
