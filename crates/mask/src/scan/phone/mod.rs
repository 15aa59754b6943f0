//! Telephone numbers: the shapes people write them in, and of those the ones that a numbering plan has.

mod plans;

use super::context::Words;
use super::number::Run;
use super::text::{alnum, digit};
use super::{Kind, Scan};
use plans::LONGEST;
pub(super) use plans::Plans;
#[cfg(test)]
pub(super) use plans::calls;

/// The shortest numbers of the smallest countries, with their code: Niue, `+683 4002`.
const SHORTEST: usize = 7;
/// The same without `+`, where an id that is filled up with zeros begins alike.
const SHORTEST_FROM_ZERO: usize = 9;
/// What is dialled in front of the country code: `00`, in North America `011`.
const PREFIX: usize = 3;
/// So many digits are looked at: a prefix, a country code, and what is dialled at home only.
const HEAD: usize = PREFIX + 3 + 2;
/// What makes bare digits a telephone number.
pub(super) static WORDS: Words =
    Words::new(&[b"phone", b"telefon", b"tel", b"mobile", b"fax", b"whatsapp"]);

/// Groups of digits with a telephone number's separators between them.
struct Groups {
    start: usize,
    count: usize,
    /// How many digits all of them have.
    total: usize,
    /// How many digits each group has.
    lengths: [u8; MOST],
    /// How far behind the start each group ends.
    ends: [u8; MOST],
    /// The separator in front of each group; `(` for a bracket on either side.
    separators: [u8; MOST],
}

/// A number is written in no more groups.
const MOST: usize = 8;
/// An extension has no more digits.
const EXTENSION: usize = 6;

impl Groups {
    fn push(&mut self, separator: u8, end: usize, length: usize) -> bool {
        let (Some(kept), Some(ends), Some(lengths)) = (
            self.separators.get_mut(self.count),
            self.ends.get_mut(self.count),
            self.lengths.get_mut(self.count),
        ) else {
            return false;
        };
        *kept = separator;
        *ends = u8::try_from(end - self.start).unwrap_or(u8::MAX);
        *lengths = u8::try_from(length).unwrap_or(u8::MAX);
        self.count += 1;
        self.total += length;
        true
    }

    fn length(&self, group: usize) -> usize {
        self.lengths.get(group).copied().unwrap_or(0).into()
    }

    fn end(&self, group: usize) -> usize {
        self.start + usize::from(self.ends.get(group).copied().unwrap_or(0))
    }

    fn separator(&self, group: usize) -> u8 {
        self.separators.get(group).copied().unwrap_or(0)
    }

    /// The first groups have these lengths.
    fn are(&self, lengths: &[u8]) -> bool {
        self.lengths.starts_with(lengths)
    }

    /// The end of as many groups as there are whose digits together fit.
    fn fitting(&self, fits: impl Fn(usize) -> bool) -> Option<usize> {
        let mut total = 0;
        let mut end = None;
        for group in 0..self.count {
            total += self.length(group);
            if fits(total) {
                end = Some(self.end(group));
            }
        }
        end
    }
}

impl Scan<'_, '_> {
    /// A telephone number that begins with these digits.
    pub(super) fn phone(&self, run: Run, grouped: bool) -> Option<(usize, usize)> {
        let at = run.start.saturating_sub(1);
        let before = self.text.before(at);
        let (start, end) = match run.before {
            b'+' | b'(' | b'/' | b':' | b',' if alnum(before) || before == b'+' => return None,
            b'+' => self.behind_plus(at, run)?,
            b'(' => (at, self.national(run, grouped)?),
            _ => (run.start, self.national(run, grouped)?),
        };
        let end = self.extended(self.closed(start, end));
        let goes_on = match self.text.at(end) {
            b'%' => true,
            // Behind a number with its country code: `-12` may be a desk. Behind digits without groups, `.12` is a fraction.
            b'-' | b'.' if run.before == b'+' && (run.end < end || self.text.at(end) == b'-') => {
                false
            }
            _ => self.goes_on_after(end),
        };
        (!goes_on).then_some((start, end))
    }

    /// Behind the `+` at `plus`.
    fn behind_plus(&self, plus: usize, run: Run) -> Option<(usize, usize)> {
        let end = self.international(&self.groups(run), 0, SHORTEST)?;
        // `(+49) 30 …`: the bracket that closes inside was opened in front.
        let bracket = self.text.slice(plus, end).iter().find(|b| matches!(b, b'(' | b')'));
        let opened = bracket == Some(&b')') && self.text.before(plus) == b'(';
        Some((plus - usize::from(opened), end))
    }

    /// The end of the longest run of groups that are, behind so many digits of a prefix, a country code and a number of
    /// its plan.
    fn international(&self, groups: &Groups, prefix: usize, shortest: usize) -> Option<usize> {
        if groups.total < prefix + shortest {
            return None;
        }
        let digits = self.digits(groups);
        let digits = digits.get(prefix..)?;
        let (lengths, code) = self.plan.phones?.international(digits)?;
        // What is dialled at home only is often left in: `+44 (0)20 …`, in Hungary `+36 06 …`, in Russia `+7 8 …`.
        let trunk = match digits.get(code..) {
            Some([b'0', b'6', ..]) => [1, 2],
            Some([b'0' | b'8', ..]) => [1, 1],
            _ => [0, 0],
        };
        groups.fitting(|total| {
            let Some(length) = total.checked_sub(prefix + code) else { return false };
            let fits = |less: usize| length >= less && lengths.has(length - less);
            (shortest..=LONGEST).contains(&(total - prefix))
                && (fits(0) || trunk.into_iter().any(fits))
        })
    }

    /// Behind `00` or `011`, so many digits. If a group of its own, the country code behind it is one as well.
    fn behind_zeros(&self, groups: &Groups, prefix: usize) -> Option<usize> {
        let end = self.international(groups, prefix, SHORTEST_FROM_ZERO)?;
        if groups.length(0) > prefix {
            return Some(end);
        }
        let digits = self.digits(groups);
        let (_, code) = self.plan.phones?.international(digits.get(prefix..)?)?;
        (groups.length(1) == code && groups.separator(1) == b' ').then_some(end)
    }

    /// The first digits of some groups.
    fn digits(&self, groups: &Groups) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        let text = self.text.slice(groups.start, groups.end(groups.count.saturating_sub(1)));
        let digits = text.iter().filter(|byte| digit(**byte));
        head.iter_mut().zip(digits).for_each(|(slot, digit)| *slot = *digit);
        head
    }

    /// Without `+`: one of the shapes people write, or any after a word that says what it is.
    fn national(&self, run: Run, grouped: bool) -> Option<usize> {
        let text = self.text;
        let zeros = text.starts_with(run.start, b"00");
        let bracketed = run.before == b'(';
        let shaped = grouped && self.is_shaped(run);
        let may_follow_word = run.start > 0 || self.context.len() > 0;
        let long_enough = run.len() >= 7 || grouped && run.len() >= 2;
        let worded = may_follow_word && !bracketed && long_enough && run.len() <= LONGEST;
        let abroad = zeros && !grouped && run.len() > SHORTEST_FROM_ZERO;
        if !shaped && !worded && !abroad {
            return None;
        }
        let follows_word = || worded && self.is_told(Kind::Phone, run.start);
        if !grouped {
            let number = if abroad { self.behind_zeros(&self.groups(run), 2) } else { None };
            return number.or_else(|| follows_word().then_some(run.end));
        }
        if !shaped && !follows_word() {
            return None;
        }
        let groups = self.groups(run);
        if shaped
            && let Some(end) =
                self.north_american(&groups, run).or_else(|| self.with_trunk_zero(&groups, run))
        {
            return Some(end);
        }
        let date = groups.are(&[2, 2, 4]);
        if date || !follows_word() {
            return None;
        }
        groups.fitting(|total| (7..=LONGEST).contains(&total))
    }

    /// Whether one of the shapes people write may begin with this group.
    pub(super) fn is_shaped(&self, run: Run) -> bool {
        let text = self.text;
        let (first, next) = (text.at(run.start), text.at(run.end + 1));
        let zeros = || text.starts_with(run.start, b"00");
        match (run.len(), first) {
            (1, b'1') => next == b'(' || digit(text.at(run.end + 2)),
            (3, b'2'..=b'9') => run.after == b')' || digit(text.at(run.end + 3)),
            // Behind `00` stands a country code.
            (2, _) if zeros() => run.after == b' ' && !matches!(next, b'0' | b'('),
            (2..=6, b'0') => true,
            (7.., _) => zeros(),
            _ => false,
        }
    }

    /// `(415) 555-2671`, `415-555-2671`, `1 415 555 2671`: area and exchange begin with 2 to 9.
    fn north_american(&self, groups: &Groups, run: Run) -> Option<usize> {
        let skip = usize::from(groups.are(&[1, 3, 3, 4]));
        if skip == 0 && !groups.are(&[3, 3, 4]) {
            return None;
        }
        if skip == 1 && self.text.at(run.start) != b'1' {
            return None;
        }
        let begins = |group: usize| self.text.at(groups.end(group).saturating_sub(3));
        let valid = |byte: u8| (b'2'..=b'9').contains(&byte);
        let slash = (1..skip + 3).any(|group| groups.separator(group) == b'/');
        let possible = self.plan.phones?.north_american().has(10);
        let given = possible && valid(begins(skip)) && valid(begins(skip + 1)) && !slash;
        given.then(|| groups.end(skip + 2))
    }

    /// `030 123456`, `(0171) 1234567`, `020 7946 0958`, `06 12345678`, `01 42 68 53 00`, `0049 30 123456`.
    fn with_trunk_zero(&self, groups: &Groups, run: Run) -> Option<usize> {
        let lengths = self.plan.phones?.zero_led();
        match (self.text.at(run.start), self.text.at(run.start + 1)) {
            (b'0', b'0') => return self.behind_zeros(groups, 2),
            (b'0', _) => {}
            _ => return None,
        }
        // In Johannesburg `011` is the area code.
        if groups.length(0) == 3
            && self.text.starts_with(run.start, b"011")
            && let Some(end) = self.behind_zeros(groups, 3)
        {
            return Some(end);
        }
        let first = groups.separator(1);
        let alike = (1..5).all(|group| groups.separator(group) == first);
        if groups.are(&[2, 2, 2, 2, 2]) && alike && first != b'/' && lengths.has(10) {
            return Some(groups.end(4));
        }
        // `01-02-2024` is a date; `08-12 34 56` is how Stockholm is written.
        let short = groups.are(&[2, 2, 2, 2]) && first == b'-' && groups.separator(2) == b' ';
        let area = match groups.length(0) {
            2 => first != b'/' && (groups.length(1) > 2 || short),
            3..=5 => true,
            6 => groups.are(&[6, 5]),
            _ => false,
        };
        if !area || first == b'.' {
            return None;
        }
        let shortest = if first == b'(' || short { 8 } else { 9 };
        let mut total = groups.length(0);
        let mut end = None;
        for group in 1..groups.count.min(5) {
            // A slash or a bracket stands behind the area code only; years and times are not tacked on.
            let length = groups.length(group);
            if length < 2 || group > 1 && !matches!(groups.separator(group), b' ' | b'-') {
                break;
            }
            total += length;
            if total > 12 {
                break;
            }
            if total >= shortest && lengths.has(total) {
                end = Some(groups.end(group));
            }
        }
        end
    }

    /// The groups that begin with this run, no more digits than a number can have.
    fn groups(&self, run: Run) -> Groups {
        let text = self.text;
        let mut groups = Groups {
            start: run.start,
            count: 0,
            total: 0,
            lengths: [0; MOST],
            ends: [0; MOST],
            separators: [0; MOST],
        };
        let mut total = run.len();
        let mut at = run.end;
        groups.push(0, at, total);
        loop {
            let (separator, next) = match (text.at(at), text.at(at + 1)) {
                (b')', b' ' | b'-' | b'/') => (b'(', at + 2),
                (b' ' | b'-', b'(') => (b'(', at + 2),
                (b'(' | b')', _) => (b'(', at + 1),
                (byte @ (b' ' | b'-' | b'.' | b'/'), _) => (byte, at + 1),
                _ => break,
            };
            at = text.run(next, digit);
            total += at - next;
            if at == next || total > LONGEST + PREFIX || !groups.push(separator, at, at - next) {
                break;
            }
        }
        groups
    }

    /// With the extension right behind it: `415-555-2671x123`.
    fn extended(&self, end: usize) -> usize {
        if !matches!(self.text.at(end), b'x' | b'X') {
            return end;
        }
        let last = self.text.run_within(end + 1, end + 2 + EXTENSION, digit);
        let fits = (1..=EXTENSION).contains(&(last - end - 1));
        if fits && !alnum(self.text.at(last)) { last } else { end }
    }

    /// A bracket that was opened right in front of the number and closes right behind it.
    fn closed(&self, start: usize, end: usize) -> usize {
        let opened = self.text.at(start) == b'(';
        let inside = self.text.slice(start + 1, end).contains(&b')');
        if opened && !inside && self.text.at(end) == b')' { end + 1 } else { end }
    }
}
