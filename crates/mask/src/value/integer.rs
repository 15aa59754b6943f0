use std::io::Write as _;

use model::ValueFormat;

use super::ValueType;
use crate::Operator;
use crate::operator::{FormatKey, Hashed};

/// Masks an integer by another of the same width, where the operator makes one.
pub(super) fn mask(
    operator: &Operator,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let Some(number) = read(ty, format, value) else { return false };
    let (smallest, largest) = match ty {
        ValueType::Int2 => (i16::MIN.into(), i16::MAX.into()),
        ValueType::Int4 => (i32::MIN.into(), i32::MAX.into()),
        ValueType::Oid => (0, u32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    let masked = match operator {
        // Both formats of a number hash alike; a narrower type keeps the low bits, all ones below
        // its sign.
        Operator::Hash(key) => {
            Some(key.number(Hashed::Number, number.to_string().as_bytes()) & largest)
        }
        Operator::Format(key) => like(key, number, largest),
        Operator::Bucket(width) => {
            let width = i128::from(*width);
            i64::try_from(i128::from(number).div_euclid(width.max(1)) * width).ok()
        }
        _ => None,
    };
    let Some(masked) = masked.filter(|masked| (smallest..=largest).contains(masked)) else {
        return false;
    };
    match format {
        ValueFormat::Text => write!(out, "{masked}").is_ok(),
        ValueFormat::Binary => {
            let bytes = masked.to_be_bytes();
            out.extend_from_slice(bytes.get(8 - value.len()..).unwrap_or_default());
            true
        }
    }
}

/// A number of as many digits and the same sign. The lowest of a type has none.
fn like(key: &FormatKey, number: i64, largest: i64) -> Option<i64> {
    let digits = number.checked_abs()?.to_string();
    let digits = digits.bytes().map(|digit| u16::from(digit - b'0')).collect();
    let value = |digits: &[u16]| {
        digits.iter().try_fold(0_u64, |n, &digit| n.checked_mul(10)?.checked_add(digit.into()))
    };
    if number.unsigned_abs() > largest.unsigned_abs() {
        return None;
    }
    let fits = |digits: &[u16]| {
        digits.first() != Some(&0) && value(digits).is_some_and(|n| n <= largest.unsigned_abs())
    };
    let masked = i64::try_from(value(&key.digits(digits, fits)?)?).ok()?;
    Some(if number < 0 { -masked } else { masked })
}

fn read(ty: ValueType, format: ValueFormat, value: &[u8]) -> Option<i64> {
    match format {
        ValueFormat::Text => {
            let number = std::str::from_utf8(value).ok()?.trim();
            match ty {
                ValueType::Oid => number.parse::<u32>().ok().map(i64::from),
                ValueType::Int2 => number.parse::<i16>().ok().map(i64::from),
                ValueType::Int4 => number.parse::<i32>().ok().map(i64::from),
                _ => number.parse().ok(),
            }
        }
        ValueFormat::Binary => match ty {
            ValueType::Oid => Some(u32::from_be_bytes(value.try_into().ok()?).into()),
            ValueType::Int2 => Some(i16::from_be_bytes(value.try_into().ok()?).into()),
            ValueType::Int4 => Some(i32::from_be_bytes(value.try_into().ok()?).into()),
            _ => Some(i64::from_be_bytes(value.try_into().ok()?)),
        },
    }
}
