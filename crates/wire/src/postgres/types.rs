//! The server's built-in types by OID, and their values for a human's eyes.
//!
//! OIDs are those of `pg_type.dat`; binary forms are those of the types' send functions.

use std::fmt::Write as _;

use model::Parameter;

use super::catalogue::Catalogue;

/// Parameters are recorded and shown to approvers up to this many bytes each.
const PARAMETER_CAP: usize = 4096;

/// A type's name where it is known, else its number.
#[must_use]
pub fn type_name(oid: u32, catalogue: &Catalogue) -> String {
    let name = match oid {
        16 => "bool",
        17 => "bytea",
        18 => "char",
        19 => "name",
        20 => "int8",
        21 => "int2",
        23 => "int4",
        25 => "text",
        26 => "oid",
        114 => "json",
        142 => "xml",
        650 => "cidr",
        700 => "float4",
        701 => "float8",
        705 => "unknown",
        869 => "inet",
        1007 => "int4[]",
        1009 => "text[]",
        1015 => "varchar[]",
        1016 => "int8[]",
        1042 => "bpchar",
        1043 => "varchar",
        1082 => "date",
        1083 => "time",
        1114 => "timestamp",
        1184 => "timestamptz",
        1186 => "interval",
        1266 => "timetz",
        1700 => "numeric",
        2249 => "record",
        2950 => "uuid",
        3802 => "jsonb",
        _ => return catalogue.type_name(oid).map_or_else(|| oid.to_string(), str::to_owned),
    };
    name.to_owned()
}

/// A bound parameter for the recording and the approver. `oid` 0 is a type the client left open.
#[must_use]
pub fn parameter(oid: u32, binary: bool, value: Option<&[u8]>) -> Parameter {
    let Some(value) = value else { return Parameter::Null };
    if value.len() > PARAMETER_CAP {
        let start = value.get(..PARAMETER_CAP).unwrap_or(value);
        let start = if binary && !is_text(oid) { hex(start) } else { lossy(start) };
        return Parameter::Cut { start, length: value.len() as u64 };
    }
    if !binary {
        return Parameter::Text(lossy(value));
    }
    binary_text(oid, value).map_or_else(|| Parameter::Binary(hex(value)), Parameter::Text)
}

const fn is_text(oid: u32) -> bool {
    matches!(oid, 18 | 19 | 25 | 114 | 142 | 705 | 1042 | 1043)
}

fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn hex(value: &[u8]) -> String {
    let mut text = String::with_capacity(2 + value.len() * 2);
    text.push_str("\\x");
    for byte in value {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn binary_text(oid: u32, value: &[u8]) -> Option<String> {
    Some(match oid {
        16 => (*value.first()? != 0).to_string(),
        21 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        23 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        26 => u32::from_be_bytes(value.try_into().ok()?).to_string(),
        20 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        700 => f32::from_be_bytes(value.try_into().ok()?).to_string(),
        701 => f64::from_be_bytes(value.try_into().ok()?).to_string(),
        1082 => date(i64::from(i32::from_be_bytes(value.try_into().ok()?)))?,
        1114 => timestamp(i64::from_be_bytes(value.try_into().ok()?))?,
        1184 => timestamp(i64::from_be_bytes(value.try_into().ok()?))? + "Z",
        2950 => uuid(value.try_into().ok()?),
        3802 => match value.split_first() {
            Some((1, json)) => String::from_utf8(json.to_vec()).ok()?,
            _ => return None,
        },
        _ if is_text(oid) => String::from_utf8(value.to_vec()).ok()?,
        _ => return None,
    })
}

/// Days from the Unix epoch to PostgreSQL's, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;

fn date(days: i64) -> Option<String> {
    let days = u64::try_from(days.checked_add(EPOCH_DAYS)?).ok()?;
    let text = model::Timestamp::from_secs(days.checked_mul(86_400)?).to_string();
    text.get(..10).map(str::to_owned)
}

fn timestamp(micros: i64) -> Option<String> {
    let micros = micros.checked_add(EPOCH_DAYS * 86_400 * 1_000_000)?;
    let text = model::Timestamp::from_micros(u64::try_from(micros).ok()?).to_string();
    text.strip_suffix('Z').map(|text| text.replace('T', " "))
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_parameter_is_shown_as_a_person_would_write_it() {
        for (oid, value, text) in [
            (16, &[1][..], "true"),
            (21, &[0xff, 0xfe], "-2"),
            (23, &[0, 0, 1, 0], "256"),
            (20, &[0, 0, 0, 0, 0, 0, 0, 7], "7"),
            (701, &1.5f64.to_be_bytes(), "1.5"),
            (25, "né".as_bytes(), "né"),
            (1082, &0i32.to_be_bytes(), "2000-01-01"),
            (1114, &1_000_001i64.to_be_bytes(), "2000-01-01 00:00:01.000001"),
            (3802, b"\x01{}", "{}"),
            (2950, &[0x11; 16], "11111111-1111-1111-1111-111111111111"),
        ] {
            assert_eq!(parameter(oid, true, Some(value)), Parameter::Text(text.into()), "{oid}");
        }
    }

    #[test]
    fn a_binary_value_that_cannot_be_read_is_shown_in_hexadecimal() {
        for oid in [0, 16, 21, 1082, 2950, 999_999] {
            let value = parameter(oid, true, Some(&[][..]));
            assert_eq!(value, Parameter::Binary("\\x".into()), "{oid}");
        }
        assert_eq!(
            parameter(1114, true, Some(&i64::MIN.to_be_bytes())),
            Parameter::Binary("\\x8000000000000000".into())
        );
    }

    #[test]
    fn a_long_parameter_says_how_long_it_was() {
        let long = vec![b'x'; PARAMETER_CAP + 1];
        let Parameter::Cut { start, length } = parameter(25, false, Some(&long)) else {
            panic!("not cut")
        };
        assert_eq!((start.len(), length), (PARAMETER_CAP, PARAMETER_CAP as u64 + 1));
    }
}
