//! Recordings go to an object store and are not gone from here before they are there.

use std::path::PathBuf;
use std::time::Duration;

use e2e::{Database, House, HouseBuilder, Message, ObjectStore, Road, ask, request, until};
use serde_json::Value;

use crate::v15;

/// A statement whose result fills a recording with some 190 kB that cannot be compressed.
const LOUD: &str = "SELECT string_agg(encode(sha512((random()::text || n)::bytea), 'base64'), '') \
                    FROM generate_series(1, 2800) n";

/// A house whose recordings go to `store`; `local` is what stays here, `more` what else is said.
pub(crate) fn house(
    database: &Database<'_>,
    store: &ObjectStore,
    local: &str,
    more: &str,
) -> HouseBuilder {
    let setting = format!("evidence: {{{}{more}}}", store.setting(local));
    let builder = House::builder().plain("orders", database).setting(&setting);
    ObjectStore::environment()
        .iter()
        .fold(builder, |builder, (name, value)| builder.env(name, value))
}

/// Runs statements in a session of its own and says its id.
pub(crate) fn session(house: &House, statements: &[&str]) -> String {
    let mut client = house.client("alice");
    for statement in statements {
        assert_eq!(refused(&client.query(statement)), None, "{statement}");
    }
    client.send(&ask::terminate());
    drop(client);
    let listed = house.cli_json("root", &["sessions", "ls", "--json", "--limit", "1"]);
    listed[0]["id"].as_str().unwrap().to_owned()
}

fn refused(said: &[Message]) -> Option<e2e::ErrorFields> {
    said.iter().find(|message| message.kind == b'E').map(Message::error)
}

pub(crate) fn here(house: &House, id: &str) -> PathBuf {
    house.file(&format!("data/recordings/{id}.sluice-rec"))
}

fn show(house: &House, id: &str) -> Value {
    house.cli_json("root", &["sessions", "show", id, "--json"])
}

fn uploaded(house: &House, id: &str) {
    until("it is uploaded", Duration::from_secs(60), || {
        show(house, id)["uploaded"].is_string().then_some(())
    });
}

fn verified(house: &House, id: &str) -> String {
    let said = house.cli("root", &["verify", id, "--json"]);
    let report: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.all()));
    report["state"].as_str().unwrap().to_owned()
}

/// The audit log's events of this name about this session, the newest first.
fn told(house: &House, action: &str, id: &str) -> Vec<Value> {
    let bearer = format!("Bearer {}", house.person("root").token);
    let url = format!("{}/api/v1/audit?action={action}&limit=1000", house.url());
    let answer = request("GET", &url, &[("Authorization", &bearer)], "").json();
    let events = answer.as_array().unwrap().iter();
    events.filter(|event| event["object"] == id).cloned().collect()
}

#[test]
fn a_recording_that_is_only_in_the_object_store_is_read_from_there() {
    let (database, store) = (v15().database(), ObjectStore::start());
    let mut house = house(&database, &store, "{keep: 1s}", "").start();
    let id = session(&house, &["SELECT 'kept elsewhere'"]);
    until("it is there and no longer here", Duration::from_secs(30), || {
        (store.object(&id).exists() && !here(&house, &id).exists()).then_some(())
    });
    assert_eq!(told(&house, "recording.uploaded", &id).len(), 1);
    let listed = house.cli_json("alice", &["sessions", "ls", "--json"]);
    assert_eq!(listed[0]["id"], *id, "{listed}");
    assert_eq!(listed[0]["counts"]["commands"], 1, "{listed}");
    let shown = show(&house, &id);
    assert_eq!(shown["object"], format!("s3://recordings/house/{id}.sluice-rec"), "{shown}");
    assert_eq!(shown["local"], false, "{shown}");
    // Whoever may see it sees it, and nobody else does.
    let replay = house.cli("alice", &["sessions", "replay", &id]);
    assert!(replay.ok() && replay.stdout.contains("kept elsewhere"), "{}", replay.all());
    for words in [["sessions", "show", &id], ["sessions", "replay", &id], ["sessions", "hold", &id]]
    {
        let words = if words[1] == "hold" {
            [&words[..], &["--reason", "x"]].concat()
        } else {
            words.into()
        };
        assert!(!house.cli("bob", &words).ok(), "{words:?}");
    }
    assert_eq!(verified(&house, &id), "closed");
    assert_eq!(told(&house, "recording.fetched", &id).len(), 1, "one fetch served all of them");
    // After a start, the journal puts nothing back, and nothing that was fetched is trusted.
    house.end("KILL");
    house.restart();
    assert!(!here(&house, &id).exists());
    assert_eq!(verified(&house, &id), "closed");
    assert_eq!(told(&house, "recording.fetched", &id).len(), 2);
    // Somebody changes the object.
    let whole = std::fs::read(store.object(&id)).unwrap();
    let mut bytes = whole.clone();
    bytes[whole.len() / 2] ^= 1;
    std::fs::write(store.object(&id), bytes).unwrap();
    house.end("TERM");
    house.restart();
    assert_eq!(verified(&house, &id), "tampered");
    let events = house.cli("root", &["sessions", "replay", &id]);
    assert!(!events.ok(), "{}", events.all());
    assert!(!told(&house, "recording.differs", &id).is_empty());
    std::fs::write(store.object(&id), whole).unwrap();
    assert_eq!(verified(&house, &id), "closed");
    assert!(house.metrics().contains("sluice_archive_reachable 1"), "{}", house.metrics());
    house.assert_no_secret_was_written();
    assert!(!house.log().contains("canary-object-store-secret"));
}

#[test]
fn a_dead_object_store_stops_commands_at_the_bound_and_then_they_go_on() {
    let (database, mut store) = (v15().database(), ObjectStore::start());
    let house = house(&database, &store, "{max: 900kB}", "").start();
    store.kill();
    // Sessions go on while there is room.
    let mut waiting = vec![session(&house, &["SELECT 'while there is room'", LOUD])];
    waiting.push(session(&house, &[LOUD, LOUD]));
    let mut client = house.client("alice");
    let mut sent = 0;
    let refusal = until("a command is refused", Duration::from_secs(60), || {
        sent += 1;
        let said = client.query(&format!("/* beyond the bound {sent} */ {LOUD}"));
        // The bound is looked at three times a second.
        std::thread::sleep(Duration::from_millis(500));
        refused(&said)
    });
    assert_eq!(refusal.code(), "58000", "{refusal:?}");
    assert!(refusal.message().contains("the command was not sent"), "{refusal:?}");
    assert!(refusal.message().contains("object store"), "{refusal:?}");
    assert!(sent < 10, "{sent}");
    let last = refused(&client.query("SELECT 'statement N+1'"));
    assert_eq!(last.unwrap().code(), "58000");
    let log = database.log();
    assert!(!log.contains(&format!("beyond the bound {sent} ")), "the target never saw it");
    assert!(!log.contains("statement N+1"), "the target never saw it");
    assert!(house.try_client("alice", "orders").is_err(), "no session begins");
    // An administrator gets in and sees what is wrong.
    assert!(house.cli("root", &["sessions", "ls"]).ok());
    let bearer = format!("Bearer {}", house.person("root").token);
    let url = format!("{}/api/v1/archive", house.url());
    let standing = request("GET", &url, &[("Authorization", &bearer)], "").json();
    assert_eq!((&standing["refusing"], &standing["reachable"]), (&true.into(), &false.into()));
    let alice = format!("Bearer {}", house.person("alice").token);
    assert_eq!(request("GET", &url, &[("Authorization", &alice)], "").status, 403);
    assert!(house.metrics().contains("sluice_archive_refusing 1"), "{}", house.metrics());
    for id in &waiting {
        assert!(here(&house, id).exists(), "nothing leaves before it is uploaded");
    }
    store.restart();
    until("commands go on", Duration::from_secs(60), || {
        refused(&client.query("SELECT 'again'")).is_none().then_some(())
    });
    assert!(database.log().contains("'again'"));
    for id in waiting {
        uploaded(&house, &id);
        assert_eq!(verified(&house, &id), "closed");
    }
}

#[test]
fn a_store_that_answers_badly_keeps_nobody_waiting_and_gets_everything_in_the_end() {
    let (database, store) = (v15().database(), ObjectStore::start());
    let house = house(&database, &store, "{}", "").start();
    let mut ids = Vec::new();
    for road in [Road::LosesAnswers, Road::Refuses] {
        store.road(road);
        ids.push(session(&house, &["SELECT 'whatever the store does'"]));
        let before = store.passed().len();
        until("it is tried", Duration::from_secs(20), || {
            (store.passed().len() > before).then_some(())
        });
    }
    // Not a busy loop: what fails is tried ever more seldom.
    let before = store.passed().len();
    std::thread::sleep(Duration::from_secs(5));
    assert!(store.passed().len() - before < 30, "{:?}", store.passed());
    store.road(Road::Hangs);
    ids.push(session(&house, &["SELECT 'though it says nothing'"]));
    assert!(ids.iter().all(|id| here(&house, id).exists()));
    store.road(Road::Open);
    for id in &ids {
        uploaded(&house, id);
        assert_eq!(told(&house, "recording.uploaded", id).len(), 1);
        assert_eq!(
            std::fs::read(store.object(id)).unwrap(),
            std::fs::read(here(&house, id)).unwrap()
        );
    }
}

#[test]
fn an_upload_that_was_killed_goes_on_with_the_next_part() {
    let (database, store) = (v15().database(), ObjectStore::start());
    let mut house = house(&database, &store, "{}", "").start();
    store.road(Road::PartsUntil(2));
    let id = session(&house, &[LOUD; 95]);
    let whole = until("it is closed", Duration::from_secs(30), || {
        (show(&house, &id)["state"] == "closed").then(|| std::fs::read(here(&house, &id)).unwrap())
    });
    assert!(whole.len() > 16 << 20, "{}", whole.len());
    until("the third part is tried", Duration::from_secs(60), || {
        let passed = store.passed();
        passed
            .iter()
            .any(|one| one.line.contains("partNumber=3") && one.status == 503)
            .then_some(())
    });
    house.end("KILL");
    assert_eq!(store.parts(), [1, 2]);
    // The answer to the last request is lost: what is there is found and believed.
    store.road(Road::LosesCompletions);
    house.restart();
    uploaded(&house, &id);
    assert_eq!(store.parts(), [1, 2, 3, 4], "what had arrived was not sent again");
    let completed =
        |passed: &&e2e::Passed| passed.line.starts_with("POST ") && passed.status == 200;
    assert_eq!(store.passed().iter().filter(completed).count(), 2, "{:?}", store.passed());
    assert_eq!(std::fs::read(store.object(&id)).unwrap(), whole);
    assert_eq!(verified(&house, &id), "closed");
    // What is this long is not replayed to look for secrets in it.
    house.end("TERM");
}

#[test]
fn an_object_of_the_same_name_is_an_alarm_and_not_written_over() {
    let (database, store) = (v15().database(), ObjectStore::start());
    let house = house(&database, &store, "{keep: 1s}", "").start();
    store.road(Road::Refuses);
    let id = session(&house, &["SELECT 'mine'"]);
    std::fs::create_dir_all(store.object(&id).parent().unwrap()).unwrap();
    std::fs::write(store.object(&id), b"somebody else's").unwrap();
    store.road(Road::Open);
    let why = until("it is told of", Duration::from_secs(60), || {
        show(&house, &id)["upload_error"].as_str().map(str::to_owned)
    });
    assert!(why.contains("is another one"), "{why}");
    assert_eq!(std::fs::read(store.object(&id)).unwrap(), b"somebody else's");
    assert_eq!(told(&house, "recording.upload_failed", &id).len(), 1);
    until("it is counted", Duration::from_secs(30), || {
        house.metrics().contains("sluice_archive_failed 1").then_some(())
    });
    // Others are uploaded all the same, and this one stays here.
    uploaded(&house, &session(&house, &["SELECT 'another'"]));
    assert!(here(&house, &id).exists());
    assert_eq!(verified(&house, &id), "closed");
}

#[test]
fn retention_deletes_in_both_places_and_a_hold_keeps() {
    let (database, mut store) = (v15().database(), ObjectStore::start());
    let mut house = house(&database, &store, "{}", ", retention: {age: 20s}").start();
    let held = session(&house, &["SELECT 'held'"]);
    let said = house.cli("root", &["sessions", "hold", &held, "--reason", "case 117"]);
    assert!(said.ok(), "{}", said.all());
    assert!(!house.cli("root", &["sessions", "hold", &held, "--reason", "again"]).ok());
    let gone = session(&house, &["SELECT 'gone'"]);
    for id in [&held, &gone] {
        uploaded(&house, id);
    }
    let whole = std::fs::read(here(&house, &gone)).unwrap();
    until("it is deleted", Duration::from_secs(60), || {
        (!store.object(&gone).exists()).then_some(())
    });
    assert!(!here(&house, &gone).exists());
    assert!(!house.cli("root", &["sessions", "show", &gone]).ok());
    let event = told(&house, "recording.deleted", &gone).remove(0);
    assert_eq!((&event["detail"]["why"], &event["actor"]), (&"age".into(), &"sluice".into()));
    assert_eq!(event["detail"]["bytes"], whole.len());
    assert_eq!(event["detail"]["recording"], hex::encode(&whole[whole.len() - 32..]), "{event}");
    assert!(store.object(&held).exists() && here(&house, &held).exists());
    let shown = house.cli("root", &["sessions", "show", &held]);
    assert!(shown.stdout.contains("case 117"), "{}", shown.all());
    // Released, it goes; the store dies before its object does, and the gateway after it.
    store.kill();
    assert!(house.cli("root", &["sessions", "release", &held]).ok());
    until("its deletion is decided", Duration::from_secs(60), || {
        (!told(&house, "recording.deleted", &held).is_empty()).then_some(())
    });
    assert!(store.object(&held).exists());
    house.end("KILL");
    store.restart();
    house.restart();
    until("it is finished", Duration::from_secs(60), || {
        (!store.object(&held).exists()).then_some(())
    });
    assert!(!here(&house, &held).exists());
    for action in ["recording.hold", "recording.release", "recording.deleted"] {
        assert_eq!(told(&house, action, &held).len(), 1, "{action}");
    }
}

#[test]
fn without_an_object_store_the_oldest_go_when_there_are_too_many_bytes() {
    let database = v15().database();
    let setting = "evidence: {retention: {size: 500kB}}";
    let house = House::builder().plain("orders", &database).setting(setting).start();
    let ids: Vec<String> = (0..4).map(|_| session(&house, &[LOUD])).collect();
    until("the oldest are gone", Duration::from_secs(30), || {
        (!here(&house, &ids[1]).exists()).then_some(())
    });
    assert!(!here(&house, &ids[0]).exists());
    std::thread::sleep(Duration::from_secs(4));
    assert!(here(&house, &ids[2]).exists() && here(&house, &ids[3]).exists());
    let event = told(&house, "recording.deleted", &ids[0]).remove(0);
    assert_eq!(event["detail"]["why"], "size", "{event}");
    // One that is alive is not deleted, however much it says.
    let mut client = house.client("alice");
    for _ in 0..5 {
        assert_eq!(refused(&client.query(LOUD)), None);
    }
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(refused(&client.query("SELECT 'still recorded'")), None);
    let listed = house.cli_json("root", &["sessions", "ls", "--live", "--json"]);
    let alive = listed[0]["id"].as_str().unwrap();
    assert!(here(&house, alive).exists());
}
