//! Many sessions over one connection.

use std::process::Stdio;

use e2e::{House, SshServer, Typing, until};

use super::{ended, house};

/// A client that others come in through, until it is dropped.
struct Master<'h> {
    house: &'h House,
    control: String,
    session: Typing,
}

impl<'h> Master<'h> {
    fn start(house: &'h House) -> Self {
        let control = house.file("control").display().to_string();
        let words = ["-M", "-S", &control, "web-1.sluice", "echo ready; cat"];
        let session = Typing::start(&mut house.openssh_command("alice", "ssh", &words));
        session.says("ready");
        Self { house, control, session }
    }

    fn command(&self, line: &str) -> std::process::Command {
        // Without a master it would come in by itself.
        let words = ["-S", &self.control, "-o", "ControlMaster=no", "web-1.sluice", line];
        let mut command = self.house.openssh_command("alice", "ssh", &words);
        command.env("SSH_ASKPASS", "/bin/false");
        command
    }

    fn session(&self, line: &str) -> Typing {
        Typing::start(&mut self.command(line))
    }
}

#[test]
fn one_session_of_a_connection_is_refused_or_waits_and_the_others_go_on() {
    let server = SshServer::start(None);
    let house = house(&server);
    let master = Master::start(&house);
    let mut steady: Vec<Typing> = (0..6)
        .map(|n| {
            let session = master.session(&format!("echo begun {n}; cat; exit {n}"));
            session.says(&format!("begun {n}"));
            session
        })
        .collect();
    let mut hear = |word: &str| {
        for session in &mut steady {
            session.line(word);
        }
        for session in &steady {
            session.says(word);
        }
    };
    hear("before");

    let ran = e2e::run(&mut master.command("rm x"), "");
    assert_eq!((ran.status.code(), &*ran.stdout), (Some(126), ""), "{}", ran.all());
    assert!(ran.stderr.contains("use the clean-up job"), "{}", ran.stderr);
    hear("after a refusal");

    let mut held = master.command("date +%s");
    let held = held.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let id = house.waiting("bob")["id"].as_str().unwrap().to_owned();
    hear("while another waits");
    assert!(house.cli("bob", &["approvals", "approve", &id]).ok());
    let output = held.unwrap().wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().is_ok(), "{output:?}");
    hear("after it ran");

    // Who leaves while it waits takes nothing with it.
    let mut held = master.command("date");
    let mut held =
        held.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _ = house.waiting("bob");
    held.kill().unwrap();
    held.wait().unwrap();
    until("nobody waits any more", std::time::Duration::from_secs(20), || {
        let list = house.cli_json("bob", &["approvals", "ls", "--json"]);
        list.as_array().unwrap().is_empty().then_some(())
    });
    hear("at the end");

    for (n, mut session) in steady.into_iter().enumerate() {
        let code = session.leave().code();
        let said = master.session.said();
        assert_eq!(code, Some(i32::try_from(n).unwrap()), "{}\n{said}", session.said());
    }
    drop(master);
    // One connection is one session.
    assert_eq!(ended(&house, "alice", 1)[0]["resource"], "web-1");
    assert_eq!(server.log().matches("Accepted publickey").count(), 1, "{}", server.log());
}

/// A client closes a channel that is at its end in both directions, which may be before its program is.
#[test]
fn a_program_that_closes_its_output_early_still_tells_how_it_ended() {
    let server = SshServer::start(None);
    let house = house(&server);
    let master = Master::start(&house);
    for n in 0..3 {
        let line = format!("cat; exec <&- >&- 2>&-; sleep 1; exit 7{n}");
        let ran = e2e::run(&mut master.command(&line), "given");
        assert_eq!((ran.status.code(), &*ran.stdout), (Some(70 + n), "given"), "{}", ran.stderr);
    }
}

#[test]
fn forty_sessions_of_a_connection_move_bytes_at_once() {
    let server = SshServer::start(None);
    let house = house(&server);
    let master = Master::start(&house);
    let text: String = (0..40_000).map(|n| format!("line {n}\n")).collect();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..40)
            .map(|n| {
                let mut command = master.command(&format!("cat; exit {n}"));
                let text = &text;
                scope.spawn(move || (n, e2e::run(&mut command, text)))
            })
            .collect();
        for one in all {
            let (n, ran) = one.join().unwrap();
            assert_eq!(ran.status.code(), Some(n), "{}", ran.stderr);
            assert!(ran.stdout == text, "{n}: {} of {} bytes", ran.stdout.len(), text.len());
        }
    });
    drop(master);
    assert_eq!(ended(&house, "alice", 1).len(), 1);
}
