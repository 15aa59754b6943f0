//! What numbers are checked by. Each takes letters and digits as they stand, in upper case.

/// A check over the digits and letters of a number.
pub(crate) type Check = fn(&[u8]) -> bool;

/// Those that a definition of a class can name.
const NAMED: [(&str, Check); 6] = [
    ("luhn", |text| is_number(text) && luhn(text)),
    ("mod97", |text| mod_97(text) == 1),
    ("mod11", |text| is_number(text) && mod_11(text)),
    ("mod11_10", |text| is_number(text) && mod_11_10(text)),
    ("verhoeff", |text| is_number(text) && verhoeff(text)),
    ("damm", |text| is_number(text) && damm(text)),
];

/// The check of this name.
pub(crate) fn named(name: &str) -> Option<Check> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// The names there are, for people.
pub(crate) fn names() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}

fn is_number(text: &[u8]) -> bool {
    text.len() > 1 && text.iter().all(u8::is_ascii_digit)
}

/// Weights 1, 2, 3 and so on from the last digit to the first: the sum is a multiple of 11 (as in ISBN-10).
fn mod_11(digits: &[u8]) -> bool {
    let sum: u32 = values(digits).rev().zip(1..).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(11)
}

/// Damm's check digit is the last (Damm, Total anti-symmetrische Quasigruppen, 2004).
fn damm(digits: &[u8]) -> bool {
    const TABLE: [[u32; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    let next = |row: u32, digit: u32| TABLE.get(row as usize)?.get(digit as usize).copied();
    values(digits).try_fold(0, next) == Some(0)
}

/// The value of a digit, of a letter from `A` (10) to `Z` (35).
pub(super) fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// The digits of a number; letters count from 10.
pub(super) fn values(text: &[u8]) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator {
    text.iter().map(|byte| value(*byte))
}

/// The number that digits stand for. At most 19 of them.
pub(super) fn number(digits: &[u8]) -> u64 {
    values(digits).fold(0, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit)))
}

/// The sum of digits, each times its weight; what has no weight does not count.
pub(super) fn weighted(text: &[u8], weights: &[u32]) -> u32 {
    values(text).zip(weights).map(|(value, weight)| value * weight).sum()
}

/// The Luhn check digit is the last (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = values(digits)
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, times)| digit * times)
        .map(|value| value / 10 + value % 10)
        .sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 11-10: the last digit checks the others.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let mut product = 10;
    let Some((last, body)) = digits.split_last() else { return false };
    for digit in values(body) {
        let sum = match (product + digit) % 10 {
            0 => 10,
            sum => sum,
        };
        product = sum * 2 % 11;
    }
    (product + value(*last)) % 10 == 1
}

/// ISO/IEC 7064, MOD 97-10: the remainder of the whole number, letters written as 10 to 35.
pub(super) fn mod_97(text: &[u8]) -> u32 {
    values(text).fold(0, |rest, value| match value {
        0..=9 => (rest * 10 + value) % 97,
        _ => (rest * 100 + value) % 97,
    })
}

/// Verhoeff's check digit is the last (Verhoeff, Error Detecting Decimal Codes, 1969).
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const PRODUCT: [[u32; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const PLACES: [[u32; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let at = |table: &[[u32; 10]], row: u32, column: u32| {
        table.get(row as usize).and_then(|row| row.get(column as usize)).copied().unwrap_or(10)
    };
    let mut sum = 0;
    for (place, digit) in (0..8).cycle().zip(values(digits).rev()) {
        sum = at(&PRODUCT, sum, at(&PLACES, place, digit));
    }
    sum == 0
}

/// Whether a day and a month, as two digits each, are on the calendar.
pub(super) fn day(day: &[u8], month: &[u8]) -> bool {
    let last = match number(month) {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1..=last).contains(&number(day))
}

/// Whether all are the same: what people type where a number is asked for.
pub(super) fn all_same(text: &[u8]) -> bool {
    text.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

/// Whether every letter and digit is one of these.
pub(super) fn all_of(text: &[u8], allowed: &[u8]) -> bool {
    text.iter().all(|byte| allowed.contains(byte))
}
