//! The shell of the gateway's own, in which each line is decided.

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

/// Types lines, each when the one before is over, and answers all that was shown.
fn at_a_terminal(house: &House, lines: &[&str]) -> (Option<i32>, String) {
    let mut shell = terminals::at_a_terminal(house, &["-tt", "web-1.sluice"]);
    for line in lines {
        let asked = shell.said().len();
        until("the next line is asked for", Duration::from_secs(60), || {
            (shell.said().matches("?2004h").count() > shell.said().matches("?2004l").count())
                .then_some(())
        });
        shell.line(line);
        // It is taken, and only then is the next one asked for.
        until("the line is taken", Duration::from_secs(60), || {
            shell.said().get(asked..).is_some_and(|said| said.contains("?2004l")).then_some(())
        });
    }
    (shell.ends().code(), shell.said())
}

#[test]
fn each_line_is_decided_and_the_folder_stays() {
    let server = SshServer::start(None);
    let house = guarded(&server, "");
    let folder = server.file("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("kept"), "here").unwrap();
    let go = format!("cd {}", folder.display());
    let lines =
        [&*go, "pwd", "rm kept", "ls", "echo 'one\ntwo' | tr a-z A-Z", "sh -c 'exit 7'", "exit"];
    let piped = typed(&house, &["-T"], &format!("{}\n", lines.join("\n")));
    let terminal = at_a_terminal(&house, &lines);
    for (code, shown) in [(piped.status.code(), piped.stdout), terminal] {
        assert_eq!(code, Some(7), "{shown}\n{}", house.log());
        let plain = format!("\n{}", shown.replace('\r', "").replace("\u{1b}[?2004l", ""));
        for expected in [&*format!("\n{}\n", folder.display()), "\nkept\n", "\nONE\nTWO\n"] {
            assert!(plain.contains(expected), "{expected:?}: {shown:?}");
        }
        assert!(shown.contains("use the clean-up job"), "{shown}");
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
    let mut shell = terminals::at_a_terminal(&house, &["-tt", "web-1.sluice"]);
    shell.says("$ ");
    shell.line("date +%Y > at; cat at");
    let waiting = house.waiting("bob");
    assert!(waiting.to_string().contains("date +%Y"), "{waiting}");
    let id = waiting["id"].as_str().unwrap().to_owned();
    shell.says(&id);
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    shell.says("\n20");
    // What a program asks for is answered by the same keys; what it says is masked.
    shell.line("echo what''now; read line; echo \"got $line\"");
    shell.says("whatnow");
    shell.line("card 4242424242424242");
    shell.says("got card ************");
    // Ctrl-C withdraws what waits, and the shell goes on.
    shell.line("date");
    let _ = house.waiting("bob");
    shell.line("\u{3}");
    shell.says("withdrawn");
    // A word is completed with what is there.
    let folder = server.file("a-folder-of-its-own");
    std::fs::create_dir(&folder).unwrap();
    let begun = folder.display().to_string().replace("-of-its-own", "");
    shell.line(&format!("cd {begun}\t"));
    shell.says(&format!("guarded {}", folder.display()));
    shell.line("exit 3");
    assert_eq!(shell.ends().code(), Some(3), "{}", shell.said());
}
