use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use evidence::{
    Item, Keyring, KeyringKey, Keys, PublicKey, Reader, SessionKey, SigningKey, Writer,
};
use model::{
    Access, Action, ApprovalId, Column, DataClass, Ending, Event, Facts, Identity, IdentityKind,
    Object, ObjectKind, Parameter, Parent, Phase, ReasonKind, Seen, SessionHead, SessionId, Shadow,
    Stream, StreamDigest, Timestamp, TokenId, ValueFormat, Verdict,
};
use zeroize::Zeroizing;

/// 2026-01-31, noon.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_769_860_800);

pub(crate) fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::from_seed(&[42; 32]))
}

pub(crate) fn public() -> PublicKey {
    static PUBLIC: LazyLock<PublicKey> = LazyLock::new(|| key().public());
    *PUBLIC
}

pub(crate) fn keyring() -> Keyring {
    Keyring::of(KeyringKey::new(Zeroizing::new([43; 32])))
}

pub(crate) fn keys(head: &SessionHead) -> Keys {
    let session = SessionKey::new(Zeroizing::new([44; 32]));
    let slots = vec![keyring().current().unwrap().wrap(head.id, &session)];
    Keys { signing: key(), session, slots }
}

pub(crate) fn begin(head: &SessionHead) -> Writer {
    Writer::begin(keys(head), head).unwrap()
}

pub(crate) fn head(randomness: u128) -> SessionHead {
    SessionHead {
        id: SessionId::new(START, randomness),
        opened: START,
        identity: Identity {
            subject: "erin@example.com".into(),
            groups: vec!["engineering".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: Some(START.plus(Duration::from_secs(3600))),
            token: Some(TokenId::new(START, 9)),
            only_resources: None,
        },
        source: "192.0.2.7:50123".into(),
        client: Some("psql".into()),
        resource: "orders-prod".into(),
        protocol: "postgres".into(),
        database: Some("orders".into()),
        policies: vec!["engineers-read".into()],
    }
}

pub(crate) fn row(fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = u16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
    for field in fields {
        match field {
            None => body.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(value) => {
                body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
                body.extend_from_slice(value);
            }
        }
    }
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

pub(crate) fn column(name: &str, type_name: &str, format: ValueFormat) -> Column {
    Column { name: name.into(), type_name: type_name.into(), format, masked: Default::default() }
}

/// One of every kind of event of a database's session, in an order it could have.
pub(crate) fn events() -> Vec<(Timestamp, Event)> {
    let at = |millis| START.plus(Duration::from_millis(millis));
    let mut masked = column("card", "text", ValueFormat::Text);
    masked.masked.insert(DataClass::new("credit_card").unwrap());
    let accesses = vec![
        Access::new(
            Action::Select,
            Object::within(ObjectKind::Relation, Parent::Is("public".into()), "customers"),
        ),
        Access::new(
            Action::Call,
            Object::within(ObjectKind::Function, Parent::OneOf(vec!["a".into(), "b".into()]), "f"),
        ),
        Access::new(Action::Unknown, Object::resource()),
        Access::new(Action::Drop, Object::within(ObjectKind::Relation, Parent::Any, "t")),
    ];
    let data = [row(&[Some(b"1"), Some(b"****1111")]), row(&[Some(b"2"), None])].concat();
    vec![
        (
            at(10),
            Event::Command {
                number: 1,
                phase: Phase::Run,
                text: Bytes::from_static(
                    b"select id, card from customers where id < $1 and n <> $2",
                ),
                parameters: vec![
                    Parameter::Text("3".into()),
                    Parameter::Null,
                    Parameter::Binary("00ff".into()),
                    Parameter::Cut { start: "Lorem".into(), length: 70_000 },
                ]
                .into(),
                accesses: accesses.into(),
                seen: Some(Seen {
                    facts: Arc::new(Facts {
                        unbounded: true,
                        returns: [DataClass::new("email").unwrap()].into(),
                        filters: [DataClass::new("us_ssn").unwrap()].into(),
                        not_understood: Some("a piece of it is new".into()),
                        ..Facts::default()
                    }),
                    in_transaction: true,
                }),
            },
        ),
        (
            at(10),
            Event::Decided {
                number: 1,
                verdict: Verdict::Held,
                policies: Arc::from(["dba-looks".into()]),
                approval: Some(ApprovalId::new(START, 5)),
                message: Some("waits for a DBA".into()),
                cause: None,
            },
        ),
        // The clock was set back while it waited.
        (
            at(5),
            Event::Decided {
                number: 1,
                verdict: Verdict::Approved,
                policies: Arc::from(["dba-looks".into(), "engineers-read".into()]),
                approval: Some(ApprovalId::new(START, 5)),
                message: None,
                cause: None,
            },
        ),
        (at(12), Event::Notice { number: 1, message: "a word".into() }),
        (
            at(12),
            Event::Columns {
                number: 1,
                columns: vec![column("id", "int4", ValueFormat::Text), masked].into(),
            },
        ),
        (at(12), Event::Rows { number: 1, count: 2, data: data.into() }),
        (at(13), Event::Cut { number: 1 }),
        (at(13), Event::Finished { number: 1, tag: "SELECT 2".into(), rows: 2, bytes: 42 }),
        (
            at(20),
            Event::Command {
                number: 2,
                phase: Phase::Prepare,
                text: Bytes::from_static(b"drop \xff table t"),
                parameters: Arc::new([]),
                accesses: Arc::new([]),
                seen: None,
            },
        ),
        (
            at(20),
            Event::Decided {
                number: 2,
                verdict: Verdict::Denied,
                policies: Arc::from(["no-drop".into()]),
                approval: None,
                message: Some("DROP is not for here".into()),
                cause: Some(ReasonKind::Policy),
            },
        ),
        (
            at(20),
            Event::Shadow {
                number: 2,
                shadow: Shadow {
                    verdict: Verdict::Held,
                    policies: Arc::from(["drop-is-asked".into()]),
                    shows: Arc::new([DataClass::new("email").unwrap()].into()),
                    masks: Arc::default(),
                },
            },
        ),
        (at(30), Event::Bulk { number: 3, to_client: true, data: Bytes::from_static(b"1\t2\n") }),
        (at(31), Event::Failed { number: 3, code: "57014".into(), message: "canceled".into() }),
        (at(31), Event::Failed { number: 0, code: "57P01".into(), message: "shutdown".into() }),
    ]
}

/// Who came to a machine.
pub(crate) fn head_of_programs(randomness: u128) -> SessionHead {
    SessionHead {
        client: Some("OpenSSH_9.2".into()),
        resource: "web-1".into(),
        protocol: "ssh".into(),
        database: None,
        ..head(randomness)
    }
}

pub(crate) fn said(number: u64, stream: Stream, data: &[u8]) -> Event {
    Event::Stream { number, stream, data: Bytes::copy_from_slice(data) }
}

pub(crate) fn ran(number: u64, text: &str, access: Access) -> [Event; 2] {
    let facts = Facts {
        programs: text.split(' ').next().map(Into::into).into_iter().collect(),
        argv: text.split(' ').skip(1).map(Into::into).collect(),
        ..Facts::default()
    };
    [
        Event::Command {
            number,
            phase: Phase::Run,
            text: Bytes::copy_from_slice(text.as_bytes()),
            parameters: Arc::new([]),
            accesses: Arc::new([access]),
            seen: Some(Seen { facts: Arc::new(facts), in_transaction: false }),
        },
        Event::Decided {
            number,
            verdict: Verdict::Allowed,
            policies: Arc::from(["engineers-run".into()]),
            approval: None,
            message: None,
            cause: None,
        },
    ]
}

fn ended(
    number: u64,
    status: Option<u32>,
    signal: Option<&str>,
    streams: &[(Stream, u64)],
) -> Event {
    let digest = |(stream, bytes): &(Stream, u64)| StreamDigest {
        stream: *stream,
        bytes: *bytes,
        blake3: [0xd1; 32],
    };
    let signal = signal.map(str::to_owned);
    Event::Exited { number, status, signal, streams: streams.iter().map(digest).collect() }
}

/// What happens on a machine: a program, a file that is fetched, a shell on a terminal.
pub(crate) fn events_of_programs() -> Vec<(Timestamp, Event)> {
    let at = |millis| START.plus(Duration::from_millis(millis));
    let program = |name: &str| Access::new(Action::Exec, Object::top(ObjectKind::Program, name));
    let mut events = Vec::new();
    let mut tell = |millis, more: &[Event]| {
        events.extend(more.iter().map(|event| (at(millis), event.clone())));
    };
    tell(10, &ran(1, "uname -a", program("uname")));
    tell(
        12,
        &[said(1, Stream::Output, b"Linux web-1 6."), said(1, Stream::Output, b"1\n\tx86_64")],
    );
    tell(13, &[said(1, Stream::Error, b"uname: one word\n"), said(1, Stream::Input, b"y\n")]);
    let streams = [(Stream::Input, 2), (Stream::Output, 24), (Stream::Error, 16)];
    tell(14, &[ended(1, Some(1), None, &streams)]);
    let file = Object::top(ObjectKind::File, "/etc/hosts");
    tell(20, &ran(2, "download /etc/hosts", Access::new(Action::Download, file)));
    let (path, sha256) = ("/etc/hosts".to_owned(), Some([0xf1; 32]));
    tell(21, &[Event::Moved { number: 2, path, upload: false, bytes: 1234, sha256 }]);
    tell(29, &[Event::Terminal { number: 0, columns: 80, rows: 24 }]);
    tell(30, &ran(3, "env LANG", Access::new(Action::Env, Object::top(ObjectKind::Other, "LANG"))));
    tell(31, &ran(4, "shell", Access::new(Action::Shell, Object::resource())));
    tell(40, &[said(4, Stream::Output, b"\x1b]0;web-1\x07\x1b[32mweb-1\x1b[0m$ ")]);
    tell(50, &[said(4, Stream::Input, b"ls\r"), said(4, Stream::Output, b"ls\r\na  b\r\n")]);
    tell(60, &[Event::Terminal { number: 4, columns: 100, rows: 30 }]);
    // Another program while the shell has the screen.
    tell(61, &ran(5, "tar c .", program("tar")));
    tell(62, &[said(5, Stream::Output, &[0; 600]), said(4, Stream::Output, b"web-1$ ")]);
    tell(63, &[Event::Cut { number: 5 }, ended(5, Some(0), None, &[(Stream::Output, 9000)])]);
    tell(70, &[ended(4, None, Some("HUP"), &[(Stream::Input, 3), (Stream::Output, 50)])]);
    events
}

pub(crate) fn ending() -> Ending {
    Ending { at: START.plus(Duration::from_secs(2)), how: "the client left".into() }
}

/// A recording of [`events`], sealed after every second event and signed in the middle.
pub(crate) fn recording(randomness: u128) -> Vec<u8> {
    recording_of(&head(randomness), &events())
}

/// The same of other events.
pub(crate) fn recording_of(head: &SessionHead, events: &[(Timestamp, Event)]) -> Vec<u8> {
    let mut writer = begin(head);
    for (index, (at, event)) in events.iter().enumerate() {
        writer.append(*at, event).unwrap();
        if index % 2 == 1 {
            writer.seal();
        }
        if index == 6 {
            writer.delivered(b"what the client got");
            writer.checkpoint(*at);
        }
    }
    writer.close(&ending()).unwrap();
    writer.bytes().to_vec()
}

/// Everything in a recording, fed in pieces of this size.
pub(crate) fn read(recording: &[u8], piece: usize) -> Vec<Item> {
    let mut reader = Reader::new();
    let mut items = Vec::new();
    for piece in recording.chunks(piece) {
        reader.feed(piece);
        while let Some(item) = reader.next().unwrap() {
            if let Item::Begun(preamble) = &item {
                reader.unlock(keyring().open(preamble.session, &preamble.slots).unwrap());
            }
            items.push(item);
        }
    }
    reader.finish().unwrap();
    items
}
