//! Terminals, and what a client would lend to the target: its agent and its display.

use std::process::Command;
use std::time::Duration;

use e2e::{House, Process, SshServer, Typing, keygen, run, until};

use super::{ended, events, of_type, permit, plain};

/// Somebody at a terminal of 90 columns and 30 rows, whose name is in the file `tty`.
pub(super) fn at_a_terminal(house: &House, words: &[&str]) -> Typing {
    let ssh = house.openssh_command("alice", "ssh", words);
    let line: Vec<String> = ssh.get_args().map(|word| format!("'{}'", word.display())).collect();
    let line = format!("tty > tty; stty rows 30 cols 90; exec ssh {}", line.join(" "));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-f", "-c", &line, "/dev/null"]).current_dir(house.file("."));
    for (name, value) in ssh.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    Typing::start(script.env("TERM", "xterm").env("SHELL", "/bin/sh"))
}

#[test]
fn somebody_types_at_a_terminal_and_changes_its_size() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut shell = at_a_terminal(&house, &["-tt", "web-1.sluice"]);
    // What is typed comes back, and what it does.
    shell.line("echo what is ty''ped");
    shell.says("what is ty''ped");
    shell.says("what is typed");
    shell.line("stty size");
    shell.says("30 90");
    let tty = std::fs::read_to_string(house.file("tty")).unwrap();
    let resize = ["-F", tty.trim(), "rows", "41", "cols", "101"];
    assert!(run(Command::new("stty").args(resize), "").ok());
    until("the target knows the new size", Duration::from_secs(30), || {
        shell.line("stty size");
        std::thread::sleep(Duration::from_millis(100));
        shell.said().contains("41 101").then_some(())
    });
    // Ctrl-C ends the program and not the session.
    shell.line("echo beg''un; sleep 1000; echo its end");
    shell.says("begun");
    shell.line("\u{3}");
    shell.line("echo on''wards");
    shell.says("onwards");
    shell.line("exit 5");
    let status = shell.ends();
    assert_eq!(status.code(), Some(5), "{}", shell.said());
    assert!(!shell.said().contains("\nits end"), "{}", shell.said());

    let session = &ended(&house, "alice", 1)[0];
    let recorded = events(&house, "alice", session);
    let sizes: Vec<_> = of_type(&recorded, "terminal")
        .iter()
        .map(|size| (size["columns"].as_u64().unwrap(), size["rows"].as_u64().unwrap()))
        .collect();
    // Rows and columns may change one after the other.
    assert_eq!(sizes.first(), Some(&(90, 30)), "{sizes:?}");
    assert_eq!(sizes.last(), Some(&(101, 41)), "{sizes:?}");
    assert_eq!(of_type(&recorded, "exited")[0]["status"], 5);
    let id = session["id"].as_str().unwrap();
    let replay = house.cli("alice", &["sessions", "replay", id, "--text"]);
    assert!(replay.ok() && replay.stdout.contains("what is typed"), "{}", replay.all());
    let cast =
        house.cli("alice", &["sessions", "export", id, "--format", "asciicast-v2", "-o", "-"]);
    assert!(cast.ok() && cast.stdout.contains("101x41"), "{}", cast.all());
}

/// An agent with one key, and the key's fingerprint.
fn agent(house: &House) -> (Process, String, String) {
    let (socket, key) = (house.file("agent").display().to_string(), house.file("agents-key"));
    keygen(&key);
    let mut command = Command::new("ssh-agent");
    command.args(["-D", "-a", &socket]);
    let agent = Process::start(&command, &house.file("agent.log"), "TERM", None);
    until("the agent has a key", Duration::from_secs(20), || {
        let mut add = Command::new("ssh-add");
        run(add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket), "").ok().then_some(())
    });
    let told = run(Command::new("ssh-keygen").arg("-lf").arg(&key), "").stdout;
    (agent, socket, told.split_whitespace().nth(1).unwrap().to_owned())
}

#[test]
fn an_agent_is_lent_where_policy_permits_it_and_the_session_goes_on_where_it_does_not() {
    let server = SshServer::start(None);
    for (more, lent) in [(String::new(), false), (permit("agent_forward"), true)] {
        let house = plain(&server, &more);
        let (_agent, socket, fingerprint) = agent(&house);
        // As somebody asks who has an agent and nothing special in a configuration.
        let line = "ssh-add -l; echo agent: ${SSH_AUTH_SOCK:-none}";
        let mut command = house.openssh_command("alice", "ssh", &["-A", "web-1.sluice", line]);
        let ran = run(command.env("SSH_AUTH_SOCK", &socket), "");
        assert!(ran.ok(), "{}", ran.all());
        assert_eq!(ran.stdout.contains(&fingerprint), lent, "{}\n{}", ran.all(), house.log());
        assert_eq!(ran.stdout.contains("agent: none"), !lent, "{}", ran.all());
        let recorded = events(&house, "alice", &ended(&house, "alice", 1)[0]);
        let commands = of_type(&recorded, "command");
        let asked = commands.iter().find(|one| one["text"] == "agent forwarding");
        let asked = asked.unwrap_or_else(|| panic!("{recorded:#?}"));
        let decided = of_type(&recorded, "decided");
        let ruled = decided.iter().find(|one| one["number"] == asked["number"]).unwrap();
        assert_eq!(ruled["verdict"], if lent { "allowed" } else { "denied" });
    }
}

#[test]
fn a_display_is_not_lent_and_the_session_goes_on() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let words = ["-Y", "web-1.sluice", "echo display: ${DISPLAY:-none}"];
    let mut command = house.openssh_command("alice", "ssh", &words);
    let ran = run(command.env("DISPLAY", "127.0.0.1:99"), "");
    assert_eq!((ran.ok(), &*ran.stdout), (true, "display: none\n"), "{}", ran.all());
    let recorded = events(&house, "alice", &ended(&house, "alice", 1)[0]);
    let commands = of_type(&recorded, "command");
    let asked = commands.iter().find(|one| one["text"] == "X11 forwarding");
    let asked = asked.unwrap_or_else(|| panic!("{recorded:#?}"));
    let decided = of_type(&recorded, "decided");
    let ruled = decided.iter().find(|one| one["number"] == asked["number"]).unwrap();
    assert_eq!(ruled["verdict"], "denied");
}
