use evidence::export::{Asciicast, Capture, Export, Lines, Made, Ocsf, Page, Version};
use evidence::render::{Terminal, read_line};
use evidence::{SigningKey, verify};
use model::{Event, Timestamp};

/// Whatever a gateway says of a session, nothing of it steers the terminal, the player or the page it
/// is shown on.
pub fn evidence_lines(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let story: Vec<_> = text.lines().filter_map(read_line).collect();
    let mut terminal = Terminal::new();
    let mut lines: Vec<_> =
        story.iter().flat_map(|(at, event)| terminal.event(*at, event)).collect();
    lines.extend(terminal.finish());
    for line in lines {
        assert!(!line.text.chars().any(char::is_control), "{line:?}");
    }
    for version in [Version::V2, Version::V3] {
        let cast = told(&mut Asciicast::new(version), &story);
        for (number, line) in cast.lines().enumerate() {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value.is_object(), number == 0, "{line}");
        }
    }
    for line in told(&mut Ocsf::new("0"), &story).lines() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object(), "{line}");
    }
    let key = SigningKey::from_seed(&[7; 32]).public();
    let (report, program) = (verify(b"", &key, None), String::new());
    let made = Made { report, key: key.id(), program, at: Timestamp::EPOCH };
    let page = told(&mut Page::new(made), &story);
    assert!(!page.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    assert!(!page.contains("<script") && !page.contains("<img"));
    // Each block of a capture says at both of its ends how long it is.
    let capture = bytes_of(&mut Capture::new("sluice"), &story);
    let mut rest = &capture[..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        assert_eq!(rest[4..8], rest[length - 4..length]);
        rest = &rest[length..];
    }
    // What was written once more reads as the same.
    let again = told(&mut Lines::new(), &story);
    let again: Vec<_> = again.lines().map(|line| read_line(line).unwrap()).collect();
    assert_eq!(again.len(), story.len());
}

fn told(export: &mut dyn Export, story: &[(Timestamp, Event)]) -> String {
    String::from_utf8(bytes_of(export, story)).unwrap()
}

fn bytes_of(export: &mut dyn Export, story: &[(Timestamp, Event)]) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..export.passes() {
        for (at, event) in story {
            export.event(*at, event, &mut out);
        }
        export.end(None, &mut out);
    }
    out
}
