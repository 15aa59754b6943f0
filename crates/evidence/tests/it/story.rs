use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use evidence::{
    Item, Keyring, KeyringKey, Keys, PublicKey, Reader, SessionKey, SigningKey, Writer,
};
use model::{
    Access, Action, ApprovalId, Column, DataClass, Ending, Event, Facts, Identity, IdentityKind,
    Object, ObjectKind, Parameter, Parent, Phase, ReasonKind, Seen, SessionHead, SessionId, Shadow,
    Timestamp, TokenId, ValueFormat, Verdict,
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

/// One of every kind of event, in an order a session could have.
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

pub(crate) fn ending() -> Ending {
    Ending { at: START.plus(Duration::from_secs(2)), how: "the client left".into() }
}

/// A recording of [`events`], sealed after every second event and signed in the middle.
pub(crate) fn recording(randomness: u128) -> Vec<u8> {
    let mut writer = begin(&head(randomness));
    for (index, (at, event)) in events().iter().enumerate() {
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
