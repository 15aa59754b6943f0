//! Files that are moved.

use std::process::Command;
use std::time::Duration;

use e2e::{House, SshServer, run, run_within};

use super::{POLICIES, digest_of, ended, events, house, of_type, plain};

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

#[test]
fn of_the_content_so_much_is_recorded_as_policy_says() {
    let server = SshServer::start(None);
    let contents = "\n@id(\"uploads-are-kept\") @contents(\"64KiB\")\npermit (principal in \
                    Group::\"engineering\", action in Action::\"write\", resource);\n";
    let house = plain(&server, contents);
    let text: String = (0..30_000).map(|number| format!("{number}\n")).collect();
    std::fs::write(house.file("large"), &text).unwrap();
    std::fs::write(house.file("small"), "all of it\n").unwrap();
    let there = server.file("there").display().to_string();
    let from = |name: &str| house.file(name).display().to_string();
    let (large, small) = (from("large"), from("small"));
    let script = format!("put {large} {there}\nget {there} {large}.back\nput {small} {there}\n");
    let mut sftp = house.openssh_command("alice", "sftp", &["-q", "-b", "-", "web-1.sluice"]);
    assert!(run(&mut sftp, &script).ok());
    let scp = ["-q", "-O", &large, &format!("web-1.sluice:{there}")];
    assert!(house.openssh("alice", "scp", &scp).ok());
    let sessions = ended(&house, "alice", 2);
    let recorded: Vec<_> =
        sessions.iter().flat_map(|session| events(&house, "alice", session)).collect();
    let mut told = Vec::new();
    for moved in of_type(&recorded, "moved") {
        let of = |kind: &str| {
            let own = |event: &&serde_json::Value| event["number"] == moved["number"];
            of_type(&recorded, kind).into_iter().filter(own).collect::<Vec<_>>()
        };
        let data: String =
            of("stream").iter().map(|event| event["data"].as_str().unwrap()).collect();
        told.push((moved["upload"].as_bool().unwrap(), data, of("cut").len()));
    }
    told.sort();
    let begins = text[..64 << 10].to_owned();
    let expected = [
        (false, String::new(), 0),
        (true, begins.clone(), 1),
        (true, begins, 1),
        (true, "all of it\n".into(), 0),
    ];
    assert!(
        told == expected,
        "{:?}",
        told.iter().map(|one| (one.0, one.1.len(), one.2)).collect::<Vec<_>>()
    );
    let replay = house.cli("alice", &["sessions", "replay", sessions[1]["id"].as_str().unwrap()]);
    assert!(replay.stdout.contains("< all of it"), "{}", replay.all());
}

#[test]
fn a_large_file_goes_both_ways_and_the_gateway_stays_small() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let (here, there) = (house.file("here"), server.file("there"));
    let made = format!("head -c 1G /dev/urandom > {}", here.display());
    assert!(run(Command::new("sh").args(["-c", &made]), "").ok());
    // What the first session of a process needs anyway.
    assert!(house.openssh("alice", "ssh", &["web-1.sluice", "true"]).ok());
    let before = house.process().peak_resident();
    let mut sftp = house.openssh_command("alice", "sftp", &["-q", "-b", "-", "web-1.sluice"]);
    let batch = format!("put {0} {1}\nget {1} {0}.back\n", here.display(), there.display());
    let ran = run_within(Duration::from_secs(400), &mut sftp, &batch);
    assert!(ran.ok(), "{}\n{}", ran.all(), house.log());
    let grown = house.process().peak_resident() - before;
    let sent = digest_of(&here);
    assert_eq!(
        (digest_of(&there), digest_of(&house.file("here.back"))),
        (sent.clone(), sent.clone())
    );
    assert!(grown < 64 << 20, "it grew by {grown} bytes");
    let session = &ended(&house, "alice", 2)[0];
    let events = events(&house, "alice", session);
    let told: Vec<_> = of_type(&events, "moved")
        .iter()
        .map(|moved| (moved["upload"].as_bool().unwrap(), moved["sha256"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(true, &*sent), (false, &*sent)], "{events:?}");
}
