use super::script::*;
use crate::postgres::frame::{backend, parameter_status};

fn reports(name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    parameter_status(&mut out, name.as_bytes(), value.as_bytes());
    out
}

fn named(value: &str) -> Vec<u8> {
    reports("application_name", value)
}

/// What a server answers to the gateway's own SET.
fn set_again(name: &str, status: u8) -> Vec<u8> {
    let close = bare(backend::CLOSE_COMPLETE);
    [
        close.clone(),
        bare(backend::PARSE_COMPLETE),
        bare(backend::BIND_COMPLETE),
        complete("SET"),
        close.clone(),
        close,
        named(name),
        ready(status),
    ]
    .concat()
}

/// The name as the session of the stage carries it.
fn fronted(own: &str) -> String {
    let session = model::SessionId::new(model::Timestamp::from_secs(1), 7);
    format!("o'ann {session} {own}")
}

#[test]
fn the_front_comes_back_before_the_client_is_told_that_the_server_is_ready() {
    let first = "select set_config('application_name', $$a'b\\c$$, false)";
    let outcome = Stage::plain().play(&[
        client(&[query(first)]),
        server(&[named("a'b\\c"), complete("SELECT 1"), ready(b'I')]),
        client(&[query("select 2")]),
        server(&[set_again(&fronted("a'b/c"), b'I')]),
        server(&[complete("SELECT 2"), ready(b'I')]),
    ]);
    let (upstream, told) = (outcome.upstream_text(), outcome.client_text());
    assert_eq!(outcome.upstream_tags(), "QCPBECCSQ");
    assert!(upstream.contains("\0SET SESSION application_name = 'o''ann "), "{upstream}");
    assert!(upstream.contains(" a''b/c'\0"), "{upstream}");
    assert_eq!(outcome.client_tags(), "SCSZCZ");
    assert!(told.contains(&fronted("a'b/c")), "{told}");
}

#[test]
fn a_name_that_kept_its_front_is_left_alone() {
    for name in [fronted("psql"), fronted("").trim_end().to_owned()] {
        let outcome = Stage::plain().play(&[
            client(&[query("reset application_name")]),
            server(&[named(&name), complete("RESET"), ready(b'I')]),
        ]);
        assert_eq!(outcome.upstream_tags(), "Q");
        assert_eq!(outcome.client_tags(), "SCZ");
    }
    let other = fronted("").trim_end().to_owned() + "x";
    let outcome = Stage::plain().play(&[
        client(&[query("select f()")]),
        server(&[named(&other), complete("SELECT 1"), ready(b'I')]),
    ]);
    assert_eq!(outcome.upstream_tags(), "QCPBECCS", "another session's name is no front");
}

#[test]
fn nothing_more_is_sent_until_the_front_is_back() {
    let set = "set application_name = 'x'; select 1";
    let outcome = Stage::plain().play(&[
        client(&[query(set), parse("", "select 2"), bind("", "", &[]), execute(""), sync()]),
        server(&[named("x"), complete("SET")]),
        client(&[query("select 3")]),
        server(&[complete("SELECT 1"), ready(b'I')]),
        server(&[bare(backend::PARSE_COMPLETE), bare(backend::BIND_COMPLETE)]),
        server(&[complete("SELECT 1"), ready(b'I')]),
        server(&[set_again(&fronted("x"), b'I')]),
        server(&[complete("SELECT 1"), ready(b'I')]),
    ]);
    assert_eq!(outcome.upstream_tags(), "QPBESCPBECCSQ");
    assert_eq!(outcome.client_tags(), "SCCZ12CSZCZ");
}

#[test]
fn in_a_transaction_the_name_is_local_and_in_a_failed_one_it_waits() {
    let outcome = Stage::plain().play(&[
        client(&[query("begin; set application_name = 'x'")]),
        server(&[complete("BEGIN"), complete("SET"), named("x"), ready(b'T')]),
        server(&[set_again(&fronted("x"), b'T')]),
        client(&[query("commit")]),
        server(&[complete("COMMIT"), named("x"), ready(b'I')]),
        server(&[set_again(&fronted("x"), b'I')]),
    ]);
    let upstream = outcome.upstream_text();
    let (local, session) = (upstream.find("SET LOCAL"), upstream.find("SET SESSION"));
    assert!(local.is_some() && local < session, "{upstream}");
    assert_eq!(outcome.client_tags(), "CCSSZCSSZ");

    let failed = report(backend::ERROR_RESPONSE, &[(b'S', "ERROR"), (b'C', "22012"), (b'M', "no")]);
    let outcome = Stage::plain().play(&[
        client(&[query("begin; set application_name = 'x'; select 1/0")]),
        server(&[complete("BEGIN"), named("x"), complete("SET"), failed, ready(b'E')]),
        client(&[query("rollback")]),
        server(&[complete("ROLLBACK"), named(&fronted("psql")), ready(b'I')]),
    ]);
    assert_eq!(outcome.upstream_tags(), "QQ");
}

#[test]
fn a_cancelled_set_is_told_and_made_up_for_after_the_next_command() {
    let cancelled =
        report(backend::ERROR_RESPONSE, &[(b'S', "ERROR"), (b'C', "57014"), (b'M', "canceling")]);
    let outcome = Stage::plain().play(&[
        client(&[query("select set_config('application_name', 'x', false)")]),
        server(&[named("x"), complete("SELECT 1"), ready(b'I')]),
        server(&[bare(backend::CLOSE_COMPLETE), cancelled, ready(b'I')]),
        client(&[query("select 2")]),
        server(&[complete("SELECT 1"), ready(b'I')]),
        server(&[set_again(&fronted("x"), b'I')]),
    ]);
    assert_eq!(outcome.upstream_tags(), "QCPBECCSQCPBECCS");
    assert_eq!(outcome.client_tags(), "SCEZCSZ");
    assert_eq!(outcome.violation, None);
}

#[test]
fn a_server_that_answers_the_set_with_something_else_is_not_believed() {
    let outcome = Stage::plain().play(&[
        client(&[query("select f()")]),
        server(&[named("x"), complete("SELECT 1"), ready(b'I')]),
        server(&[bare(backend::CLOSE_COMPLETE), complete("SELECT 1")]),
    ]);
    assert!(outcome.violation.is_some());
    assert_eq!(outcome.client_tags(), "SCE");
}

#[test]
fn a_copy_goes_on_while_the_front_is_lost() {
    let outcome = Stage::plain().play(&[
        client(&[query("set application_name = 'x'; copy orders from stdin")]),
        server(&[named("x"), complete("SET"), copy_response(backend::COPY_IN_RESPONSE, 2)]),
        client(&[copy_data("1\tx\n"), bare(backend::COPY_DONE)]),
        server(&[complete("COPY 1"), ready(b'I'), set_again(&fronted("x"), b'I')]),
    ]);
    assert_eq!(outcome.upstream_tags(), "QdcCPBECCS");
    assert_eq!(outcome.client_tags(), "SCGCSZ");
}

#[test]
fn a_setting_shows_nothing_of_columns_that_must_not_show() {
    let shows = |script: &[Turn]| Stage::sensitive().play(script).client_text();
    // Code that cannot be read, and sets the name to a value.
    let text = "call mine()";
    let extended = [parse("", text), bind("", "", &[]), execute(""), sync()];
    for name in ["application_name", "search_path"] {
        let told = reports(name, "Ann Smith");
        let simple = [
            client(&[query(text)]),
            server(&[told.clone(), complete("CALL"), ready(b'I')]),
            server(&[set_again(&fronted("[masked]"), b'I')]),
        ];
        let late = [
            client(&extended),
            server(&[bare(backend::PARSE_COMPLETE), bare(backend::BIND_COMPLETE)]),
            server(&[bare(backend::NO_DATA), complete("CALL"), told.clone(), ready(b'I')]),
        ];
        for script in [&simple[..2], &late] {
            let shown = shows(script);
            assert!(shown.contains("[masked]") && !shown.contains("Ann"), "{shown}");
        }
        if name == "application_name" {
            let upstream = Stage::sensitive().play(&simple).upstream_text();
            assert!(upstream.contains(" [masked]'"), "it is taken from the target too: {upstream}");
        }
        let begun = [simple[0].clone(), server(&[told.clone(), complete("CALL"), ready(b'T')])];
        let upstream = Stage::sensitive().play(&begun).upstream_text();
        assert!(!upstream.contains("SET LOCAL"), "it would come back at COMMIT: {upstream}");
        let harmless = [client(&[query("select 1")]), server(&[told, complete("SELECT 1")])];
        assert!(shows(&harmless).contains("Ann"));
    }
    let zones = ["Europe/Berlin", "<Ann>0"].map(|zone| {
        shows(&[client(&[query(text)]), server(&[reports("TimeZone", zone), complete("CALL")])])
    });
    assert!(zones[0].contains("Berlin") && !zones[1].contains("Ann"), "{zones:?}");
}
