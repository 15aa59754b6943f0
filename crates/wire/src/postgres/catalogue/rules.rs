//! What rules say of a column.

use std::sync::Arc;

use mask::JsonPath;
use model::{Classes, DataClass, DataRule};

use super::Carried;

/// Parts of a column's documents that are sensitive.
type Parts = Arc<[(JsonPath, DataClass)]>;

/// What a column carries by the rules, and which parts of its documents do.
pub(super) fn of(rules: &[DataRule], schema: &str, table: &str, column: &str) -> (Carried, Parts) {
    let matches = |pattern: &str, name: &str| {
        // Temporary tables stand in a schema of their session's own.
        let temporary = pattern == "pg_temp" && name.starts_with("pg_temp_");
        pattern == "*" || pattern == name || temporary
    };
    let hits =
        |[s, t, c]: &[String; 3]| matches(s, schema) && matches(t, table) && matches(c, column);
    let mut carried = Carried::default();
    let mut parts = Vec::new();
    for rule in rules {
        match rule {
            DataRule::Column { path, class } if hits(path) => {
                carried.value.insert(class.clone());
            }
            DataRule::Json { path, json, class } if hits(path) => {
                // Whatever is made of a document may be the part.
                carried.computed.insert(class.clone());
                match JsonPath::parse(json) {
                    Ok(json) => parts.push((json, class.clone())),
                    // Configuration refuses it; should one come this far, the whole is the part.
                    Err(_) => {
                        carried.value.insert(class.clone());
                    }
                }
            }
            DataRule::Column { .. }
            | DataRule::Json { .. }
            | DataRule::Detect(_)
            | DataRule::Class { .. }
            | DataRule::Define(_) => {}
        }
    }
    (carried, parts.into())
}

/// Every class that rules give to columns: what a statement of unbounded reach may bring to light.
#[must_use]
pub fn ruled_classes(rules: &[DataRule]) -> Classes {
    let class = |rule: &DataRule| match rule {
        DataRule::Column { class, .. } | DataRule::Json { class, .. } => Some(class.clone()),
        DataRule::Detect(_) | DataRule::Class { .. } | DataRule::Define(_) => None,
    };
    rules.iter().filter_map(class).collect()
}
