use super::Scan;
use super::context::Words;
use super::number::Run;
use super::text::{alnum, digit};

/// ITU-T E.164: no number has more digits, its country code included.
const LONGEST: usize = 15;
/// What makes bare digits a telephone number.
static WORDS: Words = Words::new(&[b"phone", b"telefon", b"tel", b"mobile", b"fax", b"whatsapp"]);

/// Groups of digits with a telephone number's separators between them.
struct Groups {
    start: usize,
    count: usize,
    /// How many digits each group has.
    lengths: [u8; MOST],
    /// How far behind the start each group ends.
    ends: [u8; MOST],
    /// The separator in front of each group; `(` for a bracket on either side.
    separators: [u8; MOST],
}

/// A number is written in no more groups.
const MOST: usize = 8;

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
            b'+' => self.international(at, run)?,
            b'(' => (at, self.national(run, grouped)?),
            _ => (run.start, self.national(run, grouped)?),
        };
        let end = self.closed(start, end);
        (!self.goes_on_after(end) && self.text.at(end) != b'%').then_some((start, end))
    }

    /// Behind the `+` at `plus`: a country code and the lengths its numbers have.
    fn international(&self, plus: usize, run: Run) -> Option<(usize, usize)> {
        let one_plan = match (self.text.at(run.start), self.text.at(run.start + 1)) {
            (b'1' | b'7', _) => true,
            (b'0', _) | (b'2' | b'8', b'8') | (b'8', b'3' | b'9') => return None,
            _ => false,
        };
        let end = self.groups(run).fitting(|total| match one_plan {
            true => total == 11,
            false => (8..=LONGEST).contains(&total),
        })?;
        // `(+49) 30 …`: the bracket that closes inside was opened in front.
        let bracket = self.text.slice(plus, end).iter().find(|b| matches!(b, b'(' | b')'));
        let opened = bracket == Some(&b')') && self.text.before(plus) == b'(';
        Some((plus - usize::from(opened), end))
    }

    /// Without `+`: one of the shapes people write, or any after a word that says what it is.
    fn national(&self, run: Run, grouped: bool) -> Option<usize> {
        let text = self.text;
        let first = text.at(run.start);
        let bracketed = run.before == b'(';
        let shaped = grouped
            && match (run.len(), first) {
                (1, b'1') => text.at(run.end + 1) == b'(' || digit(text.at(run.end + 2)),
                (3, b'2'..=b'9') => run.after == b')' || digit(text.at(run.end + 3)),
                (2..=5, b'0') => true,
                _ => false,
            };
        let may_follow_word = run.start > 0 || self.context.len() > 0;
        let long_enough = run.len() >= 7 || grouped && run.len() >= 2;
        let worded = may_follow_word && !bracketed && long_enough && run.len() <= LONGEST;
        if !shaped && !worded {
            return None;
        }
        let follows_word = || worded && self.follows_word(run.start, &WORDS);
        if !grouped {
            return follows_word().then_some(run.end);
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
        (valid(begins(skip)) && valid(begins(skip + 1)) && !slash).then(|| groups.end(skip + 2))
    }

    /// `030 123456`, `(0171) 1234567`, `020 7946 0958`, `01 42 68 53 00`, `0049 30 123456`.
    fn with_trunk_zero(&self, groups: &Groups, run: Run) -> Option<usize> {
        if self.text.at(run.start) != b'0' {
            return None;
        }
        if self.text.at(run.start + 1) == b'0' {
            let code = self.text.at(run.start + 2);
            let known = run.len() >= 3 && matches!(code, b'1'..=b'9');
            return known.then(|| groups.fitting(|total| (11..=LONGEST + 2).contains(&total)))?;
        }
        let separator = groups.separator(1);
        let alike = |count: usize| (1..count).all(|group| groups.separator(group) == separator);
        if groups.are(&[2, 2, 2, 2, 2]) && alike(5) && separator != b'/' {
            return Some(groups.end(4));
        }
        if groups.are(&[2, 4, 4]) && alike(3) && separator == b' ' {
            return Some(groups.end(2));
        }
        if !(3..=5).contains(&groups.length(0)) || separator == b'.' {
            return None;
        }
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
            if total >= 9 {
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
            if at == next || total > LONGEST + 2 || !groups.push(separator, at, at - next) {
                break;
            }
        }
        groups
    }

    /// A bracket that was opened right in front of the number and closes right behind it.
    fn closed(&self, start: usize, end: usize) -> usize {
        let opened = self.text.at(start) == b'(';
        let inside = self.text.slice(start + 1, end).contains(&b')');
        if opened && !inside && self.text.at(end) == b')' { end + 1 } else { end }
    }
}
