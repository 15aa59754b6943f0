//! Clients that mean no good, and those that never finish.

use std::sync::Arc;
use std::time::Duration;

use gateway::Limits;
use wire::postgres::startup::{ssl_request, startup_message};

use crate::client::{Raw, password, psql};
use crate::house::stand;

#[test]
fn a_malformed_beginning_is_answered_in_the_protocols_words_or_not_at_all() {
    let standing = stand(true, true, Limits::default());
    let login = startup_message([("user", "ann"), ("database", "orders")]);
    let head = |length: u32| length.to_be_bytes().to_vec();
    let after = |tail: &[u8]| [&login[..], tail].concat();
    for (bytes, expected) in [
        (head(0), ""),
        (head(3), ""),
        (head(0x7fff_ffff), ""),
        (head(0x8000_0001), ""),
        (head(u32::MAX), ""),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), ""),
        (
            [ssl_request(), login.clone()].concat(),
            "08P01 received unencrypted data after SSL request",
        ),
        (after(&login), "08P01 expected password response, got message type 0"),
        (after(b"Q\0\0\0\x0dDROP x;\0"), "08P01 expected password response, got message type 81"),
        (after(b"p\0\0\0\0"), "08P01 invalid password packet size"),
        (after(b"p\0\0\0\x03"), "08P01 invalid password packet size"),
        (after(b"p\x7f\xff\xff\xff"), "08P01 invalid password packet size"),
        (after(b"p\xff\xff\xff\xff"), "08P01 invalid password packet size"),
        (after(&password("")), "28P01 empty password returned by client"),
        (
            startup_message([("user", "a"), ("options", "-c=")]),
            "42501 the startup parameter \"\" is not allowed here",
        ),
    ] {
        let farewell = Raw::connect(standing.port()).send(&bytes).farewell();
        assert_eq!(farewell, expected, "{}", bytes.escape_ascii());
    }
    let alive =
        psql(standing.port(), "user=ann dbname=orders sslmode=disable", "token-of-ann", "select 1");
    assert_eq!(alive.as_deref(), Ok("1"));
}

#[test]
fn nothing_injected_before_tls_reaches_the_session() {
    let standing = stand(true, false, Limits::default());
    // In a segment of its own, behind the answer: it is taken for the handshake and fails it.
    let mut raw = Raw::connect(standing.port());
    raw.send(&ssl_request());
    let mut answer = [0; 1];
    std::io::Read::read_exact(&mut raw.0, &mut answer).unwrap();
    assert_eq!(answer, *b"S");
    raw.send(&startup_message([("user", "ann"), ("database", "orders")]));
    raw.send(&password("token-of-ann"));
    assert!(!raw.rest().contains(&b'R'));
    assert!(standing.story.opened.lock().unwrap().is_empty());
}

#[test]
fn who_never_finishes_is_left_and_keeps_nobody_waiting() {
    let limits = Limits { handshake: Duration::from_millis(1500), ..Limits::default() };
    let standing = stand(true, true, limits);
    let login = startup_message([("user", "ann"), ("database", "orders")]);
    let mut waiting: Vec<Raw> = Vec::new();
    for bytes in [
        Vec::new(),
        vec![0],
        ssl_request(),
        login[..9].to_vec(),
        login.clone(),
        [login.clone(), b"p\0\0\x40".to_vec()].concat(),
        [login, password("token-of-slow")].concat(),
        b"\x16\x03\x01\x02\x00".to_vec(),
    ] {
        let mut raw = Raw::connect(standing.port());
        raw.send(&bytes);
        waiting.push(raw);
    }
    let conninfo = "user=ann dbname=orders sslmode=require";
    assert_eq!(psql(standing.port(), conninfo, "token-of-ann", "select 1").as_deref(), Ok("1"));
    for mut raw in waiting {
        // Ends, or the read times out and fails the test.
        raw.rest();
    }
}

#[test]
fn too_many_that_are_nobody_stay_outside_and_do_not_keep_others_out_for_long() {
    let limits = Limits {
        handshake: Duration::from_millis(1500),
        unknown_per_address: 4,
        ..Limits::default()
    };
    let standing = Arc::new(stand(true, true, limits));
    // Which of them has to stay outside is the kernel's to say: it deals them out to the cores.
    let mut all: Vec<Raw> = (0..5).map(|_| Raw::connect(standing.port())).collect();
    let mut farewells: Vec<_> = all.iter_mut().map(Raw::farewell).collect();
    farewells.sort();
    let full = "53300 too many connections that are not logged in";
    assert_eq!(farewells, ["", "", "", "", full]);
    let conninfo = "user=ann dbname=orders sslmode=disable";
    assert_eq!(psql(standing.port(), conninfo, "token-of-ann", "select 1").as_deref(), Ok("1"));
}

#[test]
fn who_is_logged_in_takes_no_place_of_those_who_are_not() {
    let limits = Limits { unknown_per_address: 2, ..Limits::default() };
    let standing = stand(true, true, limits);
    let mut sessions = Vec::new();
    for _ in 0..6 {
        let mut raw = Raw::connect(standing.port());
        raw.login("ann", "orders");
        sessions.push(raw);
    }
    assert_eq!(standing.story.opened.lock().unwrap().len(), 6);
}
