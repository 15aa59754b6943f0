use model::ValueFormat;

use super::{escape, unescape};
use crate::Operator;
use crate::operator::{Hashed, MASKED, push_hex};
use crate::value::number::{Decimal, bucket_text};

/// Masks a JSON value as a whole: strings by the operator, numbers where it makes a number, anything
/// else by a string. `false`: NULL is all that is left.
pub(crate) fn mask_whole(operator: &Operator, json: &[u8], out: &mut Vec<u8>) -> bool {
    let json = json.trim_ascii();
    let at = out.len();
    match operator {
        Operator::Null | Operator::DenyRow => return false,
        Operator::Default => {
            push_default(json, out);
            return true;
        }
        Operator::Bucket(width) if is_number(json) => {
            if bucket_text(*width, json, out) {
                return true;
            }
            out.truncate(at);
        }
        _ => {}
    }
    out.push(b'"');
    match (string(json), operator) {
        (Some(inner), _) => {
            let mut masked = Vec::new();
            if operator.mask_text(&unescape(inner), &mut masked) {
                escape(&masked, out);
            }
        }
        (None, Operator::Hash(key)) => {
            let number = is_number(json).then(|| Decimal::parse(json)).flatten();
            let hash: [u8; 16] = match number {
                Some(number) => key.bytes(Hashed::Number, &number.shortest()),
                None => key.bytes(Hashed::Json, json),
            };
            push_hex(&hash, out);
        }
        (None, Operator::Token(_) | Operator::Tag(_)) => {
            operator.mask_text(json, out);
        }
        (None, _) => out.extend_from_slice(MASKED),
    }
    out.push(b'"');
    true
}

/// The same for `jsonb`, which has a version in front in binary.
pub(in crate::value) fn mask_whole_jsonb(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    match (format, value) {
        (ValueFormat::Text, json) => mask_whole(operator, json, out),
        (ValueFormat::Binary, [1, json @ ..]) => {
            out.push(1);
            mask_whole(operator, json, out)
        }
        (ValueFormat::Binary, _) => false,
    }
}

/// The empty value of the same kind.
pub(in crate::value) fn push_default(json: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(match json.trim_ascii().first() {
        Some(b'[') => b"[]",
        Some(b'"') => b"\"\"",
        Some(b'-' | b'0'..=b'9') => b"0",
        Some(b't' | b'f') => b"false",
        Some(b'n') => b"null",
        _ => b"{}",
    });
}

fn is_number(json: &[u8]) -> bool {
    matches!(json, [b'-' | b'0'..=b'9', ..])
}

/// The inside of a JSON string.
fn string(json: &[u8]) -> Option<&[u8]> {
    let inner = json.strip_prefix(b"\"")?;
    let end = super::end_of_string(json, 1);
    (end == json.len()).then(|| inner.strip_suffix(b"\"")).flatten()
}
