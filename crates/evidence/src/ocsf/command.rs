//! A command: that it was asked for and decided, and how it ended.

use model::{Access, ObjectKind, SessionHead, Verdict};
use serde_json::{Map, Value, json};

use super::class::{self, Activity, Class, Protocol};
use super::parts::{self, About, Record, Severity};
use super::{Reporter, files};
use crate::happening::{self, Cut, Decided, Ended, Happening, Moved, Outcome, Wording};
use crate::render::failed;

pub(super) fn decided(
    happening: &Happening,
    decided: &Decided,
    wording: &Wording<'_>,
    protocol: Protocol,
    by: Reporter<'_>,
) -> Value {
    let text = wording.statement(&decided.text);
    let severity = match decided.verdict {
        Some(Verdict::Allowed | Verdict::Approved) => Severity::Informational,
        Some(Verdict::Held) => Severity::Low,
        Some(Verdict::Denied) | None => Severity::Medium,
    };
    let told = Told { number: decided.number, accesses: &decided.accesses, text: text.as_ref() };
    let moment = match decided.verdict {
        Some(Verdict::Denied) => Moment::Refused,
        _ => Moment::Asked,
    };
    let record = begin(happening, &told, moment, protocol, severity, by);
    let (record, decision) = match decided.verdict {
        Some(Verdict::Allowed) => {
            (record.status(1, "Success").control((1, "Allowed"), (1, "Allowed")), "Allowed")
        }
        Some(Verdict::Approved) => {
            (record.status(1, "Success").control((1, "Allowed"), (8, "Approved")), "Approved")
        }
        Some(Verdict::Denied) => {
            (record.status(2, "Failure").control((2, "Denied"), (2, "Blocked")), "Denied")
        }
        Some(Verdict::Held) => {
            (record.status(99, "Held").control((99, "Held"), (14, "Delayed")), "Held")
        }
        None => (record.status(0, "Unknown").control((0, "Unknown"), (0, "Unknown")), "Undecided"),
    };
    let policies = decided.policies.iter().map(AsRef::as_ref);
    record
        .with_some("authorizations", parts::authorizations(decision, policies))
        .with_some("message", wording.decision(decided))
        .unmapped(json!({
            "command": decided.number,
            "command_uid": command_uid(happening, decided.number),
            "phase": happening::phase(decided.phase),
            "verdict": happening::verdict(decided.verdict),
            "accesses": happening::accesses(&decided.accesses),
            "parameters": wording.bound(&decided.parameters),
            "approval": decided.approval,
            "text_length": text.and_then(|text| text.whole),
            "on_behalf_of": happening.session.identity.on_behalf_of,
            // Not every class of SSH's has a place for it.
            "source": (protocol == Protocol::Ssh).then_some(&happening.session.source),
        }))
        .finish()
}

/// A file that was moved.
pub(super) fn moved(
    happening: &Happening,
    moved: &Moved,
    wording: &Wording<'_>,
    by: Reporter<'_>,
) -> Value {
    let head = &happening.session;
    let activity = if moved.upload { Activity(3, "Update") } else { Activity(2, "Read") };
    let about = About::happening(happening);
    Record::new(Class::FileActivity, activity, Severity::Informational, about, by)
        .with("actor", parts::actor(head))
        .with("device", parts::device(head))
        .with("file", files::moved(moved, wording))
        .status(1, "Success")
        .control((1, "Allowed"), (1, "Allowed"))
        .unmapped(json!({
            "command": moved.number,
            "command_uid": command_uid(happening, moved.number),
            "upload": moved.upload,
            "bytes": moved.bytes,
            "source": head.source,
            "on_behalf_of": head.identity.on_behalf_of,
        }))
        .finish()
}

pub(super) fn ended(
    happening: &Happening,
    ended: &Ended,
    wording: &Wording<'_>,
    protocol: Protocol,
    by: Reporter<'_>,
) -> Value {
    let severity = match &ended.outcome {
        Outcome::Exited { status, signal, .. } if !failed(*status, signal.as_deref()) => {
            Severity::Informational
        }
        Outcome::Finished { .. } => Severity::Informational,
        Outcome::Failed { .. } | Outcome::Exited { .. } => Severity::Low,
    };
    let told = Told { number: ended.number, accesses: &ended.accesses, text: None };
    let record = begin(happening, &told, Moment::Ended, protocol, severity, by)
        .control((1, "Allowed"), (1, "Allowed"));
    let record = match ended.since {
        Some(since) => {
            let took = happening.at.since(since).as_millis();
            record
                .with("start_time", since.as_micros() / 1000)
                .with("end_time", happening.at.as_micros() / 1000)
                .with("duration", u64::try_from(took).unwrap_or(u64::MAX))
        }
        None => record,
    };
    let mut rest = json!({
        "command": ended.number,
        "command_uid": command_uid(happening, ended.number),
        "accesses": happening::accesses(&ended.accesses),
        "on_behalf_of": happening.session.identity.on_behalf_of,
    });
    let mut more = |name: &str, value: Value| {
        if let Value::Object(rest) = &mut rest {
            rest.insert(name.to_owned(), value);
        }
    };
    let record = match &ended.outcome {
        Outcome::Finished { tag, rows, bytes } => {
            more("tag", json!(tag));
            more("rows", json!(rows));
            more("bytes", json!(bytes));
            record.status(1, "Success")
        }
        Outcome::Failed { code, message } => record
            .status(2, "Failure")
            .with_some("status_code", (!code.is_empty()).then_some(code.as_str()))
            .with_some("status_detail", wording.message(message)),
        Outcome::Exited { status, signal, streams } => {
            more("signal", json!(signal));
            more("streams", happening::streams(streams));
            let record = if protocol.class(&ended.accesses) == Class::ProcessActivity {
                record.with_some("exit_code", *status)
            } else {
                more("exit_code", json!(status));
                record
            };
            match (status, failed(*status, signal.as_deref())) {
                (_, true) => record.status(2, "Failure"),
                (Some(_), false) => record.status(1, "Success"),
                // Nobody said how.
                (None, false) => record.status(0, "Unknown"),
            }
        }
    };
    if protocol == Protocol::Ssh {
        more("source", json!(happening.session.source));
    }
    record.unmapped(rest).finish()
}

/// What is told of a command in every one of its events.
struct Told<'a> {
    number: u64,
    accesses: &'a [Access],
    text: Option<&'a Cut>,
}

/// When in a command's life it is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Asked,
    Refused,
    Ended,
}

fn begin(
    happening: &Happening,
    told: &Told<'_>,
    moment: Moment,
    protocol: Protocol,
    severity: Severity,
    by: Reporter<'_>,
) -> Record {
    let head = &happening.session;
    let class = protocol.class(told.accesses);
    let request = request_line(told.text);
    let activity = match class {
        Class::DatastoreActivity => class::datastore_activity(told.accesses),
        Class::ApiActivity => class::api_activity(told.accesses),
        Class::HttpActivity => class::http_activity(request.map_or("", |(method, _)| method)),
        Class::FileActivity => class::file_activity(told.accesses),
        Class::ProcessActivity if moment == Moment::Ended => Activity(2, "Terminate"),
        Class::ProcessActivity => Activity(1, "Launch"),
        _ if moment == Moment::Refused => Activity(5, "Refuse"),
        _ if moment == Moment::Ended => Activity(2, "Close"),
        _ => Activity(6, "Traffic"),
    };
    let record = Record::new(class, activity, severity, About::happening(happening), by)
        .with("actor", parts::actor(head));
    let uid = command_uid(happening, told.number);
    if matches!(class, Class::ProcessActivity | Class::FileActivity) {
        let record = record.with("device", parts::device(head));
        return match class {
            Class::FileActivity => record.with("file", files::touched(told.accesses)),
            _ => record.with("process", process(told, &uid)),
        };
    }
    let record = record
        .with("src_endpoint", parts::endpoint(&head.source))
        .with("dst_endpoint", parts::target(head));
    match class {
        Class::DatastoreActivity => datastore(record, head, told, &uid),
        Class::ApiActivity => api(record, head, told, uid),
        Class::HttpActivity => record.with("http_request", http_request(request, &uid)),
        _ => record,
    }
}

/// Ties the events of one command together.
fn command_uid(happening: &Happening, number: u64) -> String {
    format!("{}/{number}", happening.session.id)
}

/// The program that a command runs. Which process it became only the target knows.
fn process(told: &Told<'_>, uid: &str) -> Value {
    let mut process = json!({ "uid": uid });
    let program = told.accesses.iter().find(|access| access.object.kind == ObjectKind::Program);
    if let Value::Object(process) = &mut process {
        if let Some(program) = program {
            process.insert("name".into(), json!(program.object.name));
        }
        if let Some(text) = told.text {
            process.insert("cmd_line".into(), json!(text.text));
        }
    }
    process
}

fn datastore(record: Record, head: &SessionHead, told: &Told<'_>, uid: &str) -> Record {
    let name = head.database.as_deref().filter(|name| !name.is_empty());
    let database = json!({
        "name": name.unwrap_or(&head.resource),
        "uid": head.resource,
        "type_id": 1,
        "type": "Relational",
    });
    let query = told.text.map(|text| json!({ "uid": uid, "query_string": text.text }));
    let mut tables =
        told.accesses.iter().filter(|access| access.object.kind == ObjectKind::Relation);
    let table = tables.next().map(|access| access.object.to_string());
    let (type_id, type_name) = match table {
        Some(_) => (3, "Table"),
        None => (1, "Database"),
    };
    record
        .with("type_id", type_id)
        .with("type", type_name)
        .with("database", database)
        .with_some("query_info", query)
        .with_some("table", table.map(|name| json!({ "name": name })))
}

fn api(record: Record, head: &SessionHead, told: &Told<'_>, uid: String) -> Record {
    let operation = told.accesses.first().map_or("unknown", |access| access.action.name());
    let mut request = json!({ "uid": uid });
    if let (Value::Object(request), Some(text)) = (&mut request, told.text) {
        request.insert("data".into(), json!({ "text": text.text }));
    }
    let service = json!({ "name": head.resource });
    record.with("api", json!({ "operation": operation, "request": request, "service": service }))
}

/// The method and the target of a request's first line.
fn request_line(text: Option<&Cut>) -> Option<(&str, &str)> {
    let mut words = text?.text.lines().next()?.split_ascii_whitespace();
    Some((words.next()?, words.next()?))
}

fn http_request(request: Option<(&str, &str)>, uid: &str) -> Value {
    let mut object = Map::from_iter([("uid".to_owned(), json!(uid))]);
    if let Some((method, target)) = request {
        let known = class::http_activity(method);
        if (1..99).contains(&known.0) {
            object.insert("http_method".into(), json!(method));
        }
        let path = target.split('?').next().unwrap_or_default();
        object.insert("url".into(), json!({ "path": path, "url_string": target }));
    }
    Value::Object(object)
}
