//! What is found, what is not, and how a masked value looks.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod addresses;
mod cards;
mod definitions;
mod documents;
mod emails;
mod evasions;
mod hexed;
mod ibans;
mod idents_americas;
mod idents_elsewhere;
mod idents_europe;
mod idents_shapes;
mod invariants;
mod json_paths;
mod judged;
mod keys;
mod networks;
mod operators;
mod page;
mod phones;
mod ssns;
mod streams;
mod streams_alike;
mod typed;
mod urls;
mod values;
mod votes;

use mask::{Classes, DataClass, Detectors, MaskKeys, Operator, catalogue};

/// Detectors of these classes.
fn detectors(names: &[&str]) -> Detectors {
    let classes: Classes = names.iter().map(|name| DataClass::new(name).unwrap()).collect();
    Detectors::new(&classes).unwrap()
}

/// Detectors of everything that can be found, but whole URLs: they take in what stands in them.
fn all() -> Detectors {
    let found = catalogue().iter().filter(|info| info.has_detector && info.name != "url");
    let names: Vec<_> = found.map(|info| info.name).collect();
    detectors(&names)
}

/// A text as a client would see it.
fn masked(detectors: &Detectors, text: &str) -> String {
    let mut out = b"before".to_vec();
    let changed = detectors.mask_text(text.as_bytes(), &mut out);
    assert_eq!(changed, out.len() > 6, "{text}");
    assert_eq!(changed, !detectors.find(text.as_bytes()).is_empty(), "{text}");
    if !changed {
        return text.to_owned();
    }
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

/// Every text is masked as shown, both by the class's own detector and among all others.
fn check(class: &str, table: &[(&str, &str)]) {
    for (text, shown) in table {
        assert_eq!(masked(&detectors(&[class]), text), *shown, "{class} alone in {text:?}");
        assert_eq!(masked(&all(), text), *shown, "{class} among all in {text:?}");
    }
}

/// The class is found nowhere in these.
fn check_not(class: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(detectors(&[class]).find(text.as_bytes()), [], "{class} in {text:?}");
        let found = all().find(text.as_bytes());
        assert!(found.iter().all(|finding| finding.class.as_str() != class), "{class} in {text:?}");
    }
}

/// What a rule says of numbers of social security.
fn operator(masking: &str) -> Operator {
    let class = DataClass::new("us_ssn").unwrap();
    Operator::new(&masking.parse().unwrap(), &class, &MaskKeys::derive(b"test"))
}
