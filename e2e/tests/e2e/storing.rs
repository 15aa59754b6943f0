//! What somebody may see and copies is masked for everybody else where it is copied to.

use std::time::Duration;

use e2e::{Client, Database, Fault, House, Message, until};

use crate::evidence::errors;
use crate::v15;

/// Erin sees social security numbers, and nobody else does.
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

/// Nothing is found by its content here: what is masked is so because of its column.
const RULES: &[&str] = &["{column: public.customers.ssn, class: us_ssn}"];

/// The number of the first customer, and parts of it.
const CANARIES: &[&str] = &["536-22-8726", "536-22", "8726"];

fn house(database: &Database<'_>) -> House {
    House::builder().policies(REVEAL).ruled("orders", database, RULES).start()
}

fn tables(database: &Database<'_>) {
    let mut owner = database.direct();
    for sql in [
        "SET ROLE app",
        "CREATE TABLE copies (id int, a text, b text)",
        "CREATE TABLE typed (id int, word text)",
        "INSERT INTO typed VALUES (1, 'x')",
    ] {
        assert!(errors(&owner.query(sql)).is_empty(), "{sql}");
    }
}

fn does(client: &mut Client, sql: &str) -> Vec<Message> {
    let said = client.query(sql);
    assert!(errors(&said).is_empty(), "{sql}: {:?}", errors(&said));
    said
}

/// What a client gets of a text, simple and extended.
fn got(client: &mut Client, sql: &str) -> String {
    let before = client.received().len();
    does(client, sql);
    let said = client.extended(sql, &[], 0);
    assert!(errors(&said).is_empty(), "{sql}: {:?}", errors(&said));
    String::from_utf8_lossy(&client.received()[before..]).into_owned()
}

fn hidden(client: &mut Client, sql: &str) {
    let told = got(client, sql);
    assert!(told.contains("SELECT 1"), "{sql}: one row: {told:?}");
    for canary in CANARIES {
        assert!(!told.contains(canary), "{sql}: {canary} came through: {told:?}");
    }
}

/// How the first number is copied, and where it can be read then.
const COPIES: &[(&str, &str)] = &[
    (
        "INSERT INTO copies (id, a) SELECT id, ssn FROM customers",
        "SELECT a FROM copies WHERE id = 1",
    ),
    (
        "UPDATE copies SET b = (SELECT left(ssn, 6) FROM customers WHERE id = 1)",
        "SELECT b FROM copies WHERE id = 1",
    ),
    (
        "CREATE TABLE made AS SELECT id, ssn AS number FROM customers",
        "SELECT * FROM made WHERE id = 1",
    ),
    ("SELECT id, 'n' || ssn AS n INTO chosen FROM customers", "SELECT n FROM chosen WHERE id = 1"),
    (
        "ALTER TABLE typed ALTER word TYPE varchar USING first_ssn()",
        "SELECT word FROM typed WHERE id = 1",
    ),
    ("CREATE VIEW seen AS SELECT id, number FROM made", "SELECT number FROM seen WHERE id = 1"),
    (
        "CREATE MATERIALIZED VIEW held AS SELECT id, upper(a) AS shout FROM copies",
        "SELECT shout FROM held WHERE id = 1",
    ),
    (
        "MERGE INTO copies USING customers c ON copies.id = -c.id \
         WHEN NOT MATCHED THEN INSERT (id, b) VALUES (-c.id, c.ssn)",
        "SELECT b FROM copies WHERE id = -1",
    ),
    (
        "CREATE TEMP TABLE stage AS SELECT id, ssn AS n FROM customers; \
         INSERT INTO copies (id, b) SELECT 100 + id, n FROM stage",
        "SELECT b FROM copies WHERE id = 101",
    ),
    (
        "BEGIN; CREATE TABLE fresh AS SELECT id, ssn AS n FROM customers; \
         ALTER TABLE fresh RENAME TO swapped; ALTER TABLE swapped RENAME n TO m; COMMIT",
        "SELECT m FROM swapped WHERE id = 1",
    ),
];

#[test]
fn a_copy_is_masked_for_everybody_else_at_once_and_after_a_restart() {
    let database = v15().database();
    tables(&database);
    let mut house = house(&database);
    let mut open = house.client("alice");
    let mut erin = house.client("erin");
    does(&mut open, "SELECT 1");
    for (copy, read) in COPIES {
        does(&mut erin, copy);
        assert!(CANARIES.iter().any(|canary| got(&mut erin, read).to_lowercase().contains(canary)));
        hidden(&mut open, read);
    }
    // Somebody who comes later, and what they make of it.
    let mut later = house.client("bob");
    for (_, read) in COPIES {
        hidden(&mut later, read);
    }
    let said = later.query("CREATE TABLE again AS SELECT a FROM copies");
    assert!(errors(&said)[0].message().contains("would store data of class us_ssn"), "{said:?}");
    drop((open, erin, later));
    house.restart();
    let mut after = house.client("alice");
    for (_, read) in COPIES {
        hidden(&mut after, read);
    }
}

#[test]
fn what_was_inherited_is_listed_audited_and_can_be_forgotten() {
    let database = v15().database();
    tables(&database);
    let house = house(&database);
    let mut erin = house.client("erin");
    let mut alice = house.client("alice");
    does(&mut erin, "INSERT INTO copies (id, a) SELECT id, ssn FROM customers");
    hidden(&mut alice, "SELECT a FROM copies WHERE id = 1");
    let listed = house.cli_json("root", &["data", "ls", "orders", "--json"]);
    let one = &listed[0];
    let named = ["schema", "relation", "column", "class", "derivation"].map(|part| &one[part]);
    assert_eq!(named, ["public", "copies", "a", "us_ssn", "value"], "{listed}");
    assert!(one["subject"].as_str().unwrap().contains("erin"), "{listed}");
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let table = house.cli("root", &["data", "ls"]).stdout;
    assert!(table.contains("public.copies.a"), "{table}");
    assert!(!house.cli("alice", &["data", "ls"]).ok(), "it is for administrators");
    let id = one["id"].to_string();
    assert!(!house.cli("alice", &["data", "forget", &id]).ok());
    hidden(&mut alice, "SELECT a FROM copies WHERE id = 1");
    let forgotten = house.cli("root", &["data", "forget", &id]);
    assert!(forgotten.ok(), "{}", forgotten.all());
    let told = got(&mut alice, "SELECT a FROM copies WHERE id = 1");
    assert!(told.contains("536-22-8726"), "it shows: {told:?}");
    let again = house.cli("root", &["data", "forget", &id]);
    assert!(!again.ok(), "{}", again.all());
    let audit = house.cli("root", &["audit", "ls", "--code", "data."]).all();
    assert!(audit.contains("data.inherit") && audit.contains("data.forget"), "{audit}");
}

#[test]
fn what_cannot_be_kept_is_not_sent() {
    let database = v15().database();
    tables(&database);
    let house = house(&database);
    let mut erin = house.client("erin");
    let copy = "INSERT INTO copies (id, a) SELECT id, ssn FROM customers";
    does(&mut erin, "SELECT count(*) FROM copies");
    let [file, wal] = ["data/sluice.db", "data/sluice.db-wal"].map(|name| house.file(name));
    let broken = Fault::inject(house.process().pid(), &[&file, &wal], "pwrite64", "error=EIO");
    let Some(broken) = broken else { return };
    let refused = errors(&erin.query(copy)).remove(0);
    assert_eq!(refused.code(), "58000", "{refused:?}");
    assert!(refused.message().contains("the statement was not sent"), "{refused:?}");
    assert!(!database.log().contains(copy), "the target never saw it");
    drop(broken);
    until("statements go on", Duration::from_secs(20), || {
        errors(&erin.query(copy)).is_empty().then_some(())
    });
    hidden(&mut house.client("alice"), "SELECT a FROM copies WHERE id = 1");
}
