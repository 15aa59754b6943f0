//! Which letters and digits can be such a number.

use super::super::check::{
    all_of, all_same, day, luhn as luhn_sum, mod_97, number, value, values, weighted,
};

/// What ISO 3166-1 and the numbering agencies let an ISIN begin with.
const COUNTRIES: &[u8] = b"ADAEAFAGAIALAMANAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBT\
BVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCSCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGE\
GFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALB\
LCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPF\
PGPHPKPLPMPNPRPSPTPWPYQAQSQTRERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTL\
TMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXAXBXCXDXFXKXSYEYTZAZMZW";
/// The states of birth in a CURP; NE is born abroad.
const STATES: &[u8] = b"ASBCBSCCCHCLCMCSDFDGGRGTHGJCMCMNMSNENLNTOCPLQRQTSLSPSRTCTLTSVZYNZS";

/// What stands from a place on, of so many letters and digits.
fn part(text: &[u8], from: usize, length: usize) -> &[u8] {
    text.get(from..from + length).unwrap_or_default()
}

fn is_pair(pairs: &[u8], wanted: &[u8]) -> bool {
    pairs.chunks_exact(2).any(|pair| pair == wanted)
}

fn first(text: &[u8]) -> u64 {
    number(part(text, 0, 2))
}

/// The last one's value, and what stands in front of it.
fn last(text: &[u8]) -> (u32, &[u8]) {
    text.split_last().map_or((0, text), |(last, body)| (value(*last), body))
}

/// The sum of digits from right to left, each times its weight.
fn from_right(text: &[u8], weights: impl IntoIterator<Item = u32>) -> u32 {
    values(text).rev().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// What is missing to a multiple of 11; 0 to 10.
fn to_eleven(sum: u32) -> u32 {
    (11 - sum % 11) % 11
}

/// Behind those with a weight stands what is missing to a multiple of 11; for 10 stands 0. Letters count on from the
/// digits as they do in ASCII.
fn is_checked(text: &[u8], weights: &[u32]) -> bool {
    let plain = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
    let sum = text.iter().zip(weights).map(|(byte, weight)| plain(*byte) * weight).sum();
    text.get(weights.len()).is_some_and(|byte| plain(*byte) == to_eleven(sum) % 10)
}

/// Luhn's sum, begun with what stands in front; letters are written as 10 to 35.
fn is_luhn_from(front: u32, text: &[u8]) -> bool {
    let (mut sum, mut times) = (front, 1);
    let mut add = |digit: u32| {
        sum += digit * times / 10 + digit * times % 10;
        times = 3 - times;
    };
    for value in values(text).rev() {
        add(value % 10);
        if value > 9 {
            add(value / 10);
        }
    }
    sum.is_multiple_of(10)
}

/// Letters, and digits that are not all the same.
pub(super) fn serial(text: &[u8]) -> bool {
    !all_same(text) && !all_same(text.get(1..).unwrap_or_default())
}

pub(super) fn from_one(text: &[u8]) -> bool {
    !all_same(text) && !text.starts_with(b"0")
}

pub(super) fn bank_account(text: &[u8]) -> bool {
    !all_same(text)
}

pub(super) fn luhn(text: &[u8]) -> bool {
    !all_same(text) && luhn_sum(text)
}

pub(super) fn three_seven_one(text: &[u8]) -> bool {
    let sum: u32 =
        values(text).zip([3, 7, 1].into_iter().cycle()).map(|(value, times)| value * times).sum();
    !all_same(text) && sum.is_multiple_of(10)
}

pub(super) fn us_itin(text: &[u8]) -> bool {
    let middle = matches!(number(part(text, 3, 2)), 50..=65 | 70..=88 | 90..=92 | 94..=99);
    !all_same(text) && text.starts_with(b"9") && middle
}

pub(super) fn us_ein(text: &[u8]) -> bool {
    let unused = matches!(
        first(text),
        0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97
    );
    !all_same(text) && !unused
}

pub(super) fn us_bank_routing(text: &[u8]) -> bool {
    matches!(first(text), 0..=12 | 21..=32 | 61..=72 | 80) && three_seven_one(text)
}

/// 80840 in front of it adds 24.
pub(super) fn us_npi(text: &[u8]) -> bool {
    !all_same(text) && matches!(text, [b'1' | b'2', ..]) && is_luhn_from(24, text)
}

pub(super) fn us_dea(text: &[u8]) -> bool {
    let Some(([kind, name], digits)) = text.split_first_chunk() else { return false };
    let registrant =
        b"ABCDEFGHJKLMPRSTUX".contains(kind) && (!name.is_ascii_digit() || *name == b'9');
    let sum = weighted(digits, &[1, 2, 1, 2, 1, 2, 9]);
    registrant && !all_same(digits) && sum.is_multiple_of(10)
}

pub(super) fn us_medicare(text: &[u8]) -> bool {
    !text.starts_with(b"0") && all_of(text, b"0123456789ACDEFGHJKMNPQRTUVWXY")
}

pub(super) fn ca_sin(text: &[u8]) -> bool {
    !matches!(text, [b'0' | b'8', ..]) && luhn(text)
}

pub(super) fn ca_ohip(text: &[u8]) -> bool {
    luhn(part(text, 0, 10))
}

pub(super) fn ca_bn(text: &[u8]) -> bool {
    let program = match text.get(9..) {
        None | Some([]) => true,
        Some(account) => is_pair(b"RCRDRERGRMRNRPRRRTRZ", part(account, 0, 2)),
    };
    program && luhn(part(text, 0, 9))
}

/// RENAPO's alphabet has Ñ between N and O.
pub(super) fn mx_curp(text: &[u8]) -> bool {
    let with_enye = |value: u32| value + u32::from(value > 23);
    let (check, body) = last(text);
    let sum: u32 =
        values(body).zip((2..=18).rev()).map(|(value, weight)| with_enye(value) * weight).sum();
    matches!(text.get(10), Some(b'H' | b'M' | b'X'))
        && day(part(text, 8, 2), part(text, 6, 2))
        && is_pair(STATES, part(text, 11, 2))
        && (sum + check).is_multiple_of(10)
}

/// A date behind a person's four letters or a company's three, and three letters and digits that may be missing behind a
/// person's. 000 ends the numbers of those who have none.
pub(super) fn mx_rfc(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let date = part(text, letters, 6);
    let whole = match text.get(letters + 6..) {
        Some([]) | None => letters == 4,
        Some(behind) => behind != b"000" && matches!(text.last(), Some(b'0'..=b'9' | b'A')),
    };
    whole && day(part(date, 4, 2), part(date, 2, 2))
}

pub(super) fn br_cpf(text: &[u8]) -> bool {
    !all_same(text)
        && is_checked(text, &[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && is_checked(text, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

pub(super) fn br_cnpj(text: &[u8]) -> bool {
    !all_same(part(text, 0, 12))
        && is_checked(text, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && is_checked(text, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

pub(super) fn br_pis(text: &[u8]) -> bool {
    !all_same(text) && is_checked(text, &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// Where the first remainder is 10, two are taken from the second.
pub(super) fn br_cnh(text: &[u8]) -> bool {
    let one = weighted(text, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
    let two = weighted(text, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
    let digit = |remainder: u32| remainder % 11 % 10;
    let checks = u64::from(digit(one) * 10 + digit(two));
    let lowered = u64::from(digit(two + 9));
    let given = number(part(text, 9, 2));
    !all_same(text) && (given == checks && (one < 10 || two == 10) || one == 10 && given == lowered)
}

/// For Sao Paulo (01) and Minas Gerais (02) some write 1 for a remainder of 0.
pub(super) fn br_titulo_eleitor(text: &[u8]) -> bool {
    let state = number(part(text, 8, 2));
    let given = number(part(text, 10, 2));
    let checks = |zero: u32| {
        let digit = |sum: u32| match sum % 11 {
            10 => 0,
            0 => zero,
            digit => digit,
        };
        let one = digit(weighted(text, &[2, 3, 4, 5, 6, 7, 8, 9]));
        u64::from(one * 10 + digit(weighted(part(text, 8, 2), &[7, 8]) + one * 9))
    };
    let checked = given == checks(0) || state < 3 && given == checks(1);
    !all_same(text) && (1..=28).contains(&state) && checked
}

pub(super) fn ar_cuit(text: &[u8]) -> bool {
    let (check, body) = last(text);
    let wanted = match to_eleven(weighted(body, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) {
        10 => 9,
        digit => digit,
    };
    !all_same(text)
        && matches!(first(text), 20 | 23..=27 | 30 | 33 | 34 | 50 | 51 | 55)
        && check == wanted
}

/// K stands for 10.
fn is_k_checked(text: &[u8], weights: impl IntoIterator<Item = u32>) -> bool {
    let (check, body) = last(text);
    let wanted = match to_eleven(from_right(body, weights)) {
        10 => value(b'K'),
        digit => digit,
    };
    !all_same(body) && check == wanted
}

pub(super) fn cl_rut(text: &[u8]) -> bool {
    is_k_checked(text, (2..=7).cycle())
}

pub(super) fn gt_nit(text: &[u8]) -> bool {
    is_k_checked(text, 2..)
}

pub(super) fn co_nit(text: &[u8]) -> bool {
    let (check, body) = last(text);
    let rest = from_right(body, [3, 7, 13, 17, 19, 23, 29, 37, 41, 43]) % 11;
    !all_same(text) && check == if rest < 2 { rest } else { 11 - rest }
}

/// Of less than ten million people write a 0 in front.
pub(super) fn ar_dni(text: &[u8]) -> bool {
    !all_same(text) && !text.starts_with(b"00") && (text.len() == 8 || !text.starts_with(b"0"))
}

pub(super) fn co_cedula(text: &[u8]) -> bool {
    from_one(text) && (text.len() < 10 || text.starts_with(b"1"))
}

pub(super) fn pe_ruc(text: &[u8]) -> bool {
    let (check, body) = last(text);
    let rest = weighted(body, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    matches!(first(text), 10 | 15..=17 | 20) && check == (11 - rest) % 10
}

/// The ninth is a digit, or a letter in its place.
pub(super) fn pe_dni(text: &[u8]) -> bool {
    let digits = part(text, 0, 8);
    let rest = weighted(digits, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let digit = match rest {
        0..=5 => 6 - rest,
        6 | 7 => 7 - rest,
        _ => 17 - rest,
    };
    let is_check = |byte: u8| value(byte) == digit || value(byte) == 20 - rest;
    !all_same(digits) && text.get(8).is_none_or(|byte| is_check(*byte))
}

pub(super) fn ec_cedula(text: &[u8]) -> bool {
    let third = matches!(text.get(2), Some(b'0'..=b'6'));
    matches!(first(text), 1..=24 | 30 | 50) && third && luhn(text)
}

pub(super) fn cr_cedula(text: &[u8]) -> bool {
    !all_same(text) && !matches!(text, [b'0', ..] if text.len() == 9)
}

/// The oldest have fewer digits, or zeros in front.
pub(super) fn uy_ci(text: &[u8]) -> bool {
    !all_same(text) && from_right(text, [1, 4, 3, 6, 7, 8, 9, 2]).is_multiple_of(10)
}

pub(super) fn ve_rif(text: &[u8]) -> bool {
    let kind = match text.first() {
        Some(b'V') => 4,
        Some(b'E') => 8,
        Some(b'J') => 12,
        Some(b'P') => 16,
        Some(b'G') => 20,
        _ => return false,
    };
    let (check, body) = last(text.get(1..).unwrap_or_default());
    let sum = kind + weighted(body, &[3, 2, 7, 6, 5, 4, 3, 2]);
    !all_same(body) && check == to_eleven(sum) % 10
}

pub(super) fn py_ruc(text: &[u8]) -> bool {
    let (check, body) = last(text);
    !all_same(text) && check == to_eleven(from_right(body, 2..)) % 10
}

/// Letters stand for 1 to 9 in three rows, and X at the ninth place for 10 (49 CFR 565.15, table III).
pub(super) fn vin(text: &[u8]) -> bool {
    let sum: u32 = values(text)
        .map(|value| match value {
            0..=9 => value,
            10..=18 => value - 9,
            19..=27 => value - 18,
            _ => value - 26,
        })
        .zip([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])
        .map(|(value, weight)| value * weight)
        .sum();
    let wanted = match sum % 11 {
        10 => value(b'X'),
        digit => digit,
    };
    let letters = !text.iter().any(|byte| matches!(byte, b'I' | b'O' | b'Q'));
    letters && !all_same(text) && text.get(8).is_some_and(|byte| value(*byte) == wanted)
}

pub(super) fn isin(text: &[u8]) -> bool {
    is_pair(COUNTRIES, part(text, 0, 2)) && !all_same(part(text, 2, 9)) && is_luhn_from(0, text)
}

pub(super) fn cusip(text: &[u8]) -> bool {
    let sum: u32 = values(text)
        .zip([1, 2].into_iter().cycle())
        .map(|(value, times)| value * times / 10 + value * times % 10)
        .sum();
    !all_same(text) && sum.is_multiple_of(10)
}

pub(super) fn lei(text: &[u8]) -> bool {
    !all_same(text) && mod_97(text) == 1
}
