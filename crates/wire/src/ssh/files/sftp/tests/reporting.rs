//! What is told of files that were moved.

use bytes::Bytes;
use model::{Peer, Ticket};

use super::super::numbers::{FSETSTAT, FSTAT, STAT};
use super::{
    client, close, data, greeted, handle, message, named, open, read, server, size, told, went,
    write,
};
use crate::ssh::codec::Write;
use crate::ssh::files::tests::{allow, sha256};
use crate::ssh::files::{FileStep, Moved, Passage, Sftp, Undigested};

/// A file that is open as `h`, and what else is said; nothing comes behind it.
fn moved(flags: u32, rest: impl IntoIterator<Item = (Peer, Vec<u8>)>) -> Vec<Moved> {
    let mut said = vec![client(&[open(1, "/f", flags)]), server(&[handle(1, "h")])];
    said.extend(rest);
    let told = told(said, &allow);
    assert_eq!(told.breach, None);
    assert!(told.moved.iter().all(|moved| &*moved.path == "/f" && moved.ticket == Ticket(1)));
    told.moved
}

fn told_of(moved: &[Moved]) -> (u64, Result<[u8; 32], Undigested>, bool) {
    let [moved] = moved else { panic!("{moved:?}") };
    (moved.bytes, moved.sha256, moved.complete)
}

#[test]
fn what_is_read_is_complete_when_the_server_says_that_there_is_no_more() {
    let asked = client(&[read(2, "h", 0, 4), read(3, "h", 4, 4), read(4, "h", 8, 4)]);
    let end = [client(&[close(9, "h")]), server(&[went(9, 0)])];
    let all = Ok(sha256(b"12345678"));
    let part = Ok(sha256(b"1234"));
    for (answers, expected) in [
        (vec![data(2, b"1234"), data(3, b"5678"), went(4, 1)], (8, all, true)),
        // In another order.
        (vec![went(4, 1), data(3, b"5678"), data(2, b"1234")], (8, all, true)),
        // It ended earlier, or the server does not say that it ended.
        (vec![data(2, b"1234"), went(3, 1), went(4, 1)], (4, part, true)),
        (vec![data(2, b"1234"), went(3, 4), went(4, 4)], (4, part, false)),
        (vec![data(2, b"1234"), data(3, b"5678")], (8, all, false)),
        // A short answer leaves a gap until it is asked for again.
        (vec![data(2, b"123"), data(3, b"5678"), went(4, 1)], (7, Err(Undigested::Gap), false)),
    ] {
        let rest = [asked.clone(), server(&answers)].into_iter().chain(end.clone());
        assert_eq!(told_of(&moved(1, rest)), expected);
    }
    let again = [client(&[read(5, "h", 3, 1)]), server(&[data(5, b"4")])];
    let short = server(&[data(2, b"123"), data(3, b"5678"), went(4, 1)]);
    let rest = [asked, short].into_iter().chain(again).chain(end);
    assert_eq!(told_of(&moved(1, rest)), (8, all, true));
}

#[test]
fn what_is_read_is_complete_when_it_is_as_long_as_the_file_was_said_to_be() {
    let all = Ok(sha256(b"1234"));
    for (length, complete) in [(4, true), (5, false)] {
        let rest = [
            client(&[named(FSTAT, 2, "h")]),
            server(&[size(2, length)]),
            client(&[read(3, "h", 0, 4)]),
            server(&[data(3, b"1234")]),
        ];
        assert_eq!(told_of(&moved(1, rest)), (4, all, complete), "{length}");
        let said = [
            client(&[named(STAT, 1, "/x/../f")]),
            server(&[size(1, length)]),
            client(&[open(2, "/f", 1)]),
            server(&[handle(2, "h")]),
            client(&[read(3, "h", 0, 4)]),
            server(&[data(3, b"1234")]),
        ];
        let told = told(said, &allow);
        assert_eq!((told.moved[0].complete, told.moved[0].size), (complete, Some(length)));
    }
}

#[test]
fn what_is_written_is_complete_when_the_server_took_all_of_it() {
    const FRESH: u32 = 2 | 8 | 16;
    let asked = client(&[write(2, "h", 0, b"12"), write(3, "h", 2, b"34"), close(4, "h")]);
    let all = Ok(sha256(b"1234"));
    let unconfirmed = Err(Undigested::Unconfirmed);
    for (flags, answers, expected) in [
        (FRESH, vec![went(2, 0), went(3, 0), went(4, 0)], (4, all, true)),
        (FRESH, vec![went(4, 0), went(3, 0), went(2, 0)], (4, all, true)),
        (2 | 8 | 32, vec![went(2, 0), went(3, 0), went(4, 0)], (4, all, true)),
        // What was there before may go on behind it.
        (2 | 8, vec![went(2, 0), went(3, 0), went(4, 0)], (4, all, false)),
        (
            FRESH | 4,
            vec![went(2, 0), went(3, 0), went(4, 0)],
            (4, Err(Undigested::Appended), false),
        ),
        (FRESH, vec![went(2, 0), went(3, 4), went(4, 0)], (2, unconfirmed, false)),
        (FRESH, vec![went(2, 0), went(3, 0), went(4, 4)], (4, all, false)),
        (FRESH, vec![went(2, 0), went(3, 0)], (4, all, false)),
        (FRESH, vec![went(2, 0)], (2, unconfirmed, false)),
        (FRESH, vec![], (0, unconfirmed, false)),
    ] {
        let told = told_of(&moved(flags, [asked.clone(), server(&answers)]));
        assert_eq!(told, expected, "{flags} {answers:?}");
    }
    let nothing = [client(&[close(2, "h")]), server(&[went(2, 0)])];
    assert_eq!(told_of(&moved(FRESH, nothing)), (0, Ok(sha256(b"")), true));
}

#[test]
fn a_file_that_is_given_another_length_is_not_what_was_written() {
    let resize = |length| {
        message(FSETSTAT, 3, |out| {
            out.put_string("h");
            out.put_u32(1);
            out.put_u64(length);
        })
    };
    for (length, code, expected) in [
        (4, 0, (4, Ok(sha256(b"1234")), true)),
        (2, 0, (4, Err(Undigested::Resized), false)),
        (2, 4, (4, Ok(sha256(b"1234")), false)),
    ] {
        let rest = [
            client(&[write(2, "h", 0, b"1234"), resize(length), close(4, "h")]),
            server(&[went(2, 0), went(3, code), went(4, 0)]),
        ];
        assert_eq!(told_of(&moved(2 | 8, rest)), expected, "{length} {code}");
    }
}

#[test]
fn a_file_that_is_read_and_written_is_told_of_twice() {
    let rest = [
        client(&[write(2, "h", 0, b"12"), read(3, "h", 0, 9), read(4, "h", 2, 9), close(5, "h")]),
        server(&[went(2, 0), data(3, b"12"), went(4, 1), went(5, 0)]),
    ];
    let told = moved(1 | 2 | 8 | 16, rest);
    let [down, up] = &told[..] else { panic!("{told:?}") };
    assert_eq!((down.upload, down.complete, down.sha256), (false, true, Ok(sha256(b"12"))));
    assert_eq!((up.upload, up.complete, up.sha256), (true, true, Ok(sha256(b"12"))));
}

#[test]
fn a_file_is_told_of_when_all_that_was_read_of_it_came() {
    let mut channel = Sftp::new(0);
    let mut order = Vec::new();
    for (from, bytes) in greeted([
        client(&[open(1, "/f", 1)]),
        server(&[handle(1, "h")]),
        client(&[read(2, "h", 0, 9), close(3, "h")]),
        server(&[went(3, 0)]),
        server(&[data(2, b"12")]),
    ]) {
        channel.feed(from, bytes.into());
        while let Some(step) = channel.next().unwrap() {
            match step {
                FileStep::Ask { ticket, .. } => channel.decided(ticket, Ok(())),
                FileStep::Moved(moved) => order.push(format!("moved {}", moved.bytes)),
                FileStep::Send(Peer::Client, bytes) => order.push(format!("sent {}", bytes.len())),
                FileStep::Send(Peer::Upstream, _) | FileStep::Content(_) => {}
            }
        }
    }
    let closed = format!("sent {}", went(3, 0).len());
    assert_eq!(order[order.len() - 3..], [closed, "moved 2".to_owned(), "sent 15".to_owned()]);
}

#[test]
fn contents_are_handed_out_up_to_a_cap_before_they_go_on() {
    let mut channel = Sftp::new(3);
    let mut contents = Vec::new();
    let mut sent = Vec::new();
    for (from, bytes) in greeted([
        client(&[open(1, "/f", 2)]),
        server(&[handle(1, "h")]),
        client(&[write(2, "h", 0, b"12"), write(3, "h", 2, b"34"), write(4, "h", 4, b"56")]),
    ]) {
        channel.feed(from, Bytes::from(bytes));
        while let Some(step) = channel.next().unwrap() {
            match step {
                FileStep::Ask { ticket, .. } => channel.decided(ticket, Ok(())),
                FileStep::Content(content) => {
                    assert!(!sent.ends_with(&content.data));
                    assert!(content.upload && &*content.path == "/f");
                    contents.push((content.offset, content.data));
                }
                FileStep::Send(Peer::Upstream, bytes) => sent.extend_from_slice(&bytes),
                FileStep::Send(Peer::Client, _) | FileStep::Moved(_) => {}
            }
        }
    }
    let expected = [(0, Bytes::from_static(b"12")), (2, Bytes::from_static(b"3"))];
    assert_eq!(contents, expected);
}

#[test]
fn the_end_of_a_channel_tells_of_everything_open_once() {
    let mut channel = Sftp::new(0);
    for (from, bytes) in greeted([
        client(&[open(1, "/f", 1), open(2, "/g", 2 | 16)]),
        server(&[handle(1, "h"), handle(2, "i")]),
    ]) {
        channel.feed(from, bytes.into());
        while let Some(step) = channel.next().unwrap() {
            if let FileStep::Ask { ticket, .. } = step {
                channel.decided(ticket, Ok(()));
            }
        }
    }
    channel.end();
    channel.end();
    let left: Vec<FileStep> = std::iter::from_fn(|| channel.next().unwrap()).collect();
    let paths: Vec<&str> = left
        .iter()
        .map(|step| match step {
            FileStep::Moved(moved) => &*moved.path,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(paths, ["/f", "/g"]);
}
