//! Every event is held against the published schema.

mod schema;

use std::sync::Arc;

use bytes::Bytes;
use model::{
    Access, Action, ApprovalId, Ending, Event, Identity, IdentityKind, Object, ObjectKind,
    Parameter, Parent, Phase, SessionHead, SessionId, Stream, StreamDigest, Timestamp, TokenId,
    Verdict,
};
use serde_json::{Value, json};

use super::*;
use crate::happening::{Happening, Teller, Text};

const BY: Reporter<'_> = Reporter { version: "0.1.0", sequence: Some(7) };
const WORDING: Wording<'_> = Wording { text: Text::Full, parameters: true, longest: 1000 };

fn at(second: u64) -> Timestamp {
    Timestamp::from_secs(1_750_000_000 + second)
}

fn head(protocol: &str, kind: IdentityKind) -> SessionHead {
    SessionHead {
        id: SessionId::new(at(0), 42),
        opened: at(0),
        identity: Identity {
            subject: "alice@example.com".into(),
            groups: vec!["engineering".into(), String::new()],
            kind,
            provider: "corp".into(),
            on_behalf_of: Some("bob@example.com".into()),
            expires: Some(at(3600)),
            token: Some(TokenId::new(at(0), 3)),
            only_resources: None,
        },
        source: "[::ffff:192.0.2.7]:51234".into(),
        client: Some("psql".into()),
        resource: "orders-prod".into(),
        protocol: protocol.into(),
        database: Some("orders".into()),
        policies: vec!["engineers".into()],
    }
}

fn access(action: Action) -> Access {
    let schema = Parent::Is("public".into());
    Access::new(action, Object::within(ObjectKind::Relation, schema, "customers"))
}

fn command(number: u64, phase: Phase, text: &str, accesses: Vec<Access>) -> Event {
    Event::Command {
        number,
        phase,
        text: Bytes::copy_from_slice(text.as_bytes()),
        parameters: [Parameter::Null, Parameter::Text("7".into())].into(),
        accesses: accesses.into(),
        seen: None,
    }
}

fn decided(number: u64, verdict: Verdict) -> Event {
    Event::Decided {
        number,
        verdict,
        policies: ["engineers".into(), "no-drop".into()].into(),
        approval: (verdict == Verdict::Approved).then(|| ApprovalId::new(at(1), 9)),
        message: (verdict != Verdict::Allowed).then(|| "ask a DBA".into()),
        cause: None,
    }
}

/// Everything that can happen in a session.
fn story(head: SessionHead, text: &str, ends: bool) -> Vec<Happening> {
    let mut events = vec![Event::Opened(Box::new(head))];
    let mut number = 0;
    for action in Action::ALL {
        number += 1;
        events.push(command(number, Phase::Run, text, vec![access(*action)]));
        events.push(decided(number, Verdict::Allowed));
        events.push(Event::Finished { number, tag: "DID 1".into(), rows: 1, bytes: 20 });
    }
    for verdict in [Verdict::Denied, Verdict::Held, Verdict::Approved] {
        number += 1;
        events.push(command(number, Phase::Run, text, Vec::new()));
        events.push(decided(number, verdict));
    }
    let message = "there is no such table".to_owned();
    events.push(Event::Failed { number, code: "42P01".into(), message: message.clone() });
    events.push(Event::Failed { number: 0, code: String::new(), message });
    events.push(command(number + 1, Phase::Prepare, text, vec![access(Action::Select)]));
    events.push(decided(number + 1, Verdict::Allowed));
    events.push(command(number + 2, Phase::Run, text, vec![access(Action::Select)]));
    events.push(decided(number + 2, Verdict::Allowed));
    let mut teller = Teller::new();
    let mut out = Vec::new();
    let mut frame = 0;
    for event in &events {
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
    out
}

fn check(event: &Value) {
    if let Err(wrong) = schema::check(event) {
        panic!("{}\n{event:#}", wrong.join("\n"));
    }
}

#[test]
fn every_event_of_every_protocol_has_what_its_class_requires() {
    let sessions = [
        ("postgres", "SELECT * FROM customers", 3002, 6005),
        ("mysql", "", 3002, 6005),
        ("ssh", "uptime", 4007, 0),
        ("http", "GET /invoices?x=1 HTTP/1.1", 3002, 4002),
        ("http", "nonsense", 3002, 4002),
        ("kubernetes", "GET /api/v1/pods", 3002, 6003),
    ];
    for (protocol, text, of_session, of_command) in sessions {
        for kind in [IdentityKind::User, IdentityKind::Machine, IdentityKind::Agent] {
            for ends in [true, false] {
                let told = story(head(protocol, kind), text, ends);
                assert!(told.len() > Action::ALL.len());
                for happening in &told {
                    let event = session(happening, &WORDING, BY);
                    check(&event);
                    let class = match happening.is_of_a_command() {
                        // SSH's are of several.
                        true if of_command == 0 => continue,
                        true => of_command,
                        false => of_session,
                    };
                    assert_eq!(event["class_uid"], class, "{event:#}");
                }
            }
        }
    }
}

#[test]
fn a_session_that_says_little_of_itself_is_told_all_the_same() {
    let mut bare = head("postgres", IdentityKind::User);
    bare.identity.groups.clear();
    (bare.identity.on_behalf_of, bare.identity.expires, bare.identity.token) = (None, None, None);
    (bare.client, bare.database, bare.source) = (None, None, "somewhere".into());
    bare.policies.clear();
    let nothing = Wording { text: Text::None, parameters: false, longest: 0 };
    for happening in story(bare, "SELECT 'secret'", true) {
        let event = session(&happening, &nothing, Reporter { version: "0", sequence: None });
        check(&event);
        assert!(!event.to_string().contains("secret"), "{event:#}");
    }
}

#[test]
fn a_command_says_what_was_decided_and_by_which_policy() {
    let told = story(head("postgres", IdentityKind::User), "DROP TABLE customers", true);
    let of = |verdict: &str| {
        let found = told.iter().map(|happening| session(happening, &WORDING, BY)).find(|event| {
            event["unmapped"]["verdict"] == verdict && event["unmapped"]["accesses"] == json!([])
        });
        found.unwrap()
    };
    let denied = of("denied");
    assert_eq!(denied["action"], "Denied");
    assert_eq!(denied["disposition"], "Blocked");
    assert_eq!(denied["status"], "Failure");
    assert_eq!(denied["authorizations"][1]["policy"]["name"], "no-drop");
    assert_eq!(denied["query_info"]["query_string"], "DROP TABLE customers");
    assert_eq!(denied["message"], "ask a DBA");
    assert_eq!(denied["src_endpoint"]["ip"], "192.0.2.7");
    assert_eq!(denied["metadata"]["sequence"], 7);
    assert_eq!(of("held")["disposition"], "Delayed");
    assert!(of("approved")["unmapped"]["approval"].is_string());
}

#[test]
fn what_is_done_is_told_by_the_access_that_matters_most() {
    let name = |actions: &[Action]| {
        let accesses: Vec<_> = actions.iter().copied().map(access).collect();
        class::datastore_activity(&accesses).1
    };
    for (actions, activity) in [
        (&[Action::Select][..], "Query"),
        (&[Action::Select, Action::Insert], "Write"),
        (&[Action::Select, Action::Delete, Action::Insert], "Delete"),
        (&[Action::CreateTable, Action::Select], "Create"),
        (&[Action::Grant], "grant"),
        (&[Action::Update, Action::Select], "Update"),
        (&[Action::Show], "Read"),
        (&[Action::Unknown], "Unknown"),
        (&[], "session"),
    ] {
        assert_eq!(name(actions), activity, "{actions:?}");
    }
}

/// What is told of a command of SSH, and of its end.
fn of_ssh(text: &str, accesses: Vec<Access>, end: Event) -> (Value, Value) {
    let opened = Event::Opened(Box::new(head("ssh", IdentityKind::User)));
    let events =
        [opened, command(1, Phase::Run, text, accesses), decided(1, Verdict::Allowed), end];
    let (mut teller, mut out) = (Teller::new(), Vec::new());
    for (frame, event) in (1..).zip(&events) {
        teller.frame(frame, at(frame), event, &mut out);
    }
    let told: Vec<_> = out[1..].iter().map(|one| session(one, &WORDING, BY)).collect();
    told.iter().for_each(check);
    assert!(out[1..].iter().all(Happening::is_of_a_command));
    let [decided, ended] = &told[..] else { panic!("{told:?}") };
    (decided.clone(), ended.clone())
}

fn exited(status: Option<u32>, signal: Option<&str>) -> Event {
    let streams = vec![StreamDigest { stream: Stream::Output, bytes: 12, blake3: [7; 32] }];
    Event::Exited { number: 1, status, signal: signal.map(str::to_owned), streams }
}

#[test]
fn a_command_of_ssh_is_of_the_class_of_what_it_does() {
    let top = |action, kind, name: &str| Access::new(action, Object::top(kind, name));
    let whole = |action| Access::new(action, Object::resource());
    let file = |action| top(action, ObjectKind::File, "/etc/hosts");
    let place = || top(Action::PortForward, ObjectKind::Other, "db:5432");
    for (accesses, class, activity, end) in [
        (vec![top(Action::Exec, ObjectKind::Program, "cat"), file(Action::Get)], 1007, 1, 2),
        (vec![whole(Action::Shell)], 1007, 1, 2),
        (vec![whole(Action::Unknown)], 1007, 1, 2),
        (vec![file(Action::Download)], 1001, 2, 2),
        (vec![file(Action::Upload)], 1001, 3, 3),
        (vec![file(Action::Get)], 1001, 8, 8),
        (vec![file(Action::Patch)], 1001, 6, 6),
        (vec![file(Action::Delete), file(Action::Create)], 1001, 5, 5),
        (vec![file(Action::Delete), whole(Action::Unknown)], 1001, 4, 4),
        (vec![place()], 4007, 6, 2),
        (vec![top(Action::Subsystem, ObjectKind::Other, "sftp")], 4007, 6, 2),
        (vec![], 4007, 6, 2),
    ] {
        let said = format!("{accesses:?}");
        let (decided, ended) = of_ssh("cat /etc/hosts", accesses, exited(Some(0), None));
        let found = [&decided, &ended].map(|event| {
            (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap())
        });
        assert_eq!(found, [(class, activity), (class, end)], "{said}");
        assert_eq!(decided["unmapped"]["source"], "[::ffff:192.0.2.7]:51234");
    }
}

#[test]
fn a_program_says_what_it_was_and_how_it_ended() {
    let accesses =
        || vec![Access::new(Action::Exec, Object::top(ObjectKind::Program, "systemctl"))];
    for (end, status, code) in [
        (exited(Some(0), None), "Success", json!(0)),
        (exited(Some(3), None), "Failure", json!(3)),
        (exited(None, Some("KILL")), "Failure", Value::Null),
        (exited(None, None), "Unknown", Value::Null),
    ] {
        let (decided, ended) = of_ssh("systemctl restart web", accesses(), end);
        assert_eq!(decided["process"]["cmd_line"], "systemctl restart web");
        assert_eq!(decided["process"]["name"], "systemctl");
        assert_eq!(decided["device"]["name"], "orders-prod");
        assert_eq!(decided["process"]["uid"], ended["process"]["uid"]);
        assert_eq!((&ended["status"], &ended["exit_code"]), (&json!(status), &code));
        assert_eq!(ended["unmapped"]["streams"], json!({ "output": 12 }));
        assert!(!ended.to_string().contains(&"07".repeat(32)), "{ended:#}");
    }
}

#[test]
fn a_file_that_was_moved_says_which_way_and_what_it_was() {
    let accesses =
        || vec![Access::new(Action::Upload, Object::top(ObjectKind::File, "/srv/app.tar"))];
    for (path, name, upload, sha256, activity) in [
        ("/srv/app.tar", "app.tar", true, Some([0xab; 32]), "Update"),
        ("/srv/app.tar", "app.tar", false, None, "Read"),
        ("app.tar", "app.tar", false, None, "Read"),
        ("/", "/", false, None, "Read"),
        ("", "", false, None, "Read"),
    ] {
        let path = path.to_owned();
        let end = Event::Moved { number: 1, path, upload, bytes: 1234, sha256 };
        let (_, moved) = of_ssh("upload /srv/app.tar", accesses(), end);
        assert_eq!(
            (&moved["class_uid"], &moved["activity_name"]),
            (&json!(1001), &json!(activity))
        );
        assert_eq!(moved["file"]["name"], name);
        assert_eq!(moved["file"]["size"], 1234);
        let hash = sha256.map(|_| "ab".repeat(32));
        assert_eq!(moved["file"]["hashes"][0]["value"], json!(hash));
        assert_eq!(moved["metadata"]["event_code"], "file.moved");
    }
}

#[test]
fn every_kind_of_audit_entry_has_what_its_class_requires() {
    let approval = json!({
        "session": "01jbv3y8x6q4t0w9m2c7z5k1ha", "number": 3, "resource": "orders-prod",
        "requester": "alice@example.com", "provider": "corp", "comment": "", "needed": 1,
    });
    let nothing = json!({});
    for (action, object, detail, expected) in [
        ("login.refused", "192.0.2.9", json!({"count": 3, "claimed": "root", "why": "no"}), 3002),
        ("login.refused", "other addresses", json!({"count": 3}), 3002),
        ("login.accepted", "192.0.2.9", json!({"credential": "token"}), 3002),
        ("resource.refused", "orders", json!({"count": 1, "source": "192.0.2.9:77"}), 3003),
        ("token.create", "01jbv3y8x6q4t0w9m2c7z5k1ha", json!({"name": "ci"}), 3004),
        ("token.revoke", "01jbv3y8x6q4t0w9m2c7z5k1ha", nothing.clone(), 3004),
        ("approval.request", "01jbv3y8x6q4t0w9m2c7z5k1ha", approval.clone(), 3004),
        ("approval.withdraw", "", nothing.clone(), 3004),
        ("approval.expire", "x", nothing.clone(), 3004),
        ("approval.approve", "01jbv3y8x6q4t0w9m2c7z5k1ha", approval.clone(), 3003),
        ("approval.deny", "x", nothing.clone(), 3003),
        ("session.open", "x", json!({"recording": "00", "source": "192.0.2.9:77"}), 3004),
        ("session.end", "x", json!({"recording": "00", "frames": 3}), 3004),
        ("session.interrupted", "x", nothing.clone(), 3004),
        ("session.kill", "x", json!({"subject": "a", "resource": null}), 6003),
        ("session.lost", "x", json!({"why": "the disk"}), 2004),
        ("config.loaded", "sluice.yaml", json!({"policies": "00"}), 3004),
        ("config.change", "sluice.yaml", json!({"diff": ["-a", "+b"]}), 3004),
        ("config.refused", "sluice.yaml", nothing.clone(), 3004),
        ("recording.view", "x", json!({"source": "192.0.2.9"}), 6003),
        ("recording.export", "x", json!({"source": "192.0.2.9"}), 6003),
        ("recording.deleted", "x", json!({"why": "its time was over"}), 3004),
        ("recording.uploaded", "x", json!({"to": "s3"}), 3004),
        ("recording.fetched", "x", json!({"bytes": 7}), 3004),
        ("recording.hold", "x", json!({"reason": "case 117"}), 3004),
        ("recording.release", "x", nothing.clone(), 3004),
        ("recording.differs", "x", json!({"bytes": 7}), 2004),
        ("recording.upload_failed", "", json!({"why": "the file is damaged"}), 2004),
        ("key.change", "keyring", json!({"added": ["k2"]}), 3004),
        ("audit.export", "audit", json!({"after": 3, "source": "192.0.2.9"}), 6003),
        ("audit.gap", "audit", json!({"why": "the disk is full"}), 2004),
        ("key.use", "x", json!({"purpose": "replay"}), 3004),
        ("gateway.start", "gateway", json!({"version": "0.1.0"}), 3004),
        ("gateway.stop", "gateway", nothing.clone(), 3004),
        ("something.new", "", nothing.clone(), 6003),
        ("nonsense", "x", json!("no object"), 6003),
        ("", "", Value::Null, 6003),
    ] {
        for actor in ["sluice", "alice@example.com", ""] {
            let entry = AuditEntry {
                seq: 12,
                at: at(1),
                actor,
                action,
                object,
                detail: &detail,
                hash: "00ff",
            };
            let event = audit(&entry, BY);
            check(&event);
            assert_eq!(event["class_uid"], expected, "{action}");
        }
    }
}

#[test]
fn the_check_finds_what_is_wrong() {
    let told = story(head("postgres", IdentityKind::User), "SELECT 1", true);
    let good = session(&told[1], &WORDING, BY);
    check(&good);
    let head = Arc::clone(&told[1].session);
    assert_eq!(good["actor"]["user"]["name"], head.identity.subject);
    let edits: [(&str, Value); 9] = [
        ("/actor", Value::Null),
        ("/activity_id", json!(77)),
        ("/severity_id", json!("1")),
        ("/time", json!("now")),
        ("/src_endpoint", json!({})),
        ("/src_endpoint/ip", json!("here")),
        ("/src_endpoint/port", json!(65_536)),
        ("/metadata/product/nonsense", json!(1)),
        ("/class_uid", json!(1)),
    ];
    for (pointer, value) in edits {
        let mut bad = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = bad.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), value);
        }
        assert!(schema::check(&bad).is_err(), "{pointer}");
    }
    let mut bad = good;
    bad["metadata"].as_object_mut().unwrap().remove("profiles");
    assert!(schema::check(&bad).unwrap_err()[0].contains("profile"));
}
