use super::Scan;
use super::number::Run;
use super::text::digit;

/// No brand issues longer numbers.
const LONGEST: usize = 19;

impl Scan<'_, '_> {
    /// A payment card: a brand's range, one of its lengths, the Luhn digit.
    pub(super) fn card(&self, run: Run) -> Option<(usize, usize)> {
        if self.goes_on_before(run) {
            return None;
        }
        match run.len() {
            12..=LONGEST => {
                let decimal = run.after == b'.' && digit(self.text.at(run.end + 1));
                if decimal || run.after.is_ascii_alphanumeric() {
                    return None;
                }
                let digits = Digits::of(self.text.slice(run.start, run.end));
                digits.is_card().then_some((run.start, run.end))
            }
            4 if self.is_digit(run.end + 3) && self.is_digit(run.end + 4) => self.grouped_card(run),
            6 if self.is_digit(run.end + 13) => self.grouped_card(run),
            _ => None,
        }
    }

    /// The groups brands print: fours with a shorter or longer last one, 4-6-5, 4-6-4, 6-13.
    fn grouped_card(&self, run: Run) -> Option<(usize, usize)> {
        let separator = run.after;
        if !matches!(separator, b' ' | b'-') {
            return None;
        }
        let mut digits = Digits::of(self.text.slice(run.start, run.end));
        if !digits.may_begin_card() {
            return None;
        }
        let mut group = (run.len(), run.end);
        let mut fours = true;
        let mut card = None;
        for count in 1.. {
            let (length, end) = group;
            let shape = match (count, length) {
                (1, _) => false,
                (2, 13) => run.len() == 6,
                (3, 4 | 5) if !fours => true,
                (3.., 1..=5) => fours,
                _ => false,
            };
            if shape && digits.is_card() && !self.card_goes_on(end, separator) {
                card = Some((run.start, end));
            }
            let more = match (count, length) {
                (1, _) => true,
                (2, 6) if run.len() == 4 => {
                    fours = false;
                    true
                }
                (_, 4) => fours && run.len() == 4,
                _ => false,
            };
            if !more || self.text.at(end) != separator {
                break;
            }
            let next = self.text.run(end + 1, digit);
            let length = next - end - 1;
            if length == 0 || digits.len + length > LONGEST {
                break;
            }
            digits.extend(self.text.slice(end + 1, next));
            group = (length, next);
        }
        card
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

#[derive(Default)]
struct Digits {
    digits: [u8; LONGEST],
    len: usize,
}

impl Digits {
    fn of(text: &[u8]) -> Self {
        let mut digits = Self::default();
        digits.extend(text);
        digits
    }

    fn extend(&mut self, text: &[u8]) {
        let free = self.digits.get_mut(self.len..).unwrap_or_default();
        for (slot, &byte) in free.iter_mut().zip(text) {
            *slot = byte.wrapping_sub(b'0');
        }
        self.len = (self.len + text.len()).min(LONGEST);
    }

    fn is_card(&self) -> bool {
        let digits = self.digits.get(..self.len).unwrap_or_default();
        issued(self.first(6), digits.len()) && luhn(digits)
    }

    /// Whether any brand's numbers begin like this.
    fn may_begin_card(&self) -> bool {
        matches!(self.first(1), 2..=6 | 8 | 9)
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
