//! Reads the example of `docs/evidence-format.md` with a reader written from that page alone.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::pkcs8::DecodePublicKey;
use evidence::{PublicKey, State, Writer, verify};
use model::{Access, Action, Event, Object, ObjectKind, Parent, Phase, Verdict};

use crate::story::{START, ending, head, key};

const PAGE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence-format.md"));

/// The content of the page's code block of this kind.
fn block(kind: &str) -> &'static str {
    let begin = format!("```{kind}\n");
    let (_, rest) = PAGE.split_once(&begin).unwrap();
    rest.split_once("```").unwrap().0
}

fn example() -> Vec<u8> {
    let relation = Object::within(ObjectKind::Relation, Parent::Is("public".into()), "t");
    let at = |millis| START.plus(Duration::from_millis(millis));
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    for (at, event) in [
        (
            at(10),
            Event::Command {
                number: 1,
                phase: Phase::Run,
                text: Bytes::from_static(b"select * from t"),
                parameters: Arc::new([]),
                accesses: Arc::new([Access::new(Action::Select, relation)]),
            },
        ),
        (
            at(10),
            Event::Decided {
                number: 1,
                verdict: Verdict::Allowed,
                policies: Arc::from(["engineers-read".into()]),
                approval: None,
                message: None,
            },
        ),
    ] {
        writer.append(at, &event).unwrap();
    }
    writer.seal();
    let finished = Event::Finished { number: 1, tag: "SELECT 0".into(), rows: 0, bytes: 0 };
    writer.append(at(12), &finished).unwrap();
    writer.close(&ending()).unwrap();
    writer.seal().to_vec()
}

fn dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (index, line) in bytes.chunks(16).enumerate() {
        let _ = writeln!(out, "{:04x}  {}", index * 16, spaced(line));
    }
    out
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn on_the_page() -> Vec<u8> {
    let digits = block("hex").lines().flat_map(|line| line.split_whitespace().skip(1));
    hex::decode(digits.collect::<String>()).unwrap()
}

#[test]
fn the_example_on_the_page_is_what_is_written() {
    assert_eq!(block("pem"), key().public().to_pem().unwrap());
    assert_eq!(block("hex"), dump(&example()));
    let key = PublicKey::from_pem(block("pem")).unwrap();
    assert_eq!(verify(&on_the_page(), &key).state, State::Closed);
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[test]
fn a_reader_written_from_the_page_reads_the_example() {
    let file = on_the_page();
    let key = ed25519_dalek::VerifyingKey::from_public_key_pem(block("pem")).unwrap();
    assert_eq!(&file[..12], b"\x89SLUICE\n\0\x01\0\0");
    assert_eq!(&file[36..52], &blake3::hash(key.as_bytes()).as_bytes()[..16]);

    let mut chain = *blake3::hash(&file[..52]).as_bytes();
    let (mut at, mut blocks, mut previous) = (52, 0, 52);
    let mut table = String::new();
    let mut kinds = Vec::new();
    let mut last = false;
    while at < file.len() {
        assert!(!last, "nothing follows the last checkpoint");
        let length = number(&file[at..at + 4]);
        let (kind, body) = (file[at + 4], &file[at + 5..at + 5 + length]);
        let hash = *blake3::hash(&[&chain[..], &file[at..at + 5 + length]].concat()).as_bytes();
        assert_eq!(&file[at + 5 + length..at + 5 + length + 32], hash);
        match kind {
            1 => {
                let mut frame = 0;
                while frame < body.len() {
                    let size = number(&body[frame..frame + 4]);
                    let kind = body[frame + 4];
                    kinds.push(kind);
                    let _ = writeln!(table, "| {:04x} | a frame of kind {kind} |", at + 5 + frame);
                    frame += 4 + size;
                }
                assert_eq!(frame, body.len());
            }
            2 => {
                let signed = [b"sluice recording checkpoint 1\n", &chain[..], &body[..85]].concat();
                let signature = ed25519_dalek::Signature::from_slice(&body[85..149]).unwrap();
                key.verify_strict(&signed, &signature).unwrap();
                assert_eq!(number(&body[8..16]), at);
                assert_eq!(number(&body[16..24]), blocks);
                assert_eq!(number(&body[24..28]), previous);
                assert_eq!(number(&body[29..37]), kinds.len());
                last = body[28] == 1;
                let _ = writeln!(
                    table,
                    "| {at:04x} | a checkpoint{} |",
                    if last { ", the last" } else { "" }
                );
            }
            other => panic!("a block of kind {other}"),
        }
        chain = hash;
        blocks += 1;
        previous = 5 + length + 32;
        at += previous;
    }
    assert!(last);
    assert_eq!(kinds, [1, 2, 3, 8, 11]);
    assert!(PAGE.ends_with(&table), "{table}");
}
