//! What was recorded survives, and proves what happened.

use std::time::{Duration, Instant};

use e2e::{Client, ErrorFields, House, Message, Server, Version, ask, until};

use crate::v15;

/// The state `sluice verify` finds, and how many commands it counts.
pub(crate) fn verified(house: &House, id: &str) -> (String, u64) {
    let said = house.cli("root", &["verify", id, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said.all()));
    let commands = report["counts"]["commands"].as_u64().unwrap();
    (report["state"].as_str().unwrap().to_owned(), commands)
}

/// The ids of all sessions, the newest first.
pub(crate) fn sessions(house: &House) -> Vec<String> {
    let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
    let ids = listed.as_array().unwrap().iter();
    ids.map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

/// What a server or the gateway refused.
pub(crate) fn errors(said: &[Message]) -> Vec<ErrorFields> {
    said.iter().filter(|message| message.kind == b'E').map(Message::error).collect()
}

/// So many sessions are alive when the gateway is killed.
const MANY: usize = 1000;

#[test]
fn a_killed_gateway_finds_a_thousand_sessions_and_no_strict_command_is_lost() {
    // Both ends of every client's connection but one are other processes'.
    let limit = ["--pid", &std::process::id().to_string(), "--nofile=8192:"];
    let raised = std::process::Command::new("prlimit").args(limit).status();
    assert!(raised.is_ok_and(|status| status.success()), "prlimit");
    let server = Server::start(Version::V15, "max_connections = 1200\nlog_statement = none");
    let database = server.database();
    let mut house = House::builder().setting("evidence: {mode: strict}").orders(&database).start();
    let clients: Vec<Client> = std::thread::scope(|scope| {
        let some = |from: usize| {
            let house = &house;
            scope.spawn(move || {
                let mut clients = Vec::new();
                for number in (from..MANY).step_by(8) {
                    let mut client = house.client("alice");
                    assert!(errors(&client.query(&format!("SELECT {number}, 'kept'"))).is_empty());
                    clients.push(client);
                }
                clients
            })
        };
        let all: Vec<_> = (0..8).map(some).collect();
        all.into_iter().flat_map(|some| some.join().unwrap()).collect()
    });
    house.end("KILL");
    drop(clients);
    let since = Instant::now();
    house.restart();
    println!(
        "the gateway was back, with {MANY} sessions found and ended, in {:?}",
        since.elapsed()
    );
    let words = ["sessions", "ls", "--json", "--limit", "1000"];
    let listed = house.cli_json("root", &words);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), MANY);
    for session in listed {
        assert_eq!(session["state"], "interrupted", "{session}");
        assert_eq!(session["counts"]["commands"], 1, "{session}");
    }
    // Every fiftieth in full: the others differ from these in a number.
    for session in listed.iter().step_by(50) {
        let id = session["id"].as_str().unwrap();
        assert_eq!(verified(&house, id), ("interrupted".to_owned(), 1), "{id}");
    }
    let newest = listed[0]["id"].as_str().unwrap();
    let replay = house.cli("root", &["sessions", "replay", newest]);
    assert!(replay.stdout.contains("'kept'"), "{}", replay.all());
}

/// Numbers that look drawn, the same for the same seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

/// Something to ask whose answer is of another kind and size each time.
fn ask_something(client: &mut Client, dice: &mut Dice) {
    let (rows, wide) = (1 + dice.below(1500), dice.below(200));
    match dice.below(9) {
        0 => client.query("SELECT * FROM customers"),
        1 => client.query(&format!(
            "SELECT n, repeat('x', (n % {})::int) FROM generate_series(1, {rows}) n",
            wide + 1
        )),
        2 => client.query("SELECT no_such_column"),
        3 => client.query("COPY customers TO STDOUT"),
        4 => client.query("BEGIN; SELECT id, email FROM customers; ROLLBACK"),
        5 => client.extended("SELECT $1::int, ssn FROM customers", &[Some("7")], 0),
        6 => client.extended("SELECT id, card, ssn FROM customers ORDER BY id", &[], 1),
        // More than a recording keeps of one result.
        7 => client.query(&format!("SELECT repeat('{wide} ', 3 * 1024 * 1024)")),
        _ => client.query("DO $$ BEGIN RAISE NOTICE 'ssn 078-05-1120'; END $$; SELECT 1"),
    };
}

#[test]
fn what_the_client_got_is_what_the_recording_proves() {
    let database = v15().database();
    let house = House::open(&database);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    for turn in 0..3 {
        let seed = now.as_nanos() as u64 + turn;
        println!("drawn with the seed {seed}");
        let mut dice = Dice(seed | 1);
        let mut client = house.client("alice");
        client.forget_received();
        for _ in 0..12 {
            ask_something(&mut client, &mut dice);
        }
        client.send(&ask::terminate());
        let received = client.received().to_vec();
        drop(client);
        proves(&house, &sessions(&house).remove(0), &received);
    }
    // The gateway's own last words are among it.
    let mut client = house.client("alice");
    client.forget_received();
    client.query("SELECT 'until it is ended'");
    let id = sessions(&house).remove(0);
    let ended = house.cli("root", &["sessions", "kill", &id]);
    assert!(ended.ok(), "{}", ended.all());
    assert_eq!(errors(&client.until(|_| false)).len(), 1);
    proves(&house, &id, client.received());
}

/// A session's recording says how many bytes its client received, and which.
fn proves(house: &House, id: &str, received: &[u8]) {
    let report = until("the session is closed", Duration::from_secs(30), || {
        let said = house.cli("root", &["verify", id, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        (report["state"] == "closed").then_some(report)
    });
    let digest = hex::encode(ring::digest::digest(&ring::digest::SHA256, received));
    assert_eq!(report["delivered"], received.len(), "{report}");
    assert_eq!(report["delivered_sha256"], digest);
}
