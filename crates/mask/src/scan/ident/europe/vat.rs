//! What is wrong with VAT numbers that no country of the Union gave out.

use super::super::check::*;
use super::checks::{
    IRISH, bg_egn, byte, cz_rodne_cislo, es_nie, es_nif, is_letter_of, it_vat, lv_personas_kods,
    nl_bsn, part, pl_nip, pt_nif,
};

/// Each country's own check, behind the letters of the country.
pub(super) fn eu_vat(text: &[u8]) -> bool {
    let Some((country, body)) = text.split_at_checked(2) else { return false };
    let last = value(body.last().copied().unwrap_or(0));
    let sums = |weights: &[u32], by: u32| weighted(body, weights).is_multiple_of(by);
    // A letter in a shape stands for any.
    let lettered = matches!(country, b"AT" | b"CY" | b"ES" | b"IE" | b"NL");
    if all_same(body) || !lettered && !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    match country {
        b"AT" => body.split_first().is_some_and(|(_, digits)| austrian(digits)),
        b"BE" => {
            matches!(body.first(), Some(b'0' | b'1'))
                && (part(body, 0, 8) + part(body, 8, 2)).is_multiple_of(97)
        }
        b"BG" => bulgarian(body),
        b"CY" => cypriot(body),
        b"CZ" => czech(body),
        b"DE" => !body.starts_with(b"0") && mod_11_10(body),
        b"DK" => !body.starts_with(b"0") && sums(&[2, 7, 6, 5, 4, 3, 2, 1], 11),
        b"EE" => sums(&[3, 7, 1, 3, 7, 1, 3, 7, 1], 10),
        b"EL" => weighted(body, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == last,
        b"ES" => es_nif(body) || es_nie(body),
        b"FI" => sums(&[7, 9, 10, 5, 8, 4, 2, 1], 11),
        b"FR" => {
            let siren = body.get(2..).unwrap_or_default();
            // Those of Monaco begin with 000 and have no check digit of their own.
            !all_same(siren)
                && (siren.starts_with(b"000") || luhn(siren))
                && (12 + 3 * (number(siren) % 97)) % 97 == part(body, 0, 2)
        }
        b"HR" => mod_11_10(body),
        b"HU" => sums(&[9, 7, 3, 1, 9, 7, 3, 1], 10),
        b"IE" => irish(body),
        b"IT" => it_vat(body),
        b"LT" => lithuanian(body),
        b"LU" => part(body, 0, 6) % 89 == part(body, 6, 2),
        b"LV" => latvian(body),
        b"MT" => !body.starts_with(b"0") && sums(&[3, 4, 6, 7, 8, 9, 10, 1], 37),
        b"NL" => {
            let bsn = || nl_bsn(body.get(..9).unwrap_or_default());
            part(body, 10, 2) != 0 && (mod_97(text) == 1 || bsn())
        }
        b"PL" => pl_nip(body),
        b"PT" => pt_nif(body),
        b"RO" => {
            let weights: &[u32] = &[7, 5, 3, 2, 1, 7, 5, 3, 2];
            let weights = weights.get(10_usize.saturating_sub(body.len())..).unwrap_or_default();
            !body.starts_with(b"0") && weighted(body, weights) * 10 % 11 % 10 == last
        }
        b"SE" => body.ends_with(b"01") && luhn(body.get(..10).unwrap_or_default()),
        b"SI" => {
            let check = 11 - weighted(body, &[8, 7, 6, 5, 4, 3, 2]) % 11;
            !body.starts_with(b"0") && check % 10 == last && check != 11
        }
        b"SK" => {
            let company =
                !body.starts_with(b"0") && matches!(byte(body, 2), b'2'..=b'4' | b'7'..=b'9');
            company && number(body).is_multiple_of(11) || cz_rodne_cislo(body)
        }
        _ => false,
    }
}

/// Luhn's sum of the first seven digits, and what is lacking to 96.
fn austrian(digits: &[u8]) -> bool {
    let sum: u32 = values(digits)
        .take(7)
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, times)| digit * times)
        .map(|value| value / 10 + value % 10)
        .sum();
    (96 - sum % 90) % 10 == value(byte(digits, 7))
}

/// Nine digits of a company, weighed twice where the first time leaves 10; ten of a person, a foreigner or others.
fn bulgarian(digits: &[u8]) -> bool {
    let last = value(digits.last().copied().unwrap_or(0));
    if digits.len() == 9 {
        let check = match weighted(digits, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
            10 => weighted(digits, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
            check => check,
        };
        return check == last;
    }
    let others = (11 - weighted(digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    bg_egn(digits)
        || weighted(digits, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == last
        || others == last
}

/// Every other digit counts as one of a list; the letter is the sum's.
fn cypriot(text: &[u8]) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let Some((letter, digits)) = text.split_last() else { return false };
    let sum: u32 = values(digits)
        .zip([true, false].into_iter().cycle())
        .map(|(digit, odd)| match odd {
            true => ODD.get(digit as usize).copied().unwrap_or(0),
            false => digit,
        })
        .sum();
    !digits.starts_with(b"12") && sum % 26 + 10 == value(*letter)
}

/// Eight digits of a company, nine from 6 of a person without a birth number, or a birth number.
fn czech(digits: &[u8]) -> bool {
    let last = value(digits.last().copied().unwrap_or(0));
    match (digits.len(), digits.first()) {
        (8, _) => {
            let check = (11 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            !digits.starts_with(b"9") && check.max(1) % 10 == last
        }
        (9, Some(b'6')) => {
            let rest = weighted(digits, &[0, 8, 7, 6, 5, 4, 3, 2]) % 11;
            (rest + 8) % 10 == last || cz_rodne_cislo(digits)
        }
        _ => cz_rodne_cislo(digits),
    }
}

/// Seven digits, their letter, and a second letter that counts as well; of old ones the second character was a letter.
fn irish(text: &[u8]) -> bool {
    let (Some(first), letter) = (text.first(), byte(text, 7)) else { return false };
    let place = |byte: &u8| IRISH.iter().position(|letter| letter == byte);
    let second = text.get(8).map_or(Some(0), place);
    let sum = match byte(text, 1).is_ascii_digit() {
        true => weighted(text, &[8, 7, 6, 5, 4, 3, 2]),
        false => weighted(text.get(2..7).unwrap_or_default(), &[7, 6, 5, 4, 3]) + value(*first) * 2,
    };
    second.is_some_and(|second| {
        is_letter_of(IRISH, (u64::from(sum) + 9 * second as u64) % 23, letter)
    })
}

/// Nine digits of a company, twelve of those that are registered for a time; the last but one is 1.
fn lithuanian(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else { return false };
    let sum = |from: u32| -> u32 {
        values(body).zip((1..=9).cycle().skip(from as usize)).map(|(digit, by)| digit * by).sum()
    };
    let check = match sum(0) % 11 {
        10 => sum(2) % 11 % 10,
        check => check,
    };
    body.ends_with(b"1") && check == value(*last)
}

/// Of companies the first digit is more than 3; people have their personal code.
fn latvian(digits: &[u8]) -> bool {
    match digits.first() {
        Some(b'4'..=b'9') => weighted(digits, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3,
        _ => lv_personas_kods(digits),
    }
}
