use super::{check, check_not};

#[test]
fn a_number_that_may_be_given_out_is_masked() {
    check(
        "us_ssn",
        &[
            ("123-45-6789", "[us_ssn]"),
            ("123 45 6789", "[us_ssn]"),
            ("SSN 078-05-1120, born", "SSN [us_ssn], born"),
            ("Key (ssn)=(123-45-6789)", "Key (ssn)=([us_ssn])"),
            ("899-99-9999", "[us_ssn]"),
            ("001-01-0001", "[us_ssn]"),
            ("a,123-45-6789,b", "a,[us_ssn],b"),
            ("123-45-6789.", "[us_ssn]."),
            ("ssn 123456789", "ssn [us_ssn]"),
            ("SSN: 123456789", "SSN: [us_ssn]"),
            ("customer_ssn=123456789", "customer_ssn=[us_ssn]"),
            ("Social Security number 123456789", "Social Security number [us_ssn]"),
            ("{\"ssn\":\"123456789\"}", "{\"ssn\":\"[us_ssn]\"}"),
        ],
    );
}

#[test]
fn a_word_speaks_where_it_is_the_end_of_what_was_found_before() {
    let detectors = mask::Detectors::all();
    for text in ["https://a.example/?y=;ssn: 536228726", "ana@ssn.example 536228726"] {
        let mut out = Vec::new();
        assert!(detectors.mask_text(text.as_bytes(), &mut out), "{text}");
        assert!(!out.windows(9).any(|nine| nine == b"536228726"), "{text}");
    }
}

#[test]
fn a_number_that_is_never_given_out_stays() {
    check_not(
        "us_ssn",
        &[
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "999-99-9999",
            "123-00-6789",
            "123-45-0000",
            "123-45 6789",
            "123--45-6789",
            "1123-45-6789",
            "123-45-67890",
            "123-45-6789-0",
            "0-123-45-6789",
            "x123-45-6789",
            "123-45-678",
            "123456789",
            "order 123456789",
            "assn 123456789",
            "ssnx 123456789",
            "ssn 000456789",
            "[us_ssn] 123456789",
            "ssn 12 for 123456789",
        ],
    );
}
