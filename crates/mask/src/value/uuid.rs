use model::ValueFormat;

use crate::Operator;
use crate::operator::push_hex;

/// Masks a UUID by another, where the operator makes one: version 8, RFC 9562's "custom".
pub(super) fn mask(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let (Operator::Hash(key) | Operator::Format(key)) = operator else { return false };
    let read = match format {
        ValueFormat::Text => parse(value),
        ValueFormat::Binary => value.try_into().ok(),
    };
    let Some(uuid): Option<[u8; 16]> = read else { return false };
    let mut masked: [u8; 16] = key.bytes(&uuid);
    for (at, byte) in masked.iter_mut().enumerate() {
        match at {
            6 => *byte = *byte & 0x0F | 0x80,
            8 => *byte = *byte & 0x3F | 0x80,
            _ => {}
        }
    }
    match format {
        ValueFormat::Binary => out.extend_from_slice(&masked),
        ValueFormat::Text => {
            for (at, byte) in masked.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                push_hex(&[*byte], out);
            }
        }
    }
    true
}

fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let mut uuid = [0_u8; 16];
    let mut digits = 0;
    for &byte in text.iter().filter(|&&b| b != b'-') {
        let digit = char::from(byte).to_digit(16)? as u8;
        let slot = uuid.get_mut(digits / 2)?;
        *slot = *slot << 4 | digit;
        digits += 1;
    }
    (digits == 32).then_some(uuid)
}
