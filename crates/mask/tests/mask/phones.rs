use rlibphonenumber::{
    NumberLengthType, PhoneNumberFormat, PhoneNumberType, PhoneNumberUtil, Region,
};

use super::{check, check_not, detectors, masked};

#[test]
fn a_number_is_found_in_the_shapes_people_write() {
    for number in [
        // ITU-T E.164 and its spellings
        "+14155552671",
        "+1 415 555 2671",
        "+1 (415) 555-2671",
        "+1-415-555-2671",
        "+1.415.555.2671",
        "+442071838750",
        "+44 20 7183 8750",
        "+44 (0)20 7183 8750",
        "+49 30 901820",
        "+49 (0)30-901820",
        "+49 171 1234567",
        "+33 1 42 68 53 00",
        "+33142685300",
        "+41 44 668 18 00",
        "+61 2 9374 4000",
        "+81 3-6384-9000",
        "+86 10 6250 3000",
        "+91 22 6150 9000",
        "+55 11 2395-8400",
        "+7 495 644-14-00",
        "+353 1 436 1001",
        "+420 221 234 567",
        "+972 74-746-6245",
        "+65 6521 8000",
        "(+49) 30 901820",
        "0049 30 901820",
        "0044 20 7183 8750",
        "(0044) 20 7183 8750",
        "00 44 20 7183 8750",
        "00442071838750",
        "004420718 38750",
        "011 44 20 7183 8750",
        // what is dialled at home only, left in
        "+36 06 1 234 5678",
        "+7 8 495 644-14-00",
        "+39 06 698 12345",
        // small plans, and those of no country
        "+683 4002",
        "+354 421 0600",
        "+800 1234 5678",
        "+870 773 111 632",
        "+883 5100 1200 1234",
        // with an extension
        "+1 415-555-2671x123",
        "(415) 555-2671x9",
        // North America
        "(415) 555-2671",
        "(415)555-2671",
        "415-555-2671",
        "415.555.2671",
        "415 555 2671",
        "1-415-555-2671",
        "1 (415) 555-2671",
        // national, with a trunk 0
        "030 901820123",
        "(030) 90182012",
        "030/90182012",
        "0171-1234567",
        "0171 123 45 67",
        "020 7183 8750",
        "01 42 68 53 00",
        "01.42.68.53.00",
        "02 9374 4000",
        "(02) 9374 4000",
        "044 668 18 00",
        "06 12345678",
        "03-1234-5678",
        "08-123 456 78",
        "081234 56789",
    ] {
        check("phone", &[(number, "[phone]")]);
        check("phone", &[(&format!("at {number}, or"), "at [phone], or")]);
    }
}

#[test]
fn a_word_makes_bare_digits_a_number() {
    check(
        "phone",
        &[
            ("phone: 4155552671", "phone: [phone]"),
            ("Tel. 555-0134", "Tel. [phone]"),
            ("mobile 612 345 678", "mobile [phone]"),
            ("{\"phone\": \"4155552671\"}", "{\"phone\": \"[phone]\"}"),
            ("fax=01719876543", "fax=[phone]"),
            ("WhatsApp 919876543210", "WhatsApp [phone]"),
        ],
    );
}

#[test]
fn dates_times_addresses_and_ids_are_no_numbers() {
    check_not(
        "phone",
        &[
            "",
            "4155552671",
            "14155552671",
            "1700000000",
            "1234567",
            "0123456789",
            "123-456-7890",
            "2024-01-02",
            "2024-01-02 03:04:05",
            "2024-01-02T03:04:05+00:00",
            "2024-01-02 03:04:05.678+02",
            "01/02/2024",
            "01.02.2024",
            "01-02-2024",
            "01/02/2024 10:30",
            "01.02.2024 10:11:12",
            "10:11:12",
            "192.168.100.200",
            "10.0.0.1",
            "3.1415926535",
            "-1234567.89",
            "1,234,567,890",
            "1 234 567 890",
            "550e8400-e29b-41d4-a716-446655440000",
            "ISBN 978-3-16-148410-0",
            "123-45-6789",
            "4242 4242 4242 4242",
            "v1.2.3-415-555-2671",
            "+04155552671",
            "1+14155552671",
            "+1 415 555 267",
            "+1 415 555 26711",
            "+1 555 2671",
            "+33 1 42 68 53",
            "+442071838750999",
            "+999 123 456 789",
            "+210 123 456 789",
            "+49 1234",
            "+4512345",
            "00 10 20 30 40 50 60",
            "0099 123 456 789",
            "0000123456789",
            "0012345678",
            "000049301234567",
            "415-555-2671xyz",
            "+14155552671.25",
            "415-555-2671x1234567",
            "x415-555-2671",
            "415-555-26711",
            "0-415-555-2671",
            "115-555-2671",
            "415-155-2671",
            "hotel 4155552671",
            "tell me 4155552671",
            "phone updated 2024-01-02",
            "1.5e+10000000",
            "007 123 4567",
            "05 06 2024",
            "05-06-2024 10",
            "05/123/4567",
            "01 23 45 67",
            "02 123 45",
            "order 0815 12",
            "[phone]",
        ],
    );
}

#[test]
fn the_longest_run_of_groups_that_is_possible_is_the_number() {
    check(
        "phone",
        &[
            ("+1 415 555 2671 12 of 40", "[phone] 12 of 40"),
            ("+44 20 7183 8750 2024", "[phone] 2024"),
            ("0033 1 42 68 53 00 75", "[phone] 75"),
            ("+1 415 555 2671, +999 1 234 5678", "[phone], +999 1 234 5678"),
            ("+44 20 7183 8750/51", "[phone]/51"),
            ("+44 20 7183 8750-51", "[phone]-51"),
            ("+1.415.555.2671.12", "[phone].12"),
            ("+14155552671-12", "[phone]-12"),
        ],
    );
}

/// The library knows a number of each region and each kind, and how people write it.
#[test]
fn every_example_of_the_library_is_found_as_it_writes_it() {
    let library = PhoneNumberUtil::new().unwrap();
    let phones = detectors(&["phone"]);
    let regions: Vec<_> = library.get_supported_regions().collect();
    assert!(regions.len() > 200);
    for region in regions {
        let number = library.get_example_number(region).unwrap();
        for format in [PhoneNumberFormat::E164, PhoneNumberFormat::International] {
            let written = library.format(&number, format);
            assert_eq!(masked(&phones, &format!("at {written}.")), "at [phone].", "{region:?}");
        }
    }
}

/// Of digits behind a `+` as many are found as the library finds possible, if they are seven or more and no 0 or 8 stands
/// behind the country code.
#[test]
fn digits_behind_a_plus_are_a_number_if_the_library_says_so() {
    let library = PhoneNumberUtil::new().unwrap();
    let phones = detectors(&["phone"]);
    for code in 1..1000 {
        for length in 3..13 {
            let digits = "2".repeat(length);
            let text = format!("+{code}{digits}");
            let possible = library.parse(&text, None).is_ok_and(|number| {
                // In Madagascar it adds an area code where there is none.
                (number.country_code, number.national_number.to_string()) == (code, digits)
                    && library.is_possible_number_with_reason(&number)
                        == Ok(NumberLengthType::IsPossible)
            });
            let codes = library.get_supported_calling_codes().any(|known| known == code);
            if codes && (8..=16).contains(&text.len()) {
                assert_eq!(!phones.find(text.as_bytes()).is_empty(), possible, "{text}");
            }
        }
    }
}

/// Of the regions that the page names, as each writes a number to itself.
#[test]
fn every_national_example_of_the_regions_on_the_page_is_found() {
    let library = PhoneNumberUtil::new().unwrap();
    let phones = detectors(&["phone"]);
    for region in REGIONS.split(' ').map(|region| Region::from_code(region).unwrap()) {
        for kind in [PhoneNumberType::FixedLine, PhoneNumberType::Mobile] {
            let number = library.get_example_number_for_type_and_region(region, kind).unwrap();
            let written = library.format(&number, PhoneNumberFormat::National);
            // Mobile numbers of Italy have no 0 in front: they need a word.
            let told = !written.starts_with(['0', '(']) && region == Region::IT;
            let front = if told { "tel" } else { "at" };
            let shown = masked(&phones, &format!("{front} {written}."));
            assert_eq!(shown, format!("{front} [phone]."), "{region:?} {written}");
        }
    }
}

const REGIONS: &str = "AE AT AU BD BE CA CH DE EG FI FR GB HR ID IE IL IN IT JP KE KR MY NG NL NZ PH PK RO RS SA SE SI SK \
                       TH TR TW UA US VN ZA";
