use model::{Access, Action, Facts, Object, ObjectKind, Seen, Stream, StreamDigest};
use proptest::prelude::*;

use super::*;

#[test]
fn every_cause_of_a_refusal_reads_back_and_none_is_another() {
    for cause in CAUSES {
        let read = take_cause(&mut Unpack::new(vec![code_of(cause)].into()));
        assert_eq!(read, Some(Some(cause)));
    }
    assert_eq!(take_cause(&mut Unpack::new(vec![0].into())), Some(None));
    assert_eq!(take_cause(&mut Unpack::new(vec![CAUSES.len() as u8 + 1].into())), None);
}

/// A recording of a gateway that did not keep what later ones append.
#[test]
fn what_a_payload_does_not_have_is_not_known() {
    let command = Event::Command {
        number: 1,
        phase: Phase::Run,
        text: Bytes::from_static(b"select 1"),
        parameters: Arc::new([]),
        accesses: Arc::new([]),
        seen: None,
    };
    let mut out = Vec::new();
    put(&mut out, &command, &Counts::default()).unwrap();
    assert_eq!(take(kind::COMMAND, out.into()), Some(command));
    // Allowed, by nobody, without approval, message or what comes behind these.
    let decided = take(kind::DECIDED, Bytes::from_static(&[1, 0, 0, 0, 0]));
    assert!(matches!(decided, Some(Event::Decided { cause: None, .. })), "{decided:?}");
}

#[test]
fn every_kind_of_object_reads_back() {
    for kind in KINDS {
        // A kind that is added to the model must be added to the list above.
        match kind {
            ObjectKind::Resource
            | ObjectKind::Relation
            | ObjectKind::Function
            | ObjectKind::Schema
            | ObjectKind::Database
            | ObjectKind::Role
            | ObjectKind::Setting
            | ObjectKind::Type
            | ObjectKind::File
            | ObjectKind::Program
            | ObjectKind::Channel
            | ObjectKind::Other => {}
        }
        let access = Access::new(Action::Select, Object::top(kind, "x"));
        let mut out = Vec::new();
        put_access(&mut out, &access);
        assert_eq!(take_access(&mut Unpack::new(out.into())), Some(access));
    }
}

fn payload(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, event, &Counts::default()).unwrap();
    out
}

/// One of each kind that tells of a program, with everything in it that may be absent.
fn of_programs() -> Vec<Event> {
    let digest = |stream, bytes| StreamDigest { stream, bytes, blake3: [7; 32] };
    vec![
        Event::Stream { number: 300, stream: Stream::Error, data: Bytes::from_static(b"no\n") },
        Event::Terminal { number: 0, columns: u32::MAX, rows: 24 },
        Event::Exited {
            number: 1,
            status: Some(u32::MAX),
            signal: Some("TERM".into()),
            streams: vec![digest(Stream::Input, 0), digest(Stream::Output, u64::MAX)],
        },
        Event::Moved {
            number: 2,
            path: "/etc/hosts".into(),
            upload: true,
            bytes: 5,
            sha256: Some([9; 32]),
        },
    ]
}

#[test]
fn what_tells_of_a_program_reads_back_and_nothing_that_is_cut_short_does() {
    for event in of_programs() {
        let whole = payload(&event);
        let kind = kind_of(&event);
        assert_eq!(take(kind, whole.clone().into()), Some(event));
        for length in 0..whole.len() {
            assert_eq!(take(kind, Bytes::copy_from_slice(&whole[..length])), None, "{length}");
        }
        // A later version appends.
        let longer = [&whole[..], b"more"].concat();
        assert!(take(kind, longer.into()).is_some());
    }
}

#[test]
fn a_word_that_is_not_in_the_format_is_not_guessed_at() {
    for (kind, bytes) in [
        (kind::STREAM, &[1, 3, 0][..]),
        // A length and counts that cannot be true.
        (kind::STREAM, &[1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]),
        (kind::EXITED, &[1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]),
        // 2³², where 32 bits are the most.
        (kind::TERMINAL, &[1, 0x80, 0x80, 0x80, 0x80, 0x10, 1]),
        (kind::EXITED, &[1, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0]),
        (kind::EXITED, &[1, 2, 0, 0]),
        (kind::EXITED, &[1, 0, 1, 1, 0xff, 0]),
        (kind::MOVED, &[1, 1, b'x', 2, 0, 0]),
        (kind::MOVED, &[1, 1, b'x', 0, 0, 2]),
        (kind::MOVED, &[1, 1, 0xff, 0, 0, 0]),
        (kind::MOVED + 1, &[1, 0, 0]),
    ] {
        assert_eq!(take(kind, Bytes::copy_from_slice(bytes)), None, "{kind} {bytes:?}");
    }
}

/// What older gateways read of a command, newer ones write the same.
#[test]
fn names_stand_behind_what_was_seen_and_only_where_there_are_any() {
    let seen = |facts| Seen { facts: Arc::new(facts), in_transaction: false };
    let of = |facts| {
        let mut out = Vec::new();
        put_seen(&mut out, &seen(facts));
        out
    };
    let plain = of(Facts::default());
    assert_eq!(plain, [0, 0, 0]);
    let named = Facts {
        programs: ["cp".into()].into(),
        argv: ["-r".into(), "a".into()].into(),
        paths: ["/a".into(), "/b".into()].into(),
        ..Facts::default()
    };
    let bytes = of(named.clone());
    assert!(bytes.starts_with(&plain));
    assert_eq!(take_seen(&mut Unpack::new(bytes.clone().into())), Some(seen(named)));
    for length in plain.len() + 1..bytes.len() {
        let cut = Bytes::copy_from_slice(&bytes[..length]);
        assert_eq!(take_seen(&mut Unpack::new(cut)), None, "{length}");
    }
}

proptest! {
    #[test]
    fn any_payload_of_any_kind_is_read_without_harm(kind in 0_u8..20, bytes: Vec<u8>) {
        if let Some(event) = take(kind, bytes.into()) {
            // What is read is written again, and then reads as the same.
            let again = take(kind, payload(&event).into());
            if kind != kind::OPENED {
                prop_assert_eq!(again, Some(event));
            }
        }
    }
}
