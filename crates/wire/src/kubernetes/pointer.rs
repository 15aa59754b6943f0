//! JSON pointers (RFC 6901), and the document that a pointer and a value are.

use serde_json::{Map, Value};

use super::Unknown;

/// How many segments a pointer may have.
const LONGEST: usize = 64;

/// The segments of a pointer. The API server's library drops whatever stands before the first slash
/// (`x/spec` is `/spec` to it), and leaves an escape alone that is none: both are refused.
pub(super) fn segments(pointer: &str) -> Result<Vec<String>, Unknown> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let odd = Unknown::Shape("a path of the patch is not a JSON pointer");
    let Some(pointer) = pointer.strip_prefix('/') else { return Err(odd) };
    let mut segments = Vec::new();
    for segment in pointer.split('/') {
        let escapes = segment.matches("~0").count() + segment.matches("~1").count();
        if escapes != segment.matches('~').count() || segments.len() == LONGEST {
            return Err(odd);
        }
        segments.push(segment.replace("~1", "/").replace("~0", "~"));
    }
    Ok(segments)
}

/// A segment as it stands in a pointer.
pub(super) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The part of a document that writes the value there, from the root.
pub(super) fn document(segments: &[String], value: Value) -> Value {
    segments.iter().enumerate().rev().fold(value, |value, (at, segment)| {
        let above = at.checked_sub(1).and_then(|at| segments.get(at)).map_or("", |above| &**above);
        // A label may be called `0`; anywhere else a number is a place in a list.
        if place(segment) && !matches!(above, "labels" | "annotations" | "matchLabels" | "data") {
            Value::Array(vec![value])
        } else {
            Value::Object(Map::from_iter([(segment.clone(), value)]))
        }
    })
}

/// `-` is behind the last; the API server's library counts negative numbers from the end, and reads
/// a sign.
fn place(segment: &str) -> bool {
    let digits = segment.strip_prefix(['-', '+']).unwrap_or(segment);
    segment == "-" || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}
