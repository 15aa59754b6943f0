//! `docs/audit-events.md` and the memory of every field, held against the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Category, Description, EVENTS, FieldDescription, Severity};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit-events.md");
const FIELDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/audit/events/fields.json");

/// Codes, their fields and what kind each is.
type Fields = BTreeMap<String, BTreeMap<String, String>>;

fn page() -> String {
    let mut page = String::from(
        "# Events of the audit log\n\nThis page is made from the gateway's own table of events; a test keeps the two the same. How the log \
         is read: [audit.md](audit.md). How it is checked: [audit-format.md](audit-format.md).\n\n\
         A code never changes its meaning. A field, once released, stays and keeps its kind; new fields may be added. Every field is \
         always there; those marked `or null` may be empty. No field holds a secret, a command's text or a value.\n",
    );
    for (category, title, about) in CATEGORIES {
        let _ = write!(page, "\n## {title}\n\n{about}\n");
        for event in EVENTS.iter().filter(|event| event.category == category) {
            put(event, &mut page);
        }
    }
    page
}

const CATEGORIES: [(Category, &str, &str); 10] = [
    (Category::Authentication, "Authentication", "Who somebody is."),
    (Category::Authorisation, "Authorisation", "What somebody was not let in to."),
    (
        Category::Session,
        "Sessions",
        "What was opened, and how it ended; what happens in between is in the session's recording.",
    ),
    (Category::Approval, "Approvals", "What people decided about held commands."),
    (Category::Data, "Data", "Masked values that somebody was shown."),
    (Category::Token, "Tokens", "Sluice tokens, made and taken back."),
    (Category::Configuration, "Configuration", "What the gateway was told to do."),
    (
        Category::Evidence,
        "Evidence",
        "What became of recordings and of the log itself, and who looked at them.",
    ),
    (Category::Key, "Keys", "Keys that open recordings."),
    (Category::Gateway, "The gateway", "Its process."),
];

fn put(event: &Description, page: &mut String) {
    let severity = match event.severity {
        Severity::Informational => "informational",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    };
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\nSeverity: {severity}. Object: {}.\n",
        event.code,
        sentence(event.sentence),
        event.object
    );
    if !event.fields.is_empty() {
        page.push_str("\n| field | is | |\n|---|---|---|\n");
    }
    for FieldDescription { name, kind, nullable, meaning } in event.fields {
        let or = if *nullable { " or null" } else { "" };
        let _ = writeln!(page, "| `{name}` | {kind}{or} | {} |", sentence(meaning));
    }
}

/// Doc comments come with the space after `///`.
fn sentence(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fields() -> Fields {
    EVENTS.iter().map(|event| (event.code.to_owned(), fields_of(event))).collect()
}

fn fields_of(event: &Description) -> BTreeMap<String, String> {
    let kind = |field: &FieldDescription| {
        let or = if field.nullable { " or null" } else { "" };
        (field.name.to_owned(), format!("{}{or}", field.kind))
    };
    event.fields.iter().map(kind).collect()
}

/// What of `known` is no longer as it was.
fn broken_promises(known: &Fields, now: &Fields) -> Vec<String> {
    let mut broken = Vec::new();
    for (code, fields) in known {
        let Some(now) = now.get(code) else {
            broken.push(format!("the event `{code}` is gone"));
            continue;
        };
        for (name, kind) in fields {
            match now.get(name) {
                None => broken.push(format!("`{code}` has lost its field `{name}`")),
                Some(new) if new != kind => {
                    broken.push(format!("`{code}.{name}` was {kind} and is {new}"));
                }
                Some(_) => {}
            }
        }
    }
    broken
}

fn remembered() -> Fields {
    serde_json::from_str(&std::fs::read_to_string(FIELDS).unwrap_or_else(|_| "{}".into())).unwrap()
}

#[test]
fn no_event_and_no_field_ever_disappears() {
    let broken = broken_promises(&remembered(), &fields());
    assert!(
        broken.is_empty(),
        "programs that read the audit log count on what is gone: put it back, or give the event a new code.\n{}",
        broken.join("\n")
    );
}

#[test]
fn a_field_that_disappears_or_changes_is_named() {
    let mut known = fields();
    let open = known.get_mut("session.open").unwrap();
    open.insert("gone".into(), "text".into());
    open.insert("resource".into(), "number".into());
    known.insert("no.more".into(), BTreeMap::new());
    assert_eq!(
        broken_promises(&known, &fields()),
        [
            "the event `no.more` is gone",
            "`session.open` has lost its field `gone`",
            "`session.open.resource` was number and is text",
        ]
    );
}

#[test]
fn the_page_and_the_memory_of_fields_are_up_to_date() {
    let all = fields();
    if std::env::var_os("UPDATE_PAGE").is_some() {
        let mut known = remembered();
        for (code, fields) in &all {
            let known = known.entry(code.clone()).or_default();
            for (name, kind) in fields {
                // What was released is not rewritten.
                known.entry(name.clone()).or_insert_with(|| kind.clone());
            }
        }
        std::fs::write(FIELDS, serde_json::to_string_pretty(&known).unwrap() + "\n").unwrap();
        std::fs::write(PAGE, page()).unwrap();
        return;
    }
    let hint = "run the tests once with UPDATE_PAGE=1";
    assert_eq!(std::fs::read_to_string(PAGE).unwrap(), page(), "{hint}");
    assert_eq!(remembered(), all, "{hint}");
}

#[test]
fn every_event_is_told_apart_and_described() {
    let codes: std::collections::BTreeSet<_> = EVENTS.iter().map(|event| event.code).collect();
    assert_eq!(codes.len(), EVENTS.len());
    for event in EVENTS {
        assert!(event.code.split('.').count() == 2, "{}", event.code);
        assert!(sentence(event.sentence).ends_with('.'), "{}", event.code);
        let names: std::collections::BTreeSet<_> = event.fields.iter().map(|f| f.name).collect();
        assert_eq!(names.len(), event.fields.len());
        for field in event.fields {
            assert!(sentence(field.meaning).ends_with('.'), "{}.{}", event.code, field.name);
        }
    }
}
