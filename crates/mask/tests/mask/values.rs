use mask::{Masked, Operator, ValueFormat, ValueType, mask_value};

use super::{all, operator};

const TEXT: ValueFormat = ValueFormat::Text;
const BINARY: ValueFormat = ValueFormat::Binary;

/// A value masked as a whole; `None` for NULL.
fn whole(operator: &Operator, ty: ValueType, format: ValueFormat, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"row".to_vec();
    let masked = mask_value(operator, ty, format, value, &mut out);
    finish(masked, out)
}

/// A value searched by content.
fn content(ty: ValueType, format: ValueFormat, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"row".to_vec();
    match all().mask_value(ty, format, value, &mut out) {
        Masked::Kept => {
            assert_eq!(out, b"row");
            Some(value.to_vec())
        }
        masked => finish(masked, out),
    }
}

fn finish(masked: Masked, out: Vec<u8>) -> Option<Vec<u8>> {
    let value = out.strip_prefix(b"row").unwrap();
    match masked {
        Masked::Replaced => Some(value.to_vec()),
        Masked::Null => {
            assert_eq!(value, b"", "NULL has no bytes");
            None
        }
        Masked::Kept => panic!("a value masked as a whole was kept"),
    }
}

fn hash() -> Operator {
    operator("hash")
}

fn format() -> Operator {
    operator("format")
}

fn operators() -> Vec<Operator> {
    ["redact", "keep_last(4)", "keep_domain", "hash", "null", "date_year", "format"]
        .map(operator)
        .into()
}

const fn types() -> [(ValueType, &'static [u8], &'static [u8]); 18] {
    [
        (ValueType::Text, b"4242424242424242", b"4242424242424242"),
        (ValueType::Int2, b"4242", &[0x10, 0x92]),
        (ValueType::Int4, b"-42424242", &[0xFD, 0x78, 0xAA, 0x5E]),
        (ValueType::Int8, b"4242424242424242", &[0, 0x0F, 0x12, 0x76, 0x5D, 0xF4, 0xC9, 0xB2]),
        (ValueType::Float4, b"1.5", &[0x3F, 0xC0, 0, 0]),
        (ValueType::Float8, b"1.5", &[0x3F, 0xF8, 0, 0, 0, 0, 0, 0]),
        (ValueType::Numeric, b"42.5", &[0, 2, 0, 0, 0, 0, 0, 1, 0, 42, 0x13, 0x88]),
        (ValueType::Bool, b"t", &[1]),
        (ValueType::Date, b"1984-05-06", &[0xFF, 0xFF, 0xE9, 0xAE]),
        (ValueType::Time, b"12:34:56", &[0, 0, 0, 0x0A, 0x8B, 0xE1, 0xF4, 0]),
        (ValueType::Timestamp, b"1984-05-06 12:34:56.7", &[0xFF, 0xFE, 0x3D, 0, 0, 0, 0, 0]),
        (ValueType::TimestampTz, b"1984-05-06 12:34:56+02", &[0xFF, 0xFE, 0x3D, 0, 0, 0, 0, 0]),
        (ValueType::Interval, b"1 day", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
        (ValueType::Uuid, b"550e8400-e29b-41d4-a716-446655440000", &[0x55; 16]),
        (ValueType::Json, b"{\"a\": 1}", b"{\"a\": 1}"),
        (ValueType::Jsonb, b"{\"a\": 1}", b"\x01{\"a\": 1}"),
        (ValueType::Bytea, b"\\x6162", b"ab"),
        (ValueType::Inet, b"10.0.0.1/8", &[2, 8, 0, 4, 10, 0, 0, 1]),
    ]
}

/// Whether a client could read it as the type it was announced to be.
fn is_valid(ty: ValueType, format: ValueFormat, value: &[u8]) -> bool {
    let text = std::str::from_utf8(value);
    match (ty, format) {
        (ValueType::Text, _) => text.is_ok(),
        (ValueType::Int2, TEXT) => text.is_ok_and(|t| t.parse::<i16>().is_ok()),
        (ValueType::Int4, TEXT) => text.is_ok_and(|t| t.parse::<i32>().is_ok()),
        (ValueType::Int8, TEXT) => text.is_ok_and(|t| t.parse::<i64>().is_ok()),
        (ValueType::Int2, BINARY) => value.len() == 2,
        (ValueType::Int4 | ValueType::Date, BINARY) => value.len() == 4,
        (ValueType::Int8 | ValueType::Timestamp | ValueType::TimestampTz, BINARY) => {
            value.len() == 8
        }
        (ValueType::Date, TEXT) => value == b"1984-01-01",
        (ValueType::Timestamp, TEXT) => value == b"1984-01-01 00:00:00",
        (ValueType::TimestampTz, TEXT) => value == b"1984-01-01 00:00:00+00",
        (ValueType::Uuid, TEXT) => value.len() == 36 && value[23] == b'-',
        (ValueType::Uuid, BINARY) => value.len() == 16,
        (ValueType::Json, _) | (ValueType::Jsonb, TEXT) => {
            serde_json::from_slice::<serde_json::Value>(value).is_ok()
        }
        (ValueType::Jsonb, BINARY) => {
            value[0] == 1 && serde_json::from_slice::<serde_json::Value>(&value[1..]).is_ok()
        }
        (ValueType::Bytea, TEXT) => {
            value.starts_with(b"\\x")
                && value.len().is_multiple_of(2)
                && value[2..].iter().all(u8::is_ascii_hexdigit)
        }
        (ValueType::Bytea, BINARY) => true,
        (ValueType::Float4 | ValueType::Float8, TEXT) => {
            text.is_ok_and(|t| t.parse::<f64>().is_ok())
        }
        (ValueType::Float4, BINARY) => value.len() == 4,
        (ValueType::Float8, BINARY) => value.len() == 8,
        (ValueType::Numeric, TEXT) => text.is_ok_and(|t| t.parse::<i64>().is_ok()),
        (ValueType::Numeric, BINARY) => value.len() >= 8 && value.len().is_multiple_of(2),
        _ => false,
    }
}

#[test]
fn a_masked_value_is_valid_for_its_type_or_null() {
    let mut left = 0;
    for operator in operators() {
        for (ty, text, binary) in types() {
            for (format, value) in [(TEXT, text), (BINARY, binary)] {
                if let Some(masked) = whole(&operator, ty, format, value) {
                    assert!(
                        is_valid(ty, format, &masked),
                        "{operator} {ty:?} {format:?} {masked:?}"
                    );
                    assert_ne!(masked, value);
                    left += 1;
                }
            }
        }
    }
    assert!(left > 50, "only {left} are not NULL");
}

#[test]
fn no_operator_leaves_anything_of_garbage() {
    let garbage = b"4242424242424242 secret";
    for operator in operators() {
        for (ty, ..) in types() {
            for format in [TEXT, BINARY] {
                for length in 0..garbage.len() {
                    let value = &garbage[..length];
                    let Some(masked) = whole(&operator, ty, format, value) else { continue };
                    assert!(!masked.windows(8).any(|part| value.windows(8).any(|of| of == part)));
                }
            }
        }
    }
}

#[test]
fn a_hash_is_the_same_in_both_formats() {
    for (ty, text, binary) in [
        (ValueType::Int2, &b"4242"[..], &[0x10, 0x92][..]),
        (ValueType::Int8, b"4242424242424242", &[0, 0x0F, 0x12, 0x76, 0x5D, 0xF4, 0xC9, 0xB2]),
        (ValueType::Bytea, b"\\x6162", b"ab"),
        (ValueType::Uuid, b"55555555-5555-5555-5555-555555555555", &[0x55; 16]),
    ] {
        let text = whole(&hash(), ty, TEXT, text).unwrap();
        let binary = whole(&hash(), ty, BINARY, binary).unwrap();
        let written = match ty {
            ValueType::Int2 => i16::from_be_bytes(binary.try_into().unwrap()).to_string(),
            ValueType::Int8 => i64::from_be_bytes(binary.try_into().unwrap()).to_string(),
            ValueType::Bytea => format!("\\x{}", hex(&binary)),
            _ => {
                let hex = hex(&binary);
                format!(
                    "{}-{}-{}-{}-{}",
                    &hex[..8],
                    &hex[8..12],
                    &hex[12..16],
                    &hex[16..20],
                    &hex[20..]
                )
            }
        };
        assert_eq!(String::from_utf8(text).unwrap(), written, "{ty:?}");
    }
    let long = vec![b'x'; 1000];
    let text =
        whole(&hash(), ValueType::Bytea, TEXT, format!("\\x{}", hex(&long)).as_bytes()).unwrap();
    let binary = whole(&hash(), ValueType::Bytea, BINARY, &long).unwrap();
    assert_eq!(text, format!("\\x{}", hex(&binary)).into_bytes());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_fake_number_has_as_many_digits() {
    for (ty, number) in [
        (ValueType::Int4, "2147483647"),
        (ValueType::Int4, "-123456"),
        (ValueType::Int8, "9223372036854775807"),
        (ValueType::Int8, "-9223372036854775807"),
    ] {
        let fake =
            String::from_utf8(whole(&format(), ty, TEXT, number.as_bytes()).unwrap()).unwrap();
        assert_eq!(fake.len(), number.len(), "{number} {fake}");
        assert!(is_valid(ty, TEXT, fake.as_bytes()), "{fake}");
    }
}

#[test]
fn the_year_of_a_date_stays_in_any_style_and_format() {
    for (written, shown) in [
        ("1984-05-06", Some("1984-01-01")),
        ("05/06/1984", Some("01/01/1984")),
        ("06.05.1984", Some("01.01.1984")),
        ("0044-03-15 BC", Some("0044-01-01 BC")),
        ("12345-03-15", Some("12345-01-01")),
        ("1984-01-01", Some("1984-01-01")),
        ("infinity", None),
        ("1984-May-06", None),
        ("1984-05", None),
        ("1984-05-06-07", None),
        ("84-05-06", None),
        ("1984-1999-06", None),
        ("", None),
    ] {
        let masked = whole(&Operator::DateYear, ValueType::Date, TEXT, written.as_bytes());
        assert_eq!(masked.map(|m| String::from_utf8(m).unwrap()).as_deref(), shown, "{written}");
    }
    // Days since 2000-01-01, worked out by hand and by `date -d`.
    for (days, first) in [
        (0, Some(0)),
        (59, Some(0)),
        (365, Some(0)),
        (366, Some(366)),
        (-1, Some(-365)),
        (-5718, Some(-5844)),
        (8765, Some(8401)),
        (-730_119, Some(-730_119)),
        (-730_120, Some(-730_485)),
        (i32::MAX, None),
        (i32::MIN, None),
    ] {
        let masked = whole(&Operator::DateYear, ValueType::Date, BINARY, &i32::to_be_bytes(days));
        let masked = masked.map(|m| i32::from_be_bytes(m.try_into().unwrap()));
        assert_eq!(masked, first, "{days}");
    }
    let day: i64 = 86_400_000_000;
    for (micros, first) in
        [(day * 59 + 1, Some(0)), (-1, Some(-365 * day)), (i64::MAX, None), (i64::MIN, None)]
    {
        let masked =
            whole(&Operator::DateYear, ValueType::Timestamp, BINARY, &i64::to_be_bytes(micros));
        assert_eq!(masked.map(|m| i64::from_be_bytes(m.try_into().unwrap())), first, "{micros}");
    }
}

#[test]
fn json_as_a_whole_becomes_a_string() {
    for (operator, json, shown) in [
        (Operator::Redact, "{\"a\": \"b\"}", "\"[masked]\""),
        (Operator::KeepLast(4), "\"4242424242424242\"", "\"************4242\""),
        (Operator::KeepLast(4), "\"42424242\\u0034\"", "\"*****2424\""),
        (Operator::KeepDomain, "\"ann@example.com\"", "\"***@example.com\""),
        (Operator::KeepDomain, "null", "\"[masked]\""),
    ] {
        let masked = whole(&operator, ValueType::Json, TEXT, json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(masked).unwrap(), shown);
    }
}

#[test]
fn an_array_is_masked_element_by_element() {
    let redact = |text: &str| {
        let masked = whole(&Operator::Redact, ValueType::TEXT_ARRAY, TEXT, text.as_bytes());
        masked.map(|masked| String::from_utf8(masked).unwrap())
    };
    let m = "\"[masked]\"";
    assert_eq!(redact("{a,b}"), Some(format!("{{{m},{m}}}")));
    assert_eq!(
        redact("{{a,NULL},{\"x,\\\"}\",\"\"}}"),
        Some(format!("{{{{{m},NULL}},{{{m},{m}}}}}"))
    );
    assert_eq!(redact("[2:3]={a,b}"), Some(format!("[2:3]={{{m},{m}}}")));
    for unreadable in [
        "", "a", "{", "}", "{a", "a}", "{\"a}", "{\"a\\", "{a\"b}", "[x]={a}", "[1", "{a}b",
        "{a}}{",
    ] {
        assert_eq!(redact(unreadable), None, "{unreadable}");
    }
    let ints = ValueType::Array(&ValueType::Int4);
    assert_eq!(whole(&Operator::Redact, ints, TEXT, b"{1,NULL}").unwrap(), b"{NULL,NULL}");
    assert_eq!(redact("{}"), Some("{}".into()));
    assert_eq!(redact("{NULL}"), Some("{NULL}".into()));
}

#[test]
fn what_is_found_in_an_array_or_a_row_is_masked_and_quoted_as_needed() {
    let text = ValueType::TEXT_ARRAY;
    for (ty, value, shown) in [
        (text, "{a,ann@example.com}", "{a,\"***@example.com\"}"),
        (
            text,
            "{\"say \\\"hi\\\" to ann@example.com\",NULL}",
            "{\"say \\\"hi\\\" to ***@example.com\",NULL}",
        ),
        (text, "{{10.0.0.1},{x}}", "{{\"[ip_address]\"},{x}}"),
        (text, "{a,b}", "{a,b}"),
        (ValueType::Array(&ValueType::Int4), "{1,2}", "{1,2}"),
        (
            ValueType::Array(&ValueType::Json),
            "{\"{\\\"a\\\":4242424242424242}\"}",
            "{\"{\\\"a\\\":\\\"************4242\\\"}\"}",
        ),
        (ValueType::Record, "(1,ann@example.com,)", "(1,\"***@example.com\",)"),
        (
            ValueType::Record,
            "(\"a \"\"b\"\" ann@example.com\",\"\\\\\")",
            "(\"a \"\"b\"\" ***@example.com\",\"\\\\\")",
        ),
        (ValueType::Record, "(,)", "(,)"),
        (ValueType::Record, "()", "()"),
        (
            ValueType::Array(&ValueType::Record),
            "{\"(1,ann@example.com)\"}",
            "{\"(1,\\\"***@example.com\\\")\"}",
        ),
        (ValueType::Other, "\"k\"=>\"ann@example.com\"", "\"k\"=>\"***@example.com\""),
        (
            ValueType::Bytea,
            "\\x616e6e406578616d706c652e636f6d",
            "\\x2a2a2a406578616d706c652e636f6d",
        ),
        (ValueType::Bytea, "\\001ann@example.com", "\\x012a2a2a406578616d706c652e636f6d"),
        (ValueType::Bytea, "\\x00ff", "\\x00ff"),
        (ValueType::Int8, "4242424242424242", "4242424242424242"),
    ] {
        let masked = content(ty, TEXT, value.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(masked).unwrap(), shown);
    }
    assert_eq!(content(text, TEXT, b"{ann@example.com"), None);
    assert_eq!(content(ValueType::Record, TEXT, b"(\"ann@example.com)"), None);
    assert_eq!(content(ValueType::Inet, TEXT, b"10.0.0.1"), None);
}

/// A binary array or row is built here, field by field, as PostgreSQL documents it.
fn binary(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn sized(value: &[u8]) -> Vec<u8> {
    [&u32::try_from(value.len()).unwrap().to_be_bytes()[..], value].concat()
}

#[test]
fn binary_arrays_and_rows_keep_their_structure() {
    let int = |n: i32| n.to_be_bytes();
    let array = |oid: i32, nulls: i32, elements: &[u8]| {
        binary(&[&int(1), &int(nulls), &int(oid), &int(2), &int(1), elements])
    };
    let elements = |second: &[u8]| [sized(b"a"), sized(second)].concat();
    let before = array(25, 0, &elements(b"ann@example.com"));
    let after = array(25, 0, &elements(b"***@example.com"));
    assert_eq!(content(ValueType::TEXT_ARRAY, BINARY, &before).unwrap(), after);

    let redacted = array(25, 0, &[sized(b"[masked]"), sized(b"[masked]")].concat());
    assert_eq!(whole(&Operator::Redact, ValueType::TEXT_ARRAY, BINARY, &before).unwrap(), redacted);

    let ints = array(23, 0, &[sized(&int(1)), sized(&int(2))].concat());
    let nulls = array(23, 1, &[int(-1), int(-1)].concat());
    assert_eq!(
        whole(&Operator::Redact, ValueType::Array(&ValueType::Int4), BINARY, &ints).unwrap(),
        nulls
    );

    let row = |second: &[u8]| {
        binary(&[&int(3), &int(23), &sized(&int(7)), &int(25), &sized(second), &int(25), &int(-1)])
    };
    let masked = content(ValueType::Record, BINARY, &row(b"ann@example.com")).unwrap();
    assert_eq!(masked, row(b"***@example.com"));

    let json = binary(&[&[1], &br#"{"card": 4242424242424242}"#[..]]);
    let masked = content(ValueType::Jsonb, BINARY, &json).unwrap();
    assert_eq!(masked, binary(&[&[1], &br#"{"card": "************4242"}"#[..]]));

    // Cut anywhere, it is never an array or a row: nothing passes but NULL.
    for length in 0..before.len() {
        let cut = &before[..length];
        if let Some(masked) = content(ValueType::TEXT_ARRAY, BINARY, cut) {
            assert_eq!(masked, cut, "cut between elements");
        }
    }
    for length in 0..row(b"x").len() {
        assert_eq!(content(ValueType::Record, BINARY, &row(b"x")[..length]), None);
    }
}

#[test]
fn rows_nested_without_end_become_null() {
    let mut value = b"ann@example.com".to_vec();
    let mut oid: i32 = 25;
    for _ in 0..100 {
        value = binary(&[&1_i32.to_be_bytes(), &oid.to_be_bytes(), &sized(&value)]);
        oid = 2249;
    }
    let masked = content(ValueType::Record, BINARY, &value).unwrap();
    assert!(!masked.windows(3).any(|part| part == b"ann"));
}

#[test]
fn arrays_nested_without_end_are_not_followed() {
    let header = |oid: i32| [1, 0, oid, 1, 1].map(i32::to_be_bytes).concat();
    let levels = 50_000;
    let mut value = Vec::new();
    for level in 0..levels {
        value.extend(header(1009));
        value.extend(u32::try_from((levels - level) * 24).unwrap().to_be_bytes());
    }
    value.extend([b'x'; 24]);
    let masked = whole(&Operator::Redact, ValueType::TEXT_ARRAY, BINARY, &value).unwrap();
    assert_eq!(masked, [header(1009), sized(b"[masked]")].concat());
    assert!(content(ValueType::TEXT_ARRAY, BINARY, &value).is_some());
}

#[test]
fn types_are_known_by_their_oid() {
    for (oid, ty) in [
        (25, ValueType::Text),
        (20, ValueType::Int8),
        (1043, ValueType::Text),
        (1009, ValueType::TEXT_ARRAY),
        (3802, ValueType::Jsonb),
        (600, ValueType::Point),
        (1020, ValueType::Other),
        (99_999, ValueType::Other),
    ] {
        assert_eq!(ValueType::from_postgres(oid), ty);
    }
}
