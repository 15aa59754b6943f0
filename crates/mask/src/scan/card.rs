use super::Scan;
use super::number::Run;
use super::text::digit;

/// No brand issues longer numbers.
const LONGEST: usize = 19;
/// No brand prints them in more groups.
const GROUPS: usize = 5;
/// Nor in longer ones.
const LONGEST_GROUP: usize = 13;

impl Scan<'_, '_> {
    /// A payment card: a brand's range, one of its lengths, the Luhn digit.
    pub(super) fn card(&self, run: Run) -> Option<(usize, usize)> {
        match run.len() {
            12..=LONGEST => {
                let decimal = run.after == b'.' && digit(self.text.at(run.end + 1));
                if decimal || run.after.is_ascii_alphanumeric() {
                    return None;
                }
                let digits = Digits::of(self.text.slice(run.start, run.end));
                digits.is_card(digits.len, digits.first(6)).then_some((run.start, run.end))
            }
            _ if self.may_be_card(run) => self.grouped_card(run),
            _ => None,
        }
    }

    /// Whether a card may begin with this group, by its length and where digits stand behind it.
    pub(super) fn may_be_card(&self, run: Run) -> bool {
        match run.len() {
            4 => {
                self.is_digit(run.end + 3)
                    && self.is_digit(run.end + 4)
                    && !self.is_row_of_fours(run)
            }
            6 => self.is_digit(run.end + 13),
            _ => false,
        }
    }

    /// The groups brands print: fours with a shorter or longer last one, 4-6-5, 4-6-4, 6-13.
    fn grouped_card(&self, run: Run) -> Option<(usize, usize)> {
        let separator = run.after;
        if !matches!(separator, b' ' | b'-') {
            return None;
        }
        let mut digits = Digits::default();
        let mut lengths = [0_u8; GROUPS];
        // How many digits there are up to each group's end.
        let mut totals = [0_u8; GROUPS];
        let mut groups = 0;
        let mut at = run.start;
        loop {
            let end = self.text.run_within(at, at + LONGEST_GROUP + 1, digit);
            let (Some(length), Some(total)) = (lengths.get_mut(groups), totals.get_mut(groups))
            else {
                break;
            };
            if end == at || !digits.extend(self.text.slice(at, end)) {
                break;
            }
            *length = (end - at) as u8;
            *total = digits.len as u8;
            groups += 1;
            if self.text.at(end) != separator {
                break;
            }
            at = end + 1;
        }
        let issuer = digits.first(6);
        (2..=groups).rev().find_map(|count| {
            let total = usize::from(totals.get(count - 1).copied()?);
            let end = run.start + total + count - 1;
            let printed = is_printed(lengths.get(..count)?) && digits.is_card(total, issuer);
            (printed && !self.card_goes_on(end, separator)).then_some((run.start, end))
        })
    }

    /// Whether five groups of four begin here, of which the first four are no card: told at a glance, so that long
    /// rows of such groups cost no more than other numbers.
    fn is_row_of_fours(&self, run: Run) -> bool {
        let row = self.text.slice(run.start, run.start + 24).as_chunks::<5>();
        let (&[a, b, c, d], &[e, f, g, h]) = row else { return false };
        let separated = [a, b, c, d].iter().all(|group| group[4] == run.after);
        let mut digits = [0; 16];
        for (to, from) in digits.as_chunks_mut::<4>().0.iter_mut().zip([a, b, c, d]) {
            *to = [from[0], from[1], from[2], from[3]].map(|byte| byte.wrapping_sub(b'0'));
        }
        let fifth = [e, f, g, h].map(|byte| byte.wrapping_sub(b'0'));
        let all_digits = digits.iter().chain(&fifth).all(|digit| *digit < 10);
        let issuer = digits.iter().take(6).fold(0, |n, &digit| n * 10 + u32::from(digit));
        separated && all_digits && !issued(issuer, 12) && !(issued(issuer, 16) && luhn(&digits))
    }

    fn is_digit(&self, at: usize) -> bool {
        digit(self.text.at(at))
    }

    /// Behind a dashed card no dashed group follows; behind a spaced one may stand the next column.
    fn card_goes_on(&self, end: usize, separator: u8) -> bool {
        match self.text.at(end) {
            b'-' if separator == b' ' => false,
            _ => self.goes_on_after(end),
        }
    }
}

/// Whether a brand prints its numbers in groups of these lengths.
fn is_printed(lengths: &[u8]) -> bool {
    match lengths {
        [6, 13] | [4, 6, 4 | 5] => true,
        [4, 4, fours @ .., 1..=5] => fours.len() <= 2 && fours.iter().all(|&length| length == 4),
        _ => false,
    }
}

#[derive(Default)]
struct Digits {
    digits: [u8; LONGEST],
    len: usize,
}

impl Digits {
    fn of(text: &[u8]) -> Self {
        let mut digits = Self::default();
        for (slot, &byte) in digits.digits.iter_mut().zip(text) {
            *slot = byte.wrapping_sub(b'0');
        }
        digits.len = text.len().min(LONGEST);
        digits
    }

    /// `false`: there are too many.
    fn extend(&mut self, text: &[u8]) -> bool {
        let Some(slots) = self.digits.get_mut(self.len..self.len + text.len()) else {
            return false;
        };
        for (slot, &byte) in slots.iter_mut().zip(text) {
            *slot = byte.wrapping_sub(b'0');
        }
        self.len += text.len();
        true
    }

    /// Whether the first `length` digits are a card's of this issuer.
    fn is_card(&self, length: usize, issuer: u32) -> bool {
        let digits = self.digits.get(..length).unwrap_or_default();
        issued(issuer, digits.len()) && luhn(digits)
    }

    fn first(&self, count: usize) -> u32 {
        self.digits.iter().take(count).fold(0, |n, &digit| n * 10 + u32::from(digit))
    }
}

/// Whether an issuer of these first six digits gives out numbers of this length.
fn issued(first_six: u32, length: usize) -> bool {
    match first_six {
        // Visa
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        // Mastercard, with its 2-series
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        // Mir
        220_000..=220_499 => (16..=19).contains(&length),
        // American Express
        340_000..=349_999 | 370_000..=379_999 => length == 15,
        // Diners Club
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            matches!(length, 14 | 16..=19)
        }
        // JCB
        352_800..=358_999 => (16..=19).contains(&length),
        213_100..=213_199 | 180_000..=180_099 => length == 15,
        // UnionPay, and what it shares with Discover
        620_000..=629_999 => (13..=19).contains(&length),
        810_000..=829_999 => (16..=19).contains(&length),
        // Discover
        601_100..=601_199 | 644_000..=659_999 => (16..=19).contains(&length),
        // RuPay
        600_000..=600_999 | 606_900..=608_999 => length == 16,
        // Maestro
        500_000..=509_999
        | 560_000..=589_999
        | 630_400..=630_499
        | 639_000..=639_099
        | 670_000..=679_999 => (12..=19).contains(&length),
        // Troy
        979_200..=979_299 => length == 16,
        _ => false,
    }
}

/// ISO/IEC 7812-1 annex B.
fn luhn(digits: &[u8]) -> bool {
    const DOUBLED: [u8; 16] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9, 0, 0, 0, 0, 0, 0];
    let (odd, pairs) = digits.as_rchunks::<2>();
    let odd: u8 = odd.iter().sum();
    let sum = pairs.iter().fold(odd, |sum, [doubled, once]| {
        sum + DOUBLED.get(usize::from(doubled & 15)).copied().unwrap_or(0) + once
    });
    sum.is_multiple_of(10)
}
