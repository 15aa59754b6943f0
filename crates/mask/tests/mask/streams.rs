use std::sync::Arc;

use mask::{DataClass, Detectors, Document, DocumentRules, NotJson};

use super::{all, detectors, operator};

fn class(name: &str) -> DataClass {
    DataClass::new(name).unwrap()
}

pub(super) fn none() -> DocumentRules {
    DocumentRules::new(Arc::new(Detectors::none()))
}

/// What the five commonest classes find.
fn five() -> DocumentRules {
    let five = ["credit_card", "email", "us_ssn", "iban", "phone"];
    DocumentRules::new(Arc::new(detectors(&five)))
}

pub(super) fn at(rules: DocumentRules, path: &str, masking: &str) -> DocumentRules {
    rules.path(path.parse().unwrap(), class("us_ssn"), operator(masking))
}

fn named(rules: DocumentRules, name: &str, masking: &str) -> DocumentRules {
    rules.name(name, class("us_ssn"), operator(masking))
}

/// What comes out of a document in these pieces, and why no more.
pub(super) fn streamed<'t>(
    rules: &Arc<DocumentRules>,
    pieces: impl IntoIterator<Item = &'t [u8]>,
) -> (Vec<u8>, Result<(), NotJson>) {
    let (mut document, mut out) = (Document::new(Arc::clone(rules)), Vec::new());
    for piece in pieces {
        let length = out.len();
        if let Err(why) = document.feed(piece, &mut out) {
            let length = out.len();
            assert_eq!(document.feed(b" ", &mut out), Err(why));
            assert_eq!(document.end(&mut out), Err(why));
            assert_eq!((out.len(), document.held()), (length, 0));
            return (out, Err(why));
        }
        assert!(out.len() >= length);
    }
    let done = document.end(&mut out);
    (out, done)
}

/// The same, however it is cut.
fn cut(rules: DocumentRules, json: &[u8]) -> (String, Result<(), NotJson>) {
    let rules = Arc::new(rules);
    let whole = streamed(&rules, [json]);
    for at in 0..=json.len() {
        let (front, behind) = json.split_at(at);
        let out = streamed(&rules, [front, behind]);
        assert_eq!(out, whole, "{at} of {}", String::from_utf8_lossy(json));
    }
    for size in 1..9 {
        let out = streamed(&rules, json.chunks(size));
        assert_eq!(out, whole, "{size} of {}", String::from_utf8_lossy(json));
    }
    (String::from_utf8_lossy(&whole.0).into_owned(), whole.1)
}

fn check(rules: DocumentRules, json: &str, shown: &str) {
    assert_eq!(cut(rules, json.as_bytes()), (shown.to_owned(), Ok(())), "{json}");
}

#[test]
fn what_stands_at_a_path_is_masked_and_every_other_byte_kept() {
    for (path, masking, json, shown) in [
        (
            "$.customers[*].ssn",
            "keep_last(4)",
            r#"{ "customers" : [{"ssn":"078-05-1120", "ssn2": "x"} , {"ssn":7}], "ssn": "y" }"#,
            r#"{ "customers" : [{"ssn":"***-**-1120", "ssn2": "x"} , {"ssn":"[masked]"}], "ssn": "y" }"#,
        ),
        ("$[1]", "null", "[1, 2 ,3]\n", "[1, null ,3]\n"),
        ("$[1].a", "redact", r#"[{"a":1},{"a":2}]"#, r#"[{"a":1},{"a":"[masked]"}]"#),
        ("$", "redact", " [1] ", " \"[masked]\" "),
        ("$", "bucket(10)", "17", "10"),
        (
            "$.*",
            "default",
            r#"{"a":true,"b":[1,[2]],"c":"x","d":{"a":1}}"#,
            r#"{"a":false,"b":[],"c":"","d":{}}"#,
        ),
        (
            "$.a",
            "tag",
            r#"{"\u0061":{"a":["x"]},"a":null}"#,
            r#"{"\u0061":"[us_ssn]","a":"[us_ssn]"}"#,
        ),
        (
            "$.a.b",
            "redact",
            r#"{"a":[{"b":1}],"a":{"a":{"b":2}}}"#,
            r#"{"a":[{"b":1}],"a":{"a":{"b":2}}}"#,
        ),
    ] {
        check(at(none(), path, masking), json, shown);
    }
}

#[test]
fn a_name_is_masked_wherever_it_stands_and_however_it_is_written() {
    for (json, shown) in [
        (r#"{"ssn":"1","a":[{"SSN":2}]}"#, r#"{"ssn":"[masked]","a":[{"SSN":"[masked]"}]}"#),
        (
            r#"{"\u0073sn":"1","s\u0053\u006e" : 2}"#,
            r#"{"\u0073sn":"[masked]","s\u0053\u006e" : "[masked]"}"#,
        ),
        (r#"{"ssn":"a","ssn":"b"}"#, r#"{"ssn":"[masked]","ssn":"[masked]"}"#),
        (r#"{"ssn":{"b":[1,{"ssn":2}]},"ssnx":3}"#, r#"{"ssn":"[masked]","ssnx":3}"#),
        (r#"{"ssn":[[[[]]],"]","\"}"] ,"b":"ssn"}"#, r#"{"ssn":"[masked]" ,"b":"ssn"}"#),
        (r#"["ssn",{"\ud800ssn":1,"ss\u0000n":1}]"#, r#"["ssn",{"\ud800ssn":1,"ss\u0000n":1}]"#),
    ] {
        check(named(none(), "ssn", "redact"), json, shown);
        check(named(five(), "Ssn", "redact"), json, shown);
    }
}

#[test]
fn where_rules_meet_the_strictest_holds_and_each_class_counts() {
    let rules = at(named(none(), "a", "keep_last(4)"), "$.a", "hash").name(
        "A",
        class("health"),
        operator("null"),
    );
    let rules = Arc::new(rules);
    let (mut document, mut out) = (Document::new(rules), Vec::new());
    document.feed(br#"{"a":"123456","b":{"a":"x"}}"#, &mut out).unwrap();
    assert_eq!(out, br#"{"a":null,"b":{"a":null}}"#);
    let counts: Vec<_> = document.counts().iter().map(|(c, n)| (c.as_str(), *n)).collect();
    assert_eq!(counts, [("health", 2), ("us_ssn", 2)]);
}

#[test]
fn what_is_found_in_strings_names_and_numbers_is_masked() {
    for (json, shown) in [
        (r#"{"m":"to ann@example.com, 4242"}"#, r#"{"m":"to ***@example.com, 4242"}"#),
        (r#"{"ann@example.com":4242424242424242}"#, r#"{"***@example.com":"************4242"}"#),
        (r#"{"m":"say \"ann\u0040example.com\"\n"}"#, r#"{"m":"say \"***@example.com\"\n"}"#),
        (r#"{"ssn": 123456789, "id": 123456789}"#, r#"{"ssn": "[us_ssn]", "id": 123456789}"#),
        (r#"{"\u0073\u0073n": 123456789}"#, r#"{"\u0073\u0073n": "[us_ssn]"}"#),
        (
            r#"{"phone":["4155552671"], "x": "4155552671"}"#,
            r#"{"phone":["[phone]"], "x": "4155552671"}"#,
        ),
        (r#"[12,4242424242424242,-1.5e3]"#, r#"[12,"************4242",-1.5e3]"#),
        ("{\"é\":\"für ann@example.com 漢\"}", "{\"é\":\"für ***@example.com 漢\"}"),
        (
            r#"["078-05-1120","DE89370400440532013000","\ud800"]"#,
            r#"["[us_ssn]","[iban]","\ud800"]"#,
        ),
    ] {
        check(five(), json, shown);
    }
}

#[test]
fn findings_are_counted_by_class() {
    let (mut document, mut out) = (Document::new(Arc::new(five())), Vec::new());
    document
        .feed(br#"["ann@example.com bob@example.com","078-05-1120"] 4242424242424242"#, &mut out)
        .unwrap();
    assert!(!out.ends_with(b"4242"), "a number may go on");
    document.end(&mut out).unwrap();
    let counts: Vec<_> = document.counts().iter().map(|(c, n)| (c.as_str(), *n)).collect();
    assert_eq!(counts, [("credit_card", 1), ("email", 2), ("us_ssn", 1)]);
}

#[test]
fn several_documents_are_masked_as_each_alone() {
    let lines = [r#"{"ssn":"x","n":"the ssn"}"#, "123456789", "[]", r#""ann@example.com""#, "null"];
    let rules = || named(five(), "ssn", "redact");
    let alone = lines.map(|line| cut(rules(), line.as_bytes()).0);
    for space in ["\n", " ", "\r\n\r\n", "\t"] {
        check(rules(), &lines.join(space), &alone.join(space));
    }
    check(rules(), "", "");
    check(rules(), " \r\n\t", " \r\n\t");
}

/// What stands in front of the fault comes out, and nothing behind.
#[test]
fn what_is_no_json_is_refused_at_its_first_wrong_byte() {
    use NotJson::{NotUtf8, Unended, Unexpected};
    for (json, shown, why) in [
        (&b"{\"a\":1,}"[..], "{\"a\":1,", Unexpected(7)),
        (b"{}{}", "{}", Unexpected(2)),
        (b"[1 2]", "[1 ", Unexpected(3)),
        (b"[01]", "[0", Unexpected(2)),
        (b"[1.]", "[", Unexpected(3)),
        (b"{a:1}", "{", Unexpected(1)),
        (b"[}", "[", Unexpected(1)),
        (b"[,1]", "[", Unexpected(1)),
        (b"[1,]", "[1,", Unexpected(3)),
        (b"]", "", Unexpected(0)),
        (b"[tru ]", "[tru", Unexpected(4)),
        (b"truex", "true", Unexpected(4)),
        (b"[\"a\\x\"]", "[", Unexpected(4)),
        (b"[\"\\u12G4\"]", "[", Unexpected(6)),
        (b"[\"a\tb\"]", "[", Unexpected(3)),
        (b"[\"\xC0\xAF\"]", "[", NotUtf8(2)),
        (b"[\"\xED\xA0\x80\"]", "[", NotUtf8(3)),
        (b"[\"\xE9\"]", "[", NotUtf8(3)),
        (b"\xEF\xBB\xBF{}", "", Unexpected(0)),
        (b"\xFF\xFE{\0}\0", "", Unexpected(0)),
        (b"{\0}\0", "{", Unexpected(1)),
        (b"\0{\0}", "", Unexpected(0)),
        (b"[\"no end", "[", Unended(8)),
        (b"[\"no end\\", "[", Unended(9)),
        (b"{\"a\":", "{\"a\":", Unended(5)),
        (b"[[1]", "[[1]", Unended(4)),
        (b"-", "", Unended(1)),
        (b"{\"ssn\":[1,}", "{\"ssn\":", Unexpected(10)),
        (b"{\"ssn\":[1", "{\"ssn\":", Unended(9)),
        (b"{\"ssn\" 1", "{\"ssn\" ", Unexpected(7)),
        (b"[NaN]", "[", Unexpected(1)),
        (b"{'a':1}", "{", Unexpected(1)),
        (b"[1] // x", "[1] ", Unexpected(4)),
    ] {
        let out = cut(named(five(), "ssn", "hash"), json);
        assert_eq!(out, (shown.to_owned(), Err(why)), "{}", String::from_utf8_lossy(json));
        assert_eq!(cut(none(), json).1, Err(why), "{}", String::from_utf8_lossy(json));
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let middle = if open == "[" { "" } else { "1" };
        let nested = |deep: usize| format!("{}{middle}{}", open.repeat(deep), close.repeat(deep));
        let rules = || at(five(), "$.b", "redact");
        check(rules(), &nested(512), &nested(512));
        let deep = nested(513);
        let place = (512 * open.len()) as u64;
        assert_eq!(cut(rules(), deep.as_bytes()).1, Err(NotJson::TooDeep(place)));
        let masked = at(none(), "$", "redact");
        assert_eq!(cut(masked, deep.as_bytes()).1, Err(NotJson::TooDeep(place)));
    }
}

/// A mebibyte and more.
fn long() -> usize {
    (1 << 20) + 10
}

fn bounded(rules: DocumentRules, pieces: &[&[u8]]) -> (Vec<u8>, Result<(), NotJson>, u64) {
    let (mut document, mut out) = (Document::new(Arc::new(rules)), Vec::new());
    for piece in pieces {
        if let Err(why) = document.feed(piece, &mut out) {
            return (out, Err(why), document.unread());
        }
        assert!(document.held() <= 1 << 20);
    }
    let done = document.end(&mut out);
    (out, done, document.unread())
}

#[test]
fn what_is_too_long_to_be_searched_is_masked_altogether() {
    let text = "x".repeat(long());
    let digits = "1".repeat(long());
    let json = format!("[\"{text}\",{digits},\"ann@example.com\"]");
    for size in [1000, 70_000, json.len()] {
        let pieces: Vec<_> = json.as_bytes().chunks(size).collect();
        let (out, done, unread) = bounded(five(), &pieces);
        let shown = r#"["[masked]","[masked]","***@example.com"]"#;
        assert_eq!((String::from_utf8(out).unwrap().as_str(), done, unread), (shown, Ok(()), 2));
        let (out, done, unread) = bounded(none(), &pieces);
        assert_eq!((out == json.as_bytes(), done, unread), (true, Ok(()), 0));
        let (out, ..) = bounded(at(none(), "$[0]", "keep_last(2)"), &pieces);
        assert!(out.starts_with(b"[\"[masked]\",111"));
        let json = format!("{{\"a\":1,\"{text}\":1}}");
        let pieces: Vec<_> = json.as_bytes().chunks(size).collect();
        let (out, done, _) = bounded(five(), &pieces);
        assert_eq!((&*out, done), (&b"{\"a\":1,"[..], Err(NotJson::LongName(7))), "{size}");
    }
}

#[test]
fn a_large_object_is_masked_without_being_held() {
    let object = format!("{{\"a\":[{}\"x\"]}}", "\"078-05-1120\", ".repeat(200_000));
    let json = format!("{{\"ssn\":{object},\"b\":2}}");
    let pieces: Vec<_> = json.as_bytes().chunks(5000).collect();
    for (masking, shown) in [
        ("redact", "\"[masked]\""),
        ("keep_last(4)", "\"[masked]\""),
        ("hash", "\"[masked]\""),
        ("null", "null"),
        ("tag", "\"[us_ssn]\""),
        ("default", "{}"),
    ] {
        let (out, done, unread) = bounded(named(five(), "ssn", masking), &pieces);
        let shown = format!("{{\"ssn\":{shown},\"b\":2}}");
        assert_eq!((String::from_utf8(out).unwrap(), done), (shown, Ok(())));
        assert_eq!(unread, u64::from(masking == "hash"));
    }
}

#[test]
fn everything_that_can_be_found_is_found_in_a_document_too() {
    let rules = DocumentRules::new(Arc::new(all()));
    let json = r#"{"password":"AKIAIOSFODNN7EXAMPLE","k":"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"}"#;
    check(rules, json, r#"{"password":"[cloud_key]","k":"[private_key]"}"#);
}
