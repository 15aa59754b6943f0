use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Unknown, walk};

/// What an object says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`. The API server takes a body without one for the resource that the path names.
    pub api_version: Option<String>,
    /// `kind`, with the same default.
    pub kind: Option<String>,
    /// `metadata.name`.
    pub name: Option<String>,
    /// `metadata.generateName`: the name that it will have begins so.
    pub generate_name: Option<String>,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// The keys of `metadata.annotations`; the values can be long and secret.
    pub annotations: BTreeSet<String>,
}

impl Head {
    /// Reads the head of an object, or of a part of one: what is absent or null is not said.
    pub(super) fn read(object: &Map<String, Value>) -> Result<Self, Unknown> {
        exact(object, &["apiVersion", "kind", "metadata"])?;
        let mut head = Self {
            api_version: text(object, "apiVersion")?,
            kind: text(object, "kind")?,
            ..Self::default()
        };
        let Some(metadata) = map(object, "metadata")? else { return Ok(head) };
        exact(metadata, &["name", "generateName", "namespace", "labels", "annotations"])?;
        head.name = text(metadata, "name")?;
        head.generate_name = text(metadata, "generateName")?;
        head.namespace = text(metadata, "namespace")?;
        for (key, value) in map(metadata, "labels")?.into_iter().flatten() {
            match value {
                Value::String(value) => drop(head.labels.insert(key.clone(), value.clone())),
                // How a merge patch takes a label away.
                Value::Null => {}
                _ => return Err(Unknown::Shape("a label is not text")),
            }
        }
        let annotations = map(metadata, "annotations")?.into_iter().flatten();
        head.annotations.extend(annotations.map(|(key, _)| key.clone()));
        Ok(head)
    }
}

/// Readers of JSON that do not mind case would take `Kind` for `kind`.
fn exact(object: &Map<String, Value>, names: &[&str]) -> Result<(), Unknown> {
    let odd = |key: &&String| {
        names.iter().any(|name| key != name && walk::fold(key) == name.to_ascii_lowercase())
    };
    match object.keys().find(odd) {
        Some(_) => Err(Unknown::Shape("a field differs from a known one only by case")),
        None => Ok(()),
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Unknown> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Unknown::Shape("a name, kind, version or namespace is not text")),
    }
}

fn map<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Unknown> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(Unknown::Shape("metadata, labels or annotations are not an object")),
    }
}
