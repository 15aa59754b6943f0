use std::sync::Arc;

use mask::{ClassDefinition, Classes, DataClass, Detectors};

use super::masked;

fn definition(class: &str) -> ClassDefinition {
    ClassDefinition {
        class: DataClass::new(class).unwrap(),
        what: "A number of this house".into(),
        pattern: None,
        dictionary: Vec::new(),
        checksum: None,
        context: Vec::new(),
    }
}

fn made(definition: ClassDefinition, others: &[&str]) -> Result<Detectors, String> {
    let mut classes: Classes = others.iter().map(|name| DataClass::new(name).unwrap()).collect();
    classes.insert(definition.class.clone());
    Detectors::with_definitions(&classes, &[Arc::new(definition)]).map_err(|e| e.to_string())
}

fn pattern(text: &str) -> ClassDefinition {
    ClassDefinition { pattern: Some(text.into()), ..definition("patient_no") }
}

#[test]
fn a_pattern_is_found_among_the_classes_of_this_house() {
    let detectors = made(pattern(r"\bP-\d{6}\b"), &["email"]).unwrap();
    assert_eq!(masked(&detectors, "P-123456 of a@b.example"), "[patient_no] of ***@b.example");
    assert_eq!(masked(&detectors, "P-1234567, xP-123456"), "P-1234567, xP-123456");
    assert_eq!(masked(&detectors, "P–１２３４５６!"), "[patient_no]!");
}

#[test]
fn whole_words_of_a_dictionary_are_found_without_case() {
    let words = vec!["Project Heron".to_owned(), "Überflieger".to_owned()];
    let detectors =
        made(ClassDefinition { dictionary: words, ..definition("code_name") }, &[]).unwrap();
    assert_eq!(masked(&detectors, "PROJECT heron is on"), "[code_name] is on");
    assert_eq!(masked(&detectors, "der überflieger, ÜBERFLIEGER"), "der [code_name], [code_name]");
    assert_eq!(masked(&detectors, "project herons"), "project herons");
}

#[test]
fn a_checksum_and_words_in_front_are_asked_for() {
    for (name, good, bad) in [
        ("luhn", "79927398713", "79927398710"),
        ("mod97", "3214282912345698765432161182", "3214282912345698765432161183"),
        ("mod11", "0306406152", "0306406153"),
        ("mod11_10", "33392005961", "33392005962"),
        ("verhoeff", "2363", "2364"),
        ("damm", "5724", "5727"),
    ] {
        let own = ClassDefinition { checksum: Some(name.into()), ..pattern(r"\d+") };
        let detectors = made(own, &[]).unwrap();
        assert_eq!(masked(&detectors, good), "[patient_no]", "{name}");
        assert_eq!(masked(&detectors, bad), bad, "{name}");
    }
    let own = ClassDefinition { context: vec!["Patient".into()], ..pattern(r"\d{4}") };
    let detectors = made(own, &[]).unwrap();
    assert_eq!(masked(&detectors, "patient: 1234"), "patient: [patient_no]");
    assert_eq!(masked(&detectors, "impatient: 1234, year 2024"), "impatient: 1234, year 2024");
}

#[test]
fn two_classes_in_one_place_leave_the_tag_of_the_first() {
    let detectors = made(pattern(r"b\.example and more"), &["email"]).unwrap();
    assert_eq!(masked(&detectors, "ann@b.example and more!"), "[email]!");
}

#[test]
fn what_is_wrong_with_a_definition_is_said() {
    let error = |definition| made(definition, &[]).err().unwrap();
    assert!(error(pattern("(")).contains("`patient_no`"));
    assert!(error(pattern(r"(a)\1")).contains("pattern"));
    assert!(error(pattern("a*")).contains("empty text"));
    assert!(error(pattern("(a{1000}){1000}")).contains("pattern"));
    assert!(error(definition("patient_no")).contains("pattern or a dictionary"));
    let unknown = ClassDefinition { checksum: Some("crc".into()), ..pattern("a") };
    assert!(error(unknown).contains("luhn, mod97"));
    let shadow = ClassDefinition { pattern: Some("a".into()), ..definition("email") };
    assert!(error(shadow).contains("`email` is known already"));
    let empty = ClassDefinition { dictionary: vec![" ".into()], ..definition("code_name") };
    assert!(error(empty).contains("empty word"));
}

#[test]
fn a_pattern_is_found_wherever_it_stands_in_a_long_text() {
    let detectors = made(pattern(r"\bP-\d{6}\b"), &[]).unwrap();
    for filler in 0..1100 {
        let text = format!("{}P-123456 {}", " ".repeat(filler), " ".repeat(1500));
        assert_eq!(detectors.find(text.as_bytes()).len(), 1, "{filler}");
    }
}
