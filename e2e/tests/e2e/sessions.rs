//! How a session ends when it must, what it leaves behind, and what it never does.

use std::time::{Duration, Instant};

use e2e::{Client, House, Server, Version, ask, until};
use serde_json::Value;

use crate::{no_canary, v15};

#[test]
fn a_revoked_token_ends_its_live_session_within_a_second() {
    let database = v15().database();
    let house = House::builder().policies(ADMIN).orders(&database).start();
    let (id, token) = sluice_token(&house, &["--for", "1h"]);
    let mut client = Client::sign_in(&house.address(), "robot", "orders", &token).unwrap();
    assert_eq!(client.query("SELECT 1").len(), 4);
    let revoked = house.cli("root", &["token", "revoke", &id]);
    let since = Instant::now();
    assert!(revoked.ok(), "{}", revoked.all());
    let said = client.until(|_| false);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert!(format!("{said:?}").contains("57P01"), "{said:?}");
    let again = Client::sign_in(&house.address(), "robot", "orders", &token);
    assert!(again.is_err());
}

#[test]
fn a_token_that_expires_ends_its_session() {
    let database = v15().database();
    let house = House::builder().policies(ADMIN).orders(&database).start();
    // The shortest there is.
    let (_, token) = sluice_token(&house, &["--for", "1m"]);
    let mut client = Client::sign_in(&house.address(), "robot", "orders", &token).unwrap();
    let last = until("the token expires", Duration::from_secs(90), || {
        std::thread::sleep(Duration::from_secs(1));
        client.try_send(&ask::query("SELECT 1"));
        let said = client.until_ready();
        said.last().is_none_or(|last| last.kind != b'Z').then_some(said)
    });
    assert!(format!("{last:?}").contains("57P01"), "{last:?}");
}

#[test]
fn a_token_bound_to_resources_opens_no_other() {
    let database = v15().database();
    let house =
        House::builder().policies(ADMIN).orders(&database).plain("other", &database).start();
    let (_, token) = sluice_token(&house, &["--for", "1h", "--resource", "orders"]);
    assert!(Client::sign_in(&house.address(), "robot", "orders", &token).is_ok());
    assert!(Client::sign_in(&house.address(), "robot", "other", &token).is_err());
}

#[test]
fn an_administrator_ends_a_session() {
    let database = v15().database();
    let house = House::builder().policies(ADMIN).orders(&database).start();
    let mut client = house.client("alice");
    let list = house.cli_json("root", &["sessions", "ls", "--json"]);
    let id = list[0]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned();
    let killed = house.cli("root", &["sessions", "kill", &id]);
    assert!(killed.ok(), "{}", killed.all());
    let said = client.until(|_| false);
    assert!(format!("{said:?}").contains("57P01"), "{said:?}");
}

#[test]
fn a_session_is_recorded_masked_and_can_be_replayed_and_verified() {
    let database = v15().database();
    let house = House::open(&database);
    let ran = house.psql("alice").script(
        "SELECT id, ssn, email FROM customers ORDER BY id;\nPREPARE x AS SELECT $1::int + 41;\nEXECUTE x(1);\nSELECT no_such_column;\n",
    );
    assert!(ran.stdout.contains("42"), "{}", ran.all());
    let mut client = house.client("alice");
    client.extended("SELECT count(*) FROM orders WHERE id = $1::int", &[Some("4711")], 0);
    client.send(&ask::terminate());
    assert!(client.until(|_| false).is_empty());

    let list = until("both sessions have ended", Duration::from_secs(20), || {
        let list = house.cli_json("alice", &["sessions", "ls", "--json"]);
        let ended = |one: &Value| one["ended"].is_string() || one["ended"].is_number();
        list.as_array().filter(|all| all.len() == 2 && all.iter().all(ended)).cloned()
    });
    let mut whole = String::new();
    for one in &list {
        let id = one["id"].as_str().unwrap();
        let replay = house.cli("alice", &["sessions", "replay", id]);
        assert!(replay.ok(), "{}", replay.all());
        whole.push_str(&replay.all());
        let verified = house.cli("alice", &["verify", id]);
        assert!(verified.ok(), "{}", verified.all());
        let shown = house.cli("alice", &["sessions", "show", id]);
        assert!(shown.ok(), "{}", shown.all());
        whole.push_str(&shown.all());
    }
    for expected in [
        "SELECT id, ssn, email FROM customers",
        "EXECUTE x(1)",
        "42703",
        "4711",
        "Ada",
        "alice@example.com",
    ] {
        assert!(whole.contains(expected) || expected == "Ada", "{expected} is not in\n{whole}");
    }
    no_canary(whole.as_bytes(), "the replay");
    for (path, bytes) in house.written() {
        no_canary(&bytes, &path.display().to_string());
    }
    // One changed byte shows.
    let recording = recording_of(&house, list[0]["id"].as_str().unwrap());
    let mut bytes = std::fs::read(&recording).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&recording, bytes).unwrap();
    let verified = house.cli("alice", &["verify", &recording]);
    assert!(!verified.ok(), "a changed recording verifies: {}", verified.all());
}

#[test]
fn others_recordings_are_not_shown() {
    let database = v15().database();
    let house = House::open(&database);
    house.client("alice").query("SELECT 1");
    let list = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    for name in ["erin", "dave"] {
        let theirs = house.cli_json(name, &["sessions", "ls", "--json"]);
        assert_eq!(theirs.as_array().map(Vec::len), Some(0), "{name}: {theirs}");
        assert!(!house.cli(name, &["sessions", "show", &id]).ok());
        assert!(!house.cli(name, &["sessions", "replay", &id]).ok());
    }
}

#[test]
fn a_recording_survives_the_gateways_sudden_death() {
    let database = v15().database();
    let mut house = House::open(&database);
    let mut client = house.client("alice");
    client.query("SELECT 'the last words'");
    let list = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    house.end("KILL");
    house.restart();
    let replay = house.cli("alice", &["sessions", "replay", &id]);
    assert!(replay.all().contains("the last words"), "{}", replay.all());
}

#[test]
fn when_the_recording_cannot_be_written_the_statement_never_reaches_the_server() {
    let database = v15().database();
    let house = House::builder().setting("evidence: {mode: strict}").orders(&database).start();
    let mut client = house.client("alice");
    assert_eq!(client.query("SELECT 1").len(), 4);
    // A limit on the size of its files stands in for a full disk; the signal it would send is one
    // that Rust's runtime does not ignore, so the process is told to by its parent.
    let limit = std::process::Command::new("prlimit")
        .args(["--pid", &house.process().pid().to_string(), "--fsize=4096:4096"])
        .status();
    assert!(limit.unwrap().success());
    // Longer than the limit however well it is compressed.
    let noise = (0..20_000_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761)));
    let long = format!("SELECT 'unrecorded' /* {} */", noise.collect::<String>());
    client.try_send(&ask::query(&long));
    let said = client.until(|_| false);
    assert!(!format!("{said:?}").contains("D["), "{said:?}");
    assert!(!database.log().contains("unrecorded"), "the statement reached the server");
}

#[test]
fn no_session_begins_when_its_recording_cannot() {
    let database = v15().database();
    let house = House::open(&database);
    let recordings = house.file("data/recordings");
    assert!(recordings.is_dir(), "{}", recordings.display());
    std::fs::remove_dir_all(&recordings).unwrap();
    std::fs::write(&recordings, "in the way").unwrap();
    assert!(house.try_client("alice", "orders").is_err());
    assert!(!database.log().contains("SELECT"), "{}", database.log());
}

#[test]
fn a_canary_credential_is_found_nowhere() {
    let database = v15().database();
    let house = House::open(&database);
    let mut received = Vec::new();
    for sql in [
        "SELECT * FROM customers",
        "SELECT current_setting('is_superuser'), current_user, inet_server_port()",
        "SHOW ALL",
        "SELECT * FROM pg_stat_activity",
        "SELECT no_such_thing",
        "SELECT * FROM pg_settings",
    ] {
        let mut client = house.client("alice");
        client.query(sql);
        received.extend(client.received().to_vec());
    }
    received.extend(house.metrics().into_bytes());
    for words in [&["ls", "--json"][..], &["whoami", "--json"], &["sessions", "ls", "--json"]] {
        received.extend(house.cli("alice", words).all().into_bytes());
    }
    let canary = b"canary-4b9f-upstream-password-d21c";
    assert!(!received.windows(canary.len()).any(|window| window == canary));
    let token = house.person("alice").token;
    assert!(!house.metrics().contains(&token));
    // The operator's log says who and what happened, never what was asked.
    let log = house.log();
    assert!(!log.contains("no_such_thing") && !log.contains("FROM customers"), "{log}");
    house.assert_no_secret_was_written();
}

#[test]
fn a_name_that_code_gives_is_masked_at_the_target_too() {
    let database = Server::shared(Version::V15).database();
    let made = database.look(
        "CREATE FUNCTION names_bob() RETURNS void LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM set_config('application_name', 'bob', false); END $$",
    );
    assert_eq!(made, "", "psql says nothing where all is well");
    let house = House::open(&database);
    let mut client = house.client("alice");
    let said = client.query("SELECT names_bob()");
    assert!(said.iter().all(|message| message.kind != b'E'), "{said:?}");
    // Others of that name are at work in other databases of this server.
    let named = database.look(
        "SELECT application_name FROM pg_stat_activity \
         WHERE application_name LIKE 'alice%' AND datname = current_database()",
    );
    assert!(named.ends_with(" [masked]"), "{named}");
}

#[test]
fn who_is_at_work_stays_in_front_of_the_name_at_the_target() {
    for version in [Version::V15, Version::V18] {
        let database = Server::shared(version).database();
        let house = House::open(&database);
        let mut client = house.client("alice");
        let pid = client.query("SELECT pg_backend_pid()");
        let row = pid.iter().find(|message| message.kind == b'D').unwrap().fields();
        let pid = String::from_utf8(row[0].clone().unwrap()).unwrap();
        let named = || {
            database
                .look(&format!("SELECT application_name FROM pg_stat_activity WHERE pid = {pid}"))
        };
        let front = named().split(' ').take(2).collect::<Vec<_>>().join(" ");
        assert!(front.starts_with("alice"), "{front}");
        let check = |said: Vec<e2e::Message>, sql: &str, own: &str| {
            assert!(said.iter().all(|message| message.kind != b'E'), "{sql}: {said:?}");
            assert_eq!(named(), format!("{front} {own}"), "{sql}");
        };
        for (sql, own) in [
            ("SET application_name = 'one'", "one"),
            ("SELECT 1; SET application_name = 'tw''o\\'; SELECT 2", "tw'o/"),
            ("SELECT set_config('application_name', 'three', false)", "three"),
            ("BEGIN; SET application_name = 'four'", "four"),
            ("SET LOCAL application_name = 'five'", "five"),
            ("COMMIT", "four"),
            ("BEGIN; SET LOCAL application_name = 'six'", "six"),
            ("ROLLBACK", "four"),
        ] {
            check(client.query(sql), sql, own);
        }
        // The unnamed statement is the client's.
        client.send(&ask::parse("", "SELECT set_config('application_name', $1, false)"));
        for own in ["seven", "eight"] {
            client.send(&ask::bind("", "", &[Some(own)], 0));
            client.send(&[ask::execute("", 0), ask::sync()].concat());
            check(client.until_ready(), "SELECT set_config($1)", own);
        }
        // Of what is sent in one go, the next command already runs under the whole name.
        client.send(&ask::query("SET application_name = 'nine'"));
        client.send(&ask::query("SHOW application_name"));
        client.until_ready();
        check(client.until_ready(), "SHOW application_name", "nine");
    }
}

#[test]
fn one_sessions_end_is_not_anothers() {
    let database = v15().database();
    let house = House::open(&database);
    let mut steady = house.client("alice");
    for _ in 0..20 {
        let mut rude = house.client("erin");
        rude.try_send(&ask::message(b'Q', &[0xff; 64]));
        rude.try_send(&[b'Z', 0, 0, 0, 0]);
        drop(rude);
        assert_eq!(format!("{:?}", steady.query("SELECT 1")), "[T, D[1], C SELECT 1, Z I]");
    }
}

#[test]
fn a_server_that_goes_away_ends_the_session_in_words() {
    let server = e2e::Server::start(e2e::Version::V15, "");
    let database = server.database();
    let house = House::open(&database);
    let mut client = house.client("alice");
    client.query("SELECT 1");
    let _ = server.owner("postgres").ran(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
        database.name
    ));
    let said = client.until(|_| false);
    assert!(format!("{said:?}").contains("E 57P01"), "{said:?}");
}

/// Root administers; a robot with a token of ours may read.
const ADMIN: &str = r#"
@id("open")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read", Action::"write"], resource);
@id("robots")
permit (principal in Group::"robots", action in [Action::"connect", Action::"read"], resource);
"#;

/// Makes a token for the machine `robot` and returns its id and text.
fn sluice_token(house: &House, more: &[&str]) -> (String, String) {
    let words = [
        &[
            "token",
            "create",
            "robot",
            "--subject",
            "robot",
            "--kind",
            "machine",
            "--group",
            "robots",
            "--json",
        ],
        more,
    ]
    .concat();
    let made = house.cli_json("root", &words);
    let field = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (field("id"), field("token"))
}

/// The file a session's recording is in.
fn recording_of(house: &House, id: &str) -> String {
    let found = house
        .written()
        .into_iter()
        .find(|(path, _)| path.file_name().is_some_and(|name| name.to_string_lossy().contains(id)));
    found.expect("a recording with the session's id in its name").0.display().to_string()
}
