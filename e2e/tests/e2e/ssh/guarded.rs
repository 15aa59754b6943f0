//! The shell of the gateway's own, in which each line is decided.

use std::process::Stdio;

use super::*;

/// Engineers run programs and open no shell; `rm` is nobody's, `date` waits for a DBA.
fn guarded(server: &SshServer, data: &str) -> House {
    let policies = format!(
        "{POLICIES}\n@id(\"no-shell\")\nforbid (principal, action == Action::\"shell\", resource);\n"
    );
    let resource = format!("{}{data}", server.resource("web-1"));
    House::builder().policies(&policies).resource("web-1", &resource).start()
}

fn typed(house: &House, options: &[&str], lines: &str) -> e2e::Ran {
    let words: Vec<&str> = options.iter().copied().chain(["web-1.sluice"]).collect();
    let mut command = house.openssh_command("alice", "ssh", &words);
    run_within(Duration::from_secs(60), &mut command, lines)
}

#[test]
fn each_line_is_decided_and_the_folder_stays() {
    let server = SshServer::start(None);
    let house = guarded(&server, "");
    let folder = server.file("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("kept"), "here").unwrap();
    let lines = format!(
        "cd {}\npwd\nrm kept\nls\necho 'one\ntwo' | tr a-z A-Z\nsh -c 'exit 7'\nexit\n",
        folder.display()
    );
    for options in [&["-tt"][..], &["-T"]] {
        let ran = typed(&house, options, &lines);
        assert_eq!(ran.status.code(), Some(7), "{options:?}: {}\n{}", ran.all(), house.log());
        let shown = ran.stdout.replace('\r', "");
        for expected in [&*format!("\n{}\n", folder.display()), "\nkept\n", "\nONE\nTWO\n"] {
            assert!(format!("\n{shown}").contains(expected), "{options:?} {expected:?}: {shown}");
        }
        assert!(ran.stdout.contains("use the clean-up job"), "{options:?}: {shown}");
        assert!(folder.join("kept").exists());
    }
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let id = sessions[0]["id"].as_str().unwrap();
    let replay = house.cli("alice", &["sessions", "replay", id, "--text"]);
    for expected in ["guarded shell", "rm kept", "sh -c 'exit 7'"] {
        assert!(replay.stdout.contains(expected), "{expected}: {}", replay.all());
    }
}

#[test]
fn a_name_is_known_by_the_folder_it_is_in() {
    let server = SshServer::start(None);
    let policies = format!(
        "{POLICIES}\n@id(\"no-shell\")\nforbid (principal, action == Action::\"shell\", resource);\n\
         @id(\"no-hosts\")\n@message(\"not this one\")\n\
         forbid (principal, action in Action::\"run\", resource) when {{ context.paths.contains(\"/etc/hosts\") }};\n"
    );
    let house =
        House::builder().policies(&policies).resource("web-1", &server.resource("web-1")).start();
    let ran = typed(&house, &["-T"], "cd /etc\ncat hosts\ncat ../etc/./hosts\ncat hostname\n");
    assert_eq!(ran.stdout.matches("not this one").count(), 2, "{}", ran.all());
    let name = std::fs::read_to_string("/etc/hostname").unwrap();
    assert!(ran.stdout.contains(name.trim()), "{}", ran.all());
}

#[test]
fn a_line_that_is_held_runs_once_a_dba_agrees_and_keys_belong_to_what_runs() {
    let server = SshServer::start(None);
    let house = guarded(&server, "data:\n  - {detect: [credit_card]}\n");
    let mut command = house.openssh_command("alice", "ssh", &["-tt", "web-1.sluice"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut keys, b"date +%Y > at; cat at\r").unwrap();
    let waiting = house.waiting("bob");
    assert!(waiting.to_string().contains("date +%Y"), "{waiting}");
    let id = waiting["id"].as_str().unwrap().to_owned();
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    // What a program asks for is answered by the same keys; its answer is masked as its output is.
    std::io::Write::write_all(
        &mut keys,
        b"read line; echo \"got $line\"\rcard 4242424242424242\rexit\r",
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains(&id), "{shown}");
    assert!(shown.contains("\n20"), "{shown}");
    assert!(shown.contains("got card ************"), "{shown}");
    drop(keys);
}
