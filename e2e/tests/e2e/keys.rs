//! Who can open recordings, and how their keys are followed by others.

use std::path::Path;
use std::time::Duration;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use e2e::{House, ask, until};

use crate::v15;

/// Somebody says something in a session that ends.
fn said(house: &House, sql: &str) -> String {
    let before = ids(house);
    let mut client = house.client("alice");
    client.query(sql);
    client.send(&ask::terminate());
    drop(client);
    until("the session is closed", Duration::from_secs(30), || {
        let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
        let listed = listed.as_array().unwrap().iter();
        let mut ended = listed.filter(|session| session["state"] == "closed");
        let id = ended.find(|session| !before.contains(&session["id"].to_string()))?["id"].clone();
        Some(id.as_str().unwrap().to_owned())
    })
}

fn ids(house: &House) -> Vec<String> {
    let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
    listed.as_array().unwrap().iter().map(|session| session["id"].to_string()).collect()
}

fn replayed(house: &House, id: &str) -> String {
    house.cli("root", &["sessions", "replay", id]).all()
}

fn keys(house: &House, words: &[&str]) -> serde_json::Value {
    let words = [&["keys"], words, &["--config", "sluice.yaml", "--json"]].concat();
    house.cli_json("root", &words)
}

fn reconfigure(house: &House, old: &str, new: &str) {
    let path = house.file("sluice.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    std::fs::write(path, text.replace(old, new)).unwrap();
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn keys_are_followed_by_others_and_old_recordings_stay_readable() {
    let database = v15().database();
    let passphrase = "evidence: {low_water: 0, reserve: 0}";
    let mut house = House::builder().setting(passphrase).orders(&database).start();
    let first = said(&house, "SELECT 'under the first key'");
    let before = keys(&house, &["ls"]);
    assert_eq!(before["keyring"].as_array().unwrap().len(), 1, "{before}");

    // A new key in the keyring, while the gateway is at work.
    let after = keys(&house, &["rotate"]);
    assert_eq!(after["keyring"][0], before["keyring"][0]);
    assert_eq!(after["master"], before["master"]);
    until("the gateway takes the new key up", Duration::from_secs(30), || {
        house.log().contains("the keyring was read again").then_some(())
    });
    let entered = house.cli_json("root", &["audit", "ls", "--code", "key.change", "--json"]);
    assert_eq!(entered[0]["detail"]["keys"], after["keyring"], "{entered}");
    let second = said(&house, "SELECT 'under the second key'");
    assert!(replayed(&house, &first).contains("under the first key"));
    assert!(replayed(&house, &second).contains("under the second key"));

    // Another master key, sealed by age under a passphrase.
    write(&house.file("passphrase"), "correct horse battery staple\n");
    let made = ["keys", "new-master", "--passphrase", "passphrase", "--out", "master.key.age"];
    assert!(house.cli("root", &made).ok());
    assert!(!house.cli("root", &made).ok(), "a key is never written over");
    let sealed = std::fs::read(house.file("master.key.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "), "as age seals");
    let new = ["rotate", "--new-master", "master.key.age", "--passphrase", "passphrase"];
    let rotated = keys(&house, &new);
    assert_ne!(rotated["master"], before["master"]);
    assert_eq!(rotated["keyring"].as_array().unwrap().len(), 3);
    let third = said(&house, "SELECT 'while the old master key was still in use'");
    assert!(replayed(&house, &third).contains("while the old master"));

    // The old one does not open the keyring any more, and the new one does.
    house.end("TERM");
    let words = ["serve", "--config", "sluice.yaml"];
    let refused = house.cli("root", &words);
    assert!(!refused.ok() && refused.stderr.contains("keyring"), "{}", refused.all());
    let sealed = "evidence: {low_water: 0, reserve: 0, master_key: {sealed: master.key.age, passphrase: {file: passphrase}}}";
    reconfigure(&house, passphrase, sealed);
    std::fs::remove_file(house.file("data/keys/master.key")).unwrap();
    house.restart();
    let fourth = said(&house, "SELECT 'under the new master key'");
    for (id, text) in [
        (&first, "under the first key"),
        (&second, "under the second key"),
        (&third, "while the old master"),
        (&fourth, "under the new master key"),
    ] {
        let replay = replayed(&house, id);
        assert!(replay.contains(text), "{text}: {replay}");
    }
    assert_eq!(keys(&house, &["ls"])["master"], rotated["master"]);
}

#[test]
fn what_is_sealed_to_auditors_alone_the_gateway_cannot_read() {
    let database = v15().database();
    let auditor = x25519::Identity::generate();
    let sealed =
        format!("evidence: {{recipients: [{}], gateway_reads: false}}", auditor.to_public());
    let mut house = House::builder().setting(&sealed).orders(&database).start();
    let id = said(&house, "SELECT 'for the auditor'");
    let refused = house.cli("root", &["sessions", "replay", &id]);
    assert!(!refused.ok() && !refused.all().contains("for the auditor"), "{}", refused.all());
    let verified = house.cli("root", &["verify", &id]);
    assert!(verified.ok() && verified.stdout.contains("VERIFIED"), "{}", verified.all());

    let identity = house.file("identity.txt");
    let secret = auditor.to_string();
    write(
        &identity,
        &format!("# public key: {}\n{}\n", auditor.to_public(), secret.expose_secret()),
    );
    let file = house.file(&format!("data/recordings/{id}.sluice-rec"));
    let file = file.to_str().unwrap();
    let replay = house.cli("root", &["sessions", "replay", "--identity", "identity.txt", file]);
    assert!(replay.ok() && replay.stdout.contains("for the auditor"), "{}", replay.all());
    let asked = house.cli("root", &["sessions", "replay", "--identity", "identity.txt", &id]);
    assert!(asked.stdout.contains("for the auditor"), "{}", asked.all());

    // Killed in the middle: it is ended all the same, and its reader can tell.
    let mut client = house.client("alice");
    client.query("SELECT 'before the kill'");
    std::thread::sleep(Duration::from_millis(1500));
    house.end("KILL");
    house.restart();
    let listed = house.cli_json("root", &["sessions", "ls", "--json"]);
    let interrupted = listed.as_array().unwrap().iter();
    let mut interrupted = interrupted.filter(|session| session["state"] == "interrupted");
    let id = interrupted.next().unwrap()["id"].as_str().unwrap().to_owned();
    let verified = house.cli("root", &["verify", &id]);
    assert!(verified.stdout.contains("INTERRUPTED"), "{}", verified.all());
    let replay = house.cli("root", &["sessions", "replay", "--identity", "identity.txt", &id]);
    assert!(replay.stdout.contains("before the kill"), "{}", replay.all());
    // No identity is kept by the gateway.
    std::fs::remove_file(&identity).unwrap();
}
