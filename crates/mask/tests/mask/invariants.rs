use mask::{Masked, ValueFormat, ValueType, catalogue};
use proptest::prelude::*;

use super::{all, masked};

const FOUND: [&str; 14] = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "3782-822463-10005",
    "ann.lee@example.com",
    "123-45-6789",
    "GB82 WEST 1234 5698 7654 32",
    "DE89370400440532013000",
    "+1 (415) 555-2671",
    "030 90182012",
    "203.0.113.9",
    "2001:db8::1",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.",
    "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
];

/// Words and separators that prose is made of, and pieces of what is looked for.
fn filler() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ,;\n]{0,12}",
        Just(" order 4242 of 2024-01-02 ".to_owned()),
        Just(" a@b ::1x 1.2.3 -- ey. ".to_owned()),
        Just(" \"quoted\" {x} (y) ".to_owned()),
    ]
    .prop_map(|text| format!(" {text} "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_was_found_is_gone_and_masking_again_changes_nothing(
        parts in prop::collection::vec((filler(), prop::sample::select(FOUND.to_vec())), 1..5),
        end in filler(),
    ) {
        let text: String = parts.iter().map(|(filler, found)| format!("{filler}{found}")).collect();
        let text = text + &end;
        let shown = masked(&all(), &text);
        for (_, found) in &parts {
            prop_assert!(!shown.contains(found), "{found} in {shown:?}");
        }
        prop_assert_eq!(masked(&all(), &shown), shown);
    }

    #[test]
    fn findings_are_in_order_and_inside_the_text(text in "[0-9a-f@:. +()A-Zeyk_-]{0,200}") {
        let mut at = 0;
        for finding in all().find(text.as_bytes()) {
            prop_assert!(at <= finding.start && finding.start < finding.end);
            prop_assert!(finding.end <= text.len());
            at = finding.end;
        }
    }

    #[test]
    fn a_text_that_is_utf_8_stays_utf_8(text in "[é€@.a1 -]{0,60}") {
        let mut out = Vec::new();
        all().mask_text(text.as_bytes(), &mut out);
        prop_assert!(String::from_utf8(out).is_ok());
    }

    #[test]
    fn json_stays_json_whatever_it_holds(
        parts in prop::collection::vec(("[\\PC\\n\\\\\"]{0,10}", prop::sample::select(FOUND.to_vec())), 0..4),
        number in any::<u64>(),
    ) {
        let strings: Vec<_> = parts.iter().map(|(text, found)| format!("{text} {found} {text}")).collect();
        let json = serde_json::json!({"list": strings, "n": number, "card": 4_242_424_242_424_242_u64}).to_string();
        let mut out = Vec::new();
        let done = all().mask_value(ValueType::Json, ValueFormat::Text, json.as_bytes(), &mut out);
        prop_assert_eq!(done, Masked::Replaced);
        let masked: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(masked["list"].as_array().unwrap().len(), strings.len());
        let list = masked["list"].to_string();
        for (_, found) in &parts {
            prop_assert!(!list.contains(found));
        }
    }

    #[test]
    fn no_bytes_of_any_type_make_it_panic(value in prop::collection::vec(any::<u8>(), 0..300), oid in 0_u32..4000) {
        let ty = ValueType::from_postgres(oid);
        for format in [ValueFormat::Text, ValueFormat::Binary] {
            let mut out = Vec::new();
            all().mask_value(ty, format, &value, &mut out);
            for info in catalogue() {
                mask::mask_value(&info.operator, ty, format, &value, &mut out);
            }
        }
    }
}
