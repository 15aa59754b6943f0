//! What a patch writes, without the object that it changes: the facts of the values in it, and
//! where they go.
//!
//! The kinds are told apart by the content type alone, as `PatchResource` of
//! `apiserver/pkg/endpoints/handlers/patch.go` does.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::object::{self, Facts};
use super::{Unknown, pointer};
use crate::json;

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchKind {
    /// A list of operations (RFC 6902).
    Json,
    /// A part of the object (RFC 7386): lists are replaced, null takes away.
    Merge,
    /// A part of the object: lists are merged by keys, `$patch` and others direct it.
    Strategic,
    /// The part that one manager owns, of server-side apply. It creates the object where there is
    /// none, for which the API server asks its own authorizer for `create` too.
    Apply,
}

/// What a patch writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// How it is written.
    pub kind: PatchKind,
    /// The facts of every value that it writes. What `moved` brings along is not among them.
    pub facts: Facts,
    /// Where it writes, as JSON pointers. Where lists are merged, an element is `*`.
    pub paths: BTreeSet<String>,
    /// What it takes away.
    pub removed: BTreeSet<String>,
    /// What it moves or copies, and no one here knows what that is.
    pub moved: Vec<Moved>,
    /// The directives of a strategic patch: `$patch: delete`, `$setElementOrder`.
    pub directives: BTreeSet<String>,
}

impl Patch {
    /// Whether the facts are of everything that is written.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.moved.is_empty()
    }
}

/// A value that a JSON patch takes from elsewhere in the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// It stays there too.
    pub copied: bool,
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
}

/// As many operations as the API server allows in a JSON patch.
const MOST: usize = 10_000;

/// Reads the body of a PATCH.
///
/// # Errors
///
/// [`Unknown`]: another content type (the API server guesses none), an apply in YAML that is not
/// JSON, or a body that is no patch.
pub fn read(content_type: &str, body: &[u8]) -> Result<Patch, Unknown> {
    // The API server compares to the letter, without trimming.
    let kind = match object::media_type(content_type) {
        Some("application/json-patch+json") => PatchKind::Json,
        Some("application/merge-patch+json") => PatchKind::Merge,
        Some("application/strategic-merge-patch+json") => PatchKind::Strategic,
        Some("application/apply-patch+yaml") => PatchKind::Apply,
        _ => return Err(Unknown::ContentType),
    };
    let document = json::parse(body).map_err(|unread| match kind {
        // It may well be YAML, which is not read here.
        PatchKind::Apply if !body.trim_ascii_start().starts_with(b"{") => Unknown::ContentType,
        _ => unread.into(),
    })?;
    let mut patch = Patch {
        kind,
        facts: Facts::default(),
        paths: BTreeSet::new(),
        removed: BTreeSet::new(),
        moved: Vec::new(),
        directives: BTreeSet::new(),
    };
    match (kind, &document) {
        (PatchKind::Json, Value::Array(operations)) if operations.len() <= MOST => {
            for operation in operations {
                patch.operation(operation)?;
            }
        }
        (PatchKind::Merge | PatchKind::Strategic | PatchKind::Apply, Value::Object(map)) => {
            patch.merged("", map)?;
            object::add(&mut patch.facts, &document)?;
        }
        _ => return Err(Unknown::Shape("it is not a patch of this content type")),
    }
    Ok(patch)
}

impl Patch {
    fn operation(&mut self, operation: &Value) -> Result<(), Unknown> {
        let text = |name: &str| match operation.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(Unknown::Shape("an operation of the patch lacks a field")),
        };
        let path = text("path")?;
        let segments = pointer::segments(&path)?;
        match &*text("op")? {
            "add" | "replace" => {
                let value = operation.get("value").cloned().unwrap_or(Value::Null);
                object::add(&mut self.facts, &pointer::document(&segments, value))?;
                self.paths.insert(path);
            }
            "remove" => drop(self.removed.insert(path)),
            "test" => {}
            op @ ("move" | "copy") => {
                let (copied, from) = (op == "copy", text("from")?);
                pointer::segments(&from)?;
                if !copied {
                    self.removed.insert(from.clone());
                }
                self.paths.insert(path.clone());
                self.moved.push(Moved { copied, from, to: path });
            }
            _ => return Err(Unknown::Shape("an operation of the patch is not known")),
        }
        Ok(())
    }

    /// Notes where a part of the object is written, from the pointer of its parent.
    fn merged(&mut self, at: &str, map: &Map<String, Value>) -> Result<(), Unknown> {
        for (key, value) in map {
            // YAML merges another map in by this key, and JSON has nothing of the name.
            if self.kind == PatchKind::Apply && key == "<<" {
                return Err(Unknown::Shape("a field is YAML's merge key"));
            }
            if key.starts_with('$') {
                let name = key.split_once('/').map_or(&**key, |(name, _)| name);
                self.directives.insert(match value {
                    Value::String(value) => format!("{name}: {value}"),
                    _ => name.to_owned(),
                });
                continue;
            }
            self.value(&format!("{at}/{}", pointer::escape(key)), value)?;
        }
        Ok(())
    }

    fn value(&mut self, at: &str, value: &Value) -> Result<(), Unknown> {
        match value {
            Value::Null => drop(self.removed.insert(at.to_owned())),
            Value::Object(map) if !map.is_empty() => self.merged(at, map)?,
            // A merge patch replaces a list as a whole; so does an empty one, and one of plain
            // values may.
            Value::Array(values)
                if self.kind != PatchKind::Merge
                    && !values.is_empty()
                    && values.iter().all(Value::is_object) =>
            {
                for value in values {
                    self.value(&format!("{at}/*"), value)?;
                }
            }
            _ => drop(self.paths.insert(at.to_owned())),
        }
        Ok(())
    }
}
