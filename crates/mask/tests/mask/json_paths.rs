use mask::{JsonPath, Masked, Operator, ValueFormat, ValueType, mask_json_paths};
use proptest::prelude::*;

use super::operator;

fn paths(of: &[(&str, &str)]) -> Vec<(JsonPath, Operator)> {
    of.iter().map(|(path, masking)| (path.parse().unwrap(), operator(masking))).collect()
}

/// The document with the values at these paths masked; `None` when nothing stands there.
fn masked(of: &[(&str, &str)], json: &str) -> Option<String> {
    let mut out = b"row".to_vec();
    let done =
        mask_json_paths(&paths(of), ValueType::Json, ValueFormat::Text, json.as_bytes(), &mut out);
    let out = String::from_utf8(out).unwrap().strip_prefix("row").unwrap().to_owned();
    match done {
        Masked::Replaced => Some(out),
        Masked::Kept => {
            assert_eq!(out, "");
            None
        }
        Masked::Null => panic!("a document became NULL"),
    }
}

#[test]
fn what_stands_at_a_path_is_masked_and_every_other_byte_kept() {
    for (path, masking, json, shown) in [
        (
            "$.customer.ssn",
            "keep_last(4)",
            r#"{ "customer" : {"ssn":"078-05-1120", "ssn2": "x"}, "ssn": "y" }"#,
            r#"{ "customer" : {"ssn":"***-**-1120", "ssn2": "x"}, "ssn": "y" }"#,
        ),
        (
            "$.items[*].card",
            "redact",
            r#"{"items":[{"card":1e5},{"card":[2,3]},{"no":4}],"card":5}"#,
            r#"{"items":[{"card":"[masked]"},{"card":"[masked]"},{"no":4}],"card":5}"#,
        ),
        ("$['a b'][0]", "tag", r#"{"a b":["x","y"]}"#, r#"{"a b":["[us_ssn]","y"]}"#),
        (r"$['it\'s']", "default", r#"{"it's":[1]}"#, r#"{"it's":[]}"#),
        ("$.*", "bucket(10)", r#"{"a":42,"b":-1.5,"c":"17"}"#, r#"{"a":40,"b":-10,"c":"10"}"#),
        ("$[1]", "null", "[1, 2 ,3]", "[1, null ,3]"),
        ("$", "redact", " [1] ", " \"[masked]\" "),
        ("$.a", "redact", r#"{"\u0061":"x","a":"y"}"#, r#"{"\u0061":"[masked]","a":"[masked]"}"#),
        ("$.é", "default", r#"{"é":true}"#, r#"{"é":false}"#),
        ("$.a", "format", r#"{"a":"12-\"3456"}"#, ""),
    ] {
        let result = masked(&[(path, masking)], json).unwrap();
        if shown.is_empty() {
            let value: serde_json::Value = serde_json::from_str(&result).unwrap();
            assert_eq!(value["a"].as_str().unwrap().len(), 8, "{result}");
        } else {
            assert_eq!(result, shown, "{path}");
        }
    }
}

#[test]
fn nothing_at_a_path_changes_nothing() {
    for (path, json) in [
        ("$.a", r#"{"b":1}"#),
        ("$.a.b", r#"{"a":[{"b":1}]}"#),
        ("$[0]", r#"{"0":1}"#),
        ("$.a[0]", r#"{"a":{"0":1}}"#),
        ("$[3]", "[1,2,3]"),
        ("$.a", "\"a\""),
    ] {
        assert_eq!(masked(&[(path, "redact")], json), None, "{path}");
    }
    assert_eq!(masked(&[], "{"), None);
}

#[test]
fn where_paths_meet_the_strictest_holds() {
    let json = r#"{"a":{"b":"078-05-1120"}}"#;
    let two = [("$.a.b", "keep_last(4)"), ("$.*.b", "redact")];
    assert_eq!(masked(&two, json).unwrap(), r#"{"a":{"b":"[masked]"}}"#);
    let nested = [("$.a.b", "keep_last(4)"), ("$.a", "null")];
    assert_eq!(masked(&nested, json).unwrap(), r#"{"a":null}"#);
}

#[test]
fn what_is_no_json_is_masked_whole() {
    let deep = "[".repeat(5000);
    let nested = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    for json in [
        "",
        "{",
        "{\"a\"",
        "{\"a\":1",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "\"a",
        "\"a\\\"",
        "tru",
        "01",
        "-",
        "1.",
        "1e",
        "[1]x",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        &deep,
        &nested,
    ] {
        let shown = masked(&[("$.secret", "null")], json);
        assert_eq!(shown.as_deref(), Some("\"[masked]\""), "{json}");
    }
}

#[test]
fn binary_jsonb_keeps_its_version() {
    let mut out = Vec::new();
    let mut mask = |value: &[u8]| {
        out.clear();
        let paths = paths(&[("$.a", "redact")]);
        let done = mask_json_paths(&paths, ValueType::Jsonb, ValueFormat::Binary, value, &mut out);
        (done, out.clone())
    };
    assert_eq!(mask(b"\x01{\"a\":1}"), (Masked::Replaced, b"\x01{\"a\":\"[masked]\"}".to_vec()));
    assert_eq!(mask(b"\x01{\"b\":1}"), (Masked::Kept, vec![]));
    assert_eq!(mask(b"\x02{\"a\":1}"), (Masked::Null, vec![]));
    assert_eq!(mask(b"\x01{"), (Masked::Replaced, b"\x01\"[masked]\"".to_vec()));
}

#[test]
fn what_is_no_path_is_refused_with_an_example() {
    for path in [
        "", "a", "$a", "$.", "$..a", "$[", "$['a]", "$[-1]", "$[a]", "$[?@.a]", "$.a b", "$[0",
        "$[]",
    ] {
        match JsonPath::parse(path) {
            Err(error) => assert!(error.to_string().contains("$.items[*].card")),
            Ok(path) => panic!("{path:?}"),
        }
    }
    assert!(JsonPath::parse(&format!("${}", ".a".repeat(65))).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_it_writes_is_json(
        value in "[\\[\\]{}:,\"\\\\a0-1.e \u{e9}-]{0,60}",
        masking in prop::sample::select(vec!["redact", "keep_last(1)", "format", "null", "token", "hash"]),
    ) {
        let paths = paths(&[("$.a", masking), ("$[*].a", masking), ("$.a[0]", masking)]);
        let mut out = Vec::new();
        let done = mask_json_paths(&paths, ValueType::Json, ValueFormat::Text, value.as_bytes(), &mut out);
        if done == Masked::Replaced {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok(), "{value}");
        } else {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok(), "{value}");
        }
    }
}
