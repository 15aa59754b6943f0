//! An entry of the audit log.

use serde_json::{Map, Value, json};

use super::Reporter;
use super::class::{Activity, Class};
use super::parts::{self, About, Record, Severity};
use crate::happening::AuditEntry;

/// Who acts when the house does something by itself.
const HOUSE: &str = "sluice";

pub(super) fn event(entry: &AuditEntry<'_>, by: Reporter<'_>) -> Value {
    let (noun, verb) = entry.action.split_once('.').unwrap_or((entry.action, ""));
    let class = class(noun, verb);
    let went = !is_refusal(verb);
    let (activity, severity) = match class {
        Class::Authentication if went => (Activity(1, "Logon"), Severity::Informational),
        Class::Authentication => (Activity(1, "Logon"), Severity::Low),
        Class::AuthorizeSession if went => {
            (Activity(1, "Assign Privileges"), Severity::Informational)
        }
        Class::AuthorizeSession => (Activity(1, "Assign Privileges"), Severity::Medium),
        Class::DetectionFinding => (Activity(1, "Create"), Severity::High),
        Class::EntityManagement => (managing(verb), Severity::Informational),
        Class::FileActivity
        | Class::ProcessActivity
        | Class::ApiActivity
        | Class::HttpActivity
        | Class::SshActivity
        | Class::DatastoreActivity => (asking(verb, entry.action), Severity::Informational),
    };
    let about = About {
        uid: entry.uid(),
        code: entry.action,
        at: entry.at,
        correlation: session(entry, noun).map(ToOwned::to_owned),
        log: "audit",
    };
    let record = Record::new(class, activity, severity, about, by)
        .with("message", format!("{} {} {}", entry.actor, entry.action, entry.object));
    let record = match (class, went) {
        (Class::DetectionFinding, _) => record.status(1, "New"),
        (_, true) => record.status(1, "Success").control((1, "Allowed"), (1, "Allowed")),
        (_, false) => record.status(2, "Failure").control((2, "Denied"), (2, "Blocked")),
    };
    let record = match class {
        Class::Authentication => authentication(record, entry),
        Class::AuthorizeSession => authorize(record, entry),
        Class::DetectionFinding => finding(record, entry),
        Class::EntityManagement => managed(record, entry, noun),
        Class::FileActivity
        | Class::ProcessActivity
        | Class::ApiActivity
        | Class::HttpActivity
        | Class::SshActivity
        | Class::DatastoreActivity => asked(record, entry, noun),
    };
    record
        .unmapped(json!({
            "seq": entry.seq,
            "object": entry.object,
            "detail": entry.detail,
            "hash": entry.hash,
        }))
        .finish()
}

/// The class of a code. One that is not known here is something that was asked of the desk.
fn class(noun: &str, verb: &str) -> Class {
    match (noun, verb) {
        ("login", _) => Class::Authentication,
        ("resource", "refused") | ("approval", "approve" | "deny") => Class::AuthorizeSession,
        ("session", "lost") | ("audit", "gap") | ("recording", "differs" | "upload_failed") => {
            Class::DetectionFinding
        }
        ("session", "open" | "end" | "interrupted")
        | ("recording", "uploaded" | "fetched" | "deleted" | "hold" | "release")
        | ("approval" | "token" | "config" | "key" | "gateway", _) => Class::EntityManagement,
        _ => Class::ApiActivity,
    }
}

fn is_refusal(verb: &str) -> bool {
    matches!(verb, "refused" | "deny")
}

/// What is done to a thing, by the verb of the code.
fn managing(verb: &str) -> Activity<'_> {
    match verb {
        "create" | "request" | "open" => Activity(1, "Create"),
        "use" | "fetched" => Activity(2, "Read"),
        "change" | "refused" | "end" | "interrupted" | "uploaded" | "hold" | "release" => {
            Activity(3, "Update")
        }
        "revoke" | "deleted" | "withdraw" | "expire" => Activity(4, "Delete"),
        "start" | "loaded" => Activity(10, "Activate"),
        "stop" => Activity(11, "Deactivate"),
        "" => Activity::UNKNOWN,
        other => Activity::other(other),
    }
}

/// What is asked of the desk, by the verb of the code.
fn asking<'c>(verb: &str, code: &'c str) -> Activity<'c> {
    match verb {
        "view" | "export" => Activity(2, "Read"),
        _ => Activity::other(code),
    }
}

fn authentication(record: Record, entry: &AuditEntry<'_>) -> Record {
    // Who claimed to be somebody is told as that; the house only wrote it down.
    let claimed = text(entry, "claimed").or_else(|| text(entry, "subject"));
    let name = match claimed {
        Some(name) if !name.is_empty() => name,
        _ if entry.actor != HOUSE => entry.actor,
        _ => "unknown",
    };
    record
        .with("user", json!({ "name": name, "type_id": 0, "type": "Unknown" }))
        .with("service", json!({ "name": "Sluice" }))
        .with("is_remote", true)
        .with("src_endpoint", source(entry).unwrap_or_else(|| parts::endpoint(entry.object)))
        .with_some("status_detail", text(entry, "why"))
        .with_some("count", entry.detail.get("count").filter(|count| count.is_u64()).cloned())
}

fn authorize(record: Record, entry: &AuditEntry<'_>) -> Record {
    // An approval is given to who asked; who opens a resource asks for themselves.
    let requester = text(entry, "requester").unwrap_or(entry.actor);
    let session = text(entry, "session").map(|uid| json!({ "uid": uid }));
    record
        .with("actor", json!({ "user": user(entry.actor) }))
        .with("user", user(requester))
        .with("privileges", json!([text(entry, "resource").unwrap_or(entry.object)]))
        .with_some("session", session)
        .with_some("src_endpoint", source(entry))
}

fn managed(record: Record, entry: &AuditEntry<'_>, noun: &str) -> Record {
    let name = text(entry, "name").unwrap_or(entry.object);
    let mut entity = Map::new();
    for (key, value) in [("uid", entry.object), ("name", name)] {
        if !value.is_empty() {
            entity.insert(key.to_owned(), json!(value));
        }
    }
    if entity.is_empty() {
        entity.insert("name".into(), json!(noun));
    }
    // None of the schema's own types: a session's entry tells of its recording.
    let kind = if noun == "session" { "recording" } else { noun };
    entity.insert("type_id".into(), json!(99));
    entity.insert("type".into(), json!(kind));
    record
        .with("actor", json!({ "user": user(entry.actor) }))
        .with("entity", entity)
        .with_some("comment", text(entry, "why"))
        .with_some("src_endpoint", source(entry))
}

fn asked(record: Record, entry: &AuditEntry<'_>, noun: &str) -> Record {
    let object = if entry.object.is_empty() { noun } else { entry.object };
    record
        .with("actor", json!({ "user": user(entry.actor) }))
        .with("api", json!({ "operation": entry.action, "service": { "name": "Sluice" } }))
        .with("resources", json!([{ "uid": object, "name": object, "type": noun }]))
        .with("src_endpoint", source(entry).unwrap_or_else(|| parts::endpoint("")))
}

fn finding(record: Record, entry: &AuditEntry<'_>) -> Record {
    let title = format!("{}: {}", entry.action, entry.object);
    let info = json!({
        "uid": entry.uid(),
        "title": title,
        "types": [entry.action],
        "created_time": entry.at.as_micros() / 1000,
        "desc": text(entry, "why"),
    });
    let info = match info {
        Value::Object(info) => info.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    record
        .with("finding_info", info)
        .with("is_alert", true)
        .with("resources", json!([{ "uid": entry.object, "name": entry.object }]))
}

fn user(name: &str) -> Value {
    match name {
        HOUSE => json!({ "name": HOUSE, "type_id": 3, "type": "System" }),
        "" => json!({ "name": "unknown", "type_id": 0, "type": "Unknown" }),
        name => json!({ "name": name, "type_id": 1, "type": "User" }),
    }
}

/// The session it is about.
fn session<'e>(entry: &AuditEntry<'e>, noun: &str) -> Option<&'e str> {
    match noun {
        "session" | "recording" | "key" => Some(entry.object),
        _ => text(entry, "session"),
    }
}

/// The address it was done from, where the entry says it.
fn source(entry: &AuditEntry<'_>) -> Option<Value> {
    text(entry, "source").map(parts::endpoint)
}

fn text<'e>(entry: &AuditEntry<'e>, key: &str) -> Option<&'e str> {
    let text = entry.detail.get(key)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
