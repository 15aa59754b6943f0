//! Reads the example of `docs/audit-format.md` with a checker written from that page alone.

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use evidence::audit::{Begins, Census, Checkpoint, Entry, Export, GENESIS, Line, Standing};
use evidence::{PublicKey, SigningKey, State, verify};
use model::Timestamp;
use serde_json::{Value, json};

use crate::story::{begin, ending, head, key};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit-format.md");

fn page() -> String {
    std::fs::read_to_string(PATH).unwrap()
}

fn block(kind: &str) -> String {
    let page = page();
    let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Three entries, two of them of one transaction.
fn example() -> String {
    let signing = SigningKey::from_seed(&[0x2a; 32]);
    let mut lines = vec![Line::Begins(Begins { after: 0, hash: GENESIS, checkpoints: 0 })];
    let mut hash = GENESIS;
    for (seq, actor, action, object, detail, signs) in [
        (1, "sluice", "gateway.start", "gateway", json!({"entries": 0, "version": "0.1.0"}), None),
        (2, "sluice", "gateway.stop", "gateway", json!({}), Some(1)),
        (
            3,
            "ana@example.com",
            "token.create",
            "01jbv40c9m6q4t0w9m2c7z5k1h",
            json!({
                "name": "naïve \"export\"\n", "subject": "export-job", "kind": "machine",
                "groups": ["exporters"], "only_resources": null,
                "expires": "2026-03-02T23:59:59.000001Z",
            }),
            Some(2),
        ),
    ] {
        let at = Timestamp::from_micros(1_769_903_999_000_000 + seq);
        let (actor, action, object) = (actor.into(), action.into(), object.into());
        let mut entry = Entry { seq, at, actor, action, object, detail, hash: String::new() };
        hash = entry.after(&hash);
        entry.hash = hex::encode(hash);
        lines.push(Line::Entry(entry));
        if let Some(number) = signs {
            lines.push(Line::Checkpoint(Checkpoint::sign(&signing, number, seq, &hash)));
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_example_on_the_page_is_what_is_written() {
    if std::env::var_os("UPDATE_PAGE").is_some() {
        let page = page();
        let (before, _) = page.split_once("```jsonl\n").unwrap();
        std::fs::write(PATH, format!("{before}```jsonl\n{}```\n", example())).unwrap();
        return;
    }
    assert_eq!(block("jsonl"), example(), "run the tests once with UPDATE_PAGE=1");
    let key = PublicKey::from_pem(&block("pem")).unwrap();
    let mut export = Export::new(&key);
    export.feed(block("jsonl").as_bytes(), |_| {}).unwrap();
    export.finish().unwrap();
}

/// As the page says it: `L(text)`.
fn long(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat()
}

/// Microseconds of a moment of the example, which all are in one minute.
fn micros(at: &str) -> u64 {
    let (minute, rest) = at.split_at(17);
    assert_eq!(minute, "2026-01-31T23:59:");
    let seconds: f64 = rest.trim_end_matches('Z').parse().unwrap();
    // The 31st of January 2026, 23:59, by another calendar than ours: `date -u -d … +%s`.
    1_769_903_940_000_000 + (seconds * 1e6).round() as u64
}

#[test]
fn the_example_is_checked_by_a_program_written_from_the_page() {
    let key = VerifyingKey::from_public_key_pem(&block("pem")).unwrap();
    let (mut hash, mut last, mut number, mut signed) = ([0_u8; 32], 0, 0, 0);
    for (index, text) in block("jsonl").lines().enumerate() {
        let line: Value = serde_json::from_str(text).unwrap();
        if index == 0 {
            assert_eq!(line["audit"], 1);
            assert_eq!(line["hash"], "0".repeat(64));
        } else if let Some(id) = line["id"].as_u64() {
            assert_eq!(id, last + 1);
            // The very text of the line: members are sorted already.
            let from = text.find("\"detail\":").unwrap() + 9;
            let detail = &text[from..text.rfind(",\"hash\":").unwrap()];
            let mut material = hash.to_vec();
            material.extend(id.to_be_bytes());
            material.extend(micros(line["at"].as_str().unwrap()).to_be_bytes());
            for field in ["actor", "action", "object"] {
                material.extend(long(line[field].as_str().unwrap()));
            }
            material.extend(long(detail));
            hash = blake3::derive_key("sluice audit chain v1", &material);
            assert_eq!(line["hash"], hex::encode(hash));
            last = id;
        } else {
            number += 1;
            assert_eq!(line["checkpoint"], number);
            assert_eq!(line["entry"], last);
            let id = blake3::hash(key.as_bytes());
            assert_eq!(line["key"], hex::encode(&id.as_bytes()[..16]));
            let message = [
                b"sluice audit checkpoint 1\n".as_slice(),
                &u64::to_be_bytes(number),
                &u64::to_be_bytes(last),
                &hash,
            ]
            .concat();
            let signature = hex::decode(line["signature"].as_str().unwrap()).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            key.verify_strict(&message, &signature).unwrap();
            signed = last;
        }
    }
    assert_eq!((last, signed), (3, 3));
}

/// What the log would say of a recording.
fn entry(action: &str, object: &str, detail: Value) -> Entry {
    let at = Timestamp::from_secs(1);
    let (actor, hash) = ("ana".into(), String::new());
    Entry { seq: 1, at, actor, action: action.into(), object: object.into(), detail, hash }
}

#[test]
fn nothing_follows_the_last_number_there_is() {
    let public = key().public();
    for seq in [0, u64::MAX] {
        let begins = Begins { after: u64::MAX, hash: GENESIS, checkpoints: 0 };
        let mut forged = entry("token.create", "x", json!({}));
        forged.seq = seq;
        forged.hash = hex::encode(forged.after(&GENESIS));
        let text = format!("{}\n{}\n", Line::Begins(begins), Line::Entry(forged));
        let mut export = Export::new(&public);
        let read = export.feed(text.as_bytes(), |_| panic!("an unsigned entry was believed"));
        assert!(read.is_err() && export.finish().is_err(), "{seq}");
        assert_eq!(export.extent().from, u64::MAX);
    }
}

#[test]
fn a_recording_stands_when_it_is_the_one_the_log_speaks_of() {
    let public = key().public();
    let mut writer = begin(&head(1));
    let early = writer.bytes().to_vec();
    writer.close(&ending()).unwrap();
    let whole = writer.bytes().to_vec();
    let (report, id) = (verify(&whole, &public, None), head(1).id);
    assert_eq!(report.state, State::Closed);
    let first = json!({ "recording": report.first_hash });
    let last = json!({ "recording": report.last_hash, "frames": 2 });
    let open = entry("session.open", &id.to_string(), first.clone());
    let end = entry("session.end", &id.to_string(), last);
    let judge = |entries: &[&Entry], bytes: &[u8]| {
        let mut census = Census::default();
        entries.iter().for_each(|entry| census.note(entry));
        census.judge(id, &verify(bytes, &public, None))
    };
    assert_eq!(judge(&[&open, &end], &whole), Standing::Whole);
    assert_eq!(judge(&[&open], &whole), Standing::Whole, "its end is on its way");
    assert_eq!(judge(&[&open], &early), Standing::GoesOn);
    assert!(matches!(judge(&[&open, &end], &early), Standing::Shortened(_)));
    assert_eq!(judge(&[], &whole), Standing::Unlisted);
    assert!(matches!(
        judge(&[&open], &whole[..whole.len() - 1]),
        Standing::Tampered(_) | Standing::GoesOn
    ));
    let other = entry("session.open", &id.to_string(), json!({ "recording": "00".repeat(32) }));
    assert!(matches!(judge(&[&other, &end], &whole), Standing::Replaced(_)));
    let elsewhere = entry("session.end", &id.to_string(), first);
    assert!(matches!(judge(&[&open, &elsewhere], &whole), Standing::Replaced(_)));
    let mut writer = begin(&head(2));
    writer.close(&ending()).unwrap();
    assert!(matches!(judge(&[&open, &end], writer.bytes()), Standing::Replaced(_)));
}
