//! OpenSSH's own client and server, with the gateway in between.

use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{House, SshServer, keygen, run, run_within, until};
use serde_json::Value;

/// Engineers run programs; `rm` is nobody's, `date` waits for a DBA, nothing listens.
const POLICIES: &str = r#"
@id("engineers-open")
permit (principal in Group::"engineering", action == Action::"connect", resource);

@id("engineers-run")
permit (
    principal in Group::"engineering",
    action in [Action::"run", Action::"read", Action::"write"],
    resource
) unless { context.programs.contains("date") };

@id("no-rm")
@message("files are not removed by hand: use the clean-up job")
forbid (principal, action in Action::"run", resource)
when { context.programs.contains("rm") };

@id("date-needs-a-dba")
@approve("group:dba")
permit (principal in Group::"engineering", action in Action::"run", resource)
when { context.programs.contains("date") };
"#;

fn house(server: &SshServer) -> House {
    House::builder().policies(POLICIES).resource("web-1", &server.resource("web-1")).start()
}

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

#[test]
fn files_are_copied_with_scp_sftp_and_rsync() {
    let server = SshServer::start(None);
    let house = house(&server);
    let (here, there) = (house.file("here"), server.file("there"));
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&here, &bytes).unwrap();
    let (from, to) = (here.display().to_string(), format!("web-1.sluice:{}", there.display()));
    for options in [&["-q"][..], &["-q", "-O"]] {
        let words: Vec<&str> = options.iter().copied().chain([&*from, &*to]).collect();
        let ran = house.openssh("alice", "scp", &words);
        assert!(ran.ok(), "{options:?}: {}", ran.all());
        assert!(std::fs::read(&there).unwrap() == bytes, "{options:?}");
        std::fs::remove_file(&there).unwrap();
    }
    let mut sftp = house.openssh_command("alice", "sftp", &["-q", "-b", "-", "web-1.sluice"]);
    let ran = run(&mut sftp, &format!("put {from} {0}\nget {0} {from}.back\n", there.display()));
    assert!(ran.ok(), "{}", ran.all());
    assert!(std::fs::read(format!("{from}.back")).unwrap() == bytes);
    std::fs::remove_file(&there).unwrap();
    let ssh = house.openssh_command("alice", "ssh", &[]);
    let shell = ssh.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let mut rsync = Command::new("rsync");
    rsync.arg("-a").arg("-e").arg(format!("ssh {}", shell.join(" "))).args([&*from, &*to]);
    for (name, value) in ssh.get_envs() {
        if let Some(value) = value {
            rsync.env(name, value);
        }
    }
    let ran = run(&mut rsync, "");
    assert!(ran.ok(), "{}", ran.all());
    assert!(std::fs::read(&there).unwrap() == bytes);
}

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

/// A client may offer a key that is somebody's and then use another one: what it used counts.
#[test]
fn a_key_that_is_nobodys_opens_nothing() {
    let server = SshServer::start(None);
    let house = house(&server);
    let stranger = house.file("stranger");
    keygen(&stranger);
    let port = house.ssh_port().to_string();
    let ran = run(
        Command::new("ssh").args([
            "-F",
            "none",
            "-p",
            &port,
            "-i",
            stranger.to_str().unwrap(),
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "PreferredAuthentications=publickey",
            "-o",
            "LogLevel=ERROR",
            "web-1@127.0.0.1",
            "true",
        ]),
        "",
    );
    assert_eq!(ran.status.code(), Some(255), "{}", ran.all());
    assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    assert!(!server.log().contains("Accepted"), "{}", server.log());
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
    let port = house.ssh_port().to_string();
    let come_in = || {
        run(
            Command::new("ssh").args([
                "-F",
                "none",
                "-p",
                &port,
                "-i",
                key.to_str().unwrap(),
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "IdentityAgent=none",
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "BatchMode=yes",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "LogLevel=ERROR",
                "web-1@127.0.0.1",
                "echo in",
            ]),
            "",
        )
    };
    let ran = come_in();
    assert_eq!(ran.stdout, "in\n", "{}\n{}", ran.all(), house.log());
    let id = made["id"].as_str().unwrap();
    assert!(house.cli("root", &["token", "revoke", id]).ok());
    assert_eq!(come_in().status.code(), Some(255));
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

/// Engineers see no card.
fn masking(server: &SshServer) -> House {
    let resource =
        format!("{}data:\n  - {{detect: [credit_card, email]}}\n", server.resource("web-1"));
    House::builder().policies(POLICIES).resource("web-1", &resource).start()
}

#[test]
fn what_a_program_says_is_masked_with_a_terminal_and_without() {
    let server = SshServer::start(None);
    let house = masking(&server);
    let card = "4242424242424242";
    std::fs::write(server.file("cards"), format!("one {card}\ntwo ann@example.com\nlast {card}"))
        .unwrap();
    let path = server.file("cards").display().to_string();
    let ran =
        house.openssh("alice", "ssh", &["web-1.sluice", &format!("cat {path}; cat {path} >&2")]);
    assert!(ran.ok(), "{}", ran.all());
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(card) && !text.contains("ann@"), "{text}");
        assert!(text.starts_with("one ") && text.contains("\ntwo "), "{text}");
    }
    // In pieces, with colours between its letters, on a terminal.
    let spread = "printf '4242\\033[31m4242'; sleep 0.2; printf '4242\\033[0m4242 end\\n'";
    let ran = house.openssh("alice", "ssh", &["-tt", "web-1.sluice", spread]);
    assert!(ran.ok(), "{}", ran.all());
    let letters: String = ran.stdout.chars().filter(char::is_ascii_digit).collect();
    assert!(!letters.contains(card) && ran.stdout.contains("********"), "{:?}", ran.stdout);
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]);
    for session in sessions.as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        let replay = house.cli("alice", &["sessions", "replay", id, "--text"]);
        assert!(replay.ok() && !replay.stdout.contains(card), "{}", replay.all());
    }
}

#[test]
fn files_that_are_moved_are_decided_by_path_and_told_with_their_digests() {
    let policies = format!(
        "{POLICIES}\n@id(\"no-secrets\")\nforbid (principal, action in [Action::\"read\", Action::\"write\", Action::\"run\"], resource) when {{ context.paths.contains(\"/etc/hostname\") }};\n"
    );
    let server = SshServer::start(None);
    let house =
        House::builder().policies(&policies).resource("web-1", &server.resource("web-1")).start();
    let bytes = vec![b'x'; 700_000];
    std::fs::write(house.file("here"), &bytes).unwrap();
    let (from, there) = (house.file("here").display().to_string(), server.file("there"));
    let to = format!("web-1.sluice:{}", there.display());
    for options in [&["-q"][..], &["-q", "-O"]] {
        let words: Vec<&str> = options.iter().copied().chain([&*from, &*to]).collect();
        assert!(house.openssh("alice", "scp", &words).ok());
        let back = format!("{from}.back");
        let words: Vec<&str> = options.iter().copied().chain([&*to, &*back]).collect();
        let ran = house.openssh("alice", "scp", &words);
        assert!(ran.ok() && std::fs::read(&back).unwrap() == bytes, "{}", ran.all());
        let words: Vec<&str> =
            options.iter().copied().chain(["web-1.sluice:/etc/hostname", &*back]).collect();
        let ran = house.openssh("alice", "scp", &words);
        assert!(!ran.ok() && std::fs::read(&back).unwrap() == bytes, "{options:?}: {}", ran.all());
    }
    let digest = run(Command::new("sha256sum").arg(&from), "").stdout;
    let digest = digest.split_whitespace().next().unwrap();
    let sessions = house.cli_json("alice", &["sessions", "ls", "--json"]);
    let told: String = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| {
            house.cli("alice", &["sessions", "replay", session["id"].as_str().unwrap()]).stdout
        })
        .collect();
    assert_eq!(told.matches(digest).count(), 4, "{told}");
}
