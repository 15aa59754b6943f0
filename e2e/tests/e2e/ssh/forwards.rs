//! Forwarded ports and sockets, in every direction.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::{House, Ran, SshServer, Typing, free_port, run, until};

use super::{digest, ended, events, of_type, permit, plain};

/// A server of the test's own that says back what it hears, until its client is done.
struct Echo {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        std::thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || echo(&visitor, &visitor));
            }
        });
        Self { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::Relaxed)
    }
}

fn echo(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Says something to a port, and returns all that comes back.
fn echoed(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut writer = socket.try_clone().unwrap();
    let sent = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = writer.write_all(&sent);
        let _ = writer.shutdown(Shutdown::Write);
    });
    let mut back = Vec::new();
    let _ = socket.read_to_end(&mut back);
    writer.join().unwrap();
    back
}

fn noise(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A session that forwards something, and says `ready` once it is asked for.
fn forwarding(house: &House, words: &[&str]) -> Typing {
    let words = [words, &["web-1.sluice", "echo ready; cat"]].concat();
    let mut command = house.openssh_command("alice", "ssh", &words);
    let session = Typing::start(&mut command);
    session.says("ready");
    session
}

/// The session goes on.
fn goes_on(session: &mut Typing) {
    session.line("still here");
    session.says("still here");
}

/// What is recorded of the one forwarded connection of the only session: the bytes and digests of each direction.
fn assert_told(house: &House, command: &str, bytes: &[u8]) {
    let session = &ended(house, "alice", 1)[0];
    let events = events(house, "alice", session);
    let commands = of_type(&events, "command");
    let asked = commands.iter().find(|one| one["text"] == command);
    let asked = asked.unwrap_or_else(|| panic!("no {command}: {events:#?}"));
    let exited = of_type(&events, "exited");
    let told: Vec<_> =
        exited.iter().filter(|one| one["number"] == asked["number"]).copied().collect();
    assert_eq!(told.len(), 1, "{exited:#?}");
    let streams = told[0]["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 2, "{told:#?}");
    for stream in streams {
        assert_eq!(stream["bytes"], bytes.len(), "{told:#?}");
        assert_eq!(stream["blake3"], digest(bytes), "{told:#?}");
    }
}

#[test]
fn a_local_port_leads_to_one_behind_the_target() {
    let server = SshServer::start(None);
    let house = plain(&server, &permit("port_forward"));
    let (behind, port) = (Echo::start(), free_port());
    let to = format!("{port}:127.0.0.1:{}", behind.port);
    let mut session = forwarding(&house, &["-L", &to]);
    let bytes = noise(3_000_000);
    assert!(echoed(port, &bytes) == bytes, "{}", house.log());
    goes_on(&mut session);
    assert!(session.leave().success());
    assert_told(&house, &format!("forward to 127.0.0.1:{}", behind.port), &bytes);
}

#[test]
fn a_local_port_leads_nowhere_when_policy_does_not_permit_it() {
    let server = SshServer::start(None);
    let (allowed, refused) = (Echo::start(), Echo::start());
    let one = format!(
        "\n@id(\"one-port\")\npermit (principal in Group::\"engineering\", action == Action::\"port_forward\", resource) when {{ resource.name == \"127.0.0.1:{}\" }};\n",
        allowed.port
    );
    for (more, goes_through) in [("", false), (&*one, true)] {
        let house = plain(&server, more);
        let ports = [free_port(), free_port()];
        let [to, elsewhere] = [(ports[0], &allowed), (ports[1], &refused)]
            .map(|(port, echo)| format!("{port}:127.0.0.1:{}", echo.port));
        let mut session = forwarding(&house, &["-L", &to, "-L", &elsewhere]);
        assert_eq!(echoed(ports[1], b"hello"), b"");
        assert_eq!(echoed(ports[0], b"hello"), if goes_through { &b"hello"[..] } else { b"" });
        let said = session.says("open failed");
        assert!(said.contains("administratively prohibited"), "{said}");
        goes_on(&mut session);
        assert!(session.leave().success());
    }
    assert_eq!((allowed.visits(), refused.visits()), (1, 0));
}

#[test]
fn a_port_of_the_target_leads_back_to_the_client() {
    let server = SshServer::start(None);
    let house = plain(&server, &permit("port_forward"));
    let (here, port) = (Echo::start(), free_port());
    let from = format!("{port}:127.0.0.1:{}", here.port);
    let mut session = forwarding(&house, &["-R", &from]);
    let bytes = noise(1_000_000);
    assert!(echoed(port, &bytes) == bytes, "{}", house.log());
    goes_on(&mut session);
    assert!(session.leave().success());
    // It is told as what was asked for, not as the program that was begun last.
    assert_told(&house, &format!("listen on localhost:{port}"), &bytes);
}

#[test]
fn no_port_of_the_target_leads_back_when_policy_does_not_permit_it() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let (here, port) = (Echo::start(), free_port());
    let from = format!("{port}:127.0.0.1:{}", here.port);
    let mut session = forwarding(&house, &["-R", &from]);
    let said = session.says("remote port forwarding failed");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "{said}");
    goes_on(&mut session);
    assert!(session.leave().success());
    assert_eq!(here.visits(), 0);
}

#[test]
fn the_target_chooses_a_port_and_gives_it_back() {
    let server = SshServer::start(None);
    let house = plain(&server, &permit("port_forward"));
    let here = Echo::start();
    let control = house.file("control").display().to_string();
    let from = format!("0:127.0.0.1:{}", here.port);
    let mut session = forwarding(&house, &["-M", "-S", &control, "-R", &from]);
    let said = session.says("Allocated port");
    let port = said.split("Allocated port ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let number: u16 = port.parse().unwrap();
    assert_eq!(echoed(number, b"hello"), b"hello");
    let words = ["-S", &control, "-O", "cancel", "-R", &from, "web-1.sluice"];
    let ran = house.openssh("alice", "ssh", &words);
    assert!(ran.ok(), "{}", ran.all());
    until("nothing listens there any more", Duration::from_secs(20), || {
        TcpStream::connect(("127.0.0.1", number)).is_err().then_some(())
    });
    goes_on(&mut session);
    assert!(session.leave().success());
}

fn curl(words: &[&str]) -> Ran {
    run(Command::new("curl").args(["-sS", "-m", "60"]).args(words), "")
}

/// A server that says the same to whoever asks.
fn page(mut visitor: impl Read + Write) {
    let mut asked = [0; 4096];
    let _ = visitor.read(&mut asked);
    let _ = visitor.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
}

#[test]
fn curl_goes_through_a_socks_proxy_where_policy_permits_it() {
    let server = SshServer::start(None);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || listener.incoming().flatten().for_each(page));
    for (more, goes_through) in [(permit("port_forward"), true), (String::new(), false)] {
        let house = plain(&server, &more);
        let port = free_port();
        let mut session = forwarding(&house, &["-D", &port.to_string()]);
        let proxy = format!("socks5h://127.0.0.1:{port}");
        let many: Vec<_> = (0..8)
            .map(|_| {
                let (proxy, url) = (proxy.clone(), url.clone());
                std::thread::spawn(move || curl(&["-x", &proxy, &url]))
            })
            .collect();
        for ran in many {
            let ran = ran.join().unwrap();
            assert_eq!(ran.ok(), goes_through, "{}", ran.all());
            assert_eq!(ran.stdout, if goes_through { "hello\n" } else { "" });
        }
        goes_on(&mut session);
        assert!(session.leave().success());
    }
}

#[test]
fn a_socket_of_the_target_is_reached_where_policy_permits_it() {
    let server = SshServer::start(None);
    let there = server.file("there.sock");
    let listener = UnixListener::bind(&there).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(page));
    for (more, goes_through) in [(permit("port_forward"), true), (String::new(), false)] {
        let house = plain(&server, &more);
        let here = house.file("here.sock").display().to_string();
        let to = format!("{here}:{}", there.display());
        let mut session = forwarding(&house, &["-L", &to]);
        let ran = curl(&["--unix-socket", &here, "http://there/"]);
        assert_eq!(ran.ok(), goes_through, "{}", ran.all());
        goes_on(&mut session);
        assert!(session.leave().success());
    }
}

#[test]
fn a_client_speaks_with_a_port_behind_the_target_over_its_own_pipes() {
    let server = SshServer::start(None);
    let behind = Echo::start();
    let to = format!("127.0.0.1:{}", behind.port);
    for (more, goes_through) in [(permit("port_forward"), true), (String::new(), false)] {
        let house = plain(&server, &more);
        let mut command = house.openssh_command("alice", "ssh", &["-W", &to, "web-1.sluice"]);
        let ran = run(&mut command, "hello");
        assert_eq!(
            (ran.ok(), &*ran.stdout),
            (goes_through, if goes_through { "hello" } else { "" })
        );
        assert!(goes_through || ran.stderr.contains("prohibited"), "{}", ran.stderr);
    }
    assert_eq!(behind.visits(), 1);
}

/// What tcpdump makes of a capture: each packet with its checksums and its bytes as text.
fn tcpdump(file: &Path, port: u16) -> String {
    let mut command = Command::new("tcpdump");
    command.args(["-nn", "-tt", "-v", "-A", "-r"]).arg(file).arg(format!("tcp port {port}"));
    let ran = run(&mut command, "");
    assert!(ran.ok() && !ran.all().contains("incorrect"), "{}", ran.all());
    ran.stdout
}

#[test]
fn what_a_forwarded_port_carried_is_a_capture_that_tcpdump_reads() {
    let server = SshServer::start(None);
    let house = plain(&server, &permit("port_forward"));
    let (behind, port) = (Echo::start(), free_port());
    let to = format!("{port}:127.0.0.1:{}", behind.port);
    let mut session = forwarding(&house, &["-L", &to]);
    let (first, second) = (b"the first says hello", "the second says more ".repeat(10_000));
    assert_eq!(echoed(port, first), first);
    assert!(echoed(port, second.as_bytes()) == second.as_bytes(), "{}", house.log());
    goes_on(&mut session);
    assert!(session.leave().success());

    let session = &ended(&house, "alice", 1)[0];
    let id = session["id"].as_str().unwrap();
    let export = |name: &str, more: &[&str]| {
        let file = house.file(name);
        let path = file.display().to_string();
        let words = ["sessions", "export", id, "--format", "pcap", "-o", &path];
        (house.cli("alice", &[&words, more].concat()), file)
    };
    let (ran, file) = export("all.pcapng", &[]);
    assert!(ran.ok(), "{}", ran.all());
    let shown = tcpdump(&file, behind.port);
    assert_eq!(shown.matches("Flags [S],").count(), 2, "{shown}");
    assert_eq!(shown.matches("Flags [F.],").count(), 4, "{shown}");
    assert_eq!(shown.matches("the first says hello").count(), 2, "{shown}");
    // Each byte of it is there once in each direction.
    let lengths = |from: &str| -> usize {
        let lines = shown.lines().filter(|line| line.contains(from));
        lines.filter_map(|line| line.rsplit_once("length ")?.1.parse::<usize>().ok()).sum()
    };
    let length = first.len() + second.len();
    let there = format!("127.0.0.1.{} > ", behind.port);
    assert_eq!((lengths(&there), lengths("    192.0.2.1.")), (length, length), "{shown}");

    // One of them alone, and none.
    let events = events(&house, "alice", session);
    let number = |begins: &str| {
        let commands = of_type(&events, "command");
        let found = commands.iter().find(|one| one["text"].as_str().unwrap().starts_with(begins));
        found.unwrap_or_else(|| panic!("no {begins}: {events:#?}"))["number"].to_string()
    };
    let (ran, file) = export("one.pcapng", &["--statement", &number("forward to")]);
    assert!(ran.ok(), "{}", ran.all());
    let shown = tcpdump(&file, behind.port);
    assert_eq!(shown.matches("the first says hello").count(), 2, "{shown}");
    assert!(!shown.contains("the second says more"), "{shown}");
    let (ran, file) = export("none.pcapng", &["--statement", &number("echo ready")]);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.all());
    assert!(ran.stderr.contains("no connection was forwarded by statement"), "{}", ran.all());
    assert!(!file.exists());
}
