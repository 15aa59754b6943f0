use std::io::Write as _;

use model::ValueFormat;

use super::ValueType;

/// From 1970-01-01 to PostgreSQL's own epoch, 2000-01-01.
const POSTGRES_EPOCH: i64 = 10_957;
const MICROS_OF_DAY: i64 = 86_400_000_000;

/// Leaves the first of January of a date's year. `false`: it could not be read, or is infinite.
pub(super) fn keep_year(
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    match (format, ty) {
        (ValueFormat::Text, _) => keep_year_of_text(value, out),
        (ValueFormat::Binary, ValueType::Date) => {
            let Some(days) = value.try_into().ok().map(i32::from_be_bytes) else { return false };
            let first = first_of_january(i64::from(days));
            let infinite = matches!(days, i32::MIN | i32::MAX);
            match i32::try_from(first) {
                Ok(first) if !infinite => out.extend_from_slice(&first.to_be_bytes()),
                _ => return false,
            }
            true
        }
        (ValueFormat::Binary, _) => {
            let Some(micros) = value.try_into().ok().map(i64::from_be_bytes) else { return false };
            if matches!(micros, i64::MIN | i64::MAX) {
                return false;
            }
            let first = first_of_january(micros.div_euclid(MICROS_OF_DAY));
            let Some(first) = first.checked_mul(MICROS_OF_DAY) else { return false };
            out.extend_from_slice(&first.to_be_bytes());
            true
        }
    }
}

/// The same for a written date: a year of four digits or more, two numbers, one separator, and
/// possibly a time of day with a numeric zone. What month comes first does not matter.
pub(crate) fn keep_year_of_text(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (text, bc) = match text.strip_suffix(b" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let split = text.iter().position(|b| matches!(b, b' ' | b'T')).unwrap_or(text.len());
    let (date, time) = text.split_at_checked(split).unwrap_or((text, &[]));
    let Some(&separator) = date.iter().find(|b| !b.is_ascii_digit()) else { return false };
    if !matches!(separator, b'-' | b'/' | b'.') {
        return false;
    }
    let mut fields = [&[][..]; 3];
    let mut count = 0;
    for field in date.split(|&b| b == separator) {
        let Some(slot) = fields.get_mut(count) else { return false };
        *slot = field;
        count += 1;
    }
    let numeric = |field: &&[u8]| {
        (1..=6).contains(&field.len()) && field.len() != 3 && field.iter().all(u8::is_ascii_digit)
    };
    let years = fields.iter().filter(|field| field.len() >= 4).count();
    if count != 3 || years != 1 || !fields.iter().all(numeric) {
        return false;
    }
    let clock =
        |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'T' | b':' | b'.' | b'+' | b'-' | b'Z');
    if !time.iter().all(clock) {
        return false;
    }
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(separator);
        }
        out.extend_from_slice(if field.len() >= 4 { field } else { b"01" });
    }
    if let Some(&between) = time.first() {
        let zone = if time.iter().any(|b| matches!(b, b'+' | b'-' | b'Z')) { "+00" } else { "" };
        if write!(out, "{}00:00:00{zone}", char::from(between)).is_err() {
            return false;
        }
    }
    if bc {
        out.extend_from_slice(b" BC");
    }
    true
}

/// Days since PostgreSQL's epoch of the first of January of the year that `days` lies in.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn first_of_january(days: i64) -> i64 {
    let shifted = days + POSTGRES_EPOCH + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    // Years of this calendar begin in March.
    let year = year_of_era + era * 400 + i64::from(month >= 10);
    let before = year - 1;
    let era = before.div_euclid(400);
    let year_of_era = before.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + 306;
    era * 146_097 + day_of_era - 719_468 - POSTGRES_EPOCH
}
