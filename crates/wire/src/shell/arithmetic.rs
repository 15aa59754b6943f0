//! Arithmetic. A shell reads the value of a variable that stands in it as arithmetic again, and what
//! that holds in a subscript may run commands: only variables that the line itself gives whole numbers,
//! and nothing else, may stand in it.

use super::why::{Result, unread};

/// Takes down the variables of an expression. What is not plain arithmetic on them is not understood.
pub(super) fn names(text: &str, into: &mut Vec<String>) -> Result<()> {
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let length = match char {
            '0'..='9' => span(rest, |char| char.is_ascii_alphanumeric() || char == '#'),
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = span(rest, |char| char.is_ascii_alphanumeric() || char == '_');
                into.push(rest.get(..length).unwrap_or("").to_owned());
                length
            }
            '$' => parameter(rest, into)?,
            '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '&' | '|' | '^' | '~' | '?'
            | ':' | ',' | '(' | ')' | ' ' | '\t' => 1,
            _ => return unread("arithmetic may run what a value holds"),
        };
        rest = rest.get(length..).unwrap_or("");
    }
    Ok(())
}

/// `$x`, `${x}`, and what is always a number: `$#`, `$?`, `$$`.
fn parameter(rest: &str, into: &mut Vec<String>) -> Result<usize> {
    let behind = rest.get(1..).unwrap_or("");
    if behind.starts_with(['#', '?', '$']) {
        return Ok(2);
    }
    let (open, close, name) = match behind.strip_prefix('{') {
        Some(name) => (2, "}", name),
        None => (1, "", behind),
    };
    let length = span(name, |char| char.is_ascii_alphanumeric() || char == '_');
    let (Some(name), Some(after)) = (name.get(..length), name.get(length..)) else {
        return unread("arithmetic may run what a value holds");
    };
    if !is_variable(name) || !after.starts_with(close) {
        return unread("arithmetic may run what a value holds");
    }
    into.push(name.to_owned());
    Ok(open + length + close.len())
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|char| !belongs(char)).unwrap_or(text.len())
}

/// A whole number as it is written.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=18).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `{1..9}`.
pub(super) fn is_count(text: &str) -> bool {
    text.strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .and_then(|text| text.split_once(".."))
        .is_some_and(|(from, to)| is_number(from) && is_number(to))
}

/// What an assignment may set.
pub(super) fn is_variable(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
