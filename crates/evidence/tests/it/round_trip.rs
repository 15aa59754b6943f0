use std::sync::Arc;

use bytes::Bytes;
use evidence::{Checkpoint, Counts, End, Item, Keyring, Reader, Slot, State, WriteError, Writer};
use model::{Event, Facts, Seen, Stream, StreamDigest, Timestamp};
use proptest::prelude::*;

use crate::story::{
    START, begin, ending, events, events_of_programs, head, head_of_programs, keyring, keys,
    public, read, recording, recording_of,
};

fn frames(recording: &[u8], piece: usize) -> Vec<(Timestamp, Event)> {
    read(recording, piece)
        .into_iter()
        .filter_map(|item| match item {
            Item::Frame(frame) => Some((frame.at, frame.event.unwrap())),
            _ => None,
        })
        .collect()
}

#[test]
fn what_is_written_reads_back_however_it_is_cut() {
    let recording = recording(1);
    let mut expected = vec![(START, Event::Opened(Box::new(head(1))))];
    expected.extend(events());
    expected.push((ending().at, Event::Closed(ending())));
    for piece in [1, 2, 3, 7, 64, 1000, recording.len()] {
        assert_eq!(frames(&recording, piece), expected, "in pieces of {piece}");
    }
}

#[test]
fn what_programs_said_reads_back_and_is_counted() {
    let head = head_of_programs(2);
    let recording = recording_of(&head, &events_of_programs());
    let mut expected = vec![(START, Event::Opened(Box::new(head)))];
    expected.extend(events_of_programs());
    expected.push((ending().at, Event::Closed(ending())));
    for piece in [1, 7, recording.len()] {
        assert_eq!(frames(&recording, piece), expected, "in pieces of {piece}");
    }
    let report = verify(&recording);
    assert_eq!((report.state, report.unread), (State::Closed, 0), "{report:?}");
    // One exit code other than 0 and one signal; every stream that ended.
    let bytes = 2 + 24 + 16 + 3 + 50 + 9000;
    let counts = Counts { frames: 28, commands: 5, failed: 2, bytes, ..Counts::default() };
    assert_eq!(report.counts, counts);
}

/// What an earlier version of this program wrote, before there were programs in recordings.
const BEFORE_PROGRAMS: &[u8] = include_bytes!("recordings/before-programs.sluice-rec");

#[test]
fn a_recording_of_an_earlier_version_reads_as_it_did() {
    let mut expected = vec![(START, Event::Opened(Box::new(head(1))))];
    expected.extend(events());
    expected.push((ending().at, Event::Closed(ending())));
    assert_eq!(frames(BEFORE_PROGRAMS, 100), expected);
    let report = verify(BEFORE_PROGRAMS);
    assert_eq!((report.state, report.counts, report.unread), (State::Closed, COUNTS, 0));
}

fn verify(recording: &[u8]) -> evidence::Report {
    evidence::verify(recording, &public(), Some(&keyring()))
}

const COUNTS: Counts =
    Counts { frames: 16, commands: 2, denied: 1, held: 1, failed: 1, rows: 2, bytes: 42 };

#[test]
fn a_closed_recording_is_vouched_for_to_its_last_byte() {
    let recording = recording(1);
    let report = verify(&recording);
    assert_eq!(report.state, State::Closed, "{report:?}");
    assert_eq!(report.signed.bytes, recording.len() as u64);
    assert_eq!(report.head, Some(head(1)));
    assert_eq!(report.ending, Some(ending()));
    assert_eq!((report.counts, report.sealed), (COUNTS, 0));
}

#[test]
fn the_public_key_alone_vouches_for_what_stays_sealed() {
    let recording = recording(1);
    let none = Keyring::default();
    for keyring in [None, Some(&none)] {
        let report = evidence::verify(&recording, &public(), keyring);
        assert_eq!(report.state, State::Closed, "{report:?}");
        assert_eq!((report.counts, report.sealed), (COUNTS, 16));
        assert_eq!(report.signed.bytes, recording.len() as u64);
        assert_eq!((report.head, report.ending), (None, None));
        assert_eq!(report.delivered, 19);
    }
    for secret in ["erin", "customers", "****1111", "the client left", "orders-prod"] {
        let found = recording.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{secret} can be read without a key");
    }
}

#[test]
fn another_sessions_key_opens_nothing() {
    let mut reader = Reader::new();
    reader.unlock(evidence::SessionKey::new(zeroize::Zeroizing::new([1; 32])));
    reader.feed(&recording(1));
    assert!(matches!(reader.next(), Ok(Some(Item::Begun(_)))));
    assert_eq!(reader.next().unwrap_err().fault, evidence::Fault::Sealed);
}

#[test]
fn what_the_client_got_is_proven_whether_it_is_stored_or_not() {
    let mut writer = begin(&head(1));
    let said: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    for piece in said.chunks(777) {
        writer.delivered(piece);
    }
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    writer.close(&ending()).unwrap();
    let report = verify(writer.bytes());
    let expected = ring::digest::digest(&ring::digest::SHA256, &said);
    assert_eq!(report.delivered, said.len() as u64);
    assert_eq!(report.delivered_sha256, hex::encode(expected));
}

#[test]
fn a_clock_that_jumps_anywhere_reads_back() {
    let mut writer = begin(&head(1));
    let times = [0, u64::MAX, 1, u64::MAX / 2, u64::MAX / 2 + 1, 0, START.as_micros()];
    for at in times {
        writer.append(Timestamp::from_micros(at), &Event::Cut { number: at }).unwrap();
    }
    writer.seal();
    let read: Vec<_> =
        frames(writer.bytes(), 9).iter().skip(1).map(|(at, _)| at.as_micros()).collect();
    assert_eq!(read, times);
}

#[test]
fn a_recording_begins_and_ends_once() {
    let mut writer = begin(&head(1));
    let opened = Event::Opened(Box::new(head(1)));
    let cut = Event::Cut { number: 1 };
    assert_eq!(writer.append(START, &opened), Err(WriteError::OutOfPlace));
    assert_eq!(writer.append(START, &Event::Closed(ending())), Err(WriteError::OutOfPlace));
    writer.append(START, &cut).unwrap();
    writer.close(&ending()).unwrap();
    assert_eq!(writer.append(START, &cut), Err(WriteError::OutOfPlace));
    assert_eq!(writer.close(&ending()), Err(WriteError::OutOfPlace));
    let length = writer.bytes().len();
    writer.interrupt(START);
    assert_eq!(writer.bytes().len(), length);
}

#[test]
fn a_recording_that_nobody_could_read_is_not_begun() {
    let begun = |length: usize| {
        let mut keys = keys(&head(1));
        keys.slots.push(Slot::Age(vec![0; length].into()));
        Writer::begin(keys, &head(1))
    };
    // The keyring's slot and the other's kind and length take their part of the room.
    let room = (16 << 10) - 67 - 3;
    assert_eq!(verify(begun(room).unwrap().bytes()).state, State::Unfinished);
    for length in [room + 1, 100_000] {
        let refused = begun(length).err().unwrap().to_string();
        assert!(refused.contains("recipients"), "{refused}");
    }
}

#[test]
fn an_event_that_is_too_long_leaves_no_trace() {
    let mut writer = begin(&head(1));
    let data = Bytes::from(vec![0; evidence::MAX_FRAME]);
    let long = Event::Bulk { number: 1, to_client: false, data };
    assert!(matches!(writer.append(START, &long), Err(WriteError::TooLong(_))));
    assert!(writer.pending() == 0);
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    writer.close(&ending()).unwrap();
    assert_eq!(verify(writer.bytes()).state, State::Closed);
}

#[test]
fn many_frames_without_a_seal_make_several_blocks() {
    let mut writer = begin(&head(1));
    let mut dice = 1_u32;
    let noise = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 24) as u8
    });
    let data = Bytes::from(noise.take(100_000).collect::<Vec<_>>());
    let event = Event::Bulk { number: 1, to_client: true, data };
    for _ in 0..20 {
        writer.append(START, &event).unwrap();
        assert!(writer.pending() < evidence::FULL + 200_000);
    }
    writer.close(&ending()).unwrap();
    let report = verify(writer.bytes());
    assert_eq!((report.state, report.counts.frames), (State::Closed, 22));
}

#[test]
fn nothing_new_is_nothing_to_sign() {
    let mut writer = begin(&head(1));
    assert!(!writer.unsigned());
    let before = writer.bytes().len();
    writer.checkpoint(START);
    writer.seal();
    assert_eq!(writer.bytes().len(), before);
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    writer.seal();
    assert!(writer.unsigned());
    writer.checkpoint(START);
    assert!(!writer.unsigned());
}

#[test]
fn an_interrupted_session_can_be_signed_as_what_it_is() {
    let mut writer = begin(&head(1));
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    writer.seal();
    assert_eq!(verify(writer.bytes()).state, State::Unfinished);
    writer.interrupt(ending().at);
    let report = verify(writer.bytes());
    assert_eq!((report.state, report.ending), (State::Interrupted, None));
    assert_eq!(report.signed.bytes, writer.bytes().len() as u64);
}

#[test]
fn the_end_is_found_from_behind() {
    let recording = recording(1);
    let tail = recording.len() - Checkpoint::BLOCK_LENGTH;
    let last = Checkpoint::peek(&Bytes::copy_from_slice(&recording[tail..])).unwrap();
    assert_eq!((last.end, last.counts.frames), (End::InOrder, 16));
    let closing = &recording[tail - last.previous as usize..tail];
    let mut reader = Reader::new();
    reader.feed(&recording);
    let Ok(Some(Item::Begun(preamble))) = reader.next() else { panic!("no preamble") };
    let key = keyring().open(preamble.session, &preamble.slots).unwrap();
    let found = evidence::closing(closing, &last, &key);
    assert_eq!(found, Some((ending(), COUNTS)));
    assert_eq!(evidence::closing(&closing[1..], &last, &key), None);
}

#[test]
fn a_statement_that_is_repeated_takes_few_bytes() {
    let mut writer = begin(&head(1));
    let events: Vec<_> = events().into_iter().map(|(_, event)| event).take(8).collect();
    let before = writer.bytes().len();
    let mut at = START;
    for round in 0..1000_u32 {
        for event in &events {
            at = at.plus(std::time::Duration::from_micros(u64::from(13 + round * 7919 % 97)));
            writer.append(at, event).unwrap();
        }
        if writer.pending() > 64 << 10 {
            writer.seal();
        }
    }
    writer.seal();
    let each = (writer.bytes().len() - before) / 1000;
    assert!(each <= 60, "{each} bytes for 8 frames");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes: Vec<u8>, piece in 1_usize..50) {
        let mut reader = Reader::new();
        for piece in bytes.chunks(piece) {
            reader.feed(piece);
            while let Ok(Some(_)) = reader.next() {}
        }
        let _ = reader.finish();
        prop_assert_ne!(verify(&bytes).state, State::Closed);
    }

    /// Random bytes never get past the first hash: here the hashes are right and the content is not.
    #[test]
    fn any_content_under_a_right_chain_is_read_without_harm(
        kind in 0_u8..4, frames: u32, body in proptest::collection::vec(any::<u8>(), 1..300),
    ) {
        let whole = recording(1);
        let slots = u32::from_be_bytes(whole[52..56].try_into().unwrap()) as usize;
        let mut bytes = whole[..evidence::PREAMBLE_LENGTH + slots].to_vec();
        let chain = blake3::hash(&bytes);
        let length = u32::try_from(body.len()).unwrap();
        let block =
            [&length.to_be_bytes()[..], &[kind], &frames.to_be_bytes(), &body].concat();
        let hash = blake3::hash(&[&chain.as_bytes()[..], &block].concat());
        bytes.extend_from_slice(&block);
        bytes.extend_from_slice(hash.as_bytes());
        for keyring in [None, Some(&keyring())] {
            let report = evidence::verify(&bytes, &public(), keyring);
            prop_assert_eq!(report.state, State::Tampered);
        }
    }

    #[test]
    fn whatever_programs_say_reads_back(
        number: u64, data: Vec<u8>, stream in 0_usize..3, path: String, upload: bool,
        status: Option<u32>, signal: Option<String>, sha256: Option<[u8; 32]>,
        columns: u32, rows: u32, bytes: u64, names: std::collections::BTreeSet<String>,
    ) {
        let stream = [Stream::Input, Stream::Output, Stream::Error][stream];
        let digest = StreamDigest { stream, bytes, blake3: sha256.unwrap_or_default() };
        let names: std::collections::BTreeSet<Box<str>> = names.into_iter().map(Into::into).collect();
        let facts = Facts {
            programs: names.clone(), argv: names.clone(), paths: names, ..Facts::default()
        };
        let events = [
            Event::Command {
                number, phase: model::Phase::Run, text: data.clone().into(),
                parameters: Arc::new([]), accesses: Arc::new([]),
                seen: Some(Seen { facts: Arc::new(facts), in_transaction: upload }),
            },
            Event::Stream { number, stream, data: data.into() },
            Event::Terminal { number, columns, rows },
            Event::Exited { number, status, signal, streams: vec![digest; 3] },
            Event::Moved { number, path, upload, bytes, sha256 },
        ];
        let mut writer = begin(&head(1));
        for event in &events {
            writer.append(START, event).unwrap();
        }
        writer.seal();
        let read: Vec<_> = frames(writer.bytes(), 100).into_iter().skip(1).map(|(_, e)| e).collect();
        prop_assert_eq!(read, events);
    }

    #[test]
    fn any_text_and_rows_read_back(text: Vec<u8>, data: Vec<u8>, count: u64, message: String) {
        let events = [
            Event::Command {
                number: count, phase: model::Phase::Run, text: text.into(),
                parameters: Arc::new([]), accesses: Arc::new([]), seen: None,
            },
            Event::Rows { number: count, count, data: data.into() },
            Event::Notice { number: 0, message },
        ];
        let mut writer = begin(&head(1));
        for event in &events {
            writer.append(START, event).unwrap();
        }
        writer.seal();
        let read: Vec<_> = frames(writer.bytes(), 100).into_iter().skip(1).map(|(_, e)| e).collect();
        prop_assert_eq!(read, events);
    }
}
