//! What is wrong with numbers that no European authority gave out.

use super::super::check::*;

/// Letters of the Spanish check, by the remainder modulo 23.
const SPANISH: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
/// Letters of the Irish check, by the remainder modulo 23.
pub(super) const IRISH: &[u8] = b"WABCDEFGHIJKLMNOPQRSTUV";
/// Letters of the Finnish check, by the remainder modulo 31.
const FINNISH: &[u8] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
/// What German passports and identity cards are numbered with.
const GERMAN: &[u8] = b"0123456789CFGHJKLMNPRTVWXYZ";

/// The number that so many digits stand for.
pub(super) fn part(text: &[u8], from: usize, count: usize) -> u64 {
    number(text.get(from..from + count).unwrap_or_default())
}

pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn calendar(day: u64, month: u64) -> bool {
    let last = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// The letter of a remainder.
pub(super) fn is_letter_of(letters: &[u8], rest: u64, letter: u8) -> bool {
    letters.get(rest as usize) == Some(&letter)
}

pub(super) fn uk_nhs(text: &[u8]) -> bool {
    !all_same(text) && weighted(text, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// With its prefix, or the part behind it: `QQ 12 34 56 C` has it in a group of its own. F, M and P ended numbers that
/// were given for a time.
pub(super) fn uk_nino(text: &[u8]) -> bool {
    let Some((suffix, body)) = text.split_last() else { return false };
    let (digits, prefixed) = match body {
        [first, second, digits @ ..] if body.len() == 8 => {
            let barred = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
            let given = !b"DFIQUV".contains(first)
                && !b"DFIOQUV".contains(second)
                && !barred.contains(&&[*first, *second]);
            (digits, given)
        }
        digits => (digits, true),
    };
    prefixed && b"ABCDFMP".contains(suffix) && !all_same(digits)
}

pub(super) fn uk_utr(text: &[u8]) -> bool {
    let digits = text.strip_suffix(b"K").unwrap_or(text);
    let Some((first, body)) = digits.split_first() else { return false };
    let rest = weighted(body, &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    !all_same(digits) && b"21987654321".get(rest as usize) == Some(first)
}

pub(super) fn uk_passport(text: &[u8]) -> bool {
    !all_same(text)
}

/// Five letters of the name, filled up with nines; decade, month (a woman's plus 50), day, year.
pub(super) fn uk_driving_licence(text: &[u8]) -> bool {
    let name = text.get(..5).unwrap_or_default();
    let filled = name.iter().skip_while(|b| b.is_ascii_uppercase()).all(|b| *b == b'9');
    let initials = text.get(11..13).unwrap_or_default();
    let initialed = initials.iter().all(|b| b.is_ascii_uppercase() || *b == b'9');
    filled && initialed && calendar(part(text, 8, 2), part(text, 6, 2) % 50) && byte(text, 6) < b'7'
}

/// Of the first ten digits one stands twice or three times, but not three times in a row.
pub(super) fn de_tax_id(text: &[u8]) -> bool {
    let body = text.get(..10).unwrap_or_default();
    let mut repeated = 0;
    for wanted in b'0'..=b'9' {
        match body.iter().filter(|digit| **digit == wanted).count() {
            0 | 1 => {}
            2 | 3 => repeated += 1,
            _ => return false,
        }
    }
    let row = body.windows(3).any(all_same);
    repeated == 1 && !row && !text.starts_with(b"0") && mod_11_10(text)
}

/// The check digit of ICAO Doc 9303 is the tenth, where it stands.
fn icao(text: &[u8]) -> bool {
    let Some((body, last)) = text.split_at_checked(9) else { return false };
    let sum = weighted(body, &[7, 3, 1, 7, 3, 1, 7, 3, 1]);
    last.iter().take(1).all(|digit| value(*digit) == sum % 10)
}

/// Of a thousand passports all but one have a second letter; other countries' have none.
pub(super) fn de_passport(text: &[u8]) -> bool {
    b"CFGHJK".contains(&byte(text, 0))
        && all_of(text, GERMAN)
        && text.iter().filter(|b| b.is_ascii_uppercase()).count() > 1
        && icao(text)
}

/// Up to 2010 ten digits, the last of them a check digit, and `D`.
pub(super) fn de_identity_card(text: &[u8]) -> bool {
    if let Some(digits) = text.strip_suffix(b"D").filter(|rest| rest.len() == 10) {
        return digits.iter().all(u8::is_ascii_digit) && !all_same(digits) && icao(digits);
    }
    b"LMNPRTVWXYZ".contains(&byte(text, 0)) && all_of(text, GERMAN) && icao(text)
}

/// The letter counts as two digits; sums of digits, so that 14 is 5.
pub(super) fn de_social_security(text: &[u8]) -> bool {
    let letter = value(byte(text, 8)).saturating_sub(9);
    let digits = values(text.get(..8).unwrap_or_default())
        .chain([letter / 10, letter % 10])
        .chain(values(text.get(9..11).unwrap_or_default()));
    let sum: u32 = digits
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    // Of some the day or month is not known; where two would have the same number, 50 is added to the day of one.
    let day = part(text, 2, 2);
    let dated = day < 82 && day % 50 <= 31 && part(text, 4, 2) <= 12;
    dated && part(text, 0, 2) > 1 && sum % 10 == value(byte(text, 11))
}

/// Corsica's departments count as 19 and 18. The key may be missing.
pub(super) fn fr_nir(text: &[u8]) -> bool {
    let Some((body, key)) = text.split_at_checked(13) else { return false };
    let mut sum: u64 = 0;
    for (at, byte) in body.iter().enumerate() {
        sum = match byte {
            b'0'..=b'9' => sum * 10 + u64::from(value(*byte)),
            b'A' if at == 6 && body.get(5) == Some(&b'2') => sum * 10 - 1,
            b'B' if at == 6 && body.get(5) == Some(&b'2') => sum * 10 - 2,
            _ => return false,
        };
    }
    let month = matches!(part(text, 3, 2), 1..=12 | 20..=42 | 50..=99);
    let sexed = matches!(byte(text, 0), b'1'..=b'4' | b'7' | b'8');
    sexed && month && (key.is_empty() || 97 - sum % 97 == number(key))
}

pub(super) fn fr_passport(text: &[u8]) -> bool {
    !all_same(text.get(4..).unwrap_or_default())
}

/// Up to 2021 twelve digits that begin with year and month; since then nine letters and digits.
pub(super) fn fr_cni(text: &[u8]) -> bool {
    if text.len() == 12 {
        return (1..=12).contains(&part(text, 2, 2)) && !all_same(text);
    }
    let letters = text.iter().filter(|b| b.is_ascii_uppercase()).count();
    (1..=7).contains(&letters)
}

/// Digits may be written as letters when two people would share a code.
pub(super) fn it_fiscal_code(text: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let digit = |at: usize| match byte(text, at) {
        digit @ b'0'..=b'9' => Some(u64::from(digit - b'0')),
        letter => b"LMNPQRSTUV".iter().position(|b| *b == letter).map(|place| place as u64),
    };
    let (Some(tens), Some(ones)) = (digit(9), digit(10)) else { return false };
    let numbered = [6, 7, 12, 13, 14].into_iter().all(|at| digit(at).is_some());
    let month = b"ABCDEHLMPRST".iter().position(|b| *b == byte(text, 8));
    let Some(month) = month.filter(|_| numbered) else { return false };
    let Some((last, body)) = text.split_last() else { return false };
    let place = |value: u32| if value < 10 { value } else { value - 10 };
    let sum: u32 = values(body)
        .map(place)
        .zip([true, false].into_iter().cycle())
        .map(|(value, odd)| match odd {
            true => ODD.get(value as usize).copied().unwrap_or(0),
            false => value,
        })
        .sum();
    let day = tens * 10 + ones;
    calendar(if day > 40 { day - 40 } else { day }, month as u64 + 1)
        && sum % 26 + 10 == value(*last)
}

/// Seven digits of the company, three of the province's office, Luhn's.
pub(super) fn it_vat(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"IT").unwrap_or(text);
    let office = matches!(part(digits, 7, 3), 1..=100 | 120 | 121 | 888 | 999);
    office && part(digits, 0, 7) != 0 && !all_same(digits) && luhn(digits)
}

/// Series of ordinary, diplomatic and service passports; China has `DE` and `SE`.
pub(super) fn it_passport(text: &[u8]) -> bool {
    let series = b"ADSY".contains(&byte(text, 0)) && byte(text, 1) != b'E';
    series && !all_same(text.get(2..).unwrap_or_default())
}

/// The digits in front of the last letter, modulo 23.
fn spanish(digits: u64, last: u8) -> bool {
    is_letter_of(SPANISH, digits % 23, last)
}

/// People by their identity card or with a letter in front, organisations by Luhn's digit or its letter.
pub(super) fn es_nif(text: &[u8]) -> bool {
    let digits = part(text, 1, 7);
    let (Some((first, rest)), last) = (text.split_first(), byte(text, 8)) else { return false };
    if !rest.iter().take(7).all(u8::is_ascii_digit) || digits == 0 {
        return false;
    }
    match first {
        b'0'..=b'9' => {
            spanish(part(text, 0, 8), last) && !all_same(text.get(..8).unwrap_or_default())
        }
        b'K' | b'L' | b'M' => spanish(digits, last),
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U' | b'V' | b'W' => {
            let as_digit = b"JABCDEFGHI".iter().position(|b| *b == last).unwrap_or(usize::MAX);
            let check = if last.is_ascii_digit() { usize::from(last - b'0') } else { as_digit };
            let sum: u32 = values(rest)
                .take(7)
                .zip([2, 1].into_iter().cycle())
                .map(|(digit, times)| digit * times)
                .map(|value| value / 10 + value % 10)
                .sum();
            (10 - sum % 10) % 10 == u32::try_from(check).unwrap_or(u32::MAX)
        }
        _ => false,
    }
}

/// `X`, `Y`, `Z` count as 0, 1, 2.
pub(super) fn es_nie(text: &[u8]) -> bool {
    let first = u64::from(byte(text, 0));
    let kind = first.wrapping_sub(u64::from(b'X'));
    let digits = part(text, 1, 7);
    kind < 3 && digits != 0 && spanish(kind * 10_000_000 + digits, byte(text, 8))
}

pub(super) fn es_passport(text: &[u8]) -> bool {
    !all_same(text.get(3..).unwrap_or_default())
}

/// The last digit counts as -1. Of eight digits the leading zero is missing.
pub(super) fn nl_bsn(text: &[u8]) -> bool {
    let weights: &[u32] = &[9, 8, 7, 6, 5, 4, 3, 2, 10];
    let weights = weights.get(9_usize.saturating_sub(text.len())..).unwrap_or_default();
    !all_same(text) && weighted(text, weights).is_multiple_of(11)
}

/// Who was born since 2000 has a 2 in front of what is divided. Months of BIS numbers are 20 or 40 more. The day goes on
/// behind the month's last where it is not known, or a day's numbers ran out.
pub(super) fn be_national_number(text: &[u8]) -> bool {
    let (body, check) = (part(text, 0, 9), part(text, 9, 2));
    let dated = part(text, 2, 2) % 20 <= 12 && part(text, 2, 2) < 60;
    let young = part(text, 0, 2) < 60 && 97 - (body + 2_000_000_000) % 97 == check;
    let checked = young || 97 - body % 97 == check;
    dated && body != 0 && checked
}

/// The century is in the month: 20 more for each, 80 for the one before 1900.
pub(super) fn pl_pesel(text: &[u8]) -> bool {
    calendar(part(text, 4, 2), part(text, 2, 2) % 20)
        && weighted(text, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

pub(super) fn pl_nip(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"PL").unwrap_or(text);
    let check = weighted(digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11;
    !all_same(digits) && check == value(byte(digits, 9)) && !digits.starts_with(b"0")
}

/// Of those that begin with 4 only 45 is given out.
pub(super) fn pt_nif(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"PT").unwrap_or(text);
    let given = match digits {
        [b'0', ..] => false,
        [b'4', second, ..] => *second == b'5',
        _ => true,
    };
    let check = (11 - weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10;
    given && !all_same(digits) && check == value(byte(digits, 8))
}

/// The fourth digit checks the others. Months go to 15, for days that ran out.
pub(super) fn at_svnr(text: &[u8]) -> bool {
    let dated = (1..=31).contains(&part(text, 4, 2)) && (1..=15).contains(&part(text, 6, 2));
    let check = weighted(text, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
    dated && !text.starts_with(b"0") && check == value(byte(text, 3))
}

pub(super) fn ch_ahv(text: &[u8]) -> bool {
    !all_same(text.get(3..).unwrap_or_default())
        && weighted(text, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

/// Coordination numbers have 60 added to the day. A century in front does not count.
pub(super) fn se_personnummer(text: &[u8]) -> bool {
    let (century, digits) =
        text.split_at_checked(text.len().saturating_sub(10)).unwrap_or_default();
    let lived = century.is_empty() || matches!(number(century), 18..=20);
    lived && calendar(part(digits, 4, 2) % 60, part(digits, 2, 2)) && luhn(digits)
}

/// D-numbers have 40 added to the day, H-numbers to the month.
pub(super) fn no_fodselsnummer(text: &[u8]) -> bool {
    let (day, month) = (part(text, 0, 2), part(text, 2, 2));
    let less = |value: u64| if value > 40 { value - 40 } else { value };
    calendar(less(day), less(month))
        && weighted(text, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(text, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// No check digit since 2007: a date, and not all zeroes behind it.
pub(super) fn dk_cpr(text: &[u8]) -> bool {
    calendar(part(text, 0, 2), part(text, 2, 2)) && part(text, 6, 4) != 0
}

/// The sign of the century is a letter, or was a dash. 900 and more are given for the time being only.
pub(super) fn fi_hetu(text: &[u8]) -> bool {
    let serial = match text.len() {
        11 if b"ABCDEFUVWXY".contains(&byte(text, 6)) => part(text, 7, 3),
        10 => part(text, 6, 3),
        _ => return false,
    };
    let rest = (part(text, 0, 6) * 1000 + serial) % 31;
    calendar(part(text, 0, 2), part(text, 2, 2))
        && (2..900).contains(&serial)
        && text.last().is_some_and(|last| is_letter_of(FINNISH, rest, *last))
}

/// Since 2013 a second letter counts, unless it is one of the old ones.
pub(super) fn ie_ppsn(text: &[u8]) -> bool {
    let second = match text.get(8) {
        None | Some(b'W' | b'T' | b'X') => 0,
        Some(letter @ (b'A' | b'B' | b'H')) => value(*letter) - 9,
        Some(_) => return false,
    };
    let sum = weighted(text, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second;
    part(text, 0, 7) != 0 && is_letter_of(IRISH, u64::from(sum % 23), byte(text, 7))
}

/// A woman's month is 50 more, and 20 more where a day's numbers ran out. Who was born before 1954 has nine digits, of the
/// nineteenth century too.
pub(super) fn cz_rodne_cislo(text: &[u8]) -> bool {
    let month = part(text, 2, 2) % 50;
    let dated = calendar(part(text, 4, 2), if month > 20 { month - 20 } else { month });
    let checked = match text.split_last() {
        Some((last, body)) if body.len() == 9 => number(body) % 11 % 10 == u64::from(value(*last)),
        _ => !matches!(part(text, 0, 2), 54..80),
    };
    dated && checked
}

pub(super) fn ro_cnp(text: &[u8]) -> bool {
    let county = matches!(part(text, 7, 2), 1..=48 | 51 | 52 | 70 | 80..=83);
    let check = match weighted(text, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        check => check,
    };
    let dated = calendar(part(text, 5, 2), part(text, 3, 2));
    dated && county && !text.starts_with(b"0") && check == value(byte(text, 12))
}

/// The month is 20 more before 1900 and 40 more since 2000.
pub(super) fn bg_egn(text: &[u8]) -> bool {
    let month = match part(text, 2, 2) {
        month @ 41.. => month - 40,
        month @ 21.. => month - 20,
        month => month,
    };
    let check = weighted(text, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    calendar(part(text, 4, 2), month) && check == value(byte(text, 9))
}

pub(super) fn hr_oib(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"HR").unwrap_or(text);
    !all_same(digits) && mod_11_10(digits)
}

pub(super) fn hu_taj(text: &[u8]) -> bool {
    !all_same(text) && weighted(text, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == value(byte(text, 8))
}

pub(super) fn gr_amka(text: &[u8]) -> bool {
    calendar(part(text, 0, 2), part(text, 2, 2)) && luhn(text)
}

/// Weights from 1; from 3 where that leaves 10.
fn baltic(text: &[u8]) -> bool {
    let check = match weighted(text, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
        10 => weighted(text, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        check => check,
    };
    check == value(byte(text, 10))
}

pub(super) fn ee_isikukood(text: &[u8]) -> bool {
    let born = matches!(byte(text, 0), b'1'..=b'8');
    born && calendar(part(text, 5, 2), part(text, 3, 2)) && baltic(text)
}

/// Those that begin with 9 say no date.
pub(super) fn lt_asmens_kodas(text: &[u8]) -> bool {
    ee_isikukood(text) || text.starts_with(b"9") && !all_same(text) && baltic(text)
}

/// Since July 2017 they begin with 32 and say no date.
pub(super) fn lv_personas_kods(text: &[u8]) -> bool {
    let dated = calendar(part(text, 0, 2), part(text, 2, 2)) && byte(text, 6) < b'3';
    let check = (1 + weighted(text, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10;
    (dated || text.starts_with(b"32")) && check == value(byte(text, 10))
}
