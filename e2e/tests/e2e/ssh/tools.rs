//! Tools that run `ssh` underneath: Ansible, git, rsync.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{House, Ran, SshServer, Typing, free_port, of_python, run, run_within, until};

use super::{PLAIN, permit, plain};

/// A fleet: many machines, each a resource of its own.
const FLEET: usize = 50;

#[test]
fn ansible_reaches_a_fleet_with_pipelining_and_without() {
    let server = SshServer::start(None);
    let mut builder = House::builder().policies(PLAIN);
    let mut inventory = String::new();
    for n in 1..=FLEET {
        let name = format!("web-{n:02}");
        builder = builder.resource(&name, &server.resource(&name));
        let _ = writeln!(inventory, "{name} ansible_host={name}.sluice");
    }
    let house = builder.start();
    std::fs::write(house.file("inventory"), inventory).unwrap();
    // Nothing of this machine's own.
    std::fs::write(house.file("ansible.cfg"), "[defaults]\n").unwrap();
    let python = of_python("python").display().to_string();
    for pipelining in ["0", "1"] {
        let mut command = house.over_ssh("alice", &of_python("ansible"));
        command.args(["all", "-i", "inventory", "-m", "ping", "-f", "10"]);
        for (name, value) in [
            ("ANSIBLE_PIPELINING", pipelining),
            ("ANSIBLE_SSH_PIPELINING", pipelining),
            ("ANSIBLE_NOCOLOR", "1"),
            ("ANSIBLE_CONFIG", house.file("ansible.cfg").to_str().unwrap()),
            ("ANSIBLE_SSH_CONTROL_PATH_DIR", house.file("cp").to_str().unwrap()),
            ("ANSIBLE_REMOTE_TEMP", server.file("ansible").to_str().unwrap()),
            ("ANSIBLE_PYTHON_INTERPRETER", &*python),
            // What it does by itself, but that its connections end when nobody uses them.
            ("ANSIBLE_SSH_ARGS", "-C -o ControlMaster=auto -o ControlPersist=5s"),
            ("LC_ALL", "C.UTF-8"),
        ] {
            command.env(name, value);
        }
        let ran = run_within(Duration::from_secs(400), &mut command, "");
        let good = ran.stdout.matches("SUCCESS").count();
        assert!(ran.ok() && good == FLEET, "{good} of {FLEET}: {}\n{}", ran.all(), house.log());
    }
}

fn git(house: &House, words: &[&str]) -> Ran {
    let remote = words.iter().any(|word| ["clone", "push", "pull"].contains(word));
    let mut command = match remote {
        true => house.over_ssh("alice", Path::new("git")),
        false => Command::new("git"),
    };
    command.current_dir(house.file("."));
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Alice");
        command.env(format!("GIT_{who}_EMAIL"), "alice@example.com");
    }
    let ran = run(command.args(words), "");
    assert!(ran.ok(), "{words:?}: {}\n{}", ran.all(), house.log());
    ran
}

#[test]
fn git_pushes_and_clones() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let bare = server.file("code.git").display().to_string();
    git(&house, &["init", "-q", "--bare", "-b", "main", &bare]);
    let remote = format!("web-1.sluice:{bare}");
    git(&house, &["clone", "-q", &remote, "one"]);
    let text: String = (0..100_000).map(|n| format!("{:x}\n", n * 2_654_435_761_u64)).collect();
    for n in 0..20 {
        std::fs::write(house.file(&format!("one/file-{n}")), &text[n * 1000..]).unwrap();
        git(&house, &["-C", "one", "add", "."]);
        git(&house, &["-C", "one", "commit", "-q", "-m", &format!("the {n}th")]);
    }
    git(&house, &["-C", "one", "push", "-q", "origin", "HEAD:main"]);
    git(&house, &["clone", "-q", &remote, "two"]);
    let head = |folder: &str| git(&house, &["-C", folder, "rev-parse", "HEAD"]).stdout;
    assert_eq!(head("one"), head("two"));
    git(&house, &["-C", "two", "fsck", "--full"]);
    // What others pushed comes with a fetch, over a URL too.
    std::fs::write(house.file("two/more"), "more\n").unwrap();
    git(&house, &["-C", "two", "add", "."]);
    git(&house, &["-C", "two", "commit", "-q", "-m", "more"]);
    git(&house, &["-C", "two", "push", "-q", &format!("ssh://web-1.sluice{bare}"), "HEAD:main"]);
    git(&house, &["-C", "one", "pull", "-q", "--ff-only", "origin", "main"]);
    assert_eq!(head("one"), head("two"));
}

#[test]
fn rsync_moves_ten_thousand_files_up_and_down() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let here = house.file("here");
    for folder in 0..100 {
        let folder = here.join(format!("folder {folder}"));
        std::fs::create_dir_all(&folder).unwrap();
        for n in 0..100 {
            std::fs::write(folder.join(format!("file-{n}")), format!("{n} ").repeat(n)).unwrap();
        }
    }
    let there = server.file("there").display().to_string();
    let rsync = |words: &[&str]| {
        let mut command = house.over_ssh("alice", Path::new("rsync"));
        let ran = run_within(Duration::from_secs(300), command.args(words), "");
        assert!(ran.ok(), "{words:?}: {}\n{}", ran.all(), house.log());
        ran
    };
    rsync(&["-a", "here/", &format!("web-1.sluice:{there}/")]);
    rsync(&["-a", &format!("web-1.sluice:{there}/"), "back/"]);
    for other in [&*there, "back"] {
        let mut diff = Command::new("diff");
        let ran = run(diff.args(["-r", "here", other]).current_dir(house.file(".")), "");
        assert!(ran.ok(), "{}", ran.all());
    }
    // Nothing is left to be done.
    let again = rsync(&["-ai", "here/", &format!("web-1.sluice:{there}/")]);
    assert_eq!(again.stdout, "");
}

/// As editors do that work on a machine: a shell without a terminal gets a script on its input, which starts a server
/// there, and the server is reached through a proxy of the same connection.
#[test]
fn an_editor_starts_its_server_and_reaches_it_through_the_connection() {
    let server = SshServer::start(None);
    let more = [permit("unknown"), permit("port_forward")].concat();
    let house = plain(&server, &more);
    let (proxy, port) = (free_port().to_string(), free_port());
    std::fs::write(server.file("hello"), "from there\n").unwrap();
    let words = ["-T", "-D", &proxy, "-o", "ConnectTimeout=15", "web-1.sluice", "bash"];
    let mut session = Typing::start(&mut house.openssh_command("alice", "ssh", &words));
    let folder = server.file("").display().to_string();
    session.line(&format!(
        "uname -s; python3 -m http.server --bind 127.0.0.1 --directory {folder} {port} & echo started"
    ));
    session.says("started");
    let url = format!("http://127.0.0.1:{port}/hello");
    let page = until("the server is reached", Duration::from_secs(60), || {
        let ran = run(
            Command::new("curl").args([
                "-s",
                "--socks5-hostname",
                &format!("127.0.0.1:{proxy}"),
                &url,
            ]),
            "",
        );
        ran.ok().then_some(ran.stdout)
    });
    assert_eq!(page, "from there\n");
    session.line("kill %1; exit 0");
    assert!(session.leave().success(), "{}", session.said());

    // Whoever may only run what can be read is told so.
    let house = plain(&server, "");
    let ran =
        run(&mut house.openssh_command("alice", "ssh", &["-T", "web-1.sluice", "bash"]), "id\n");
    assert_eq!(ran.status.code(), Some(126), "{}", ran.all());
    assert!(ran.stderr.contains("it runs what a file or its input holds"), "{}", ran.stderr);
}
