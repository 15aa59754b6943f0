//! What it costs to record one statement: encoding, chaining, one write; and a signature.
//!
//! `cargo run --release -p evidence --example recording [FOLDER]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement at a desk")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use evidence::{SigningKey, Writer};
use model::{
    Access, Action, Column, Event, Identity, IdentityKind, Object, ObjectKind, Parameter, Parent,
    Phase, SessionHead, SessionId, Timestamp, ValueFormat, Verdict,
};

const ROUNDS: u32 = 3000;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let key = Arc::new(SigningKey::from_seed(&[1; 32]));
    let group = group();

    let mut writer = begin(&key);
    let mut size = 0;
    let encoding = best_of(|n| size = statement(&mut writer, n, &group, <[u8]>::len));
    println!("encode and chain a statement's 5 events, {size} bytes: {encoding:?}");

    let path = std::path::Path::new(&folder).join("cost.sluice-rec");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut writer = begin(&key);
    let writing =
        best_of(|n| statement(&mut writer, n, &group, |bytes| file.write_all(bytes).unwrap()));
    std::fs::remove_file(&path).unwrap();
    println!("the same with one write to {folder}: {writing:?}");

    let mut writer = begin(&key);
    let signing = best_of(|n| {
        writer.append(Timestamp::EPOCH, &Event::Cut { number: u64::from(n) }).unwrap();
        writer.checkpoint(Timestamp::EPOCH);
        writer.seal();
        writer.written();
    });
    println!("a signed checkpoint: {signing:?}");
}

/// The time one takes when nothing else disturbs: the best of many short rounds.
fn best_of(mut one: impl FnMut(u32)) -> Duration {
    (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            for n in 0..100 {
                one(round * 100 + n);
            }
            start.elapsed() / 100
        })
        .min()
        .unwrap_or_default()
}

/// As the gateway does it: what came after the last command is written with the next one.
fn statement<T>(
    writer: &mut Writer,
    n: u32,
    group: &[Event; 5],
    write: impl FnOnce(&[u8]) -> T,
) -> T {
    let at = Timestamp::from_micros(u64::from(n) * 50);
    for event in group {
        writer.append(at, event).unwrap();
    }
    let written = write(writer.seal());
    writer.written();
    written
}

fn group() -> [Event; 5] {
    let relation =
        Object::within(ObjectKind::Relation, Parent::Is("public".into()), "pgbench_accounts");
    let column = Column {
        name: "abalance".into(),
        type_name: "int4".into(),
        format: ValueFormat::Text,
        masked: Default::default(),
    };
    let number = 1000;
    [
        Event::Columns { number, columns: Arc::new([column]) },
        Event::Rows { number, count: 1, data: Bytes::from_static(b"\0\0\0\x07\0\x01\0\0\0\x010") },
        Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 11 },
        Event::Command {
            number,
            phase: Phase::Run,
            text: Bytes::from_static(b"SELECT abalance FROM pgbench_accounts WHERE aid = $1;"),
            parameters: Arc::new([Parameter::Text("81527".into())]),
            accesses: Arc::new([Access::new(Action::Select, relation)]),
        },
        Event::Decided {
            number,
            verdict: Verdict::Allowed,
            policies: Arc::from(["engineers-read".into()]),
            approval: None,
            message: None,
        },
    ]
}

fn begin(key: &Arc<SigningKey>) -> Writer {
    let head = SessionHead {
        id: SessionId::new(Timestamp::EPOCH, 1),
        opened: Timestamp::EPOCH,
        identity: Identity {
            subject: "erin@example.com".into(),
            groups: vec!["engineering".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "127.0.0.1:1".into(),
        client: None,
        resource: "orders".into(),
        protocol: "postgres".into(),
        database: None,
        policies: Vec::new(),
    };
    let mut writer = Writer::begin(Arc::clone(key), &head).unwrap();
    writer.seal();
    writer.written();
    writer
}
