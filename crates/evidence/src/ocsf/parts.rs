//! What events of every class are made of.

use std::net::{IpAddr, SocketAddr};

use model::{IdentityKind, SessionHead, Timestamp};
use serde_json::{Map, Value, json};

use super::class::{Activity, Class};
use super::{Reporter, VERSION};
use crate::happening::{Happening, MANY};

/// An event in the making.
pub(super) struct Record(Map<String, Value>);

/// How much an operator should care.
#[derive(Clone, Copy)]
pub(super) enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
}

/// What identifies an event.
pub(super) struct About<'a> {
    pub(super) uid: String,
    pub(super) code: &'a str,
    pub(super) at: Timestamp,
    /// What it belongs to: a session's id.
    pub(super) correlation: Option<String>,
    pub(super) log: &'static str,
}

impl<'a> About<'a> {
    pub(super) fn happening(happening: &'a Happening) -> Self {
        Self {
            uid: happening.uid(),
            code: happening.code(),
            at: happening.at,
            correlation: Some(happening.session.id.to_string()),
            log: "sessions",
        }
    }
}

impl Record {
    pub(super) fn new(
        class: Class,
        activity: Activity<'_>,
        severity: Severity,
        about: About<'_>,
        by: Reporter<'_>,
    ) -> Self {
        let Activity(activity_id, activity_name) = activity;
        let (category_uid, category_name) = class.category();
        let mut metadata = json!({
            "version": VERSION,
            "product": { "name": "Sluice", "vendor_name": "Sluice", "version": by.version },
            "uid": about.uid,
            "event_code": about.code,
            "log_name": about.log,
            "original_time": about.at.to_string(),
            "profiles": profiles(class),
        });
        if let Value::Object(metadata) = &mut metadata {
            if let Some(sequence) = by.sequence {
                metadata.insert("sequence".into(), json!(sequence));
            }
            if let Some(correlation) = about.correlation {
                metadata.insert("correlation_uid".into(), json!(correlation));
            }
        }
        let base = json!({
            "activity_id": activity_id,
            "activity_name": activity_name,
            "category_uid": category_uid,
            "category_name": category_name,
            "class_uid": class.uid(),
            "class_name": class.name(),
            "type_uid": u64::from(class.uid()) * 100 + u64::from(activity_id),
            "type_name": format!("{}: {activity_name}", class.name()),
            "time": about.at.as_micros() / 1000,
            "severity_id": severity as u8,
            "severity": match severity {
                Severity::Informational => "Informational",
                Severity::Low => "Low",
                Severity::Medium => "Medium",
                Severity::High => "High",
            },
            "metadata": metadata,
        });
        Self(match base {
            Value::Object(base) => base,
            _ => Map::new(),
        })
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same where there is something to say.
    #[must_use]
    pub(super) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// How it went: 1 well, 2 not, 0 unknown, 99 in a word of ours.
    #[must_use]
    pub(super) fn status(self, id: u8, word: &str) -> Self {
        self.with("status_id", id).with("status", word)
    }

    /// What the gateway did about it, by numbers of the profile `security_control`.
    #[must_use]
    pub(super) fn control(self, action: (u8, &str), disposition: (u8, &str)) -> Self {
        self.with("action_id", action.0)
            .with("action", action.1)
            .with("disposition_id", disposition.0)
            .with("disposition", disposition.1)
    }

    /// What the schema has no place for.
    #[must_use]
    pub(super) fn unmapped(self, rest: Value) -> Self {
        let rest = match rest {
            Value::Object(rest) => {
                rest.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>()
            }
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        if rest.is_empty() { self } else { self.with("unmapped", rest) }
    }

    pub(super) fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

/// What an event has beyond its class: what was done about it, and, where the class itself does not say
/// it, by whom.
const fn profiles(class: Class) -> &'static [&'static str] {
    match class {
        Class::HttpActivity | Class::SshActivity => &["security_control", "host"],
        Class::FileActivity
        | Class::ProcessActivity
        | Class::DetectionFinding
        | Class::Authentication
        | Class::AuthorizeSession
        | Class::EntityManagement
        | Class::ApiActivity
        | Class::DatastoreActivity => &["security_control"],
    }
}

/// Who, in which session.
pub(super) fn actor(head: &SessionHead) -> Value {
    let mut actor = json!({ "user": user(head), "session": session(head) });
    if let Value::Object(actor) = &mut actor {
        let provider = &head.identity.provider;
        actor.insert("idp".into(), json!({ "name": provider }));
        if let Some(client) = &head.client {
            actor.insert("app_name".into(), json!(client.chars().take(200).collect::<String>()));
        }
    }
    actor
}

/// Who.
pub(super) fn user(head: &SessionHead) -> Value {
    let identity = &head.identity;
    let (type_id, kind) = match identity.kind {
        IdentityKind::User => (1, "User"),
        IdentityKind::Machine => (3, "System"),
        IdentityKind::Agent => (99, "Agent"),
    };
    let groups = identity.groups.iter().filter(|group| !group.is_empty()).take(MANY);
    let groups: Vec<Value> = groups.map(|group| json!({ "name": group })).collect();
    json!({ "name": identity.subject, "type_id": type_id, "type": kind, "groups": groups })
}

/// The session.
pub(super) fn session(head: &SessionHead) -> Value {
    let identity = &head.identity;
    let mut session = json!({
        "uid": head.id,
        "created_time": head.opened.as_micros() / 1000,
        "issuer": identity.provider,
        "is_remote": true,
    });
    if let Value::Object(session) = &mut session {
        if let Some(expires) = identity.expires {
            session.insert("expiration_time".into(), json!(expires.as_micros() / 1000));
        }
        if let Some(token) = &identity.token {
            session.insert("credential_uid".into(), json!(token));
        }
    }
    session
}

/// From where.
pub(super) fn endpoint(address: &str) -> Value {
    if let Ok(address) = address.parse::<SocketAddr>() {
        return json!({ "ip": address.ip().to_canonical().to_string(), "port": address.port() });
    }
    match address.parse::<IpAddr>() {
        Ok(ip) => json!({ "ip": ip.to_canonical().to_string() }),
        Err(_) if address.is_empty() => json!({ "name": "unknown" }),
        Err(_) => json!({ "name": address }),
    }
}

/// To what.
pub(super) fn target(head: &SessionHead) -> Value {
    json!({ "name": head.resource, "svc_name": head.protocol })
}

/// To what, where it is a machine.
pub(super) fn device(head: &SessionHead) -> Value {
    json!({ "name": head.resource, "type_id": 1, "type": "Server" })
}

/// The policies that decided.
pub(super) fn authorizations<'p>(
    decision: &str,
    policies: impl Iterator<Item = &'p str>,
) -> Option<Value> {
    let policies = policies.filter(|policy| !policy.is_empty()).take(MANY);
    let list: Vec<Value> = policies
        .map(|policy| json!({ "decision": decision, "policy": { "name": policy } }))
        .collect();
    (!list.is_empty()).then_some(Value::Array(list))
}
