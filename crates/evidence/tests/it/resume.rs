//! Going on from a mark, and opening one block alone: the same as reading everything.

use evidence::{Fault, Item, Mark, Reader, SessionKey, block_events, block_length};
use model::Event;
use zeroize::Zeroizing;

use crate::story::{keyring, recording};

/// Everything from a mark on, or from the beginning.
fn items(recording: &[u8], mark: Option<&Mark>) -> (Vec<Item>, Vec<(usize, Mark)>) {
    let mut reader = mark.map_or_else(Reader::new, Reader::resume);
    reader.unlock(session_key(recording));
    let start = mark.map_or(0, |mark| usize::try_from(mark.position()).unwrap());
    reader.feed(&recording[start..]);
    let (mut items, mut marks) = (Vec::new(), Vec::new());
    while let Some(item) = reader.next().unwrap() {
        items.push(item);
        marks.extend(reader.mark().map(|mark| (items.len(), mark)));
    }
    (items, marks)
}

fn session_key(recording: &[u8]) -> SessionKey {
    let mut reader = Reader::new();
    reader.feed(recording);
    let begun = reader.next().unwrap().and_then(|item| match item {
        Item::Begun(preamble) => Some(preamble),
        _ => None,
    });
    let preamble = begun.unwrap();
    keyring().open(preamble.session, &preamble.slots).unwrap()
}

#[test]
fn from_every_mark_the_rest_reads_as_in_the_whole() {
    let recording = recording(1);
    let (whole, marks) = items(&recording, None);
    assert!(marks.len() > 4, "{}", marks.len());
    for (after, mark) in &marks {
        let kept = mark.to_bytes();
        assert_eq!(Mark::from_bytes(&kept).as_ref(), Some(mark));
        assert_eq!(Mark::from_bytes(&kept[1..]), None);
        assert_eq!(items(&recording, Some(mark)).0, whole[*after..], "after {after}");
    }
}

#[test]
fn a_mark_does_not_fit_what_was_changed_since() {
    let recording = recording(1);
    let (_, marks) = items(&recording, None);
    for (_, mark) in marks.iter().rev().skip(1) {
        let position = usize::try_from(mark.position()).unwrap();
        let mut other = recording.clone();
        other[position + 12] ^= 1;
        let mut reader = Reader::resume(mark);
        reader.unlock(session_key(&recording));
        reader.feed(&other[position..]);
        assert_eq!(reader.next().unwrap_err().fault, Fault::Chain);
        assert_eq!(reader.mark(), None);
    }
}

#[test]
fn one_block_opens_alone_and_only_as_what_it_is() {
    let recording = recording(1);
    let key = session_key(&recording);
    let (whole, marks) = items(&recording, None);
    let mut told: Vec<Event> = Vec::new();
    for (block, (_, mark)) in (0..).zip(&marks) {
        let bytes = &recording[usize::try_from(mark.position()).unwrap()..];
        let Some(length) = block_length(bytes) else { continue };
        let Some(events) = block_events(bytes, block, &key) else { continue };
        assert_eq!(block_events(&bytes[..length], block, &key).as_ref(), Some(&events));
        assert_eq!(block_events(bytes, block + 1, &key), None);
        assert_eq!(block_events(&bytes[..length / 2], block, &key), None);
        assert_eq!(block_events(bytes, block, &SessionKey::new(Zeroizing::new([1; 32]))), None);
        told.extend(events);
    }
    let expected: Vec<_> = whole
        .into_iter()
        .filter_map(|item| match item {
            Item::Frame(frame) => frame.event,
            _ => None,
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(block_length(&[0; 9]), None);
    assert_eq!(block_length(&[0xff; 9]), None);
    assert_eq!(block_length(&recording[..3]), None);
}
