use model::ValueFormat;

use super::ValueType;
use super::number::Decimal;
use crate::Operator;
use crate::operator::{FormatKey, Hashed};

/// Masks a `numeric` by another, where the operator makes one.
pub(super) fn mask(
    operator: &Operator,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let Some(number) = Decimal::read(format, value) else { return false };
    let masked = match operator {
        Operator::Bucket(width) => Some(number.bucket(*width)),
        // A whole number hashes as a `bigint` of its value does.
        Operator::Hash(key) => Some(Decimal::of(key.number(Hashed::Number, &number.shortest()))),
        Operator::Format(key) => like(key, number),
        _ => None,
    };
    masked.is_some_and(|masked| {
        masked.push(format, out);
        true
    })
}

/// A number of as many digits before and behind the point, and the same sign.
fn like(key: &FormatKey, number: Decimal) -> Option<Decimal> {
    let mut digits: Vec<u16> = number.whole.iter().map(|&digit| digit.into()).collect();
    if digits.is_empty() {
        digits.push(0);
    }
    let whole = digits.len();
    digits.extend(number.fraction.iter().map(|&digit| u16::from(digit)));
    let digits = key.digits(digits, |digits| whole == 1 || digits.first() != Some(&0))?;
    let mut digits = digits.into_iter().map(|digit| digit as u8);
    let whole = digits.by_ref().take(whole).collect();
    Some(Decimal::new(number.negative, whole, digits.collect()))
}

/// Masks a `real` or `double precision` likewise.
pub(super) fn mask_float(
    operator: &Operator,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let single = ty == ValueType::Float4;
    // Above this a float holds no fraction and not every whole number.
    let limit = if single { (1_u64 << 24) as f64 } else { (1_u64 << 53) as f64 };
    let Some(number) = read_float(single, format, value) else { return false };
    let masked = match operator {
        Operator::Bucket(width) if number.abs() < limit => {
            let width = *width as f64;
            (number / width).floor() * width
        }
        Operator::Hash(key) => {
            // Both zeros are equal, and so are all that are no number.
            let number = match number {
                0.0 => 0.0,
                _ if number.is_nan() => f64::NAN,
                _ => number,
            };
            let hash = key.number(Hashed::Float, &number.to_bits().to_be_bytes());
            (hash % limit as i64) as f64
        }
        _ => return false,
    };
    // The zero below `-0.0` is written without a sign.
    let masked = if masked == 0.0 { 0.0 } else { masked };
    match (format, single) {
        (ValueFormat::Text, true) => out.extend_from_slice((masked as f32).to_string().as_bytes()),
        (ValueFormat::Text, false) => out.extend_from_slice(masked.to_string().as_bytes()),
        (ValueFormat::Binary, true) => out.extend_from_slice(&(masked as f32).to_be_bytes()),
        (ValueFormat::Binary, false) => out.extend_from_slice(&masked.to_be_bytes()),
    }
    true
}

fn read_float(single: bool, format: ValueFormat, value: &[u8]) -> Option<f64> {
    let text = || std::str::from_utf8(value).ok();
    match (format, single) {
        // A `real` is the nearest one to what is written.
        (ValueFormat::Text, true) => text()?.parse::<f32>().ok().map(f64::from),
        (ValueFormat::Text, false) => text()?.parse().ok(),
        (ValueFormat::Binary, true) => Some(f32::from_be_bytes(value.try_into().ok()?).into()),
        (ValueFormat::Binary, false) => Some(f64::from_be_bytes(value.try_into().ok()?)),
    }
}
