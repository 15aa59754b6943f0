//! What is known of a run of digits at a glance: most are short, stand apart, and begin nothing.

use super::Scan;
use super::number::{Run, goes_on};
use super::text::{alnum, digit, letter};

/// Of fewer digits, alone or in two groups, nothing is but a number of identity.
const SHORT: usize = 7;

impl Scan<'_, '_> {
    /// Whether for certain nothing is found that begins with this run or with what stands in front of it. `false` says
    /// nothing.
    pub(super) fn is_dull(&self, run: Run) -> bool {
        let text = self.text;
        let is_pair = matches!(run.after, b':' | b'-') && text.at(run.end + 3) == run.after;
        if run.len() >= SHORT || is_pair || !self.is_apart(run) {
            return false;
        }
        let behind_digit = text.is_behind_digit(run.start);
        let next = text.at(run.end + 1);
        if goes_on(run.after, next) && !self.is_of_two(run, next) {
            // In a row of numbers no word says what one of them is, and no address has a space in it.
            let in_row = behind_digit && run.after == b' ';
            let known_in_groups = || match run.len() {
                1 | 2 | 5 => self.is_shaped(run),
                _ => self.is_shaped(run) || self.may_be_card(run) || self.may_be_ssn(run),
            };
            if !in_row || known_in_groups() {
                return false;
            }
        }
        let shapes = if behind_digit { &self.plan.alone } else { &self.plan.shapes };
        !self.may_begin(shapes, run.start, self.first(run.start, run))
    }

    /// Whether nothing in front belongs to it: no sign, no bracket, no part of a longer number, and no letters but those
    /// of a word.
    fn is_apart(&self, run: Run) -> bool {
        match run.before {
            b' ' => self.apart(run).is_none_or(|begin| self.is_word(begin, run)),
            b'-' => {
                let is_word = |begin| {
                    !matches!(self.text.before(begin), b'.' | b'/') && self.is_word(begin, run)
                };
                run.start >= 2
                    && letter(self.text.at(run.start - 2))
                    && self.apart(run).is_none_or(is_word)
            }
            b'.' | b'/' | b'+' | b'(' => false,
            byte => !alnum(byte),
        }
    }

    /// Whether the letters that begin at `begin` are part of no number of identity.
    fn is_word(&self, begin: usize, run: Run) -> bool {
        !self.may_begin(&self.plan.shapes, begin, self.first(begin, run))
    }

    /// Whether it is the first of two groups that have few digits together, as in `12.34`.
    fn is_of_two(&self, run: Run, next: u8) -> bool {
        let limit = run.start + 1 + SHORT;
        let end = self.text.run_within(run.end + 1, limit, digit);
        let bracketed = matches!(run.after, b'(' | b')') || next == b'(';
        !bracketed && end < limit && !goes_on(self.text.at(end), self.text.at(end + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Kinds, Plan};
    use super::*;

    /// Texts of a few pieces each, some of which numbers are made of.
    fn texts() -> impl Iterator<Item = String> {
        const PIECES: [&str; 30] = [
            "0", "1", "12", "34", "00", "415", "555", "2671", "12345", "123456", " ", "-", ".",
            "/", ":", "(", ")", ",", "AB", "x", "DE", "tel ", "ssn ", "nip ", "Order ", "SKU-",
            "CHE-", "J-", "dni ", "ABCDEFGH",
        ];
        let mut state = 7_u64;
        (0..200_000).map(move |_| {
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize
            };
            (0..next() % 9 + 1).map(|_| PIECES[next() % PIECES.len()]).collect()
        })
    }

    #[test]
    fn nothing_is_found_where_a_glance_says_so() {
        let plan = Plan::new(Kind::all().fold(Kinds::default(), Kinds::with));
        let (mut dull, mut others) = (0, 0);
        for text in texts() {
            let scan = Scan::new(&plan, &[], text.as_bytes());
            let mut start = 0;
            while let Some(at) = text.as_bytes()[start..].iter().position(u8::is_ascii_digit) {
                start += at;
                let run = scan.run_at(start);
                let found = |run: Run| {
                    let pair = scan.mac(run.end).map(|hit| (hit.kind, hit.start, hit.end));
                    pair.filter(|_| matches!(run.after, b':' | b'-'))
                        .or_else(|| scan.number_of(run))
                };
                if scan.is_dull(run) {
                    dull += 1;
                    assert_eq!(found(run), None, "{text:?} at {start}");
                    if scan.behind_fraction(run) > run.end + 1 {
                        assert_eq!(
                            found(scan.run_at(run.end + 1)),
                            None,
                            "{text:?} behind {start}"
                        );
                    }
                }
                others += usize::from(found(run).is_some());
                start = run.end;
            }
        }
        assert!(dull > 50_000 && others > 1_500, "{dull} and {others}");
    }

    #[test]
    fn nothing_is_found_in_a_text_that_is_idle() {
        let plan = Plan::new(Kind::all().fold(Kinds::default(), Kinds::with));
        let words = [
            "ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "AKIA",
            "eyJhbGciOiJIUzI1NiJ9.",
            "@",
            "a.b",
        ];
        let mut idle = 0;
        for (place, text) in texts().enumerate() {
            let without: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
            let word = words[place % words.len()];
            for text in
                [&text, &without, &format!("{without} {word}"), &format!("{without}{word}x")]
            {
                if plan.is_idle(text.as_bytes()) {
                    idle += 1;
                    assert_eq!(Scan::new(&plan, &[], text.as_bytes()).next(), None, "{text:?}");
                }
            }
        }
        assert!(idle > 50_000, "{idle}");
    }
}
