use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Event, Facts, Parameter, Phase, StreamDigest, Timestamp};
use serde_json::{Map, Value, json};

use super::escape::{acts, escape_bytes};
use super::open::Open;
use super::program::{digits, name_of};
use super::rows::Rows;
use super::value::value;

/// Writes a session as JSON lines: one object for each event, with its time, its type and what it
/// says. Values are text as in [`value`]; bytes that are no UTF-8 are written `\xNN`, and what a program
/// was given or said in base 64 then, so that nothing of it is lost.
#[derive(Debug, Default)]
pub struct JsonLines {
    open: Open,
}

impl JsonLines {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One event's line, without the line break. Safe to print on a terminal: what would steer it is
    /// escaped the JSON way.
    pub fn event(&mut self, at: Timestamp, event: &Event) -> String {
        let mut object = Map::new();
        object.insert("at".into(), at.to_string().into());
        if let Value::Object(rest) = self.object(event) {
            object.extend(rest);
        }
        harmless(&Value::Object(object).to_string())
    }

    fn object(&mut self, event: &Event) -> Value {
        match event {
            Event::Opened(head) => json!({
                "type": "opened",
                "session": head.id.to_string(),
                "opened": head.opened.to_string(),
                "identity": serde_json::to_value(&head.identity).unwrap_or_default(),
                "source": head.source,
                "client": head.client,
                "resource": head.resource,
                "protocol": head.protocol,
                "database": head.database,
                "policies": head.policies,
            }),
            Event::Command { number, phase, text: words, parameters, accesses, seen } => {
                let object = json!({
                "type": "command",
                "number": number,
                "phase": match phase { Phase::Prepare => "prepare", Phase::Run => "run" },
                "text": text(words),
                "parameters": parameters.iter().map(parameter).collect::<Vec<_>>(),
                "accesses": accesses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "unbounded": seen.as_ref().map(|seen| seen.facts.unbounded),
                "in_transaction": seen.as_ref().map(|seen| seen.in_transaction),
                "returns": seen.as_ref().map(|seen| &seen.facts.returns),
                "filters": seen.as_ref().map(|seen| &seen.facts.filters),
                });
                match seen {
                    Some(seen) => named(object, &seen.facts),
                    None => object,
                }
            }
            Event::Decided { number, verdict, policies, approval, message, cause } => json!({
                "type": "decided",
                "number": number,
                "verdict": verdict,
                "policies": policies.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
                "approval": approval,
                "message": message,
                "cause": cause,
            }),
            Event::Shadow { number, shadow } => json!({
                "type": "shadow",
                "number": number,
                "verdict": shadow.verdict,
                "policies": shadow.policies.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
                "shows": &*shadow.shows,
                "masks": &*shadow.masks,
            }),
            Event::Columns { number, columns } => {
                self.open.columns(*number, columns);
                json!({ "type": "columns", "number": number, "columns": &columns[..] })
            }
            Event::Rows { number, count, data } => {
                let columns = self.open.columns_of(*number);
                let mut rows = Rows::new(data);
                let shown: Vec<Value> = rows
                    .by_ref()
                    .map(|row| {
                        let fields = row.iter().enumerate().map(|(index, field)| {
                            field.map(|bytes| match columns.get(index) {
                                None => text(bytes),
                                Some(column) => {
                                    text(&value(&column.type_name, column.format, bytes))
                                }
                            })
                        });
                        fields.collect::<Vec<_>>().into()
                    })
                    .collect();
                json!({
                    "type": "rows",
                    "number": number,
                    "count": count,
                    "rows": shown,
                    "unread_bytes": rows.rest().len(),
                })
            }
            Event::Bulk { number, to_client, data } => json!({
                "type": "bulk",
                "number": number,
                "direction": if *to_client { "to_client" } else { "from_client" },
                "data": text(data),
            }),
            Event::Stream { number, stream, data } => {
                // A letter may be cut in two, and what is no text is nothing but its bytes.
                let (name, data) = match std::str::from_utf8(data) {
                    Ok(text) => ("data", text.to_owned()),
                    Err(_) => ("base64", STANDARD.encode(data)),
                };
                json!({
                    "type": "stream", "number": number, "stream": name_of(*stream), name: data,
                })
            }
            Event::Terminal { number, columns, rows } => json!({
                "type": "terminal", "number": number, "columns": columns, "rows": rows,
            }),
            Event::Exited { number, status, signal, streams } => {
                self.open.end(*number);
                json!({
                    "type": "exited",
                    "number": number,
                    "status": status,
                    "signal": signal,
                    "streams": streams.iter().map(digest).collect::<Vec<_>>(),
                })
            }
            Event::Moved { number, path, upload, bytes, sha256 } => json!({
                "type": "moved",
                "number": number,
                "path": path,
                "upload": upload,
                "bytes": bytes,
                "sha256": sha256.as_ref().map(|sha256| digits(sha256)),
            }),
            Event::Cut { number } => json!({ "type": "cut", "number": number }),
            Event::Finished { number, tag, rows, bytes } => {
                self.open.end(*number);
                json!({
                    "type": "finished", "number": number, "tag": tag, "rows": rows, "bytes": bytes,
                })
            }
            Event::Failed { number, code, message } => {
                self.open.end(*number);
                json!({ "type": "failed", "number": number, "code": code, "message": message })
            }
            Event::Notice { number, message } => {
                json!({ "type": "notice", "number": number, "message": message })
            }
            Event::Closed(ending) => {
                json!({ "type": "closed", "ended": ending.at.to_string(), "how": ending.how })
            }
        }
    }
}

/// The programs, words and paths of a command line, where there are any.
fn named(mut object: Value, facts: &Facts) -> Value {
    if let Value::Object(object) = &mut object {
        let Facts { programs, argv, paths, .. } = facts;
        for (name, names) in [("programs", programs), ("argv", argv), ("paths", paths)] {
            if !names.is_empty() {
                object.insert(name.to_owned(), json!(names));
            }
        }
    }
    object
}

fn digest(digest: &StreamDigest) -> Value {
    json!({
        "stream": name_of(digest.stream),
        "bytes": digest.bytes,
        "blake3": digits(&digest.blake3),
    })
}

fn parameter(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Null => Value::Null,
        Parameter::Text(text) => json!(text),
        Parameter::Binary(hex) => json!({ "binary": hex }),
        Parameter::Cut { start, length } => json!({ "start": start, "length": length }),
    }
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| escape_bytes(bytes), ToOwned::to_owned)
}

/// JSON escapes the first 32 control characters; the others may stand in it as they are. They stand
/// only within its strings, so escaping them anywhere keeps it the same JSON.
#[must_use]
pub fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
