//! One expansion: what it reads, sets and runs.

use crate::shell::arithmetic;
use crate::shell::quoting::Kind;
use crate::shell::text;
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread};

const STRANGE: &str = "an expansion is of a form that is not known";

/// Takes down what the expansion `typed` does. `after` is the character behind it.
pub(super) fn read(
    typed: &str,
    kind: Kind,
    quoted: bool,
    after: Option<char>,
    word: &mut Word,
    texts: &mut Vec<String>,
) -> Result<()> {
    match kind {
        Kind::Command if typed.starts_with('`') => {
            texts.push(backquoted(typed, quoted)?);
            Ok(())
        }
        // `$((a); b)` is arithmetic to whoever looks at its first three characters.
        Kind::Command if typed.starts_with("$((") => {
            unread("shells do not agree what `$((` begins")
        }
        Kind::Command => {
            let Some(text) = typed.strip_prefix("$(").and_then(|text| text.strip_suffix(')'))
            else {
                return unread(STRANGE);
            };
            texts.push(text.to_owned());
            Ok(())
        }
        Kind::Process => {
            let inside = typed.strip_prefix("<(").or_else(|| typed.strip_prefix(">("));
            let Some(text) = inside.and_then(|text| text.strip_suffix(')')) else {
                return unread(STRANGE);
            };
            texts.push(text.to_owned());
            Ok(())
        }
        Kind::Arithmetic => {
            let inside = typed.strip_prefix("$((").and_then(|text| text.strip_suffix("))"));
            let Some(text) = inside else {
                return unread("`$[` is arithmetic to some shells and text to others");
            };
            arithmetic::names(text, &mut word.counts)
        }
        Kind::Parameter => parameter(typed, after, word),
    }
}

/// The text between backquotes, one level of backslashes removed.
fn backquoted(typed: &str, quoted: bool) -> Result<String> {
    let inside = typed.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    let Some(inside) = inside else { return unread(STRANGE) };
    if inside.contains("<<") {
        return unread("shells do not agree where a here-document in backquotes ends");
    }
    let mut text = String::new();
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        match char {
            '`' => return unread(STRANGE),
            '\\' => match chars.next() {
                Some(escaped @ ('$' | '`' | '\\')) => text.push(escaped),
                Some('"') if quoted => {
                    return unread("shells do not agree on quotes in backquotes in quotes");
                }
                Some(other) => text.extend(['\\', other]),
                None => return unread(STRANGE),
            },
            _ => text.push(char),
        }
    }
    Ok(text)
}

/// `$x`, `${x}`, `${x:-text}` and the like. What is expanded twice is not understood, nor a text whose
/// end depends on quotes and braces inside of it.
fn parameter(typed: &str, after: Option<char>, word: &mut Word) -> Result<()> {
    let Some(body) = typed.strip_prefix('$') else { return unread(STRANGE) };
    let Some(body) = body.strip_prefix('{') else {
        let name = name(body);
        // The name must be all of it, and must not go on behind it.
        let ends = !is_name(name)
            || !after.is_some_and(|char| char.is_ascii_alphanumeric() || char == '_');
        if name.len() != body.len() || name.is_empty() || !ends {
            return unread(STRANGE);
        }
        // As many words as there are arguments, quoted or not.
        word.single &= name != "@";
        return Ok(());
    };
    let Some(body) = body.strip_suffix('}') else { return unread(STRANGE) };
    if let Some(counted) = body.strip_prefix('#').filter(|counted| !counted.is_empty()) {
        let name = name(counted);
        return match subscript(counted.get(name.len()..).unwrap_or("")) {
            Some("") if !name.is_empty() => Ok(()),
            _ => unread(STRANGE),
        };
    }
    let name = name(body);
    if name.is_empty() || (name == "!" && body.len() > 1) {
        return unread("a parameter's value is the name of another");
    }
    let behind = body.get(name.len()..).unwrap_or("");
    let Some(operation) = subscript(behind) else {
        return unread("a subscript is only known when it is run");
    };
    word.single &= name != "@" && behind.len() == operation.len();
    operate(name, operation, word)
}

fn operate(name: &str, operation: &str, word: &mut Word) -> Result<()> {
    if operation.contains(text::PARAMETER) {
        return unread(text::NOT_PLAIN);
    }
    let (colon, rest) = match operation.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operation),
    };
    match rest.chars().next() {
        None if !colon => Ok(()),
        Some('=') => {
            if !is_name(name) {
                return unread(STRANGE);
            }
            word.sets.push(name.to_owned());
            Ok(())
        }
        Some('-' | '+' | '?') => Ok(()),
        Some('#' | '%' | '/' | '^' | ',') if !colon => Ok(()),
        Some('@') if !colon => match rest {
            "@Q" | "@U" | "@u" | "@L" => Ok(()),
            _ => unread("a parameter's value is expanded again"),
        },
        Some(_)
            if colon && rest.chars().all(|char| char.is_ascii_digit() || " -:".contains(char)) =>
        {
            Ok(())
        }
        _ => unread(STRANGE),
    }
}

/// The parameter that a text begins with.
fn name(text: &str) -> &str {
    let long = text.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    let end = match text.chars().next() {
        Some(first) if first.is_ascii_digit() => {
            // Without braces a number is one digit, with braces all of them: more than one is rare.
            1
        }
        Some(first) if first.is_ascii_alphabetic() || first == '_' => long.unwrap_or(text.len()),
        Some('@' | '*' | '#' | '?' | '$' | '!' | '-') => 1,
        _ => 0,
    };
    text.get(..end).unwrap_or("")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
}

/// What stands behind a subscript, if there is one and it is plain. Any other is arithmetic, which may
/// run commands.
fn subscript(text: &str) -> Option<&str> {
    let Some(inside) = text.strip_prefix('[') else { return Some(text) };
    let (index, rest) = inside.split_once(']')?;
    let plain = matches!(index, "@" | "*")
        || (!index.is_empty()
            && index.len() < 10
            && index.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then_some(rest)
}
