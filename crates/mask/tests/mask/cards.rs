use super::{check, check_not};

/// Test numbers published by the brands and by payment services.
const NUMBERS: [(&str, &str); 36] = [
    ("visa", "4242424242424242"),
    ("visa", "4111111111111111"),
    ("visa", "4012888888881881"),
    ("visa debit", "4000056655665556"),
    ("visa, 13 digits", "4222222222222"),
    ("visa, 19 digits", "4000000000000000006"),
    ("mastercard", "5555555555554444"),
    ("mastercard", "5105105105105100"),
    ("mastercard", "5200828282828210"),
    ("mastercard 2-series, first", "2221000000000009"),
    ("mastercard 2-series", "2223003122003222"),
    ("mastercard 2-series, last", "2720990000000007"),
    ("american express", "378282246310005"),
    ("american express", "371449635398431"),
    ("american express", "343434343434343"),
    ("diners club", "30569309025904"),
    ("diners club", "38520000023237"),
    ("diners club, 36", "36227206271667"),
    ("diners club, 16 digits", "3056930009020004"),
    ("discover", "6011111111111117"),
    ("discover", "6011000990139424"),
    ("discover, 65", "6555900000604105"),
    ("discover, 644", "6445644564456445"),
    ("jcb", "3566002020360505"),
    ("jcb", "3530111333300000"),
    ("unionpay", "6200000000000005"),
    ("unionpay", "6250947000000014"),
    ("unionpay, 19 digits", "6205500000000000004"),
    ("maestro", "6759649826438453"),
    ("maestro", "5018000000000009"),
    ("maestro, 12 digits", "501800000009"),
    ("maestro, 19 digits", "6799990100000000019"),
    ("rupay", "6073840000000000"),
    ("mir", "2200000000000004"),
    ("mir", "2204000000000000"),
    ("troy", "9792000000000001"),
];

#[test]
fn every_brand_is_found_and_its_last_four_digits_stay() {
    for (brand, number) in NUMBERS {
        // Of a few, only the body is published: the check digit is worked out here, another way.
        let number = with_check_digit(number);
        let shown = format!("{}{}", "*".repeat(number.len() - 4), &number[number.len() - 4..]);
        println!("{brand}");
        check("credit_card", &[(&number, &shown)]);
        check("credit_card", &[(&format!("paid by {number}."), &format!("paid by {shown}."))]);
    }
}

#[test]
fn one_wrong_digit_is_no_card() {
    for (_, number) in NUMBERS {
        let number = with_check_digit(number);
        for place in 0..number.len() {
            let mut wrong = number.clone().into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + 1) % 10;
            check_not("credit_card", &[std::str::from_utf8(&wrong).unwrap()]);
        }
    }
}

/// The digit that makes the sum of the digits, every second one's double cut to one digit, end in 0.
fn with_check_digit(number: &str) -> String {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let body = &number[..number.len() - 1];
    let digits = body.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 =
        digits.enumerate().map(|(at, d)| if at % 2 == 0 { DOUBLED[d as usize] } else { d }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[test]
fn groups_and_neighbours_do_not_hide_a_card() {
    check(
        "credit_card",
        &[
            ("4242 4242 4242 4242", "**** **** **** 4242"),
            ("4242-4242-4242-4242", "****-****-****-4242"),
            ("3782 822463 10005", "**** ****** *0005"),
            ("3782-822463-10005", "****-******-*0005"),
            ("3056 930902 5904", "**** ****** 5904"),
            ("4000 0000 0000 0000 006", "**** **** **** ***0 006"),
            ("card:4242424242424242,cvv:123", "card:************4242,cvv:123"),
            ("4242424242424242 123", "************4242 123"),
            ("4242 4242 4242 4242 12/25", "**** **** **** 4242 12/25"),
            ("1 4242 4242 4242 4242", "1 **** **** **** 4242"),
            (";4242424242424242=25121010000012345678?", ";************4242=25121010000012345678?"),
            ("{\"pan\":4242424242424242}", "{\"pan\":************4242}"),
            ("4242424242424242/4111111111111111", "************4242/************1111"),
            ("7,4242424242424242,9", "7,************4242,9"),
            ("card-4242424242424242", "card-************4242"),
            ("卡号4242424242424242。", "卡号************4242。"),
            ("4242424242424242-01", "************4242-01"),
            ("4242 4242 4242 4242 4111 1111 1111 1111", "**** **** **** 4242 **** **** **** 1111"),
        ],
    );
}

#[test]
fn what_only_looks_like_a_card_stays() {
    check_not(
        "credit_card",
        &[
            "",
            "4242424242424241",
            "14242424242424242",
            "42424242424242424242",
            "0.4242424242424242",
            "4242424242424242.5",
            "x4242424242424242",
            "4242424242424242x",
            "550e8400-e29b-41d4-a716-501800000009",
            "key 550e8400-e29b-41d4-a716-501800000009 of",
            "12345678-4242-4242-4242-424242424242",
            "4242-4242-4242-4242-4242",
            "1111-4242-4242-4242-4242",
            "4242-4242 4242-4242",
            "42424 2424 2424 2424",
            "424242424242-4242",
            "1700000000000",
            "20240102030405",
            "0000000000000000",
            "1234567812345670",
            "9999999999999995",
            "************4242",
            "**** **** **** 4242",
        ],
    );
}
