use std::sync::Arc;

use bytes::Bytes;
use evidence::{Counts, Item, Reader, State, WriteError, Writer, verify};
use model::{Event, Timestamp};
use proptest::prelude::*;

use crate::story::{START, ending, events, head, key, public, read, recording};

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
fn a_closed_recording_is_vouched_for_to_its_last_byte() {
    let recording = recording(1);
    let report = verify(&recording, &public());
    assert_eq!(report.state, State::Closed, "{report:?}");
    assert_eq!(report.signed.bytes, recording.len() as u64);
    assert_eq!(report.head, Some(head(1)));
    assert_eq!(report.ending, Some(ending()));
    let counts =
        Counts { frames: 15, commands: 2, denied: 1, held: 1, failed: 1, rows: 2, bytes: 42 };
    assert_eq!(report.counts, counts);
}

#[test]
fn a_clock_that_jumps_anywhere_reads_back() {
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    let times = [0, u64::MAX, 1, u64::MAX / 2, u64::MAX / 2 + 1, 0, START.as_micros()];
    for at in times {
        writer.append(Timestamp::from_micros(at), &Event::Cut { number: at }).unwrap();
    }
    let read: Vec<_> =
        frames(writer.seal(), 9).iter().skip(1).map(|(at, _)| at.as_micros()).collect();
    assert_eq!(read, times);
}

#[test]
fn a_recording_begins_and_ends_once() {
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    let opened = Event::Opened(Box::new(head(1)));
    assert_eq!(writer.append(START, &opened), Err(WriteError::OutOfPlace));
    assert_eq!(writer.append(START, &Event::Closed(ending())), Err(WriteError::OutOfPlace));
    writer.close(&ending()).unwrap();
    assert_eq!(writer.append(START, &Event::Cut { number: 1 }), Err(WriteError::OutOfPlace));
    assert_eq!(writer.close(&ending()), Err(WriteError::OutOfPlace));
}

#[test]
fn an_event_that_is_too_long_leaves_no_trace() {
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    let clean = writer.seal().to_vec();
    let data = Bytes::from(vec![0; evidence::MAX_FRAME]);
    let long = Event::Bulk { number: 1, to_client: false, data };
    assert!(matches!(writer.append(START, &long), Err(WriteError::TooLong(_))));
    assert_eq!(writer.seal(), clean);
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    writer.close(&ending()).unwrap();
    assert_eq!(verify(writer.seal(), &public()).state, State::Closed);
}

#[test]
fn many_frames_without_a_seal_make_several_blocks() {
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    let data = Bytes::from(vec![7; 100_000]);
    for _ in 0..50 {
        let event = Event::Bulk { number: 1, to_client: true, data: data.clone() };
        writer.append(START, &event).unwrap();
        assert!(writer.pending() < 2 << 20);
    }
    writer.close(&ending()).unwrap();
    let report = verify(writer.seal(), &public());
    assert_eq!((report.state, report.counts.frames), (State::Closed, 52));
}

#[test]
fn nothing_new_is_nothing_to_sign() {
    let mut writer = Writer::begin(key(), &head(1)).unwrap();
    assert!(!writer.unsigned());
    let before = writer.seal().len();
    writer.checkpoint(START);
    assert_eq!(writer.seal().len(), before);
    writer.append(START, &Event::Cut { number: 1 }).unwrap();
    assert!(writer.unsigned());
    writer.checkpoint(START);
    assert!(!writer.unsigned());
}

#[test]
fn the_end_is_found_from_behind() {
    let recording = recording(1);
    let tail = recording.len() - evidence::Checkpoint::BLOCK_LENGTH;
    let last = evidence::Checkpoint::peek(&Bytes::copy_from_slice(&recording[tail..])).unwrap();
    assert!(last.last);
    assert_eq!(last.counts.frames, 15);
    let closing = &recording[tail - last.previous as usize..tail];
    let text = ending().how.into_bytes();
    assert!(closing.windows(text.len()).any(|part| part == text));
    assert_eq!(evidence::closing(closing).map(|(ending, _)| ending), Some(ending()),);
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
        prop_assert_ne!(verify(&bytes, &public()).state, State::Closed);
    }

    /// Random bytes never get past the first hash: here the hashes are right and the content is not.
    #[test]
    fn any_content_under_a_right_chain_is_read_without_harm(
        kind: u8, body in proptest::collection::vec(any::<u8>(), 1..200), frame: bool,
    ) {
        let mut bytes = recording(1)[..evidence::PREAMBLE_LENGTH].to_vec();
        let chain = blake3::hash(&bytes);
        let body = if frame {
            [&u32::try_from(body.len() + 1).unwrap().to_be_bytes()[..], &[kind % 13], &body].concat()
        } else {
            body
        };
        let kind = if frame { 1 } else { kind };
        let block = [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &[kind], &body].concat();
        let hash = blake3::hash(&[&chain.as_bytes()[..], &block].concat());
        bytes.extend_from_slice(&block);
        bytes.extend_from_slice(hash.as_bytes());
        let mut reader = Reader::new();
        reader.feed(&bytes);
        while let Ok(Some(_)) = reader.next() {}
        prop_assert_eq!(verify(&bytes, &public()).state, State::Tampered);
    }

    #[test]
    fn any_text_and_rows_read_back(text: Vec<u8>, data: Vec<u8>, count: u64, message: String) {
        let events = [
            Event::Command {
                number: count, phase: model::Phase::Run, text: text.into(),
                parameters: Arc::new([]), accesses: Arc::new([]),
            },
            Event::Rows { number: count, count, data: data.into() },
            Event::Notice { number: 0, message },
        ];
        let mut writer = Writer::begin(key(), &head(1)).unwrap();
        for event in &events {
            writer.append(START, event).unwrap();
        }
        let read: Vec<_> = frames(writer.seal(), 100).into_iter().skip(1).map(|(_, e)| e).collect();
        prop_assert_eq!(read, events);
    }
}
