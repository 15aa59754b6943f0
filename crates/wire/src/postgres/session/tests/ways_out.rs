//! Every way out of the target beside its rows: what stands in it is as masked as they are.

use super::script::*;
use crate::postgres::frame::{self, backend, message, put_cstr};

const SSN: &str = "078-05-1120";
const CARD: &str = "4242424242424242";

/// Plays a script and checks that neither the client nor the recording got a secret.
fn played(stage: &Stage, script: &[Turn]) -> Outcome {
    let outcome = stage.play(script);
    let shown = outcome.client_text();
    for secret in [SSN, "07805", "Ada", CARD] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
        let told = outcome.events.iter().any(|event| event.contains(secret));
        assert!(!told, "{secret}: {:?}", outcome.events);
    }
    outcome
}

fn said(tag: u8, fields: &[(u8, &str)]) -> Vec<u8> {
    let severity = if tag == backend::ERROR_RESPONSE { "ERROR" } else { "NOTICE" };
    let start = [(b'S', severity), (b'V', severity)];
    report(tag, &[&start[..], fields].concat())
}

fn status(name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    frame::parameter_status(&mut out, name.as_bytes(), value.as_bytes());
    out
}

fn duplicate() -> Vec<u8> {
    let key = format!("Key (ssn)=({SSN}) already exists.");
    said(
        backend::ERROR_RESPONSE,
        &[
            (b'C', "23505"),
            (b'M', "duplicate key value violates unique constraint \"customers_ssn_key\""),
            (b'D', &key),
            (b'n', "customers_ssn_key"),
        ],
    )
}

#[test]
fn a_constraint_put_off_to_the_commit_says_nothing_of_what_the_transaction_touched() {
    let outcome = played(
        &Stage::sensitive(),
        &[
            client(&[query("begin")]),
            server(&[complete("BEGIN"), ready(b'T')]),
            client(&[query("update customers set ssn = reverse(ssn)")]),
            server(&[complete("UPDATE 3"), ready(b'T')]),
            client(&[query("commit")]),
            server(&[duplicate(), ready(b'I')]),
        ],
    );
    let shown = outcome.client_text();
    assert!(shown.contains("C23505") && shown.contains("\"customers_ssn_key\""), "{shown}");
}

#[test]
fn what_a_sync_brings_about_says_nothing_of_what_the_pipeline_touched() {
    let text = "update customers set ssn = reverse(ssn)";
    played(
        &Stage::sensitive(),
        &[
            client(&[parse("", text), bind("", "", &[]), execute(""), sync()]),
            server(&[
                bare(backend::PARSE_COMPLETE),
                bare(backend::BIND_COMPLETE),
                bare(backend::NO_DATA),
                complete("UPDATE 3"),
                duplicate(),
                ready(b'I'),
            ]),
        ],
    );
}

#[test]
fn after_the_transaction_its_statements_are_forgotten() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("update customers set ssn = reverse(ssn)")]),
        server(&[complete("UPDATE 3"), ready(b'I')]),
        client(&[query("insert into orders (id) values (1)")]),
        server(&[
            said(
                backend::ERROR_RESPONSE,
                &[
                    (b'C', "23505"),
                    (b'M', "duplicate key value violates unique constraint \"orders_pkey\""),
                    (b'D', "Key (id)=(1) already exists."),
                    (b's', "public"),
                    (b't', "orders"),
                    (b'n', "orders_pkey"),
                ],
            ),
            ready(b'I'),
        ]),
    ]);
    assert!(outcome.client_text().contains("Key (id)=(1)"), "{}", outcome.client_text());
}

#[test]
fn a_trigger_says_nothing_in_any_field_whatever_the_statement_touches() {
    for tag in [backend::ERROR_RESPONSE, backend::NOTICE_RESPONSE] {
        let outcome = played(
            &Stage::sensitive(),
            &[
                client(&[query("insert into orders (id) values (1)")]),
                server(&[
                    said(
                        tag,
                        &[
                            (b'C', "07805"),
                            (b'M', "the number is 078-05-1120"),
                            (b'D', "078-05-1120"),
                            (b'H', "ask Ada"),
                            (b'q', "select '078-05-1120'"),
                            (b'W', "PL/pgSQL function f() line 3 at RAISE"),
                            (b's', "078-05-1120"),
                            (b't', "Ada"),
                            (b'c', "Ada"),
                            (b'd', "Ada"),
                            (b'n', "Ada"),
                            (b'~', "a field yet to come: Ada"),
                        ],
                    ),
                    if tag == backend::ERROR_RESPONSE {
                        Vec::new()
                    } else {
                        complete("INSERT 0 1")
                    },
                    ready(b'I'),
                ]),
            ],
        );
        assert!(outcome.client_text().contains("CP0001"), "{}", outcome.client_text());
    }
}

#[test]
fn code_that_runs_while_a_statement_is_bound_says_nothing() {
    played(
        &Stage::sensitive(),
        &[
            client(&[parse("", "select 1"), bind("", "", &[]), execute(""), sync()]),
            server(&[
                bare(backend::PARSE_COMPLETE),
                said(
                    backend::NOTICE_RESPONSE,
                    &[(b'C', "00000"), (b'M', "Ada"), (b'W', "SQL function \"f\" statement 1")],
                ),
                bare(backend::BIND_COMPLETE),
            ]),
        ],
    );
}

#[test]
fn a_value_without_quotes_is_no_message_of_the_servers() {
    for text in [
        "requested character too large for encoding: 07805",
        "operator does not exist: Ada",
        "improper relation name (too many dotted names): a.b.c.Ada",
        "invalid input syntax for type integer: \"Ada\"",
        "type \"Ada\" does not exist",
    ] {
        let fields = [(b'C', "22023"), (b'M', text)];
        let outcome = played(
            &Stage::sensitive(),
            &[
                // What the client wrote is no reason to show it: it may have written every name there is.
                client(&[query(
                    "select f.* from customers c, chr(c.ssn::int) f where ssn <> 'ada'",
                )]),
                server(&[said(backend::ERROR_RESPONSE, &fields), ready(b'I')]),
            ],
        );
        assert!(outcome.client_text().contains("[masked]"), "{}", outcome.client_text());
    }
}

#[test]
fn what_is_wrong_with_the_text_itself_is_said() {
    let text = "column \"snn\" does not exist";
    let hint = "Perhaps you meant to reference the column \"customers.ssn\".";
    let fields = [(b'C', "42703"), (b'M', text), (b'H', hint), (b'P', "8")];
    let outcome = Stage::sensitive().play(&[
        client(&[query("select snn from customers")]),
        server(&[said(backend::ERROR_RESPONSE, &fields), ready(b'I')]),
    ]);
    assert!(outcome.client_text().contains(text) && outcome.client_text().contains(hint));
}

#[test]
fn lines_of_the_servers_log_hold_no_value() {
    for severity in ["LOG", "DEBUG", "DEBUG5"] {
        let line = |message: &str| {
            let fields = [(b'S', severity), (b'V', severity), (b'C', "00000"), (b'M', message)];
            report(backend::NOTICE_RESPONSE, &fields)
        };
        let outcome = played(
            &Stage::sensitive(),
            &[server(&[line("duration: 1 ms  plan: Ada"), line("out of memory")])],
        );
        assert!(outcome.client_text().contains("out of memory"));
    }
}

#[test]
fn a_failure_on_another_table_than_the_statements_says_nothing_of_it() {
    let fields = [
        (b'C', "23502"),
        (
            b'M',
            "null value in column \"id\" of relation \"customers\" violates not-null constraint",
        ),
        (b'D', "Failing row contains (null, 078-05-1120, Ada)."),
        (b's', "public"),
        (b't', "customers"),
        (b'c', "id"),
    ];
    let outcome = played(
        &Stage::sensitive(),
        &[
            client(&[query("insert into orders (id) values (1)")]),
            server(&[said(backend::ERROR_RESPONSE, &fields), ready(b'I')]),
        ],
    );
    assert!(outcome.client_text().contains("column \"id\" of relation \"customers\""));
}

#[test]
fn a_setting_shows_no_value_not_even_after_a_rollback() {
    let hidden = [
        ("search_path", SSN),
        ("TimeZone", "AdaBirch5"),
        ("TimeZone", "Ada5X,M3.2.0/2,M11.1.0/2"),
        ("scram_iterations", "07805"),
        ("some.day", "Ada"),
    ];
    for (name, value) in hidden {
        let text = "select set_config(name, ssn, false) from customers, pg_settings";
        let outcome = played(
            &Stage::sensitive().revealing(&["email"]),
            &[
                client(&[query("begin")]),
                server(&[complete("BEGIN"), ready(b'T')]),
                client(&[query("call mine(1)")]),
                server(&[complete("CALL"), status(name, value), ready(b'T')]),
                client(&[query("rollback")]),
                server(&[complete("ROLLBACK"), ready(b'I')]),
                client(&[query("rollback to savepoint s")]),
                server(&[status(name, value), complete("ROLLBACK"), ready(b'T')]),
            ],
        );
        assert_eq!(outcome.violation, None, "{text}");
    }
    for (set, value) in [("'Europe/Berlin'", "Europe/Berlin"), ("'EST5EDT'", "EST5EDT")] {
        let outcome = Stage::sensitive().play(&[
            client(&[query(&format!("set timezone to {set}; select ssn from customers"))]),
            server(&[
                complete("SET"),
                status("TimeZone", value),
                complete("SELECT 0"),
                ready(b'I'),
            ]),
        ]);
        assert!(outcome.client_text().contains(value), "the client's own: {value}");
    }
}

#[test]
fn a_channel_shows_its_name_to_who_listens_to_it_by_that_name() {
    let notification = |channel: &str| {
        let mut out = Vec::new();
        message(&mut out, backend::NOTIFICATION_RESPONSE, |out| {
            out.extend_from_slice(&7_u32.to_be_bytes());
            put_cstr(out, channel);
            put_cstr(out, SSN);
        });
        out
    };
    let outcome = played(
        &Stage::sensitive(),
        &[
            client(&[query("listen doors")]),
            server(&[complete("LISTEN"), ready(b'I')]),
            server(&[notification("doors"), notification(SSN)]),
        ],
    );
    assert_eq!(outcome.client_text().matches("doors").count(), 1);
}

#[test]
fn a_columns_name_is_searched_unless_the_statement_gives_it() {
    let described = || columns(&[(CARD, 20001, 2, 25), ("notes", 20001, 2, 25)]);
    let stage = Stage::sensitive();
    let result = || [row(&[Some("a"), Some("b")]), complete("SELECT 1"), ready(b'I')].concat();
    let outcome = played(
        &stage,
        &[client(&[query("select * from orders")]), server(&[described(), result()])],
    );
    assert_eq!((outcome.violation, tags(&outcome.client).as_str()), (None, "TDCZ"));
    let own = format!("select id as \"{CARD}\", notes from orders");
    let outcome = stage.play(&[client(&[query(&own)]), server(&[described(), result()])]);
    assert!(outcome.client_text().contains(CARD));
}

#[test]
fn the_header_of_a_copy_is_searched() {
    for (format, header) in [("csv", "id,4242424242424242\n"), ("text", "id\t4242424242424242\n")] {
        played(
            &Stage::sensitive(),
            &[
                client(&[query(&format!("copy orders to stdout with (format {format}, header)"))]),
                server(&[
                    copy_response(backend::COPY_OUT_RESPONSE, 2),
                    copy_data(header),
                    bare(backend::COPY_DONE),
                    complete("COPY 0"),
                    ready(b'I'),
                ]),
            ],
        );
    }
}

#[test]
fn a_cursor_that_code_may_have_opened_anew_is_nobodys() {
    let fetched = || {
        server(&[
            columns(&[("x", 0, 0, 25)]),
            row(&[Some("Ada")]),
            complete("FETCH 1"),
            ready(b'T'),
        ])
    };
    played(
        &Stage::sensitive(),
        &[
            client(&[query("begin; declare c cursor for select 'x'; close c")]),
            server(&[complete("BEGIN"), complete("DECLARE CURSOR"), complete("CLOSE CURSOR")]),
            server(&[ready(b'T')]),
            client(&[query("select opens('c')")]),
            server(&[columns(&[("opens", 0, 0, 25)]), complete("SELECT 0"), ready(b'T')]),
            client(&[query("fetch all from c")]),
            fetched(),
            client(&[query("fetch all from \"<unnamed portal 1>\"")]),
            fetched(),
        ],
    );
}

#[test]
fn a_result_the_statement_does_not_have_is_a_rules() {
    for text in
        ["insert into orders (id) values (1)", "insert into orders (id) values (1) returning 1"]
    {
        let rows = || [columns(&[("upper", 0, 0, 25)]), row(&[Some("Ada")])].concat();
        let own = [columns(&[("?column?", 0, 0, 23)]), row(&[Some("1")])].concat();
        let first = if text.contains("returning") { own } else { Vec::new() };
        played(
            &Stage::sensitive(),
            &[
                client(&[query(text)]),
                server(&[first, rows(), complete("INSERT 0 1"), ready(b'I')]),
            ],
        );
    }
}

#[test]
fn copy_in_an_encoding_that_is_in_doubt_is_refused() {
    for text in [
        "set client_encoding to 'SJIS'; copy customers to stdout",
        "copy customers to stdout with (encoding 'SJIS')",
        "reset all; copy (select ssn from customers) to stdout with (delimiter '|')",
    ] {
        let outcome = played(&Stage::sensitive(), &[client(&[query(text)])]);
        assert_eq!((outcome.client_tags().as_str(), outcome.upstream.len()), ("EZ", 0), "{text}");
        assert!(outcome.client_text().contains("C42501"), "{}", outcome.client_text());
    }
    for text in [
        "set datestyle to iso; copy customers to stdout",
        "set client_encoding to 'SJIS'; copy customers to stdout with (encoding 'UTF8')",
        "copy orders to stdout with (format binary)",
    ] {
        let outcome = played(&Stage::sensitive(), &[client(&[query(text)])]);
        assert_eq!(outcome.upstream_tags(), "Q", "{text}");
    }
}

#[test]
fn a_copy_waits_until_the_encoding_is_known() {
    let outcome = played(
        &Stage::sensitive(),
        &[
            client(&[query("set client_encoding to 'SJIS'"), query("copy customers to stdout")]),
            server(&[complete("SET"), status("client_encoding", "SJIS"), ready(b'I')]),
        ],
    );
    assert_eq!(outcome.upstream_tags(), "Q", "only the SET");
    assert!(outcome.client_text().contains("C42501"), "{}", outcome.client_text());
}

#[test]
fn strict_masking_refuses_what_cannot_be_masked_and_says_why() {
    for (text, why) in [
        ("select mine(1)", "cannot be followed"),
        ("call mine(1)", "cannot be followed"),
        ("select lo_get(1)", "cannot be followed"),
        ("execute nobody_prepared_this", "not prepared through the gateway"),
        ("fetch all from \"<unnamed portal 1>\"", "cannot be followed"),
        ("no sql at all", "not understood"),
        ("copy (select id from customers) to stdout with (format binary)", "types"),
        ("copy elsewhere to stdout with (format binary)", "elsewhere"),
    ] {
        let script = [client(&[query(text)])];
        let outcome = played(&Stage::sensitive().strict(), &script);
        assert_eq!((outcome.client_tags().as_str(), outcome.upstream.len()), ("EZ", 0), "{text}");
        let shown = outcome.client_text();
        assert!(shown.contains("C42501") && shown.contains(why), "{text}: {shown}");
        assert_eq!(Stage::sensitive().play(&script).upstream_tags(), "Q", "{text}");
        let all = Stage::sensitive().strict().revealing(&["us_ssn", "email", "credit_card"]);
        assert_eq!(all.play(&script).upstream_tags(), "Q", "nothing is hidden: {text}");
    }
    for text in [
        "select ssn, upper(email) from customers",
        "select * from orders",
        "copy customers to stdout",
        "copy customers to stdout with (format binary)",
        "begin",
    ] {
        let outcome = played(&Stage::sensitive().strict(), &[client(&[query(text)])]);
        assert_eq!(outcome.upstream_tags(), "Q", "{text}");
    }
}

#[test]
fn strict_masking_ends_a_session_instead_of_showing_a_binary_value_nobody_can_read() {
    let mut described = columns(&[("point_of_sale", 0, 0, 30001)]);
    let last = described.len() - 1;
    described[last] = 1;
    let script = [client(&[query("fetch all from c")]), server(&[described])];
    let declared = [
        client(&[query("begin; declare c binary cursor for select id from orders")]),
        server(&[complete("BEGIN"), complete("DECLARE CURSOR"), ready(b'T')]),
    ];
    let script = [&declared[..], &script[..]].concat();
    let outcome = played(&Stage::sensitive().strict(), &script);
    let farewell = outcome.violation.expect("the session ends").farewell;
    let farewell = String::from_utf8_lossy(&farewell).into_owned();
    assert!(farewell.contains("C42501") && farewell.contains("point_of_sale"), "{farewell}");
}

#[test]
fn a_write_is_refused_whose_trigger_copies_nobody_knows_where() {
    let learned = Turn::Learn(&[
        &["function", "30009", "public", "fired", "v"],
        &["code", "30009", "BEGIN EXECUTE TG_ARGV[0] USING NEW; RETURN NEW; END", "plpgsql"],
        &["trigger", "20000", "copies", "30009", ""],
    ]);
    let write = || client(&[query("update customers set id = 1 where id = 2")]);
    let told = Stage::sensitive().play(&[learned.clone(), write()]).client_text();
    assert!(
        told.contains("by trigger \"copies\", would store data of class email, us_ssn"),
        "{told}"
    );
    let revealed = Stage::sensitive().revealing(&["email", "us_ssn"]);
    let outcome = revealed.play(&[learned, write()]);
    assert!(outcome.upstream_tags().contains('Q'), "{}", outcome.upstream_tags());
}

#[test]
fn a_function_that_keeps_what_it_is_given_is_not_given_what_must_stay_masked() {
    for (by, text) in [
        ("setval", "select setval('s', ssn::bigint) from customers"),
        ("pg_advisory_xact_lock", "select pg_advisory_xact_lock(ssn::bigint) from customers"),
        ("pg_try_advisory_lock", "select 1 from customers where pg_try_advisory_lock(1, ssn::int)"),
        ("lo_lseek64", "select lo_lseek64(0, (select ssn from customers)::bigint, 0)"),
        (
            "setseed",
            "with x as (select ssn as s from customers) select setseed(x.s::float8) from x",
        ),
        ("pg_notify", "select pg_notify('c', upper(email)) from customers"),
        ("set_config", "select set_config('my.own', ssn, false) from customers"),
        ("lo_from_bytea", "copy (select lo_from_bytea(0, ssn::bytea) from customers) to stdout"),
    ] {
        let outcome = played(&Stage::sensitive(), &[client(&[query(text)])]);
        assert_eq!(outcome.upstream_tags(), "", "{text}");
        let told = outcome.client_text();
        let said = format!("by function \"{by}\", would store data of class");
        assert!(told.contains(&said), "{text}: {told}");
    }
    for text in [
        "select setval('s', (select max(id) from customers))",
        "select pg_try_advisory_lock(id), ssn from customers",
        "select pg_notify('c', id::text) from customers where ssn = 'x'",
        "select set_config('my.own', count(*)::text, false) from customers",
        "select setseed(0.5), random()",
    ] {
        let outcome = played(&Stage::sensitive(), &[client(&[query(text)])]);
        assert_eq!(outcome.upstream_tags(), "Q", "{text}: {}", outcome.client_text());
    }
}
