use model::ValueFormat;

use crate::operator::{Hashed, MASKED, push_hex, push_tag};
use crate::{Detectors, Operator};

/// Masks bytes as a whole: the operator's text as bytes, sixteen bytes of hash.
pub(super) fn mask_whole(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let mut masked = Vec::new();
    match operator {
        Operator::Null | Operator::DenyRow => return false,
        Operator::Default => {}
        Operator::Tag(class) => push_tag(class, &mut masked),
        Operator::Hash(_) | Operator::Token(_) => {
            let mut decoded = Vec::new();
            let bytes = match format {
                ValueFormat::Binary => value,
                ValueFormat::Text => {
                    let Some(hex) = value.strip_prefix(b"\\x") else { return false };
                    if !decode(hex, &mut decoded) {
                        return false;
                    }
                    &decoded
                }
            };
            match operator {
                Operator::Hash(key) => masked.extend(key.bytes::<16>(Hashed::Bytes, bytes)),
                Operator::Token(key) if key.token(bytes, &mut masked) => {}
                _ => masked.extend_from_slice(MASKED),
            }
        }
        Operator::Redact
        | Operator::KeepFirst(_)
        | Operator::KeepLast(_)
        | Operator::KeepDomain
        | Operator::Email
        | Operator::DateYear
        | Operator::DateMonth
        | Operator::Bucket(_)
        | Operator::Format(_) => masked.extend_from_slice(MASKED),
    }
    match format {
        ValueFormat::Binary => out.extend_from_slice(&masked),
        ValueFormat::Text => {
            out.extend_from_slice(b"\\x");
            push_hex(&masked, out);
        }
    }
    true
}

/// Masks what is found in bytes read as text.
pub(super) fn mask_content(
    detectors: &Detectors,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    if format == ValueFormat::Binary {
        return detectors.first_in_bytes(value).is_some() && detectors.mask_text(value, out);
    }
    // The end of the output serves as the place to decode to: no cell allocates unless it is masked.
    let at = out.len();
    let hex = value.strip_prefix(b"\\x").is_some_and(|hex| decode(hex, out));
    if !hex {
        out.truncate(at);
        unescape(value, out);
    }
    if detectors.first_in_bytes(out.get(at..).unwrap_or_default()).is_none() {
        out.truncate(at);
        return false;
    }
    let bytes = out.split_off(at);
    let mut masked = Vec::with_capacity(bytes.len());
    detectors.mask_text(&bytes, &mut masked);
    out.extend_from_slice(b"\\x");
    push_hex(&masked, out);
    true
}

/// Appends the bytes that hexadecimal digits stand for. `false`: they stand for none.
pub(crate) fn decode(hex: &[u8], out: &mut Vec<u8>) -> bool {
    hex.chunks(128).all(|hex| {
        let mut piece = [0; 64];
        let count = decode_into(hex, &mut piece);
        out.extend_from_slice(count.and_then(|count| piece.get(..count)).unwrap_or_default());
        count.is_some()
    })
}

fn decode_into(hex: &[u8], bytes: &mut [u8; 64]) -> Option<usize> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = hex.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    for ([high, low], slot) in pairs.iter().zip(bytes) {
        *slot = digit(*high)? << 4 | digit(*low)?;
    }
    Some(pairs.len())
}

/// The older text form: `\\` for a backslash, `\ooo` for a byte.
fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = match after {
            [b'\\', after @ ..] if *byte == b'\\' => {
                out.push(b'\\');
                after
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] if *byte == b'\\' => {
                out.push((a & 3) << 6 | (b & 7) << 3 | c & 7);
                after
            }
            after => {
                out.push(*byte);
                after
            }
        };
    }
}
