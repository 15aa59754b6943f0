use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::render::{JsonLines, Terminal};
use model::{Event, Phase, Stream, Timestamp, ValueFormat};
use proptest::prelude::*;

use crate::story::{
    START, column, ending, events, events_of_programs, head, head_of_programs, row,
};

pub(crate) fn story() -> Vec<(Timestamp, Event)> {
    let mut story = vec![(START, Event::Opened(Box::new(head(1))))];
    story.extend(events());
    story.push((ending().at, Event::Closed(ending())));
    story
}

pub(crate) fn shown(story: &[(Timestamp, Event)]) -> String {
    let mut terminal = Terminal::new();
    let mut lines: Vec<_> =
        story.iter().flat_map(|(at, event)| terminal.event(*at, event)).collect();
    lines.extend(terminal.finish());
    lines.iter().map(|line| line.text.trim_end().to_owned() + "\n").collect()
}

#[test]
fn a_session_is_shown_as_its_terminal_showed_it() {
    let expected = "\
session 01kg9ys7g00000000000000001: erin@example.com (user, by corp) from 192.0.2.7:50123 to orders-prod/orders
opened 2026-01-31T12:00:00.000000Z (policies: engineers-read; client psql)
-- [1] +0.010 s
orders=> select id, card from customers where id < $1 and n <> $2
      $1 = '3'
      $2 = NULL
      $3 = '\\x00ff'
      $4 = 'Lorem' … (70000 bytes in all)
  [1] HELD: waits for a DBA (by dba-looks) [approval 01kg9ys7g00000000000000005]
  [1] approved (by dba-looks, engineers-read) [approval 01kg9ys7g00000000000000005]
NOTICE:  a word
  [1] masked: card (credit_card)
 id |   card
----+----------
  1 | ****1111
  2 |
(2 rows)
  [1] (the rest was over the cap and is not recorded)
  [1] SELECT 2 (2 rows, 42 bytes; 3.000 ms)
-- [2] +0.020 s (readied, not run)
orders=> drop \\xff table t
  [2] DENIED: DROP is not for here (by no-drop)
  [2] shadow: would be HELD, shown in clear: email (by drop-is-asked)
1    2
  [3] ERROR 57014: canceled
  [0] ERROR 57P01: shutdown
closed 2026-01-31T12:00:02.000000Z after 2.0 s: the client left
";
    assert_eq!(shown(&story()), expected);
}

pub(crate) fn story_of_programs() -> Vec<(Timestamp, Event)> {
    let mut story = vec![(START, Event::Opened(Box::new(head_of_programs(2))))];
    story.extend(events_of_programs());
    story.push((ending().at, Event::Closed(ending())));
    story
}

#[test]
fn programs_are_shown_with_what_they_were_given_and_said() {
    let (sent, moved) = ("d1".repeat(32), "f1".repeat(32));
    let expected = format!(
        "\
session 01kg9ys7g00000000000000002: erin@example.com (user, by corp) from 192.0.2.7:50123 to web-1
opened 2026-01-31T12:00:00.000000Z (policies: engineers-read; client OpenSSH_9.2)
-- [1] +0.010 s
$ uname -a
  [1] allowed (by engineers-run)
Linux web-1 6.1
2> uname: one word
< y
    x86_64
  [1] exit 1 (input 2 bytes, output 24 bytes, error 16 bytes, 4.000 ms)
-- [2] +0.020 s
$ download /etc/hosts
  [2] allowed (by engineers-run)
  [2] ↓ /etc/hosts 1.2 KiB sha256 {moved}
-- [3] +0.030 s
$ env LANG
  [3] allowed (by engineers-run)
-- [4] +0.031 s
$ shell
  [4] allowed (by engineers-run)
  [4] terminal 80×24
< ls
\\x1b]0;web-1\\x07\\x1b[32mweb-1\\x1b[0m$ ls
a  b
  [4] terminal 100×30
-- [5] +0.061 s
$ tar c .
  [5] allowed (by engineers-run)
(600 bytes that are no text: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …)
  [5] (the rest was over the cap and is not recorded)
  [5] exit 0 (output 8.8 KiB, 2.000 ms)
-- [4] goes on
web-1$
  [4] killed by HUP (input 3 bytes, output 50 bytes, 39.000 ms)
closed 2026-01-31T12:00:02.000000Z after 2.0 s: the client left
"
    );
    assert_eq!(shown(&story_of_programs()), expected);
    let mut json = JsonLines::new();
    let lines: Vec<serde_json::Value> = story_of_programs()
        .iter()
        .map(|(at, event)| serde_json::from_str(&json.event(*at, event)).unwrap())
        .collect();
    let of =
        |kind: &str| lines.iter().filter(|line| line["type"] == kind).cloned().collect::<Vec<_>>();
    assert_eq!(lines[1]["programs"], serde_json::json!(["uname"]));
    assert_eq!(lines[1]["argv"], serde_json::json!(["-a"]));
    assert_eq!(of("stream")[3]["data"], "y\n");
    assert_eq!(of("stream")[3]["stream"], "input");
    assert_eq!(of("terminal")[0]["columns"], 80);
    assert_eq!(of("exited")[0]["status"], 1);
    assert_eq!(of("exited")[0]["streams"][1]["blake3"], sent);
    assert_eq!(of("exited")[2]["signal"], "HUP");
    assert_eq!(of("moved")[0]["sha256"], moved);
}

#[test]
fn results_are_aligned_as_psql_aligns_them() {
    let data = [
        row(&[Some(&7_i32.to_be_bytes()), Some("zoë".as_bytes()), Some(&[1])]),
        row(&[Some(&(-1234_i32).to_be_bytes()), None, Some(&[0])]),
        row(&[None, Some("漢字".as_bytes()), None]),
    ];
    let columns = vec![
        column("id", "int4", ValueFormat::Binary),
        column("name", "text", ValueFormat::Text),
        column("active", "bool", ValueFormat::Binary),
    ];
    let story = [
        (START, Event::Columns { number: 1, columns: columns.into() }),
        (START, Event::Rows { number: 1, count: 3, data: data.concat().into() }),
    ];
    let expected = "  id   | name | active
-------+------+--------
     7 | zoë  | t
 -1234 |      | f
       | 漢字 |
(3 rows)
";
    assert_eq!(shown(&story), expected);
}

#[test]
fn a_result_of_any_length_is_shown_in_parts() {
    let data: Vec<u8> = (0..2500).flat_map(|_| row(&[Some(b"x")])).collect();
    let columns = vec![column("c", "text", ValueFormat::Text)];
    let mut terminal = Terminal::new();
    terminal.event(START, &Event::Columns { number: 1, columns: columns.into() });
    let rows = Event::Rows { number: 1, count: 2500, data: data.into() };
    assert_eq!(terminal.event(START, &rows).len(), 2 + 2000);
    let lines = terminal.finish();
    assert_eq!(lines.len(), 501);
    assert_eq!(lines.last().unwrap().text, "(2500 rows)");
}

#[test]
fn a_value_of_a_megabyte_does_not_blow_up_the_others() {
    let long = vec![b'x'; 1 << 20];
    let data = [row(&[Some(&long), Some(b"1")]), row(&[Some(b"y"), Some(b"2")])].concat();
    let columns =
        vec![column("a", "text", ValueFormat::Text), column("b", "text", ValueFormat::Text)];
    let story = [
        (START, Event::Columns { number: 1, columns: columns.into() }),
        (START, Event::Rows { number: 1, count: 2, data: data.into() }),
    ];
    assert!(shown(&story).len() < (1 << 20) + 2000);
}

pub(crate) const HOSTILE: &str = "\x1b]0;owned\x07\u{9b}2J\r\u{202e}\x7f";

/// Every place of an event that a client or a server can put text in.
pub(crate) fn hostile() -> Vec<(Timestamp, Event)> {
    let text = || HOSTILE.to_owned();
    let mut head = head(1);
    head.identity.subject = text();
    head.client = Some(text());
    head.database = Some(text());
    head.policies = vec![text()];
    let mut ending = ending();
    ending.how = text();
    let data = [row(&[Some(HOSTILE.as_bytes()), Some(b"\xff\x1b")]), b"\x1b".to_vec()].concat();
    let events = vec![
        Event::Opened(Box::new(head)),
        Event::Command {
            number: 1,
            phase: Phase::Run,
            text: Bytes::from(format!("select '{HOSTILE}'\n\t{HOSTILE}")),
            parameters: vec![
                model::Parameter::Text(text()),
                model::Parameter::Binary(text()),
                model::Parameter::Cut { start: text(), length: 1 },
            ]
            .into(),
            accesses: Arc::new([model::Access::new(
                model::Action::Select,
                model::Object::top(model::ObjectKind::Relation, HOSTILE),
            )]),
            seen: Some(model::Seen {
                facts: Arc::new(model::Facts {
                    not_understood: Some(text()),
                    ..model::Facts::default()
                }),
                in_transaction: false,
            }),
        },
        Event::Shadow {
            number: 1,
            shadow: model::Shadow {
                verdict: model::Verdict::Denied,
                policies: Arc::from([text().into()]),
                shows: Arc::default(),
                masks: Arc::default(),
            },
        },
        Event::Decided {
            number: 1,
            verdict: model::Verdict::Allowed,
            policies: Arc::from([text().into()]),
            approval: None,
            message: Some(text()),
            cause: None,
        },
        Event::Columns {
            number: 1,
            columns: vec![
                column(HOSTILE, HOSTILE, ValueFormat::Text),
                column("b", "jsonb", ValueFormat::Binary),
            ]
            .into(),
        },
        Event::Rows { number: 1, count: 1, data: data.into() },
        Event::Bulk { number: 1, to_client: true, data: Bytes::from(HOSTILE) },
        Event::Terminal { number: 1, columns: 80, rows: 24 },
        Event::Stream { number: 1, stream: Stream::Input, data: Bytes::from(HOSTILE) },
        Event::Stream { number: 1, stream: Stream::Output, data: Bytes::from(HOSTILE) },
        Event::Stream { number: 2, stream: Stream::Error, data: Bytes::from(HOSTILE) },
        Event::Stream { number: 2, stream: Stream::Output, data: Bytes::from_static(b"\0\x1b]") },
        Event::Moved { number: 2, path: text(), upload: true, bytes: 1, sha256: None },
        Event::Exited { number: 1, status: None, signal: Some(text()), streams: Vec::new() },
        Event::Finished { number: 1, tag: text(), rows: 1, bytes: 1 },
        Event::Failed { number: 1, code: text(), message: text() },
        Event::Notice { number: 1, message: text() },
        Event::Closed(ending),
    ];
    events.into_iter().map(|event| (START, event)).collect()
}

#[test]
fn nothing_recorded_steers_the_terminal_it_is_shown_on() {
    let mut json = JsonLines::new();
    let story = hostile();
    let lines = story.iter().map(|(at, event)| json.event(*at, event) + "\n").collect::<String>();
    for shown in [shown(&story), lines] {
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.chars().any(acts), "{shown:?}");
        assert!(shown.contains("owned"));
    }
}

#[test]
fn json_lines_say_everything_and_read_back() {
    let mut json = JsonLines::new();
    let lines: Vec<serde_json::Value> = story()
        .iter()
        .map(|(at, event)| serde_json::from_str(&json.event(*at, event)).unwrap())
        .collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected = [
        "opened", "command", "decided", "decided", "notice", "columns", "rows", "cut", "finished",
        "command", "decided", "shadow", "bulk", "failed", "failed", "closed",
    ];
    assert_eq!(types, expected);
    assert_eq!(lines[0]["identity"]["subject"], "erin@example.com");
    assert_eq!(lines[1]["accesses"][1], "call {a,b}.f");
    assert_eq!(lines[1]["parameters"][1], serde_json::Value::Null);
    assert_eq!(lines[6]["rows"], serde_json::json!([["1", "****1111"], ["2", null]]));
    assert_eq!(lines[9]["text"], "drop \\xff table t");
    let hostile: serde_json::Value = serde_json::from_str(
        &json.event(START, &Event::Notice { number: 0, message: HOSTILE.into() }),
    )
    .unwrap();
    assert_eq!(hostile["message"], HOSTILE);
}

proptest! {
    #[test]
    fn any_rows_are_shown_without_harm(
        data: Vec<u8>, count: u64, name: String, type_name in "[a-z0-9]{0,8}", binary: bool,
    ) {
        let format = if binary { ValueFormat::Binary } else { ValueFormat::Text };
        let rows = row(&[Some(&data), None]);
        let story = [
            (START, Event::Columns {
                number: 1, columns: vec![column(&name, &type_name, format)].into(),
            }),
            (START, Event::Rows { number: 1, count, data: data.into() }),
            (START.plus(Duration::MAX), Event::Rows { number: 2, count, data: rows.into() }),
        ];
        let shown = shown(&story);
        prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
        let mut json = JsonLines::new();
        for (at, event) in &story {
            let line = json.event(*at, event);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        }
    }

    #[test]
    fn any_binary_value_of_any_type_is_shown_without_harm(bytes: Vec<u8>, index in 0_usize..16) {
        let types = [
            "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "bytea", "uuid",
            "date", "time", "timestamp", "timestamptz", "jsonb", "point",
        ];
        let shown = evidence::render::value(types[index], ValueFormat::Binary, &bytes);
        prop_assert!(shown.len() < 200_000 + 2 * bytes.len());
    }
}
