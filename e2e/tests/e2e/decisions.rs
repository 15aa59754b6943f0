//! What is refused, what waits, and that nothing of it reaches the server too early.

use std::time::Duration;

use e2e::{Client, House, ask, until};
use serde_json::Value;

use crate::v15;

/// Engineers read and add; changes wait for a DBA; nobody drops.
const POLICIES: &str = include_str!("../../corpus/policies.cedar");

/// The same, but nobody has to decide within the usual time.
fn short_window() -> String {
    POLICIES.replace("@within(\"15m\")", "@within(\"2s\")")
}

#[test]
fn a_refusal_speaks_the_servers_language_and_says_why() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let ran = house.psql("alice").ran("DROP TABLE ledger");
    assert!(!ran.ok());
    assert!(ran.stderr.contains("42501"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("DROP is not for a prod session: use the migration pipeline"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("no-drop-in-prod"), "{}", ran.stderr);
    assert!(!database.log().contains("DROP TABLE"), "{}", database.log());
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "20");
}

#[test]
fn psql_goes_on_after_a_refusal() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let ran = house.psql("alice").script("SELECT 1;\nDROP TABLE ledger;\nSELECT 2;\n");
    assert_eq!(ran.stdout, "1\n2\n", "{}", ran.stderr);
}

#[test]
fn a_held_delete_runs_once_a_dba_approves_while_psql_waits() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut session = house.psql("alice").start();
    session.line("DELETE FROM ledger WHERE id = 7 RETURNING id;");
    let notice = session.says("approv");
    let waiting = house.waiting("bob");
    let id = text(&waiting, "id");
    assert!(notice.contains(&id), "{notice}");
    assert!(waiting.to_string().contains("DELETE FROM ledger WHERE id = 7"), "{waiting}");
    assert!(waiting.to_string().contains("alice@example.com"), "{waiting}");
    assert!(!database.log().contains("DELETE FROM ledger"), "{}", database.log());

    let approved = house.cli("bob", &["approvals", "approve", &id]);
    assert!(approved.ok(), "{}", approved.all());
    session.says("\n7\n");
    assert!(session.leave().success());
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "19");
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]).to_string();
    assert!(sessions.contains("alice@example.com"), "{sessions}");
}

#[test]
fn a_held_delete_is_refused_when_a_dba_says_no() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut session = house.psql("alice").start();
    session.line("DELETE FROM ledger WHERE id = 7;");
    session.says("approv");
    let id = text(&house.waiting("bob"), "id");
    let denied = house.cli("bob", &["approvals", "deny", &id]);
    assert!(denied.ok(), "{}", denied.all());
    session.says("ERROR");
    session.line("SELECT 'still ' || 'here';");
    session.says("still here");
    assert!(session.leave().success());
    assert!(!database.log().contains("DELETE FROM ledger"), "{}", database.log());
}

#[test]
fn a_held_delete_is_withdrawn_by_ctrl_c() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut session = house.psql("alice").start();
    session.line("DELETE FROM ledger WHERE id = 7;");
    session.says("approv");
    let id = text(&house.waiting("bob"), "id");
    session.interrupt();
    session.says("57014");
    let late = house.cli("bob", &["approvals", "approve", &id]);
    assert!(!late.ok(), "a withdrawn request was approved: {}", late.all());
    assert!(!database.log().contains("DELETE FROM ledger"), "{}", database.log());
}

#[test]
fn a_held_delete_is_refused_when_nobody_decides_in_time() {
    let database = v15().database();
    let house = House::builder().policies(&short_window()).orders(&database).start();
    let ran = house.psql("alice").ran("DELETE FROM ledger WHERE id = 7");
    assert!(!ran.ok());
    assert!(ran.stderr.contains("ERROR"), "{}", ran.stderr);
    assert!(!database.log().contains("DELETE FROM ledger"), "{}", database.log());
    let list = house.cli_json("bob", &["approvals", "ls", "--json"]);
    assert_eq!(list.as_array().map(Vec::len), Some(0), "{list}");
}

#[test]
fn who_asks_can_never_approve() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    // Bob is a DBA himself.
    let mut session = house.psql("bob").start();
    session.line("DELETE FROM ledger WHERE id = 7;");
    session.says("approv");
    let id = text(&house.waiting("carol"), "id");
    assert!(!house.cli("bob", &["approvals", "approve", &id]).ok());
    // Erin is an engineer and no DBA; Dave is nobody.
    assert!(!house.cli("erin", &["approvals", "approve", &id]).ok());
    assert!(!house.cli("dave", &["approvals", "approve", &id]).ok());
    assert!(!database.log().contains("DELETE FROM ledger"));
    let approved = house.cli("carol", &["approvals", "approve", &id]);
    assert!(approved.ok(), "{}", approved.all());
    session.line("SELECT 'went ' || 'on';");
    session.says("went on");
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "19");
    // Once only.
    assert!(!house.cli("carol", &["approvals", "approve", &id]).ok());
    session.line("DELETE FROM ledger WHERE id = 7;");
    until("a second request waits", Duration::from_secs(20), || {
        let list = house.cli_json("carol", &["approvals", "ls", "--json"]);
        list.as_array()?.iter().find(|one| one["id"] != id.as_str()).cloned()
    });
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "19");
}

#[test]
fn two_approvals_need_two_people() {
    let database = v15().database();
    let two = POLICIES.replace("@within", "@approvals(\"2\")\n@within");
    let house = House::builder().policies(&two).orders(&database).start();
    let mut client = house.client("alice");
    client.send(&ask::query("DELETE FROM ledger WHERE id = 7"));
    let id = text(&house.waiting("bob"), "id");
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    let _again = house.cli("bob", &["approvals", "approve", &id]);
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "20");
    assert!(house.cli("carol", &["approvals", "approve", &id]).ok());
    let said = client.until_ready();
    assert!(format!("{said:?}").contains("C DELETE 1"), "{said:?}");
}

#[test]
fn an_approver_sees_the_bound_parameters_and_approves_just_these() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(
        &[
            ask::parse("d", "DELETE FROM ledger WHERE id = $1::int"),
            ask::bind("", "d", &[Some("7")], 0),
            ask::execute("", 0),
            ask::sync(),
        ]
        .concat(),
    );
    let waiting = house.waiting("bob");
    assert!(waiting.to_string().contains('7'), "{waiting}");
    assert!(house.cli("bob", &["approvals", "approve", &text(&waiting, "id")]).ok());
    let said = client.until_ready();
    assert!(format!("{said:?}").ends_with("C DELETE 1, Z I]"), "{said:?}");
    // The same statement with another value is another request.
    client.send(&[ask::bind("", "d", &[Some("8")], 0), ask::execute("", 0), ask::sync()].concat());
    let second = house.waiting("bob");
    assert_ne!(second["id"], waiting["id"]);
    assert_eq!(database.look("SELECT count(*) FROM ledger"), "19");
}

#[test]
fn a_held_command_holds_everything_behind_it() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    let one = |sql: &str| [ask::extended(sql, &[], 0), ask::sync()].concat();
    client.send(
        &[
            one("SELECT 'first'"),
            one("DELETE FROM ledger WHERE id = 7"),
            one("INSERT INTO playground VALUES (1, 'behind')"),
        ]
        .concat(),
    );
    // The notice may come at any time; the answer to what is in front of it does not wait.
    let said = client.until(|message| message.kind == b'Z');
    assert!(format!("{said:?}").contains("D[first]"), "{said:?}");
    let id = text(&house.waiting("bob"), "id");
    assert_eq!(database.look("SELECT count(*) FROM playground"), "0");
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    let said = [client.until_ready(), client.until_ready()].concat();
    let said = format!("{said:?}");
    assert!(said.contains("C DELETE 1, Z I") && said.ends_with("C INSERT 0 1, Z I]"), "{said}");
}

#[test]
fn a_new_policy_holds_from_the_next_command() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    client.send(&[ask::parse("s", "SELECT count(*) FROM ledger"), ask::sync()].concat());
    client.until_ready();
    let run = |client: &mut Client| {
        client.send(&[ask::bind("", "s", &[], 0), ask::execute("", 0), ask::sync()].concat());
        format!("{:?}", client.until_ready())
    };
    assert!(run(&mut client).contains("D[20]"));
    house.policies(&format!(
        "{POLICIES}\n@id(\"ledger-closed\") forbid (principal, action == Action::\"select\", resource) when {{ resource.name == \"ledger\" }};"
    ));
    // Parsed under the old policy, run under the new one.
    let said = run(&mut client);
    assert!(said.contains("E 42501") && !said.contains("D["), "{said}");
    let said = format!("{:?}", client.query("SELECT count(*) FROM ledger"));
    assert!(said.contains("E 42501"), "{said}");
    house.policies(POLICIES);
    assert!(run(&mut client).contains("D[20]"));
}

#[test]
fn a_broken_policy_is_not_taken_and_said_loudly() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut client = house.client("alice");
    house.policies("@id(\"oops\") permit (principal, action == Action::\"selekt\", resource);");
    let said = format!("{:?}", client.query("DROP TABLE ledger"));
    assert!(said.contains("E 42501"), "{said}");
    let said = format!("{:?}", client.query("SELECT count(*) FROM ledger"));
    assert!(said.contains("D[20]"), "{said}");
    let log = house.log();
    assert!(log.contains("ERROR") && log.contains("selekt"), "{log}");
}

#[test]
fn check_and_explain_say_offline_what_the_gateway_would_do() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let config = house.file("sluice.yaml").display().to_string();
    let check = house.cli_with(&[], &["check", "--config", &config]);
    assert!(check.ok(), "{}", check.all());
    let explain = house.cli_with(
        &[],
        &[
            "explain",
            "--config",
            &config,
            "--as",
            "alice@example.com",
            "--group",
            "engineering",
            "--on",
            "orders",
            "DROP TABLE ledger",
        ],
    );
    assert!(explain.all().contains("no-drop-in-prod"), "{}", explain.all());
    assert!(explain.all().contains("drop"), "{}", explain.all());
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

#[test]
fn the_operational_log_holds_no_command() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let ran = house.psql("alice").ran("SELECT 'needle in the log' AS found");
    assert!(ran.stdout.contains("needle in the log"), "{}", ran.all());
    assert!(!house.psql("alice").ran("DROP TABLE needle_in_the_log").ok());
    assert!(!house.psql("alice").ran("SELEC needle in the log").ok());
    let log = house.log();
    assert!(log.contains("session"), "the log says nothing at all: {log}");
    assert!(!log.contains("needle"), "{log}");
}
