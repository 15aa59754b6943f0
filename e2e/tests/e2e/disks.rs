//! Nothing is executed that is not recorded: disks that are full, broken, slow or gone.

use std::path::PathBuf;
use std::time::Duration;

use e2e::{Client, Database, ErrorFields, Fault, House, SmallDisk, ask, run_folder, until};

use crate::evidence::{errors, sessions, verified};
use crate::v15;

/// Asks until the gateway refuses to send a command; how many it tried, and the refusal.
fn refused(client: &mut Client, what: &str) -> (usize, ErrorFields) {
    let mut sent = 0;
    let refused = until("a command is refused", Duration::from_secs(20), || {
        sent += 1;
        let said = client.query(&format!("SELECT '{what} {sent}'"));
        std::thread::sleep(Duration::from_millis(100));
        errors(&said).into_iter().next()
    });
    (sent, refused)
}

/// Asks until the gateway sends again.
fn goes_on(client: &mut Client) {
    until("commands go on", Duration::from_secs(20), || {
        errors(&client.query("SELECT 'after'")).is_empty().then_some(())
    });
}

/// Ends the session; its recording is whole, and says of every command what became of it.
fn whole(house: &House, client: Client, tried: &[String]) {
    let mut client = client;
    client.send(&ask::terminate());
    drop(client);
    let id = sessions(house).remove(0);
    until("the session is closed", Duration::from_secs(20), || {
        (verified(house, &id).0 == "closed").then_some(())
    });
    let replay = house.cli("root", &["sessions", "replay", &id]);
    for text in tried {
        assert!(replay.stdout.contains(text), "{text}: {}", replay.all());
    }
}

/// Where the gateway's promises to its clients are kept.
fn journals(house: &House) -> [PathBuf; 2] {
    ["journal-a", "journal-b"].map(|name| house.file("data/recordings").join(name))
}

/// From now on the disk fails so.
fn fault(house: &House, call: &str, what: &str) -> Option<Fault> {
    let [one, other] = journals(house);
    Fault::inject(house.process().pid(), &[&one, &other], call, what)
}

#[test]
fn a_full_disk_stops_commands_before_the_target_sees_them_and_then_they_go_on() {
    let database = v15().database();
    let folder = run_folder("house");
    let Some(disk) = SmallDisk::mount(&folder.path().join("data/recordings"), 512) else { return };
    // The file system is smaller than what is usually kept free.
    let bounds = "evidence: {low_water: 0, reserve: 0}";
    let house = House::builder().folder(folder).setting(bounds).orders(&database).start();
    let mut client = house.client("alice");
    assert!(errors(&client.query("SELECT 'before'")).is_empty());
    disk.fill();
    let (sent, refused) = refused(&mut client, "while full");
    assert_eq!(refused.code(), "58000", "{refused:?}");
    assert!(refused.message().contains("the command was not sent"), "{refused:?}");
    assert!(!database.log().contains(&format!("while full {sent}'")), "the target never saw it");
    assert!(house.try_client("alice", "orders").is_err(), "no session begins");
    // An administrator still gets in and sees what is wrong.
    let seen = house.cli("root", &["sessions", "ls"]);
    assert!(seen.ok(), "{}", seen.all());
    disk.empty();
    goes_on(&mut client);
    let mut tried = vec!["'before'".to_owned()];
    tried.extend((1..=sent).map(|number| format!("'while full {number}'")));
    whole(&house, client, &tried);
}

#[test]
fn a_disk_that_fills_refuses_sessions_then_commands_and_never_the_administrator() {
    let database = v15().database();
    let folder = run_folder("house");
    let Some(disk) = SmallDisk::mount(&folder.path().join("data"), 64 << 10) else { return };
    let bounds = "evidence: {low_water: 32MiB, reserve: 4MiB}";
    let house = House::builder().folder(folder).setting(bounds).orders(&database).start();
    // Commands go on, and stop, a moment after the room is known: both are waited for.
    let room = |wanted: &str| {
        until(&format!("the room is {wanted}"), Duration::from_secs(30), || {
            let said = house.cli("root", &["status", "--json"]);
            let status: serde_json::Value = serde_json::from_str(&said.stdout).ok()?;
            let records = status["evidence"]["recording"] == (wanted != "out");
            let there = status["evidence"]["disk"]["room"] == wanted;
            (there && records).then_some((said, status))
        })
    };
    assert!(room("enough").0.ok());
    let mut client = house.client("alice");
    // Low: whoever is in stays in.
    disk.leave(20 << 20);
    let (said, status) = room("low");
    assert_eq!(said.status.code(), Some(1), "{}", said.all());
    assert_eq!(status["evidence"]["recording"], true, "{status}");
    let refused = house.try_client("alice", "orders").unwrap_err();
    assert_eq!(refused.code(), "57P03", "{refused:?}");
    assert!(house.log().contains("MiB are left on the disk"), "the operator is told why");
    assert!(errors(&client.query("SELECT 'low'")).is_empty());
    // Out: nothing is sent that could not be recorded.
    disk.fill();
    let (_, status) = room("out");
    assert_eq!(status["evidence"]["disk"]["reserve"], 0, "{status}");
    // What was being written when the disk filled is refused in the disk's own words once.
    until("the refusal says how much is left", Duration::from_secs(30), || {
        let refused = errors(&client.query("SELECT 'out of room'")).remove(0);
        assert_eq!(refused.code(), "58000", "{refused:?}");
        refused.message().contains("are left on the disk").then_some(())
    });
    assert!(!database.log().contains("out of room"), "the target never saw it");
    let shown = house.cli("root", &["status"]);
    assert!(shown.stdout.contains("NO COMMANDS"), "{}", shown.all());
    // What the administrator does is kept: there is the reserve.
    let made = ["token", "create", "ci", "--subject", "ci", "--for", "1h"];
    assert!(house.cli("root", &made).ok(), "{}", house.cli("root", &made).all());
    let session = sessions(&house).remove(0);
    let killed = house.cli("root", &["sessions", "kill", &session]);
    assert!(killed.ok(), "{}", killed.all());
    disk.empty();
    let (said, status) = room("enough");
    assert!(said.ok(), "{}", said.all());
    assert_eq!(status["evidence"]["disk"]["reserve"], 4 << 20, "{status}");
    assert!(errors(&house.client("alice").query("SELECT 'after'")).is_empty());
    until("the session is closed", Duration::from_secs(30), || {
        (verified(&house, &session).0 == "closed").then_some(())
    });
    let replay = house.cli("root", &["sessions", "replay", &session]);
    assert!(replay.stdout.contains("'out of room'"), "{}", replay.all());
}

#[test]
fn a_disk_that_fails_stops_commands_before_the_target_sees_them() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    let mut tried = vec!["'before'".to_owned()];
    assert!(errors(&client.query("SELECT 'before'")).is_empty());
    for (name, call, what) in [
        ("not synced", "fdatasync", "error=EIO"),
        ("not written", "pwrite64", "error=EIO"),
        ("read-only", "pwrite64", "error=EROFS"),
        ("over quota", "pwrite64", "error=EDQUOT"),
    ] {
        let Some(fault) = fault(&house, call, what) else { return };
        let (sent, refused) = refused(&mut client, name);
        assert_eq!(refused.code(), "58000", "{refused:?}");
        assert!(refused.message().contains("the command was not sent"), "{refused:?}");
        assert!(!database.log().contains(&format!("{name} {sent}'")), "the target never saw it");
        assert!(house.try_client("alice", "orders").is_err(), "no session begins");
        let shown = house.cli("root", &["status"]);
        assert!(shown.stdout.contains("NO COMMANDS"), "{}", shown.all());
        drop(fault);
        goes_on(&mut client);
        tried.extend((1..=sent).map(|number| format!("'{name} {number}'")));
    }
    whole(&house, client, &tried);
}

#[test]
fn a_key_that_is_gone_stops_commands_before_the_target_sees_them() {
    let database = v15().database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    let mut tried = Vec::new();
    for name in ["recordings.keyring", "signing.key"] {
        let key = house.file("data/keys").join(name);
        let away = key.with_extension("away");
        std::fs::rename(&key, &away).unwrap();
        let (sent, refused) = refused(&mut client, name);
        assert_eq!(refused.code(), "58000", "{refused:?}");
        assert!(refused.message().contains("a key of recordings is gone"), "{refused:?}");
        assert!(!database.log().contains(&format!("{name} {sent}'")), "the target never saw it");
        assert!(house.try_client("alice", "orders").is_err(), "no session begins");
        let shown = house.cli("root", &["status"]);
        assert!(shown.stdout.contains("a key of recordings is gone"), "{}", shown.all());
        assert!(house.log().contains(&format!("{name} is gone")), "the operator is told which");
        std::fs::rename(&away, &key).unwrap();
        goes_on(&mut client);
        tried.extend((1..=sent).map(|number| format!("'{name} {number}'")));
    }
    whole(&house, client, &tried);
}

fn strict(database: &Database<'_>) -> House {
    House::builder().setting("evidence: {mode: strict}").orders(database).start()
}

#[test]
fn a_slow_disk_makes_strict_commands_wait_and_loses_none() {
    let database = v15().database();
    let house = strict(&database);
    let mut client = house.client("alice");
    let Some(fault) = fault(&house, "fdatasync", "delay_enter=400ms") else { return };
    for number in 1..=5 {
        let begun = std::time::Instant::now();
        assert!(errors(&client.query(&format!("SELECT 'slow {number}'"))).is_empty());
        assert!(begun.elapsed() >= Duration::from_millis(400), "it was sent before it was kept");
    }
    drop(fault);
    let tried: Vec<_> = (1..=5).map(|number| format!("'slow {number}'")).collect();
    whole(&house, client, &tried);
}

/// While the disk hangs, whoever waits for it is let go after a while, nobody else begins to, and the
/// target sees nothing.
fn hangs(house: &House, database: &Database<'_>) {
    let mut client = house.client("alice");
    let mut other = house.client("alice");
    let Some(fault) = fault(house, "fdatasync", "delay_enter=60s") else { return };
    let (sent, first) = refused(&mut client, "hung");
    assert_eq!(first.code(), "57P01", "{first:?}");
    assert!(first.message().contains("the command was not sent"), "{first:?}");
    let second = errors(&other.query("SELECT 'hung as well'")).remove(0);
    assert_eq!(second.code(), "58000", "{second:?}");
    let log = database.log();
    assert!(!log.contains(&format!("hung {sent}'")), "the target never saw it");
    assert!(!log.contains("hung as well"), "the target never saw it");
    assert!(house.try_client("alice", "orders").is_err(), "no session begins");
    drop(fault);
    goes_on(&mut other);
    whole(house, other, &["'hung as well'".to_owned()]);
    let ended = sessions(house).remove(1);
    until("the first session is closed", Duration::from_secs(20), || {
        (verified(house, &ended).0 == "closed").then_some(())
    });
    let replay = house.cli("root", &["sessions", "replay", &ended]);
    for number in 1..=sent {
        assert!(replay.stdout.contains(&format!("'hung {number}'")), "{}", replay.all());
    }
}

#[test]
fn a_disk_that_hangs_stops_strict_commands_before_the_target_sees_them() {
    let database = v15().database();
    hangs(&strict(&database), &database);
}

#[test]
fn a_disk_that_hangs_stops_buffered_commands_before_the_target_sees_them() {
    let database = v15().database();
    hangs(&House::open(&database), &database);
}
