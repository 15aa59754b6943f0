//! What is new, in the words a target understands.

use evidence::happening::{self, AuditEntry, What, Wording};
use evidence::ocsf::{self, Reporter};
use model::{Timestamp, Verdict};
use serde_json::{Value, json};

use super::config::{Choice, Format, Target, Text};
use super::source::News;
use crate::audit;

/// No text of a statement is told beyond so many bytes; the recording holds it whole.
const LONGEST_TEXT: usize = 32 << 10;

/// One event, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Counts what this target was told.
    pub(super) sequence: u64,
    /// When it happened.
    pub(super) at: Timestamp,
    /// What kind of thing it is.
    pub(super) code: String,
    /// Names it, whoever is told of it.
    pub(super) uid: String,
    /// How much an operator should care.
    pub(super) weight: Weight,
    /// The event, one line of JSON.
    pub(super) json: String,
}

/// How much an operator should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Usual,
    Notable,
    Warning,
}

pub(super) struct Renderer {
    format: Format,
    choice: Choice,
    version: String,
    /// No event is longer.
    longest: usize,
    /// Nothing but ASCII is written.
    ascii: bool,
}

impl Renderer {
    pub(super) fn new(target: &Target, version: String, longest: usize, ascii: bool) -> Self {
        Self { format: target.format, choice: target.choice.clone(), version, longest, ascii }
    }

    /// Says how things are worded. Worded otherwise, they are other events.
    pub(super) fn wording(&self) -> String {
        let Choice { audit, sessions, commands, text, parameters } = &self.choice;
        let text = match text {
            Text::Full => "full",
            Text::Shape(_) => "shape",
            Text::None => "none",
        };
        format!(
            "{:?} {audit} {sessions} {commands} {text} {parameters} {} {}",
            self.format, self.longest, self.version
        )
    }

    /// The event, if this target is told of such.
    pub(super) fn tell(&self, news: &News, sequence: u64) -> Option<Told> {
        let wanted = match news {
            News::Entry(_) => self.choice.audit,
            News::Happening(happening) if happening.is_of_a_command() => self.choice.commands,
            News::Happening(_) => self.choice.sessions,
        };
        if !wanted {
            return None;
        }
        let (at, code, uid) = match news {
            News::Entry(entry) => (entry.at, entry.action.clone(), entry_of(entry).uid()),
            News::Happening(happening) => {
                (happening.at, happening.code().to_owned(), happening.uid())
            }
        };
        let weight = weight(news);
        let mut longest = LONGEST_TEXT;
        loop {
            let json = self.json(news, sequence, longest);
            if json.len() <= self.longest {
                return Some(Told { sequence, at, code, uid, weight, json });
            }
            if longest == 0 {
                break;
            }
            longest = if longest > 256 { longest / 4 } else { 0 };
        }
        // Whoever wants to know more looks it up by its name.
        let short = match self.format {
            Format::Native => json!({
                "sequence": sequence, "uid": uid, "at": at.to_string(), "event": code, "cut": true,
            }),
            Format::Ocsf => {
                let mut value = self.value(news, sequence, 0);
                if let Value::Object(event) = &mut value {
                    event.insert("unmapped".into(), json!({ "cut": true }));
                    event.remove("message");
                    event.remove("authorizations");
                }
                if let Some(Value::Object(user)) = value.pointer_mut("/actor/user") {
                    user.remove("groups");
                }
                value
            }
        };
        Some(Told { sequence, at, code, uid, weight, json: self.line(&short) })
    }

    fn json(&self, news: &News, sequence: u64, longest: usize) -> String {
        self.line(&self.value(news, sequence, longest))
    }

    fn value(&self, news: &News, sequence: u64, longest: usize) -> Value {
        let shape = |text: &[u8]| match &self.choice.text {
            Text::Shape(shape) => (shape.0)(text),
            Text::Full | Text::None => None,
        };
        let text = match &self.choice.text {
            Text::Full => happening::Text::Full,
            Text::Shape(_) => happening::Text::Shape(&shape),
            Text::None => happening::Text::None,
        };
        let wording = Wording { text, parameters: self.choice.parameters, longest };
        let by = Reporter { version: &self.version, sequence: Some(sequence) };
        match (news, self.format) {
            (News::Happening(what), Format::Native) => {
                happening::session(what, &wording, Some(sequence))
            }
            (News::Happening(what), Format::Ocsf) => ocsf::session(what, &wording, by),
            (News::Entry(entry), format) => {
                let detail = shortened(&entry.detail, longest);
                let entry = AuditEntry { detail: &detail, ..entry_of(entry) };
                match format {
                    Format::Native => happening::audit(&entry, Some(sequence)),
                    Format::Ocsf => ocsf::audit(&entry, by),
                }
            }
        }
    }

    fn line(&self, value: &Value) -> String {
        let line = evidence::render::harmless(&value.to_string());
        if self.ascii { ascii(&line) } else { line }
    }
}

fn entry_of(entry: &audit::Entry) -> AuditEntry<'_> {
    AuditEntry {
        seq: entry.seq,
        at: entry.at,
        actor: &entry.actor,
        action: &entry.action,
        object: &entry.object,
        detail: &entry.detail,
        hash: &entry.hash,
    }
}

fn weight(news: &News) -> Weight {
    let News::Happening(happening) = news else { return Weight::Notable };
    match &happening.what {
        What::Opened | What::Closed { ending: Some(_), .. } => Weight::Notable,
        What::Closed { ending: None, .. } => Weight::Warning,
        What::Decided(decided) => match decided.verdict {
            Some(Verdict::Allowed | Verdict::Approved) => Weight::Usual,
            Some(Verdict::Held) => Weight::Notable,
            Some(Verdict::Denied) | None => Weight::Warning,
        },
        What::Ended(ended) => match ended.outcome {
            happening::Outcome::Finished { .. } => Weight::Usual,
            happening::Outcome::Failed { .. } => Weight::Notable,
            // Of `grep` and the like a 1 is an answer.
            happening::Outcome::Exited { .. } => Weight::Usual,
        },
        What::Moved(_) => Weight::Usual,
    }
}

/// What an entry tells, its texts cut to this length and its lists to so many members as fit.
fn shortened(detail: &Value, longest: usize) -> Value {
    match detail {
        Value::String(text) if text.len() > longest => {
            let mut end = longest;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.get(..end).unwrap_or_default().into()
        }
        Value::Array(list) => {
            let mut left = longest;
            let fits = |value: &&Value| {
                left = left.saturating_sub(value.as_str().map_or(16, str::len) + 1);
                left > 0
            };
            list.iter().take_while(fits).map(|value| shortened(value, longest)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shortened(value, longest))).collect()
        }
        other => other.clone(),
    }
}

/// The same JSON in ASCII alone.
fn ascii(json: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            // Beyond ASCII there is nothing but strings in it.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}
