//! Sessions played again.

use std::time::Duration;

use super::following::Following;
use super::{a_story, house, newest};
use crate::v15;

#[test]
fn a_replay_goes_at_any_speed_and_to_any_statement() {
    let database = v15().database();
    let house = house(&database);
    let id = a_story(&house);
    let replay = |more: &[&str]| {
        let ran = house.cli("alice", &[&["sessions", "replay", &id], more].concat());
        assert!(ran.ok(), "{more:?}: {}", ran.all());
        ran.stdout
    };
    let numbers = |shown: &str| -> Vec<u64> {
        let lines = shown.lines().filter_map(|line| line.strip_prefix("-- [")?.split_once(']'));
        lines.map(|(number, _)| number.parse().unwrap()).collect()
    };
    let whole = replay(&[]);
    assert_eq!(numbers(&whole), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(replay(&["--speed", "1000"]), whole);
    assert_eq!(replay(&["--speed", "50", "--idle", "0"]), whole);
    for (more, expected, ends) in [
        (&["--from", "6"][..], &[6, 7][..], true),
        (&["--to", "2"], &[1, 2], false),
        (&["--from", "3", "--to", "5", "--speed", "1000"], &[3, 4, 5], false),
        (&["--statement", "3"], &[3], false),
    ] {
        let shown = replay(more);
        assert_eq!(numbers(&shown), expected, "{more:?}");
        assert!(shown.starts_with("session "), "who it was is always said: {shown}");
        assert_eq!(shown.contains("\nclosed 20"), ends, "{shown}");
        assert_eq!(shown.contains("nobody drops here"), expected.contains(&3), "{shown}");
    }
    for wrong in [
        &["--statement", "8"][..],
        &["--from", "9"],
        &["--from", "3", "--to", "2"],
        &["--speed", "0"],
        &["--statement", "1", "--from", "1"],
    ] {
        let ran = house.cli("alice", &[&["sessions", "replay", &id], wrong].concat());
        assert_eq!(ran.status.code(), Some(2), "{wrong:?}: {}", ran.all());
    }
}

#[test]
fn ctrl_c_leaves_a_replay_that_goes_at_its_own_speed() {
    let database = v15().database();
    let house = house(&database);
    let mut client = house.client("alice");
    client.query("SELECT 'before'");
    std::thread::sleep(Duration::from_secs(2));
    client.query("SELECT 'after'");
    let id = newest(&house, "alice");
    // A pause of two seconds takes more than half an hour.
    let words = ["sessions", "replay", &id, "--speed", "0.001"];
    let mut replay = Following::start(&house, "alice", &words);
    replay.says("opened ");
    replay.interrupt();
    assert_eq!(replay.ended().code(), Some(0));
}
