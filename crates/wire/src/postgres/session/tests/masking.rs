use super::script::*;
use crate::postgres::frame::{backend, frontend};

const CARD: &str = "4242424242424242";

fn customers() -> Vec<u8> {
    columns(&[("id", 20000, 1, 23), ("s", 20000, 2, 25), ("notes", 20000, 4, 25)])
}

fn answer() -> Vec<Vec<u8>> {
    vec![
        row(&[Some("1"), Some("078-05-1120"), Some("nothing")]),
        row(&[Some("2"), None, Some("card 4242424242424242 on file")]),
        row(&[None, Some("219-09-9999"), None]),
    ]
}

#[test]
fn a_column_with_a_class_is_masked_under_any_name_and_cards_are_found_by_content() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("select id, ssn as s, notes from customers")]),
        server(&[customers(), answer().concat(), complete("SELECT 3"), ready(b'I')]),
    ]);
    assert_eq!(outcome.client_tags(), "TDDDCZ");
    let shown = outcome.client_text();
    for secret in ["078-05", "219-09", CARD] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(outcome.events.iter().all(|event| !event.contains(secret)), "{:?}", outcome.events);
    }
    assert!(shown.contains("nothing"));
}

#[test]
fn what_may_be_revealed_is_shown_as_it_is() {
    let script = [
        client(&[query("select id, ssn as s, notes from customers")]),
        server(&[customers(), answer().concat(), complete("SELECT 3"), ready(b'I')]),
    ];
    let everything =
        Stage::sensitive().revealing(&["us_ssn", "email", "credit_card"]).play(&script);
    let Turn::Server(answer) = &script[1] else { unreachable!() };
    assert_eq!(&everything.client, answer);
    let cards = Stage::sensitive().revealing(&["credit_card"]).play(&script);
    assert!(cards.client_text().contains(CARD));
    assert!(!cards.client_text().contains("078-05"));
}

#[test]
fn an_expression_over_a_table_with_classes_is_masked_unless_it_is_harmless() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("select upper(name), count(*), 'x' from customers")]),
        server(&[
            columns(&[("upper", 0, 0, 25), ("count", 0, 0, 20), ("?column?", 0, 0, 25)]),
            row(&[Some("ANN SMITH"), Some("12"), Some("x")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    let shown = outcome.client_text();
    assert!(!shown.contains("ANN"), "{shown}");
    assert!(shown.contains("12") && shown.contains('x'), "{shown}");
}

#[test]
fn a_statement_described_long_ago_is_masked_when_it_runs() {
    let outcome = Stage::sensitive().play(&[
        client(&[parse("s", "select ssn from customers"), describe(b'S', "s"), sync()]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            vec![b't', 0, 0, 0, 6, 0, 0],
            columns(&[("ssn", 20000, 2, 25)]),
            ready(b'I'),
        ]),
        client(&[bind("", "s", &[]), execute(""), sync()]),
        server(&[
            bare(backend::BIND_COMPLETE),
            row(&[Some("078-05-1120")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.upstream_tags(), "PDSBES");
    assert_eq!(outcome.client_tags(), "1tTZ2DCZ");
    assert!(!outcome.client_text().contains("078-05"));
}

#[test]
fn a_statement_never_described_is_described_for_the_gateway() {
    let outcome = Stage::sensitive().play(&[
        client(&[parse("", "select ssn from customers"), bind("", "", &[]), execute(""), sync()]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            columns(&[("ssn", 20000, 2, 25)]),
            row(&[Some("078-05-1120")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.upstream_tags(), "PBDES");
    assert_eq!(outcome.client_tags(), "12DCZ");
    assert!(!outcome.client_text().contains("078-05"));
}

#[test]
fn rows_that_nobody_described_end_the_session_instead_of_being_shown() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("select ssn from customers")]),
        server(&[row(&[Some("078-05-1120")])]),
    ]);
    assert!(outcome.violation.is_some());
    assert!(!outcome.client_text().contains("078-05"));
}

#[test]
fn copy_out_is_masked_in_text_csv_and_binary() {
    for (text, response, rows) in [
        (
            "copy customers to stdout",
            copy_response(backend::COPY_OUT_RESPONSE, 4),
            vec![
                copy_data("1\t078-05-1120\tann@example.com\tline\\nbreak\n"),
                copy_data("2\t\\N\t\\N\t\\N\n"),
            ],
        ),
        (
            "copy customers (ssn, notes) to stdout with (format csv, header)",
            copy_response(backend::COPY_OUT_RESPONSE, 2),
            vec![
                copy_data("ssn,notes\n"),
                copy_data("078-05-1120,\"line\n\"\"break\"\"\"\n"),
                copy_data(",\n"),
            ],
        ),
    ] {
        let outcome = Stage::sensitive().play(&[
            client(&[query(text)]),
            server(&[
                response,
                rows.concat(),
                bare(backend::COPY_DONE),
                complete("COPY 2"),
                ready(b'I'),
            ]),
        ]);
        assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
        let shown = outcome.client_text();
        assert!(!shown.contains("078-05") && !shown.contains("ann@"), "{shown}");
        assert!(shown.contains("break"), "{shown}");
    }
}

#[test]
fn copy_of_a_query_over_a_table_with_classes_shows_nothing_of_it() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("copy (select id, name from customers) to stdout")]),
        server(&[
            copy_response(backend::COPY_OUT_RESPONSE, 2),
            copy_data("1\tAnn Smith\n"),
            bare(backend::COPY_DONE),
            complete("COPY 1"),
            ready(b'I'),
        ]),
    ]);
    assert!(!outcome.client_text().contains("Ann"), "{}", outcome.client_text());
}

#[test]
fn an_errors_detail_does_not_say_what_the_result_may_not() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("insert into customers (ssn) values ('x')")]),
        server(&[
            report(
                backend::ERROR_RESPONSE,
                &[
                    (b'S', "ERROR"),
                    (b'C', "23505"),
                    (b'M', "duplicate key value violates unique constraint \"customers_ssn\""),
                    (b'D', "Key (ssn)=(078-05-1120) already exists."),
                ],
            ),
            ready(b'I'),
        ]),
    ]);
    assert!(!outcome.client_text().contains("078-05"), "{}", outcome.client_text());
    assert!(outcome.client_text().contains("C23505"));
}

#[test]
fn a_notification_from_another_session_is_masked() {
    let notification = {
        let mut out = Vec::new();
        crate::postgres::frame::message(&mut out, backend::NOTIFICATION_RESPONSE, |out| {
            out.extend_from_slice(&7_u32.to_be_bytes());
            out.extend_from_slice(b"changes\0the ssn 078-05-1120\0");
        });
        out
    };
    let outcome = Stage::sensitive().play(&[
        client(&[query("listen changes")]),
        server(&[complete("LISTEN"), ready(b'I')]),
        server(&[notification]),
    ]);
    assert_eq!(outcome.client_tags(), "CZA");
    assert!(!outcome.client_text().contains("078-05"));
    assert!(outcome.client_text().contains("changes"));
}

#[test]
fn data_that_must_stay_masked_is_not_copied_to_where_no_mask_reaches_it() {
    for text in [
        "insert into orders (notes) select ssn from customers",
        "create table t as select * from customers",
        "select ssn into t from customers",
        "update orders set notes = (select ssn from customers limit 1)",
        "alter table orders alter notes type text using (select ssn from customers limit 1)",
        "do 'begin insert into orders (notes) select ssn from customers; end'",
    ] {
        let outcome = Stage::sensitive().play(&[client(&[query(text)])]);
        assert_eq!(outcome.client_tags(), "EZ", "{text}");
        assert!(outcome.upstream.is_empty(), "{text}");
        let revealed = Stage::sensitive().revealing(&["us_ssn", "email"]);
        assert_eq!(revealed.play(&[client(&[query(text)])]).upstream_tags(), "Q", "{text}");
    }
}

#[test]
fn what_does_not_carry_a_class_may_be_stored() {
    for text in [
        "insert into orders (notes) select id from customers where ssn like '1%'",
        "update customers set ssn = upper(ssn)",
        "update orders set notes = notes || 'x'",
        "create view v as select ssn from customers",
        "insert into customers (ssn) values ('078-05-1120') returning ssn",
    ] {
        let outcome = Stage::sensitive().play(&[client(&[query(text)])]);
        assert_eq!(outcome.upstream_tags(), "Q", "{text}: {}", outcome.client_text());
    }
}

#[test]
fn a_table_nobody_knows_may_be_any() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("select x from fresh")]),
        server(&[
            columns(&[("x", 30000, 1, 25)]),
            row(&[Some("078-05-1120")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert!(!outcome.client_text().contains("078-05"));
}

#[test]
fn a_cursor_shows_no_more_than_its_query() {
    let outcome = Stage::sensitive().play(&[
        client(&[query("begin; declare c cursor for select upper(ssn) from customers")]),
        server(&[complete("BEGIN"), complete("DECLARE CURSOR"), ready(b'T')]),
        client(&[query("fetch all from c")]),
        server(&[
            columns(&[("upper", 0, 0, 25)]),
            row(&[Some("SECRET-NAME")]),
            complete("FETCH 1"),
            ready(b'T'),
        ]),
        client(&[bare(frontend::TERMINATE)]),
    ]);
    assert!(!outcome.client_text().contains("SECRET-NAME"));
}

#[test]
fn a_table_that_becomes_known_is_masked_by_what_is_known_of_it() {
    let unknown = || {
        let described = columns(&[("a", 20005, 1, 25)]);
        server(&[described, row(&[Some("plain words")]), complete("SELECT 1"), ready(b'I')])
    };
    let ask = || client(&[query("select a from five")]);
    let outcome = Stage::sensitive().play(&[
        ask(),
        unknown(),
        ask(),
        unknown(),
        Turn::Learn(&[
            &["relation", "20005", "public", "five", "r"],
            &["column", "20005", "1", "a", "25"],
        ]),
        ask(),
        unknown(),
    ]);
    assert_eq!(
        outcome.client_text().matches("plain words").count(),
        1,
        "{}",
        outcome.client_text()
    );
    assert!(outcome.client_text().trim_end_matches(|c| c != 's').ends_with("plain words"));
}

#[test]
fn results_described_alike_are_masked_by_what_each_statement_shows() {
    let result = || {
        let described = columns(&[("x", 0, 0, 25)]);
        server(&[described, row(&[Some("value")]), complete("SELECT 1"), ready(b'I')])
    };
    let portal = |text: &&str| {
        let asked = [parse("", text), bind("", "", &[]), describe(b'P', ""), execute(""), sync()];
        let begun = [bare(backend::PARSE_COMPLETE), bare(backend::BIND_COMPLETE)];
        [client(&asked), server(&begun), result()]
    };
    let shown = |texts: &[&str]| {
        let simple: Vec<_> =
            texts.iter().flat_map(|text| [client(&[query(text)]), result()]).collect();
        let extended: Vec<_> = texts.iter().flat_map(portal).collect();
        let count =
            |turns: &[_]| Stage::sensitive().play(turns).client_text().matches("value").count();
        assert_eq!(count(&simple), count(&extended), "{texts:?}");
        count(&simple)
    };
    let (harmless, hidden) = ("select 'x' from customers", "select upper(ssn) from customers");
    assert_eq!(shown(&[harmless, harmless]), 2);
    assert_eq!(shown(&[hidden, hidden]), 0);
    assert_eq!(shown(&[harmless, hidden, harmless]), 2);
    assert_eq!(shown(&[hidden, harmless, hidden]), 1);
}

/// A statement prepared and described; executed; then the catalogue is read again, and a row comes.
fn executed_while(learned: &'static [&'static [&'static str]]) -> Outcome {
    let outcome = Stage::sensitive().play(&[
        client(&[parse("s", "select id, notes from orders"), describe(b'S', "s"), sync()]),
        server(&[
            bare(backend::PARSE_COMPLETE),
            vec![b't', 0, 0, 0, 6, 0, 0],
            columns(&[("id", 20001, 1, 23), ("notes", 20001, 2, 25)]),
            ready(b'I'),
        ]),
        client(&[bind("", "s", &[]), execute(""), sync()]),
        Turn::Learn(learned),
        server(&[
            bare(backend::BIND_COMPLETE),
            row(&[Some("7"), Some("a word")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.client_tags(), "1tTZ2DCZ");
    outcome
}

#[test]
fn what_others_define_while_a_statement_runs_does_not_end_its_session() {
    let outcome = executed_while(&[&["relation", "20009", "public", "elsewhere", "r"]]);
    assert!(outcome.client_text().contains("a word"), "{}", outcome.client_text());
}

#[test]
fn a_table_that_is_renamed_while_a_statement_runs_shows_nothing() {
    let outcome = executed_while(&[
        &["relation", "20001", "public", "orders_old", "r"],
        &["column", "20001", "1", "id", "23"],
        &["column", "20001", "2", "notes", "25"],
        &["relation", "20009", "public", "orders", "r"],
    ]);
    assert!(!outcome.client_text().contains("a word"), "{}", outcome.client_text());
}

#[test]
fn a_portal_the_client_describes_is_not_described_twice() {
    let asked = [
        parse("", "select ssn from customers"),
        bind("", "", &[]),
        describe(b'P', ""),
        execute(""),
        sync(),
    ];
    let outcome = Stage::sensitive().play(&[
        client(&asked),
        server(&[
            bare(backend::PARSE_COMPLETE),
            bare(backend::BIND_COMPLETE),
            columns(&[("ssn", 20000, 2, 25)]),
            row(&[Some("078-05-1120")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.upstream_tags(), "PBDES");
    assert_eq!(outcome.client_tags(), "12TDCZ");
    assert!(!outcome.client_text().contains("078-05"));
}

#[test]
fn the_count_of_a_result_is_that_of_the_rows_that_were_shown() {
    let both = [row(&[Some("1"), Some("078-05-1120"), None]), row(&[Some("2"), None, None])];
    for (text, tag, told) in [
        ("select id, ssn as s, notes from customers", "SELECT 4", "SELECT 2"),
        ("fetch 4 from c", "FETCH 4", "FETCH 2"),
        // What was changed was changed.
        ("update customers set notes = null returning id, ssn, notes", "UPDATE 4", "UPDATE 4"),
    ] {
        let outcome = Stage::denying_rows().play(&[
            client(&[query(text)]),
            server(&[customers(), both.concat(), both.concat(), complete(tag), ready(b'I')]),
        ]);
        assert_eq!(outcome.client_tags(), "TDDCZ", "{text}");
        assert!(outcome.client_text().contains(told), "{text}: {}", outcome.client_text());
        let recorded = outcome.events.iter().any(|event| event.contains(told));
        assert!(recorded, "{text}: {:?}", outcome.events);
    }
    // The next result of the same text begins anew.
    let outcome = Stage::denying_rows().play(&[
        client(&[query("select id, ssn as s, notes from customers; select 1")]),
        server(&[
            customers(),
            both.concat(),
            complete("SELECT 2"),
            columns(&[("n", 0, 0, 23)]),
            row(&[Some("1")]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    assert_eq!(outcome.client_text().matches("SELECT 1").count(), 2);
}

#[test]
fn the_count_of_a_copy_is_that_of_the_rows_that_were_shown_however_they_are_cut() {
    for pieces in [
        vec!["1\t078-05-1120\n2\t\\N\n3\t219-09-9999\n"],
        vec!["1\t078-05-1120\n", "2\t\\N\n", "3\t219-09-9999\n"],
        vec!["1\t078-", "05-1120", "\n2\t\\N\n3", "\t219-09-", "9999\n"],
    ] {
        let data: Vec<_> = pieces.iter().map(|piece| copy_data(piece)).collect();
        let outcome = Stage::denying_rows().play(&[
            client(&[query("copy customers (id, ssn) to stdout")]),
            server(&[
                copy_response(backend::COPY_OUT_RESPONSE, 2),
                data.concat(),
                bare(backend::COPY_DONE),
                complete("COPY 3"),
                ready(b'I'),
            ]),
        ]);
        assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
        let shown = outcome.client_text();
        assert!(shown.contains("COPY 1") && !shown.contains("078-05"), "{pieces:?}: {shown}");
    }
}
