//! A session as a whole.

use model::Ending;
use serde_json::{Value, json};

use super::Reporter;
use super::class::{Activity, Class, Protocol};
use super::parts::{self, About, Record, Severity};
use crate::happening::{Happening, MANY, Wording};

/// What the session's class and activity are: SSH has a class of its own for it, everything else is somebody
/// who signs in to a service and leaves it.
fn class(protocol: Protocol, opens: bool) -> (Class, Activity<'static>) {
    match (protocol, opens) {
        (Protocol::Ssh, true) => (Class::SshActivity, Activity(1, "Open")),
        (Protocol::Ssh, false) => (Class::SshActivity, Activity(2, "Close")),
        (Protocol::Database | Protocol::Http | Protocol::Kubernetes, true) => {
            (Class::Authentication, Activity(1, "Logon"))
        }
        (Protocol::Database | Protocol::Http | Protocol::Kubernetes, false) => {
            (Class::Authentication, Activity(2, "Logoff"))
        }
    }
}

pub(super) fn opened(
    happening: &Happening,
    wording: &Wording<'_>,
    protocol: Protocol,
    by: Reporter<'_>,
) -> Value {
    let head = &happening.session;
    let policies = head.policies.iter().map(String::as_str);
    begin(happening, protocol, true, Severity::Informational, by)
        .status(1, "Success")
        .control((1, "Allowed"), (1, "Allowed"))
        .with_some("authorizations", parts::authorizations("Allowed", policies))
        .with("message", format!("{} opened {}", head.identity.subject, head.resource))
        .unmapped(json!({
            "on_behalf_of": head.identity.on_behalf_of,
            "database": head.database,
            "client": head.client.as_deref().map(|client| wording.own(client)),
        }))
        .finish()
}

pub(super) fn closed(
    happening: &Happening,
    ending: Option<&Ending>,
    unfinished: &[u64],
    protocol: Protocol,
    by: Reporter<'_>,
) -> Value {
    let head = &happening.session;
    let severity = if ending.is_some() { Severity::Informational } else { Severity::Medium };
    let record = begin(happening, protocol, false, severity, by);
    let record = match ending {
        Some(ending) => record.status(1, "Success").with("message", ending.how.as_str()),
        None => record
            .status(99, "Interrupted")
            .with("message", "the gateway ended in the middle of the session"),
    };
    let lasted = happening.at.since(head.opened).as_millis();
    record
        .with("start_time", head.opened.as_micros() / 1000)
        .with("end_time", happening.at.as_micros() / 1000)
        .with("duration", u64::try_from(lasted).unwrap_or(u64::MAX))
        .unmapped(json!({
            "on_behalf_of": head.identity.on_behalf_of,
            "unfinished_commands": (!unfinished.is_empty())
                .then(|| unfinished.iter().take(MANY).collect::<Vec<_>>()),
        }))
        .finish()
}

fn begin(
    happening: &Happening,
    protocol: Protocol,
    opens: bool,
    severity: Severity,
    by: Reporter<'_>,
) -> Record {
    let head = &happening.session;
    let (class, activity) = class(protocol, opens);
    let record = Record::new(class, activity, severity, About::happening(happening), by)
        .with("actor", parts::actor(head))
        .with("src_endpoint", parts::endpoint(&head.source))
        .with("dst_endpoint", parts::target(head));
    match class {
        Class::Authentication => record
            .with("user", parts::user(head))
            .with("session", parts::session(head))
            .with("service", json!({ "name": head.resource }))
            .with("is_remote", true),
        _ => record,
    }
}
