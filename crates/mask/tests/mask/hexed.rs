use mask::{Masked, ValueFormat, ValueType};

use super::{all, detectors, masked};

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn bytes_in_a_text_are_read_as_the_text_they_are() {
    let all = all();
    for (secret, class) in [
        ("4242 4242 4242 4242", "credit_card"),
        ("card 4242424242424242 of Ann", "credit_card"),
        ("ssn 123-45-6789", "us_ssn"),
        ("ann.lee@example.com", "email"),
        ("a@b.cc", "email"),
    ] {
        let (digits, tag) = (hex(secret), hex(&format!("[{class}]")));
        for (before, after) in [
            ("\\x", ""),
            ("\\\\x", ""),
            ("7\t\\\\x", "\tpaid"),
            ("7,\"\\x", "\",paid"),
            ("Failing row contains (7, \\x", ", null)."),
            ("(7,\"\\\\x", "\")"),
        ] {
            let text = format!("{before}{digits}{after}");
            assert_eq!(masked(&all, &text), format!("{before}{tag}{after}"), "{secret}");
            let upper = format!("{before}{}{after}", digits.to_uppercase());
            assert_eq!(masked(&all, &upper), format!("{before}{tag}{after}"), "{secret}");
        }
        // Cut inside of a byte, as a message cuts it.
        assert_eq!(masked(&all, &format!("\\x{digits}7...")), format!("\\x{tag}..."));
    }
}

#[test]
fn bytes_in_bytes_are_read_too() {
    let inner = format!("\\x{}", hex("ssn 123-45-6789"));
    assert_eq!(masked(&all(), &format!("\\x{}", hex(&inner))), format!("\\x{}", hex("[us_ssn]")));
}

#[test]
fn bytes_that_hold_nothing_stay() {
    let all = all();
    for digits in ["", "00", "34343434343434", "deadbeefdeadbeefdeadbeefdeadbeef"] {
        let text = format!("value \\x{digits}, C:\\x\\y");
        assert_eq!(masked(&all, &text), text);
    }
    let text = format!("\\x{}", hex("4242424242424242"));
    assert_eq!(masked(&detectors(&["email"]), &text), text);
}

#[test]
fn what_else_stands_in_the_text_is_found_beside_it() {
    let text = format!("ann@example.com \\x{} 123-45-6789", hex("4242424242424242"));
    let shown = format!("***@example.com \\x{} [us_ssn]", hex("[credit_card]"));
    assert_eq!(masked(&all(), &text), shown);
    assert_eq!(masked(&all(), &shown), shown);
}

#[test]
fn bytes_in_json_arrays_and_rows_are_read() {
    let digits = hex("4242424242424242");
    let values = [
        (ValueType::Json, format!("{{\"photo\": \"\\\\x{digits}\"}}")),
        (ValueType::Record, format!("(7,\"\\\\x{digits}\")")),
        (ValueType::TEXT_ARRAY, format!("{{\"\\\\x{digits}\"}}")),
    ];
    for (ty, value) in values {
        let mut out = Vec::new();
        let done = all().mask_value(ty, ValueFormat::Text, value.as_bytes(), &mut out);
        let shown = String::from_utf8(out).unwrap();
        assert_eq!(done, Masked::Replaced, "{value}");
        assert_eq!(shown, value.replace(&digits, &hex("[credit_card]")));
    }
}
