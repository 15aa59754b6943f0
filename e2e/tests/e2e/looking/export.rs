//! Sessions as files for whoever has no Sluice.

use std::path::PathBuf;
use std::process::Command;

use e2e::{House, Ran, request, run};
use serde_json::Value;

use super::{a_story, house, newest};
use crate::{no_canary, v15};

fn export(house: &House, id: &str, format: &str) -> String {
    let ran = house.cli("alice", &["sessions", "export", id, "--format", format]);
    assert!(ran.ok(), "{}", ran.all());
    no_canary(ran.stdout.as_bytes(), format);
    ran.stdout
}

/// A cast's events, checked by the format's rules: time, code, data.
fn events(cast: &str, version: u64) -> Vec<(f64, String, String)> {
    let mut lines = cast.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header["version"], version);
    let size = match version {
        2 => (&header["width"], &header["height"]),
        _ => (&header["term"]["cols"], &header["term"]["rows"]),
    };
    assert!(size.0.is_u64() && size.1.is_u64(), "{header}");
    let events: Vec<(f64, String, String)> =
        lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().all(|event| event.0 >= 0.0 && ["o", "m"].contains(&event.1.as_str())));
    events
}

#[test]
fn a_session_is_exported_as_what_others_can_look_at() {
    let database = v15().database();
    let house = house(&database);
    let id = a_story(&house);
    let second = events(&export(&house, &id, "asciicast-v2"), 2);
    let third = events(&export(&house, &id, "asciicast-v3"), 3);
    assert_eq!(events(&export(&house, &id, "asciicast"), 2), second);
    assert!(second.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time runs backwards");
    let whole: f64 = third.iter().map(|event| event.0).sum();
    assert!((whole - second.last().unwrap().0).abs() < 0.001);
    for events in [&second, &third] {
        let markers: Vec<_> = events.iter().filter(|event| event.1 == "m").collect();
        let marked = |text: &str| markers.iter().filter(|marker| marker.2.contains(text)).count();
        assert_eq!(
            (marked("refused: nobody drops"), marked("held"), marked("approved")),
            (1, 1, 1)
        );
        assert_eq!(markers.len(), 7 + 3, "{markers:?}");
        let text: String = events.iter().map(|event| event.2.as_str()).collect();
        assert!(
            text.contains("\\x1b]0;owned\\x07") && !text.contains("\x1b]"),
            "an OSC came through"
        );
    }
    let lines = export(&house, &id, "jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["type"], &lines[0]["session"]), (&"opened".into(), &id.as_str().into()));
    assert_eq!(lines.last().unwrap()["type"], "closed");
    let page = export(&house, &id, "html");
    let report = house.cli_json("root", &["verify", &id, "--json"]);
    let shown = house.cli_json("root", &["sessions", "show", &id, "--json"]);
    for part in [
        "<h2>Verified</h2>",
        report["delivered_sha256"].as_str().unwrap(),
        "Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
        "alice@example.com on orders",
        "nobody drops here",
        "<code>no-drop</code>",
        "masked: us_ssn",
        "error 42703",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;img src=x onerror=alert(2)&gt;",
        "&lt;b&gt;x",
        "over the cap",
        "<b>The session ended</b>",
        shown["ending"].as_str().unwrap(),
        "href=\"#s7\"",
        "id=\"s7\"",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    for asks in ["<script", "<img", "<link", "src=\"", "url("] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert!(!page.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
}

#[test]
fn a_browser_shows_the_page_without_a_complaint() {
    let chromium = PathBuf::from("/usr/bin/chromium");
    if !chromium.exists() {
        return;
    }
    let database = v15().database();
    let house = house(&database);
    let id = a_story(&house);
    let page = house.file("session.html");
    let words = ["sessions", "export", &id, "--format", "html", "-o", page.to_str().unwrap()];
    assert!(house.cli("alice", &words).ok());
    let mut command = Command::new(chromium);
    let url = format!("file://{}", page.display());
    let profile = format!("--user-data-dir={}", house.file("chromium").display());
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        &profile,
    ]);
    let seen = run(command.args(["--v=0", "--dump-dom", &url]), "");
    assert!(seen.stdout.contains("<h2>Verified</h2>"), "{}", seen.all());
    // A script that ran or a style that was refused is said on the console.
    assert!(!seen.stderr.contains("CONSOLE"), "{}", seen.stderr);
    assert!(!seen.stdout.contains("<script") && !seen.stdout.contains("<img"), "{}", seen.stdout);
}

#[test]
fn an_export_is_never_written_over_what_is_there() {
    let database = v15().database();
    let house = house(&database);
    assert!(house.psql("alice").ran("SELECT 1").ok());
    let id = newest(&house, "alice");
    let file = house.file("session.jsonl");
    let path = file.to_str().unwrap();
    let words = ["sessions", "export", &id, "--format", "jsonl", "-o", path];
    let export = |more: &[&str]| house.cli("alice", &[&words[..], more].concat());
    std::fs::write(&file, "mine").unwrap();
    let refused = export(&[]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.all());
    assert!(refused.stderr.contains("--force"), "{}", refused.all());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert!(export(&["--force"]).ok());
    assert!(std::fs::read_to_string(&file).unwrap().contains("SELECT 1"));
    std::fs::remove_file(&file).unwrap();
    assert!(export(&[]).ok());
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let left = std::fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    let parts = left.filter(|entry| entry.file_name().to_string_lossy().contains("sluice-export"));
    assert_eq!(parts.count(), 0);
    // One that cannot be written says where.
    let nowhere = house.file("no/such/folder/x");
    let words = ["sessions", "export", &id, "--format", "html", "-o", nowhere.to_str().unwrap()];
    let failed = house.cli("alice", &words);
    assert!(!failed.ok() && failed.stderr.contains("no/such/folder"), "{}", failed.all());
}

#[test]
fn a_file_is_exported_without_the_gateway_and_says_when_it_was_changed() {
    let database = v15().database();
    let mut house = house(&database);
    let id = a_story(&house);
    let key = request(
        "GET",
        &format!("{}/api/v1/sessions/{id}/key", house.url()),
        &[("Authorization", &format!("Bearer {}", house.person("alice").token))],
        "",
    );
    let (hex, file) = (house.file("key.hex"), house.file("copy"));
    std::fs::write(&hex, key.json()["key"].as_str().unwrap()).unwrap();
    let recording = house.file(&format!("data/recordings/{id}.sluice-rec"));
    std::fs::copy(&recording, &file).unwrap();
    let from_gateway = export(&house, &id, "asciicast-v3");
    house.end("TERM");
    let offline = |house: &House, format: &str| -> Ran {
        let public = house.file("data/keys/signing.pub");
        let words = [
            "sessions",
            "export",
            file.to_str().unwrap(),
            "--format",
            format,
            "--session-key",
            hex.to_str().unwrap(),
            "--key",
            public.to_str().unwrap(),
        ];
        house.cli_with(&[], &words)
    };
    assert_eq!(offline(&house, "asciicast-v3").stdout, from_gateway);
    assert!(offline(&house, "html").stdout.contains("<h2>Verified</h2>"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let changed = offline(&house, "html");
    assert_eq!(changed.status.code(), Some(1), "{}", changed.stderr);
    assert!(changed.stdout.contains("<h2>Not verified</h2>"));
    assert!(changed.stdout.contains("cannot be read further"));
    house.restart();
}
