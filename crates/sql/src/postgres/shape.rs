//! A text with its plain constants blotted out: the key of a cache of readings.

/// A decimal integer that fits 32 bits.
const SMALL_INTEGER: u8 = 1;
/// A decimal integer that does not: to the grammar it is a numeric.
const LARGE_INTEGER: u8 = 2;
/// A plain string.
const STRING: u8 = 3;

/// Appends the text to `out` with plain decimal integers and plain `'…'` strings replaced by
/// one-byte marks; `false`, and nothing that may be used, when anything unusual is in it.
///
/// Two texts of one shape scan to the same tokens but for the constants, so a reading whose
/// [`constants_matter`](crate::Statement::constants_matter) is `false` holds for both. What is
/// unusual: comments, backslashes, dollar quotes, strings with a prefix or continued on another
/// line, numbers other than plain decimal integers, control bytes, anything beyond ASCII.
///
/// Takes no [`Limits`](crate::Limits): whoever keeps a cache checks the text's length first.
#[must_use]
pub fn shape(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.reserve(text.len());
    let mut rest = text;
    // The start of what is copied as it stands.
    let mut kept = text;
    // What came just before: decides what may follow without a space.
    let mut before = Class::Space;
    while let Some((&byte, after)) = rest.split_first() {
        let class = class_of(byte);
        match class {
            Class::Refused => return false,
            Class::Space | Class::Other => rest = after,
            Class::Letter => {
                if before == Class::Digit {
                    return false;
                }
                rest = skip(after, |class| matches!(class, Class::Letter | Class::Digit));
            }
            Class::Dot => {
                if before == Class::Digit || after.first().is_some_and(u8::is_ascii_digit) {
                    return false;
                }
                rest = after;
            }
            Class::Dash | Class::Slash => {
                let comment = if class == Class::Dash { b'-' } else { b'*' };
                if after.first() == Some(&comment) {
                    return false;
                }
                rest = after;
            }
            Class::Dollar => {
                // `$1`; a name may hold a dollar too, and then it is no parameter.
                let digits = skip(after, |class| class == Class::Digit);
                if matches!(before, Class::Letter | Class::Digit)
                    || digits.len() == after.len()
                    || digits.first().is_some_and(|&next| joins_number(next))
                {
                    return false;
                }
                rest = digits;
            }
            Class::Digit => {
                let end = skip(after, |class| class == Class::Digit);
                if end.first().is_some_and(|&next| joins_number(next)) {
                    return false;
                }
                let Some(mark) = integer(head(rest, end)) else { return false };
                out.extend_from_slice(head(kept, rest));
                out.push(mark);
                (rest, kept) = (end, end);
            }
            Class::Quote => {
                if !matches!(before, Class::Space | Class::Other | Class::Dash | Class::Slash) {
                    return false;
                }
                let Some(end) = after_string(after) else { return false };
                out.extend_from_slice(head(kept, rest));
                out.push(STRING);
                (rest, kept) = (end, end);
            }
            Class::DoubleQuote => {
                if matches!(
                    before,
                    Class::Letter
                        | Class::Digit
                        | Class::DoubleQuote
                        | Class::Quote
                        | Class::Ampersand
                ) {
                    return false;
                }
                let Some(end) = after_name(after) else { return false };
                rest = end;
            }
            Class::Ampersand => rest = after,
        }
        before = class;
    }
    out.extend_from_slice(kept);
    true
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Refused,
    Space,
    Letter,
    Digit,
    Dot,
    Dash,
    Slash,
    Dollar,
    Quote,
    DoubleQuote,
    /// Before a quote it may belong to `U&'…'`.
    Ampersand,
    Other,
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Refused; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 256")]
        let letter = byte as u8;
        #[expect(clippy::indexing_slicing, reason = "the loop ends at the array's length")]
        {
            classes[byte] = match letter {
                b' ' | b'\t' | b'\n' | b'\r' => Class::Space,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Letter,
                b'0'..=b'9' => Class::Digit,
                b'.' => Class::Dot,
                b'-' => Class::Dash,
                b'/' => Class::Slash,
                b'$' => Class::Dollar,
                b'\'' => Class::Quote,
                b'"' => Class::DoubleQuote,
                b'&' => Class::Ampersand,
                b'\\' => Class::Refused,
                b'!'..=b'~' => Class::Other,
                _ => Class::Refused,
            };
        }
        byte += 1;
    }
    classes
};

fn class_of(byte: u8) -> Class {
    #[expect(clippy::indexing_slicing, reason = "the array has a place for every byte")]
    CLASSES[usize::from(byte)]
}

/// What follows the bytes of these classes.
fn skip(text: &[u8], takes: impl Fn(Class) -> bool) -> &[u8] {
    let end = text.iter().position(|&byte| !takes(class_of(byte))).unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

/// What stands in `from` before `rest`, its tail.
fn head<'t>(from: &'t [u8], rest: &[u8]) -> &'t [u8] {
    from.get(..from.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// Whether a byte after digits makes them something other than an integer.
fn joins_number(next: u8) -> bool {
    matches!(
        class_of(next),
        Class::Letter
            | Class::Digit
            | Class::Dot
            | Class::Dollar
            | Class::Quote
            | Class::DoubleQuote
            | Class::Refused
    )
}

fn integer(digits: &[u8]) -> Option<u8> {
    match digits.len() {
        0..=9 => Some(SMALL_INTEGER),
        // Leading zeros make length say nothing about size.
        _ if digits.first() == Some(&b'0') => None,
        10 if digits <= b"2147483647".as_slice() => Some(SMALL_INTEGER),
        _ => Some(LARGE_INTEGER),
    }
}

/// What follows the closing quote; nothing when there is none, when the string holds something
/// unusual, or when another may continue it.
fn after_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let end = text
            .iter()
            .position(|&byte| byte == b'\'' || matches!(class_of(byte), Class::Refused))?;
        let (&found, after) = text.get(end..)?.split_first()?;
        match (found, after.first()) {
            (b'\'', Some(b'\'')) => text = after.get(1..)?,
            (b'\'', _) => {
                let next = skip(after, |class| class == Class::Space).first().copied();
                let joined = after.first().is_some_and(|&next| joins_number(next));
                return (!joined && next != Some(b'\'')).then_some(after);
            }
            _ => return None,
        }
    }
}

/// What follows a quoted name.
fn after_name(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&byte| byte == b'"' || !(b' '..=b'~').contains(&byte))?;
    let (&found, after) = text.get(end..)?.split_first()?;
    (found == b'"' && end > 0 && after.first() != Some(&b'"')).then_some(after)
}
