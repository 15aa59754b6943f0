//! Much of what is permitted: it is answered, refused or ended, and memory stays bounded.

use std::time::Duration;

use e2e::{House, SshServer, of_python, run_within, until};

use super::super::{ended, plain, registered};
use super::client::{
    CLOSE, DATA, FAILURE, GLOBAL_FAILURE, NOT_OPENED, OPENED, SUCCESS, WINDOW, global, message,
    number_at, of, open, request, string,
};
use super::{Hostile, assert_bounded, assert_told, others_work, warm};

#[test]
fn a_thousand_ways_out_that_nobody_may_take_are_refused_one_by_one() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let way = [string("127.0.0.1"), vec![0, 0, 0, 22], string("here"), vec![0; 4]].concat();
    let opening = |number| [open("direct-tcpip", number, 1 << 20, 32 << 10), way.clone()].concat();
    assert!(client.pour((0..1_000).map(opening)));
    for number in 0..1_000 {
        let refused = client.hear_of(NOT_OPENED);
        assert_eq!(number_at(&refused, 1), number);
        // It is not allowed, and that is why: not for want of room.
        assert_eq!(number_at(&refused, 5), 1);
    }
    client.works();
    assert_bounded(&house, before, "after all of them");
    drop(client);
    let log = server.log();
    assert_eq!(log.matches("Starting session").count(), 2, "{log}");
    assert_told(&house, 2);
}

#[test]
fn twenty_thousand_signals_to_a_program_are_answered_in_turn() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let there = client.session(5);
    client.say(&request(there, "exec", true, &string("cat")));
    client.hear_of(SUCCESS);
    let one = request(there, "signal", true, &string("WINCH"));
    assert!(client.pour((0..20_000).map(|_| one.clone())));
    others_work(&house);
    assert_bounded(&house, before, "with its signals");
    for _ in 0..20_000 {
        let payload = client.hear().unwrap();
        assert!(matches!(payload[0], SUCCESS | FAILURE), "{payload:?}");
    }
    client.works();
    drop(client);
    assert_told(&house, 3);
}

#[test]
fn answers_that_nobody_reads_wait_in_bounds() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    client.is_deaf(true);
    let one = global("keepalive@openssh.com", true, &[]);
    let all = 50_000;
    let taken = client.pour((0..all).map(|_| one.clone()));
    others_work(&house);
    assert_bounded(&house, before, "while nobody reads");
    client.is_deaf(false);
    if taken {
        for _ in 0..all {
            assert_eq!(client.hear().unwrap()[0], GLOBAL_FAILURE);
        }
        client.works();
    }
    drop(client);
    // Those whose answers nobody wants cost nothing.
    let mut client = Hostile::enter(&house, "alice");
    let one = global("keepalive@openssh.com", false, &[7; 1000]);
    assert!(client.pour((0..all).map(|_| one.clone())));
    client.works();
    drop(client);
    assert_bounded(&house, before, "after all of them");
    ended(&house, "root", 4);
}

#[test]
fn ports_are_listened_on_one_at_a_time_and_only_where_it_is_permitted() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let port = |port: u32| [&string("127.0.0.1")[..], &port.to_be_bytes()].concat();
    assert!(client.pour((0..1_000).map(|n| global("tcpip-forward", true, &port(n)))));
    for _ in 0..1_000 {
        client.hear_of(GLOBAL_FAILURE);
    }
    client.works();
    // What the target has to answer is not asked without end.
    let cancel = |n| global("cancel-tcpip-forward", true, &port(n));
    client.pour((0..1_000).map(cancel));
    let said = client.farewell();
    assert!(said.is_empty() || said.contains("too many requests at once"), "{said}");
    others_work(&house);
    assert_bounded(&house, before, "after all of them");
    assert_told(&house, 3);
}

#[test]
fn windows_that_grew_in_many_channels_are_filled_and_not_emptied() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let count = 40_u32;
    let narrow = 2 << 20;
    let mut there = Vec::new();
    for number in 0..count {
        client.say(&open("session", number, narrow, 32 << 10));
        there.push(number_at(&client.hear_of(OPENED), 5));
    }
    // Each is read until its window is full. From then on nobody takes anything, and the target says all it may.
    for channel in &there {
        client.say(&request(*channel, "exec", true, &string("exec cat /dev/zero")));
    }
    let mut heard = 0;
    while heard < u64::from(count) * u64::from(narrow) {
        let payload = client.hear_of(DATA);
        heard += payload.len() as u64 - 9;
    }
    for _ in 0..5 {
        others_work(&house);
        assert_bounded(&house, before, "with its channels");
    }
    // They go on where they are given room.
    for channel in &there {
        client.say(&message(WINDOW, &[*channel, 100_000], &[]));
    }
    let mut more = 0;
    while more < u64::from(count) * 100_000 {
        more += client.hear_of(DATA).len() as u64 - 9;
    }
    for channel in &there {
        client.say(&of(CLOSE, *channel));
    }
    client.works();
    drop(client);
    assert_told(&house, 7);
}

#[test]
fn new_keys_are_exchanged_as_often_as_somebody_likes() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    // After every few kilobytes, in both directions.
    let text: String = (0..40_000).map(|line| format!("{line}\n")).collect();
    let words = ["-o", "RekeyLimit=4K", "web-1.sluice", "cat"];
    let mut command = house.openssh_command("alice", "ssh", &words);
    let ran = run_within(Duration::from_secs(240), &mut command, &text);
    assert!(ran.ok() && ran.stdout == text, "{}", ran.stderr);
    // And for nothing at all.
    let program = r#"
import os, paramiko
c = paramiko.SSHClient()
c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect("127.0.0.1", int(os.environ["PORT"]), "web-1", key_filename=os.environ["KEY"],
          look_for_keys=False, allow_agent=False)
for n in range(200):
    c.get_transport().renegotiate_keys()
i, o, e = c.exec_command("echo in")
assert o.read() == b"in\n"
c.close()
print("done")
"#;
    let key = registered(&house).display().to_string();
    let mut command = std::process::Command::new(of_python("python"));
    command.args(["-c", program]).env("PORT", house.ssh_port().to_string()).env("KEY", key);
    let ran = run_within(Duration::from_secs(240), &mut command, "");
    assert_eq!(ran.stdout, "done\n", "{}\n{}", ran.stderr, house.log());
    others_work(&house);
    assert_bounded(&house, before, "after all of them");
    assert_told(&house, 4);
}

#[test]
fn what_a_target_says_while_keys_are_never_agreed_on_waits_in_bounds() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let there: Vec<u32> = (0..10)
        .map(|number| {
            client.say(&open("session", number, u32::MAX, 1));
            number_at(&client.hear_of(OPENED), 5)
        })
        .collect();
    for channel in &there {
        client.say(&request(*channel, "exec", true, &string("exec cat /dev/zero")));
    }
    client.hear_of(DATA);
    client.say(&super::messages::offer());
    for _ in 0..5 {
        others_work(&house);
        assert_bounded(&house, before, "while keys are exchanged");
    }
    drop(client);
    until("its session ends", Duration::from_secs(60), || {
        let list = house.cli_json("root", &["sessions", "ls", "--json"]);
        list.as_array().unwrap().iter().all(|one| !one["ended"].is_null()).then_some(())
    });
    assert_told(&house, 7);
}

#[test]
fn room_that_is_given_once_is_used_to_its_end_where_something_is_masked() {
    let server = SshServer::start(None);
    let resource =
        format!("{}data:\n  - {{detect: [credit_card, email]}}\n", server.resource("web-1"));
    let house = House::builder().policies(super::super::PLAIN).resource("web-1", &resource).start();
    let mut client = Hostile::enter(&house, "alice");
    client.say(&open("session", 5, 0, 32 << 10));
    let there = number_at(&client.hear_of(OPENED), 5);
    // More than is looked at ahead.
    client.say(&request(there, "exec", true, &string("seq 100000; echo the end")));
    client.hear_of(SUCCESS);
    others_work(&house);
    client.say(&message(WINDOW, &[there, 8 << 20], &[]));
    let mut said = Vec::new();
    loop {
        let payload = client.hear().unwrap();
        match payload[0] {
            DATA => said.extend_from_slice(&payload[9..]),
            CLOSE => break,
            _ => {}
        }
    }
    let all: String = (1..=100_000).map(|line| format!("{line}\n")).collect();
    assert!(said == format!("{all}the end\n").as_bytes(), "{} bytes", said.len());
    drop(client);
    assert_told(&house, 2);
}
