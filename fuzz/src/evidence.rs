use std::sync::Arc;

use evidence::{
    Found, Item, Keyring, KeyringKey, Keys, Reader, Recovery, SessionKey, SigningKey, State,
    Writer, verify,
};
use model::{
    Ending, Event, Identity, IdentityKind, SessionHead, SessionId, Stream, StreamDigest, Timestamp,
    Verdict,
};
use zeroize::Zeroizing;

/// Any bytes are read as far as they hold; how they are cut changes nothing; none of them verify.
pub fn evidence_read(data: &[u8]) {
    let whole = read(data, usize::MAX);
    for size in [1, 7] {
        assert_eq!(read(data, size), whole, "in pieces of {size}");
    }
    let key = SigningKey::from_seed(&[3; 32]);
    for keyring in [None, Some(&keyring())] {
        assert_ne!(verify(data, &key.public(), keyring).state, State::Closed);
    }
    // What is found without an end is ended, and then verifies as far as anything in it was signed.
    let keyring = keyring();
    let mut recovery = Recovery::new(&keyring);
    recovery.feed(data);
    if let Found::Interrupted { length, end } = recovery.finish(&key, Timestamp::from_secs(1)) {
        let whole = [&data[..usize::try_from(length).unwrap()], &end].concat();
        let mut again = Recovery::new(&keyring);
        again.feed(&whole);
        assert_eq!(again.finish(&key, Timestamp::from_secs(2)), Found::Ended);
    }
}

fn keyring() -> Keyring {
    Keyring::of(KeyringKey::new(Zeroizing::new([5; 32])))
}

fn read(data: &[u8], size: usize) -> (usize, bool) {
    let mut reader = Reader::new();
    let mut items = 0;
    for piece in data.chunks(size.min(data.len().max(1))) {
        reader.feed(piece);
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(item)) => {
                    if let Item::Frame(_) = &item {
                        let _ = format!("{item:?}");
                    }
                    items += 1;
                }
                Err(_) => return (items, true),
            }
        }
    }
    (items, reader.finish().is_err())
}

/// A recording in which one byte is another, or which lost its end, never verifies as complete.
pub fn evidence_changed(data: &[u8]) {
    let [a, b, with, text @ ..] = data else { return };
    let key = Arc::new(SigningKey::from_seed(&[7; 32]));
    let good = recording(&key, text);
    let verify = |recording: &[u8], key: &SigningKey| {
        let alone = verify(recording, &key.public(), None).state;
        let opened = verify(recording, &key.public(), Some(&keyring())).state;
        assert_eq!(alone, opened);
        alone
    };
    assert_eq!(verify(&good, &key), State::Closed);
    let at = (usize::from(*a) << 8 | usize::from(*b)) % good.len();
    let mut bad = good.clone();
    if *with == 0 {
        bad.truncate(at);
    } else {
        bad[at] ^= with;
    }
    assert_ne!(verify(&bad, &key), State::Closed, "byte {at}");
    let other = SigningKey::from_seed(&[8; 32]);
    assert_ne!(verify(&good, &other), State::Closed);
}

fn recording(key: &Arc<SigningKey>, text: &[u8]) -> Vec<u8> {
    let at = Timestamp::from_secs(1_700_000_000);
    let head = SessionHead {
        id: SessionId::new(at, 1),
        opened: at,
        identity: Identity {
            subject: "alice@example.com".into(),
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
    let session = SessionKey::new(Zeroizing::new([6; 32]));
    let slots = vec![keyring().current().unwrap().wrap(head.id, &session)];
    let keys = Keys { signing: Arc::clone(key), session, slots };
    let mut writer = Writer::begin(keys, &head).unwrap();
    for (number, piece) in text.chunks(50).take(40).enumerate() {
        let number = u64::try_from(number).unwrap() + 1;
        let text = bytes::Bytes::copy_from_slice(piece);
        let command = Event::Command {
            number,
            phase: model::Phase::Run,
            text: text.clone(),
            parameters: Arc::new([]),
            accesses: Arc::new([]),
            seen: None,
        };
        writer.append(at, &command).unwrap();
        let decided = Event::Decided {
            number,
            verdict: Verdict::Allowed,
            policies: Arc::from(["p".into()]),
            approval: None,
            message: None,
            cause: None,
        };
        writer.append(at, &decided).unwrap();
        writer.append(at, &Event::Rows { number, count: 1, data: text.clone() }).unwrap();
        for event in of_programs(number, text) {
            writer.append(at, &event).unwrap();
        }
        if number % 3 == 0 {
            writer.seal();
        }
        if number % 5 == 0 {
            writer.checkpoint(at);
        }
    }
    writer.close(&Ending { at, how: "the client left".into() }).unwrap();
    writer.bytes().to_vec()
}

/// What a program says, on a terminal, how it ends, and what it moved.
fn of_programs(number: u64, data: bytes::Bytes) -> [Event; 4] {
    let stream = [Stream::Input, Stream::Output, Stream::Error][number as usize % 3];
    let bytes = data.len() as u64;
    let path = String::from_utf8_lossy(&data).into_owned();
    let (upload, sha256) = (number.is_multiple_of(2), (bytes > 9).then_some([7; 32]));
    let streams = vec![StreamDigest { stream, bytes, blake3: [9; 32] }];
    let status = u32::try_from(number).ok();
    [
        Event::Terminal { number, columns: 80, rows: 24 },
        Event::Stream { number, stream, data },
        Event::Moved { number, path, upload, bytes, sha256 },
        Event::Exited { number, status, signal: None, streams },
    ]
}

#[test]
fn write_a_seed() {
    let key = Arc::new(SigningKey::from_seed(&[7; 32]));
    let whole = recording(
        &key,
        "uname -a; cat /etc/hosts; \x1b]0;x\x07 tar c . | gzip > /srv/backup.tgz && \u{e9}\u{6f22}"
            .as_bytes(),
    );
    // Without its end: it is ended anew.
    std::fs::write("corpus/evidence_read/programs", &whole[..whole.len() - 300]).unwrap();
}
