use std::io::Write as _;

use model::ValueFormat;

use super::ValueType;

/// From 1970-01-01 to PostgreSQL's own epoch, 2000-01-01.
const POSTGRES_EPOCH: i64 = 10_957;
const MICROS_OF_DAY: i64 = 86_400_000_000;

/// What of a date stays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Its year, as the first of January.
    Year,
    /// Its month, as the first day.
    Month,
}

/// Leaves the first day of a date's year or month. `false`: it could not be read, or is infinite.
pub(super) fn keep(
    keep: Keep,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    match (format, ty) {
        (ValueFormat::Text, _) => keep_of_text(keep, value, out),
        (ValueFormat::Binary, ValueType::Date) => {
            let Some(days) = value.try_into().ok().map(i32::from_be_bytes) else { return false };
            let first = first_day(keep, i64::from(days));
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
            let first = first_day(keep, micros.div_euclid(MICROS_OF_DAY));
            let Some(first) = first.checked_mul(MICROS_OF_DAY) else { return false };
            out.extend_from_slice(&first.to_be_bytes());
            true
        }
    }
}

/// The same for a written date: a year of four digits or more, two numbers, one separator, and
/// possibly a time of day with a numeric zone.
///
/// Which number is the month is known when the year stands first or points separate them. Where it
/// may be either (`05/06/1984`), no month stays.
pub(crate) fn keep_of_text(keep: Keep, text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(written) = Written::read(text) else { return false };
    for (place, field) in written.fields.iter().enumerate() {
        if place > 0 {
            out.push(written.separator);
        }
        let month = keep == Keep::Month && written.month() == Some(place);
        out.extend_from_slice(if field.len() >= 4 || month { field } else { b"01" });
    }
    written.finish(out)
}

/// The first of January 1970, written as `text` is where that is known.
pub(super) fn epoch_like(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(written) = Written::read(text) else { return false };
    for (place, field) in written.fields.iter().enumerate() {
        if place > 0 {
            out.push(written.separator);
        }
        out.extend_from_slice(if field.len() >= 4 { b"1970" } else { b"01" });
    }
    Written { bc: false, ..written }.finish(out)
}

/// A date as it is written.
struct Written<'t> {
    fields: [&'t [u8]; 3],
    separator: u8,
    time: &'t [u8],
    bc: bool,
}

impl<'t> Written<'t> {
    fn read(text: &'t [u8]) -> Option<Self> {
        let (text, bc) = match text.strip_suffix(b" BC") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let split = text.iter().position(|b| matches!(b, b' ' | b'T')).unwrap_or(text.len());
        let (date, time) = text.split_at_checked(split).unwrap_or((text, &[]));
        let separator = *date.iter().find(|b| !b.is_ascii_digit())?;
        if !matches!(separator, b'-' | b'/' | b'.') {
            return None;
        }
        let mut fields = [&[][..]; 3];
        let mut count = 0;
        for field in date.split(|&b| b == separator) {
            *fields.get_mut(count)? = field;
            count += 1;
        }
        let numeric = |field: &&[u8]| {
            (1..=6).contains(&field.len())
                && field.len() != 3
                && field.iter().all(u8::is_ascii_digit)
        };
        let years = fields.iter().filter(|field| field.len() >= 4).count();
        let clock = |b: &u8| {
            b.is_ascii_digit() || matches!(b, b' ' | b'T' | b':' | b'.' | b'+' | b'-' | b'Z')
        };
        let valid =
            count == 3 && years == 1 && fields.iter().all(numeric) && time.iter().all(clock);
        valid.then_some(Self { fields, separator, time, bc })
    }

    /// Which field is the month for certain.
    fn month(&self) -> Option<usize> {
        let [first, middle, _] = self.fields;
        let certain = first.len() >= 4 || self.separator == b'.';
        let valid = matches!(middle, [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2'] | [b'1'..=b'9']);
        (certain && valid).then_some(1)
    }

    fn finish(&self, out: &mut Vec<u8>) -> bool {
        if let Some(&between) = self.time.first() {
            let zoned = self.time.iter().any(|b| matches!(b, b'+' | b'-' | b'Z'));
            let zone = if zoned { "+00" } else { "" };
            if write!(out, "{}00:00:00{zone}", char::from(between)).is_err() {
                return false;
            }
        }
        if self.bc {
            out.extend_from_slice(b" BC");
        }
        true
    }
}

/// Days since PostgreSQL's epoch of the first day of the year or month that `days` lies in.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn first_day(keep: Keep, days: i64) -> i64 {
    let shifted = days + POSTGRES_EPOCH + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years of this calendar begin in March.
    let month = (5 * day_of_year + 2) / 153;
    if keep == Keep::Month {
        let day_of_month = day_of_year - (153 * month + 2) / 5;
        return days - day_of_month;
    }
    let year = year_of_era + era * 400 + i64::from(month >= 10);
    let before = year - 1;
    let era = before.div_euclid(400);
    let year_of_era = before.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + 306;
    era * 146_097 + day_of_era - 719_468 - POSTGRES_EPOCH
}
