//! Whether bytes are a value of a type, as PostgreSQL would take it.

use mask::{Masked, Operator, ValueFormat, ValueType, mask_value};

/// What is left of a whole value is one of its type.
pub(crate) fn whole(ty: ValueType, format: ValueFormat, value: &[u8], masked: &[u8]) {
    check(Masked::Replaced, ty, format, value, masked);
    match format {
        ValueFormat::Text => text(ty, value, masked),
        ValueFormat::Binary => binary(ty, masked),
    }
    // What is put together of parts can be taken apart again.
    if matches!(ty, ValueType::Array(_) | ValueType::Hstore) {
        let mut again = Vec::new();
        let done = mask_value(&Operator::Redact, ty, format, masked, &mut again);
        assert!(done == Masked::Replaced || masked.is_empty(), "{ty:?}: {masked:?}");
    }
}

fn text(ty: ValueType, value: &[u8], masked: &[u8]) {
    let Ok(text) = std::str::from_utf8(masked) else {
        // Bytes of another encoding stay where a part of a text does.
        assert!(std::str::from_utf8(value).is_err(), "{ty:?}: {masked:?}");
        return;
    };
    let holds = match ty {
        ValueType::Int2 => text.parse::<i16>().is_ok(),
        ValueType::Int4 => text.parse::<i32>().is_ok(),
        ValueType::Int8 => text.parse::<i64>().is_ok(),
        ValueType::Oid => text.parse::<u32>().is_ok(),
        ValueType::Float4 => text.parse::<f32>().is_ok(),
        ValueType::Float8 => text.parse::<f64>().is_ok(),
        ValueType::Numeric => is_numeric(text),
        ValueType::Bool => matches!(text, "t" | "f"),
        ValueType::Date => is_like(text, "0000-00-00"),
        ValueType::Timestamp => is_like(text, "0000-00-00 00:00:00"),
        ValueType::TimestampTz => is_like(text, "0000-00-00 00:00:00"),
        ValueType::Uuid => is_uuid(text),
        ValueType::Json | ValueType::Jsonb => is_json(text.as_bytes()),
        ValueType::Bytea => is_bytea(text),
        ValueType::Range(_) => is_range(text),
        ValueType::MultiRange(_) => text.starts_with('{') && text.ends_with('}'),
        ValueType::Bit => text.bytes().all(|byte| matches!(byte, b'0' | b'1')),
        _ => true,
    };
    assert!(holds, "{ty:?}: {:?} became {text:?}", String::from_utf8_lossy(value));
}

fn binary(ty: ValueType, masked: &[u8]) {
    let holds = match ty {
        ValueType::Int2 => masked.len() == 2,
        ValueType::Int4 | ValueType::Oid | ValueType::Float4 | ValueType::Date => masked.len() == 4,
        ValueType::Int8 | ValueType::Float8 | ValueType::Timestamp | ValueType::TimestampTz => {
            masked.len() == 8
        }
        ValueType::Time | ValueType::Money => masked.len() == 8,
        ValueType::Uuid | ValueType::Interval => masked.len() == 16,
        ValueType::MacAddr => masked.len() == 6,
        ValueType::Bool => matches!(masked, [0 | 1]),
        ValueType::Numeric => is_numeric_binary(masked),
        ValueType::Json => is_json(masked),
        ValueType::Jsonb => masked.first() == Some(&1) && is_json(&masked[1..]),
        _ => true,
    };
    assert!(holds, "{ty:?}: {masked:?}");
}

/// Numbers of any size: PostgreSQL takes them.
fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

fn is_numeric(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    number(whole) && number(fraction)
}

/// A count of groups, the first one's weight, a sign, a scale, the groups below 10000 (`numeric_send`).
fn is_numeric_binary(masked: &[u8]) -> bool {
    let shorts: Vec<u16> =
        masked.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let [count, _, sign, scale, groups @ ..] = shorts.as_slice() else { return false };
    usize::from(*count) == groups.len()
        && masked.len().is_multiple_of(2)
        && matches!(sign, 0 | 0x4000)
        && *scale < 0x4000
        && groups.iter().all(|group| *group < 10_000)
}

/// A date in some style, or a word for one that has no end.
fn is_like(text: &str, shape: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let least = shape.bytes().filter(u8::is_ascii_digit).count();
    digits >= least.min(6) && text.len() >= 8 || matches!(text, "infinity" | "-infinity")
}

fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match dash(at) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}

/// The format `hex`, or the format `escape`: no backslash but before another or three octal digits.
fn is_bytea(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("\\x") {
        return digits.len().is_multiple_of(2)
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = match (byte, after) {
            (b'\\', [b'\\', after @ ..]) => after,
            (b'\\', [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', after @ ..]) => after,
            (b'\\', _) => return false,
            _ => after,
        };
    }
    true
}

fn is_range(text: &str) -> bool {
    text == "empty" || text.starts_with(['[', '(']) && text.ends_with([']', ')'])
}

/// What was found inside a value and masked leaves a value of the type, as far as it was one.
pub(crate) fn check(done: Masked, ty: ValueType, format: ValueFormat, value: &[u8], masked: &[u8]) {
    if done != Masked::Replaced {
        assert!(masked.is_empty(), "{done:?} and yet {masked:?}");
        return;
    }
    let utf8 = std::str::from_utf8(value).is_ok();
    match (ty, format) {
        (ValueType::Json, _) | (ValueType::Jsonb, ValueFormat::Text) => {
            assert!(is_json(masked) || !is_json(value), "{:?}", String::from_utf8_lossy(masked));
        }
        (ValueType::Jsonb, ValueFormat::Binary) => {
            assert_eq!(masked.first(), Some(&1));
            assert!(is_json(&masked[1..]) || !is_json(&value[1..]), "{masked:?}");
        }
        (ValueType::Text | ValueType::Xml, _) | (_, ValueFormat::Text) if utf8 => {
            assert!(std::str::from_utf8(masked).is_ok(), "{masked:?}");
        }
        _ => {}
    }
}
