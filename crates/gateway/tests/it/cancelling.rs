//! CancelRequest, in both lengths of key.

use std::time::Duration;

use gateway::Limits;
use wire::postgres::frame;
use wire::postgres::startup::CancelKey;

use crate::client::Raw;
use crate::house::stand;

fn key(messages: &[(u8, Vec<u8>)]) -> CancelKey {
    let (_, body) = messages.iter().find(|(tag, _)| *tag == b'K').unwrap();
    let (process, secret) = body.split_first_chunk::<4>().unwrap();
    CancelKey { process: u32::from_be_bytes(*process), secret: secret.into() }
}

fn begin(raw: &mut Raw, sql: &str) {
    let mut out = Vec::new();
    frame::query(&mut out, sql);
    raw.send(&out);
}

fn codes(messages: &[(u8, Vec<u8>)]) -> Vec<String> {
    let errors = messages.iter().filter(|(tag, _)| *tag == b'E');
    errors
        .map(|(_, body)| {
            let report = wire::postgres::error::Report::parse(b'E', body).unwrap();
            report.text(b'C').into_owned()
        })
        .collect()
}

#[test]
fn a_cancel_request_stops_its_own_session_and_no_other() {
    let standing = stand(true, true, Limits::default());
    let mut first = Raw::connect(standing.port());
    let first_key = key(&first.login("ann", "orders"));
    let mut second = Raw::connect(standing.port());
    let second_key = key(&second.login("bob", "verified"));
    assert_eq!((first_key.secret.len(), second_key.secret.len()), (4, 4));
    begin(&mut first, "select pg_sleep(3)");
    begin(&mut second, "select pg_sleep(60)");
    std::thread::sleep(Duration::from_millis(300));

    let mixed = CancelKey { process: first_key.process, secret: second_key.secret.clone() };
    for wrong in [mixed, CancelKey { process: first_key.process ^ 1, ..first_key }] {
        assert!(Raw::connect(standing.port()).send(&wrong.request()).rest().is_empty());
    }
    assert!(Raw::connect(standing.port()).send(&second_key.request()).rest().is_empty());
    assert_eq!(codes(&second.until_ready()), ["57014"]);
    assert_eq!(codes(&first.until_ready()), [""; 0]);
    begin(&mut second, "select 1");
    assert_eq!(codes(&second.until_ready()), [""; 0]);
}

#[test]
fn whoever_cancelled_may_send_the_next_statement_at_once() {
    let standing = stand(true, true, Limits::default());
    let mut raw = Raw::connect(standing.port());
    let key = key(&raw.login("ann", "orders"));
    for _ in 0..20 {
        begin(&mut raw, "select pg_sleep(60)");
        std::thread::sleep(Duration::from_millis(30));
        Raw::connect(standing.port()).send(&key.request()).rest();
        assert_eq!(codes(&raw.until_ready()), ["57014"]);
        begin(&mut raw, "select 1");
        assert_eq!(codes(&raw.until_ready()), [""; 0]);
    }
}

#[test]
fn protocol_3_2_has_a_long_key() {
    let standing = stand(true, true, Limits::default());
    let mut raw = Raw::connect(standing.port());
    let mut startup = Vec::new();
    frame::counted(&mut startup, |out| {
        out.extend_from_slice(&(3_u32 << 16 | 2).to_be_bytes());
        out.extend_from_slice(b"user\0ann\0database\0orders\0\0");
    });
    raw.send(&startup).send(&crate::client::password("token-of-ann"));
    let key = key(&raw.until_ready());
    assert_eq!(key.secret.len(), 32);
    begin(&mut raw, "select pg_sleep(60)");
    std::thread::sleep(Duration::from_millis(200));
    Raw::connect(standing.port()).send(&key.request()).rest();
    assert_eq!(codes(&raw.until_ready()), ["57014"]);
}
