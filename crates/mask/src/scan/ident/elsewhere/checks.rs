//! What is wrong with a number that only looks like one of this table. Each takes letters and digits in upper case.

use super::super::check::{all_of, day, luhn, number, value, values, verhoeff, weighted};

/// Some of the letters and digits; none where there are fewer.
fn part(text: &[u8], from: usize, to: usize) -> &[u8] {
    text.get(from..to).unwrap_or_default()
}

/// What stands at a place.
fn at(text: &[u8], place: usize) -> u8 {
    text.get(place).copied().unwrap_or(0)
}

/// Whether two of its digits differ: people type the same one where a number is asked for.
pub(super) fn varied(text: &[u8]) -> bool {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let first = digits.next();
    digits.any(|digit| Some(digit) != first)
}

/// ISO/IEC 7064, MOD 11-2: the last checks the digits in front of it, and is `X` for 10.
fn mod_11_2(text: &[u8]) -> bool {
    let Some((last, body)) = text.split_last() else { return false };
    let check = match last {
        b'0'..=b'9' => value(*last),
        b'X' => 10,
        _ => return false,
    };
    (values(body).fold(0, |sum, digit| (sum + digit) * 2 % 11) + check) % 11 == 1
}

/// No palindrome, and none begins with 0 or 1.
pub(super) fn in_aadhaar(text: &[u8]) -> bool {
    matches!(text, [b'2'..=b'9', ..]) && !text.iter().eq(text.iter().rev()) && verhoeff(text)
}

/// The fourth letter says what its holder is.
pub(super) fn in_pan(text: &[u8]) -> bool {
    all_of(part(text, 3, 4), b"ABCFGHJKLPT") && part(text, 5, 9) != b"0000"
}

/// A state, a PAN, and Luhn's rule over 36 letters and digits.
pub(super) fn in_gstin(text: &[u8]) -> bool {
    let sum: u32 = values(text)
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(value, times)| value * times)
        .map(|value| value / 36 + value % 36)
        .sum();
    matches!(number(part(text, 0, 2)), 1..=38 | 97)
        && in_pan(part(text, 2, 12))
        && at(text, 12) != b'0'
        && sum.is_multiple_of(36)
}

pub(super) fn in_voter(text: &[u8]) -> bool {
    let digits = part(text, 3, 10);
    varied(digits) && luhn(digits)
}

/// A state in front, or the series of the whole of Bharat behind the year.
pub(super) fn in_vehicle_registration(text: &[u8]) -> bool {
    const STATES: &[u8] =
        b"ANAPARASBRCGCHDDDLDNGAGJHPHRJHJKKAKLLALDMHMLMNMPMZNLODORPBPYRJSKTGTNTRTSUAUKUPWB";
    let state = STATES.chunks_exact(2).any(|state| text.starts_with(state));
    let serial = match state {
        true => part(text, text.len().saturating_sub(4), text.len()),
        false => part(text, 4, 8),
    };
    (state || part(text, 2, 4) == b"BH") && serial != b"0000"
}

pub(super) fn au_tfn(text: &[u8]) -> bool {
    varied(text) && weighted(text, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

/// The ninth digit checks; the tenth counts the cards, the eleventh is the person on it.
pub(super) fn au_medicare(text: &[u8]) -> bool {
    matches!(text, [b'2'..=b'6', ..])
        && varied(text)
        && weighted(text, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == value(at(text, 8))
}

/// One is taken from the first digit before it is weighed; the two check digits in front are 11 to 99.
pub(super) fn au_abn(text: &[u8]) -> bool {
    let sum = weighted(text, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    number(part(text, 0, 2)) > 10 && varied(text) && sum % 89 == 10
}

pub(super) fn au_acn(text: &[u8]) -> bool {
    varied(text) && weighted(text, &[8, 7, 6, 5, 4, 3, 2, 1, 1]).is_multiple_of(10)
}

/// Numbers of eight digits are weighed as if a 0 stood in front.
pub(super) fn nz_ird(text: &[u8]) -> bool {
    let Some((last, body)) = text.split_last() else { return false };
    let check = |weights: &[u32; 8]| {
        let from = weights.len().saturating_sub(body.len());
        (11 - weighted(body, weights.get(from..).unwrap_or_default()) % 11) % 11
    };
    let check = match check(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => check(&[7, 4, 3, 2, 5, 2, 7, 6]),
        first => first,
    };
    (10_000_000..=200_000_000).contains(&number(text)) && varied(text) && check == value(*last)
}

/// Letters count from 1 and leave out I and O; seven digits end in a digit, five in a letter.
pub(super) fn nz_nhi(text: &[u8]) -> bool {
    let place = |byte: u8| match byte {
        b'A'..=b'H' => value(byte) - 9,
        b'J'..=b'N' => value(byte) - 10,
        b'P'..=b'Z' => value(byte) - 11,
        _ => value(byte),
    };
    let sum: u32 = text.iter().zip([7, 6, 5, 4, 3, 2]).map(|(byte, by)| place(*byte) * by).sum();
    let last = at(text, 6);
    let checks = match last {
        b'0'..=b'9' => !sum.is_multiple_of(11) && (11 - sum % 11) % 10 == value(last),
        _ => 23 - sum % 23 == place(last),
    };
    checks && !text.iter().any(|byte| matches!(byte, b'I' | b'O'))
}

pub(super) fn sg_nric_fin(text: &[u8]) -> bool {
    let (more, letters) = match text.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let digits = part(text, 1, 8);
    let rest = (more + weighted(digits, &[2, 7, 6, 5, 4, 3, 2])) % 11;
    varied(digits) && letters.get(rest as usize) == text.last()
}

/// A province, a day of birth, and the check.
pub(super) fn cn_resident_id(text: &[u8]) -> bool {
    let province = matches!(
        number(part(text, 0, 2)),
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91
    );
    province
        && (1850..2100).contains(&number(part(text, 6, 10)))
        && day(part(text, 12, 14), part(text, 10, 12))
        && mod_11_2(text)
}

/// One or two letters, six digits; the check behind them is often in brackets, and not looked at then.
pub(super) fn hk_id(text: &[u8]) -> bool {
    let letters = if at(text, 1).is_ascii_alphabetic() { 2 } else { 1 };
    let digits = part(text, letters, letters + 6);
    let body = match letters {
        1 => 36 * 9 + value(at(text, 0)) * 8,
        _ => value(at(text, 0)) * 9 + value(at(text, 1)) * 8,
    };
    let sum = body + weighted(digits, &[7, 6, 5, 4, 3, 2]);
    varied(digits)
        && match part(text, letters + 6, text.len()) {
            [] => true,
            [check @ (b'0'..=b'9' | b'A')] => (sum + value(*check)).is_multiple_of(11),
            _ => false,
        }
}

/// Letters stand for two digits; the second is one of four for foreign residents of old.
pub(super) fn tw_id(text: &[u8]) -> bool {
    const ORDER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let code = |byte: u8| {
        let places = ORDER.iter().zip(10..);
        places.filter(|(letter, _)| **letter == byte).map(|(_, code)| code).next().unwrap_or(0)
    };
    let first = code(at(text, 0));
    let second = match at(text, 1) {
        digit @ (b'1' | b'2' | b'8' | b'9') => value(digit),
        letter @ b'A'..=b'D' => code(letter) % 10,
        _ => return false,
    };
    let rest = weighted(part(text, 2, 10), &[7, 6, 5, 4, 3, 2, 1, 1]);
    varied(part(text, 2, 10))
        && (first / 10 + first % 10 * 9 + second * 8 + rest).is_multiple_of(10)
}

pub(super) fn jp_my_number(text: &[u8]) -> bool {
    let sum = weighted(text, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    varied(text) && (11 - sum % 11) % 11 % 10 == value(at(text, 11))
}

/// The first digit checks the others.
pub(super) fn jp_corporate_number(text: &[u8]) -> bool {
    let sum = weighted(part(text, 1, 13), &[2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]);
    varied(text) && 9 - sum % 9 == value(at(text, 0))
}

fn kr_sum(text: &[u8]) -> u32 {
    weighted(text, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11
}

/// Digits are drawn by lot since October 2020: whoever was born since has no check digit.
pub(super) fn kr_rrn(text: &[u8]) -> bool {
    let century = at(text, 6);
    let drawn = matches!(century, b'3' | b'4') && (2010..6000).contains(&number(part(text, 0, 4)));
    matches!(century, b'0'..=b'4' | b'9')
        && day(part(text, 4, 6), part(text, 2, 4))
        && (drawn || (11 - kr_sum(text)) % 10 == value(at(text, 12)))
}

pub(super) fn kr_frn(text: &[u8]) -> bool {
    let century = at(text, 6);
    let drawn = matches!(century, b'7' | b'8') && (2010..6000).contains(&number(part(text, 0, 4)));
    matches!(century, b'5'..=b'8')
        && day(part(text, 4, 6), part(text, 2, 4))
        && (drawn || (13 - kr_sum(text)) % 10 == value(at(text, 12)))
}

/// The tens of the ninth product count as well.
pub(super) fn kr_brn(text: &[u8]) -> bool {
    let sum = weighted(text, &[1, 3, 7, 1, 3, 7, 1, 3, 5, 1]) + value(at(text, 8)) * 5 / 10;
    number(part(text, 0, 3)) > 100
        && part(text, 3, 5) != b"00"
        && varied(text)
        && sum.is_multiple_of(10)
}

pub(super) fn kr_passport(text: &[u8]) -> bool {
    all_of(part(text, 0, 1), b"DGMORS") && varied(text)
}

pub(super) fn th_tnin(text: &[u8]) -> bool {
    let sum = weighted(text, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    varied(text) && (11 - sum % 11) % 10 == value(at(text, 12))
}

/// A province, a day of birth, to which 40 is added for women, and a serial number.
pub(super) fn id_nik(text: &[u8]) -> bool {
    let (first, second) = (at(text, 6), at(text, 7));
    let tens = if first >= b'4' { first.saturating_sub(4) } else { first };
    (11..=97).contains(&number(part(text, 0, 2)))
        && day(&[tens, second], part(text, 8, 10))
        && part(text, 12, 16) != b"0000"
}

/// A day of birth and one of the places that have a code.
pub(super) fn my_nric(text: &[u8]) -> bool {
    let place = number(part(text, 6, 8));
    day(part(text, 4, 6), part(text, 2, 4))
        && !matches!(place, 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97)
}

/// A province, the century and sex, the year.
pub(super) fn vn_cccd(text: &[u8]) -> bool {
    matches!(number(part(text, 0, 3)), 1..=96) && at(text, 3) <= b'3' && varied(text)
}

pub(super) fn pk_cnic(text: &[u8]) -> bool {
    matches!(text, [b'1'..=b'9', .., b'1'..=b'9']) && varied(text)
}

/// Year and day of the year, to which 500 is added for women.
pub(super) fn lk_nic(text: &[u8]) -> bool {
    let (year, of_year) = match text.len() {
        12 => (number(part(text, 0, 4)), part(text, 4, 7)),
        _ => (1900, part(text, 2, 5)),
    };
    let suffix = text.len() == 12 || matches!(text.last(), Some(b'V' | b'X'));
    suffix && (1880..2100).contains(&year) && matches!(number(of_year), 1..=366 | 501..=866)
}

/// The longest begin with the year of birth.
pub(super) fn bd_nid(text: &[u8]) -> bool {
    varied(text) && (text.len() != 17 || (1880..2100).contains(&number(part(text, 0, 4))))
}

pub(super) fn il_id(text: &[u8]) -> bool {
    varied(text) && luhn(text)
}

pub(super) fn tr_national_id(text: &[u8]) -> bool {
    let sum = weighted(text, &[7, 9, 7, 9, 7, 9, 7, 9, 7]);
    let all: u32 = values(part(text, 0, 10)).sum();
    at(text, 0) != b'0' && sum % 10 == value(at(text, 9)) && all % 10 == value(at(text, 10))
}

/// 1 for citizens, 2 for residents.
pub(super) fn sa_national_id(text: &[u8]) -> bool {
    matches!(text, [b'1' | b'2', ..]) && varied(text) && luhn(text)
}

/// The code of the country, and a year of birth.
pub(super) fn ae_emirates_id(text: &[u8]) -> bool {
    (1900..2100).contains(&number(part(text, 3, 7))) && luhn(text)
}

/// A century, a day of birth, a governorate.
pub(super) fn eg_national_id(text: &[u8]) -> bool {
    matches!(text, [b'2' | b'3', ..])
        && day(part(text, 5, 7), part(text, 3, 5))
        && matches!(number(part(text, 7, 9)), 1..=35 | 88)
}

/// A day of birth, and whether a citizen, a resident or a refugee.
pub(super) fn za_id_number(text: &[u8]) -> bool {
    day(part(text, 4, 6), part(text, 2, 4))
        && matches!(at(text, 10), b'0'..=b'2')
        && varied(text)
        && luhn(text)
}

/// Ten digits for companies, twelve for people.
pub(super) fn ru_inn(text: &[u8]) -> bool {
    let fits = |weights: &[u32], place| weighted(text, weights) % 11 % 10 == value(at(text, place));
    varied(text)
        && match text.len() {
            10 => fits(&[2, 4, 10, 3, 5, 9, 4, 6, 8], 9),
            _ => {
                fits(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10)
                    && fits(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11)
            }
        }
}

/// The lowest numbers have no check.
pub(super) fn ru_snils(text: &[u8]) -> bool {
    let sum = weighted(text, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let checked = || u64::from(sum % 101 % 100) == number(part(text, 9, 11));
    varied(text) && (number(part(text, 0, 9)) <= 1_001_998 || checked())
}

/// A region and a serial number.
pub(super) fn ru_passport(text: &[u8]) -> bool {
    !text.starts_with(b"00") && !text.ends_with(b"000000") && varied(text)
}

/// The first digit is taken away once, which is the same as adding it ten times.
pub(super) fn ua_rnokpp(text: &[u8]) -> bool {
    let sum = weighted(text, &[10, 5, 7, 9, 4, 6, 10, 5, 7]);
    varied(text) && sum % 11 % 10 == value(at(text, 9))
}

/// A day of birth, the century and sex, and a check that is tried twice.
pub(super) fn kz_iin(text: &[u8]) -> bool {
    let check = match weighted(text, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11 {
        10 => weighted(text, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11,
        first => first,
    };
    day(part(text, 4, 6), part(text, 2, 4))
        && matches!(at(text, 6), b'0'..=b'6')
        && check == value(at(text, 11))
}

/// A country's code in front, or one of networks that are nowhere or are tried out.
pub(super) fn imsi(text: &[u8]) -> bool {
    matches!(number(part(text, 0, 3)), 1 | 200..=799 | 901 | 902 | 999) && varied(text)
}

/// 89 for telecommunications in front.
pub(super) fn iccid(text: &[u8]) -> bool {
    text.starts_with(b"89") && luhn(text)
}

/// From the blocks that ISNI set aside for ORCID.
pub(super) fn orcid(text: &[u8]) -> bool {
    let body = number(part(text, 0, 15));
    let set_aside = matches!(body, 15_000_000..=35_000_000 | 900_000_000_000..=900_100_000_000);
    set_aside && mod_11_2(text)
}

pub(super) fn imei(text: &[u8]) -> bool {
    varied(text) && luhn(text)
}
