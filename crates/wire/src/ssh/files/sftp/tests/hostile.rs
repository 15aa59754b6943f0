//! Ends that do not keep to the protocol.

use std::slice::from_ref;

use model::Peer;

use super::super::numbers::{
    ATTRS, DATA, EXTENDED, EXTENDED_REPLY, HANDLE, INIT, NAME, READDIR, REMOVE, STAT, STATUS,
    WRITE, status,
};
use super::{
    client, close, data, extended, handle, init, message, named, names, open, read, server, size,
    statuses, told, version, went, write,
};
use crate::ssh::codec::Write;
use crate::ssh::files::tests::{allow, play, sftp, tell};

/// Who broke the rules.
fn blamed(rest: impl IntoIterator<Item = (Peer, Vec<u8>)>) -> Option<Peer> {
    told(rest, &allow).breach.map(|breach| breach.by)
}

#[test]
fn a_length_that_no_message_has_ends_the_channel() {
    for length in [0, 1, 4, (256 << 10) + 1, 1 << 31, u32::MAX] {
        let head = [&length.to_be_bytes()[..], &[STAT, 0, 0, 0, 1]].concat();
        assert_eq!(blamed([client(from_ref(&head))]), Some(Peer::Client), "{length}");
        assert_eq!(blamed([server(&[head])]), Some(Peer::Upstream), "{length}");
    }
    // Only contents and lists may be that long.
    let head = [&(200_000_u32).to_be_bytes()[..], &[STAT, 0, 0, 0, 1]].concat();
    assert_eq!(blamed([client(&[head])]), Some(Peer::Client));
}

#[test]
fn a_greeting_that_is_none_ends_the_channel() {
    let by = |said: Vec<(Peer, Vec<u8>)>| play(&sftp, &said, &allow).breach.map(|breach| breach.by);
    let first = client(&[init(3)]);
    for greeting in [
        init(2),
        init(0),
        named(STAT, 3, "a"),
        vec![0, 0, 0, 4, INIT, 0, 0, 0, 3],
        b"hello".to_vec(),
    ] {
        assert_eq!(by(vec![client(&[greeting])]), Some(Peer::Client));
    }
    let cut = {
        let mut cut = version(3, &[("copy-data", "1")]);
        cut.pop();
        cut[3] -= 1;
        cut
    };
    for greeting in [version(2, &[]), version(4, &[]), init(3), b"Welcome!\n".to_vec(), cut] {
        assert_eq!(by(vec![first.clone(), server(&[greeting])]), Some(Peer::Upstream));
    }
    assert_eq!(blamed([client(&[init(3)])]), Some(Peer::Client));
    assert_eq!(by(vec![client(&[init(6)]), server(&[version(3, &[])])]), None);
}

#[test]
fn an_id_that_is_still_owed_an_answer_ends_the_channel() {
    assert_eq!(blamed([client(&[named(STAT, 1, "a"), named(STAT, 1, "b")])]), Some(Peer::Client));
    assert_eq!(
        blamed([client(&[named(STAT, 1, "a"), write(1, "h", 0, b"x")])]),
        Some(Peer::Client)
    );
    let again =
        [client(&[named(STAT, 1, "a")]), server(&[went(1, 2)]), client(&[named(STAT, 1, "b")])];
    assert_eq!(blamed(again), None);
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_channel() {
    for answer in [went(1, 0), handle(1, "h"), data(1, b""), names(1, "a"), size(1, 1), went(0, 0)]
    {
        assert_eq!(blamed([server(from_ref(&answer))]), Some(Peer::Upstream));
        // What was refused here is owed nothing by the server.
        let refused = [client(&[read(1, "h", 0, 1)]), server(&[answer])];
        assert_eq!(blamed(refused), Some(Peer::Upstream));
    }
    let twice = [client(&[named(STAT, 1, "a")]), server(&[went(1, 2), went(1, 2)])];
    assert_eq!(blamed(twice), Some(Peer::Upstream));
}

#[test]
fn an_answer_to_something_else_ends_the_channel() {
    let kinds = [HANDLE, DATA, NAME, ATTRS, EXTENDED_REPLY, EXTENDED, 99];
    for (request, fits) in [
        (open(9, "a", 1), HANDLE),
        (named(STAT, 9, "a"), ATTRS),
        (named(REMOVE, 9, "a"), STATUS),
        (read(9, "r", 0, 4), DATA),
        (close(9, "r"), STATUS),
        (extended(9, "limits@openssh.com", |_| {}), EXTENDED_REPLY),
        (extended(9, "home-directory", |out| out.put_string("ann")), NAME),
    ] {
        for kind in kinds {
            let answer = message(kind, 9, |out| out.put_u32(0));
            let said = [
                client(&[open(1, "r", 1)]),
                server(&[handle(1, "r")]),
                client(from_ref(&request)),
                server(&[answer]),
            ];
            let expected = (kind != fits).then_some(Peer::Upstream);
            let told = tell(sftp(), &super::greeted(said), &mut |bytes| vec![bytes], &allow);
            assert_eq!(told.breach.map(|breach| breach.by), expected, "{kind} to {request:?}");
        }
    }
}

#[test]
fn an_answer_that_is_malformed_ends_the_channel() {
    let long = "h".repeat(257);
    let bare = |kind, id| message(kind, id, |_| {});
    let mut trailing = handle(9, "h");
    trailing.push(0);
    trailing[3] += 1;
    for (request, answer) in [
        (open(9, "a", 1), bare(HANDLE, 9)),
        (open(9, "a", 1), bare(STATUS, 9)),
        (open(9, "a", 1), handle(9, &long)),
        (open(9, "a", 1), trailing),
        (open(9, "a", 1), handle(9, "r")),
        (named(STAT, 9, "a"), bare(ATTRS, 9)),
        (named(STAT, 9, "a"), message(ATTRS, 9, |out| out.put_u32(1))),
        (read(9, "r", 0, 4), bare(DATA, 9)),
        (read(9, "r", 0, 4), data(9, b"12345")),
        (read(9, "r", 0, 4), message(DATA, 9, |out| out.put_u32(4))),
        (
            read(9, "r", 0, 4),
            message(DATA, 9, |out| {
                out.put_string("1");
                out.put_u8(1);
            }),
        ),
    ] {
        let said = [
            client(&[open(1, "r", 1)]),
            server(&[handle(1, "r")]),
            client(&[request]),
            server(from_ref(&answer)),
        ];
        assert_eq!(blamed(said), Some(Peer::Upstream), "{answer:?}");
    }
}

#[test]
fn a_handle_serves_only_what_it_was_opened_for() {
    let told = told(
        [
            client(&[
                open(1, "r", 1),
                open(2, "w", 2),
                named(super::super::numbers::OPENDIR, 3, "d"),
            ]),
            server(&[handle(1, "r"), handle(2, "w"), handle(3, "d")]),
            client(&[
                write(10, "r", 0, b"secret"),
                read(11, "w", 0, 9),
                read(12, "d", 0, 9),
                write(13, "d", 0, b"secret"),
                named(READDIR, 14, "r"),
                read(15, "x", 0, 9),
                write(16, "", 0, b"secret"),
                close(17, "x"),
                write(18, &"h".repeat(300), 0, b"secret"),
                extended(19, "copy-data", |out| {
                    out.put_string("r");
                    out.put_u64(0);
                    out.put_u64(0);
                    out.put_string("r");
                    out.put_u64(0);
                }),
            ]),
        ],
        &allow,
    );
    let heard: Vec<u8> = [handle(1, "r"), handle(2, "w"), handle(3, "d")].concat();
    let codes: Vec<(u32, u32)> =
        statuses(&told.client[heard.len()..]).into_iter().map(|(id, code, _)| (id, code)).collect();
    let (denied, failure) = (status::PERMISSION_DENIED, status::FAILURE);
    let expected = [
        (10, denied),
        (11, denied),
        (12, denied),
        (13, denied),
        (14, denied),
        (15, failure),
        (16, failure),
        (17, failure),
        (18, status::BAD_MESSAGE),
        (19, denied),
    ];
    assert_eq!(codes, expected);
    let sent: Vec<u8> =
        [open(1, "r", 1), open(2, "w", 2), named(super::super::numbers::OPENDIR, 3, "d")].concat();
    assert_eq!(told.upstream, sent);
}

#[test]
fn a_closed_handle_is_not_open_until_the_server_gives_it_again() {
    let told = told(
        [
            client(&[open(1, "a", 1)]),
            server(&[handle(1, "h")]),
            client(&[close(2, "h"), read(3, "h", 0, 9), close(4, "h"), open(5, "b", 2)]),
            server(&[handle(5, "h"), went(2, 0)]),
            client(&[read(6, "h", 0, 9), write(7, "h", 0, b"x")]),
        ],
        &allow,
    );
    let sent: Vec<u8> =
        [open(1, "a", 1), close(2, "h"), open(5, "b", 2), write(7, "h", 0, b"x")].concat();
    assert_eq!(told.upstream, sent);
    assert_eq!(told.breach, None);
}

#[test]
fn a_request_that_is_not_understood_is_answered_and_goes_no_further() {
    let mut trailing = named(REMOVE, 1, "a");
    trailing.push(0);
    trailing[3] += 1;
    let short = message(WRITE, 8, |out| {
        out.put_string("h");
        out.put_u64(0);
        out.put_u32(9);
        out.put(b"1234");
    });
    let told = told(
        [client(&[
            trailing,
            message(99, 2, |_| {}),
            message(STATUS, 3, |_| {}),
            extended(4, "shell@example.com", |out| out.put_string("rm")),
            extended(5, "vendor-id", |_| {}),
            message(EXTENDED, 6, |_| {}),
            message(WRITE, 7, |_| {}),
            short,
            open(9, "a", 64),
            message(REMOVE, 10, |out| out.put_string(b"a\0b")),
        ])],
        &allow,
    );
    assert_eq!(told.upstream, b"");
    let (unsupported, bad) = (status::OP_UNSUPPORTED, status::BAD_MESSAGE);
    let codes: Vec<(u32, u32)> =
        statuses(&told.client).into_iter().map(|(id, code, _)| (id, code)).collect();
    let expected = [
        (1, bad),
        (2, unsupported),
        (3, unsupported),
        (4, unsupported),
        (5, unsupported),
        (6, bad),
        (7, bad),
        (8, bad),
        (9, bad),
        (10, bad),
    ];
    assert_eq!(codes, expected);
    assert!(told.asked.is_empty());
}

#[test]
fn a_request_without_an_id_ends_the_channel() {
    for kind in [STAT, WRITE] {
        for length in 5..9 {
            let bytes =
                [&[0, 0, 0, length - 4, kind][..], &vec![0; usize::from(length) - 5]].concat();
            assert_eq!(blamed([client(&[bytes])]), Some(Peer::Client), "{length}");
        }
    }
}
