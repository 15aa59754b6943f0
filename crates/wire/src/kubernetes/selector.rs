//! The one thing of a field selector that names an object: `metadata.name=x`.

use super::Unknown;

/// The name that a selector demands, as `ParseSelector` and `RequiresExactMatch` of
/// `apimachinery/pkg/fields/selector.go` find it.
///
/// Terms stand between commas, an empty one is passed over, the first of `!=`, `==` and `=`
/// divides. Older servers have no escapes and divide at any operator that stands there once: a
/// backslash, a second operator and two names are read differently or refused, and unknown here.
pub(super) fn name(selector: &str) -> Result<Option<&str>, Unknown> {
    let mut found = None;
    if selector.contains(|c: char| c == '\\' || c.is_control()) {
        return Err(Unknown::Selector);
    }
    for term in selector.split(',').filter(|term| !term.is_empty()) {
        let (field, value) = term.split_once('=').ok_or(Unknown::Selector)?;
        let (field, equal) = match field.strip_suffix('!') {
            Some(field) => (field, false),
            None => (field, true),
        };
        let value = if equal { value.strip_prefix('=').unwrap_or(value) } else { value };
        if value.contains('=') || field.contains('!') || field.trim() != field {
            return Err(Unknown::Selector);
        }
        if equal && field == "metadata.name" {
            if found.is_some_and(|found| found != value) {
                return Err(Unknown::Selector);
            }
            found = Some(value);
        }
    }
    // `IsValidPathSegmentName`: what cannot be a segment of a path names no object.
    Ok(found.filter(|name| !matches!(*name, "" | "." | "..") && !name.contains(['/', '%'])))
}
