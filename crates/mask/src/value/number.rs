//! Decimal numbers as PostgreSQL's `numeric` writes them, and their buckets.

use model::ValueFormat;

use super::Fields;

/// Numbers of more digits (before and behind the point) are not read.
const MOST_DIGITS: usize = 1000;
const NEGATIVE: i32 = 0x4000;
/// A binary digit holds four decimal ones.
const GROUP: usize = 4;

/// A decimal number. Digits are values from 0 to 9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// Before the point, without leading zeros: none for a number below one.
    pub(super) whole: Vec<u8>,
    /// Behind the point.
    pub(super) fraction: Vec<u8>,
}

/// Appends the lower end of the bucket of a written number. `false`: it is none.
pub(crate) fn bucket_text(width: u64, text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(number) = Decimal::parse(text.trim_ascii()) else { return false };
    number.bucket(width).push_text(out);
    true
}

/// A binary `numeric` as it is written. `None`: it is none, or no finite number.
pub(crate) fn number_text(value: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    Decimal::from_binary(value)?.push_text(&mut text);
    Some(text)
}

impl Decimal {
    pub(super) fn read(format: ValueFormat, value: &[u8]) -> Option<Self> {
        match format {
            ValueFormat::Text => Self::parse(value),
            ValueFormat::Binary => Self::from_binary(value),
        }
    }

    pub(super) fn push(&self, format: ValueFormat, out: &mut Vec<u8>) {
        match format {
            ValueFormat::Text => self.push_text(out),
            ValueFormat::Binary => self.push_binary(out),
        }
    }

    /// Digits with a point perhaps; no exponent, no NaN, no infinity.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        let point = digits.iter().position(|&b| b == b'.').unwrap_or(digits.len());
        let (whole, fraction) = digits.split_at_checked(point)?;
        let fraction = fraction.get(1..).unwrap_or_default();
        let numeric =
            |part: &[u8]| part.len() <= MOST_DIGITS && part.iter().all(u8::is_ascii_digit);
        if whole.len() + fraction.len() == 0 || !numeric(whole) || !numeric(fraction) {
            return None;
        }
        let values = |part: &[u8]| part.iter().map(|digit| digit - b'0').collect();
        Some(Self::new(negative, values(whole), values(fraction)))
    }

    pub(super) fn new(negative: bool, mut whole: Vec<u8>, fraction: Vec<u8>) -> Self {
        let zeros = whole.iter().take_while(|&&digit| digit == 0).count();
        whole.drain(..zeros);
        Self { negative, whole, fraction }
    }

    pub(super) fn of(number: i64) -> Self {
        let digits = number.unsigned_abs().to_string().into_bytes();
        Self::new(number < 0, digits.iter().map(|digit| digit - b'0').collect(), Vec::new())
    }

    fn from_binary(value: &[u8]) -> Option<Self> {
        let mut fields = Fields(value);
        let groups = usize::try_from(fields.short()?).ok()?;
        let weight = isize::try_from(fields.short()?).ok()?;
        let sign = fields.short()? & 0xFFFF;
        let scale = usize::try_from(fields.short()?).ok()?;
        let longest = MOST_DIGITS / GROUP;
        let near = -(longest as isize)..longest as isize;
        if !matches!(sign, 0 | NEGATIVE) || groups > 2 * longest || !near.contains(&weight) {
            return None;
        }
        if scale > MOST_DIGITS || fields.0.len() != 2 * groups {
            return None;
        }
        let (mut whole, mut fraction) =
            (Vec::new(), vec![0; GROUP * (-1 - weight).max(0) as usize]);
        for at in 0..groups as isize {
            let group = fields.short().filter(|group| (0..10_000).contains(group))?;
            let digits = [1000, 100, 10, 1].map(|unit| (group / unit % 10) as u8);
            if at <= weight { whole.extend(digits) } else { fraction.extend(digits) }
        }
        whole.resize(GROUP * (weight + 1).max(0) as usize, 0);
        fraction.resize(scale, 0);
        Some(Self::new(sign == NEGATIVE, whole, fraction))
    }

    fn push_binary(&self, out: &mut Vec<u8>) {
        let missing = (GROUP - self.whole.len() % GROUP) % GROUP;
        let mut digits = vec![0; missing];
        digits.extend(&self.whole);
        let mut weight = (digits.len() / GROUP) as isize - 1;
        digits.extend(&self.fraction);
        digits.resize(digits.len().next_multiple_of(GROUP), 0);
        let (groups, _) = digits.as_chunks::<GROUP>();
        let mut groups: &[[u8; GROUP]] = groups;
        while let [[0, 0, 0, 0], rest @ ..] = groups {
            groups = rest;
            weight -= 1;
        }
        while let [rest @ .., [0, 0, 0, 0]] = groups {
            groups = rest;
        }
        let weight = if groups.is_empty() { 0 } else { weight };
        let sign = if self.negative && !groups.is_empty() { NEGATIVE } else { 0 };
        for field in [groups.len() as i32, weight as i32, sign, self.fraction.len() as i32] {
            out.extend_from_slice(&(field as u16).to_be_bytes());
        }
        for group in groups {
            let group = group.iter().fold(0_u16, |n, &digit| n * 10 + u16::from(digit));
            out.extend_from_slice(&group.to_be_bytes());
        }
    }

    pub(super) fn push_text(&self, out: &mut Vec<u8>) {
        if self.negative && self.whole.iter().chain(&self.fraction).any(|&digit| digit != 0) {
            out.push(b'-');
        }
        if self.whole.is_empty() {
            out.push(b'0');
        }
        out.extend(self.whole.iter().map(|digit| b'0' + digit));
        if !self.fraction.is_empty() {
            out.push(b'.');
            out.extend(self.fraction.iter().map(|digit| b'0' + digit));
        }
    }

    /// Its one shortest text: `1.50` and `1.5` are one number.
    pub(super) fn shortest(mut self) -> Vec<u8> {
        while self.fraction.last() == Some(&0) {
            self.fraction.pop();
        }
        let mut text = Vec::with_capacity(self.whole.len() + self.fraction.len() + 2);
        self.push_text(&mut text);
        text
    }

    /// The largest multiple of `width` that is not above it.
    pub(super) fn bucket(mut self, width: u64) -> Self {
        let wide = u128::from(width.max(1));
        let above =
            self.whole.iter().fold(0, |rest, &digit| (rest * 10 + u128::from(digit)) % wide);
        let exact = above == 0 && self.fraction.iter().all(|&digit| digit == 0);
        self.fraction.clear();
        subtract(&mut self.whole, above);
        if self.negative && !exact {
            add(&mut self.whole, wide);
        }
        Self::new(self.negative, self.whole, self.fraction)
    }
}

/// The digits have to make a number not below `less`.
fn subtract(digits: &mut [u8], mut less: u128) {
    let mut borrowed = 0;
    for digit in digits.iter_mut().rev() {
        let taken = (less % 10) as u8 + borrowed;
        borrowed = u8::from(*digit < taken);
        *digit = *digit + 10 * borrowed - taken;
        less /= 10;
    }
}

fn add(digits: &mut Vec<u8>, mut more: u128) {
    for digit in digits.iter_mut().rev() {
        more += u128::from(*digit);
        *digit = (more % 10) as u8;
        more /= 10;
    }
    while more > 0 {
        digits.insert(0, (more % 10) as u8);
        more /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: &Decimal) -> String {
        let mut out = Vec::new();
        number.push_text(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_number_has_one_binary_form() {
        // As `numeric_send` of PostgreSQL writes them.
        for (written, binary) in [
            ("0", &[0, 0, 0, 0, 0, 0, 0, 0][..]),
            ("42.5", &[0, 2, 0, 0, 0, 0, 0, 1, 0, 42, 0x13, 0x88]),
            ("-1", &[0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1]),
            ("10000", &[0, 1, 0, 1, 0, 0, 0, 0, 0, 1]),
            ("123456.70", &[0, 3, 0, 1, 0, 0, 0, 2, 0, 12, 0x0D, 0x80, 0x1B, 0x58]),
            ("0.0001", &[0, 1, 0xFF, 0xFF, 0, 0, 0, 4, 0, 1]),
            ("0.00001", &[0, 1, 0xFF, 0xFE, 0, 0, 0, 5, 0x03, 0xE8]),
            ("0.00", &[0, 0, 0, 0, 0, 0, 0, 2]),
        ] {
            let number = Decimal::parse(written.as_bytes()).unwrap();
            let mut out = Vec::new();
            number.push_binary(&mut out);
            assert_eq!(out, binary, "{written}");
            assert_eq!(Decimal::from_binary(binary), Some(number), "{written}");
        }
        // NaN, infinity, a group above 9999, a length that is none.
        for binary in [
            &[0, 0, 0, 0, 0xC0, 0, 0, 0][..],
            &[0, 0, 0, 0, 0xD0, 0, 0, 0],
            &[0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10],
            &[0, 1, 0, 0, 0, 0, 0, 0],
            &[0, 1, 0x7F, 0xFF, 0, 0, 0, 0, 0, 1],
        ] {
            assert_eq!(Decimal::from_binary(binary), None);
        }
    }

    #[test]
    fn a_bucket_lies_below_its_numbers() {
        for (number, width, bucket) in [
            ("42.5", 10, "40"),
            ("-42.5", 10, "-50"),
            ("-40", 10, "-40"),
            ("-40.0", 10, "-40"),
            ("-40.1", 10, "-50"),
            ("0.9", 10, "0"),
            ("-0.9", 7, "-7"),
            ("-99.5", 100, "-100"),
            ("9", 10, "0"),
            ("123456789012345678901234567890.5", 1000, "123456789012345678901234567000"),
            ("-999", 1, "-999"),
            ("7", u64::MAX, "0"),
            ("-7", u64::MAX, "-18446744073709551615"),
        ] {
            let number = Decimal::parse(number.as_bytes()).unwrap();
            assert_eq!(text(&number.bucket(width)), bucket);
        }
    }

    #[test]
    fn what_is_no_plain_number_is_not_read() {
        for written in ["", "-", ".", "1e5", "NaN", "Infinity", "1.2.3", "--1", "0x10", " 1"] {
            assert_eq!(Decimal::parse(written.as_bytes()), None, "{written}");
        }
        assert_eq!(Decimal::parse(&[b'1'; MOST_DIGITS + 1]), None);
    }
}
