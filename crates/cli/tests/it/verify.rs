//! `sluice verify` on a file, offline.

use std::fs;
use std::sync::Arc;

use evidence::audit::{Begins, Checkpoint, Entry, GENESIS, Line};
use evidence::{Keys, SessionKey, SigningKey, Writer};
use model::{Ending, Event, Identity, IdentityKind, SessionHead, SessionId, Timestamp};

use super::Desk;

fn recording(key: &Arc<SigningKey>) -> Vec<u8> {
    let opened = Timestamp::from_secs(1_700_000_000);
    let head = SessionHead {
        id: SessionId::new(opened, 7),
        opened,
        identity: Identity {
            subject: "ann@example.com\u{1b}[2J".into(),
            groups: vec![],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "10.0.0.9:4711".into(),
        client: None,
        resource: "orders-prod".into(),
        protocol: "postgres".into(),
        database: None,
        policies: vec!["open".into()],
    };
    let session = SessionKey::new(zeroize::Zeroizing::new([9; 32]));
    let keys = Keys { signing: Arc::clone(key), session, slots: Vec::new() };
    let mut writer = Writer::begin(keys, &head).unwrap();
    writer.append(opened, &Event::Notice { number: 0, message: "hello".into() }).unwrap();
    writer.close(&Ending { at: opened, how: "the client left".into() }).unwrap();
    writer.bytes().to_vec()
}

#[test]
fn a_recording_is_verified_with_the_public_key_alone_and_a_changed_one_is_not() {
    let key = Arc::new(SigningKey::from_seed(&[7; 32]));
    let other = SigningKey::from_seed(&[8; 32]);
    let good = recording(&key);
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let desk = Desk::with(&[]);
    let write = |name: &str, bytes: &[u8]| fs::write(desk.path().join(name), bytes).unwrap();
    write("good", &good);
    write("changed", &changed);
    write("cut", &good[..good.len() - 10]);
    write("key", key.public().to_pem().unwrap().as_bytes());
    write("other", other.public().to_pem().unwrap().as_bytes());
    for (file, key, code, expected) in [
        ("good", "key", 0, "VERIFIED: "),
        ("changed", "key", 1, "NOT VERIFIED: "),
        ("cut", "key", 1, "CUT: "),
        ("good", "other", 1, "NOT VERIFIED: "),
    ] {
        let said = desk.sluice(&["verify", file, "--key", key]);
        assert!(said.out.starts_with(expected), "{file} {key}: {}{}", said.out, said.err);
        assert!(!said.out.contains('\u{1b}'), "{}", said.out);
        assert_eq!(said.code, Some(code), "{file} {key}");
    }
    let said = desk.sluice(&["verify", "good", "--key", "key", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["state"], "closed");
}

/// The log of a gateway that opened and ended this one session.
fn log_of(key: &SigningKey, recording: &[u8]) -> String {
    let report = evidence::verify(recording, &key.public(), None);
    let (at, object) = (Timestamp::from_secs(1_700_000_000), report.session.unwrap().to_string());
    let open = serde_json::json!({ "recording": report.first_hash });
    let end = serde_json::json!({ "recording": report.last_hash, "frames": 3 });
    let mut hash = GENESIS;
    let mut lines = vec![Line::Begins(Begins { after: 0, hash, checkpoints: 0 })];
    for (seq, action, detail) in [(1, "session.open", open), (2, "session.end", end)] {
        let (actor, action, object) = ("ann".into(), action.into(), object.clone());
        let mut entry = Entry { seq, at, actor, action, object, detail, hash: String::new() };
        hash = entry.after(&hash);
        entry.hash = hex::encode(hash);
        lines.push(Line::Entry(entry));
    }
    lines.push(Line::Checkpoint(Checkpoint::sign(key, 1, 2, &hash)));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_folder_of_recordings_is_held_against_an_exported_log() {
    let key = Arc::new(SigningKey::from_seed(&[7; 32]));
    let recording = recording(&key);
    let log = log_of(&key, &recording);
    let id = evidence::verify(&recording, &key.public(), None).session.unwrap();
    let name = format!("copies/{id}.sluice-rec");
    let desk = Desk::with(&[("log.jsonl", &log)]);
    let write = |name: &str, bytes: &[u8]| {
        let path = desk.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("key", key.public().to_pem().unwrap().as_bytes());
    write(&name, &recording);
    let verify = |words: &[&str]| desk.sluice(&[&["verify"], words, &["--key", "key"]].concat());
    let said = verify(&["log.jsonl"]);
    assert!(said.out.starts_with("VERIFIED: every entry"), "{}{}", said.out, said.err);
    assert_eq!(said.code, Some(0));
    let said = verify(&["copies", "--audit", "log.jsonl"]);
    assert!(said.out.starts_with("VERIFIED: "), "{}{}", said.out, said.err);
    assert!(said.out.contains("1 whole"), "{}", said.out);
    let said = verify(&["copies"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("holds no audit log") && said.err.contains("hint: "), "{}", said.err);

    fs::remove_file(desk.path().join(&name)).unwrap();
    let said = verify(&["copies", "--audit", "log.jsonl"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("NOT VERIFIED") && said.out.contains("missing"), "{}", said.out);
    let json = verify(&["copies", "--audit", "log.jsonl", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(found["problems"][0]["session"], id.to_string());
    assert_eq!(found["problems"][0]["standing"], "missing");

    write("log.jsonl", log.replace("\"ann\"", "\"eve\"").as_bytes());
    for words in [&["log.jsonl"][..], &["copies", "--audit", "log.jsonl"]] {
        let said = verify(words);
        assert_eq!(said.code, Some(1), "{words:?}");
        assert!(said.out.contains("the chain breaks at entry 1"), "{}", said.out);
    }
}
