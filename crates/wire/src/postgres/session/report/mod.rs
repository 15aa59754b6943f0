//! Errors and notices on their way to the client: what they say may hold what a result must not.

mod known;

use std::borrow::Cow;

use model::{Classes, ObjectKind, Parent};

use super::view::View;
use crate::postgres::catalogue::Catalogue;
use crate::postgres::error::{Report, field};
use crate::postgres::library::{Exposure, Reading};

pub(super) const MASKED: &[u8] = b"[masked]";

/// What is known of where an error or a notice comes from.
pub(super) struct Context<'a> {
    /// What the command at work may bring to light; `None` where none is.
    pub(super) command: Option<&'a Reading>,
    /// What earlier statements of the transaction may: constraints and triggers that were put off run
    /// at its end, whatever command or Sync ends it.
    pub(super) transaction: &'a Exposure,
    pub(super) catalogue: &'a Catalogue,
}

/// How much of it may hold a value that must not show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// What its content tells.
    Content,
    /// Every value it speaks of: the server's own words stay.
    Values,
    /// Everything: the words too may be somebody else's.
    Words,
}

/// Masks an error or a notice in all its fields.
///
/// The server's own message about a value keeps its words (`invalid input syntax for type integer:
/// "[masked]"`); one that is not known to be the server's own is masked as a whole.
pub(super) fn mask(report: &mut Report<'_>, context: &Context<'_>, view: &View) {
    if view.clear {
        return;
    }
    let reach = reach(report, context, view);
    // What is wrong with the text itself is told before anything runs, and says where in the text.
    let of_the_text = report.get(field::POSITION).is_some()
        && report.get(field::WHERE).is_none()
        && report.get(field::INTERNAL_QUERY).is_none();
    if reach > Reach::Content && !of_the_text {
        hide(report, reach, context);
    }
    for (code, value) in report.fields_mut() {
        if !is_the_servers(code) {
            scan(value, view);
        }
    }
}

fn reach(report: &Report<'_>, context: &Context<'_>, view: &View) -> Reach {
    if !view.hides_columns() {
        return Reach::Content;
    }
    if ran_code(report) || is_a_log_line(report) {
        return Reach::Words;
    }
    let command = context.command.map(|reading| &reading.exposure);
    let exposures = [command, Some(context.transaction)].into_iter().flatten();
    let exposed = exposures.filter(|exposure| view.is_exposed(exposure));
    let by_exposure =
        exposed.map(|exposure| if exposure.opaque { Reach::Words } else { Reach::Values }).max();
    match by_exposure {
        Some(reach) => reach,
        None if speaks_of_a_hidden_table(report, context, view) => Reach::Values,
        None => Reach::Content,
    }
}

/// Whether it was said by code inside the server: a trigger, a function behind a default, a constraint
/// or a view, or by another server. The server puts a line on the stack for each. Its lines on the
/// client's own data (COPY, parameters) are none of those.
fn ran_code(report: &Report<'_>) -> bool {
    if report.get(field::INTERNAL_QUERY).is_some() {
        return true;
    }
    let Some(stack) = report.get(field::WHERE) else { return false };
    let clients = |line: &[u8]| {
        line.starts_with(b"COPY ")
            || line.starts_with(b"unnamed portal")
            || line.starts_with(b"portal \"")
    };
    !stack.split(|byte| *byte == b'\n').all(clients)
}

/// Lines of the server's log that the client asked to see hold plans and statements of others
/// (`auto_explain`, `debug_print_plan`).
fn is_a_log_line(report: &Report<'_>) -> bool {
    let severity = report.get(field::SEVERITY_PLAIN).or_else(|| report.get(field::SEVERITY));
    severity.is_some_and(|severity| severity == b"LOG" || severity.starts_with(b"DEBUG"))
}

/// A rule or a cascade may fail on another table than the statement's.
fn speaks_of_a_hidden_table(report: &Report<'_>, context: &Context<'_>, view: &View) -> bool {
    let Some(table) = report.get(field::TABLE) else { return false };
    let table = String::from_utf8_lossy(table);
    let schema = match report.get(field::SCHEMA) {
        Some(schema) => Parent::Is(String::from_utf8_lossy(schema).into_owned()),
        None => Parent::Any,
    };
    let classes: Classes = context.catalogue.classes_of(&schema, &table);
    !view.hidden_of(&classes).is_empty()
}

fn hide(report: &mut Report<'_>, reach: Reach, context: &Context<'_>) {
    let names = Names::new(report, reach, context);
    for (code, value) in report.fields_mut() {
        match code {
            _ if is_the_servers(code) => {}
            field::CODE if reach == Reach::Words && !known::is_state(value) => {
                *value = Cow::Borrowed(b"P0001");
            }
            field::CODE => {}
            field::MESSAGE => *value = Cow::Owned(message(value, &names)),
            field::HINT if reach == Reach::Values && says_nothing(value) => {}
            field::SCHEMA | field::TABLE | field::COLUMN | field::DATA_TYPE | field::CONSTRAINT
                if names.own.iter().any(|own| **own == **value) => {}
            // Of a field that is yet to be invented nobody knows what it holds.
            _ => *value = Cow::Borrowed(MASKED),
        }
    }
}

/// Fields that the server's program fills in itself, from a few words or from numbers of its own.
const fn is_the_servers(code: u8) -> bool {
    matches!(
        code,
        field::SEVERITY
            | field::SEVERITY_PLAIN
            | field::POSITION
            | field::INTERNAL_POSITION
            | field::FILE
            | field::LINE
            | field::ROUTINE
    )
}

/// A hint without a quote and without a number is the same for every value.
fn says_nothing(hint: &[u8]) -> bool {
    !hint.iter().any(|byte| matches!(byte, b'"' | b'\'') || byte.is_ascii_digit())
}

/// Names of objects that may stand in a message.
struct Names {
    own: Vec<Box<[u8]>>,
    /// Whether what the server calls an object is one: code may call anything so.
    believed: bool,
}

impl Names {
    fn new(report: &Report<'_>, reach: Reach, context: &Context<'_>) -> Self {
        let codes =
            [field::SCHEMA, field::TABLE, field::COLUMN, field::DATA_TYPE, field::CONSTRAINT];
        let fields = codes.into_iter().filter_map(|code| report.get(code)).map(Box::from);
        if reach == Reach::Values {
            // The statement would have failed before it ran if they were not there.
            let accesses = context.command.map(|reading| reading.understood.accesses());
            let objects = accesses.unwrap_or_default().iter().map(|access| &access.object);
            let relations = objects.filter(|object| object.kind == ObjectKind::Relation);
            let relations = relations.map(|relation| relation.name.as_bytes().into());
            return Self { own: fields.chain(relations).collect(), believed: true };
        }
        // `RAISE … USING TABLE = …` takes any text: a name is one that the catalogue has.
        let own = match (report.get(field::SCHEMA), report.get(field::TABLE)) {
            (Some(schema), Some(table)) => {
                let (schema, table) =
                    (String::from_utf8_lossy(schema), String::from_utf8_lossy(table));
                let there = context.catalogue.has_relation(&schema, &table);
                let both = || [schema.as_bytes().into(), table.as_bytes().into()];
                there.then(both).into_iter().flatten().collect()
            }
            _ => Vec::new(),
        };
        Self { own, believed: false }
    }
}

/// The server's own message with its quoted parts masked, unless they are names; nothing of any other.
fn message(text: &[u8], names: &Names) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    let mut skeleton = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = memchr::memchr(b'"', rest) {
        let (before, quoted) = rest.split_at(open + 1);
        shown.extend_from_slice(before);
        skeleton.extend_from_slice(before);
        skeleton.extend_from_slice(b"%\"");
        // A value may hold quotes of its own: only the text's last quote surely ends it, unless what
        // stands before the next one is a name.
        let next = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
        let inside = quoted.get(..next).unwrap_or(quoted);
        let end = if names.believed && names.own.iter().any(|own| **own == *inside) {
            shown.extend_from_slice(inside);
            next
        } else {
            shown.extend_from_slice(MASKED);
            memchr::memrchr(b'"', quoted).unwrap_or(quoted.len())
        };
        shown.push(b'"');
        rest = quoted.get(end + 1..).unwrap_or_default();
    }
    shown.extend_from_slice(rest);
    skeleton.extend_from_slice(rest);
    if known::is_message(&skeleton, names.believed) { shown } else { MASKED.to_vec() }
}

fn scan(value: &mut Cow<'_, [u8]>, view: &View) {
    let mut out = Vec::new();
    if view.detectors.mask_text(value, &mut out) {
        *value = Cow::Owned(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_masked_and_a_name_is_not() {
        let own = ["customers", "customers_ssn", "ssn"].map(|name| name.as_bytes().into());
        let names = Names { own: own.into(), believed: true };
        for (text, shown) in [
            (
                "invalid input syntax for type integer: \"Ann \"x\" Smith\"",
                "invalid input syntax for type integer: \"[masked]\"",
            ),
            (
                "duplicate key value violates unique constraint \"customers_ssn\"",
                "duplicate key value violates unique constraint \"customers_ssn\"",
            ),
            (
                "null value in column \"ssn\" of relation \"customers\" violates not-null constraint",
                "null value in column \"ssn\" of relation \"customers\" violates not-null constraint",
            ),
            (
                "invalid input syntax for type integer: \"Ann",
                "invalid input syntax for type integer: \"[masked]\"",
            ),
            (
                "invalid input syntax for type integer: \"\"",
                "invalid input syntax for type integer: \"[masked]\"",
            ),
            ("relation \"Ann\" does not exist", "[masked]"),
            ("requested character too large for encoding: 536228726", "[masked]"),
            ("integer out of range", "integer out of range"),
        ] {
            let masked = message(text.as_bytes(), &names);
            assert_eq!(String::from_utf8(masked).unwrap(), shown);
        }
    }
}
