use mask::{Classes, DataClass, Detectors, Masked, ValueFormat, ValueType};

use super::{all, detectors, masked};

fn json(text: &str) -> String {
    let mut out = Vec::new();
    match all().mask_value(ValueType::Json, ValueFormat::Text, text.as_bytes(), &mut out) {
        Masked::Kept => text.to_owned(),
        Masked::Replaced => String::from_utf8(out).unwrap(),
        Masked::Null => panic!("{text} became NULL"),
    }
}

#[test]
fn prose_is_masked_where_something_is_found_and_nowhere_else() {
    for (text, shown) in [
        ("", ""),
        ("nothing to see", "nothing to see"),
        (
            "Key (email)=(ann@example.com) already exists.",
            "Key (email)=(***@example.com) already exists.",
        ),
        (
            "Failing row contains (7, ann@example.com, 4242424242424242, 123-45-6789, 2024-01-02).",
            "Failing row contains (7, ***@example.com, ************4242, [us_ssn], 2024-01-02).",
        ),
        (
            "call +1 415 555 2671 from 10.0.0.1 about DE89 3704 0044 0532 0130 00",
            "call [phone] from [ip_address] about [iban]",
        ),
        (
            "50 % of 1,000 rows at 10:11:12 on 2024-01-02",
            "50 % of 1,000 rows at 10:11:12 on 2024-01-02",
        ),
    ] {
        assert_eq!(masked(&all(), text), shown);
    }
}

#[test]
fn bytes_that_are_no_text_are_searched_all_the_same() {
    let mut out = Vec::new();
    assert!(all().mask_text(b"\xFF 4242424242424242 \xC3", &mut out));
    assert_eq!(out, b"\xFF ************4242 \xC3");
    out.clear();
    assert!(all().mask_text(b"\0ann@example.com\0", &mut out));
    assert_eq!(out, b"\0***@example.com\0");
}

#[test]
fn only_the_wanted_classes_are_found() {
    let text = "ann@example.com 4242424242424242 10.0.0.1";
    assert_eq!(masked(&detectors(&["email"]), text), "***@example.com 4242424242424242 10.0.0.1");
    assert_eq!(
        masked(&detectors(&["ip_address"]), text),
        "ann@example.com 4242424242424242 [ip_address]"
    );
    assert_eq!(masked(&Detectors::none(), text), text);
    assert!(Detectors::none().is_none() && !all().is_none());
}

#[test]
fn detecting_a_class_that_cannot_be_found_is_an_error_that_names_those_that_can() {
    let classes: Classes = [DataClass::new("person_name").unwrap()].into();
    let error = Detectors::new(&classes).err().unwrap().to_string();
    assert!(
        error.contains("`person_name`") && error.contains("credit_card, email, us_ssn"),
        "{error}"
    );
}

#[test]
fn json_stays_json() {
    for (document, shown) in [
        (r#"{"a": 1}"#, r#"{"a": 1}"#),
        (r#"{"email": "ann@example.com"}"#, r#"{"email": "***@example.com"}"#),
        (r#"{"ann@example.com": [1, null, true]}"#, r#"{"***@example.com": [1, null, true]}"#),
        (r#"{"card":4242424242424242,"n":17}"#, r#"{"card":"************4242","n":17}"#),
        (r#"[4242424242424242]"#, r#"["************4242"]"#),
        (r#"4242424242424242"#, r#""************4242""#),
        (r#"-4242424242424242.5e10"#, r#"-4242424242424242.5e10"#),
        (r#"{"phone": 4155552671}"#, r#"{"phone": "[phone]"}"#),
        (r#"{"ssn": 123456789, "id": 123456789}"#, r#"{"ssn": "[us_ssn]", "id": 123456789}"#),
        (r#"{"ssn": "123456789"}"#, r#"{"ssn": "[us_ssn]"}"#),
        (r#""a\"b ann@example.com \\""#, r#""a\"b ***@example.com \\""#),
        (r#""\n4242424242424242\u0041""#, r#""\n4242424242424242\u0041""#),
        (r#""\n4242424242424242\t""#, r#""\n************4242\t""#),
        (r#""x \u0061nn@example.com""#, r#""x ***@example.com""#),
        (r#""\ud83d\ude00 ann@example.com""#, r#""😀 ***@example.com""#),
        (r#"{"k": "\/ 10.0.0.1"}"#, r#"{"k": "/ [ip_address]"}"#),
        (r#""\u0007 10.0.0.1""#, r#""\u0007 [ip_address]""#),
    ] {
        assert_eq!(json(document), shown);
        serde_json::from_str::<serde_json::Value>(shown).unwrap();
    }
}

#[test]
fn json_that_is_cut_or_broken_is_masked_too() {
    for (text, shown) in [
        (r#"{"email": "ann@example.com"#, r#"{"email": "***@example.com"#),
        (r#""ann@example.com \"#, r#""***@example.com \\"#),
        (r#""10.0.0.1 \u00"#, r#""[ip_address] �"#),
    ] {
        assert_eq!(json(text), shown);
    }
}
