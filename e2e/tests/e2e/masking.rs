//! What may be seen in clear, by whom, and what may not by anybody.

use e2e::{House, ask};

use crate::{no_canary, v15};

/// Erin's group sees social security numbers; nobody sees cards.
const REVEAL: &str = r#"
@id("open")
permit (
    principal in Group::"engineering",
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"administer"],
    resource
);
@id("fraud-sees-numbers")
permit (principal in Group::"fraud", action == Action::"reveal", resource == DataClass::"us_ssn");
"#;

#[test]
fn psql_shows_masked_rows() {
    let database = v15().database();
    let house = House::open(&database);
    let ran =
        house.psql("alice").ran("SELECT id, name, ssn, card, email FROM customers ORDER BY id");
    assert!(ran.ok(), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("1|Ada Birch|"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 3);
    no_canary(ran.all().as_bytes(), "psql");
}

#[test]
fn who_may_see_a_class_sees_that_class_alone() {
    let database = v15().database();
    let house = House::builder().policies(REVEAL).orders(&database).start();
    let sql = "SELECT ssn, tax_number, card, email, notes FROM customers ORDER BY id";
    let erin = house.psql("erin").ran(sql);
    assert!(erin.stdout.contains("536-22-8726|536228726|"), "{}", erin.all());
    assert!(!erin.stdout.contains("4539148803436467"), "{}", erin.stdout);
    assert!(!erin.stdout.contains("canary@leak"), "{}", erin.stdout);
    let alice = house.psql("alice").ran(sql);
    no_canary(alice.all().as_bytes(), "alice");
}

#[test]
fn masked_values_stay_valid_for_their_types_in_text_and_binary() {
    let database = v15().database();
    let house = House::open(&database);
    let program = r#"
import psycopg, datetime
q = "select tax_number, born, ssn, photo, profile, email, balance from customers order by id"
with psycopg.connect() as conn:
    for binary in (False, True):
        rows = conn.cursor(binary=binary).execute(q).fetchall()
        assert len(rows) == 3, rows
        for tax, born, ssn, photo, profile, email, balance in rows:
            assert tax is None or isinstance(tax, int), tax
            assert born is None or isinstance(born, datetime.date), born
            assert ssn is None or isinstance(ssn, str), ssn
            assert photo is None or isinstance(photo, bytes), photo
            assert profile is None or isinstance(profile, dict), profile
            assert tax not in (536228726, 219099999, 457555462)
            assert ssn not in ('536-22-8726', '219-09-9999', '457-55-5462')
            assert photo not in (b'536-22-8726', b'219-09-9999', b'457-55-5462')
            assert 'canary' not in (email or '')
        assert str(rows[0][6]) == '1042.50'
    print('valid')
"#;
    let environment = house.environment("alice");
    let environment: Vec<_> = environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let ran = e2e::python(program, &environment);
    assert_eq!(ran.stdout, "valid\n", "{}", ran.all());
    no_canary(ran.all().as_bytes(), "psycopg");
}

#[test]
fn copy_out_is_masked_in_every_format_or_refused() {
    let database = v15().database();
    let house = House::open(&database);
    for options in [
        "",
        "(FORMAT csv)",
        "(FORMAT csv, HEADER, DELIMITER ';', QUOTE '\"', FORCE_QUOTE *)",
        "(FORMAT binary)",
        "(DELIMITER '|', NULL 'nil')",
    ] {
        for source in [
            "customers",
            "customers (id, ssn, email)",
            "(SELECT * FROM customers)",
            "(SELECT id, ssn || '' FROM customers)",
        ] {
            let mut client = house.client("alice");
            let said = client.query(&format!("COPY {source} TO STDOUT {options}"));
            no_canary(client.received(), &format!("COPY {source} {options}"));
            let refused = said.iter().any(|message| message.kind == b'E');
            let rows = said.iter().filter(|message| message.kind == b'd').count();
            // Binary COPY may be refused; text and CSV must work.
            assert!(
                refused == options.contains("binary") || rows >= 3,
                "{source} {options}: {said:?}"
            );
        }
    }
    let harmless = house
        .psql("alice")
        .ran("COPY (SELECT id, amount FROM ledger ORDER BY id LIMIT 2) TO STDOUT");
    assert_eq!(harmless.stdout, "1\t10\n2\t20\n", "{}", harmless.stderr);
}

#[test]
fn copy_in_goes_through_unchanged() {
    let database = v15().database();
    let house = House::open(&database);
    let rows: String = (0..5000).map(|n| format!("{n}\tword {n}\n")).collect();
    let ran = house.psql("alice").script(&format!(
        "COPY playground FROM STDIN;\n{rows}\\.\nSELECT count(*), sum(id) FROM playground;\n"
    ));
    assert_eq!(ran.stdout.trim(), "5000|12497500", "{}", ran.stderr);
    let failed = house
        .psql("alice")
        .script("COPY playground FROM STDIN;\nno number\tx\n\\.\nSELECT 'went on';\n");
    assert!(
        failed.stderr.contains("22P02") && failed.stdout.contains("went on"),
        "{}",
        failed.all()
    );
}

#[test]
fn errors_and_notices_show_no_values() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        "INSERT INTO customers (id, name, email) VALUES (9, 'x', 'ada.canary@leak-example.com')",
        "INSERT INTO customers VALUES (9, NULL, 'ada.canary@leak-example.com', '536-22-8726', '4539148803436467')",
        "SELECT ssn::int FROM customers",
        "SELECT email::date FROM customers",
        "UPDATE orders SET amount = -1 WHERE item IN (SELECT ssn FROM customers) OR id = 1",
    ] {
        client.query(sql);
        client.extended(sql, &[], 0);
    }
    no_canary(client.received(), "errors");
}

#[test]
fn functions_that_raise_values_show_none_even_when_they_may_be_called() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        "SELECT complain()",
        "SELECT fail_with_data()",
        "SELECT first_ssn()",
        "SELECT harmless_looking()",
        "DO $$ BEGIN RAISE NOTICE '% and %', (SELECT ssn FROM customers LIMIT 1), (SELECT email FROM customers LIMIT 1); END $$",
        "DO $$ BEGIN PERFORM set_config('application_name', (SELECT ssn FROM customers WHERE id = 1), false); END $$",
        "LISTEN doors",
        "DO $$ BEGIN PERFORM pg_notify('doors', (SELECT ssn FROM customers WHERE id = 1)); END $$",
        "SELECT 1",
    ] {
        client.query(sql);
    }
    no_canary(client.received(), "functions");
}

#[test]
fn cursors_of_drivers_and_of_sql_are_masked() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        "BEGIN",
        "DECLARE c SCROLL CURSOR FOR SELECT ssn, reverse(email), tax_number FROM customers ORDER BY id",
        "FETCH 1 FROM c",
        "FETCH ALL FROM c",
        "FETCH ABSOLUTE 1 FROM c",
        "MOVE FIRST FROM c",
        "FETCH RELATIVE 0 FROM c",
        "COMMIT",
    ] {
        let said = client.query(sql);
        assert!(said.iter().all(|message| message.kind != b'E'), "{sql}: {said:?}");
    }
    no_canary(client.received(), "cursor");
    let fetched = client.received().windows(5).filter(|window| window == b"FETCH").count();
    assert!(fetched >= 4);
}

#[test]
fn a_resource_without_classes_is_passed_on_untouched() {
    let database = v15().database();
    let house = House::builder().plain("orders", &database).start();
    let mut client = house.client("alice");
    let mut direct = database.direct();
    for sql in [
        "SELECT * FROM customers ORDER BY id",
        "SELECT upper(email) FROM customers ORDER BY id",
        "COPY customers TO STDOUT",
    ] {
        assert_eq!(client.query(sql), direct.query(sql), "{sql}");
        if !sql.starts_with("COPY") {
            for format in [0, 1] {
                assert_eq!(
                    client.extended(sql, &[], format),
                    direct.extended(sql, &[], format),
                    "{sql}"
                );
            }
        }
    }
}

#[test]
fn a_binary_function_call_result_shows_no_value() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for name in ["first_ssn", "harmless_looking"] {
        let oid: u32 = database.look(&format!("SELECT '{name}'::regproc::oid")).parse().unwrap();
        client.send(&ask::function_call(oid, &[]));
        client.until_ready();
    }
    no_canary(client.received(), "FunctionCall");
}
