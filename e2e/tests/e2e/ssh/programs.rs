//! Programs that run on a target, are refused and held.

use std::process::Stdio;
use std::time::Duration;

use e2e::{SshServer, run_within};

use super::house;

#[test]
fn a_program_runs_on_the_target_and_its_exit_code_comes_back() {
    let server = SshServer::start(None);
    let house = house(&server);
    let ran = house.openssh("alice", "ssh", &["web-1.sluice", "echo out; echo err >&2; exit 7"]);
    assert_eq!(
        (ran.status.code(), &*ran.stdout, &*ran.stderr),
        (Some(7), "out\n", "err\n"),
        "{}",
        house.log()
    );
    // The person never has the target's key, and the target never the person's.
    let account = server.account();
    assert!(
        server.log().contains(&format!("Accepted publickey for {account}")),
        "{}",
        server.log()
    );
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let session = &sessions.as_array().unwrap()[0];
    assert_eq!(session["subject"], "alice@example.com", "{sessions}");
    assert_eq!(session["resource"], "web-1", "{sessions}");
}

/// The channel is at its end in both directions before the program is.
#[test]
fn a_program_that_closes_its_output_early_still_tells_how_it_ended() {
    let server = SshServer::start(None);
    let house = house(&server);
    let line = "echo out; exec >&- 2>&-; sleep 1; exit 7";
    let ran = house.openssh("alice", "ssh", &["web-1.sluice", line]);
    assert_eq!((ran.status.code(), &*ran.stdout), (Some(7), "out\n"), "{}", ran.stderr);
}

#[test]
fn what_comes_through_a_pipe_comes_through_whole() {
    let server = SshServer::start(None);
    let house = house(&server);
    let command = house.openssh_command("alice", "ssh", &["web-1.sluice", "cat"]);
    let text: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
    let mut command = command;
    let ran = run_within(Duration::from_secs(120), &mut command, &text);
    assert!(ran.ok(), "{}", ran.stderr);
    assert!(ran.stdout == text, "{} of {} bytes", ran.stdout.len(), text.len());
}

#[test]
fn a_refused_program_does_not_run_and_its_user_hears_why() {
    let server = SshServer::start(None);
    let house = house(&server);
    let kept = server.file("kept");
    std::fs::write(&kept, "here").unwrap();
    for command in [
        format!("rm {}", kept.display()),
        format!("echo a; sh -c 'rm -f {}'", kept.display()),
        format!("env X=1 nohup rm {}", kept.display()),
        format!("r=rm; $r {}", kept.display()),
    ] {
        let ran = house.openssh("alice", "ssh", &["web-1.sluice", &command]);
        assert_eq!(ran.status.code(), Some(126), "{command}: {}", ran.all());
        assert!(ran.stderr.contains("sluice: "), "{command}: {}", ran.stderr);
        assert!(kept.exists(), "{command}");
    }
    let ran = house.openssh("alice", "ssh", &["web-1.sluice", "rm x"]);
    assert!(ran.stderr.contains("use the clean-up job"), "{}", ran.stderr);
}

#[test]
fn a_held_program_runs_once_a_dba_agrees() {
    let server = SshServer::start(None);
    let house = house(&server);
    let mut command =
        house.openssh_command("alice", "ssh", &["web-1.sluice", "date +%s > at; cat at"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let waiting = house.waiting("bob");
    assert!(waiting.to_string().contains("date +%s"), "{waiting}");
    let id = waiting["id"].as_str().unwrap().to_owned();
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    let output = child.unwrap().wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains(&id), "{told}");
    assert!(String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().is_ok());
}
