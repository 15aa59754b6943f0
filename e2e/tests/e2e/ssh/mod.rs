//! OpenSSH's own client and server, with the gateway in between.

mod coming_in;
mod files;
mod forwards;
mod guarded;
mod hostile;
mod libraries;
mod masked;
mod multiplexing;
mod programs;
mod recorded;
mod slow;
mod terminals;
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use e2e::{House, SshServer, keygen, run_within, until};
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

/// Engineers work on the target: programs, shells and files. Nothing of the client's is lent to it.
const PLAIN: &str = r#"
@id("engineers-open")
permit (principal in Group::"engineering", action == Action::"connect", resource);

@id("engineers-work")
permit (
    principal in Group::"engineering",
    action in [
        Action::"exec", Action::"shell", Action::"subsystem", Action::"env", Action::"read", Action::"write"
    ],
    resource
);
"#;

/// A house where engineers work, and may also do what `more` permits them.
fn plain(server: &SshServer, more: &str) -> House {
    let policies = format!("{PLAIN}{more}");
    House::builder().policies(&policies).resource("web-1", &server.resource("web-1")).start()
}

/// Lets engineers do this too.
fn permit(action: &str) -> String {
    format!(
        "\n@id(\"engineers-{action}\")\npermit (principal in Group::\"engineering\", \
         action == Action::\"{action}\", resource);\n"
    )
}

/// A key of a machine that is an engineer.
fn registered(house: &House) -> PathBuf {
    let key = house.file("machine");
    keygen(&key);
    let public = format!("{}.pub", key.display());
    let words = ["token", "create", "machine", "--subject", "machine@ci", "--group", "engineering"];
    let made = house.cli("root", &[&words[..], &["--ssh-key", &public]].concat());
    assert!(made.ok(), "{}", made.all());
    key
}

/// The sessions that somebody sees, newest first, once there are so many and all have ended.
fn ended(house: &House, name: &str, count: usize) -> Vec<Value> {
    until("the sessions have ended", Duration::from_secs(60), || {
        let list = house.cli_json(name, &["sessions", "ls", "--json"]);
        let ended = |one: &Value| !one["ended"].is_null();
        list.as_array().filter(|all| all.len() == count && all.iter().all(ended)).cloned()
    })
}

/// What is recorded of a session.
fn events(house: &House, name: &str, session: &Value) -> Vec<Value> {
    let id = session["id"].as_str().unwrap();
    let replay = house.cli(name, &["sessions", "replay", id, "--json"]);
    assert!(replay.ok(), "{}", replay.all());
    replay.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The events of this type.
fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

/// The BLAKE3 of these bytes, as evidence writes it.
fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The SHA-256 of a file.
fn digest_of(path: &Path) -> String {
    let mut command = Command::new("sha256sum");
    let said = run_within(Duration::from_secs(120), command.arg(path), "").stdout;
    said.split_whitespace().next().unwrap().to_owned()
}

/// Sends a signal to a child.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.unwrap().success(), "{name} to {}", child.id());
}
