mod path;
mod whole;

use crate::Detectors;

pub use path::{JsonPath, UnknownPath, mask_json_paths};
pub(crate) use whole::mask_whole;
pub(super) use whole::{mask_whole_jsonb, push_default};

/// Masks what is found inside strings (keys too) and numbers; a masked number becomes a string.
/// Appends `prefix` in front of what it appends; appends nothing when nothing was found.
pub(super) fn mask_content(
    detectors: &Detectors,
    prefix: &[u8],
    json: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    // Without escapes a token reads the same alone and in place, so one scan finds whether to go on.
    let escapes = memchr::memchr(b'\\', json).is_some();
    if !escapes && detectors.hits(&[], json).next().is_none() {
        return false;
    }
    let start = out.len();
    out.extend_from_slice(prefix);
    let mut changed = false;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        let end = match byte {
            b'"' => end_of_string(json, at + 1),
            b'-' | b'0'..=b'9' => end_of_number(json, at),
            _ => {
                out.push(byte);
                at += 1;
                continue;
            }
        };
        let context = json.get(..at).unwrap_or_default();
        let token = json.get(at..end).unwrap_or_default();
        changed |= match byte {
            b'"' => mask_string(detectors, context, token, out),
            _ => mask_number(detectors, context, token, out),
        };
        at = end;
    }
    if !changed {
        out.truncate(start);
    }
    changed
}

fn mask_number(detectors: &Detectors, context: &[u8], token: &[u8], out: &mut Vec<u8>) -> bool {
    let at = out.len();
    out.push(b'"');
    if detectors.mask_within(context, token, out) {
        out.push(b'"');
        return true;
    }
    out.truncate(at);
    out.extend_from_slice(token);
    false
}

fn mask_string(detectors: &Detectors, context: &[u8], token: &[u8], out: &mut Vec<u8>) -> bool {
    let (inner, closing) = match token {
        [b'"', inner @ .., b'"'] => (inner, &b"\""[..]),
        [_, inner @ ..] => (inner, &b""[..]),
        [] => return false,
    };
    out.push(b'"');
    let changed = if memchr::memchr(b'\\', inner).is_none() {
        detectors.mask_within(context, inner, out)
    } else {
        let text = unescape(inner);
        let mut masked = Vec::new();
        let changed = detectors.mask_within(context, &text, &mut masked);
        if changed {
            escape(&masked, out);
        }
        changed
    };
    if !changed {
        out.extend_from_slice(inner);
    }
    out.extend_from_slice(closing);
    changed
}

/// Behind the quote that closes a string whose inside begins at `at`.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(rest) = json.get(at..) {
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            Some(found) => at += found + 2,
            None => break,
        }
    }
    json.len()
}

fn end_of_number(json: &[u8], at: usize) -> usize {
    let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
    let rest = json.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| !number(b)).unwrap_or(rest.len())
}

/// The text a string's inside stands for. What is no valid escape stays as it is.
pub(crate) fn unescape(inner: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            text.push(*byte);
            continue;
        }
        let [escape, after @ ..] = rest else {
            text.push(b'\\');
            break;
        };
        rest = after;
        match escape {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => {
                let (character, after) = unicode(rest);
                let mut utf8 = [0; 4];
                text.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
                rest = after;
            }
            byte => text.push(*byte),
        }
    }
    text
}

/// The character behind `\u`, with the second half of a surrogate pair.
fn unicode(rest: &[u8]) -> (char, &[u8]) {
    let unit =
        |hex: &[u8]| hex.iter().try_fold(0, |n, &b| Some(n << 4 | char::from(b).to_digit(16)?));
    let Some((hex, after)) = rest.split_at_checked(4) else { return ('\u{FFFD}', &[]) };
    let Some(first) = unit(hex) else { return ('\u{FFFD}', after) };
    if let (0xD800..=0xDBFF, [b'\\', b'u', low @ ..]) = (first, after)
        && let Some((hex, after)) = low.split_at_checked(4)
        && let Some(second @ 0xDC00..=0xDFFF) = unit(hex)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or('\u{FFFD}'), after);
    }
    (char::from_u32(first).unwrap_or('\u{FFFD}'), after)
}

pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1F => {
                out.extend_from_slice(b"\\u00");
                crate::operator::push_hex(&[byte], out);
            }
            _ => out.push(byte),
        }
    }
}
