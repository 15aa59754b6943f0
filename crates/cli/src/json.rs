//! Fields of the gateway's answers, as text for a table. What is not there is an empty cell.

use serde_json::Value;

/// A field as text.
pub(crate) fn text(value: &Value, field: &str) -> String {
    match at(value, field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A field's elements as text.
pub(crate) fn list(value: &Value, field: &str) -> Vec<String> {
    let elements = at(value, field).and_then(Value::as_array);
    elements
        .into_iter()
        .flatten()
        .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
        .collect()
}

/// An object's entries as `key=value`.
pub(crate) fn pairs(value: &Value, field: &str) -> String {
    let entries = at(value, field).and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries: Vec<String> = entries
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", text(value)))
        .collect();
    entries.join(" ")
}

/// A time to the second, without the letters between.
pub(crate) fn time(value: &Value, field: &str) -> Option<String> {
    let text = at(value, field)?.as_str()?;
    Some(short_time(text))
}

/// `2026-01-31T23:59:59.000001Z` → `2026-01-31 23:59:59`.
pub(crate) fn short_time(text: &str) -> String {
    text.split(['.', 'Z']).next().unwrap_or(text).replace('T', " ")
}

/// A field, or a field of a field: `identity.subject`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_becomes_a_cell() {
        let value = json!({"a": {"b": "x"}, "n": 3, "l": ["x", 1], "m": {"env": "prod", "t": 1}, "at": "2026-01-31T23:59:59.000001Z"});
        assert_eq!(text(&value, "a.b"), "x");
        assert_eq!(text(&value, "n"), "3");
        assert_eq!(text(&value, "none.there"), "");
        assert_eq!(list(&value, "l"), ["x", "1"]);
        assert_eq!(pairs(&value, "m"), "env=prod t=1");
        assert_eq!(time(&value, "at").as_deref(), Some("2026-01-31 23:59:59"));
        assert_eq!(time(&value, "none"), None);
    }
}
