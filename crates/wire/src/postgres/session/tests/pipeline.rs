use super::script::*;
use crate::postgres::frame::{backend, frontend};

#[test]
fn a_simple_query_goes_through_as_it_is() {
    let script = [
        client(&[query("select id from orders")]),
        server(&[
            columns(&[("id", 20001, 1, 23)]),
            row(&[Some("1")]),
            row(&[None]),
            complete("SELECT 2"),
            ready(b'I'),
        ]),
    ];
    let outcome = Stage::plain().play(&script);
    assert_eq!(outcome.upstream, query("select id from orders"));
    let Turn::Server(answer) = &script[1] else { unreachable!() };
    assert_eq!(&outcome.client, answer);
    assert_eq!(
        outcome.events,
        [
            "1 select id from orders []",
            "1 allowed",
            "1 columns id",
            r"1 rows \x00\x00\x00\x07\x00\x01\x00\x00\x00\x011\x00\x00\x00\x06\x00\x01\xff\xff\xff\xff",
            "1 finished SELECT 2 2 rows 23 bytes",
        ]
    );
}

#[test]
fn the_extended_protocol_goes_through_as_it_is() {
    let asked = [
        parse("s", "select id from orders where id = $1"),
        bind("", "s", &["7"]),
        describe(b'P', ""),
        execute(""),
        sync(),
    ];
    let answered = [
        bare(backend::PARSE_COMPLETE),
        bare(backend::BIND_COMPLETE),
        columns(&[("id", 20001, 1, 23)]),
        row(&[Some("7")]),
        complete("SELECT 1"),
        ready(b'I'),
    ];
    let outcome = Stage::plain().play(&[client(&asked), server(&answered)]);
    assert_eq!(outcome.upstream, asked.concat());
    assert_eq!(outcome.client, answered.concat());
    assert!(
        outcome.events.contains(&r#"2 select id from orders where id = $1 [Text("7")]"#.to_owned())
    );
}

#[test]
fn a_suspended_portal_goes_on_as_the_same_command() {
    let outcome = Stage::plain().play(&[
        client(&[
            parse("", "select id from orders"),
            bind("p", "", &[]),
            execute_most("p", 1),
            bare(frontend::FLUSH),
        ]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            row(&[Some("1")]),
            bare(backend::PORTAL_SUSPENDED),
        ]),
        client(&[execute_most("p", 1), sync()]),
        server(&[row(&[Some("2")]), complete("SELECT 1"), ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "12DsDCZ");
    assert_eq!(outcome.upstream_tags(), "PBEHES");
    assert!(outcome.events.iter().all(|event| !event.starts_with('3')), "{:?}", outcome.events);
}

#[test]
fn an_error_takes_with_it_what_the_server_skips() {
    let outcome = Stage::plain().play(&[
        client(&[
            parse("", "select id from orders"),
            bind("", "", &[]),
            execute(""),
            parse("", "select 2"),
            bind("", "", &[]),
            execute(""),
            sync(),
            query("select 3"),
        ]),
        server(&[bare(backend::PARSE_COMPLETE), error("42P01", "no orders"), ready(b'I')]),
        server(&[
            columns(&[("c", 0, 0, 23)]),
            row(&[Some("3")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.client_tags(), "1EZTDCZ");
    assert!(outcome.violation.is_none());
}

#[test]
fn messages_after_an_error_are_skipped_up_to_sync() {
    let outcome = Stage::plain().play(&[
        client(&[parse("", "select nothing from orders"), bare(frontend::FLUSH)]),
        server(&[error("42703", "no such column")]),
        client(&[bind("", "", &[]), execute(""), query("drop table orders"), sync()]),
        server(&[ready(b'I')]),
        client(&[query("select 1")]),
    ]);
    assert_eq!(outcome.upstream_tags(), "PHSQ");
    assert_eq!(outcome.client_tags(), "EZ");
}

#[test]
fn copy_in_streams_through_and_sync_before_its_end_is_the_servers_to_ignore() {
    let outcome = Stage::plain().play(&[
        client(&[parse("", "copy orders from stdin"), bind("", "", &[]), execute(""), sync()]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            copy_response(backend::COPY_IN_RESPONSE, 2),
        ]),
        client(&[copy_data("1\ta\n"), copy_data("2\tb\n"), bare(frontend::COPY_DONE), sync()]),
        server(&[complete("COPY 2"), ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "12GCZ");
    assert_eq!(outcome.upstream_tags(), "PBESddcS");
    assert!(outcome.violation.is_none());
}

#[test]
fn copy_data_outside_of_copy_goes_nowhere() {
    let outcome = Stage::plain().play(&[client(&[
        copy_data("1\ta\n"),
        bare(frontend::COPY_DONE),
        query("select 1"),
    ])]);
    assert_eq!(outcome.upstream_tags(), "Q");
}

#[test]
fn what_the_recording_does_not_keep_is_marked() {
    let rows: Vec<_> = (0..10).map(|n| row(&[Some(&n.to_string())])).collect();
    let script = [
        client(&[query("select id from orders")]),
        server(&[
            columns(&[("id", 20001, 1, 23)]),
            rows.concat(),
            complete("SELECT 10"),
            ready(b'I'),
        ]),
    ];
    let outcome = Stage::plain().keeping(3, 1000).play(&script);
    assert_eq!(outcome.client_tags(), "TDDDDDDDDDDCZ");
    assert_eq!(outcome.events.iter().filter(|event| *event == "1 cut").count(), 1);
    assert_eq!(outcome.events.last().unwrap(), "1 finished SELECT 10 10 rows 120 bytes");
}

#[test]
fn a_hundred_thousand_statements_in_one_pipeline_come_through() {
    use bytes::Bytes;
    use model::{Conversation, Peer, Step, Terms};

    let mut session = Stage::plain().session();
    let one = [parse("", "select 1"), bind("", "", &[]), execute("")].concat();
    let reply = [bare(backend::PARSE_COMPLETE), bare(backend::BIND_COMPLETE), complete("SELECT 1")]
        .concat();
    let (mut asked, mut answered) = (0_usize, 0_usize);
    for _ in 0..100 {
        session.feed(Peer::Client, Bytes::from(one.repeat(1000)));
    }
    loop {
        match session.next().unwrap() {
            Some(Step::Decide(ticket, _)) => session.decided(ticket, Ok(Terms::default())),
            Some(Step::Send(Peer::Upstream, bytes)) => asked += bytes.len(),
            Some(Step::Send(Peer::Client, bytes)) => answered += bytes.len(),
            Some(_) => {}
            None => {
                let ready = asked / one.len() - answered / reply.len();
                if ready == 0 {
                    break;
                }
                session.feed(Peer::Upstream, Bytes::from(reply.repeat(ready)));
            }
        }
    }
    assert_eq!(answered, 100_000 * reply.len());
}

/// Everything at once: what one script cannot mix, this one does.
#[test]
fn how_the_bytes_are_cut_changes_nothing() {
    let outcome = Stage::sensitive().keeping(2, 64).play(&[
        client(&[query("begin"), query("select ssn, notes from customers; select 2")]),
        server(&[complete("BEGIN"), ready(b'T')]),
        server(&[
            columns(&[("ssn", 20000, 2, 25), ("notes", 20000, 4, 25)]),
            row(&[Some("078-05-1120"), Some("card 4242424242424242")]),
            row(&[None, Some("nothing")]),
            row(&[Some("219-09-9999"), None]),
            complete("SELECT 3"),
            columns(&[("?column?", 0, 0, 23)]),
            row(&[Some("2")]),
            complete("SELECT 1"),
            ready(b'T'),
        ]),
        client(&[parse("", "drop table orders"), bind("", "", &[]), execute(""), sync()]),
        server(&[error("42601", "syntax error"), ready(b'E')]),
        client(&[query("rollback"), query("copy customers (ssn) to stdout")]),
        server(&[complete("ROLLBACK"), ready(b'I')]),
        server(&[
            copy_response(backend::COPY_OUT_RESPONSE, 1),
            copy_data("078-05-1120\n"),
            copy_data("\\N\n"),
            bare(backend::COPY_DONE),
            complete("COPY 2"),
            ready(b'I'),
        ]),
        client(&[query("delete from orders"), bare(frontend::TERMINATE)]),
        Turn::Rule(true),
    ]);
    assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
    assert_eq!(outcome.client_tags(), "CZTDDDCTDCZEZCZHddcCZN");
    assert_eq!(outcome.upstream_tags(), "QQPSQQQX");
    for secret in ["078-05", "219-09", "42424242"] {
        assert!(!outcome.client_text().contains(secret));
        assert!(outcome.events.iter().all(|event| !event.contains(secret)), "{:?}", outcome.events);
    }
}
