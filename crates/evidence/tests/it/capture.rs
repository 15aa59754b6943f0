//! Forwarded connections as a capture file, read again by others' rules: blocks by the draft, packets by etherparse.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use evidence::export::{Capture, Export};
use model::{
    Access, Action, Event, Object, ObjectKind, Phase, Stream, StreamDigest, Timestamp, Verdict,
};

use crate::story::{START, head, said};

/// A segment, and where it is in the file.
#[derive(Clone, Debug)]
struct Packet {
    at: Timestamp,
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    acknowledges: u32,
    flags: String,
    data: Vec<u8>,
    comment: String,
}

#[derive(Debug, Default)]
struct Read {
    packets: Vec<Packet>,
    names: BTreeMap<IpAddr, String>,
    /// Comments that are no packet's.
    comments: Vec<String>,
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()).into()
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Options, or records: code and value, and after them nothing.
fn options(mut bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    while u16_at(bytes, 0) != 0 {
        let length = u16_at(bytes, 2);
        found.push((u16_at(bytes, 0), bytes[4..4 + length].to_vec()));
        bytes = &bytes[4 + length.next_multiple_of(4)..];
    }
    assert_eq!(bytes, [0; 4], "something is behind the last option");
    found
}

fn comment(options: &[(usize, Vec<u8>)]) -> String {
    let found = options.iter().find(|option| option.0 == 1);
    let text = found.map(|option| String::from_utf8(option.1.clone()).unwrap()).unwrap_or_default();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    text
}

fn packet(at: Timestamp, bytes: &[u8], comment: String) -> Packet {
    assert!(bytes.len() <= 1500);
    let sliced = SlicedPacket::from_ip(bytes).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("{sliced:?}") };
    let (from, to, sum) = match sliced.net.unwrap() {
        NetSlice::Ipv4(ip) => {
            let head = ip.header().to_header();
            assert_eq!(head.header_checksum, head.calc_header_checksum());
            let (from, to) = (head.source, head.destination);
            (from.into(), to.into(), tcp.calc_checksum_ipv4(from, to).unwrap())
        }
        NetSlice::Ipv6(ip) => {
            let head = ip.header();
            let (from, to) = (head.source(), head.destination());
            (from.into(), to.into(), tcp.calc_checksum_ipv6(from, to).unwrap())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(tcp.checksum(), sum);
    let flags = [(tcp.syn(), 'S'), (tcp.fin(), 'F'), (tcp.rst(), 'R'), (tcp.ack(), '.')];
    let (from, to): (IpAddr, IpAddr) = (from, to);
    Packet {
        at,
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledges: tcp.acknowledgment_number(),
        flags: flags.iter().filter(|flag| flag.0).map(|flag| flag.1).collect(),
        data: tcp.payload().to_vec(),
        comment,
    }
}

fn read(mut file: &[u8]) -> Read {
    let mut read = Read::default();
    let mut kinds = Vec::new();
    while !file.is_empty() {
        let (kind, length) = (u32_at(file, 0), u32_at(file, 4));
        assert_eq!((u32_at(file, length - 4), length % 4), (length, 0));
        let body = &file[8..length - 4];
        file = &file[length..];
        kinds.push(kind);
        match kind {
            0x0a0d_0d0a => {
                assert_eq!(body[..8], [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0]);
                let options = options(&body[16..]);
                assert!(options.contains(&(4, b"sluice 0.0.0".to_vec())));
                read.comments.push(comment(&options));
            }
            1 => {
                assert_eq!(body[..2], [101, 0]);
                assert!(options(&body[8..]).contains(&(9, vec![6])));
            }
            4 => {
                for (kind, record) in options(body) {
                    assert_eq!((kind, record.last()), (1, Some(&0)));
                    let address: [u8; 4] = record[..4].try_into().unwrap();
                    let name = String::from_utf8(record[4..record.len() - 1].to_vec()).unwrap();
                    assert!(!name.chars().any(char::is_control), "{name:?}");
                    assert_eq!(read.names.insert(IpAddr::from(address), name), None);
                }
            }
            5 => read.comments.push(comment(&options(&body[12..]))),
            6 => {
                let (upper, lower) = (u32_at(body, 4) as u64, u32_at(body, 8) as u64);
                let at = Timestamp::from_micros(upper << 32 | lower);
                let length = u32_at(body, 12);
                assert_eq!((u32_at(body, 0), u32_at(body, 16)), (0, length));
                let rest = &body[20 + length.next_multiple_of(4)..];
                let said = if rest.is_empty() { String::new() } else { comment(&options(rest)) };
                read.packets.push(packet(at, &body[20..20 + length], said));
            }
            other => panic!("a block of kind {other}"),
        }
    }
    assert!(kinds.is_empty() || kinds.starts_with(&[0x0a0d_0d0a, 1]), "{kinds:?}");
    assert!(read.packets.windows(2).all(|pair| pair[0].at <= pair[1].at), "time runs backwards");
    read
}

/// What was said in one direction of a connection, with a `?` where bytes are missing, and how many are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    text: Vec<u8>,
    missing: u64,
    next: Option<u32>,
    over: bool,
}

/// Puts each direction together as a receiver would: nothing comes twice, and nothing out of order.
fn heard(packets: &[Packet]) -> BTreeMap<(SocketAddr, SocketAddr), Heard> {
    let mut found: BTreeMap<_, Heard> = BTreeMap::new();
    for packet in packets {
        let back = found.get(&(packet.to, packet.from)).and_then(|back: &Heard| back.next);
        if packet.flags.contains('.') {
            assert_eq!(Some(packet.acknowledges), back, "{packet:?}");
        }
        let one = found.entry((packet.from, packet.to)).or_default();
        let expected = one.next.unwrap_or(packet.sequence);
        assert!(one.next.is_some() || packet.flags.contains(['S', 'R']), "{packet:?}");
        let gap = packet.sequence.wrapping_sub(expected);
        assert!(gap < 1 << 31, "it goes back: {packet:?}");
        if gap > 0 {
            one.missing += u64::from(gap);
            one.text.push(b'?');
        }
        assert!(!one.over || packet.data.is_empty());
        one.text.extend_from_slice(&packet.data);
        let counts = packet.data.len() as u32 + u32::from(packet.flags.contains(['S', 'F']));
        one.next = Some(packet.sequence.wrapping_add(counts));
        one.over |= packet.flags.contains('F');
    }
    found
}

fn asked(number: u64, text: &str) -> Vec<Event> {
    let place = text.split_once(" to ").or_else(|| text.split_once(" on ")).unwrap().1;
    let access = Access::new(Action::PortForward, Object::top(ObjectKind::Other, place));
    let command = Event::Command {
        number,
        phase: Phase::Run,
        text: Bytes::copy_from_slice(text.as_bytes()),
        parameters: [].into(),
        accesses: [access].into(),
        seen: None,
    };
    vec![command, decided(number, Verdict::Allowed)]
}

fn decided(number: u64, verdict: Verdict) -> Event {
    let (policies, approval, message, cause) = ([].into(), None, None, None);
    Event::Decided { number, verdict, policies, approval, message, cause }
}

fn input(number: u64, data: &[u8]) -> Vec<Event> {
    vec![said(number, Stream::Input, data)]
}

fn output(number: u64, data: &[u8]) -> Vec<Event> {
    vec![said(number, Stream::Output, data)]
}

fn ended(number: u64, input: u64, output: u64) -> Vec<Event> {
    let digest = |stream, bytes| StreamDigest { stream, bytes, blake3: [0; 32] };
    let streams = [(Stream::Input, input), (Stream::Output, output)];
    let streams = streams.iter().filter(|one| one.1 > 0).map(|one| digest(one.0, one.1)).collect();
    vec![Event::Exited { number, status: None, signal: None, streams }]
}

fn told(events: &[Vec<Event>], broken: Option<&str>) -> Vec<u8> {
    let (mut capture, mut out) = (Capture::new("sluice 0.0.0"), Vec::new());
    assert_eq!(capture.passes(), 1);
    capture.event(START, &Event::Opened(Box::new(head(1))), &mut out);
    let mut at = START;
    for event in events.iter().flatten() {
        at = at.plus(Duration::from_millis(1));
        capture.event(at, event, &mut out);
    }
    capture.end(broken, &mut out);
    assert_eq!(capture.nothing().is_some(), out.is_empty());
    out
}

fn capture(events: &[Vec<Event>]) -> Read {
    read(&told(events, None))
}

/// The texts of each connection: what the caller said, what it was told, and how many bytes of each are missing.
fn texts(read: &Read) -> Vec<(String, String, u64, u64)> {
    let heard = heard(&read.packets);
    let calls = read.packets.iter().filter(|packet| packet.flags == "S");
    let text = |heard: Option<&Heard>| {
        let text = heard.map(|heard| String::from_utf8_lossy(&heard.text).into_owned());
        (text.unwrap_or_default(), heard.map_or(0, |heard| heard.missing))
    };
    calls
        .map(|call| {
            let (caller, called) =
                (heard.get(&(call.from, call.to)), heard.get(&(call.to, call.from)));
            let ((caller, missing), (called, more)) = (text(caller), text(called));
            (caller, called, missing, more)
        })
        .collect()
}

fn flags(read: &Read) -> String {
    read.packets.iter().map(|packet| packet.flags.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_connection_is_one_from_its_first_segment_to_its_last() {
    let read = capture(&[
        asked(7, "forward to 10.1.2.3:5432"),
        input(7, b"ping"),
        output(7, b"pong"),
        ended(7, 4, 4),
    ]);
    assert_eq!(flags(&read), "S S. . . . . . F. F. .");
    let call = &read.packets[0];
    assert_eq!(
        (call.from.to_string(), call.to.to_string()),
        ("192.0.2.1:49152".into(), "10.1.2.3:5432".into())
    );
    assert_eq!(call.comment, "[7] forward to 10.1.2.3:5432");
    // It was called when it was allowed, and answered when somebody first spoke.
    let after = |packet: &Packet| packet.at.since(START).as_millis();
    let times: Vec<_> = read.packets.iter().map(after).collect();
    assert_eq!(times, [2, 3, 3, 3, 3, 4, 4, 5, 5, 5]);
    assert_eq!(texts(&read), [("ping".to_owned(), "pong".to_owned(), 0, 0)]);
    assert!(heard(&read.packets).values().all(|heard| heard.over));
    assert!(read.comments[0].contains("erin@example.com"), "{:?}", read.comments);
    assert!(read.names.is_empty());
}

#[test]
fn much_is_said_in_many_segments_over_either_kind_of_address() {
    let bytes: Vec<u8> =
        (0..300_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for place in ["db.internal:5432", "10.0.0.1:1", "[2001:db8::7]:443"] {
        let (first, rest) = bytes.split_at(65_536);
        let read = capture(&[
            asked(1, &format!("forward to {place}")),
            output(1, first),
            output(1, rest),
            input(1, &bytes[..1441]),
            ended(1, 1441, bytes.len() as u64),
        ]);
        let call = &read.packets[0];
        let heard = heard(&read.packets);
        assert!(heard[&(call.to, call.from)].text == bytes);
        assert!(heard[&(call.from, call.to)].text == bytes[..1441]);
    }
}

#[test]
fn connections_at_the_same_time_are_told_apart() {
    let read = capture(&[
        asked(1, "forward to one:80"),
        asked(2, "forward to two:80"),
        input(1, b"a"),
        input(2, b"b"),
        asked(3, "forward to one:80"),
        output(2, b"B"),
        input(3, b"c"),
        ended(2, 1, 1),
        output(1, b"A"),
        input(1, b"aa"),
        ended(1, 3, 1),
        ended(3, 1, 0),
    ]);
    let expected = [("aaa", "A"), ("b", "B"), ("c", "")];
    assert_eq!(texts(&read), expected.map(|one| (one.0.to_owned(), one.1.to_owned(), 0, 0)));
    let names: Vec<_> = read.names.iter().map(|one| format!("{} {}", one.0, one.1)).collect();
    assert_eq!(names, ["198.18.0.1 one", "198.18.0.2 two"]);
}

#[test]
fn what_is_not_recorded_is_a_gap_as_long_as_it_was() {
    let cut = |number| vec![Event::Cut { number }];
    let read = capture(&[
        asked(1, "forward to one:80"),
        output(1, b"begin"),
        cut(1),
        input(1, b"more, please"),
        ended(1, 12, 1000),
    ]);
    assert_eq!(texts(&read), [("more, please".to_owned(), "begin??".to_owned(), 0, 995)]);
    let comments: Vec<_> = read.packets.iter().map(|packet| packet.comment.as_str()).collect();
    assert!(
        comments.iter().any(|one| one.starts_with("from here on what this end says")),
        "{comments:?}"
    );
    assert!(comments.contains(&"995 bytes before this are not recorded"), "{comments:?}");

    // More than sequence numbers can jump at once, or hold.
    let bytes = 10 << 30;
    let read =
        capture(&[asked(1, "forward to one:80"), input(1, b"x"), cut(1), ended(1, bytes, 0)]);
    assert_eq!(texts(&read)[0].2, bytes - 1);
    // Nothing was to be recorded at all.
    let read = capture(&[asked(1, "forward to one:80"), cut(1), cut(1), ended(1, 3, 5)]);
    assert_eq!(texts(&read), [("?".to_owned(), "?".to_owned(), 3, 5)]);
    // Nobody can have said so much: it ends all the same.
    capture(&[asked(1, "forward to one:80"), ended(1, u64::MAX, u64::MAX)]);
}

#[test]
fn what_came_to_nothing_is_a_call_and_nothing_more() {
    let call = || asked(1, "forward to one:80");
    assert_eq!(flags(&capture(&[call()])), "S");
    assert_eq!(flags(&capture(&[call(), ended(1, 0, 0)])), "S R.");
    assert_eq!(flags(&capture(&[call(), input(1, b"x")])), "S S. . . .", "it went on");
    // An answer to what is over is nobody's.
    assert_eq!(flags(&capture(&[call(), ended(1, 0, 0), input(1, b"x")])), "S R.");
    let held = |verdict| {
        let mut events = call();
        events[1] = decided(1, Verdict::Held);
        events.push(decided(1, verdict));
        told(&[events, input(1, b"x")], None)
    };
    assert_eq!(flags(&read(&held(Verdict::Approved))), "S S. . . .");
    assert!(held(Verdict::Denied).is_empty());
    assert!(told(&[vec![], input(1, b"x"), ended(1, 1, 0)], Some("it was cut")).is_empty());
    let broken = read(&told(&[call()], Some("it was \x1b[2Jcut")));
    assert_eq!(broken.comments[1], "the recording cannot be read further: it was \\x1b[2Jcut");
}

#[test]
fn visitors_of_a_port_of_the_target_call_one_after_the_other() {
    let read = capture(&[
        asked(1, "listen on localhost:8080"),
        output(1, b"GET /1"),
        input(1, b"one"),
        ended(1, 3, 6),
        ended(1, 0, 0),
        output(1, b"GET /2"),
        // Somebody else comes and leaves without a word.
        ended(1, 0, 0),
        input(1, b"two"),
        ended(1, 3, 6),
    ]);
    let expected = [("GET /1", "one"), ("", ""), ("GET /2", "two"), ("", "")];
    assert_eq!(texts(&read), expected.map(|one| (one.0.to_owned(), one.1.to_owned(), 0, 0)));
    let calls: Vec<_> = read.packets.iter().filter(|packet| packet.flags == "S").collect();
    assert_eq!(calls[2].comment, "[1] listen on localhost:8080: connection 3");
    assert!(calls.iter().all(|call| call.to == "198.18.0.1:8080".parse().unwrap()));
    assert!(told(&[asked(1, "listen on localhost:8080")], None).is_empty());
}

#[test]
fn visitors_at_the_same_time_are_one_connection_that_says_so() {
    let read = capture(&[
        asked(1, "listen on localhost:8080"),
        output(1, b"GET /1"),
        output(1, b"GET /22"),
        input(1, b"one"),
        ended(1, 3, 6),
        input(1, b"second"),
        ended(1, 6, 7),
        output(1, b"GET /3"),
        ended(1, 0, 6),
    ]);
    let expected = [("GET /1GET /22", "onesecond"), ("GET /3", "")];
    assert_eq!(texts(&read), expected.map(|one| (one.0.to_owned(), one.1.to_owned(), 0, 0)));
    let comments = read.packets.iter().map(|packet| packet.comment.as_str());
    let said = comments.filter(|one| one.contains("are one here")).collect::<Vec<_>>();
    assert_eq!(said, ["2 connections that went on at the same time are one here"]);
}

#[test]
fn nothing_that_a_host_is_called_is_more_than_a_name() {
    let long = "x".repeat(100_000);
    for host in [
        "\x1b]0;owned\x07\n",
        "a\0b",
        "\u{202e}evil",
        "/run/x.sock",
        "::1",
        "[",
        "",
        "1.2.3.4.5",
        &long,
    ] {
        let text = format!("forward to {host}:80");
        let read = capture(&[asked(1, &text), input(1, b"x"), ended(1, 1, 0)]);
        assert_eq!(texts(&read)[0].0, "x", "{host:?}");
        let shown = read.packets[0]
            .comment
            .chars()
            .chain(read.names.values().flat_map(|name| name.chars()));
        assert!(shown.clone().all(|c| !c.is_control() && c != '\u{202e}'), "{host:?}");
        assert!(shown.count() < 700, "{host:?}");
    }
}
