//! What numbers are checked by. Each takes letters and digits as they stand, in upper case.

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
