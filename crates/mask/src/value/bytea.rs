use model::ValueFormat;

use crate::gather::Found;
use crate::operator::push_hex;
use crate::{Detectors, Operator};

/// Masks bytes as a whole: the operator's text as bytes, sixteen bytes of hash.
pub(super) fn mask_whole(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let hash = match operator {
        Operator::Null => return false,
        Operator::Hash(key) => match format {
            ValueFormat::Binary => Some(key.bytes::<16>(value)),
            ValueFormat::Text => {
                let Some(hex) = value.strip_prefix(b"\\x") else { return false };
                let mut hash = [0; 16];
                // In pieces, so that both formats hash the same bytes without a copy of them.
                let mut pieces = hex.chunks(128).map(|hex| {
                    let mut piece = [0; 64];
                    let bytes = decode_into(hex, &mut piece);
                    bytes.map(|count| (piece, count))
                });
                let mut valid = true;
                let pieces = pieces.by_ref().map_while(|piece| {
                    valid &= piece.is_some();
                    piece.map(Piece)
                });
                key.stream(pieces).fill(&mut hash);
                if !valid {
                    return false;
                }
                Some(hash)
            }
        },
        Operator::Redact
        | Operator::KeepLast(_)
        | Operator::KeepDomain
        | Operator::DateYear
        | Operator::Format(_) => None,
    };
    let masked = hash.as_ref().map_or(crate::operator::MASKED, |hash| hash);
    match format {
        ValueFormat::Binary => out.extend_from_slice(masked),
        ValueFormat::Text => {
            out.extend_from_slice(b"\\x");
            push_hex(masked, out);
        }
    }
    true
}

struct Piece(([u8; 64], usize));

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.0.0.get(..self.0.1).unwrap_or_default()
    }
}

/// Masks what is found in bytes read as text.
pub(super) fn mask_content(
    detectors: &Detectors,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    if format == ValueFormat::Binary {
        return is_found(detectors, value) && detectors.mask_text(value, out);
    }
    // The end of the output serves as the place to decode to: no cell allocates unless it is masked.
    let at = out.len();
    let hex = value.strip_prefix(b"\\x").is_some_and(|hex| decode(hex, out));
    if !hex {
        out.truncate(at);
        unescape(value, out);
    }
    if !is_found(detectors, out.get(at..).unwrap_or_default()) {
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

/// In bytes that are no text, a letter beyond ASCII is no letter.
fn is_found(detectors: &Detectors, bytes: &[u8]) -> bool {
    let mut hits = detectors.hits(&[], bytes);
    let Some(first) = hits.next() else { return false };
    if std::str::from_utf8(bytes).is_ok() {
        return true;
    }
    let plain = |found: &Found| bytes.get(found.start..found.end).is_some_and(<[u8]>::is_ascii);
    plain(&first) || hits.any(|hit| plain(&hit))
}

fn decode(hex: &[u8], out: &mut Vec<u8>) -> bool {
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
