//! Syslog, read as its RFCs say and no more kindly.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use control::export::{Syslog, Target, To, Transport};
use control::localca::Certificates;
use serde_json::Value;

use super::{Desk, in_order, of_kind, target};

/// One message of RFC 5424.
struct Message {
    facility: u8,
    severity: u8,
    code: String,
    sequence: u64,
    event: Value,
}

/// `<PRI>1 SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP [meta sequenceId="…"] SP MSG`
fn parse(text: &[u8]) -> Message {
    assert!(text.is_ascii(), "MSG-ANY is ASCII here, for it has no BOM");
    assert!(text.iter().all(|byte| !byte.is_ascii_control()));
    assert!(text.len() <= 8192, "{}", text.len());
    let text = std::str::from_utf8(text).unwrap();
    let (priority, rest) = text.strip_prefix('<').unwrap().split_once('>').unwrap();
    let priority: u8 = priority.parse().unwrap();
    assert!(priority <= 191);
    let fields: Vec<&str> = rest.splitn(7, ' ').collect();
    let [version, timestamp, hostname, app, process, code, rest] = fields[..] else {
        panic!("{text}")
    };
    assert_eq!((version, app), ("1", "sluice"));
    assert_eq!(timestamp.len(), "2026-01-31T23:59:59.000001Z".len());
    assert_eq!(&timestamp[19..20], ".");
    assert!(timestamp.ends_with('Z'));
    assert!((1..=255).contains(&hostname.len()) && (1..=128).contains(&process.len()));
    assert!((1..=32).contains(&code.len()));
    let data = rest.strip_prefix("[meta sequenceId=\"").unwrap();
    let (sequence, event) = data.split_once("\"] ").unwrap();
    let sequence = sequence.parse().unwrap();
    assert!((1..=2_147_483_647).contains(&sequence));
    Message {
        facility: priority / 8,
        severity: priority % 8,
        code: code.to_owned(),
        sequence,
        event: serde_json::from_str(event).unwrap(),
    }
}

/// Octet counting: `MSG-LEN SP SYSLOG-MSG`.
fn frame(reader: &mut impl BufRead) -> Option<Message> {
    let mut length = Vec::new();
    reader.read_until(b' ', &mut length).ok()?;
    length.pop()?;
    let length: usize = std::str::from_utf8(&length).unwrap().parse().unwrap();
    let mut message = vec![0; length];
    reader.read_exact(&mut message).ok()?;
    Some(parse(&message))
}

fn syslog(transport: Transport, port: u16, ca: Option<std::path::PathBuf>) -> Target {
    let host = "127.0.0.1".into();
    target("log", To::Syslog(Syslog { transport, host, port, facility: 13, ca }))
}

fn check(messages: &[Message], events: usize) {
    let told: Vec<Value> = messages.iter().map(|message| message.event.clone()).collect();
    let told = in_order(&told);
    assert_eq!(told.len(), events);
    for message in messages {
        assert_eq!(message.facility, 13);
        assert!((4..=6).contains(&message.severity));
        assert_eq!(message.event["event"], message.code);
        assert_eq!(message.event["sequence"], message.sequence);
    }
    let text = told.iter().find_map(|event| event["text"].as_str()).unwrap();
    assert_eq!(text, "SELECT '1', 'Möbius' FROM customers");
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_hold_one_message_each() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let port = socket.local_addr().unwrap().port();
    let desk = Desk::open(folder.path(), vec![syslog(Transport::Udp, port, None)]).await;
    desk.session(1, 5);
    let mut chunk = [0; 65_536];
    let mut messages = Vec::new();
    while messages.len() < 12 {
        let length = socket.recv(&mut chunk).unwrap();
        messages.push(parse(&chunk[..length]));
    }
    check(&messages, 12);
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_up_gets_everything_from_the_next_connection_on() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let desk = Desk::open(folder.path(), vec![syslog(Transport::Tcp, port, None)]).await;
    desk.session(1, 5);
    let mut messages = Vec::new();
    // Three times it dies after some messages, with others in its buffers.
    for _ in 0..3 {
        let mut reader = BufReader::with_capacity(64, accept(&listener));
        (0..2).for_each(|_| messages.extend(frame(&mut reader)));
    }
    let mut reader = BufReader::new(accept(&listener));
    while of_kind(&events(&messages), "session.closed") == 0 {
        messages.extend(frame(&mut reader));
    }
    check(&messages, 12);
    desk.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_in_tls_believes_the_named_authority_alone() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let certificates =
        Certificates::from_local_authority(folder.path(), &[], control::Clock::system()).unwrap();
    let server = certificates.server_config(&[], None).unwrap();
    let ca = certificates.authority_path();
    let desk = Desk::open(folder.path(), vec![syslog(Transport::Tls, port, ca)]).await;
    desk.session(1, 5);
    let session = rustls::ServerConnection::new(Arc::clone(&server)).unwrap();
    let mut reader = BufReader::new(rustls::StreamOwned::new(session, accept(&listener)));
    let mut messages = Vec::new();
    while of_kind(&events(&messages), "session.closed") == 0 {
        messages.extend(frame(&mut reader));
    }
    check(&messages, 12);
    desk.close();

    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path(), vec![syslog(Transport::Tls, port, None)]).await;
    desk.session(1, 1);
    let session = rustls::ServerConnection::new(server).unwrap();
    let mut stranger = rustls::StreamOwned::new(session, accept(&listener));
    let mut nothing = Vec::new();
    assert!(stranger.read_to_end(&mut nothing).is_err());
    assert!(nothing.is_empty());
    desk.close();
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn events(messages: &[Message]) -> Vec<Value> {
    messages.iter().map(|message| message.event.clone()).collect()
}
