use super::{all, check, check_not, detectors, masked};

#[test]
fn digits_of_any_script_are_digits() {
    check(
        "credit_card",
        &[
            ("paid by ４２４２４２４２４２４２４２４２ today", "paid by ************4242 today"),
            ("٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢", "**** **** **** 4242"),
            ("४२४२४२४२४२४२४२४२", "************4242"),
            ("𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐", "************4242"),
            ("42424242４２４２4242", "************4242"),
        ],
    );
    check(
        "us_ssn",
        &[("für １２３－４５－６７８９!", "für [us_ssn]!"), ("ssn ١٢٣٤٥٦٧٨٩", "ssn [us_ssn]")],
    );
    check(
        "phone",
        &[
            ("tel ＋１ ４１５ ５５５ ２６７１", "tel [phone]"),
            ("０３０ー９０１８２０１２", "[phone]"),
        ],
    );
    check("iban", &[("ＤＥ８９ ３７０４ ００４４ ０５３２ ０１３０ ００.", "[iban].")]);
}

#[test]
fn any_space_and_any_dash_separates_groups() {
    check(
        "credit_card",
        &[
            ("4242\u{A0}4242\u{A0}4242\u{A0}4242", "**** **** **** 4242"),
            ("4242–4242–4242–4242", "****-****-****-4242"),
            ("4242·4242·4242·4242", "**** **** **** 4242"),
        ],
    );
    check(
        "us_ssn",
        &[
            ("123‑45‑6789", "[us_ssn]"),
            ("123\u{2012}45\u{2012}6789", "[us_ssn]"),
            ("123−45−6789", "[us_ssn]"),
            ("123\u{3000}45\u{3000}6789", "[us_ssn]"),
            ("123－45－6789", "[us_ssn]"),
        ],
    );
    check("iban", &[("DE89\u{202F}3704\u{202F}0044\u{202F}0532\u{202F}0130\u{202F}00", "[iban]")]);
    check("phone", &[("+49\u{A0}30\u{A0}901820", "[phone]"), ("(415)\u{2009}555–2671", "[phone]")]);
}

#[test]
fn what_has_no_width_hides_nothing() {
    for unseen in ["\u{200B}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{AD}", "\u{202E}", "\u{336}"]
    {
        let within = |text: &str| text.replace('|', unseen);
        check("credit_card", &[(&within("4242|4242|4242|4242"), "************4242")]);
        check("us_ssn", &[(&within("x 123-4|5-67|89."), "x [us_ssn].")]);
        check("iban", &[(&within("DE8|9370400440532013|000"), "[iban]")]);
        check("email", &[(&within("ann|.lee@|example.c|om"), "***@example.com")]);
        check("phone", &[(&within("+1 41|5 555 26|71"), "[phone]")]);
        check("jwt", &[(&within("e|yJhbGciOiJub25lIn0.eyJp|c3MiOiJqb2UifQ."), "[jwt]")]);
    }
}

#[test]
fn letters_drawn_alike_are_those_letters() {
    check(
        "email",
        &[
            ("ann.lee＠example．com", "***@example.com"),
            ("ａｎｎ@ｅｘａｍｐｌｅ.ｃｏｍ", "***@example.com"),
            ("to аnn%40example.com&x=1", "to ***@example.com&x=1"),
        ],
    );
    check(
        "iban",
        &[
            ("ВЕ68 5390 0754 7034", "[iban]"),
            ("ΒΕ68539007547034", "[iban]"),
            ("be68539007547034", "[iban]"),
        ],
    );
    check("jwt", &[("еyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.", "[jwt]")]);
    check("us_ssn", &[("ѕѕn 123456789", "ѕѕn [us_ssn]"), ("SsN 123456789", "SsN [us_ssn]")]);
}

#[test]
fn what_a_fold_would_hide_is_found_where_it_stands() {
    check("credit_card", &[("4242424242424242\u{200B}1", "************4242\u{200B}1")]);
    check("email", &[("jürgen@müller.example", "[masked]")]);
}

#[test]
fn other_languages_are_left_alone() {
    let text = "Заказ № 4242 от 24.01.2024, всего 12 500 ₽ — спасибо! 日本語１２３、東京。";
    check_not("credit_card", &[text]);
    check_not("phone", &[text]);
    assert_eq!(masked(&detectors(&["us_ssn", "iban", "email", "jwt"]), text), text);
}

#[test]
fn what_the_page_says_is_not_found_is_not() {
    let all = all();
    for text in [
        "four two four two, and so on",
        "4242 4242 4242 424O",
        "4242\t4242\t4242\t4242",
        "4242\n4242\n4242\n4242",
        "4242_4242_4242_4242",
        "4242/4242/4242/4242",
        "4155552671",
        "612 345 678",
        "123456789",
        "phone numbers are on the next pages: 4155552671",
        "phone 2: 4155552671",
        "\"a b\"@example.com",
        "ann@example",
        "ann (at) example.com",
        "ann&#64;example.com",
        "ann\\u0040example.com",
        "YW5uQGV4YW1wbGUuY29t",
        "NDI0MjQyNDI0MjQyNDI0Mg==",
    ] {
        assert_eq!(masked(&all, text), text);
    }
}

#[test]
fn what_the_page_says_is_read_is_found() {
    check(
        "email",
        &[
            ("ann%40example.com", "***@example.com"),
            ("\\x616e6e406578616d706c652e636f6d", "\\x5b656d61696c5d"),
        ],
    );
    check("us_ssn", &[("social security: 123456789", "social security: [us_ssn]")]);
}
