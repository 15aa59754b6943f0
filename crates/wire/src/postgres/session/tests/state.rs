use super::script::*;
use crate::postgres::error::Report;
use crate::postgres::frame::{backend, frontend};

#[test]
fn a_second_startup_or_an_unknown_message_ends_the_session() {
    for bytes in [
        b"\0\0\0\x08\x04\xd2\x16\x2f".to_vec(),
        b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0".to_vec(),
        b"p\0\0\0\x09pass\0".to_vec(),
        b"\x16\x03\x01\0\0".to_vec(),
    ] {
        let outcome = Stage::plain().play(&[Turn::Client(bytes)]);
        assert_eq!(outcome.client_tags(), "E");
        assert!(outcome.client_text().contains("FATAL\0C08P01"), "{}", outcome.client_text());
        assert!(outcome.upstream.is_empty());
    }
}

#[test]
fn a_malformed_message_ends_the_session_and_nothing_of_it_is_sent() {
    for (tag, body) in [
        (frontend::QUERY, &b"select 1"[..]),
        (frontend::QUERY, b"select 1\0; drop table t\0"),
        (frontend::PARSE, b"s\0select 1\0\0\x02\0\0\0\x17"),
        (frontend::BIND, b"\0\0\0\0\0\x01\0\0\0\x05abc\0\0"),
        (frontend::DESCRIBE, b"X\0"),
        (frontend::EXECUTE, b"\0\0\0\0\0\0"),
    ] {
        let mut message = vec![tag];
        message.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        message.extend_from_slice(body);
        let outcome = Stage::plain().play(&[Turn::Client(message)]);
        assert!(outcome.violation.is_some(), "{tag} {body:?}");
        assert!(outcome.upstream.is_empty(), "{tag} {body:?}");
    }
}

#[test]
fn an_answer_to_nothing_ends_the_session() {
    for answer in [
        ready(b'I'),
        complete("SELECT 1"),
        bare(backend::PARSE_COMPLETE),
        row(&[Some("1")]),
        copy_response(backend::COPY_OUT_RESPONSE, 1),
        vec![b'W', 0, 0, 0, 7, 0, 0, 0],
        vec![b'R', 0, 0, 0, 8, 0, 0, 0, 0],
    ] {
        let outcome = Stage::plain().play(&[Turn::Server(answer)]);
        assert!(outcome.violation.is_some());
        assert_eq!(outcome.client_tags(), "E");
    }
}

#[test]
fn a_backslash_is_not_read_while_strings_may_be_of_another_kind() {
    let off = {
        let mut out = Vec::new();
        crate::postgres::frame::parameter_status(&mut out, "standard_conforming_strings", "off");
        out
    };
    let tricky = r"select 'a\'; drop table orders; --'";
    let on = Stage::plain().play(&[client(&[query(r"select 'a\b'")])]);
    assert!(on.events[0].contains("select"));
    // The script's policy refuses whatever says `drop`; here it is the reading that counts.
    let outcome = Stage::plain().play(&[
        client(&[query("set standard_conforming_strings = off")]),
        server(&[complete("SET"), off, ready(b'I')]),
        client(&[query(tricky)]),
    ]);
    assert_eq!(outcome.client_tags(), "CSZEZ");
}

#[test]
fn a_failed_parse_leaves_the_earlier_statement_of_that_name() {
    let outcome = Stage::plain().play(&[
        client(&[parse("s", "select 1"), sync()]),
        server(&[bare(backend::PARSE_COMPLETE), ready(b'I')]),
        client(&[parse("s", "select 2"), sync()]),
        server(&[error("42P05", "prepared statement \"s\" already exists"), ready(b'I')]),
        client(&[bind("", "s", &[]), execute(""), sync()]),
    ]);
    assert!(outcome.events.last().unwrap().contains("allowed"));
    assert!(
        outcome.events.iter().any(|event| event.starts_with("3 select 1")),
        "{:?}",
        outcome.events
    );
}

#[test]
fn a_fatal_error_of_the_servers_goes_through() {
    let fatal = report(
        backend::ERROR_RESPONSE,
        &[(b'S', "FATAL"), (b'V', "FATAL"), (b'C', "57P01"), (b'M', "terminating connection")],
    );
    let outcome = Stage::plain().play(&[server(std::slice::from_ref(&fatal))]);
    assert_eq!(outcome.client, fatal);
}

#[test]
fn what_the_server_says_at_login_comes_masked_before_it_is_ready() {
    let notice = Report::notice("charge 4111111111111111").to_bytes();
    let stage = Stage::sensitive();
    let outcome = stage.greeted(vec![notice]).play(&[client(&[query("select 1")])]);
    assert_eq!(outcome.client_tags(), "NZ");
    assert!(!outcome.client_text().contains("4111"), "{}", outcome.client_text());
    assert!(outcome.events[0].starts_with("0 notice charge "), "{:?}", outcome.events);
    assert!(!outcome.events[0].contains("4111"), "{:?}", outcome.events);
}
