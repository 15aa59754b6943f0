//! Who comes in, and how the target is known.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{House, Ran, SshServer, Typing, keygen, run, until};
use serde_json::Value;

use super::{POLICIES, house, registered};

#[test]
fn who_may_not_come_in_hears_the_same_of_what_is_there_and_of_what_is_not() {
    let server = SshServer::start(None);
    let house = house(&server);
    let mut said = Vec::new();
    for resource in ["web-1", "web-2"] {
        let mut command =
            house.openssh_command("carol", "ssh", &["-l", resource, "web-1.sluice", "true"]);
        let ran = run(&mut command, "");
        assert_eq!(ran.status.code(), Some(255), "{}", ran.all());
        said.push(ran.stderr.replace(resource, "R"));
    }
    assert_eq!(said[0], said[1]);
    assert!(!server.log().contains("Accepted"), "{}", server.log());
}

/// OpenSSH's client with these keys, in this order, and nothing else to show.
fn come_in(house: &House, keys: &[&Path]) -> Ran {
    let mut command = Command::new("ssh");
    command.args(["-F", "none", "-v", "-p", &house.ssh_port().to_string()]);
    for key in keys {
        command.arg("-i").arg(key);
    }
    for option in [
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "PreferredAuthentications=publickey",
        "BatchMode=yes",
    ] {
        command.args(["-o", option]);
    }
    run(command.args(["web-1@127.0.0.1", "echo in"]), "")
}

#[test]
fn a_key_that_is_nobodys_opens_nothing() {
    let server = SshServer::start(None);
    let house = house(&server);
    let stranger = house.file("stranger");
    keygen(&stranger);
    let ran = come_in(&house, &[&stranger]);
    assert_eq!(ran.status.code(), Some(255), "{}", ran.all());
    assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    assert!(!server.log().contains("Accepted"), "{}", server.log());
}

/// As CVE-2024-45337 had it: a client may offer any key whose public half it has.
#[test]
fn the_key_that_signs_counts_and_none_that_was_only_offered() {
    let server = SshServer::start(None);
    let house = house(&server);
    let own = registered(&house);
    let another = house.file("another");
    keygen(&another);
    let public = format!("{}.pub", another.display());
    let words = ["token", "create", "another", "--subject", "another@ci", "--group", "dba"];
    let made = house.cli("root", &[&words[..], &["--ssh-key", &public]].concat());
    assert!(made.ok(), "{}", made.all());
    // The client has nothing of it but what everybody may see.
    std::fs::copy(&public, &another).unwrap();
    let offered = |ran: &Ran| ran.stderr.matches("Server accepts key").count();

    let ran = come_in(&house, &[&another]);
    assert_eq!((ran.status.code(), offered(&ran)), (Some(255), 1), "{}", ran.all());
    let ran = come_in(&house, &[&another, &own]);
    assert_eq!((&*ran.stdout, offered(&ran)), ("in\n", 2), "{}", ran.all());
    let sessions = super::ended(&house, "root", 1);
    assert_eq!(sessions[0]["subject"], "machine@ci", "{sessions:?}");
}

#[test]
fn a_registered_key_opens_until_it_is_taken_back() {
    let server = SshServer::start(None);
    let house = house(&server);
    let key = house.file("backup");
    keygen(&key);
    let public = format!("{}.pub", key.display());
    let made = house.cli_json(
        "root",
        &[
            "token",
            "create",
            "backup",
            "--subject",
            "backup@ci",
            "--group",
            "engineering",
            "--ssh-key",
            &public,
            "--json",
        ],
    );
    let ran = come_in(&house, &[&key]);
    assert_eq!(ran.stdout, "in\n", "{}\n{}", ran.all(), house.log());
    let id = made["id"].as_str().unwrap();
    assert!(house.cli("root", &["token", "revoke", id]).ok());
    assert_eq!(come_in(&house, &[&key]).status.code(), Some(255));
}

#[test]
fn a_host_key_that_is_seen_first_opens_once_an_administrator_has_confirmed_it() {
    let mut server = SshServer::start(None);
    let house = House::builder()
        .policies(POLICIES)
        .resource("web-1", &server.resource_known_by("web-1", "confirmed"))
        .resource("web-2", &server.resource_known_by("web-2", "first-use"))
        .start();
    let come_in =
        |resource: &str| house.openssh("alice", "ssh", &[&format!("{resource}.sluice"), "echo in"]);
    let ran = come_in("web-1");
    assert!(ran.status.code() == Some(255) && ran.stderr.contains("confirm"), "{}", ran.all());
    assert_eq!(come_in("web-2").stdout, "in\n");
    let fingerprint = server.fingerprint();
    let known = house.cli_json("root", &["host-keys", "ls", "--json"]);
    assert_eq!(known[0]["fingerprint"], Value::from(fingerprint.clone()), "{known}");
    assert!(!house.cli("root", &["host-keys", "confirm", "web-1", "SHA256:other"]).ok());
    assert!(!house.cli("alice", &["host-keys", "confirm", "web-1", &fingerprint]).ok());
    assert!(house.cli("root", &["host-keys", "confirm", "web-1", &fingerprint]).ok());
    assert_eq!(come_in("web-1").stdout, "in\n");

    server.change_host_key();
    let refused =
        || ["web-1", "web-2"].map(come_in).iter().all(|ran| ran.status.code() == Some(255));
    until("another host key is refused", Duration::from_secs(20), || refused().then_some(()));
    assert!(house.log().contains("another host key than before"), "{}", house.log());
    assert!(house.cli("root", &["host-keys", "forget", "web-2"]).ok());
    assert_eq!(come_in("web-2").stdout, "in\n");
}

#[test]
fn the_gateways_own_authority_opens_an_account_for_five_minutes() {
    // Its authority is there once it has started.
    let first = SshServer::start(None);
    let house = house(&first);
    let info = e2e::request("GET", &format!("{}/api/v1/info", house.url()), &[], "");
    let info: Value = serde_json::from_str(&info.body).unwrap();
    let server = SshServer::start(info["ssh"]["authority"].as_str());
    let key = std::fs::read_to_string(server.file("host.pub")).unwrap();
    let resource =
        server.resource_opened_by("web-3", &format!("[\"{}\"]", key.trim()), "authority");
    std::fs::write(house.file("resources/web-3.yaml"), resource).unwrap();
    until("the resource is there", Duration::from_secs(20), || {
        house.cli("alice", &["ls"]).stdout.contains("web-3").then_some(())
    });
    let ran = house.openssh("alice", "ssh", &["web-3.sluice", "echo in"]);
    assert_eq!(ran.stdout, "in\n", "{}\n{}", ran.all(), server.log());
    assert!(server.log().contains("sluice for"), "{}", server.log());
}

#[test]
fn somebody_without_a_key_types_a_token_or_signs_in_in_a_browser() {
    let server = SshServer::start(None);
    let house = house(&server);
    let port = house.ssh_port().to_string();
    let asked = |answer: &str| {
        let program = house.file("answers");
        std::fs::write(&program, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, runs).unwrap();
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-p", &port, "-o", "StrictHostKeyChecking=no"]);
        command.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none"]);
        command.args(["-o", "PreferredAuthentications=keyboard-interactive"]);
        command.args(["-o", "NumberOfPasswordPrompts=1", "web-1@127.0.0.1", "echo in"]);
        command.env("SSH_ASKPASS", &program).env("SSH_ASKPASS_REQUIRE", "force");
        command
    };
    let ran = run(&mut asked(&house.person("alice").token), "");
    assert!(ran.ok() && ran.stdout == "in\n", "{}", ran.all());
    let ran = run(&mut asked("something else"), "");
    assert_eq!(ran.status.code(), Some(255), "{}", ran.all());

    let mut waits = Typing::start(&mut asked(""));
    let said = waits.says("This goes on by itself");
    let url = said.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    assert!(url.starts_with(house.idp().issuer()), "{said}");
    let _ = e2e::browse(url, "alice@example.com");
    waits.says("in\n");
    assert!(waits.ends().success(), "{}", waits.said());
    let sessions = super::ended(&house, "alice", 2);
    assert!(sessions.iter().all(|one| one["subject"] == "alice@example.com"), "{sessions:?}");
}

/// Whoever may open a target needs not be let in to what lies on the way.
#[test]
fn a_target_behind_a_jump_host_is_reached_through_it() {
    let (bastion, server) = (SshServer::start(None), SshServer::start(None));
    let closed = format!("127.0.0.1:{}", e2e::free_port());
    let behind = |name: &str| format!("{}via: bastion\n", server.resource(name));
    let nowhere = behind("web-2").replace(&server.address(), &closed);
    let policies = format!(
        "{POLICIES}\n@id(\"nobody-works-on-the-bastion\")\n\
         forbid (principal, action == Action::\"connect\", resource == Resource::\"bastion\");\n"
    );
    let house = House::builder()
        .policies(&policies)
        .resource("bastion", &bastion.resource("bastion"))
        .resource("web-1", &behind("web-1"))
        .resource("web-2", &nowhere)
        .start();
    let numbers: String = (0..1_000_000).map(|number| format!("{number}\n")).collect();
    let mut cat = house.openssh_command("alice", "ssh", &["web-1.sluice", "cat"]);
    let ran = run(&mut cat, &numbers);
    assert!(ran.ok() && ran.stdout == numbers, "{}\n{}", ran.stderr, house.log());
    assert!(bastion.log().contains("Accepted"), "{}", bastion.log());
    assert!(server.log().contains("Accepted"), "{}", server.log());
    // Its end is the connection's, all the way.
    until("nobody is left on the way", Duration::from_secs(20), || {
        // A look at whether it listens has closed one, too.
        let left = |server: &SshServer| {
            let log = server.log();
            log.contains("Disconnected from user")
                || log.matches("Connection closed by").count() > 1
        };
        (left(&bastion) && left(&server)).then_some(())
    });

    let ran = house.openssh("alice", "ssh", &["bastion.sluice", "true"]);
    assert_eq!(ran.status.code(), Some(255), "{}", ran.all());
    let ran = house.openssh("alice", "ssh", &["web-2.sluice", "true"]);
    assert_eq!(ran.status.code(), Some(255), "{}", ran.all());
    assert!(ran.stderr.contains("its jump host does not connect there"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&closed), "{}", ran.stderr);
}
