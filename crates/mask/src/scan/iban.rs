use std::cell::Cell;

use super::Scan;
use super::number::Run;
use super::text::{Text, alnum};

impl Scan<'_, '_> {
    /// An IBAN whose two check digits begin the run: a country's length, and the remainder 1.
    pub(super) fn iban(&self, run: Run) -> Option<(usize, usize)> {
        let start = run.start.checked_sub(2)?;
        let country =
            [self.text.at(start), self.text.at(start + 1)].map(|b| b.to_ascii_uppercase());
        if run.len() < 2 || alnum(self.text.before(start)) {
            return None;
        }
        let length = length_of(country)?;
        let front = self.groups.at(self.text, start);
        let mut sum = 0;
        let mut end = start + 4;
        let mut next = end + usize::from(front.parted);
        let bank = self.text.slice(next, next + 4);
        if names_its_bank(country) && !bank.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        for _ in 1..length / 4 {
            let group = self.groups.at(self.text, next);
            if group.weight == 0 {
                return None;
            }
            sum = group.behind(sum);
            end = next + 4;
            next = end + usize::from(group.parted);
        }
        let rest = length % 4;
        if rest > 0 {
            end = next + rest;
        }
        // Most that look like one end elsewhere.
        if alnum(self.text.at(end)) {
            return None;
        }
        if rest > 0 {
            let last = Group::of(self.text.slice(next, end), rest);
            if last.weight == 0 {
                return None;
            }
            sum = last.behind(sum);
        }
        (front.behind(sum) % 97 == 1).then_some((start, end))
    }
}

/// The last few groups that were read: in a row of them each may begin an account and be a part of those that begin
/// before it, and is read once. A place above, a group's two numbers below.
pub(super) struct Groups([Cell<u64>; 8]);

impl Default for Groups {
    fn default() -> Self {
        Self([const { Cell::new(u64::MAX) }; 8])
    }
}

impl Groups {
    /// The group of four characters that begins at `start`.
    fn at(&self, text: Text<'_>, start: usize) -> Group {
        let Some(slot) = self.0.get(start % self.0.len()) else { return Group::NONE };
        let known = slot.get();
        if known >> 16 == start as u64 {
            let [weight, value, ..] = known.to_le_bytes();
            return Group { value, weight: weight & 0x7F, parted: weight >> 7 };
        }
        let mut group = Group::of(text.slice(start, start + 4), 4);
        group.parted = u8::from(matches!(text.at(start + 4), b' ' | b'-'));
        let [low, high] = [group.weight | group.parted << 7, group.value];
        slot.set((start as u64) << 16 | u64::from(u16::from_le_bytes([low, high])));
        group
    }
}

/// Digits and letters that stand together, as ISO 7064 mod 97-10 reads them: A is 10 … Z is 35.
#[derive(Clone, Copy)]
struct Group {
    /// Of 97.
    value: u8,
    /// What the number in front of it is multiplied by, of 97; 0 when it is none of so many characters.
    weight: u8,
    /// 1 when one byte parts it from the next.
    parted: u8,
}

impl Group {
    const NONE: Self = Self { value: 0, weight: 0, parted: 0 };

    /// At most four characters.
    fn of(text: &[u8], length: usize) -> Self {
        let (mut value, mut weight) = (0_u32, 1_u32);
        for &byte in text {
            let ten = match value_of(byte) {
                NONE => 0,
                0..10 => 10,
                _ => 100,
            };
            value = value * ten + u32::from(value_of(byte));
            weight *= ten;
        }
        if text.len() != length {
            return Self::NONE;
        }
        Self { value: (value % 97) as u8, weight: (weight % 97) as u8, parted: 0 }
    }

    /// The number that ends in this group. Nine of them stay below 2⁶⁴.
    fn behind(self, front: u64) -> u64 {
        front * u64::from(self.weight) + u64::from(self.value)
    }
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

/// Whether the account begins with four letters for the bank, as the SWIFT IBAN registry has it (`4!a`).
const fn names_its_bank(country: [u8; 2]) -> bool {
    matches!(
        &country,
        b"AZ"
            | b"BG"
            | b"BH"
            | b"GB"
            | b"GI"
            | b"IE"
            | b"IQ"
            | b"JO"
            | b"KW"
            | b"LC"
            | b"LV"
            | b"MT"
            | b"MU"
            | b"NL"
            | b"PK"
            | b"PS"
            | b"QA"
            | b"RO"
            | b"SC"
            | b"SV"
            | b"VG"
    )
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
