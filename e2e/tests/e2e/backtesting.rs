//! Policies that are tried out: beside those in force, and on what was recorded; and what must be on the
//! disk before it is sent because a policy says so.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e::{Client, House, Ran, ask, until};
use serde_json::Value;

use crate::v15;

/// The house's usual policies.
const OPEN: &str = r#"
@id("engineers")
permit (
    principal in Group::"engineering",
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"administer"],
    resource
);
"#;

/// A folder with a candidate in it.
fn candidate(house: &House, name: &str, more: &str) -> String {
    let folder = house.file(name);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("house.cedar"), format!("{OPEN}{more}")).unwrap();
    folder.display().to_string()
}

fn backtest(house: &House, words: &[&str]) -> Ran {
    // What was said so far is brought to the disk for whoever lists the sessions.
    let listed = house.cli("root", &["sessions", "ls", "--json"]);
    assert!(listed.ok(), "{}", listed.all());
    house.cli_with(&[], &[&["policy", "backtest"], words].concat())
}

fn object(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
}

/// `from→to what by policies: commands`, for each change.
fn changes(found: &Value) -> Vec<String> {
    let words = |list: &Value| {
        let words = list.as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(", ")
    };
    let changes = found["changes"].as_array().unwrap().iter().map(|change| {
        let [from, to, subject] =
            ["from", "to", "subject"].map(|key| change[key].as_str().unwrap());
        let name = subject.split('@').next().unwrap();
        let (what, by) = (words(&change["what"]), words(&change["policies"]));
        format!("{name}: {from}→{to} {what} by {by}: {}", change["commands"])
    });
    let mut changes: Vec<_> = changes.collect();
    changes.sort();
    changes
}

fn code(ran: &Ran) -> Option<i32> {
    ran.status.code()
}

/// Alice reads and writes, bob changes everything, and one statement is refused for masking.
fn history(house: &House) {
    let alice = house.psql("alice").script(
        "SELECT count(*) FROM public.customers;\n\
         BEGIN;\nDELETE FROM public.customers WHERE id = -1;\nCOMMIT;\n\
         CREATE TABLE public.copied AS SELECT ssn FROM public.customers;\n",
    );
    assert_eq!(alice.stderr.matches("ERROR").count(), 1, "{}", alice.all());
    assert!(alice.stderr.contains("no longer masked"), "{}", alice.all());
    let bob = house.psql("bob").script(
        "SELECT 1;\nDELETE FROM public.customers WHERE id = -2;\nUPDATE public.customers SET id = id;\n",
    );
    assert!(bob.ok(), "{}", bob.all());
}

#[test]
fn what_would_change_is_told_with_whose_it_is_while_the_gateway_runs() {
    let database = v15().database();
    let house = House::open(&database);
    let mut live = house.client("erin");
    live.query("DELETE FROM public.customers WHERE id = -3");
    history(&house);

    let same = candidate(&house, "same", "");
    let ran = backtest(&house, &["--policies", &same]);
    assert_eq!(code(&ran), Some(0), "{}", ran.all());
    assert!(ran.stdout.contains("0 changed, 0 cannot be decided again"), "{}", ran.all());

    let tight = candidate(
        &house,
        "tight",
        "@id(\"no-deletes\") forbid (principal, action == Action::\"delete\", resource);\n",
    );
    let ran = backtest(&house, &["--policies", &tight, "--json"]);
    assert_eq!(code(&ran), Some(1), "{}", ran.all());
    let found = object(&ran);
    let deleted = "allowed→denied delete public.customers by no-deletes: 1";
    let expected: Vec<_> =
        ["alice", "bob", "erin"].iter().map(|name| format!("{name}: {deleted}")).collect();
    assert_eq!(changes(&found), expected, "{found}");
    assert_eq!((&found["undecided"], &found["changed"]), (&0.into(), &3.into()), "{found}");
    let of_bob = found["changes"].as_array().unwrap().iter();
    let of_bob = of_bob.clone().find(|change| change["subject"] == "bob@example.com").unwrap();
    assert_eq!(of_bob["examples"][0]["text"], "DELETE FROM public.customers WHERE id = -2;");

    for (words, expected) in [
        (&["--fail-on", "tighter"][..], 1),
        (&["--fail-on", "looser"], 0),
        (&["--fail-on", "none"], 0),
        (&["--subject", "nobody@example.com"], 0),
        (&["--resource", "orders", "--subject", "bob@example.com"], 1),
        (&["--resource", "no-such"], 2),
        (&["--until", "1d", "--since", "2d"], 0),
    ] {
        let ran = backtest(&house, &[&["--policies", &tight], words].concat());
        assert_eq!(code(&ran), Some(expected), "{words:?}: {}", ran.all());
    }
    // The other way round.
    let ran = backtest(&house, &["--policies", &same, "--against", &tight, "--json"]);
    assert_eq!(code(&ran), Some(1), "{}", ran.all());
    assert!(changes(&object(&ran)).iter().all(|change| change.contains("denied→allowed")));
    // The gateway took no notice of any of it.
    assert!(live.query("SELECT 1").iter().all(|message| message.kind != b'E'));
}

#[test]
fn a_candidate_is_told_what_a_policy_sees_of_a_command() {
    let database = v15().database();
    let house = House::open(&database);
    history(&house);
    for (name, more, expected) in [
        (
            "held",
            "@id(\"x\") forbid (principal, action == Action::\"update\", resource) when { context.unbounded };\n",
            "bob: allowed→denied update public.customers by x: 1",
        ),
        (
            "transaction",
            "@id(\"x\") forbid (principal, action == Action::\"delete\", resource) unless { context.in_transaction };\n",
            "bob: allowed→denied delete public.customers by x: 1",
        ),
        (
            "client",
            "@id(\"x\") forbid (principal == User::\"bob@example.com\", action == Action::\"connect\", resource);\n",
            "bob: opened→refused connect by x: 3",
        ),
    ] {
        let folder = candidate(&house, name, more);
        let found = object(&backtest(&house, &["--policies", &folder, "--json"]));
        let told = changes(&found);
        assert!(told.contains(&expected.to_owned()), "{name}: {told:?}");
        assert_eq!(found["undecided"], 0, "{name}: {found}");
        let commands = |key: &str| found[key].as_u64().unwrap();
        assert_eq!(commands("commands"), commands("unchanged") + commands("changed"));
    }
    // What was refused for masking would be refused again by it, until other classes are shown.
    let shown = candidate(
        &house,
        "shown",
        "@id(\"r\") permit (principal == User::\"alice@example.com\", action == Action::\"reveal\", resource == DataClass::\"us_ssn\");\n",
    );
    let ran = backtest(&house, &["--policies", &shown, "--json"]);
    let found = object(&ran);
    assert_eq!(changes(&found), ["alice: masked→shown us_ssn by : 0"], "{found}");
    assert_eq!(found["undecided"], 1, "{found}");
    assert!(found["cannot_be_decided"][0]["why"].as_str().unwrap().contains("masked"), "{found}");
    assert!(ran.stderr.contains("cannot be decided again: 1 command"), "{}", ran.all());
    let mistake = candidate(
        &house,
        "mistake",
        "@id(\"m\") permit (principal, action == Action::\"slect\", resource);",
    );
    let ran = backtest(&house, &["--policies", &mistake]);
    assert_eq!(code(&ran), Some(2), "{}", ran.all());
    assert!(ran.stderr.contains("house.cedar:8:"), "{}", ran.all());
}

#[test]
fn a_policy_in_shadow_is_recorded_and_not_enforced() {
    let database = v15().database();
    let more = "@id(\"no-deletes\") @shadow(\"true\") forbid (principal, action == Action::\"delete\", resource);\n\
                @id(\"ssn\") @shadow(\"true\") permit (principal, action == Action::\"reveal\", resource == DataClass::\"us_ssn\");\n";
    let house = House::builder().policies(&format!("{OPEN}{more}")).orders(&database).start();
    let said = house
        .psql("alice")
        .script("DELETE FROM public.customers WHERE id = -1;\nSELECT ssn FROM public.customers;\n");
    assert!(said.ok(), "{}", said.all());
    assert!(!said.all().contains("536-22-8726"), "nothing is shown that is masked: {}", said.all());
    let list = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let id = list[0]["id"].as_str().unwrap();
    let replay = house.cli("alice", &["sessions", "replay", id]);
    assert!(replay.stdout.contains("shadow: would be DENIED (by no-deletes)"), "{}", replay.all());
    let session = "shadow: the session would be allowed, shown in clear: us_ssn (by ssn)";
    assert!(replay.stdout.contains(session), "{}", replay.all());
    let lines = house.cli("alice", &["sessions", "replay", id, "--json"]).stdout;
    let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let shadows: Vec<_> = events.filter(|event| event["type"] == "shadow").collect();
    assert_eq!(shadows.len(), 2, "{shadows:?}");
    let denied = shadows.iter().find(|event| event["number"] == 1).unwrap();
    assert_eq!(
        (&denied["verdict"], &denied["policies"][0]),
        (&"denied".into(), &"no-deletes".into())
    );
    let metrics = house.metrics();
    assert!(metrics.contains("sluice_shadow_verdicts_total{verdict=\"denied\"} 1"), "{metrics}");
    // The recording is as good as any.
    until("the recording verifies", Duration::from_secs(30), || {
        house.cli("root", &["verify", id]).ok().then_some(())
    });
    // Offline the same is said.
    let explained = house.cli_with(
        &[],
        &[
            "explain",
            "--as",
            "a",
            "--group",
            "engineering",
            "--on",
            "orders",
            "DELETE FROM public.customers",
        ],
    );
    assert!(explained.ok(), "{}", explained.all());
    assert!(explained.stdout.contains("would be denied (by no-deletes)"), "{}", explained.all());
    let checked = house.cli_with(&[], &["check"]);
    assert!(checked.stdout.contains("(2 in shadow)"), "{}", checked.all());
    test_of_policies(&house);
}

/// `shadow` and `shadow_policy` of a policy test, right and wrong.
fn test_of_policies(house: &House) {
    let file: PathBuf = house.file("policies/shadow.test.yaml");
    let test = |shadow: &str, policy: &str| {
        format!(
            "- name: tried out\n  as: ann@example.com\n  groups: [engineering]\n  on: orders\n  \
             run: DELETE FROM public.customers WHERE id = 1\n  expect: allow\n  shadow: {shadow}\n  \
             shadow_policy: {policy}\n"
        )
    };
    for (shadow, policy, complaint) in [
        ("deny", "no-deletes", None),
        (
            "allow",
            "no-deletes",
            Some("shadow: expected allow, with the policies in shadow it would be deny"),
        ),
        ("deny", "other", Some("shadow: expected the policy other, found no-deletes")),
    ] {
        std::fs::write(&file, test(shadow, policy)).unwrap();
        let checked = house.cli_with(&[], &["check"]);
        assert_eq!(checked.ok(), complaint.is_none(), "{}", checked.all());
        if let Some(complaint) = complaint {
            assert!(checked.all().contains(complaint), "{}", checked.all());
        }
    }
    std::fs::remove_file(&file).unwrap();
}

/// Where nothing can be written, what must be on the disk before it is sent is not sent.
#[test]
fn what_a_policy_makes_strict_is_on_the_disk_before_the_server_sees_it() {
    let by_command = "@id(\"traced\") @evidence(\"strict\") permit (principal, action == Action::\"select\", resource);\n";
    let by_session = "@id(\"traced\") @evidence(\"strict\") permit (principal, action == Action::\"connect\", resource);\n";
    for (what, more) in [("a command's permit", by_command), ("the session's permit", by_session)] {
        let database = v15().database();
        let house = House::builder().policies(&format!("{OPEN}{more}")).orders(&database).start();
        let mut client = house.client("alice");
        assert_eq!(client.query("SELECT 1").len(), 4, "{what}");
        let limit = Command::new("prlimit")
            .args(["--pid", &house.process().pid().to_string(), "--fsize=4096:4096"])
            .status();
        assert!(limit.unwrap().success());
        // Longer than the limit however well it is compressed.
        let noise = (0..20_000_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761)));
        let noise = noise.collect::<String>();
        let long = format!("SELECT 'unrecorded' FROM public.customers /* {noise} */");
        client.try_send(&ask::query(&long));
        let said = client.until(|_| false);
        assert!(!format!("{said:?}").contains("D["), "{what}: {said:?}");
        assert!(!database.log().contains("unrecorded"), "{what}: the statement reached the server");
    }
}

#[test]
fn no_command_that_a_policy_makes_strict_is_lost_when_the_gateway_is_killed() {
    let database = v15().database();
    let more = "@id(\"traced\") @evidence(\"strict\") permit (principal, action == Action::\"delete\", resource);\n";
    let mut house = House::builder().policies(&format!("{OPEN}{more}")).orders(&database).start();
    let mut clients: Vec<Client> = (0..20).map(|_| house.client("alice")).collect();
    for client in &mut clients {
        for round in 0..3 {
            let said = client.query(&format!("DELETE FROM public.customers WHERE id = -{round}"));
            assert!(said.iter().all(|message| message.kind != b'E'), "{said:?}");
        }
    }
    house.end("KILL");
    drop(clients);
    house.restart();
    let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 20);
    for session in listed {
        assert_eq!(session["counts"]["commands"], 3, "{session}");
    }
}
