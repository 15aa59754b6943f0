//! Ten thousand connections that are nobody: they keep nobody out who comes from elsewhere, end nobody's session, and
//! are gone in the end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{House, SshServer, of_python, until};

use super::super::{plain, terminals};
use super::{assert_bounded, assert_told, others_work, warm};

/// Connects from as many addresses as it is told, holds all, and says how many were told that there is no room.
const CROWD: &str = r#"
import resource, socket, sys
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
port, addresses = map(int, sys.argv[1:3])
crowd = []
for n in range(10000):
    one = socket.socket()
    one.settimeout(100)
    one.bind((f"127.0.1.{1 + n % addresses}", 0))
    one.connect(("127.0.0.1", port))
    if n % 3 > 0:
        # Whoever was turned away meanwhile hears of it.
        try:
            one.sendall(b"SSH-2.0-crowd\r\n")
        except ConnectionError:
            pass
    crowd.append(one)
print("all are there", flush=True)
sys.stdin.readline()
told = 0
for one in crowd:
    said = b""
    try:
        while piece := one.recv(4096):
            said += piece
    except ConnectionError:
        pass
    told += said.startswith(b"too many connections")
print(told, flush=True)
"#;

/// A crowd comes; this is done while it is there. How many of it were told that there is no room comes back.
fn crowd(house: &House, addresses: u32, meanwhile: impl FnOnce()) -> u32 {
    let mut command = Command::new(of_python("python"));
    command.args(["-c", CROWD, &house.ssh_port().to_string(), &addresses.to_string()]);
    let mut python = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let said = lines.next();
    assert_eq!(said.as_deref(), Some("all are there"), "{}", house.log());
    meanwhile();
    writeln!(input, "leave").unwrap();
    let told = lines.next().expect("some are not gone in the end").parse().unwrap();
    assert!(python.wait().unwrap().success());
    told
}

#[test]
fn ten_thousand_from_one_address_are_in_nobodys_way_who_comes_from_another() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let told = crowd(&house, 1, || {
        let ran = house.openssh("alice", "ssh", &["-b", "127.0.0.9", "web-1.sluice", "echo in"]);
        assert_eq!(ran.stdout, "in\n", "{}\n{}", ran.all(), house.log());
        assert_bounded(&house, before, "with a crowd from one address");
    });
    // A third of it heard all that it was told; of those only so many may wait as there is room for.
    assert!((1_000..10_000).contains(&told), "{told}");
    others_work(&house);
    assert_bounded(&house, before, "after all of them");
    assert_told(&house, 3);
}

#[test]
fn ten_thousand_from_a_hundred_addresses_end_nobodys_session_and_are_soon_gone() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut shell = terminals::at_a_terminal(&house, &["-tt", "web-1.sluice", "cat"]);
    shell.line("somebody is here");
    shell.says("somebody is here");
    let told = crowd(&house, 100, || {
        shell.line("and stays");
        shell.says("and stays");
        assert_bounded(&house, before, "with a crowd from many addresses");
        // Whoever waits in front of the door without a word has to go: then there is room.
        until("somebody comes in", Duration::from_secs(60), || {
            let words = ["-b", "127.0.0.9", "web-1.sluice", "true"];
            house.openssh("alice", "ssh", &words).ok().then_some(())
        });
    });
    assert!((1_000..10_000).contains(&told), "{told}");
    shell.line("to the end");
    shell.says("to the end");
    shell.line("\u{4}");
    assert!(shell.ends().success(), "{}", shell.said());
    others_work(&house);
    assert_bounded(&house, before, "after all of them");
    assert_told(&house, 4);
}
