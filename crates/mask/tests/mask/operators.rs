use mask::{
    Cell, DataClass, MaskKeys, Masked, Treatments, ValueFormat, ValueType, detokenise, mask_cell,
    mask_value,
};

use super::operator;

const TEXT: ValueFormat = ValueFormat::Text;
const BINARY: ValueFormat = ValueFormat::Binary;

/// A value masked by what a rule says; `None` for NULL.
pub(super) fn whole(
    masking: &str,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match mask_value(&operator(masking), ty, format, value, &mut out) {
        Masked::Replaced => Some(out),
        Masked::Null => {
            assert!(out.is_empty());
            None
        }
        Masked::Kept => panic!("a value masked as a whole was kept"),
    }
}

fn text(masking: &str, ty: ValueType, value: &str) -> Option<String> {
    whole(masking, ty, TEXT, value.as_bytes()).map(|out| String::from_utf8(out).unwrap())
}

#[test]
fn operators_mask_typed_values_as_the_page_says() {
    const DATES: ValueType = ValueType::Range(&ValueType::Date);
    const INTS: ValueType = ValueType::MultiRange(&ValueType::Int4);
    for (masking, ty, value, shown) in [
        ("bucket(10)", ValueType::Int4, "42", Some("40")),
        ("bucket(10)", ValueType::Int4, "-42", Some("-50")),
        ("bucket(10)", ValueType::Int2, "-32768", None),
        ("bucket(10)", ValueType::Numeric, "1042.57", Some("1040")),
        ("bucket(10)", ValueType::Numeric, "NaN", None),
        ("bucket(10)", ValueType::Float8, "-0.5", Some("-10")),
        ("bucket(10)", ValueType::Float8, "1e300", None),
        ("bucket(10)", ValueType::Float4, "99.5", Some("90")),
        ("bucket(10)", ValueType::Json, "42", Some("40")),
        ("bucket(10)", ValueType::Bool, "t", None),
        ("date_month", ValueType::Date, "1984-05-06", Some("1984-05-01")),
        ("date_month", ValueType::Date, "06.05.1984", Some("01.05.1984")),
        ("date_month", ValueType::Date, "05/06/1984", Some("01/01/1984")),
        ("date_month", ValueType::Timestamp, "1984-05-06 12:34:56.7", Some("1984-05-01 00:00:00")),
        (
            "date_month",
            ValueType::TimestampTz,
            "1984-05-06 12:34:56+02",
            Some("1984-05-01 00:00:00+00"),
        ),
        ("date_year", DATES, "[1984-05-06,1985-02-01)", Some("[1984-01-01,1985-01-01)")),
        ("date_year", DATES, "[1984-05-06,)", Some("[1984-01-01,)")),
        ("date_year", DATES, "empty", Some("empty")),
        ("date_year", DATES, "[1984-05-06,infinity]", None),
        ("redact", DATES, "[1984-05-06,1985-02-01)", None),
        ("default", DATES, "[1984-05-06,1985-02-01)", Some("empty")),
        (
            "date_year",
            ValueType::Range(&ValueType::Timestamp),
            "[\"1984-05-06 10:00:00\",\"1985-05-06 10:00:00\"]",
            Some("[\"1984-01-01 00:00:00\",\"1985-01-01 00:00:00\"]"),
        ),
        ("bucket(10)", INTS, "{[11,15),[23,38)}", Some("{[10,10),[20,30)}")),
        ("bucket(10)", INTS, "{}", Some("{}")),
        ("default", INTS, "{[11,15)}", Some("{}")),
        ("default", ValueType::TEXT_ARRAY, "{a,b}", Some("{}")),
        ("default", ValueType::Record, "(1,\"a,b\",)", Some("(,,)")),
        ("default", ValueType::Date, "06.05.1984", Some("01.01.1970")),
        ("default", ValueType::Timestamp, "infinity", Some("1970-01-01 00:00:00")),
        ("default", ValueType::Bit, "0110", Some("0000")),
        ("default", ValueType::Json, "[1,2]", Some("[]")),
        ("default", ValueType::Other, "x", None),
        ("default", ValueType::Enum, "x", None),
        ("tag", ValueType::Text, "078-05-1120", Some("[us_ssn]")),
        ("tag", ValueType::Json, "\"078-05-1120\"", Some("\"[us_ssn]\"")),
        ("tag", ValueType::Bytea, "\\x6162", Some("\\x5b75735f73736e5d")),
        ("redact", ValueType::Char, "x", Some("*")),
        ("redact", ValueType::Xml, "<a>x</a>", Some("[masked]")),
        ("format", ValueType::Xml, "<abcdef>123456</abcdef>", Some("[masked]")),
        (
            "redact",
            ValueType::Hstore,
            "\"a\"=>\"x\\\"y\", \"b\"=>NULL",
            Some("\"a\"=>\"[masked]\", \"b\"=>NULL"),
        ),
        ("redact", ValueType::Hstore, "\"Ann Lee\"=>\"x\"", None),
        ("redact", ValueType::Hstore, "", Some("")),
        ("redact", ValueType::Hstore, "\"a\"=>\"x", None),
        ("default", ValueType::Hstore, "\"a\"=>\"x\"", Some("")),
        ("null", ValueType::Text, "x", None),
        ("deny_row", ValueType::Text, "x", None),
    ] {
        assert_eq!(text(masking, ty, value).as_deref(), shown, "{masking} {ty:?} {value}");
    }
    assert!(operator("deny_row").denies_row() && !operator("null").denies_row());
}

#[test]
fn operators_mask_binary_values_as_they_mask_text() {
    let int = |n: i32| n.to_be_bytes();
    let range =
        |lower: i32, upper: i32| [&[2][..], &int(4), &int(lower), &int(4), &int(upper)].concat();
    let ranges = |of: &[Vec<u8>]| {
        let sized = of.iter().flat_map(|range| [&int(range.len() as i32)[..], range].concat());
        [&int(of.len() as i32)[..], &sized.collect::<Vec<_>>()].concat()
    };
    const INT: ValueType = ValueType::Range(&ValueType::Int4);
    const INTS: ValueType = ValueType::MultiRange(&ValueType::Int4);
    let hstore =
        |value: &[u8]| [&int(1)[..], &int(1), b"a", &int(value.len() as i32), value].concat();
    for (masking, ty, value, shown) in [
        ("bucket(10)", ValueType::Int4, int(-42).to_vec(), Some(int(-50).to_vec())),
        (
            "bucket(10)",
            ValueType::Float8,
            (-0.5_f64).to_be_bytes().into(),
            Some((-10.0_f64).to_be_bytes().into()),
        ),
        (
            "bucket(10)",
            ValueType::Numeric,
            vec![0, 2, 0, 0, 0, 0, 0, 1, 0, 42, 0x13, 0x88],
            Some(vec![0, 1, 0, 0, 0, 0, 0, 0, 0, 40]),
        ),
        ("date_month", ValueType::Date, int(59).to_vec(), Some(int(31).to_vec())),
        ("date_month", ValueType::Date, int(60).to_vec(), Some(int(60).to_vec())),
        ("date_month", ValueType::Date, int(-1).to_vec(), Some(int(-31).to_vec())),
        ("date_month", ValueType::Date, int(i32::MAX).to_vec(), None),
        ("bucket(10)", INT, range(11, 25), Some(range(10, 20))),
        ("bucket(10)", INT, vec![1], Some(vec![1])),
        ("bucket(10)", INT, vec![0x18], Some(vec![0x18])),
        ("bucket(10)", INT, vec![0x80], None),
        ("bucket(10)", INT, range(11, 25)[..9].to_vec(), None),
        (
            "bucket(10)",
            INTS,
            ranges(&[range(11, 25), range(37, 40)]),
            Some(ranges(&[range(10, 20), range(30, 40)])),
        ),
        ("bucket(10)", INTS, int(-1).to_vec(), None),
        ("redact", ValueType::Hstore, hstore(b"x"), Some(hstore(b"[masked]"))),
        (
            "default",
            ValueType::TEXT_ARRAY,
            [&int(1)[..], &int(0), &int(25), &int(1), &int(1), &int(1), b"x"].concat(),
            Some([int(0), int(0), int(25)].concat()),
        ),
        ("default", ValueType::Bit, vec![0, 0, 0, 9, 0xFF, 0x80], Some(vec![0, 0, 0, 9, 0, 0])),
        ("default", ValueType::Bit, vec![0, 0, 1, 9, 0xFF, 0x80], None),
    ] {
        assert_eq!(whole(masking, ty, BINARY, &value), shown, "{masking} {ty:?} {value:?}");
    }
}

#[test]
fn equal_numbers_hash_alike_in_every_format() {
    let number = text("hash", ValueType::Int8, "4242").unwrap();
    assert_eq!(text("hash", ValueType::Numeric, "4242.00").unwrap(), number);
    let binary =
        whole("hash", ValueType::Numeric, BINARY, &[0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0x92]).unwrap();
    let again = whole("default", ValueType::Numeric, BINARY, &binary).unwrap();
    assert_eq!(again, [0; 8]);
    // A bucket of width 1 writes the same number anew, so both formats can be compared.
    let same = whole("bucket(1)", ValueType::Numeric, BINARY, &binary).unwrap();
    assert_eq!(same, binary);
    assert_eq!(
        whole("hash", ValueType::Int8, BINARY, &4242_i64.to_be_bytes()).unwrap(),
        number.parse::<i64>().unwrap().to_be_bytes()
    );
    let float = text("hash", ValueType::Float8, "1.5").unwrap();
    let binary = whole("hash", ValueType::Float8, BINARY, &1.5_f64.to_be_bytes()).unwrap();
    assert_eq!(float.parse::<f64>().unwrap().to_be_bytes().to_vec(), binary);
    assert_eq!(text("hash", ValueType::Float8, "0"), text("hash", ValueType::Float8, "-0"));
    assert_ne!(text("hash", ValueType::Int8, "1"), text("hash", ValueType::Int8, "2"));
}

#[test]
fn fake_numbers_and_uuids_keep_their_shape() {
    for number in ["123456.78", "-1000000", "0.123456", "98765432109876543210.5"] {
        let fake = text("format", ValueType::Numeric, number).unwrap();
        assert_eq!(fake.len(), number.len(), "{number} {fake}");
        assert_eq!(fake.find('.'), number.find('.'), "{number} {fake}");
        assert_ne!(fake, number);
    }
    assert_eq!(text("format", ValueType::Numeric, "999.99"), None);
    assert_eq!(text("format", ValueType::Int4, "99999"), None);
    assert_eq!(text("format", ValueType::Int8, "-9223372036854775808"), None);
    let fake = text("format", ValueType::Uuid, "550e8400-e29b-41d4-a716-446655440000").unwrap();
    assert!(fake.len() == 36 && &fake[14..15] == "4" && &fake[19..20] == "a", "{fake}");
}

#[test]
fn a_token_of_any_type_that_has_one_is_turned_back() {
    let keys = MaskKeys::derive(b"test");
    for (ty, format, value, inside) in [
        (ValueType::Text, TEXT, &b"078-05-1120"[..], &b"078-05-1120"[..]),
        (ValueType::Json, TEXT, b"\"a\\u0062\"", b"ab"),
        (ValueType::Json, TEXT, b"{\"a\":1}", b"{\"a\":1}"),
        (ValueType::Bytea, BINARY, b"\xFF\x00", b"\xFF\x00"),
    ] {
        let token = whole("token", ty, format, value).unwrap();
        let token = token.strip_prefix(b"\"").unwrap_or(&token);
        let token = token.strip_suffix(b"\"").unwrap_or(token);
        let (class, value) = detokenise(token, &keys).unwrap();
        assert_eq!((class.as_str(), &value[..]), ("us_ssn", inside));
    }
    assert_eq!(whole("token", ValueType::Int8, TEXT, b"1"), None);
}

#[test]
fn a_reader_that_expects_a_value_gets_one() {
    let masked = |masking, cell: Cell<'_>, value: &[u8]| {
        let mut out = Vec::new();
        let done = mask_cell(&operator(masking), &cell.not_null(true), value, &mut out);
        (done == Masked::Replaced).then(|| String::from_utf8(out).unwrap())
    };
    let text = |ty| Cell::new(ty, TEXT);
    const INTS: ValueType = ValueType::Array(&ValueType::Int4);
    for (masking, cell, value, shown) in [
        ("redact", text(ValueType::Int4), "42", Some("0")),
        ("keep_last(4)", text(ValueType::Int8), "42", Some("0")),
        ("bucket(10)", text(ValueType::Int2), "-32768", Some("0")),
        ("date_year", text(ValueType::Date), "infinity", Some("1970-01-01")),
        ("redact", text(ValueType::Uuid), "x", Some("00000000-0000-0000-0000-000000000000")),
        ("redact", text(ValueType::Inet), "10.0.0.1", Some("0.0.0.0")),
        ("redact", text(INTS), "{1,2}", Some("{\"0\",\"0\"}")),
        ("redact", text(INTS), "{1,2", Some("{}")),
        ("redact", text(ValueType::Record), "(1,2)", Some("(,)")),
        ("hash", text(ValueType::Bool), "t", Some("f")),
        ("redact", text(ValueType::Enum).labelled("sad"), "happy", Some("sad")),
        ("redact", text(ValueType::Enum), "happy", None),
        ("redact", text(ValueType::Other), "x", None),
        ("null", text(ValueType::Int4), "42", None),
        ("deny_row", text(ValueType::Int4), "42", None),
    ] {
        assert_eq!(masked(masking, cell, value.as_bytes()).as_deref(), shown, "{masking} {cell:?}");
    }
}

#[test]
fn a_rule_says_how_a_finding_inside_a_text_is_masked() {
    let keys = MaskKeys::derive(b"ours");
    let masked = |masking: &str| {
        let class = DataClass::new("credit_card").unwrap();
        let rules = [(class, masking.parse().unwrap())].into();
        let detectors = crate::detectors(&["credit_card"]).treated(Treatments::new(&rules, &keys));
        let mut out = Vec::new();
        assert!(detectors.mask_text(b"paid by 4111 1111 1111 1111, thanks", &mut out));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(masked("redact"), "paid by [masked], thanks");
    assert_eq!(masked("keep_last(2)"), "paid by **** **** **** **11, thanks");
    for no_part in ["tag", "null", "default", "deny_row", "bucket(10)", "date_year"] {
        assert_eq!(masked(no_part), "paid by [credit_card], thanks", "{no_part}");
    }
    for keyed in ["hash", "format", "token"] {
        let masked = masked(keyed);
        assert!(!masked.contains("1111 1111") && masked.ends_with(", thanks"), "{masked}");
    }
}
