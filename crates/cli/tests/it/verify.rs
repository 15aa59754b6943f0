//! `sluice verify` on a file, offline.

use std::fs;
use std::sync::Arc;

use evidence::{SigningKey, Writer};
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
    let mut writer = Writer::begin(Arc::clone(key), &head).unwrap();
    let mut bytes = writer.seal().to_vec();
    writer.written();
    writer.append(opened, &Event::Notice { number: 0, message: "hello".into() }).unwrap();
    writer.close(&Ending { at: opened, how: "the client left".into() }).unwrap();
    bytes.extend_from_slice(writer.seal());
    bytes
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
