use std::io::Write as _;

use model::ValueFormat;

use super::ValueType;
use crate::Operator;

/// Masks an integer by another of the same width, where the operator makes one.
pub(super) fn mask(
    operator: &Operator,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let (Operator::Hash(key) | Operator::Format(key)) = operator else { return false };
    let Some(number) = read(ty, format, value) else { return false };
    let largest = match ty {
        ValueType::Int2 => i64::from(i16::MAX),
        ValueType::Int4 => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    // Both formats and all widths of a number hash alike, as far as the width lets them.
    let hash = i64::from_be_bytes(key.bytes(&number.to_be_bytes())) & i64::MAX;
    let masked = match operator {
        Operator::Format(_) => like(number, largest, hash),
        _ => hash & largest,
    };
    let bytes = masked.to_be_bytes();
    match format {
        ValueFormat::Text => write!(out, "{masked}").is_ok(),
        ValueFormat::Binary => {
            out.extend_from_slice(bytes.get(8 - value.len()..).unwrap_or_default());
            true
        }
    }
}

/// A number of as many digits and the same sign.
fn like(number: i64, largest: i64, hash: i64) -> i64 {
    let digits = number.unsigned_abs().checked_ilog10().unwrap_or(0);
    let lowest = if digits == 0 { 0 } else { 10_i64.pow(digits) };
    let highest = 10_i64.checked_pow(digits + 1).map_or(largest, |next| (next - 1).min(largest));
    (lowest + hash % (highest - lowest + 1).max(1)) * if number < 0 { -1 } else { 1 }
}

fn read(ty: ValueType, format: ValueFormat, value: &[u8]) -> Option<i64> {
    match format {
        ValueFormat::Text => std::str::from_utf8(value).ok()?.trim().parse().ok(),
        ValueFormat::Binary => match ty {
            ValueType::Int2 => Some(i16::from_be_bytes(value.try_into().ok()?).into()),
            ValueType::Int4 => Some(i32::from_be_bytes(value.try_into().ok()?).into()),
            _ => Some(i64::from_be_bytes(value.try_into().ok()?)),
        },
    }
}
