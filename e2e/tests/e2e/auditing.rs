//! Everything outside of sessions leaves its entry, and the log and the recordings prove each other.

use std::time::Duration;

use e2e::{Client, House, SmallDisk, ask, run_folder, until};
use serde_json::Value;

use crate::v15;

const POLICIES: &str = r#"
@id("engineers")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read"], resource in Resource::"orders");
@id("writes-need-a-dba") @approve("group:dba")
permit (principal in Group::"engineering", action in Action::"write", resource in Resource::"orders");
"#;

/// The entries of a code, the newest first.
fn entries(house: &House, code: &str) -> Vec<Value> {
    let listed =
        house.cli_json("root", &["audit", "ls", "--code", code, "--limit", "500", "--json"]);
    listed.as_array().unwrap().clone()
}

/// The newest entry of a code, once there is one.
fn entry(house: &House, code: &str) -> Value {
    until(code, Duration::from_secs(20), || entries(house, code).into_iter().next())
}

fn verified(house: &House, words: &[&str]) -> (bool, Value) {
    let data = house.file("data").display().to_string();
    let words = [&["verify", &data, "--json"], words].concat();
    let ran = house.cli_with(&[], &words);
    let found = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    (ran.ok(), found)
}

fn sessions(house: &House) -> Vec<String> {
    let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
    listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_kind_of_act_leaves_its_entry() {
    let database = v15().database();
    let mut house =
        House::builder().policies(POLICIES).orders(&database).plain("vault", &database).start();
    let started = entry(&house, "gateway.start");
    assert_eq!(started["actor"], "sluice");
    let loaded = entry(&house, "config.loaded");
    assert_eq!(loaded["detail"]["policy_count"], 2);
    assert_eq!(loaded["detail"]["resources"], serde_json::json!(["orders", "vault"]));

    // A sign-in, a session, and what was refused.
    let mut client = house.client("alice");
    client.query("SELECT 1");
    let accepted = entries(&house, "login.accepted");
    let alice = accepted.iter().find(|one| one["actor"] == "alice@example.com").unwrap();
    assert_eq!(
        (&alice["object"], &alice["detail"]["provider"]),
        (&"127.0.0.1".into(), &"corp".into())
    );
    let open = entry(&house, "session.open");
    assert_eq!(
        (&open["actor"], &open["detail"]["resource"]),
        (&"alice@example.com".into(), &"orders".into())
    );
    assert_eq!(open["detail"]["policies"], serde_json::json!(["engineers"]));
    let id = open["object"].as_str().unwrap().to_owned();
    assert!(house.try_client("alice", "vault").is_err());
    assert!(house.try_client("alice", "nowhere").is_err());
    until("both refusals", Duration::from_secs(20), || {
        (entries(&house, "resource.refused").len() == 2).then_some(())
    });
    let refused = entry(&house, "resource.refused");
    assert_eq!(
        (&refused["actor"], &refused["detail"]["count"]),
        (&"alice@example.com".into(), &1.into())
    );
    assert!(
        Client::sign_in(&house.address(), "alice@example.com", "orders", "wrong-token").is_err()
    );
    let wrong = entry(&house, "login.refused");
    assert_eq!((&wrong["object"], &wrong["detail"]["count"]), (&"127.0.0.1".into(), &1.into()));
    assert!(!wrong.to_string().contains("wrong-token"));

    // An approval.
    client.send(&ask::query("DELETE FROM customers WHERE false"));
    let approval = house.waiting("carol")["id"].as_str().unwrap().to_owned();
    assert!(
        house.cli("carol", &["approvals", "approve", &approval, "--comment", "as agreed"]).ok()
    );
    client.until_ready();
    assert_eq!(entry(&house, "approval.request")["object"], approval.as_str());
    let approved = entry(&house, "approval.approve");
    assert_eq!(
        (&approved["actor"], &approved["detail"]["comment"]),
        (&"carol@example.com".into(), &"as agreed".into())
    );
    assert_eq!(approved["detail"]["session"], id.as_str());

    // A token's life.
    let made =
        house.cli_json("root", &["token", "create", "nightly", "--subject", "job", "--json"]);
    let token = made["id"].as_str().unwrap();
    assert!(house.cli("root", &["token", "revoke", token]).ok());
    for code in ["token.create", "token.revoke"] {
        assert_eq!(entry(&house, code)["object"], token, "{code}");
    }

    // Policies that change, rightly and wrongly.
    house.policies(&format!("{POLICIES}\n@id(\"more\") permit (principal in Group::\"dba\", action == Action::\"connect\", resource);\n"));
    let change = entry(&house, "config.change");
    let diff = change["detail"]["diff"].to_string();
    assert!(diff.contains("+@id(\\\"more\\\")"), "{diff}");
    house.policies("permit (nonsense");
    let refused = entry(&house, "config.refused");
    assert!(refused["detail"]["places"][0].as_str().unwrap().contains("house.cedar"), "{refused}");
    house.policies(POLICIES);

    // Who looked, and with which key; who ended it.
    assert!(house.cli("root", &["sessions", "replay", &id]).ok());
    assert_eq!(entry(&house, "recording.export")["object"], id.as_str());
    let key = entry(&house, "key.use");
    assert_eq!(
        (&key["actor"], &key["detail"]["purpose"]),
        (&"root@example.com".into(), &"replay".into())
    );
    assert!(house.cli("root", &["sessions", "kill", &id]).ok());
    assert_eq!(entry(&house, "session.kill")["actor"], "root@example.com");
    let end = entry(&house, "session.end");
    assert_eq!(end["object"], id.as_str());
    assert!(end["detail"]["how"].as_str().unwrap().contains("root@example.com"), "{end}");
    drop(client);

    // Nobody but administrators reads it, and it holds.
    for words in [&["audit", "ls"][..], &["audit", "show", "1"], &["audit", "export"]] {
        assert!(!house.cli("alice", words).ok(), "{words:?}");
    }
    let ran = house.cli("root", &["audit", "verify"]);
    assert!(ran.ok() && ran.stdout.starts_with("VERIFIED"), "{}", ran.all());
    let shown = house.cli("root", &["audit", "show", "1"]);
    assert!(shown.stdout.contains("gateway.start"), "{}", shown.all());
    let copy = house.file("audit.jsonl").display().to_string();
    assert!(house.cli("root", &["audit", "export", "--out", &copy]).ok());
    let (ok, found) = verified(&house, &["--audit", &copy]);
    assert!(ok, "{found}");
    house.end("TERM");
    let (ok, found) = verified(&house, &["--audit", &copy]);
    assert!(ok, "{found}");
    let public = house.file("data/keys/signing.pub").display().to_string();
    let ran = house.cli_with(&[], &["verify", &copy, "--key", &public]);
    assert!(ran.ok() && ran.stdout.starts_with("VERIFIED"), "{}", ran.all());
    house.restart();
    assert_eq!(entries(&house, "gateway.stop").len(), 1);
}

#[test]
fn after_a_kill_the_log_is_whole_and_knows_every_session() {
    let database = v15().database();
    let mut house = House::open(&database);
    let mut clients: Vec<Client> = (0..30).map(|_| house.client("alice")).collect();
    for client in &mut clients {
        client.query("SELECT 1");
    }
    drop(clients.split_off(20));
    house.end("KILL");
    drop(clients);
    house.restart();
    let opened = entries(&house, "session.open");
    assert_eq!(opened.len(), 30);
    until("every end is entered", Duration::from_secs(20), || {
        let ended = entries(&house, "session.end").len();
        let interrupted = entries(&house, "session.interrupted").len();
        (ended + interrupted == 30 && interrupted >= 20).then_some(())
    });
    let (ok, found) = verified(&house, &[]);
    assert!(ok, "{found}");
    // One recording is taken away while the gateway runs.
    let id = sessions(&house).remove(0);
    let path = house.file(&format!("data/recordings/{id}.sluice-rec"));
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (ok, found) = verified(&house, &[]);
    assert!(!ok);
    assert_eq!(
        (&found["problems"][0]["session"], &found["problems"][0]["standing"]),
        (&id.into(), &"missing".into())
    );
    std::fs::write(&path, kept).unwrap();
}

#[test]
fn when_the_log_cannot_be_written_nothing_goes_on_but_an_administrator_gets_in() {
    let database = v15().database();
    let folder = run_folder("house");
    let Some(disk) = SmallDisk::mount(&folder.path().join("data"), 4096) else { return };
    // Not the disk's bounds are looked at here but what the log makes of a disk that takes nothing.
    let bounds = "evidence: {low_water: 0, reserve: 0}";
    let house = House::builder().folder(folder).setting(bounds).orders(&database).start();
    let mut client = house.client("alice");
    client.query("SELECT 'before'");
    disk.fill();
    let mut sent = 0;
    until("commands are refused", Duration::from_secs(20), || {
        sent += 1;
        let said = client.query(&format!("SELECT 'while full {sent}'"));
        std::thread::sleep(Duration::from_millis(200));
        said.iter().any(|message| message.kind == b'E').then_some(())
    });
    assert!(house.try_client("alice", "orders").is_err(), "no session begins");
    let made = house.cli("root", &["token", "create", "x", "--subject", "x"]);
    assert!(!made.ok(), "nothing is changed that cannot be entered: {}", made.all());
    // Somebody who has not signed in yet: an administrator gets in, another does not.
    assert!(house.cli("root", &["sessions", "ls"]).ok());
    let other = house.cli("bob", &["sessions", "ls"]);
    assert!(!other.ok() && other.stderr.contains("audit log"), "{}", other.all());
    disk.empty();
    until("sessions begin again", Duration::from_secs(30), || {
        house.try_client("alice", "orders").ok().map(drop)
    });
    let gap = entry(&house, "audit.gap");
    assert!(gap["detail"]["sign_ins"].as_u64().unwrap() >= 1, "{gap}");
    assert!(house.cli("bob", &["sessions", "ls"]).ok());
    let ran = house.cli("root", &["audit", "verify"]);
    assert!(ran.ok(), "{}", ran.all());
}
