use super::script::*;
use crate::postgres::frame::{backend, frontend};

#[test]
fn a_refused_query_never_reaches_the_server() {
    let outcome = Stage::plain().play(&[client(&[query("drop table orders")])]);
    assert!(outcome.upstream.is_empty());
    assert_eq!(outcome.client_tags(), "EZ");
    assert!(outcome.client_text().contains("C42501\0Mno drop here\0Dpolicy: p\0"));
    assert_eq!(outcome.events, ["1 drop table orders []", "1 denied"]);
}

#[test]
fn a_refusal_inside_a_transaction_fails_the_servers_transaction_too() {
    let outcome = Stage::plain().play(&[
        client(&[query("begin")]),
        server(&[complete("BEGIN"), ready(b'T')]),
        client(&[query("drop table orders")]),
        server(&[error("42601", "syntax error at or near \"***\""), ready(b'E')]),
    ]);
    assert_eq!(outcome.client_tags(), "CZEZ");
    assert!(outcome.client_text().contains("no drop here"));
    assert!(!outcome.client_text().contains("syntax error"));
    assert!(!outcome.upstream_text().contains("drop"));
    assert_eq!(outcome.upstream_tags(), "QQ");
    assert_eq!(outcome.client.last(), Some(&b'E'));
}

#[test]
fn a_refusal_waits_behind_earlier_replies() {
    let outcome = Stage::plain().play(&[
        client(&[
            parse("", "select 1"),
            bind("", "", &[]),
            execute(""),
            parse("", "drop table orders"),
            bind("", "", &[]),
            execute(""),
            sync(),
            query("select 2"),
        ]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            row(&[Some("1")]),
            complete("SELECT 1"),
            error("42601", "syntax error"),
            ready(b'I'),
        ]),
        server(&[complete("SELECT 1"), ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "12DCEZCZ");
    assert!(outcome.client_text().contains("no drop here"));
    assert!(!outcome.upstream_text().contains("drop"));
    assert_eq!(outcome.upstream_tags(), "PBEPSQ");
}

#[test]
fn a_refused_first_parse_is_answered_at_once_and_its_pipeline_skipped() {
    let outcome = Stage::plain().play(&[
        client(&[parse("", "drop table orders"), describe(b'S', ""), bare(frontend::FLUSH)]),
        client(&[bind("", "", &[]), execute(""), sync()]),
        server(&[ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "EZ");
    assert_eq!(outcome.upstream_tags(), "S");
}

#[test]
fn a_refused_query_behind_another_waits_for_its_answer() {
    let outcome = Stage::plain().play(&[
        client(&[query("begin"), query("drop table orders")]),
        server(&[complete("BEGIN"), ready(b'T')]),
        server(&[error("42601", "syntax error"), ready(b'E')]),
    ]);
    assert_eq!(outcome.client_tags(), "CZEZ");
    assert!(!outcome.upstream_text().contains("drop"));
}

#[test]
fn a_held_command_holds_everything_behind_it() {
    let script = [
        client(&[query("delete from orders"), query("select 1")]),
        Turn::Rule(true),
        server(&[complete("DELETE 3"), ready(b'I'), complete("SELECT 1"), ready(b'I')]),
    ];
    let held = Stage::plain().play(&script[..1]);
    assert!(held.upstream.is_empty());
    assert_eq!(held.client_tags(), "N");
    let outcome = Stage::plain().play(&script);
    assert_eq!(outcome.upstream_tags(), "QQ");
    assert_eq!(outcome.client_tags(), "NCZCZ");
}

#[test]
fn a_disapproved_command_is_refused_and_what_is_behind_it_goes_on() {
    let outcome = Stage::plain().play(&[
        client(&[query("delete from orders"), query("select 1")]),
        Turn::Rule(false),
        server(&[complete("SELECT 1"), ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "NEZCZ");
    assert!(!outcome.upstream_text().contains("delete"));
}

#[test]
fn a_held_execute_is_prepared_and_not_run_until_it_is_approved() {
    let script = [
        client(&[
            parse("", "select 1"),
            bind("", "", &[]),
            execute(""),
            parse("", "delete from orders where id = $1"),
            bind("", "", &["7"]),
            execute(""),
            sync(),
        ]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            complete("SELECT 1"),
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
        ]),
        Turn::Rule(true),
        server(&[complete("DELETE 1"), ready(b'I')]),
    ];
    let held = Stage::plain().play(&script[..2]);
    // The server is asked to flush, so that earlier replies do not wait for the approver.
    assert_eq!(held.upstream_tags(), "PBEPBH");
    assert_eq!(held.client_tags(), "N12C12");
    let outcome = Stage::plain().play(&script);
    assert_eq!(outcome.upstream_tags(), "PBEPBHES");
    assert_eq!(outcome.client_tags(), "N12C12CZ");
}

#[test]
fn an_error_of_an_earlier_statement_withdraws_a_held_one() {
    let outcome = Stage::plain().play(&[
        client(&[
            parse("", "select 1 from orders"),
            bind("", "", &[]),
            execute(""),
            parse("", "delete from orders"),
            bind("", "", &[]),
            execute(""),
            sync(),
        ]),
        server(&[bare(backend::PARSE_COMPLETE), error("42P01", "no orders")]),
        Turn::Rule(true),
        server(&[ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "N1EZ");
    assert_eq!(outcome.upstream_tags(), "PBEPBHS");
    assert!(outcome.events.iter().any(|event| event.ends_with("withdrawn")));
}

#[test]
fn a_prepared_statement_of_sql_is_decided_when_it_is_executed() {
    let outcome = Stage::plain().play(&[
        client(&[query("prepare p as delete from orders")]),
        server(&[complete("PREPARE"), ready(b'I')]),
        client(&[query("execute p")]),
    ]);
    assert_eq!((outcome.upstream_tags(), outcome.client_tags()), ("Q".into(), "CZN".into()));
    let unknown = Stage::plain().play(&[client(&[query("execute drop_it")])]);
    assert_eq!(unknown.client_tags(), "EZ");
}

#[test]
fn a_message_over_the_limit_is_refused_without_being_kept() {
    let outcome = {
        let stage = Stage::plain();
        let long = query(&format!("select 1 /*{}*/", "x".repeat(2 << 20)));
        let mut session = stage.session();
        let mut out = Vec::new();
        for piece in long.chunks(64 << 10) {
            use model::{Conversation, Peer, Step};
            session.feed(Peer::Client, bytes::Bytes::copy_from_slice(piece));
            assert!(session.backlog(Peer::Client) == 0);
            while let Some(step) = session.next().unwrap() {
                if let Step::Send(Peer::Client, bytes) = step {
                    out.extend_from_slice(&bytes);
                }
            }
        }
        out
    };
    assert_eq!(tags(&outcome), "EZ");
    assert!(String::from_utf8_lossy(&outcome).contains("C54000"));
}
