//! What a recording holds is what happened.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use e2e::{SshServer, Typing, run, until};

use super::{digest, digest_of, ended, events, of_type, plain};

#[test]
fn what_a_program_is_given_and_says_is_told_apart() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let words = ["web-1.sluice", "tr a-z A-Z; echo beside >&2; exit 4"];
    let ran = run(&mut house.openssh_command("alice", "ssh", &words), "given\n");
    let said = (ran.status.code(), &*ran.stdout, &*ran.stderr);
    assert_eq!(said, (Some(4), "GIVEN\n", "beside\n"));
    let session = &ended(&house, "alice", 1)[0];
    let recorded = events(&house, "alice", session);
    let exited = of_type(&recorded, "exited")[0];
    assert_eq!(exited["status"], 4);
    for (name, text) in [("input", "given\n"), ("output", "GIVEN\n"), ("error", "beside\n")] {
        let data: String = of_type(&recorded, "stream")
            .iter()
            .filter(|stream| stream["stream"] == name)
            .map(|stream| stream["data"].as_str().unwrap())
            .collect();
        assert_eq!(data, text, "{name}: {recorded:#?}");
        let streams = exited["streams"].as_array().unwrap();
        let told = streams.iter().find(|stream| stream["stream"] == name).unwrap();
        assert_eq!(told["bytes"], text.len(), "{exited}");
        assert_eq!(told["blake3"], digest(text.as_bytes()), "{exited}");
    }
    let id = session["id"].as_str().unwrap();
    let replay = house.cli("alice", &["sessions", "replay", id]);
    for line in [words[1], "< given", "GIVEN", "2> beside", "exit 4"] {
        assert!(replay.stdout.contains(line), "{line}: {}", replay.all());
    }
    let verified = house.cli("alice", &["verify", id]);
    assert!(verified.ok(), "{}", verified.all());
}

/// A gibibyte in writes of 1 byte to 1 MiB, as many of each size.
const WRITES: &str = r#"
import os, random
left = 1 << 30
piece = os.urandom(1 << 20)
while left:
    size = min(left, int(2 ** (20 * random.random())))
    at = random.randrange((1 << 20) - size + 1)
    view = memoryview(piece)[at:at + size]
    while view:
        view = view[os.write(1, view):]
    left -= size
"#;

#[test]
fn the_digest_that_is_told_is_of_what_was_delivered() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let (writes, got) = (server.file("writes.py"), house.file("got"));
    std::fs::write(&writes, WRITES).unwrap();
    // What the program wrote is told beside it.
    let line = format!("python3 {} | tee >(sha256sum >&2)", writes.display());
    let mut command = house.openssh_command("alice", "ssh", &["web-1.sluice", &line]);
    command.stdin(Stdio::null()).stdout(File::create(&got).unwrap()).stderr(Stdio::piped());
    let ran = command.spawn().unwrap().wait_with_output().unwrap();
    let wrote = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{wrote}");
    // And the other way, what was given, which wc counts.
    let line = "tee >(wc -c >&2) | sha256sum";
    let mut command = house.openssh_command("alice", "ssh", &["web-1.sluice", line]);
    let back = command.stdin(File::open(&got).unwrap()).output().unwrap();
    let (back, counted) =
        (String::from_utf8(back.stdout).unwrap(), String::from_utf8(back.stderr).unwrap());
    assert_eq!(counted.trim(), (1_u64 << 30).to_string());

    let sent = digest_of(&got);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(&got).unwrap()).unwrap();
    let told_of = hasher.finalize().to_hex().to_string();
    let first = |text: &str| text.split_whitespace().next().unwrap().to_owned();
    assert_eq!((first(&wrote), first(&back)), (sent.clone(), sent.clone()));
    for session in ended(&house, "alice", 2) {
        let recorded = events(&house, "alice", &session);
        let exited = of_type(&recorded, "exited")[0];
        let streams = exited["streams"].as_array().unwrap();
        let told = streams.iter().find(|stream| stream["bytes"] == 1_u64 << 30);
        let told = told.unwrap_or_else(|| panic!("{exited}"));
        assert_eq!(told["blake3"], *told_of, "{exited}");
        // Not all of it is kept, and it is said so.
        assert_eq!(of_type(&recorded, "cut").len(), 1);
    }
}

#[test]
fn a_live_session_is_followed_and_ended_with_words() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut session = Typing::start(&mut house.openssh_command(
        "alice",
        "ssh",
        &["web-1.sluice", "echo ready; cat"],
    ));
    session.says("ready");
    let id =
        house.cli_json("root", &["sessions", "ls", "--json"])[0]["id"].as_str().unwrap().to_owned();
    let token = house.person("root").token;
    let words = ["sessions", "tail", &id];
    let mut tail = Typing::start(&mut house.cli_command(&[("SLUICE_TOKEN", &token)], &words));
    tail.says("ready");
    session.line("said while somebody looks");
    tail.says("said while somebody looks");
    let killed =
        house.cli("root", &["sessions", "kill", &id, "--reason", "the maintenance begins"]);
    assert!(killed.ok(), "{}", killed.all());
    let status = session.ends();
    assert_eq!(status.code(), Some(255), "{}", session.said());
    let said = session.says("the maintenance begins");
    assert!(said.contains("root@example.com"), "{said}");
    assert!(tail.ends().success(), "{}", tail.said());
    assert!(tail.says("the maintenance begins").contains("root@example.com"));
    let recorded = events(&house, "alice", &ended(&house, "alice", 1)[0]);
    let closed = of_type(&recorded, "closed")[0]["how"].to_string();
    assert!(closed.contains("the maintenance begins"), "{closed}");
    // What ran is told to have ended, as far as is known, and with what was said.
    let exited = of_type(&recorded, "exited");
    assert_eq!(exited.len(), 1, "{recorded:#?}");
    until("the target is left too", Duration::from_secs(20), || {
        let log = server.log();
        ["Connection closed by", "Disconnected from", "Connection reset by"]
            .iter()
            .any(|words| log.contains(words))
            .then_some(())
    });
}

#[test]
fn what_was_said_before_a_client_vanished_is_told() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut command = house.openssh_command("alice", "ssh", &["web-1.sluice", "echo ready; cat"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let recorded = events(&house, "alice", &ended(&house, "alice", 1)[0]);
    assert_eq!(of_type(&recorded, "stream")[0]["data"], "ready\n");
    let exited = of_type(&recorded, "exited");
    assert_eq!(exited.len(), 1, "{recorded:#?}");
    assert_eq!(exited[0]["streams"][0]["blake3"], digest(b"ready\n"));
}
