//! Sluice's own words: one flat object for each thing that happened.

use model::{Access, Phase, Stream, Verdict};
use serde_json::{Map, Value, json};

use super::wording::MANY;
use super::{AuditEntry, Decided, Ended, Happening, Outcome, What, Wording};
use crate::render::{digits, name_of};

/// What happened in a session. `sequence` counts what one receiver was told; none when it is told to nobody
/// in particular.
#[must_use]
pub fn session(happening: &Happening, wording: &Wording<'_>, sequence: Option<u64>) -> Value {
    let head = &happening.session;
    let mut object = begin(sequence, happening.uid(), happening.at.to_string(), happening.code());
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("session", json!(head.id));
    put("subject", json!(head.identity.subject));
    put("kind", json!(head.identity.kind));
    put("on_behalf_of", json!(head.identity.on_behalf_of));
    put("source", json!(head.source));
    put("resource", json!(head.resource));
    put("protocol", json!(head.protocol));
    put("database", json!(head.database));
    match &happening.what {
        What::Opened => {
            put("groups", head.identity.groups.iter().take(MANY).cloned().collect());
            put("provider", json!(head.identity.provider));
            put("token", json!(head.identity.token));
            put("client", json!(head.client.as_deref().map(|client| wording.own(client))));
            put("policies", json!(head.policies));
        }
        What::Decided(decided) => self::decided(decided, wording, &mut put),
        What::Ended(ended) => self::ended(ended, happening, wording, &mut put),
        What::Moved(moved) => {
            put("command", json!(moved.number));
            put("path", json!(wording.own(&moved.path)));
            put("upload", json!(moved.upload));
            put("bytes", json!(moved.bytes));
            put("sha256", json!(moved.sha256.as_ref().map(|sha256| digits(sha256))));
        }
        What::Closed { ending, unfinished } => {
            put("how", json!(ending.as_ref().map(|ending| &ending.how)));
            put("unfinished", json!(unfinished.iter().take(MANY).collect::<Vec<_>>()));
        }
    }
    Value::Object(object)
}

/// An entry of the audit log.
#[must_use]
pub fn audit(entry: &AuditEntry<'_>, sequence: Option<u64>) -> Value {
    let mut object = begin(sequence, entry.uid(), entry.at.to_string(), entry.action);
    object.insert("actor".into(), json!(entry.actor));
    object.insert("object".into(), json!(entry.object));
    object.insert("detail".into(), entry.detail.clone());
    object.insert("hash".into(), json!(entry.hash));
    Value::Object(object)
}

fn begin(sequence: Option<u64>, uid: String, at: String, code: &str) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(sequence) = sequence {
        object.insert("sequence".into(), json!(sequence));
    }
    object.insert("uid".into(), json!(uid));
    object.insert("at".into(), json!(at));
    object.insert("event".into(), json!(code));
    object
}

fn decided(decided: &Decided, wording: &Wording<'_>, put: &mut impl FnMut(&str, Value)) {
    put("command", json!(decided.number));
    put("phase", json!(phase(decided.phase)));
    put("verdict", json!(verdict(decided.verdict)));
    if let Some(cut) = wording.statement(&decided.text) {
        put("text", json!(cut.text));
        if let Some(length) = cut.whole {
            put("text_length", json!(length));
        }
    }
    if let Some(parameters) = wording.bound(&decided.parameters) {
        put("parameters", parameters);
    }
    put("accesses", accesses(&decided.accesses));
    put("policies", policies(decided));
    put("approval", json!(decided.approval));
    put("message", json!(wording.decision(decided)));
}

fn ended(
    ended: &Ended,
    happening: &Happening,
    wording: &Wording<'_>,
    put: &mut impl FnMut(&str, Value),
) {
    put("command", json!(ended.number));
    if let Some(since) = ended.since {
        put("microseconds", json!(happening.at.as_micros().saturating_sub(since.as_micros())));
    }
    match &ended.outcome {
        Outcome::Finished { tag, rows, bytes } => {
            put("tag", json!(tag));
            put("rows", json!(rows));
            put("bytes", json!(bytes));
        }
        Outcome::Failed { code, message } => {
            put("code", json!(code));
            if let Some(message) = wording.message(message) {
                put("message", json!(message));
            }
        }
        Outcome::Exited { status, signal, streams } => {
            put("status", json!(status));
            put("signal", json!(signal));
            put("streams", self::streams(streams));
        }
    }
}

/// How many bytes of each stream there were: `{"output": 12}`.
pub(crate) fn streams(streams: &[(Stream, u64)]) -> Value {
    let named = streams.iter().map(|(stream, bytes)| (name_of(*stream).to_owned(), json!(bytes)));
    Value::Object(named.collect())
}

/// The word for what was decided.
pub(crate) const fn verdict(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Allowed) => "allowed",
        Some(Verdict::Denied) => "denied",
        Some(Verdict::Held) => "held",
        Some(Verdict::Approved) => "approved",
        None => "undecided",
    }
}

pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Run => "run",
    }
}

pub(crate) fn accesses(accesses: &[Access]) -> Value {
    accesses.iter().take(MANY).map(ToString::to_string).collect()
}

pub(crate) fn policies(decided: &Decided) -> Value {
    decided.policies.iter().take(MANY).map(|policy| Value::from(policy.as_ref())).collect()
}
