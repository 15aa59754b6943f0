//! Looking at sessions: replayed, followed, exported and ended, by those who may.

mod export;
mod following;
mod replay;

use std::time::Duration;

use e2e::{House, ask, until};

/// Drops are refused, and a DBA agrees to deletes.
const POLICIES: &str = r#"
@id("engineers")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read", Action::"insert", Action::"update"], resource);
@id("deletes-need-a-dba") @approve("group:dba") @within("5m")
permit (principal in Group::"engineering", action == Action::"delete", resource);
@id("no-drop") @message("nobody drops here")
forbid (principal, action == Action::"drop", resource);
@id("robots")
permit (principal in Group::"robots", action in [Action::"connect", Action::"read"], resource);
"#;

/// What steers a terminal, breaks out of markup or is no text, as SQL.
const HOSTILE: &str = "SELECT E'\\x1b]0;owned\\x07</td></script><script>alert(1)</script><img src=x onerror=alert(2)>' AS \"<b>x\"";

fn house(database: &e2e::Database<'_>) -> House {
    House::builder().policies(POLICIES).orders(database).plain("other", database).start()
}

/// The id of somebody's newest session.
fn newest(house: &House, name: &str) -> String {
    let list = house.cli_json(name, &["sessions", "ls", "--json"]);
    list[0]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned()
}

/// A session that has ended: seven statements, one refused, one approved.
fn a_story(house: &House) -> String {
    let mut client = house.client("alice");
    let id = newest(house, "alice");
    client.query("SELECT id, ssn, email FROM customers ORDER BY id LIMIT 2");
    client.query("SELECT 'second'");
    client.query("DROP TABLE customers");
    client.query(HOSTILE);
    client.send(&ask::query("DELETE FROM orders WHERE id = 4711"));
    let waiting = house.waiting("bob");
    let approval = waiting["id"].as_str().unwrap();
    assert!(house.cli("bob", &["approvals", "approve", approval]).ok());
    client.until_ready();
    client.query("SELECT 'sixth', no_such_column");
    client.query("SELECT repeat('x', 10 * 1024 * 1024)");
    client.send(&ask::terminate());
    drop(client);
    until("the session has ended", Duration::from_secs(20), || {
        let shown = house.cli_json("alice", &["sessions", "show", &id, "--json"]);
        (shown["state"] == "closed").then_some(())
    });
    id
}
