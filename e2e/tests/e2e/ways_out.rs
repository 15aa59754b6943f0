//! Every way out of a real server beside its rows, and what `strict_masking` refuses.

use e2e::{House, ask};

use crate::{no_canary, v15};

#[test]
fn what_is_put_off_to_the_end_of_a_transaction_shows_no_value() {
    let database = v15().database();
    database.direct().query(
        "ALTER TABLE customers ADD CONSTRAINT one_ssn UNIQUE (ssn) DEFERRABLE INITIALLY DEFERRED",
    );
    let house = House::open(&database);
    let mut client = house.client("alice");
    let update = "UPDATE customers SET ssn = '536-22' || '-8726'";
    client.query("BEGIN");
    client.query(update);
    let said = client.query("COMMIT");
    assert!(said.iter().any(|message| message.kind == b'E'), "{said:?}");
    client.extended(update, &[], 0);
    client.query(update);
    assert!(String::from_utf8_lossy(client.received()).contains("one_ssn"));
    no_canary(client.received(), "deferred");
}

#[test]
fn triggers_say_no_value_when_and_however_they_run() {
    let database = v15().database();
    let mut owner = database.direct();
    for sql in [
        "CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS $$
         DECLARE number text := (SELECT ssn FROM customers WHERE id = 1);
         BEGIN
            RAISE NOTICE '%', number USING DETAIL = number, TABLE = number, CONSTRAINT = number;
            RAISE EXCEPTION '%', number
                USING ERRCODE = left(number, 3) || '22', COLUMN = number, DATATYPE = number;
         END $$",
        "CREATE TRIGGER tells AFTER INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION tells()",
        "CREATE CONSTRAINT TRIGGER tells_later AFTER INSERT ON playground DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION tells()",
    ] {
        let said = owner.query(sql);
        assert!(said.iter().all(|message| message.kind != b'E'), "{said:?}");
    }
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in ["INSERT INTO ledger VALUES (77, 1)", "INSERT INTO playground VALUES (1)"] {
        for said in [client.query(sql), client.extended(sql, &[], 0)] {
            assert!(said.iter().any(|message| message.kind == b'E'), "{sql}: {said:?}");
        }
    }
    client.query("BEGIN");
    client.query("INSERT INTO playground VALUES (1)");
    client.query("COMMIT");
    no_canary(client.received(), "triggers");
    let shown = String::from_utf8_lossy(client.received()).into_owned();
    assert!(!shown.contains("C53622"), "a code made of a value: {shown}");
}

#[test]
fn a_value_in_a_message_without_quotes_shows_no_more_than_one_with_them() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for expression in [
        "chr(tax_number)",
        "repeat('x', tax_number * 2)",
        "get_byte('x'::bytea, tax_number)",
        "email::regoperator",
        "email::regoper",
        "(email || '.a.b.c')::regclass",
        "('\"' || email || '\" of relation \"customers')::int",
        "email::regtype",
        "email::regrole",
        "email::bool",
        "email::jsonpath",
        "to_tsquery(email || ' x')",
    ] {
        let sql = format!(
            "SELECT {expression} FROM customers /* 536-22-8726 ada.canary@leak-ex */ ORDER BY id"
        );
        client.query(&sql);
        client.extended(&sql, &[], 0);
    }
    // What the client wrote comes back in no message: all there is to find came from the table.
    no_canary(client.received(), "messages");
}

#[test]
fn settings_and_channels_made_by_code_show_no_value() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        "DO $$ BEGIN PERFORM set_config('TimeZone', '<' || (SELECT tax_number FROM customers WHERE id = 1) || '>5', false); END $$",
        "DO $$ BEGIN PERFORM set_config('application_name', (SELECT ssn FROM customers WHERE id = 1), false); END $$",
        "DO $$ BEGIN EXECUTE format('LISTEN %I', (SELECT ssn FROM customers WHERE id = 1)); PERFORM pg_notify((SELECT ssn FROM customers WHERE id = 1), ''); END $$",
        "SELECT 1",
        "BEGIN",
        "SAVEPOINT one",
        "SET TimeZone = 'UTC'",
        "ROLLBACK TO one",
        "COMMIT",
        "SELECT 1",
    ] {
        client.query(sql);
    }
    no_canary(client.received(), "settings");
}

#[test]
fn a_cursor_nobody_declared_here_shows_no_expression() {
    let database = v15().database();
    database.direct().query(
        "CREATE FUNCTION opens(refcursor) RETURNS refcursor LANGUAGE plpgsql AS
         $$ BEGIN OPEN $1 FOR SELECT ssn || '', reverse(reverse(email)) FROM customers; RETURN $1; END $$",
    );
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT 'x'",
        "CLOSE c",
        "SELECT opens('c'), opens('other')",
        "FETCH ALL FROM c",
        "FETCH ALL FROM other",
        "COMMIT",
    ] {
        let said = client.query(sql);
        assert!(said.iter().all(|message| message.kind != b'E'), "{sql}: {said:?}");
    }
    no_canary(client.received(), "cursor");
}

#[test]
fn a_rule_that_selects_shows_no_value() {
    let database = v15().database();
    database.direct().query(
        "CREATE RULE shows AS ON INSERT TO ledger DO ALSO SELECT ssn || '', email FROM customers",
    );
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.query("INSERT INTO ledger VALUES (78, 1)");
    client.query("INSERT INTO ledger VALUES (79, 1) RETURNING 'x'");
    no_canary(client.received(), "rule");
}

#[test]
fn large_objects_show_no_value() {
    let database = v15().database();
    let oid = database
        .look("SELECT lo_from_bytea(0, convert_to('no 536-22-8726, 4539148803436467', 'UTF8'))");
    let lo_get = database.look("SELECT 'lo_get(oid)'::regprocedure::oid").parse().unwrap();
    let house = House::open(&database);
    let mut client = house.client("alice");
    for sql in [
        format!("SELECT lo_get({oid})"),
        format!("SELECT convert_from(lo_get({oid}), 'UTF8')"),
        "BEGIN".to_owned(),
        format!("SELECT loread(lo_open({oid}, 262144), 100)"),
        "COMMIT".to_owned(),
        "SELECT data FROM pg_largeobject".to_owned(),
        "COPY pg_largeobject TO STDOUT".to_owned(),
        format!("SELECT lo_export({oid}, '/tmp/never')"),
    ] {
        client.query(&sql);
        client.extended(&sql, &[], 1);
    }
    client.send(&ask::function_call(lo_get, &[&oid]));
    client.until_ready();
    no_canary(client.received(), "large objects");
}

#[test]
fn strict_masking_refuses_what_cannot_be_masked_and_lets_the_rest_through() {
    let database = v15().database();
    let house = House::builder().strict(&database).start();
    let mut client = house.client("alice");
    for (sql, passes) in [
        ("SELECT id, ssn, upper(email) FROM customers", true),
        ("SELECT count(*) FROM orders", true),
        ("COPY customers (id, ssn) TO STDOUT", true),
        ("SELECT first_ssn()", false),
        ("DO $$ BEGIN PERFORM 1; END $$", false),
        ("SELECT lo_get(1)", false),
        ("SELECT query FROM pg_stat_activity", false),
        ("COPY (SELECT id FROM customers) TO STDOUT (FORMAT binary)", false),
    ] {
        let before = client.received().len();
        let said = client.query(sql);
        let refused = said.iter().any(|message| message.kind == b'E');
        assert_eq!(refused, !passes, "{sql}: {said:?}");
        let shown = String::from_utf8_lossy(&client.received()[before..]).into_owned();
        assert!(passes || shown.contains("cannot be masked: "), "{sql}: {shown}");
    }
    no_canary(client.received(), "strict");
}
