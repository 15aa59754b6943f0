//! Ends that do not read: what waits for them is bounded, and nobody else waits.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use e2e::{House, SshServer, run, until};

use super::{plain, signal};

/// The gateway may need this much more memory for somebody who does not read.
const ROOM: u64 = 64 << 20;

/// Ends a child, stopped or not, when the test is over.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Others come in and work, and the gateway stays as large as it was.
fn others_go_on(house: &House, before: u64) {
    for n in 0..12 {
        let text: String = (0..20_000).map(|line| format!("{n} {line}\n")).collect();
        let mut command = house.openssh_command("erin", "ssh", &["web-1.sluice", "cat"]);
        let ran = run(&mut command, &text);
        assert!(ran.ok() && ran.stdout == text, "{}", ran.stderr);
        let now = house.process().resident();
        assert!(now < before + ROOM, "it grew from {before} to {now} bytes");
    }
}

/// What it uses once it has done all that it does.
fn warm(house: &House) -> u64 {
    assert!(house.openssh("erin", "ssh", &["web-1.sluice", "seq 100000"]).ok());
    house.process().resident()
}

fn floods(house: &House, words: &[&str]) {
    let before = warm(house);
    let words = [words, &["web-1.sluice", "yes 'a line of a flood' | head -c 2G"]].concat();
    let mut command = house.openssh_command("alice", "ssh", &words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = Stopped(command.spawn().unwrap());
    let mut output = client.0.stdout.take().unwrap();
    // It has begun.
    output.read_exact(&mut [0; 1 << 16]).unwrap();
    signal(&client.0, "STOP");
    others_go_on(house, before);
    signal(&client.0, "CONT");
    // Whoever reads again gets more. A terminal is slow where nothing was optimized.
    let terminal = words.contains(&"-tt");
    output.read_exact(&mut vec![0; if terminal { 512 << 10 } else { 8 << 20 }]).unwrap();
    client.0.kill().unwrap();
    drop(client);
    until("its session ends", Duration::from_secs(60), || {
        let list = house.cli_json("alice", &["sessions", "ls", "--json"]);
        list.as_array().unwrap().iter().all(|one| !one["ended"].is_null()).then_some(())
    });
    others_go_on(house, before);
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let server = SshServer::start(None);
    floods(&plain(&server, ""), &[]);
}

#[test]
fn a_client_that_does_not_read_what_is_masked_holds_up_nobody() {
    let server = SshServer::start(None);
    let resource =
        format!("{}data:\n  - {{detect: [credit_card, email]}}\n", server.resource("web-1"));
    let house = House::builder().policies(super::PLAIN).resource("web-1", &resource).start();
    floods(&house, &[]);
    floods(&house, &["-tt"]);
}

#[test]
fn a_target_that_does_not_read_holds_up_nobody() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    // It outlives its session: the test ends it.
    let words = ["web-1.sluice", "echo $$; exec sleep 1000"];
    let mut command = house.openssh_command("alice", "ssh", &words);
    command.stdin(File::open("/dev/zero").unwrap()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = Stopped(command.spawn().unwrap());
    let mut pid = String::new();
    BufReader::new(client.0.stdout.as_mut().unwrap()).read_line(&mut pid).unwrap();
    let sent = || {
        let told = std::fs::read_to_string(format!("/proc/{}/io", client.0.id())).unwrap();
        let line = told.lines().find(|line| line.starts_with("wchar:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    until("it has sent what it may", Duration::from_secs(60), || (sent() > 200_000).then_some(()));
    others_go_on(&house, before);
    let all = sent();
    assert!(all < ROOM, "{all} bytes were taken for somebody who does not read");
    client.0.kill().unwrap();
    drop(client);
    let ended = Command::new("kill").arg(pid.trim()).status().unwrap();
    assert!(ended.success(), "the target's program had ended");
    others_go_on(&house, before);
}
