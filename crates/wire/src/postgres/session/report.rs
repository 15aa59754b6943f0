//! Errors and notices on their way to the client: what they say may hold what a result must not.

use std::borrow::Cow;

use super::view::View;
use crate::postgres::error::{Report, field};
use crate::postgres::library::Exposure;

pub(super) const MASKED: &[u8] = b"[masked]";

/// What is known of the command an error or a notice belongs to.
pub(super) struct Context<'a> {
    pub(super) exposure: &'a Exposure,
    /// The command's text: what stands in it the client knows already.
    pub(super) text: &'a [u8],
}

/// Masks an error or a notice. A command that touches columns which must not show can carry their
/// values in quotes (`invalid input syntax for type integer: "…"`), in its detail (`Failing row
/// contains (…)`) and in its context; one of unbounded reach can carry them anywhere.
pub(super) fn mask(report: &mut Report<'_>, context: Option<&Context<'_>>, view: &View) {
    if view.clear {
        return;
    }
    let exposed = match context {
        Some(context) => view.is_exposed(context.exposure),
        // Said outside a command: by a trigger of another session, by the server itself.
        None => false,
    };
    let opaque = exposed && context.is_some_and(|context| context.exposure.opaque);
    for (code, value) in report.fields_mut() {
        match code {
            field::DETAIL | field::WHERE | field::INTERNAL_QUERY if exposed => {
                *value = Cow::Borrowed(MASKED);
            }
            field::MESSAGE | field::HINT if opaque => {
                *value = Cow::Borrowed(MASKED);
            }
            field::MESSAGE | field::HINT if exposed => {
                let known = context.map_or(&b""[..], |context| context.text);
                let quoted = mask_quoted(value, known);
                *value = Cow::Owned(quoted);
                scan(value, view);
            }
            field::MESSAGE | field::DETAIL | field::HINT | field::WHERE | field::INTERNAL_QUERY => {
                scan(value, view)
            }
            _ => {}
        }
    }
}

fn scan(value: &mut Cow<'_, [u8]>, view: &View) {
    let mut out = Vec::new();
    if view.detectors.mask_text(value, &mut out) {
        *value = Cow::Owned(out);
    }
}

/// Masks what stands between double quotes, unless the client wrote it itself. From a quote without
/// its partner on, everything is masked.
fn mask_quoted(text: &[u8], known: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = memchr::memchr(b'"', rest) {
        let (before, quoted) = rest.split_at(open + 1);
        out.extend_from_slice(before);
        // A value may hold quotes of its own: only the text's last quote surely ends it, unless what
        // stands before the next one is the client's own.
        let next = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
        let inside = quoted.get(..next).unwrap_or(quoted);
        if !inside.is_empty() && memchr::memmem::find(known, inside).is_some() {
            out.extend_from_slice(inside);
            out.push(b'"');
            rest = quoted.get(next + 1..).unwrap_or_default();
            continue;
        }
        let last = memchr::memrchr(b'"', quoted).unwrap_or(quoted.len());
        out.extend_from_slice(MASKED);
        out.push(b'"');
        rest = quoted.get(last + 1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_masked_and_a_quoted_word_of_the_statement_is_not() {
        let statement = b"select ssn::int from customers";
        for (text, shown) in [
            (
                "invalid input syntax for type integer: \"Ann \"x\" Smith\"",
                "invalid input syntax for type integer: \"[masked]\"",
            ),
            ("relation \"customers\" does not exist", "relation \"customers\" does not exist"),
            ("column \"ssn\" of \"Bob\" and \"Ann\" is", "column \"ssn\" of \"[masked]\" is"),
            ("unterminated \"Ann", "unterminated \"[masked]\""),
            ("no quotes", "no quotes"),
            ("empty \"\" one", "empty \"[masked]\" one"),
        ] {
            let masked = mask_quoted(text.as_bytes(), statement);
            assert_eq!(String::from_utf8(masked).unwrap(), shown);
        }
    }
}
