use model::ValueFormat;

use crate::Operator;
use crate::operator::{Hashed, push_hex};

/// Masks a UUID by another, where the operator makes one: a hash is of version 8 (RFC 9562's
/// "custom"), a fake of the version it had.
pub(super) fn mask(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let read = match format {
        ValueFormat::Text => parse(value),
        ValueFormat::Binary => value.try_into().ok(),
    };
    let Some(uuid): Option<[u8; 16]> = read else { return false };
    let mut masked = match operator {
        Operator::Hash(key) => u128::from_be_bytes(key.bytes(Hashed::Uuid, &uuid)),
        Operator::Format(key) => {
            let digits = (0..32).map(|at| nibble(&uuid, at)).collect();
            let Some(digits) = key.hex(without_kind(digits)) else { return false };
            let mut digits = digits.into_iter();
            (0..32).fold(0, |n, at| {
                let digit =
                    if is_kind(at) { nibble(&uuid, at) } else { digits.next().unwrap_or(0) };
                n << 4 | u128::from(digit)
            })
        }
        _ => return false,
    };
    if matches!(operator, Operator::Hash(_)) {
        masked = masked & !(0xF << 76) | 8 << 76;
        masked = masked & !(0b11 << 62) | 0b10 << 62;
    }
    push(masked.to_be_bytes(), format, out);
    true
}

pub(super) fn push(uuid: [u8; 16], format: ValueFormat, out: &mut Vec<u8>) {
    match format {
        ValueFormat::Binary => out.extend_from_slice(&uuid),
        ValueFormat::Text => {
            for (at, byte) in uuid.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                push_hex(&[*byte], out);
            }
        }
    }
}

/// The digits of the version and of the variant.
const fn is_kind(at: usize) -> bool {
    matches!(at, 12 | 16)
}

fn without_kind(digits: Vec<u16>) -> Vec<u16> {
    let plain = digits.into_iter().enumerate().filter(|(at, _)| !is_kind(*at));
    plain.map(|(_, digit)| digit).collect()
}

fn nibble(uuid: &[u8; 16], at: usize) -> u16 {
    let byte = u16::from(uuid.get(at / 2).copied().unwrap_or(0));
    if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
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
