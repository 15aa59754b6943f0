//! Reads the example of `docs/evidence-format.md` with a reader written from that page alone.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::pkcs8::DecodePublicKey;
use evidence::{PublicKey, State};
use model::{
    Access, Action, Event, Object, ObjectKind, Parent, Phase, Seen, Stream, StreamDigest, Verdict,
};
use ring::aead;

use crate::story::{START, begin, ending, head, key, keyring};

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
    let mut writer = begin(&head(1));
    for (at, event) in [
        (
            at(10),
            Event::Command {
                number: 1,
                phase: Phase::Run,
                text: Bytes::from_static(b"select * from t"),
                parameters: Arc::new([]),
                accesses: Arc::new([Access::new(Action::Select, relation)]),
                seen: Some(Seen { facts: Arc::default(), in_transaction: false }),
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
                cause: None,
            },
        ),
    ] {
        writer.append(at, &event).unwrap();
    }
    writer.seal();
    let finished = Event::Finished { number: 1, tag: "SELECT 0".into(), rows: 0, bytes: 0 };
    writer.append(at(12), &finished).unwrap();
    writer.close(&ending()).unwrap();
    writer.bytes().to_vec()
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

/// The page up to its example, and the example as it is written now.
#[test]
fn the_example_on_the_page_is_what_is_written() {
    assert_eq!(block("pem"), key().public().to_pem().unwrap());
    if std::env::var_os("UPDATE_PAGE").is_some() {
        let (before, _) = PAGE.split_once("```hex\n").unwrap();
        let (table, _) = read(&example());
        let page =
            format!("{before}```hex\n{}```\n\n| offset | |\n|---|---|\n{table}", dump(&example()));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence-format.md");
        std::fs::write(path, page).unwrap();
        return;
    }
    assert_eq!(block("hex"), dump(&example()));
    let key = PublicKey::from_pem(block("pem")).unwrap();
    for keyring in [None, Some(&keyring())] {
        assert_eq!(evidence::verify(&on_the_page(), &key, keyring).state, State::Closed);
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn open(key: &[u8], nonce: [u8; 12], data: &[u8], sealed: &[u8]) -> Vec<u8> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key).unwrap());
    let mut plain = sealed.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    key.open_in_place(nonce, aead::Aad::from(data), &mut plain).unwrap().to_vec()
}

fn varint(bytes: &mut &[u8]) -> usize {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// A reader written from the page: the table of what stands where, and every frame's kind and payload.
fn read(file: &[u8]) -> (String, Vec<(u8, Vec<u8>)>) {
    let public = ed25519_dalek::VerifyingKey::from_public_key_pem(block("pem")).unwrap();
    assert_eq!(&file[..12], b"\x89SLUICE\n\0\x02\0\0");
    assert_eq!(&file[36..52], &blake3::hash(public.as_bytes()).as_bytes()[..16]);
    let begin = 56 + number(&file[52..56]);
    let slot = &file[56..begin];
    assert_eq!((slot[0], number(&slot[1..3]), slot.len()), (1, 64, 67));
    let ring = [0x2b; 32];
    let name = blake3::derive_key("sluice keyring key, its name", &ring);
    assert_eq!(slot[3..19], name[..16]);
    let session = &file[12..28];
    let wraps = blake3::derive_key(
        "sluice keyring key, seals a session's key",
        &[&ring[..], session].concat(),
    );
    let key = open(&wraps, [0; 12], session, &slot[19..]);

    let mut chain = *blake3::hash(&file[..begin]).as_bytes();
    let (mut at, mut blocks, mut previous) = (begin, 0_u64, begin);
    let mut table = String::new();
    let mut told = Vec::new();
    let mut end = 0;
    while at < file.len() {
        assert_eq!(end, 0, "nothing follows the last checkpoint");
        let header = &file[at..at + 9];
        let (length, kind, frames) = (number(&header[..4]), header[4], number(&header[5..]));
        let body = &file[at + 9..at + 9 + length];
        let hash = *blake3::hash(&[&chain[..], header, body].concat()).as_bytes();
        assert_eq!(&file[at + 9 + length..at + 9 + length + 32], hash);
        match kind {
            1 => {
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&blocks.to_be_bytes());
                let plain = open(&key, nonce, header, body);
                let unpacked = number(&plain[1..5]);
                let plain = match plain[0] {
                    0 => plain[5..].to_vec(),
                    1 => zstd::bulk::decompress(&plain[5..], unpacked).unwrap(),
                    other => unreachable!("codec {other}"),
                };
                assert_eq!(plain.len(), unpacked);
                let (mut rest, mut found) = (&plain[..], Vec::new());
                while !rest.is_empty() {
                    let size = varint(&mut rest);
                    let (kind, mut payload) = (rest[0], &rest[1..size]);
                    varint(&mut payload);
                    found.push((kind, payload.to_vec()));
                    rest = &rest[size..];
                }
                assert_eq!(found.len(), frames);
                let list: Vec<_> = found.iter().map(|(kind, _)| kind.to_string()).collect();
                let _ = writeln!(table, "| {at:04x} | frames of kind {} |", list.join(", "));
                told.extend(found);
            }
            2 => {
                let signed =
                    [b"sluice recording checkpoint 2\n", &chain[..], &body[..125]].concat();
                let signature = ed25519_dalek::Signature::from_slice(&body[125..189]).unwrap();
                public.verify_strict(&signed, &signature).unwrap();
                assert_eq!(number(&body[8..16]), at);
                assert_eq!(number(&body[16..24]) as u64, blocks);
                assert_eq!(number(&body[24..28]), previous);
                assert_eq!(number(&body[29..37]), told.len());
                end = body[28];
                let what = if end == 1 { ", the last" } else { "" };
                let _ = writeln!(table, "| {at:04x} | a checkpoint{what} |");
            }
            other => unreachable!("a block of kind {other}"),
        }
        chain = hash;
        blocks += 1;
        previous = 9 + length + 32;
        at += previous;
    }
    assert_eq!(end, 1);
    (table, told)
}

#[test]
fn a_reader_written_from_the_page_reads_the_example() {
    let (table, told) = read(&on_the_page());
    assert!(PAGE.ends_with(&table));
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [1, 2, 3, 8, 11]);
}

/// What the page's payloads say, in the order in which they stand there.
fn of_programs() -> [Event; 6] {
    let digest = |stream, text: &'static [u8]| StreamDigest {
        stream,
        bytes: text.len() as u64,
        blake3: blake3::hash(text).into(),
    };
    let said = |stream, data| Event::Stream { number: 2, stream, data: Bytes::from_static(data) };
    [
        said(Stream::Output, b"Linux\n"),
        said(Stream::Error, b"oops\n"),
        Event::Terminal { number: 0, columns: 120, rows: 40 },
        Event::Exited {
            number: 2,
            status: Some(1),
            signal: None,
            streams: vec![digest(Stream::Output, b"Linux\n"), digest(Stream::Error, b"oops\n")],
        },
        Event::Exited { number: 3, status: None, signal: Some("TERM".into()), streams: Vec::new() },
        Event::Moved {
            number: 4,
            path: "/etc/hosts".into(),
            upload: false,
            bytes: 1234,
            sha256: None,
        },
    ]
}

fn payloads_on_the_page() -> Vec<(u8, Vec<u8>)> {
    let line = |line: &str| {
        let (kind, digits) = line.split_once(' ').unwrap();
        (kind.parse().unwrap(), hex::decode(digits.replace(' ', "")).unwrap())
    };
    block("payloads").lines().map(line).collect()
}

/// Reads one payload by the words of the page.
fn payload(kind: u8, mut rest: &[u8]) -> Event {
    fn byte(bytes: &mut &[u8]) -> u8 {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        byte
    }
    fn take(bytes: &mut &[u8], length: usize) -> Vec<u8> {
        let (part, rest) = bytes.split_at(length);
        *bytes = rest;
        part.to_vec()
    }
    fn bytes(from: &mut &[u8]) -> Vec<u8> {
        let length = varint(from);
        take(from, length)
    }
    let text = |from: &mut &[u8]| String::from_utf8(bytes(from)).unwrap();
    let stream = |from: &mut &[u8]| match byte(from) {
        0 => Stream::Input,
        1 => Stream::Output,
        2 => Stream::Error,
        other => unreachable!("stream {other}"),
    };
    let rest = &mut rest;
    let number = varint(rest) as u64;
    let event = match kind {
        13 => Event::Stream { number, stream: stream(rest), data: bytes(rest).into() },
        14 => Event::Terminal { number, columns: varint(rest) as u32, rows: varint(rest) as u32 },
        15 => Event::Exited {
            number,
            status: (byte(rest) == 1).then(|| varint(rest) as u32),
            signal: (byte(rest) == 1).then(|| text(rest)),
            streams: (0..varint(rest))
                .map(|_| StreamDigest {
                    stream: stream(rest),
                    bytes: varint(rest) as u64,
                    blake3: take(rest, 32).try_into().unwrap(),
                })
                .collect(),
        },
        16 => Event::Moved {
            number,
            path: text(rest),
            upload: byte(rest) == 1,
            bytes: varint(rest) as u64,
            sha256: (byte(rest) == 1).then(|| take(rest, 32).try_into().unwrap()),
        },
        other => unreachable!("kind {other}"),
    };
    assert!(rest.is_empty(), "{rest:?}");
    event
}

#[test]
fn a_reader_written_from_the_page_reads_what_tells_of_programs() {
    let read: Vec<_> =
        payloads_on_the_page().iter().map(|(kind, bytes)| payload(*kind, bytes)).collect();
    assert_eq!(read, of_programs());
}

#[test]
fn what_tells_of_programs_is_written_as_the_page_says() {
    let mut writer = begin(&head(1));
    for event in of_programs() {
        writer.append(START, &event).unwrap();
    }
    writer.close(&ending()).unwrap();
    let (_, told) = read(writer.bytes());
    assert_eq!(told[1..told.len() - 1], payloads_on_the_page());
}
