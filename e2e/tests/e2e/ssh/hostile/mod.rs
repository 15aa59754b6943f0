//! Clients that keep to nothing.

mod before;
mod client;
mod crowd;
mod floods;
mod messages;

use e2e::House;

use self::client::Hostile;
use super::ended;

/// The gateway may need this much more memory for a hostile client.
const ROOM: u64 = 64 << 20;

/// Somebody else comes in and works.
fn others_work(house: &House) {
    let ran = house.openssh("erin", "ssh", &["web-1.sluice", "true"]);
    assert!(ran.ok(), "{}\n{}", ran.all(), house.log());
}

/// What the gateway uses once it has done what it does.
fn warm(house: &House) -> u64 {
    others_work(house);
    house.process().resident()
}

fn assert_bounded(house: &House, before: u64, what: &str) {
    let now = house.process().resident();
    assert!(now < before + ROOM, "{what}: it grew from {before} to {now} bytes");
}

/// All that happened is told to its end, and nothing went wrong inside.
fn assert_told(house: &House, count: usize) {
    for session in ended(house, "root", count) {
        let verified = house.cli("root", &["verify", session["id"].as_str().unwrap()]);
        assert!(verified.ok(), "{}", verified.all());
    }
    let log = house.log();
    assert!(!log.contains("panic"), "{log}");
}
