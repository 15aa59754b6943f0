//! A document in pieces comes out as it does at once and as values of a database do, whatever it holds.

use std::sync::Arc;

use mask::{DataClass, DocumentRules, JsonPath, Masked, ValueFormat, ValueType, mask_json_paths};
use proptest::prelude::*;

use super::streams::{none, streamed};
use super::{all, operator};

const PATHS: [&str; 7] = ["$.a", "$.a.b", "$[*].a", "$.*", "$[1]", "$.b[*]", "$.a[0].b"];
const MASKINGS: [&str; 8] =
    ["redact", "keep_last(2)", "null", "default", "hash", "tag", "bucket(10)", "token"];

/// Pieces of what is inside of strings.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "ann@example.com",
        "4242424242424242",
        "4242 4242 4242 4242",
        "ssn 123456789",
        "078-05-1120",
        "tel ",
        "415-555-2671",
        "é",
        "漢字",
        "😀",
        "４２４２",
        "%40",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u0040",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud800",
        " ",
        "a",
        "B",
        "12",
        "x",
        "a text that is somewhat longer and holds nothing",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..5)
        .prop_map(|pieces| pieces.concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n", "\t \r\n"])
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["a", "b", "c", "ssn", "phone", "iban", ""])
            .prop_map(str::to_owned),
        text().prop_filter("escapes in a name tell more here", |text| !text.contains('\\')),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let numbers =
        ["0", "-1", "42", "1.5e10", "4242424242424242", "123456789", "4155552671", "17.25"];
    let leaf = prop_oneof![
        text().prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(numbers.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
        let member = (space(), name(), space(), inner, space())
            .prop_map(|(a, name, b, value, c)| format!("{a}\"{name}\"{b}:{c}{value}{b}"));
        prop_oneof![
            prop::collection::vec(element, 0..5).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

fn class(name: &str) -> DataClass {
    DataClass::new(name).unwrap()
}

fn rules(of: &[(&str, &str)], mut rules: DocumentRules) -> DocumentRules {
    for (path, masking) in of {
        rules = rules.path(path.parse().unwrap(), class("us_ssn"), operator(masking));
    }
    rules
}

/// A text cut at some places.
fn pieces<'t>(text: &'t [u8], cuts: &[prop::sample::Index]) -> Vec<&'t [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().copied().chain([text.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    starts.zip(ends).map(|(start, end)| &text[start..end]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn paths_mask_in_pieces_what_they_mask_at_once(
        json in json(),
        of in prop::collection::vec(
            (prop::sample::select(PATHS.to_vec()), prop::sample::select(MASKINGS.to_vec())), 1..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let paths: Vec<(JsonPath, _)> =
            of.iter().map(|(path, masking)| (path.parse().unwrap(), operator(masking))).collect();
        let mut whole = Vec::new();
        let (ty, format) = (ValueType::Json, ValueFormat::Text);
        if mask_json_paths(&paths, ty, format, json.as_bytes(), &mut whole) == Masked::Kept {
            whole = json.clone().into_bytes();
        }
        let rules = Arc::new(rules(&of, none()));
        let (out, done) = streamed(&rules, pieces(json.as_bytes(), &cuts));
        prop_assert_eq!(done, Ok(()));
        prop_assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(whole).unwrap());
    }

    #[test]
    fn what_is_found_in_pieces_is_what_is_found_at_once(
        json in json(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        // With a finding in front every token is looked at.
        let json = format!("[\"ann@example.com\",{json}]");
        let mut whole = Vec::new();
        let (ty, format) = (ValueType::Json, ValueFormat::Text);
        let masked = all().mask_value(ty, format, json.as_bytes(), &mut whole);
        prop_assert_eq!(masked, Masked::Replaced);
        let rules = Arc::new(DocumentRules::new(Arc::new(all())));
        let (out, done) = streamed(&rules, pieces(json.as_bytes(), &cuts));
        prop_assert_eq!(done, Ok(()));
        prop_assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(whole).unwrap());
    }

    /// Also of what is no JSON any more.
    #[test]
    fn how_it_is_cut_changes_nothing(
        json in json(),
        more in json(),
        of in prop::collection::vec(
            (prop::sample::select(PATHS.to_vec()), prop::sample::select(MASKINGS.to_vec())), 0..3),
        place in any::<prop::sample::Index>(),
        byte in prop::option::of(any::<u8>()),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut json = format!("{json}\n{more}").into_bytes();
        if let Some(byte) = byte {
            let place = place.index(json.len());
            json[place] = byte;
        }
        let rules = DocumentRules::new(Arc::new(all())).name("b", class("health"), operator("hash"));
        let rules = Arc::new(self::rules(&of, rules));
        let (whole, done) = streamed(&rules, [&json[..]]);
        let cut = streamed(&rules, pieces(&json, &cuts));
        prop_assert_eq!(cut, (whole.clone(), done));
        if done.is_ok() {
            // What came out is JSON again.
            prop_assert_eq!(streamed(&Arc::new(none()), [&whole[..]]).1, Ok(()));
        }
    }
}
