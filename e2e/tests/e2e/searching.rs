//! Statements are found across sessions, and what is found is what the recording says.

use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use e2e::{House, until};
use serde_json::Value;

use crate::v15;

const POLICIES: &str = include_str!("../../corpus/policies.cedar");

/// What `sluice sessions search` answers.
fn search(house: &House, who: &str, words: &[&str]) -> Value {
    house.cli_json(who, &[&["sessions", "search", "--json"], words].concat())
}

/// The texts somebody finds.
fn texts(house: &House, who: &str, words: &[&str]) -> Vec<String> {
    let answer = search(house, who, words);
    let found = answer["statements"].as_array().unwrap().iter();
    found.map(|one| one["text"].as_str().unwrap().to_owned()).collect()
}

/// Waits until somebody finds so many.
fn finds(house: &House, who: &str, words: &[&str], many: usize) -> Vec<String> {
    until("the statements are found", Duration::from_secs(30), || {
        // In the first moments after a start the gateway says that it is not ready.
        let ran = house.cli(who, &[&["sessions", "search", "--json"], words].concat());
        if ran.status.code() == Some(4) && ran.stderr.contains("the index is being made") {
            return None;
        }
        assert!(ran.ok(), "{}", ran.all());
        Some(texts(house, who, words)).filter(|found| found.len() == many)
    })
}

#[test]
fn a_statement_is_found_while_its_session_lives_and_after_the_gateway_was_killed() {
    let database = v15().database();
    let mut house = House::open(&database);
    let mut live = house.psql("alice").start();
    live.line("SELECT 'needle in ' || 'a haystack' AS found_me;");
    live.says("needle in a haystack");
    let text = "SELECT 'needle in ' || 'a haystack' AS found_me;";
    assert_eq!(finds(&house, "alice", &["haystack needle"], 1), [text]);
    assert_eq!(texts(&house, "root", &["\"a haystack\" found_me"]), [text]);
    assert!(texts(&house, "root", &["\"haystack a\""]).is_empty());
    // Bob has nothing to do with it, and does not even learn that there is something.
    let bobs = search(&house, "bob", &["needle"]);
    assert_eq!((&bobs["statements"], &bobs["next"]), (&serde_json::json!([]), &Value::Null));
    let listed = house.cli_json("bob", &["sessions", "ls", "--text", "needle", "--json"]);
    assert_eq!(listed, serde_json::json!([]));
    // Nobody reads in the file what was asked.
    for (path, bytes) in house.written() {
        if path.to_string_lossy().contains("index.db") {
            let bytes = bytes.to_ascii_lowercase();
            for word in [&b"needle"[..], b"haystack", b"found_me"] {
                let there = bytes.windows(word.len()).any(|window| window == word);
                assert!(!there, "{}", path.display());
            }
        }
    }
    // Said in the last moment before the kill: it is in the journal, and then in the index.
    live.line("SELECT 'last ' || 'words' AS last_words;");
    live.says("last words");
    std::thread::sleep(Duration::from_millis(1200));
    house.end("KILL");
    drop(live);
    house.restart();
    assert_eq!(finds(&house, "alice", &["haystack"], 1), [text]);
    finds(&house, "alice", &["last_words"], 1);
    let listed = house.cli_json("root", &["sessions", "ls", "--text", "haystack", "--json"]);
    assert_eq!(listed[0]["state"], "interrupted", "{listed}");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn filters_narrow_what_is_listed_and_found() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    assert!(house.psql("alice").ran("SELECT ssn FROM customers").ok());
    assert!(!house.psql("alice").ran("DROP TABLE ledger").ok());
    assert!(house.psql("bob").ran("SELECT count(*) FROM orders").ok());
    finds(&house, "root", &["--resource", "orders"], 3);
    for (words, expected) in [
        (&["--verdict", "denied"][..], &["DROP TABLE ledger"][..]),
        (&["--table", "public.customers"], &["SELECT ssn FROM customers"]),
        (&["--table", "orders"], &["SELECT count(*) FROM orders"]),
        (&["--class", "us_ssn"], &["SELECT ssn FROM customers"]),
        (&["--who", "bob@example.com"], &["SELECT count(*) FROM orders"]),
        (
            &["select", "--who", "alice@example.com", "--since", "1h"],
            &["SELECT ssn FROM customers"],
        ),
        (&["select", "--until", "2020-01-01"], &[]),
        (&["select", "--resource", "elsewhere"], &[]),
    ] {
        assert_eq!(texts(&house, "root", words), expected, "{words:?}");
        // The sessions are those of the statements.
        let mut ls = vec!["sessions", "ls", "--json"];
        let (text, filters) = match words {
            ["select", filters @ ..] => (vec!["--text", "select"], filters),
            filters => (vec![], filters),
        };
        ls.extend(text.into_iter().chain(filters.iter().copied()));
        let listed = house.cli_json("root", &ls);
        assert_eq!(listed.as_array().unwrap().len(), expected.len(), "{ls:?}: {listed}");
    }
    // For people: one line each, and the way to the next page.
    let page = house.cli("root", &["sessions", "search", "select", "--limit", "1"]);
    assert!(page.stdout.contains("SELECT count(*) FROM orders"), "{}", page.all());
    let cursor = page.stderr.split("--cursor ").nth(1).unwrap().split('`').next().unwrap();
    let next =
        house.cli("root", &["sessions", "search", "select", "--limit", "1", "--cursor", cursor]);
    assert!(next.stdout.contains("SELECT ssn FROM customers"), "{}", next.all());
    assert!(!next.stdout.contains("count(*)"), "{}", next.all());
    for words in [&["\"open"][..], &["();"], &[], &["x", "--cursor", "nonsense"]] {
        let refused = house.cli("root", &[&["sessions", "search"], words].concat());
        assert_eq!(refused.status.code(), Some(2), "{words:?}: {}", refused.all());
    }
}

#[test]
fn an_index_that_is_gone_or_damaged_is_made_from_the_recordings() {
    type Damage = fn(&std::path::Path);
    let database = v15().database();
    let mut house = House::open(&database);
    for number in 0..5 {
        assert!(house.psql("alice").ran(&format!("SELECT {number} AS once_more")).ok());
    }
    finds(&house, "alice", &["once_more"], 5);
    let index = house.file("data/index.db");
    let damages: [(&str, Damage); 3] = [
        ("gone", |index| std::fs::remove_file(index).unwrap()),
        ("noise", |index| std::fs::write(index, vec![0xa7; 50_000]).unwrap()),
        ("cut", |index| {
            let file = std::fs::File::options().write(true).open(index).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2 + 100).unwrap();
        }),
    ];
    for (what, damage) in damages {
        house.end("TERM");
        // What SQLite puts beside the file would mend it.
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", index.display()));
        }
        damage(&index);
        house.restart();
        let found = finds(&house, "alice", &["once_more"], 5);
        assert!(found[0].contains("SELECT 4"), "{what}: {found:?}");
        assert!(house.psql("alice").ran("SELECT 'sessions do not care'").ok(), "{what}");
    }
}

#[test]
fn one_id_leads_through_the_whole_chain() {
    let database = v15().database();
    let house = House::builder().policies(POLICIES).orders(&database).start();
    let mut live = house.psql("alice").start();
    live.line("SELECT 'before';");
    live.says("before");
    live.line("DELETE FROM ledger WHERE id = 7 RETURNING id;");
    live.says("approv");
    let request = house.waiting("bob")["id"].as_str().unwrap().to_owned();
    let decided = house.cli("bob", &["approvals", "approve", &request, "--comment", "as agreed"]);
    assert!(decided.ok(), "{}", decided.all());
    live.says("\n7\n");
    assert!(live.leave().success());

    // request → approval → session and statement
    let approval = until("the statement is in the index", Duration::from_secs(20), || {
        let approval = house.cli_json("alice", &["approvals", "show", &request, "--json"]);
        approval["recording"].is_object().then_some(approval)
    });
    assert_eq!(approval["decisions"][0]["subject"], "bob@example.com");
    let id = approval["session"].as_str().unwrap();
    let number = &approval["number"];
    // → grant, and back to the approval
    let session = house.cli_json("alice", &["sessions", "show", id, "--json"]);
    assert!(!session["policies"].as_array().unwrap().is_empty(), "{session}");
    let asked = &session["approvals"][0];
    assert_eq!((&asked["id"], &asked["number"]), (&approval["id"], number), "{session}");
    assert_eq!(asked["decisions"][0]["comment"], "as agreed");
    assert_eq!(asked["recording"], approval["recording"]);
    let said = house.cli("alice", &["sessions", "show", id]);
    assert!(
        said.stdout.contains(&request) && said.stdout.contains("bob@example.com"),
        "{}",
        said.all()
    );
    // → statement
    let found = until("the approval is in the index", Duration::from_secs(20), || {
        let found = search(&house, "alice", &["delete ledger", "--session", id]);
        let found = found["statements"][0].clone();
        found["approval"].is_string().then_some(found)
    });
    assert_eq!((&found["approval"], &found["number"]), (&approval["id"], number), "{found}");
    assert_eq!(found["verdicts"], serde_json::json!(["held", "approved"]));
    assert_eq!(found["recording"], approval["recording"]);
    // → the recording: a block of frames begins there, as its format has it.
    let position = found["recording"]["position"].as_u64().unwrap();
    let file =
        std::fs::File::open(house.file(&format!("data/recordings/{id}.sluice-rec"))).unwrap();
    let mut header = [0; 9];
    file.read_exact_at(&mut header, position).unwrap();
    let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    assert!(length > 0 && position + u64::from(length) < file.metadata().unwrap().len());
    assert_eq!(header[4], 1, "{header:?}");
    let verified = house.cli("alice", &["verify", id]);
    assert!(verified.ok(), "{}", verified.all());
}
