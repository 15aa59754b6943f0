//! Files, as an event speaks of them.

use model::{Access, ObjectKind};
use serde_json::{Value, json};

use crate::happening::{Moved, Wording};
use crate::render::digits;

/// The first file that a command touches.
pub(super) fn touched(accesses: &[Access]) -> Value {
    let mut files = accesses.iter().filter(|access| access.object.kind == ObjectKind::File);
    let path = files.next().map_or("", |access| access.object.name.as_str());
    json!({ "name": last(path), "path": path, "type_id": 0, "type": "Unknown" })
}

/// One that was moved.
pub(super) fn moved(moved: &Moved, wording: &Wording<'_>) -> Value {
    let path = wording.own(&moved.path);
    let mut file = json!({
        "name": last(&path),
        "path": path,
        "type_id": 1,
        "type": "Regular File",
        "size": i64::try_from(moved.bytes).unwrap_or(i64::MAX),
    });
    if let (Value::Object(file), Some(sha256)) = (&mut file, &moved.sha256) {
        let value = digits(sha256);
        let hash = json!({ "algorithm_id": 3, "algorithm": "SHA-256", "value": value });
        file.insert("hashes".into(), json!([hash]));
    }
    file
}

/// The last part of a path.
fn last(path: &str) -> &str {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    if name.is_empty() { path } else { name }
}
