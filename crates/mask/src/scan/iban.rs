use super::Scan;
use super::number::Run;
use super::text::{alnum, letter};

impl Scan<'_, '_> {
    /// An IBAN whose two check digits begin the run: a country's length, and the remainder 1.
    pub(super) fn iban(&self, run: Run) -> Option<(usize, usize)> {
        let start = run.start.checked_sub(2)?;
        let country =
            [self.text.at(start), self.text.at(start + 1)].map(|b| b.to_ascii_uppercase());
        if run.len() < 2 || !letter(self.text.at(start)) || alnum(self.text.before(start)) {
            return None;
        }
        let length = length_of(country)?;
        // Digits and letters of the account, with single separators between its groups of four.
        let body = self.text.slice(run.start + 2, run.start + 2 + length + length / 4);
        let mut values = [0; LONGEST];
        let mut place = 4;
        let mut separated = false;
        let mut read = 0;
        for &byte in body {
            let value = value_of(byte);
            if let Some(slot) = values.get_mut(place).filter(|_| value != NONE) {
                *slot = value;
                place += 1;
                separated = false;
            } else if matches!(byte, b' ' | b'-') && place % 4 == 0 && !separated {
                separated = true;
            } else {
                return None;
            }
            read += 1;
            if place == length {
                break;
            }
        }
        // Most that look like one end elsewhere: the remainder is worked out last.
        let end = run.start + 2 + read;
        if place != length || alnum(self.text.at(end)) {
            return None;
        }
        for (slot, &byte) in values.iter_mut().zip(self.text.slice(start, start + 4)) {
            *slot = value_of(byte);
        }
        let (front, account) = values.get(..length)?.split_first_chunk::<4>()?;
        (remainder(account, front) == 1).then_some((start, end))
    }
}

/// No country's is longer.
const LONGEST: usize = 34;

/// ISO 7064 mod 97-10 over digits and letters (A is 10 … Z is 35), those of `front` behind the others.
fn remainder(account: &[u8], front: &[u8; 4]) -> u64 {
    let values = account.iter().chain(front);
    values.fold(0, |sum, &value| {
        let sum = sum * if value < 10 { 10 } else { 100 } + u64::from(value);
        if sum < 1 << 56 { sum } else { sum % 97 }
    }) % 97
}

/// What is neither a digit nor a letter.
const NONE: u8 = u8::MAX;

/// A digit's value, or a letter's.
fn value_of(byte: u8) -> u8 {
    const VALUES: [u8; 256] = {
        let (mut values, mut byte) = ([NONE; 256], 0_u8);
        while byte < u8::MAX {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                b'a'..=b'z' => byte - b'a' + 10,
                _ => NONE,
            };
            #[expect(clippy::indexing_slicing, reason = "no byte is out of 256")]
            {
                values[byte as usize] = value;
            }
            byte += 1;
        }
        values
    };
    VALUES.get(usize::from(byte)).copied().unwrap_or(NONE)
}

/// The whole IBAN's length by country, from the SWIFT IBAN registry and the countries in partial use.
fn length_of(country: [u8; 2]) -> Option<usize> {
    let length = match &country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FI" | b"FK" | b"FO" | b"GL" | b"NL" | b"SD" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"MN" | b"XK" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"CR" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"SO" | b"TL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"AO" | b"CV" | b"GW" | b"LY" | b"MZ" | b"PT" | b"ST" => 25,
        b"DZ" | b"IR" | b"IS" | b"TR" => 26,
        b"BI" | b"CF" | b"CG" | b"CM" | b"DJ" | b"FR" | b"GA" | b"GQ" | b"GR" | b"IT" | b"KM"
        | b"MC" | b"MG" | b"MR" | b"SM" | b"TD" => 27,
        b"AL" | b"AZ" | b"BF" | b"BJ" | b"BY" | b"CI" | b"CY" | b"DO" | b"GT" | b"HN" | b"HU"
        | b"LB" | b"MA" | b"ML" | b"NE" | b"NI" | b"PL" | b"SN" | b"SV" | b"TG" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    };
    Some(length)
}
