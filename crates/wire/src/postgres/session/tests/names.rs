use super::script::*;
use crate::postgres::frame::{backend, frontend};

/// The client has prepared a DELETE, which is held when it runs, under this name.
fn prepared(name: &str) -> [Turn; 2] {
    [
        client(&[parse(name, "delete from orders where id = 7"), sync()]),
        server(&[bare(backend::PARSE_COMPLETE), ready(b'I')]),
    ]
}

fn play(name: &str, turns: Vec<Turn>) -> Outcome {
    Stage::plain().play(&prepared(name).into_iter().chain(turns).collect::<Vec<_>>())
}

#[test]
fn a_name_whose_parse_may_yet_fail_is_not_used_before_its_answer() {
    let mut turns =
        vec![client(&[parse("s", "select 1"), sync(), bind("", "s", &[]), execute(""), sync()])];
    let waiting = play("s", turns.clone());
    assert_eq!(waiting.upstream_tags(), "PSPS", "the Bind waits");
    turns.push(server(&[error("42P05", "prepared statement \"s\" already exists"), ready(b'I')]));
    let outcome = play("s", turns);
    // It is still the DELETE, and so it is held.
    assert_eq!(outcome.upstream_tags(), "PSPSBH");
    assert_eq!(outcome.client_tags(), "1ZEZN");
}

#[test]
fn an_unnamed_parse_that_the_server_skips_changes_nothing() {
    let failing = [bind("", "nothing", &[]), parse("", "select 1"), sync()].concat();
    let mut turns = vec![client(&[failing, bind("", "", &[]), execute(""), sync()])];
    assert_eq!(play("", turns.clone()).upstream_tags(), "PSBPS", "the second Bind waits");
    turns.push(server(&[error("26000", "no such statement"), ready(b'I')]));
    let outcome = play("", turns);
    assert_eq!(outcome.upstream_tags(), "PSBPSBH");
    assert_eq!(outcome.client_tags(), "1ZEZN");
}

#[test]
fn a_statement_parsed_after_one_that_was_skipped_stands() {
    let turns = vec![
        client(&[
            bind("", "nothing", &[]),
            parse("", "select 1"),
            sync(),
            parse("", "delete from orders where id = 8"),
            sync(),
        ]),
        server(&[error("26000", "no such statement"), ready(b'I')]),
        server(&[bare(backend::PARSE_COMPLETE), ready(b'I')]),
        client(&[bind("", "", &[]), execute(""), sync()]),
    ];
    let outcome = Stage::plain().play(&turns);
    assert_eq!(outcome.client_tags(), "EZ1ZN");
    assert!(
        outcome.events.iter().any(|event| event.contains("id = 8 []") && event.starts_with('3'))
    );
}

#[test]
fn a_pipeline_that_parses_what_it_binds_does_not_wait() {
    let one = [parse("", "select 1"), bind("", "", &[]), execute(""), sync()].concat();
    let outcome = Stage::plain().play(&[client(&[one.clone(), one.clone(), one])]);
    assert_eq!(outcome.upstream_tags(), "PBESPBESPBES");
}

#[test]
fn sql_prepare_behind_sql_prepare_waits_as_well() {
    let mut turns = vec![
        client(&[query("prepare p as delete from orders where id = 7")]),
        server(&[complete("PREPARE"), ready(b'I')]),
        client(&[query("prepare p as select 1"), query("execute p")]),
    ];
    assert_eq!(Stage::plain().play(&turns).upstream_tags(), "QQ");
    turns.push(server(&[error("42P05", "already exists"), ready(b'I')]));
    let outcome = Stage::plain().play(&turns);
    assert_eq!((outcome.upstream_tags(), outcome.client_tags()), ("QQ".into(), "CZEZN".into()));
}

#[test]
fn after_a_query_of_several_that_failed_its_names_stand_for_nothing_known() {
    let outcome = Stage::plain().play(&[
        client(&[query("prepare p as select 1")]),
        server(&[complete("PREPARE"), ready(b'I')]),
        client(&[query("deallocate p; prepare p as select 2; select 1/0")]),
        server(&[
            complete("DEALLOCATE"),
            complete("PREPARE"),
            error("22012", "division by zero"),
            ready(b'I'),
        ]),
        client(&[query("execute p")]),
    ]);
    let accesses = outcome.accesses.last().unwrap();
    assert_eq!(accesses, "unknown", "{:?}", outcome.accesses);
}

#[test]
fn what_one_text_prepares_and_executes_is_decided_with_it() {
    let outcome = Stage::plain().play(&[
        client(&[query("prepare p as select 1")]),
        server(&[complete("PREPARE"), ready(b'I')]),
        client(&[query("deallocate p; prepare p as delete from orders where id = 1; execute p")]),
    ]);
    assert_eq!((outcome.upstream_tags(), outcome.client_tags()), ("Q".into(), "CZN".into()));
}

#[test]
fn what_must_not_run_is_not_prepared_by_sql_either() {
    let outcome = Stage::plain().play(&[client(&[query("prepare p as table dropped")])]);
    assert!(outcome.upstream.is_empty());
    assert_eq!(outcome.client_tags(), "EZ");
}

#[test]
fn a_portal_that_did_not_run_is_decided_when_sql_fetches_from_it() {
    for fetch in ["fetch all from c", "move all in c"] {
        let outcome = Stage::plain().play(&[
            client(&[query("begin")]),
            server(&[complete("BEGIN"), ready(b'T')]),
            client(&[
                parse("", "delete from orders where id = 7 returning *"),
                bind("c", "", &[]),
                sync(),
            ]),
            server(&[bare(backend::PARSE_COMPLETE), bare(backend::BIND_COMPLETE), ready(b'T')]),
            client(&[query(fetch)]),
        ]);
        assert_eq!(outcome.upstream_tags(), "QPBS", "{fetch}");
        assert_eq!(outcome.client_tags(), "CZ12ZN", "{fetch}");
    }
}

#[test]
fn deallocate_all_leaves_the_unnamed_statement() {
    let outcome = play(
        "",
        vec![
            client(&[query("deallocate all")]),
            server(&[complete("DEALLOCATE ALL"), ready(b'I')]),
            client(&[bind("", "", &[]), execute(""), bare(frontend::SYNC)]),
        ],
    );
    assert_eq!(outcome.accesses.last().unwrap(), "delete");
}

#[test]
fn what_was_approved_runs_though_something_else_was_defined_meanwhile() {
    let outcome = Stage::plain().play(&[
        client(&[query("delete from orders where id = 7")]),
        Turn::Learn(&[&["relation", "20009", "public", "others", "r"]]),
        Turn::Rule(true),
    ]);
    assert_eq!(outcome.upstream_tags(), "Q");
    assert!(outcome.events.contains(&"1 approved".to_owned()), "{:?}", outcome.events);
}

#[test]
fn what_was_approved_does_not_run_when_it_means_something_else_by_then() {
    for what in [
        vec![query("delete from orders where id = total(7)")],
        vec![
            parse("", "delete from orders where id = total(7)"),
            bind("", "", &[]),
            execute(""),
            sync(),
        ],
    ] {
        let outcome = Stage::plain().play(&[
            client(&what),
            Turn::Learn(&[&["function", "30009", "public", "total", "v"]]),
            Turn::Rule(true),
        ]);
        assert!(!outcome.upstream_tags().contains(['Q', 'E']), "{}", outcome.upstream_tags());
        assert!(
            outcome.events.iter().any(|event| event.ends_with("denied")),
            "{:?}",
            outcome.events
        );
    }
    let told = Stage::plain()
        .play(&[
            client(&[query("delete from orders where id = total(7)")]),
            Turn::Learn(&[&["function", "30009", "public", "total", "v"]]),
            Turn::Rule(true),
        ])
        .client_text();
    assert!(told.contains("has changed while it waited"), "{told}");
}
