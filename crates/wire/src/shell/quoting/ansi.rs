//! `$'…'`, where a backslash means what it does in C.

use crate::shell::why::{Result, unread};

/// Decodes what stands behind `$'` up to its closing quote, and says how long that was.
pub(super) fn decode(raw: &str, into: &mut String) -> Result<usize> {
    let mut at = 0;
    while let Some(char) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        at += char.len_utf8();
        match char {
            '\'' => return Ok(at),
            '\\' => at += escape(raw.get(at..).unwrap_or(""), into)?,
            _ => into.push(char),
        }
    }
    unread("a quote is not closed")
}

/// Decodes what stands behind a backslash, and says how long that was.
fn escape(rest: &str, into: &mut String) -> Result<usize> {
    let Some(char) = rest.chars().next() else { return unread("a quote is not closed") };
    let plain = match char {
        'a' => '\x07',
        'b' => '\x08',
        'e' | 'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '"' | '?' => char,
        // A shell that does not know `$'` sees the end of a string here.
        '\'' => return unread("shells do not agree where `$'…'` ends"),
        'x' => return number(rest, 1, 2, 16, into),
        'u' => return number(rest, 1, 4, 16, into),
        'U' => return number(rest, 1, 8, 16, into),
        '0'..='7' => return number(rest, 0, 3, 8, into),
        _ => return unread("an escape in `$'…'` is not known"),
    };
    into.push(plain);
    Ok(1)
}

fn number(rest: &str, skip: usize, most: usize, radix: u32, into: &mut String) -> Result<usize> {
    let digits: String =
        rest.chars().skip(skip).take(most).take_while(|char| char.is_digit(radix)).collect();
    let value = u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32);
    match value {
        // A byte beyond ASCII is no character by itself.
        Some(char) if char != '\0' && (char.is_ascii() || rest.starts_with(['u', 'U'])) => {
            into.push(char);
            Ok(skip + digits.len())
        }
        _ => unread("an escape in `$'…'` is no character"),
    }
}
