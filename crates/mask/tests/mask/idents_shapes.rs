use super::{all, detectors, masked};

/// Among all others the text is shown so.
fn shown(text: &str, expected: &str) {
    assert_eq!(masked(&all(), text), expected, "{text}");
}

#[test]
fn letters_that_stand_apart_belong_to_the_number() {
    shown("nino AB 12 34 56 C", "nino [uk_nino]");
    shown("RIF: J-93363974-5", "RIF: [ve_rif]");
    shown("RIF: J-93363974-6", "RIF: J-93363974-6");
    shown("ptin P-00634642.", "ptin [us_preparer_ptin].");
    shown("vehicle MH 12 AB 1234", "vehicle [in_vehicle_registration]");
    shown("VAT DE 136695976", "VAT [eu_vat]");
}

#[test]
fn seven_groups_and_brackets_are_part_of_the_number() {
    shown("NIR 1 84 12 76 451 089 46", "NIR [fr_nir]");
    shown("hkid A123456(3)", "hkid [hk_id]");
    shown("https://orcid.org/0000-0002-1825-0097", "https://orcid.org/[orcid]");
}

#[test]
fn the_word_that_says_most_decides() {
    shown("passport 123456789", "passport [uk_passport]");
    shown("isin IE00BTN1Y115", "isin [isin]");
}

#[test]
fn a_word_in_a_word_tells_nothing() {
    let text = "waiting 912-70-1234 raising US0378331005";
    let detectors = detectors(&["us_itin"]);
    assert_eq!(masked(&detectors, "waiting 912701234"), "waiting 912701234");
    assert_eq!(masked(&detectors, "customerItin 912701234"), "customerItin [us_itin]");
    assert!(masked(&detectors, text).contains("US0378331005"));
}
