//! Messages that nobody may send: whoever does is told in SSH's own words, and shown out or refused.

use std::time::Duration;

use e2e::SshServer;

use super::super::plain;
use super::client::{
    CLOSE, DATA, EOF, EXTENDED, FAILURE, NOT_OPENED, OPEN, OPENED, REQUEST, SUCCESS, WINDOW, data,
    global, message, number_at, of, open, request, string, variable,
};
use super::{Hostile, assert_bounded, assert_told, others_work, warm};

const UNKNOWN: &str = "a channel that is not known is spoken of";
const TOO_MUCH: &str = "more is sent than a window allows";
const MALFORMED: &str = "a message is malformed";
const LENGTH: &str = "a packet has an impossible length";
const CHANGED: &str = "a packet was changed on its way";

const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const KEX_INIT: u8 = 30;

/// An offer of algorithms that any server can agree to.
pub(super) fn offer() -> Vec<u8> {
    let lists = [
        "curve25519-sha256",
        "ssh-ed25519",
        "aes256-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "none",
        "none",
        "",
        "",
    ];
    let lists: Vec<u8> = lists.iter().flat_map(string).collect();
    [&[KEXINIT][..], &[7; 16], &lists, &[0; 5]].concat()
}

/// What it is, what is said, and the last words that may be heard.
type ShownOut = (&'static str, Vec<Vec<u8>>, &'static [&'static str]);

/// What a client says that has one open channel.
fn of_those_who_are_shown_out(there: u32) -> Vec<ShownOut> {
    let nowhere = 7777;
    let lie = u32::MAX.to_be_bytes();
    vec![
        (
            "data that is longer than a packet",
            vec![data(there, &[b'x'; (32 << 10) + 1])],
            &[TOO_MUCH],
        ),
        ("a packet of 300 KiB", vec![data(there, &vec![b'x'; 300 << 10])], &[LENGTH]),
        ("a packet of 20 MiB", vec![data(there, &vec![b'x'; 20 << 20])], &[LENGTH]),
        ("a packet of nothing", vec![vec![]], &[LENGTH]),
        ("data of no channel", vec![data(nowhere, b"x")], &[UNKNOWN]),
        (
            "other data of no channel",
            vec![message(EXTENDED, &[nowhere, 1], &string("x"))],
            &[UNKNOWN],
        ),
        ("room for no channel", vec![message(WINDOW, &[nowhere, 1], &[])], &[UNKNOWN]),
        ("the end of no channel", vec![of(EOF, nowhere)], &[UNKNOWN]),
        ("no channel is closed", vec![of(CLOSE, nowhere)], &[UNKNOWN]),
        ("a request of no channel", vec![request(nowhere, "shell", true, &[])], &[UNKNOWN]),
        ("a good answer of no channel", vec![of(SUCCESS, nowhere)], &[UNKNOWN]),
        ("a bad answer of no channel", vec![of(FAILURE, nowhere)], &[UNKNOWN]),
        (
            "nobody asked for this channel",
            vec![message(OPENED, &[nowhere, 1, 1, 1], &[])],
            &[UNKNOWN],
        ),
        (
            "its own channel is opened again",
            vec![message(OPENED, &[there, 1, 1, 1], &[])],
            &[UNKNOWN],
        ),
        (
            "nobody's channel is refused",
            vec![message(NOT_OPENED, &[nowhere, 1], &string("no"))],
            &[UNKNOWN],
        ),
        (
            "its own channel is refused",
            vec![message(NOT_OPENED, &[there, 1], &string("no"))],
            &[UNKNOWN],
        ),
        ("closed twice", vec![of(CLOSE, there); 2], &["a channel is closed twice", UNKNOWN]),
        ("data behind the end", vec![of(EOF, there), data(there, b"x")], &[TOO_MUCH]),
        (
            "other data behind the end",
            vec![of(EOF, there), message(EXTENDED, &[there, 1], &string("x"))],
            &[TOO_MUCH],
        ),
        ("data behind the close", vec![of(CLOSE, there), data(there, b"x")], &[TOO_MUCH, UNKNOWN]),
        (
            "a request behind the close",
            vec![of(CLOSE, there), request(there, "shell", true, &[])],
            &[TOO_MUCH, UNKNOWN],
        ),
        ("an end behind the close", vec![of(CLOSE, there), of(EOF, there)], &[TOO_MUCH, UNKNOWN]),
        (
            "a kind past the end",
            vec![message(OPEN, &[u32::MAX, 1, 1, 1], b"session")],
            &[MALFORMED],
        ),
        (
            "a kind that is no text",
            vec![[&[OPEN][..], &string([255; 7]), &[0; 12]].concat()],
            &[MALFORMED],
        ),
        (
            "an opening that is cut",
            vec![[&[OPEN][..], &string("session"), &[0; 11]].concat()],
            &[MALFORMED],
        ),
        (
            "a way that leads past the end",
            vec![[&open("direct-tcpip", 9, 1, 1)[..], &lie, b"db"].concat()],
            &[MALFORMED],
        ),
        (
            "data past the end",
            vec![message(DATA, &[there], &[&lie[..], b"x"].concat())],
            &[MALFORMED],
        ),
        (
            "data before the end",
            vec![message(DATA, &[there], &[&string("x")[..], b"x"].concat())],
            &[MALFORMED],
        ),
        (
            "a request past the end",
            vec![message(REQUEST, &[there], &[&lie[..], b"exec"].concat())],
            &[MALFORMED],
        ),
        (
            "a program past the end",
            vec![request(there, "exec", true, &[&lie[..], b"true"].concat())],
            &[MALFORMED],
        ),
        (
            "a program and more",
            vec![request(there, "exec", true, &[&string("true")[..], b"x"].concat())],
            &[MALFORMED],
        ),
        (
            "a subsystem past the end",
            vec![request(there, "subsystem", true, &[&lie[..], b"sftp"].concat())],
            &[MALFORMED],
        ),
        ("a terminal past the end", vec![request(there, "pty-req", true, &lie)], &[MALFORMED]),
        (
            "a variable past the end",
            vec![request(there, "env", true, &[&string("LANG")[..], &lie].concat())],
            &[MALFORMED],
        ),
        ("a question past the end", vec![[&[80][..], &lie, b"keepalive"].concat()], &[MALFORMED]),
        ("a port past the end", vec![global("tcpip-forward", true, &lie)], &[MALFORMED]),
        ("a channel that is cut", vec![vec![EOF, 0, 0]], &[MALFORMED]),
        ("a message without a number", vec![vec![0, 1, 2, 3]], &["a message has no number"]),
        ("new keys out of turn", vec![vec![NEWKEYS]], &["new keys came out of turn"]),
        (
            "a value out of turn",
            vec![[&[KEX_INIT][..], &string([1; 32])].concat()],
            &["a value for a key exchange came out of turn"],
        ),
        ("an offer that is cut", vec![vec![KEXINIT; 40]], &[MALFORMED]),
        (
            "offers without an end",
            vec![offer(); 1000],
            &["a second key exchange began during the first"],
        ),
        (
            "a message amid an exchange of keys",
            vec![offer(), request(there, "exec", true, &string("true"))],
            &["a message came during the exchange of keys"],
        ),
        (
            "a value that is none",
            vec![offer(), [&[KEX_INIT][..], &string([0; 32])].concat()],
            &["a value for a key exchange is none"],
        ),
        (
            "a goodbye",
            vec![[&[1, 0, 0, 0, 11][..], &string("bye"), &string("")].concat()],
            &["the client left"],
        ),
    ]
}

#[test]
fn whoever_breaks_the_protocol_inside_is_shown_out_with_words() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let count = of_those_who_are_shown_out(0).len();
    std::thread::scope(|scope| {
        for at in 0..count {
            let house = &house;
            scope.spawn(move || {
                let mut client = Hostile::enter(house, "alice");
                let there = client.session(5);
                let (what, payloads, words) = of_those_who_are_shown_out(there).remove(at);
                client.pour(payloads);
                let said = client.farewell();
                assert!(words.iter().any(|words| said.contains(words)), "{what}: {said:?}");
            });
        }
        others_work(&house);
    });
    others_work(&house);
    assert_bounded(&house, before, "after all of them");
    // Of all this nothing reached the target: it ran what the others did.
    let log = server.log();
    assert_eq!(log.matches("Starting session").count(), 3, "{log}");
    assert_told(&house, count + 3);
}

#[test]
fn whoever_sends_more_than_there_is_room_for_is_shown_out() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let there = client.session(5);
    // The target takes what it has room for, and its program nothing.
    client.say(&request(there, "exec", true, &string("exec sleep 60")));
    client.hear_of(SUCCESS);
    let long = vec![b'x'; 32 << 10];
    client.pour((0..400).map(|_| data(there, &long)));
    let said = client.farewell();
    assert!(said.contains(TOO_MUCH), "{said:?}");
    others_work(&house);
    assert_bounded(&house, before, "after all of it");
    assert_told(&house, 3);
}

#[test]
fn what_is_said_before_anything_runs_is_nobodys() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let before = warm(&house);
    let mut client = Hostile::enter(&house, "alice");
    let there = client.session(5);
    // Byte by byte, and far more than a window: each is given room for again.
    client.pour((0..20_000).map(|_| data(there, b"x")));
    let long = vec![b'x'; 32 << 10];
    for _ in 0..64 {
        client.say(&data(there, &long[..4 << 10]));
    }
    client.say(&request(there, "env", true, &variable("LANG", "C.UTF-8")));
    client.say(&data(there, b"and this"));
    client.say(&request(there, "exec", true, &string("cat; echo over")));
    client.say(&data(there, b"but this. "));
    client.say(&of(EOF, there));
    let mut said = Vec::new();
    loop {
        let payload = client.hear().unwrap();
        match payload[0] {
            DATA => said.extend_from_slice(&payload[9..]),
            CLOSE => break,
            _ => {}
        }
    }
    assert_eq!(String::from_utf8(said).unwrap(), "but this. over\n");
    client.works();
    assert_bounded(&house, before, "after all of it");
    drop(client);
    assert_told(&house, 2);
}

#[test]
fn what_is_said_to_a_program_that_has_ended_is_nobodys() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut client = Hostile::enter(&house, "alice");
    for line in ["exit 3", "exec cat </dev/null", "cat /nowhere"] {
        let there = client.session(5);
        client.say(&request(there, "exec", true, &string(line)));
        // It does not wait for anything, and does not hear that the program has ended.
        let more = [data(there, &[b'x'; 1000]), request(there, "signal", false, &string("WINCH"))];
        for _ in 0..50 {
            client.pour(more.clone());
            std::thread::sleep(Duration::from_millis(10));
        }
        client.say(&of(EOF, there));
        client.hear_of(CLOSE);
        client.say(&of(CLOSE, there));
        client.works();
    }
    drop(client);
    assert_told(&house, 1);
}

#[test]
fn a_packet_that_was_changed_ends_the_session() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    type Change = fn(&mut [u8]);
    let cases: [(&str, Change, &[&str]); 5] = [
        ("a length of 4 GiB", |packet| packet[..4].fill(255), &[LENGTH]),
        ("a length of nothing", |packet| packet[..4].fill(0), &[LENGTH]),
        ("a length that is longer", |packet| packet[1] ^= 4, &[LENGTH]),
        ("one bit", |packet| packet[9] ^= 1, &[CHANGED]),
        ("the last bit", |packet| *packet.last_mut().unwrap() ^= 1, &[CHANGED]),
    ];
    for (what, change, words) in cases {
        let mut client = Hostile::enter(&house, "alice");
        let there = client.session(5);
        client.say_changed(&request(there, "exec", true, &string("echo in")), change);
        let said = client.farewell();
        assert!(words.iter().any(|words| said.contains(words)), "{what}: {said:?}");
    }
    others_work(&house);
    let log = server.log();
    assert_eq!(log.matches("Starting session").count(), 1, "{log}");
    assert_told(&house, 6);
}

#[test]
fn what_is_odd_but_breaks_nothing_is_refused_and_the_session_goes_on() {
    let server = SshServer::start(None);
    let house = plain(&server, "");
    let mut client = Hostile::enter(&house, "alice");
    let there = client.session(5);

    // Numbers of messages that nobody knows.
    for number in [6, 19, 49, 101, 127, 128, 191, 192, 255] {
        client.say(&[number, 1, 2, 3, 4]);
    }
    client.works();

    // More room than there are numbers.
    for _ in 0..10 {
        client.say(&message(WINDOW, &[there, u32::MAX], &[]));
    }
    client.works();

    // A channel that takes nothing, ever; and kinds that only a server opens, or nobody.
    for (kind, window, packet) in [
        ("session", 1, 0),
        ("session", 0, 0),
        ("x11", 1, 1),
        ("auth-agent@openssh.com", 1, 1),
        ("forwarded-tcpip", 1, 1),
        ("", 1, 1),
        ("session\n", 1, 1),
    ] {
        client.say(&open(kind, 9, window, packet));
        let refused = client.hear_of(NOT_OPENED);
        assert_eq!(number_at(&refused, 1), 9, "{kind}");
    }
    client.works();

    // A channel that takes nothing yet, and then three letters, one at a time.
    client.say(&open("session", 9, 0, 1));
    let narrow = number_at(&client.hear_of(OPENED), 5);
    client.say(&request(narrow, "exec", true, &string("printf hello")));
    client.hear_of(SUCCESS);
    client.say(&message(WINDOW, &[narrow, 3], &[]));
    for letter in [b"h", b"e", b"l"] {
        let said = client.hear_of(DATA);
        assert_eq!(said[5..], string(letter)[..]);
    }
    client.say(&message(WINDOW, &[narrow, 0], &[]));
    client.say(&message(WINDOW, &[narrow, 2], &[]));
    for letter in [b"l", b"o"] {
        assert_eq!(client.hear_of(DATA)[5..], string(letter)[..]);
    }
    client.hear_of(CLOSE);
    client.say(&of(CLOSE, narrow));

    // Requests that nobody knows, and answers that nobody waits for.
    for name in ["", "shell\n", "guarded-shell", "exec@example.com", "exit-status"] {
        client.say(&request(there, name, true, &variable("a", "b")));
        client.hear_of(FAILURE);
    }
    client.say(&of(SUCCESS, there));
    client.say(&of(FAILURE, there));
    for name in ["", "hostkeys-00@openssh.com", "cancel@example.com"] {
        client.say(&global(name, true, &[1, 2, 3]));
        client.hear_of(82);
    }

    // The end is said twice, and nothing ever ran.
    client.say(&of(EOF, there));
    client.say(&of(EOF, there));
    client.works();
    client.say(&of(CLOSE, there));
    client.hear_of(CLOSE);
    client.works();

    drop(client);
    let log = server.log();
    assert_eq!(log.matches("Starting session").count(), 6, "{log}");
    assert_told(&house, 1);
}
