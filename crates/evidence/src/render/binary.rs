//! The binary forms of PostgreSQL's common types as text, the way the server would print them.

use std::fmt::Write as _;

use super::{numeric, value};

const DAY: i64 = 86_400_000_000;
/// Days from the Unix epoch to PostgreSQL's, 2000-01-01.
const EPOCH: i64 = 10_957;

/// `None` when the type is not known here, or the value is not one of it.
pub(super) fn decode(type_name: &str, bytes: &[u8]) -> Option<String> {
    Some(match type_name {
        "bool" => match bytes {
            [0] => "f".into(),
            [1] => "t".into(),
            _ => return None,
        },
        "int2" => i16::from_be_bytes(bytes.try_into().ok()?).to_string(),
        "int4" => i32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        "int8" => i64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        "oid" | "xid" | "cid" => u32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        "float4" => {
            let number = f32::from_be_bytes(bytes.try_into().ok()?);
            special(f64::from(number)).unwrap_or_else(|| shortest(&format!("{number:e}"), 6))
        }
        "float8" => {
            let number = f64::from_be_bytes(bytes.try_into().ok()?);
            special(number).unwrap_or_else(|| shortest(&format!("{number:e}"), 15))
        }
        "numeric" => return numeric::decode(bytes),
        "bytea" => return String::from_utf8(value::hexadecimal(bytes)).ok(),
        "uuid" => uuid(bytes.try_into().ok()?),
        "date" => date(i32::from_be_bytes(bytes.try_into().ok()?)),
        "time" => clock(i64::from_be_bytes(bytes.try_into().ok()?)),
        "timestamp" => timestamp(i64::from_be_bytes(bytes.try_into().ok()?), ""),
        "timestamptz" => timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "+00"),
        _ => return None,
    })
}

fn special(number: f64) -> Option<String> {
    if number.is_nan() {
        Some("NaN".into())
    } else if number.is_infinite() {
        Some(if number > 0.0 { "Infinity" } else { "-Infinity" }.into())
    } else {
        None
    }
}

/// The shortest digits that read back as the same number (`-1.25e-3`), written as the server
/// writes them: plain between 1e-4 and 10 to the power of `digits`, with an exponent outside.
fn shortest(scientific: &str, digits: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) =
        mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    if exponent < -4 || exponent >= digits {
        let sign_of = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{sign_of}{:02}", exponent.abs());
    }
    let bare: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("{sign}0.{zeros}{bare}");
    }
    match bare.split_at_checked(point) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{bare}{}", "0".repeat(point - bare.len())),
    }
}

fn uuid(bytes: &[u8; 16]) -> String {
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".into(),
        i32::MIN => "-infinity".into(),
        days => {
            let (date, era) = civil(i64::from(days) + EPOCH);
            format!("{date}{era}")
        }
    }
}

fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".into(),
        i64::MIN => "-infinity".into(),
        micros => {
            let (date, era) = civil(micros.div_euclid(DAY) + EPOCH);
            format!("{date} {}{zone}{era}", clock(micros.rem_euclid(DAY)))
        }
    }
}

fn clock(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let mut out = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = (micros % 1_000_000).abs();
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out
}

/// Days since the Unix epoch as a date, and what stands behind one before our era.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (String, &'static str) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (year, behind) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_the_server_prints_them() {
        let moment = 834_796_799_500_000_i64.to_be_bytes();
        let before_christ = (-730_120_i32).to_be_bytes();
        for (type_name, bytes, text) in [
            ("bool", &[1][..], "t"),
            ("int2", &(-2_i16).to_be_bytes(), "-2"),
            ("int4", &7_i32.to_be_bytes(), "7"),
            ("int8", &i64::MIN.to_be_bytes(), "-9223372036854775808"),
            ("oid", &u32::MAX.to_be_bytes(), "4294967295"),
            ("float8", &0.0_f64.to_be_bytes(), "0"),
            ("float8", &(-0.0_f64).to_be_bytes(), "-0"),
            ("float8", &1.5_f64.to_be_bytes(), "1.5"),
            ("float8", &0.000_1_f64.to_be_bytes(), "0.0001"),
            ("float8", &0.000_01_f64.to_be_bytes(), "1e-05"),
            ("float8", &123_456_789_012_345.0_f64.to_be_bytes(), "123456789012345"),
            ("float8", &1e15_f64.to_be_bytes(), "1e+15"),
            ("float8", &(-1.25e-300_f64).to_be_bytes(), "-1.25e-300"),
            ("float8", &f64::NEG_INFINITY.to_be_bytes(), "-Infinity"),
            ("float4", &0.1_f32.to_be_bytes(), "0.1"),
            ("float4", &100_000_f32.to_be_bytes(), "100000"),
            ("float4", &1_000_000_f32.to_be_bytes(), "1e+06"),
            ("float4", &f32::NAN.to_be_bytes(), "NaN"),
            ("bytea", &[0, 255], "\\x00ff"),
            ("date", &0_i32.to_be_bytes(), "2000-01-01"),
            ("date", &(-1_i32).to_be_bytes(), "1999-12-31"),
            ("date", &before_christ, "0001-12-31 BC"),
            ("date", &i32::MAX.to_be_bytes(), "infinity"),
            ("time", &1_i64.to_be_bytes(), "00:00:00.000001"),
            ("timestamp", &(-1_i64).to_be_bytes(), "1999-12-31 23:59:59.999999"),
            ("timestamptz", &moment, "2026-06-14 23:59:59.5+00"),
            ("timestamptz", &i64::MIN.to_be_bytes(), "-infinity"),
            ("uuid", &[0xab; 16], "abababab-abab-abab-abab-abababababab"),
        ] {
            assert_eq!(decode(type_name, bytes).as_deref(), Some(text), "{type_name}");
        }
    }

    #[test]
    fn what_is_no_value_of_its_type_is_nothing() {
        for name in ["bool", "int2", "int4", "int8", "float4", "float8", "numeric", "uuid", "date"]
        {
            assert_eq!(decode(name, &[1, 2, 3]), None, "{name}");
        }
        assert_eq!(decode("point", &[0; 16]), None);
        for extreme in [i64::MIN + 1, i64::MAX - 1] {
            assert!(decode("timestamp", &extreme.to_be_bytes()).is_some());
            assert!(decode("time", &extreme.to_be_bytes()).is_some());
        }
    }
}
