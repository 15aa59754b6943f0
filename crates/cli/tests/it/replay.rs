//! A session of programs from a file, offline: as text, on a terminal, as a cast.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::{Keys, SessionKey, SigningKey, Writer};
use model::{
    Access, Action, Ending, Event, Identity, IdentityKind, Object, Phase, SessionHead, SessionId,
    Stream, Timestamp,
};

use super::{Desk, Said};

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn head() -> SessionHead {
    SessionHead {
        id: SessionId::new(START, 7),
        opened: START,
        identity: Identity {
            subject: "ann@example.com".into(),
            groups: vec![],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "10.0.0.9:4711".into(),
        client: None,
        resource: "web-1".into(),
        protocol: "ssh".into(),
        database: None,
        policies: vec!["open".into()],
    }
}

fn command(number: u64, text: &'static str) -> Event {
    Event::Command {
        number,
        phase: Phase::Run,
        text: Bytes::from_static(text.as_bytes()),
        parameters: Arc::new([]),
        accesses: Arc::new([Access::new(Action::Exec, Object::resource())]),
        seen: None,
    }
}

fn said(number: u64, stream: Stream, data: &'static [u8]) -> Event {
    Event::Stream { number, stream, data: Bytes::from_static(data) }
}

fn ended(number: u64) -> Event {
    Event::Exited { number, status: Some(0), signal: None, streams: Vec::new() }
}

/// A program without a terminal, and two on terminals of their own.
fn desk() -> Desk {
    let session = SessionKey::new(zeroize::Zeroizing::new([9; 32]));
    let signing = Arc::new(SigningKey::from_seed(&[7; 32]));
    let keys = Keys { signing, session, slots: Vec::new() };
    let mut writer = Writer::begin(keys, &head()).unwrap();
    let size = |number| Event::Terminal { number, columns: 90, rows: 30 };
    let events = [
        command(1, "uname"),
        said(1, Stream::Output, b"Linux\n"),
        ended(1),
        size(0),
        command(2, "env LANG"),
        command(3, "shell"),
        said(3, Stream::Output, b"\x1b]0;owned\x07\x1b]52;c;eA==\x07\x1b[32mweb-1\x1b[0m$ \x1b[6n"),
        said(3, Stream::Input, b"l\x1b[Cs\r"),
        said(3, Stream::Output, b"ls\r\none\n"),
        ended(3),
        size(0),
        command(4, "top"),
        said(4, Stream::Output, b"\x1b[?1049htop of 4"),
        ended(4),
    ];
    let mut at = START;
    for event in &events {
        at = at.plus(Duration::from_millis(20));
        writer.append(at, event).unwrap();
    }
    writer.close(&Ending { at, how: "the client left".into() }).unwrap();
    let desk = Desk::with(&[("key", &"09".repeat(32))]);
    fs::write(desk.path().join("file"), writer.bytes()).unwrap();
    desk
}

fn replay(desk: &Desk, words: &[&str]) -> Said {
    let words = [&["sessions", "replay", "file", "--session-key", "key"], words].concat();
    desk.sluice(&words)
}

/// The same where somebody looks: on a terminal.
fn watched(desk: &Desk, words: &str) -> String {
    on_a_terminal(desk, &format!("replay file --session-key key {words}"))
}

/// What a command about sessions shows on a terminal.
fn on_a_terminal(desk: &Desk, words: &str) -> String {
    let sluice = env!("CARGO_BIN_EXE_sluice");
    let line = format!("{sluice} sessions {words}");
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(desk.path()).env_clear();
    script.env("HOME", desk.path()).env("PATH", std::env::var_os("PATH").unwrap());
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_programs_said_is_text_where_nobody_looks() {
    let desk = desk();
    let whole = replay(&desk, &[]);
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    assert!(!whole.out.contains('\u{1b}'), "{:?}", whole.out);
    for part in [
        "$ uname\nLinux\n  [1] exit 0",
        "  [3] terminal 90×30\n< l\\x1b[Cs\n",
        "\\x1b]0;owned\\x07",
        "$ \\x1b[6nls\none\n  [3] exit 0",
        "  [4] terminal 90×30\n\\x1b[?1049htop of 4\n  [4] exit 0",
    ] {
        assert!(whole.out.contains(part), "{part} is not in\n{}", whole.out);
    }
    let one = replay(&desk, &["--statement", "4"]);
    assert!(one.out.contains("top of 4") && !one.out.contains("one"), "{}", one.out);
    let lines = replay(&desk, &["--json"]);
    let kinds = |kind: &str| {
        let lines = lines.out.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &serde_json::Value| line["type"] == kind).count()
    };
    assert_eq!((kinds("stream"), kinds("terminal"), kinds("exited")), (5, 2, 3), "{}", lines.out);
}

#[test]
fn a_terminal_is_played_where_somebody_looks_and_given_back() {
    let desk = desk();
    let played = watched(&desk, "");
    for part in [
        "Linux\r\n",
        "\x1b[32mweb-1\x1b[0m$ ls\r\x1bDone\x1bD\x1b(B\x1b[m",
        "\x1b[?1049htop of 4\x1b(B\x1b[m",
        "\x1b[?1049l\x1b[?25h\r",
    ] {
        assert!(played.contains(part), "{part:?} is not in\n{played:?}");
    }
    for (words, hidden) in
        [("", "\x1b]"), ("", "\x1b[6n"), ("", "owned"), ("--text", "\x1b]"), ("--text", "\x1b[?")]
    {
        let played = watched(&desk, words);
        assert!(!played.contains(hidden), "{hidden:?} is in\n{played:?}");
    }
    assert!(watched(&desk, "--text --speed max").contains("\\x1b]0;owned"));
    let one = watched(&desk, "--statement 4");
    assert!(one.contains("\x1b[?1049htop of 4") && !one.contains("\x1b[32mweb-1"), "{one:?}");
}

#[test]
fn a_cast_is_of_one_screen_and_of_one_statement_where_that_is_wanted() {
    let desk = desk();
    let export = |words: &[&str]| {
        let words =
            [&["sessions", "export", "file", "--session-key", "key", "--format"], words].concat();
        desk.sluice(&words)
    };
    let whole = export(&["asciicast"]);
    assert!(whole.out.starts_with("{\"version\":2,\"width\":90,\"height\":30,"), "{}", whole.out);
    assert!(whole.out.contains("top of 4") && whole.out.contains("one"), "{}", whole.out);
    let one = export(&["asciicast-v3", "--statement", "4"]);
    assert!(one.out.contains("\"cols\":90") && one.out.contains("top of 4"), "{}", one.out);
    assert!(!one.out.contains("Linux") && !one.out.contains("[32mweb-1"), "{}", one.out);
    for (words, says) in [
        (&["asciicast", "--statement", "9", "-o", "x.cast"][..], "no statement 9"),
        (&["html", "--statement", "1"], "--statement is for asciicasts"),
    ] {
        let said = export(words);
        assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
        assert!(said.err.contains(says), "{}", said.err);
        assert!(!desk.path().join("x.cast").exists());
    }
}

#[test]
fn a_capture_is_of_forwarded_connections_and_not_for_a_terminal() {
    let desk = desk();
    for (words, says) in [
        (&["-o", "x.pcapng"][..], "no connection was forwarded in the session"),
        (&[], "no connection was forwarded in the session"),
        (&["--statement", "3"], "no connection was forwarded by statement 3"),
    ] {
        let export = ["sessions", "export", "file", "--session-key", "key", "--format", "pcap"];
        let said = desk.sluice(&[&export, words].concat());
        assert_eq!((said.code, &*said.out), (Some(1), ""), "{}", said.err);
        assert!(said.err.contains(says), "{}", said.err);
        assert!(!desk.path().join("x.pcapng").exists());
    }
    let said = on_a_terminal(&desk, "export file --session-key key --format pcap");
    assert!(said.contains("on a terminal") && said.contains("-o FILE"), "{said}");
}
