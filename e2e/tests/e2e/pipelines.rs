//! The order of things on the wire when something in the middle is refused.

use e2e::{House, Message, ask, python};

use crate::v15;

const POLICIES: &str = include_str!("../../corpus/policies.cedar");

fn transcript(messages: &[Message]) -> String {
    let lines = messages.iter().filter(|message| !matches!(message.kind, b'S' | b'N' | b'A'));
    lines
        .map(|message| match message.kind {
            b'E' => format!("E {}", message.error().code()),
            _ => format!("{message:?}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn a_refusal_waits_behind_earlier_replies_and_skips_to_the_sync() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(
        &[
            ask::extended("SELECT 1", &[], 0),
            ask::extended("DROP TABLE ledger", &[], 0),
            ask::extended("INSERT INTO playground VALUES (1, 'skipped')", &[], 0),
            ask::sync(),
            ask::extended("SELECT 2", &[], 0),
            ask::sync(),
        ]
        .concat(),
    );
    assert_eq!(transcript(&client.until_ready()), "1, 2, T, D[1], C SELECT 1, E 42501, Z I");
    assert_eq!(transcript(&client.until_ready()), "1, 2, T, D[2], C SELECT 1, Z I");
    assert_eq!(database.look("SELECT count(*) FROM playground"), "0");
}

#[test]
fn what_ran_before_a_refusal_in_the_same_pipeline_is_rolled_back_as_a_server_would() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(
        &[
            ask::extended("INSERT INTO playground VALUES (1, 'undone')", &[], 0),
            ask::extended("DROP TABLE ledger", &[], 0),
            ask::sync(),
        ]
        .concat(),
    );
    let said = transcript(&client.until_ready());
    assert!(said.ends_with("E 42501, Z I"), "{said}");
    assert_eq!(database.look("SELECT count(*) FROM playground"), "0");
}

#[test]
fn a_refusal_inside_a_transaction_fails_the_transaction() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    for extended in [false, true] {
        let mut ask = |sql: &str| {
            let said = match extended {
                true => client.extended(sql, &[], 0),
                false => client.query(sql),
            };
            transcript(&said)
        };
        assert!(ask("BEGIN").ends_with("C BEGIN, Z T"));
        assert!(ask("INSERT INTO playground VALUES (1, 'undone')").ends_with("Z T"));
        assert_eq!(ask("DROP TABLE ledger"), "E 42501, Z E");
        // As after a server's own error: nothing more until the end of the transaction.
        assert_eq!(ask("SELECT 1"), "E 25P02, Z E");
        assert!(ask("COMMIT").ends_with("C ROLLBACK, Z I"));
        assert!(ask("SELECT 1").ends_with("C SELECT 1, Z I"));
    }
    assert_eq!(database.look("SELECT count(*) FROM playground"), "0");
}

#[test]
fn a_savepoint_survives_a_refusal_behind_it() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.query("BEGIN");
    client.query("INSERT INTO playground VALUES (1, 'kept')");
    client.query("SAVEPOINT here");
    assert_eq!(transcript(&client.query("DROP TABLE ledger")), "E 42501, Z E");
    assert_eq!(transcript(&client.query("ROLLBACK TO here")), "C ROLLBACK, Z T");
    assert_eq!(transcript(&client.query("COMMIT")), "C COMMIT, Z I");
    assert_eq!(database.look("SELECT count(*) FROM playground"), "1");
}

#[test]
fn a_refused_simple_query_waits_for_no_sync() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(&[ask::query("DROP TABLE ledger"), ask::query("SELECT 1")].concat());
    assert_eq!(transcript(&client.until_ready()), "E 42501, Z I");
    assert_eq!(transcript(&client.until_ready()), "T, D[1], C SELECT 1, Z I");
}

#[test]
fn one_refused_statement_refuses_the_whole_query_string() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    let said = client.query("INSERT INTO playground VALUES (1, 'x'); DROP TABLE ledger; SELECT 1");
    assert_eq!(transcript(&said), "E 42501, Z I");
    assert_eq!(database.look("SELECT count(*) FROM playground"), "0");
}

#[test]
fn a_refused_parse_leaves_the_name_free_and_the_old_statement_alone() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(&[ask::parse("s", "DROP TABLE ledger"), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "E 42501, Z I");
    client.send(&[ask::bind("", "s", &[], 0), ask::execute("", 0), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "E 26000, Z I");
    client.send(&[ask::parse("s", "SELECT 1"), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "1, Z I");
    client.send(&[ask::parse("", "DROP TABLE ledger"), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "E 42501, Z I");
    client.send(&[ask::bind("", "s", &[], 0), ask::execute("", 0), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "2, D[1], C SELECT 1, Z I");
}

#[test]
fn a_statement_run_again_without_describe_is_masked_all_the_same() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.send(
        &[
            ask::parse("s", "SELECT ssn, tax_number FROM customers ORDER BY id"),
            ask::describe(b'S', "s"),
            ask::sync(),
        ]
        .concat(),
    );
    client.until_ready();
    for format in [0, 1, 0] {
        client.send(&[ask::bind("", "s", &[], format), ask::execute("", 0), ask::sync()].concat());
        let said = client.until_ready();
        assert_eq!(said.iter().filter(|message| message.kind == b'D').count(), 3, "{said:?}");
    }
    client.send(
        &[ask::bind("p", "s", &[], 1), ask::execute("p", 1), ask::execute("p", 0), ask::sync()]
            .concat(),
    );
    client.until_ready();
    crate::no_canary(client.received(), "without Describe");
    let raw = 536_228_726_i64.to_be_bytes();
    assert!(!client.received().windows(8).any(|window| window == raw));
}

#[test]
fn a_statement_described_before_a_column_changed_is_masked_all_the_same() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.send(&[ask::parse("s", "SELECT * FROM customer_names"), ask::sync()].concat());
    client.until_ready();
    // A star's meaning is fixed when it is parsed; a fresh text is not.
    let _ = database
        .look("CREATE OR REPLACE VIEW customer_names AS SELECT id, ssn AS name FROM customers");
    client.send(&[ask::bind("", "s", &[], 0), ask::execute("", 0), ask::sync()].concat());
    client.until_ready();
    client.query("SELECT * FROM customer_names");
    crate::no_canary(client.received(), "after the view changed");
}

#[test]
fn a_portal_is_suspended_and_goes_on() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.send(
        &[
            ask::parse("", "SELECT id FROM orders ORDER BY id"),
            ask::bind("p", "", &[], 0),
            ask::execute("p", 2),
            ask::flush(),
        ]
        .concat(),
    );
    let said = client.until(|message| message.kind == b's');
    assert_eq!(transcript(&said), "1, 2, D[1], D[2], s");
    client.send(&[ask::execute("p", 1), ask::close(b'P', "p"), ask::sync()].concat());
    assert_eq!(transcript(&client.until_ready()), "D[3], s, 3, Z I");
}

#[test]
fn a_function_call_is_a_command_like_any_other() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    let wipe: u32 = database.look("SELECT 'wipe_ledger'::regproc::oid").parse().unwrap();
    client.send(&ask::function_call(wipe, &[]));
    let said = transcript(&client.until_ready());
    assert_eq!(said, "E 42501, Z I");
    let first: u32 = database.look("SELECT 'first_ssn'::regproc::oid").parse().unwrap();
    client.send(&ask::function_call(first, &[]));
    client.until_ready();
    crate::no_canary(client.received(), "FunctionCall");
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "20");
}

#[test]
fn messages_out_of_state_or_of_no_type_end_the_session() {
    let database = v15().database();
    let house = House::open(&database);
    for bytes in [
        e2e::startup(0, &[("user", "bob@example.com")]),
        ask::message(b'p', b"x\0"),
        ask::message(b'z', b""),
        vec![b'Q', 0, 0, 0, 3],
        vec![b'Q', 0xff, 0xff, 0xff, 0xff],
        ask::message(b'Q', b"SELECT 1"),
        ask::message(b'Q', b"SELECT 1\0 more\0"),
        ask::message(b'B', b"\0\0\0\x09"),
        ask::message(b'D', b"X\0"),
    ] {
        let mut client = house.client("alice");
        client.try_send(&bytes);
        client.try_send(&ask::query("SELECT 'went on'"));
        client.finish();
        let said = client.until(|_| false);
        assert!(!format!("{said:?}").contains("D[went on]"), "{bytes:?}: {said:?}");
    }
    assert_eq!(house.client("alice").query("SELECT 1").len(), 4);
}

#[test]
fn psycopg_pipelines_agree_about_what_failed() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let environment = house.environment("alice");
    let environment: Vec<_> = environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let ran = python(
        r#"
import psycopg
with psycopg.connect(autocommit=True) as conn:
    with conn.pipeline() as p:
        a = conn.execute("select %s::int", [1])
        p.sync()
        try:
            b = conn.execute("drop table ledger")
            p.sync()
            print("no refusal")
        except psycopg.errors.InsufficientPrivilege as e:
            print("refused", e.sqlstate)
        print(a.fetchone())
    print(conn.execute("select 3").fetchone(), conn.info.transaction_status.name)
    try:
        with conn.transaction():
            conn.execute("insert into playground values (1, 'x')")
            conn.execute("drop table ledger")
    except psycopg.errors.InsufficientPrivilege:
        print("rolled back", conn.execute("select count(*) from playground").fetchone())
"#,
        &environment,
    );
    assert!(ran.ok(), "{}", ran.all());
    assert_eq!(ran.stdout, "refused 42501\n(1,)\n(3,) IDLE\nrolled back (0,)\n");
}
