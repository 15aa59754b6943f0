use model::{Identity, IdentityKind, SessionId, StreamDigest};
use serde_json::{Value, json};

use super::*;

const FULL: Wording<'_> = Wording { text: Text::Full, parameters: true, longest: 100 };

fn at(second: u64) -> Timestamp {
    Timestamp::from_secs(1_750_000_000 + second)
}

fn opened() -> Event {
    Event::Opened(Box::new(SessionHead {
        id: SessionId::new(at(0), 1),
        opened: at(0),
        identity: Identity {
            subject: "alice@example.com".into(),
            groups: vec!["engineering".into()],
            kind: IdentityKind::User,
            provider: "corp".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        },
        source: "192.0.2.7:51234".into(),
        client: Some("psql".into()),
        resource: "orders".into(),
        protocol: "postgres".into(),
        database: Some("shop".into()),
        policies: vec!["engineers".into()],
    }))
}

fn command(number: u64, phase: Phase) -> Event {
    let parameters = [Parameter::Text("7".into()), Parameter::Null].into();
    let text = Bytes::from(format!("SELECT {number}"));
    Event::Command { number, phase, text, parameters, accesses: Arc::default(), seen: None }
}

fn decided(number: u64, verdict: Verdict) -> Event {
    Event::Decided {
        number,
        verdict,
        policies: ["p".into()].into(),
        approval: None,
        message: None,
        cause: None,
    }
}

fn finished(number: u64) -> Event {
    Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 8 }
}

/// What these events tell, in Sluice's own words; the last is how the session ends.
fn told(events: &[Event], ends: bool) -> Vec<Value> {
    let (mut teller, mut out, mut frame) = (Teller::new(), Vec::new(), 0);
    for event in events {
        frame += 1;
        teller.frame(frame, at(frame), event, &mut out);
    }
    frame += 1;
    if ends {
        let ending = Ending { at: at(frame), how: "the client left".into() };
        teller.frame(frame, at(frame), &Event::Closed(ending), &mut out);
    } else {
        teller.interrupted(frame, at(frame), &mut out);
    }
    out.iter().map(|happening| session(happening, &FULL, Some(1))).collect()
}

fn of<'v>(told: &'v [Value], field: &str) -> Vec<&'v Value> {
    told.iter().map(|event| &event[field]).collect()
}

#[test]
fn a_command_is_told_when_it_is_decided_and_when_it_ends() {
    let events = [opened(), command(1, Phase::Run), decided(1, Verdict::Allowed), finished(1)];
    let told = told(&events, true);
    let events = ["session.opened", "command.decided", "command.finished", "session.closed"]
        .map(Value::from);
    assert_eq!(of(&told, "event"), events.iter().collect::<Vec<_>>());
    let id = SessionId::new(at(0), 1);
    assert_eq!(
        told[1],
        json!({
            "sequence": 1,
            "uid": format!("{id}/3"),
            "at": "2025-06-15T15:06:43.000000Z",
            "event": "command.decided",
            "session": id,
            "subject": "alice@example.com",
            "kind": "user",
            "on_behalf_of": null,
            "source": "192.0.2.7:51234",
            "resource": "orders",
            "protocol": "postgres",
            "database": "shop",
            "command": 1,
            "phase": "run",
            "verdict": "allowed",
            "text": "SELECT 1",
            "parameters": ["7", null],
            "accesses": [],
            "policies": ["p"],
            "approval": null,
            "message": null,
        })
    );
    assert_eq!(told[2]["microseconds"], 1_000_000);
    assert_eq!(told[3]["how"], "the client left");
}

#[test]
fn a_program_that_ends_and_a_file_that_moves_are_told_without_what_was_said() {
    let digest = |stream, bytes| StreamDigest { stream, bytes, blake3: [0xab; 32] };
    let events = [
        opened(),
        command(1, Phase::Run),
        decided(1, Verdict::Allowed),
        Event::Terminal { number: 1, columns: 80, rows: 24 },
        Event::Stream { number: 1, stream: Stream::Output, data: Bytes::from_static(b"secret") },
        Event::Moved {
            number: 1,
            path: "/a".into(),
            upload: true,
            bytes: 5,
            sha256: Some([0xcd; 32]),
        },
        Event::Exited {
            number: 1,
            status: Some(2),
            signal: None,
            streams: vec![digest(Stream::Input, 0), digest(Stream::Output, 6)],
        },
    ];
    let told = told(&events, true);
    assert_eq!(told.len(), 5);
    let (moved, ended) = (&told[2], &told[3]);
    assert_eq!((&moved["event"], &moved["path"]), (&json!("file.moved"), &json!("/a")));
    assert_eq!((&moved["upload"], &moved["bytes"]), (&json!(true), &json!(5)));
    assert_eq!(moved["sha256"], "cd".repeat(32));
    assert_eq!((&ended["event"], &ended["status"]), (&json!("command.exited"), &json!(2)));
    assert_eq!(ended["streams"], json!({ "input": 0, "output": 6 }));
    assert_eq!(ended["microseconds"], 4_000_000);
    // It has ended.
    assert_eq!(told[4]["unfinished"], json!([]));
    let all = Value::from(told).to_string();
    assert!(!all.contains("secret") && !all.contains(&"ab".repeat(32)), "{all}");
}

#[test]
fn a_held_command_is_told_twice_and_each_time_says_what_it_is() {
    let events =
        [opened(), command(1, Phase::Run), decided(1, Verdict::Held), decided(1, Verdict::Denied)];
    let told = told(&events, true);
    assert_eq!(told[1]["verdict"], "held");
    assert_eq!(told[2]["verdict"], "denied");
    assert_eq!(told[1]["text"], told[2]["text"]);
}

#[test]
fn the_end_of_a_session_tells_what_was_not_decided_and_what_nobody_saw_end() {
    let events = [
        opened(),
        command(1, Phase::Run),
        decided(1, Verdict::Allowed),
        command(2, Phase::Prepare),
        decided(2, Verdict::Allowed),
        command(3, Phase::Run),
        decided(3, Verdict::Held),
    ];
    let told = told(&events, false);
    let [.., undecided, over] = &told[..] else { panic!("{told:?}") };
    assert_eq!(undecided["verdict"], "undecided");
    assert_eq!(undecided["command"], 3);
    assert_eq!(over["event"], "session.broken_off");
    // What was only readied never ran.
    assert_eq!(over["unfinished"], json!([1]));
    let uids = of(&told, "uid");
    let mut unique = uids.iter().map(ToString::to_string).collect::<Vec<_>>();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), uids.len());
}

#[test]
fn nothing_a_client_was_shown_is_told() {
    let secret = Bytes::from_static(b"secret");
    let events = [
        opened(),
        Event::Columns { number: 1, columns: Arc::default() },
        Event::Rows { number: 1, count: 1, data: secret.clone() },
        Event::Bulk { number: 1, to_client: true, data: secret },
        Event::Cut { number: 1 },
        Event::Notice { number: 1, message: "secret".into() },
    ];
    let told = told(&events, true);
    assert_eq!(told.len(), 2);
    assert!(!Value::from(told).to_string().contains("secret"));
}

#[test]
fn why_a_statement_was_not_understood_is_told_with_the_statement_only() {
    let shape = |_: &[u8]| None;
    for (cause, text, is_told) in [
        (ReasonKind::NotUnderstood, Text::Full, true),
        (ReasonKind::NotUnderstood, Text::Shape(&shape), false),
        (ReasonKind::NotUnderstood, Text::None, false),
        (ReasonKind::Policy, Text::None, true),
    ] {
        let refused = Event::Decided {
            number: 1,
            verdict: Verdict::Denied,
            policies: Arc::default(),
            approval: None,
            message: Some("syntax error at or near \"secret\"".into()),
            cause: Some(cause),
        };
        let (mut teller, mut out) = (Teller::new(), Vec::new());
        for event in [opened(), command(1, Phase::Run), refused] {
            teller.frame(1, at(1), &event, &mut out);
        }
        let wording = Wording { text, parameters: false, longest: 100 };
        let by = crate::ocsf::Reporter { version: "0", sequence: None };
        let ours = session(&out[1], &wording, None);
        let ocsf = crate::ocsf::session(&out[1], &wording, by);
        assert_eq!(ours["message"].is_string(), is_told, "{ours}");
        assert_eq!(ocsf["message"].is_string(), is_told, "{ocsf}");
    }
}

#[test]
fn a_recording_without_a_beginning_is_nobodys() {
    assert!(told(&[command(1, Phase::Run), decided(1, Verdict::Allowed)], true).is_empty());
}

#[test]
fn a_client_that_begins_and_never_ends_is_not_remembered_for_ever() {
    let mut teller = Teller::new();
    let mut out = Vec::new();
    teller.frame(1, at(0), &opened(), &mut out);
    for number in 1..=MOST as u64 + 10 {
        teller.frame(number * 2, at(1), &command(number, Phase::Run), &mut out);
        teller.frame(number * 2 + 1, at(1), &decided(number, Verdict::Allowed), &mut out);
        out.clear();
    }
    assert_eq!(teller.running.len(), MOST);
    teller.frame(1 << 40, at(2), &finished(1), &mut out);
    let What::Ended(ended) = &out[0].what else { panic!() };
    assert_eq!(ended.since, None);
}
