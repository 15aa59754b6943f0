//! Nothing a value holds makes a scan look at its bytes more than a fixed number of times.

use super::phone::calls;
use super::text::reads;
use super::{Kind, Kinds, Plan, Scan};
use crate::{ClassDefinition, Classes, DataClass, Detectors};

const LENGTH: usize = 64 * 1024;

/// The most times a byte may be looked at, over all detectors together.
const MOST_READS: usize = 32;

const UNITS: [&str; 128] = [
    ".",
    "-",
    "@",
    ":",
    "0",
    "1",
    "4",
    "6",
    "9",
    " ",
    "+",
    "(",
    "a",
    "A",
    "_",
    "/",
    "%",
    "=",
    "\0",
    "é",
    "eyJ",
    "eyJ.",
    "ey-",
    "ey.",
    "1.",
    "1.1",
    "0 ",
    "1 ",
    "01 ",
    "012 ",
    "0123 ",
    "4444 ",
    "4-4",
    "4242-",
    "123 ",
    "123-45-",
    "123-45-6789-",
    "+1",
    "+1 ",
    "+49",
    "+49 3",
    "+4420718387501 ",
    "+44 (0)20 ",
    "0049 ",
    "0049301234567 ",
    "00 ",
    "00 44 20 ",
    "011 44 ",
    "(415) 555-2671x",
    "x1",
    "aa.bbb.1",
    "abcdefgh/1",
    "ABCDEFGHIJKLMNOPQR1",
    "(",
    "(0",
    "(030)",
    "a@",
    "@a",
    "@a.",
    "a@b.",
    "a.b@",
    "a@b.c,",
    "x@y.zz",
    "::",
    ":1",
    "1:",
    "f:",
    "1:2:",
    "abcd:",
    "::1 ",
    "1::",
    "-----",
    "----- ",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY",
    "-END ",
    "sk-",
    "s-",
    "s_",
    "sk_live_",
    "ghp_",
    "AKIA",
    "AKIA ",
    "SG.",
    "hvs.",
    "xoxb-",
    "glpat-",
    "AIza",
    "sig=",
    "sig=a",
    "://",
    "a://",
    "http://",
    "http://a",
    "http://a@",
    "a://b:c@",
    "a:",
    "MTIz.",
    "hooks.slack.com/services/",
    "a/",
    "a+",
    "DE89",
    "DE89 ",
    "AT89 ",
    "LC89 ",
    "GT89 ",
    "GB82 WEST ",
    "ssn 1234567 ",
    "ssn 123456789",
    "tel 1234567 ",
    "phone",
    "phone 1234567",
    "phone 12 ",
    "12-34-",
    "2024-01-02 ",
    "10.0.0.1",
    "10.0.0.1 ",
    "1234567890123456789",
    "123456789012345678 ",
    "550e8400-e29b-41d4-a716-446655440000",
    "aws_secret",
    "4242424242424242@",
    "4242424242424242.",
    "4242424242424242",
    "4242424242424242 ",
    "4242 4242 4242 4242 ",
    "4242 4242 4242 424 ",
];

fn check(unit: &str) {
    let kinds = Kind::all().fold(Kinds::default(), Kinds::with);
    let plan = Plan::new(kinds);
    let text = unit.repeat(LENGTH.div_ceil(unit.len()));
    let (_, count) = reads::during(|| Scan::new(&plan, &[], text.as_bytes()).count());
    assert!(count <= MOST_READS * text.len(), "{unit:?}: {} reads a byte", count / text.len());
}

#[test]
fn a_scan_is_linear_whatever_a_value_holds() {
    UNITS.into_iter().for_each(check);
}

#[test]
fn a_long_value_behind_a_beginning_is_read_once() {
    for beginning in
        ["eyJhbGciOiJIUzI1NiJ9.", "-----BEGIN PRIVATE KEY-----", "ghp_", "sk-", "a@", "+49 "]
    {
        for filler in ["a", "0", "a.", "a-", "4 "] {
            check(&format!("{beginning}{}", filler.repeat(LENGTH / 2)));
        }
    }
}

/// A call of the library of telephone numbers costs as much as a hundred bytes: it is asked when detectors are made.
#[test]
fn no_cell_calls_the_library_of_telephone_numbers() {
    let plan = Plan::new(Kinds::default().with(Kind::Phone));
    let before = calls::count();
    for unit in UNITS.into_iter().chain(["(415) 555-2671 ", "+49 30 901820 ", "tel 4155552671 "]) {
        let text = unit.repeat(LENGTH / unit.len());
        Scan::new(&plan, &[], text.as_bytes()).for_each(drop);
    }
    assert_eq!(calls::count(), before);
}

/// The ways around the one pass: text that folds, bytes in hexadecimal, classes that a house defines.
const AROUND: [&str; 12] = [
    "４",
    "４２ ",
    "%34",
    "%40a",
    "4\u{200B}",
    "\\",
    "\\x",
    "\\x343434343434",
    "\\x3432343234323432343234323432343234",
    "5c78",
    "acme-1234 ",
    "acme",
];

/// What a fold and a definition read is not counted; what is scanned because of them is.
#[test]
fn masking_is_linear_whatever_a_value_holds() {
    let own = DataClass::new("badge").unwrap();
    let definition = std::sync::Arc::new(ClassDefinition {
        class: own.clone(),
        pattern: Some("acme-[0-9]{4}".to_owned()),
        dictionary: vec!["acme".to_owned(), "4444".to_owned()],
        what: "A badge".to_owned(),
        checksum: None,
        context: Vec::new(),
    });
    let mut classes: Classes = Kind::all().filter_map(|kind| DataClass::new(kind.name())).collect();
    classes.insert(own);
    let all = Detectors::with_definitions(&classes, &[definition]).unwrap();
    let mut out = Vec::new();
    for unit in UNITS.into_iter().chain(AROUND) {
        for (front, behind) in [("", ""), ("%41 ", " ４"), ("\\x", "")] {
            let text = format!("{front}{}{behind}", unit.repeat((LENGTH / 4).div_ceil(unit.len())));
            out.clear();
            let (_, count) = reads::during(|| all.mask_text(text.as_bytes(), &mut out));
            // The text, what it folds to, and its bytes: once and a half more, bytes in bytes with them.
            let most = 3 * MOST_READS * text.len();
            assert!(count <= most, "{front}{unit:?}: {} reads a byte", count / text.len());
            assert!(out.len() <= 16 * text.len() + 64, "{front}{unit:?}: {} bytes", out.len());
        }
    }
}
