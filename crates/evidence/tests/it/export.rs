use std::time::Duration;

use bytes::Bytes;
use evidence::export::{Asciicast, Export, Lines, Made, Page, Version};
use evidence::render::read_line;
use evidence::{Report, State};
use model::{Event, Phase, Timestamp, ValueFormat, Verdict};
use proptest::prelude::*;
use serde_json::Value;

use crate::render::{HOSTILE, hostile, shown, story, story_of_programs};
use crate::screen::only_paints;
use crate::story::{START, column, public, recording, row, said};

fn told(export: &mut dyn Export, story: &[(Timestamp, Event)], broken: Option<&str>) -> String {
    let mut out = Vec::new();
    for _ in 0..export.passes() {
        for (at, event) in story {
            export.event(*at, event, &mut out);
        }
        export.end(broken, &mut out);
    }
    String::from_utf8(out).unwrap()
}

fn cast(version: Version, story: &[(Timestamp, Event)]) -> String {
    told(&mut Asciicast::new(version), story, None)
}

fn report() -> Report {
    evidence::verify(&recording(1), &public(), None)
}

fn page_of(report: Report, story: &[(Timestamp, Event)], broken: Option<&str>) -> String {
    let made = Made { report, key: public().id(), program: "sluice 0.0.0".into(), at: START };
    told(&mut Page::new(made), story, broken)
}

fn page(story: &[(Timestamp, Event)]) -> String {
    page_of(report(), story, None)
}

/// Compares with the file of this name, or writes it where `UPDATE_EXPECTED` is set.
fn is_as_expected(name: &str, found: &str) {
    let path = format!("{}/tests/it/expected/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(found == expected, "{name} is not as expected; UPDATE_EXPECTED=1 writes:\n{found}");
}

/// An asciicast's header and events, by the rules of the format.
fn parse(cast: &str) -> (Value, Vec<(f64, String, String)>) {
    let mut lines = cast.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let size = match header["version"].as_u64().unwrap() {
        2 => [&header["width"], &header["height"]],
        3 => [&header["term"]["cols"], &header["term"]["rows"]],
        other => panic!("version {other}"),
    };
    assert!(size.iter().all(|size| size.as_u64().is_some_and(|size| size > 0)), "{header}");
    assert!(header["timestamp"].is_u64());
    let mut last = 0.0;
    let events = lines.map(|line| {
        let (time, code, data): (f64, String, String) = serde_json::from_str(line).unwrap();
        assert!(["o", "i", "r", "m"].contains(&code.as_str()), "{line}");
        assert!(time >= 0.0, "{line}");
        if header["version"] == 2 {
            assert!(time >= last, "time runs backwards: {line}");
            last = time;
        }
        (time, code, data)
    });
    let events = events.collect();
    (header, events)
}

/// What of a cast's output is left without the colours that are ours.
fn uncoloured(events: &[(f64, String, String)]) -> String {
    let output = events.iter().filter(|event| event.1 == "o").map(|event| event.2.as_str());
    let mut text = output.collect::<String>();
    for colour in ["1", "2", "31", "32", "33", "0"] {
        text = text.replace(&format!("\x1b[{colour}m"), "");
    }
    text
}

#[test]
fn the_files_are_as_expected() {
    is_as_expected("session.v2.cast", &cast(Version::V2, &story()));
    is_as_expected("session.v3.cast", &cast(Version::V3, &story()));
    is_as_expected("session.html", &page(&story()));
    is_as_expected("session.jsonl", &told(&mut Lines::new(), &story(), None));
    is_as_expected("programs.v2.cast", &cast(Version::V2, &story_of_programs()));
    is_as_expected("programs.v3.cast", &cast(Version::V3, &story_of_programs()));
    is_as_expected("programs.html", &page(&story_of_programs()));
    is_as_expected("programs.jsonl", &told(&mut Lines::new(), &story_of_programs(), None));
}

#[test]
fn a_cast_of_a_terminal_has_its_size_and_shows_what_it_showed() {
    for version in [Version::V2, Version::V3] {
        let (header, events) = parse(&cast(version, &story_of_programs()));
        let size = match version {
            Version::V2 => (&header["width"], &header["height"]),
            Version::V3 => (&header["term"]["cols"], &header["term"]["rows"]),
        };
        assert_eq!((size.0.as_u64(), size.1.as_u64()), (Some(80), Some(24)));
        let of = |code: &str| {
            let found = events.iter().filter(|event| event.1 == code);
            found.map(|event| event.2.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("r"), ["100x30"]);
        assert_eq!(of("i"), ["ls\r"]);
        let shown = of("o").concat();
        // As it was, but for the title; what else ran comes when the shell gives the screen back.
        let played = "\x1b[32mweb-1\x1b[0m$ ls\r\na  b\r\nweb-1$ \x1b(B";
        let at = shown.find(played).unwrap();
        assert!(shown.find("$ tar c .").unwrap() > at, "{shown}");
        assert!(!shown.contains("0;web-1"), "{shown}");
        assert!(of("m").contains(&"[5] tar c ."));
    }
}

#[test]
fn a_terminal_of_no_size_plays_in_one_of_ours() {
    let story = [
        (START, Event::Terminal { number: 1, columns: 0, rows: 4_000_000 }),
        (START, said(1, model::Stream::Output, b"x")),
    ];
    let (header, events) = parse(&cast(Version::V2, &story));
    assert_eq!((&header["width"], &header["height"]), (&120.into(), &36.into()));
    assert!(events.iter().all(|event| event.1 == "o"), "{events:?}");
}

#[test]
fn a_cast_shows_what_a_replay_shows_at_the_time_it_happened() {
    let (_, second) = parse(&cast(Version::V2, &story()));
    let (_, third) = parse(&cast(Version::V3, &story()));
    let plain: String = uncoloured(&second).replace("\r\n", "\n");
    let plain: String = plain.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(plain, shown(&story()));
    // The one counts from the beginning, the other from the event before.
    let mut at = 0.0;
    assert_eq!(second.len(), third.len());
    for (one, other) in second.iter().zip(&third) {
        at += other.0;
        assert!((one.0 - at).abs() < 0.000_000_5, "{one:?} {other:?}");
        assert_eq!((&one.1, &one.2), (&other.1, &other.2));
    }
    assert!((second.last().unwrap().0 - 2.0).abs() < 0.000_000_5, "the session lasted two seconds");
}

#[test]
fn statements_refusals_and_approvals_are_markers() {
    let (_, events) = parse(&cast(Version::V3, &story()));
    let markers: Vec<_> =
        events.iter().filter(|event| event.1 == "m").map(|event| &event.2).collect();
    assert_eq!(
        markers,
        [
            "[1] select id, card from customers where id < $1 and n <> $2",
            "[1] held (01kg9ys7g00000000000000005): waits for a DBA",
            "[1] approved (01kg9ys7g00000000000000005)",
            "[2] refused: DROP is not for here",
        ]
    );
}

#[test]
fn a_limit_on_pauses_is_said_and_changes_no_time() {
    let limited = told(
        &mut Asciicast::new(Version::V2).idle_limit(Duration::from_millis(2500)),
        &story(),
        None,
    );
    let (header, events) = parse(&limited);
    assert_eq!(header["idle_time_limit"], 2.5);
    assert_eq!(events, parse(&cast(Version::V2, &story())).1);
}

#[test]
fn nothing_recorded_steers_a_player() {
    for version in [Version::V2, Version::V3] {
        let cast = cast(version, &hostile());
        assert!(!cast.chars().any(|c| c.is_control() && c != '\n'), "{cast:?}");
        let (header, events) = parse(&cast);
        for (_, code, text) in &events {
            if code == "o" || code == "i" {
                only_paints(text).unwrap();
            }
        }
        // Of what was played only that is there which paints; all the rest is lines.
        let text = uncoloured(&events);
        assert!(text.contains("\\x1b]0;owned") && !text.contains("\x1b]"), "{text:?}");
        let labels = events.iter().filter(|event| event.1 == "m").map(|event| event.2.as_str());
        for text in labels.chain([header["title"].as_str().unwrap()]) {
            assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text:?}");
        }
    }
}

/// The page's tags, each once, without what our own style sheet says.
fn tags(page: &str) -> Vec<String> {
    let (before, style) = page.split_once("<style>").unwrap();
    let after = style.split_once("</style>").unwrap().1;
    let body = [before, after].concat();
    let mut tags: Vec<_> = body.split('<').skip(1).map(str::to_owned).collect();
    for tag in &mut tags {
        let end = tag.find('>').unwrap_or_else(|| panic!("a tag without an end: {tag}"));
        tag.truncate(end);
    }
    tags.sort();
    tags.dedup();
    tags
}

const MARKUP: &str = "</td></pre></title></style></script><script>alert(1)</script>\
    <img src=x onerror=alert(2)><svg/onload=alert(3)>\" onmouseover=\"alert(4)' onclick='alert(5)\
    <!-- --><base href=//evil.example><a href=javascript:alert(6)>&lt;b&gt;\0";

#[test]
fn nothing_recorded_is_markup_and_the_page_asks_for_nothing() {
    // As the story is, and with markup wherever it holds text.
    let mut story = hostile();
    let replaced = |text: &str| text.replace("\x1b]0;owned\x07", MARKUP);
    for (_, event) in &mut story {
        match event {
            Event::Opened(head) => {
                head.identity.subject = MARKUP.into();
                head.identity.groups = vec![MARKUP.into()];
                head.source = MARKUP.into();
                head.client = Some(MARKUP.into());
                head.resource = MARKUP.into();
                head.policies = vec![MARKUP.into()];
            }
            Event::Command { text, parameters, .. } => {
                *text = Bytes::from(replaced(std::str::from_utf8(text).unwrap()));
                *parameters = [model::Parameter::Text(MARKUP.into())].into();
            }
            Event::Decided { policies, message, .. } => {
                *policies = [MARKUP.into()].into();
                *message = Some(MARKUP.into());
            }
            Event::Columns { columns, .. } => {
                *columns = vec![column(MARKUP, MARKUP, ValueFormat::Text)].into();
            }
            Event::Rows { data, .. } => *data = row(&[Some(MARKUP.as_bytes())]).into(),
            Event::Bulk { data, .. } => *data = Bytes::from(MARKUP),
            Event::Finished { tag, .. } => *tag = MARKUP.into(),
            Event::Failed { code, message, .. } => {
                (*code, *message) = (MARKUP.into(), MARKUP.into());
            }
            Event::Shadow { shadow, .. } => shadow.policies = [MARKUP.into()].into(),
            Event::Notice { message, .. } => *message = MARKUP.into(),
            Event::Closed(ending) => ending.how = MARKUP.into(),
            Event::Stream { data, .. } => *data = Bytes::from(format!("{MARKUP}\n")),
            Event::Moved { path, .. } => *path = MARKUP.into(),
            Event::Exited { signal, .. } => *signal = Some(MARKUP.into()),
            Event::Terminal { .. } | Event::Cut { .. } => {}
        }
    }
    for story in [&hostile(), &story] {
        let page = page_of(report(), story, Some(MARKUP));
        assert!(!page.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        assert!(!page.contains('\u{202e}'));
        for tag in tags(&page) {
            let known = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(
                [
                    "!doctype", "a", "article", "b", "body", "code", "dd", "details", "div", "dl",
                    "dt", "h1", "h2", "h3", "head", "header", "html", "i", "main", "meta", "nav",
                    "p", "pre", "section", "span", "summary", "table", "tbody", "td", "th",
                    "thead", "time", "title", "tr",
                ]
                .contains(&known),
                "{tag}"
            );
            let attributes = ["on", "src", "style=", "javascript", "href=\"h", "href=\"/"];
            for attribute in attributes {
                assert!(!tag.contains(&format!(" {attribute}")), "{tag}");
            }
        }
    }
}

#[test]
fn the_pages_own_policy_allows_its_own_style_and_nothing_else() {
    use base64::Engine as _;
    let page = page(&story());
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let policy = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">"
    );
    assert!(page.contains(&policy));
    assert!(page.find(&policy) < page.find("<style>"), "it holds for what comes after it");
    for asks in ["url(", "@import", "http:", "//", "<script", "<link", "<img", "<iframe"] {
        assert!(!page.contains(asks), "{asks}");
    }
}

#[test]
fn a_page_says_first_whether_the_recording_verifies() {
    let whole = recording(1);
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let cut = &whole[..whole.len() - 10];
    for (recording, state, verdict) in [
        (&whole[..], State::Closed, "<h2>Verified</h2>"),
        (&changed, State::Tampered, "<h2>Not verified</h2>"),
        (cut, State::Cut, "<h2>Cut</h2>"),
    ] {
        let report = evidence::verify(recording, &public(), None);
        assert_eq!(report.state, state);
        let digest = report.delivered_sha256.clone();
        let page = page_of(report, &story(), None);
        let top = page.split_once("<nav").unwrap().0;
        for part in [verdict, &digest, &public().id().to_string(), "erin@example.com"] {
            assert!(top.contains(part), "{part} is not in\n{top}");
        }
        assert_eq!(top.contains("signed by key"), state != State::Tampered, "{top}");
    }
}

#[test]
fn a_page_lists_every_statement_and_leads_to_it() {
    let page = page(&story());
    let (_, rest) = page.split_once("<nav").unwrap();
    let (index, timeline) = rest.split_once("</nav>").unwrap();
    for number in [1, 2] {
        assert!(index.contains(&format!("href=\"#s{number}\"")), "{index}");
        assert_eq!(timeline.matches(&format!("id=\"s{number}\"")).count(), 1);
    }
    assert!(index.contains(">approved<") && index.contains(">refused<"), "{index}");
    for part in [
        "masked: credit_card",
        "over the cap",
        "approval <code>01kg9ys7g00000000000000005</code>",
        "waits for a DBA",
        "<td class=\"null\">NULL</td>",
        "the client left",
        "70000 bytes in all",
    ] {
        assert!(timeline.contains(part), "{part} is not in\n{timeline}");
    }
}

#[test]
fn every_statement_of_a_long_session_is_in_the_index_once_and_in_order() {
    let story: Vec<_> = (1..=10_000_u64)
        .flat_map(|number| {
            [
                Event::Command {
                    number,
                    phase: Phase::Run,
                    text: Bytes::from(format!("select {number}")),
                    parameters: [].into(),
                    accesses: [].into(),
                    seen: None,
                },
                Event::Decided {
                    number,
                    verdict: Verdict::Allowed,
                    policies: [].into(),
                    approval: None,
                    message: None,
                    cause: None,
                },
                Event::Finished { number, tag: "SELECT 1".into(), rows: 1, bytes: 4 },
            ]
        })
        .map(|event| (START, event))
        .collect();
    let page = page(&story);
    let index = page.split_once("<nav").unwrap().1.split_once("</nav>").unwrap().0;
    let numbers: Vec<u64> = index
        .split("href=\"#s")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (1..=10_000).collect::<Vec<_>>());
    assert!(!index.contains("undecided"));
}

#[test]
fn what_is_long_is_folded_and_all_of_it_is_there() {
    let cell = "x".repeat(10 << 20);
    let data: Vec<u8> = (0..250).flat_map(|_| row(&[Some(b"1")])).collect();
    let columns = vec![column("c", "text", ValueFormat::Text)];
    let story = [
        (START, Event::Columns { number: 1, columns: columns.clone().into() }),
        (START, Event::Rows { number: 1, count: 1, data: row(&[Some(cell.as_bytes())]).into() }),
        (START, Event::Columns { number: 1, columns: columns.into() }),
        (START, Event::Rows { number: 1, count: 250, data: data.into() }),
        // SELECT without a column.
        (START, Event::Columns { number: 2, columns: [].into() }),
        (
            START,
            Event::Rows {
                number: 2,
                count: 3,
                data: [row(&[]), row(&[]), row(&[])].concat().into(),
            },
        ),
    ];
    let page = page(&story);
    assert!(page.contains(&cell) && page.contains("10485760 bytes"));
    assert!(page.len() < cell.len() + 200_000);
    assert_eq!(page.matches("<tr><td>1</td></tr>").count(), 250);
    assert_eq!(page.matches("<details class=\"rest\">").count(), 1);
    assert!(page.contains("3 rows without columns"));
    for opened in ["details", "table", "div", "article", "tbody"] {
        let open = page.matches(&format!("<{opened}")).count();
        assert_eq!(open, page.matches(&format!("</{opened}>")).count(), "{opened}");
    }
    for version in [Version::V2, Version::V3] {
        let (_, events) = parse(&cast(version, &story));
        assert!(uncoloured(&events).contains(&cell));
    }
}

#[test]
fn where_a_recording_breaks_off_every_export_says_so() {
    let story = &story()[..3];
    for (export, says) in [
        (told(&mut Asciicast::new(Version::V2), story, Some("at byte 7: why")), "at byte 7: why"),
        (page_of(report(), story, Some("at byte 7: why")), "at byte 7: why"),
        (
            told(&mut Lines::new(), story, Some("at byte 7: why")),
            "{\"damaged\":\"at byte 7: why\"}",
        ),
        (page_of(report(), story, None), "does not say how the session ended"),
    ] {
        assert!(export.contains(says), "{export}");
    }
    // Nothing of it could be read at all.
    for version in [Version::V2, Version::V3] {
        parse(&told(&mut Asciicast::new(version), &[], Some("why")));
    }
    assert!(page_of(report(), &[], Some("why")).contains("No statement"));
}

#[test]
fn lines_read_back_show_what_was_recorded() {
    let text = told(&mut Lines::new(), &story(), None);
    let again: Vec<_> = text.lines().map(|line| read_line(line).unwrap()).collect();
    assert_eq!(shown(&again), shown(&story()));
    let text = told(&mut Lines::new(), &story_of_programs(), None);
    let again: Vec<_> = text.lines().map(|line| read_line(line).unwrap()).collect();
    assert_eq!(shown(&again), shown(&story_of_programs()));
    let text = told(&mut Lines::new(), &hostile(), None);
    let again: Vec<_> = text.lines().map(|line| read_line(line).unwrap()).collect();
    let acts = |c: char| c.is_control() && c != '\n';
    assert!(!shown(&again).chars().any(acts));
    for line in
        ["", "{}", "null", "{\"damaged\":\"x\"}", "{\"at\":\"x\",\"type\":\"cut\",\"number\":1}"]
    {
        assert_eq!(read_line(line), None, "{line}");
    }
    let notice = Event::Notice { number: 0, message: HOSTILE.into() };
    let mut line = Vec::new();
    Lines::new().event(START, &notice, &mut line);
    assert_eq!(read_line(str::from_utf8(&line).unwrap()), Some((START, notice)));
}

proptest! {
    #[test]
    fn any_text_of_anybody_is_shown_without_harm(text: Vec<u8>, name: String, rows: Vec<u8>) {
        let story = [
            (START, Event::Command {
                number: 1,
                phase: Phase::Run,
                text: Bytes::from(text.clone()),
                parameters: [model::Parameter::Text(name.clone())].into(),
                accesses: [].into(),
                    seen: None,
            }),
            (START, Event::Failed { number: 1, code: name.clone(), message: name.clone() }),
            (START, Event::Columns {
                number: 1,
                columns: vec![column(&name, &name, ValueFormat::Binary)].into(),
            }),
            (START, Event::Rows { number: 1, count: 1, data: row(&[Some(&text)]).into() }),
            (START, Event::Rows { number: 1, count: 1, data: rows.into() }),
            (START, Event::Bulk { number: 1, to_client: false, data: Bytes::from(text.clone()) }),
            (START, said(2, model::Stream::Output, &text)),
            (START, said(2, model::Stream::Error, &text)),
            (START, Event::Terminal { number: 3, columns: 80, rows: 24 }),
            (START, said(3, model::Stream::Input, &text)),
            (START, said(3, model::Stream::Output, &text)),
            (START, Event::Moved {
                number: 3, path: name.clone(), upload: true, bytes: 1, sha256: None,
            }),
        ];
        let page = page(&story);
        prop_assert!(!page.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        let marked = tags(&page).len();
        prop_assert!(marked < 90, "{:?}", tags(&page));
        for version in [Version::V2, Version::V3] {
            let (_, events) = parse(&cast(version, &story));
            for (_, _, text) in events.iter().filter(|event| event.1 != "m") {
                prop_assert_eq!(only_paints(text), Ok(()));
            }
        }
        let lines = told(&mut Lines::new(), &story, None);
        for line in lines.lines() {
            prop_assert!(read_line(line).is_some(), "{}", line);
        }
    }

    #[test]
    fn any_line_of_anybody_is_read_without_harm(line: String, at in 0_u64..u64::MAX) {
        let _ = read_line(&line);
        let at = Timestamp::from_micros(at);
        let _ = read_line(&format!("{{\"at\":\"{at}\",\"type\":\"cut\",\"number\":1}}"));
    }
}
