//! Before the login.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use e2e::{House, SshServer, until};

use super::super::plain;

/// Longer than anybody may take to come in.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(house: &House) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", house.ssh_port())).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Reads until the gateway has had enough, and returns what it said.
fn to_the_end(socket: &mut TcpStream, what: &str) -> Vec<u8> {
    let mut said = Vec::new();
    match socket.read_to_end(&mut said) {
        Ok(_) => {}
        Err(why) => {
            // A reset is an end too; a timeout is none.
            let kind = why.kind();
            assert_eq!(kind, std::io::ErrorKind::ConnectionReset, "{what}: {why}");
        }
    }
    said
}

/// The gateway is there, and nothing went wrong inside.
fn all_is_well(house: &House) {
    let ran = house.openssh("alice", "ssh", &["web-1.sluice", "echo in"]);
    assert_eq!(ran.stdout, "in\n", "{}", ran.all());
    let log = house.log();
    assert!(!log.contains("panic"), "{log}");
}

fn packet(length: u32, rest: &[u8]) -> Vec<u8> {
    [b"SSH-2.0-hostile\r\n", &length.to_be_bytes()[..], rest].concat()
}

#[test]
fn whoever_breaks_the_protocol_is_shown_out() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let garbage: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let version = b"SSH-2.0-hostile\r\n";
    // A list of algorithms that says to be longer than its packet.
    let mut lying = vec![20; 252];
    lying[0] = 4;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a part of a version", b"SSH-2.0-".to_vec()),
        ("a version without its end", b"SSH-2.0-hostile".to_vec()),
        ("an old version", b"SSH-1.5-hostile\r\n".to_vec()),
        ("another protocol", b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n".to_vec()),
        ("a line without an end", vec![b'a'; 200_000]),
        ("lines without an end", b"hello\r\n".repeat(40_000)),
        ("a version that is too long", [b"SSH-2.0-", &vec![b'a'; 100_000][..], b"\r\n"].concat()),
        ("bytes", garbage.clone()),
        ("zeros", vec![0; 200_000]),
        ("a version and nothing", version.to_vec()),
        ("a version and bytes", [version, &garbage[..]].concat()),
        ("a packet of 4 GiB", packet(u32::MAX, &garbage)),
        ("a packet of 2 GiB", packet(i32::MAX as u32, &garbage)),
        ("a packet of nothing", packet(0, &[0; 64])),
        ("a packet of one byte", packet(1, &[0; 64])),
        ("a packet that is all padding", packet(252, &[251; 252])),
        ("a packet without padding", packet(252, &[0; 252])),
        ("a part of a packet", packet(252, &[4, 20, 0, 0])),
        ("algorithms that lie", packet(252, &lying)),
        ("an unknown message first", packet(12, &[6, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("a login before keys", packet(28, &[&[4, 50][..], &[0; 26]].concat())),
        ("new keys before keys", packet(12, &[10, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("a channel before keys", packet(28, &[&[4, 90][..], &[0; 26]].concat())),
        ("a farewell at once", packet(28, &[&[4, 1][..], &[0; 26]].concat())),
    ];
    std::thread::scope(|scope| {
        for (what, bytes) in &cases {
            let house = &house;
            scope.spawn(move || {
                let mut socket = connect(house);
                // It may have hung up before it has heard all.
                let _ = socket.write_all(bytes);
                let said = to_the_end(&mut socket, what);
                assert!(said.is_empty() || said.starts_with(b"SSH-2.0-"), "{what}: {said:?}");
            });
            // The same, and the client says no more.
            scope.spawn(move || {
                let mut socket = connect(house);
                let _ = socket.write_all(bytes);
                let _ = socket.shutdown(Shutdown::Write);
                to_the_end(&mut socket, what);
            });
            // The same, and the client does not wait for an answer.
            scope.spawn(move || {
                let _ = connect(house).write_all(bytes);
            });
        }
    });
    all_is_well(&house);
}

#[test]
fn whoever_drips_is_shown_out_too() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut socket = connect(&house);
    let reader = socket.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut reader = reader;
        to_the_end(&mut reader, "drips");
    });
    let since = Instant::now();
    // A letter now and then does not buy more time.
    while !reader.is_finished() && since.elapsed() < PATIENCE {
        let _ = socket.write_all(b"a");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(reader.is_finished(), "it may drip for longer than {PATIENCE:?}");
    reader.join().unwrap();
    all_is_well(&house);
}

#[test]
fn three_hundred_who_never_sign_in_keep_nobody_out() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = house.process().resident();
    let mut idle: Vec<TcpStream> = (0..300).map(|_| connect(&house)).collect();
    for socket in idle.iter_mut().skip(100) {
        let _ = socket.write_all(b"SSH-2.0-idle\r\n");
    }
    // From the address where they all are there may be no room; from any other there is.
    let words = ["-b", "127.0.0.9", "web-1.sluice", "echo in"];
    let ran = house.openssh("alice", "ssh", &words);
    assert_eq!(ran.stdout, "in\n", "{}\n{}", ran.all(), house.log());
    let grown = house.process().resident().saturating_sub(before);
    assert!(grown < 64 << 20, "it grew by {grown} bytes");
    // Whoever got no place was told so, and everybody else has to go in the end.
    let mut crowded = 0;
    for socket in &mut idle {
        let said = to_the_end(socket, "idle");
        crowded += usize::from(said.starts_with(b"too many connections"));
    }
    assert!((1..300).contains(&crowded), "{crowded}");
    until("there is room again", Duration::from_secs(30), || {
        house.openssh("alice", "ssh", &["web-1.sluice", "true"]).ok().then_some(())
    });
    all_is_well(&house);
}
