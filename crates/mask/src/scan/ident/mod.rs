//! Numbers that an authority gives out: known by their shape, what is wrong with most that only look so, and
//! the words in front of them.
//!
//! ```text
//!   first digit ─► the token's groups ─► shapes with such groups ─► letters and digits in place ─► check ─► word
//! ```
//!
//! A table for each part of the world. A shape is written as its number is: `9` stands for a digit, `A` for a letter,
//! `X` for either, and everything else for itself. Brackets may close it: `A999999(9)`.

mod americas;
pub(crate) mod check;
mod elsewhere;
mod europe;
mod gate;
mod told;

use super::context::Words;
use super::number::Run;
use super::text::{alnum, digit, letter};
use super::{Kind, Kinds, Scan, phone, ssn};
use gate::Gate;
use told::Index;

/// One kind of number.
pub(crate) struct Ident {
    /// The class's name.
    pub(crate) name: &'static str,
    /// What it is, in a sentence.
    pub(crate) what: &'static str,
    /// What a finding has passed, and where that rule comes from.
    pub(crate) validated_by: &'static str,
    /// Shapes that say enough together with the check.
    alone: &'static [&'static str],
    /// Shapes that other numbers have too: one of the words must stand in front.
    told: &'static [&'static str],
    words: Words,
    /// Whether its letters and digits, in upper case and without what separates them, can be one.
    valid: fn(&[u8]) -> bool,
}

/// Every kind there is, in the order of the catalogue.
pub(crate) const TABLES: [&[Ident]; 9] = [
    europe::west::TABLE,
    europe::north_east::TABLE,
    americas::north::TABLE,
    americas::latin::TABLE,
    americas::trade::TABLE,
    elsewhere::india_oceania::TABLE,
    elsewhere::asia::TABLE,
    elsewhere::africa_near_east::TABLE,
    elsewhere::worldwide::TABLE,
];

/// How many there are.
pub(crate) const COUNT: usize = {
    let (mut count, mut parts) = (0, TABLES.as_slice());
    while let [part, rest @ ..] = parts {
        count += part.len();
        parts = rest;
    }
    count
};

/// The one of this place in the catalogue.
pub(crate) fn nth(place: u8) -> Option<&'static Ident> {
    TABLES.iter().flat_map(|table| table.iter()).nth(usize::from(place))
}

/// Groups of a shape, the most there are.
const GROUPS: usize = 8;
/// No number is longer, what separates its groups included.
const LONGEST: usize = 32;
/// So many letters may stand in front of the first digit.
const LETTERS: usize = 18;
/// A group of letters that a separator parts from the first digit is no longer.
const APART: usize = 4;
/// A group of letters in front of a dot or a slash, and the length it has: companies of Brazil may have no digit before.
const PARTED: [(u8, usize); 2] = [(b'.', 2), (b'/', 8)];
const LONGEST_PARTED: usize = 8;

/// What may stand between groups, as a number; 0 is nothing.
const fn separator(byte: u8) -> Option<u8> {
    Some(match byte {
        0 => 0,
        b' ' => 1,
        b'-' => 2,
        b'.' => 3,
        b'/' => 4,
        b'(' => 5,
        _ => return None,
    })
}

/// The shapes a scan looks for, by their groups.
#[derive(Clone, Default)]
pub(super) struct Shapes {
    known: Vec<Known>,
    /// What they begin with, shorter by one group or more.
    begun: Vec<Groups>,
    /// The first groups of all of them, and of those whose first may be digits only.
    any: Gate,
    digits: Gate,
    /// The words of those that need one.
    index: Index,
}

#[derive(Clone, Copy)]
struct Known {
    groups: Groups,
    shape: &'static [u8],
    ident: &'static Ident,
    place: u8,
    is_told: bool,
}

/// The lengths of groups of letters and digits and what stands between them: eight bits for each.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Groups(u64);

impl Groups {
    /// With one more. `None` for what no shape has.
    fn with(self, separator: u8, length: usize) -> Option<Self> {
        let separator = self::separator(separator)?;
        let separator = u64::from(separator);
        let fits = (1..=LONGEST - 1).contains(&length) && self.0 >> (8 * (GROUPS - 1)) == 0;
        fits.then_some(Self(self.0 << 8 | separator << 5 | length as u64))
    }

    fn of(shape: &[u8]) -> Option<Self> {
        let (mut groups, mut separator) = (Self::default(), 0);
        let mut rest = shape.strip_suffix(b")").unwrap_or(shape);
        loop {
            let length = rest.iter().take_while(|byte| alnum(**byte)).count();
            groups = groups.with(separator, length)?;
            match rest.get(length..)? {
                [] => return Some(groups),
                [next, behind @ ..] => (separator, rest) = (*next, behind),
            }
        }
    }
}

impl Groups {
    /// Without the last, the last two and so on.
    fn beginnings(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self(self.0 >> 8)), |groups| Some(Self(groups.0 >> 8)))
            .take_while(|groups| groups.0 != 0)
    }
}

impl Shapes {
    /// Those of these kinds; `told` are those too that need a word.
    pub(super) fn of(kinds: Kinds, told: bool) -> Self {
        let mut shapes = Self::default();
        if told {
            for (kind, words) in [(Kind::Phone, &phone::WORDS), (Kind::UsSsn, &ssn::WORDS)] {
                shapes.index.add(kind, words);
            }
        }
        for place in 0..COUNT as u8 {
            let wanted = nth(place).filter(|_| kinds.has(Kind::Ident(place)));
            let Some(ident) = wanted else { continue };
            if told && !ident.told.is_empty() {
                shapes.index.add(Kind::Ident(place), &ident.words);
            }
            for (texts, is_told) in [(ident.alone, false), (ident.told, true)] {
                for shape in texts.iter().map(|text| text.as_bytes()) {
                    let Some(groups) = Groups::of(shape).filter(|_| told || !is_told) else {
                        continue;
                    };
                    shapes.begun.extend(groups.beginnings());
                    let grouped = shape.strip_suffix(b")").unwrap_or(shape);
                    shapes.any.open(grouped);
                    let first = grouped.iter().take_while(|byte| alnum(**byte));
                    if first.into_iter().all(|byte| digit(*byte) || *byte == b'X') {
                        shapes.digits.open(grouped);
                    }
                    shapes.known.push(Known { groups, shape, ident, place, is_told });
                }
            }
        }
        // A number that a word tells of is that, whatever else it could be.
        shapes.known.sort_by_key(|known| (known.groups, !known.is_told, known.place));
        shapes.begun.sort_unstable();
        shapes.index.sort();
        shapes.begun.dedup();
        shapes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// No number that one of them has is shorter.
    pub(super) fn shortest(&self) -> usize {
        self.known.iter().map(|known| known.shape.len()).min().unwrap_or(usize::MAX)
    }

    /// Whether one goes on behind these.
    fn goes_on(&self, groups: Groups) -> bool {
        self.begun.binary_search(&groups).is_ok()
    }

    fn with(&self, groups: Groups) -> impl Iterator<Item = &Known> {
        let from = self.known.partition_point(|known| known.groups < groups);
        let rest = self.known.get(from..).unwrap_or_default();
        rest.iter().take_while(move |known| known.groups == groups)
    }
}

impl Scan<'_, '_> {
    /// The number of identity that the run's token begins, with its place in the catalogue.
    pub(super) fn ident(&self, run: Run) -> Option<(u8, usize, usize)> {
        let start = if letter(run.before) {
            let floor = run.start.saturating_sub(LETTERS).max(self.done);
            self.text.run_back(run.start, floor, letter)
        } else {
            let apart = self.apart(run);
            if let Some(found) = apart.and_then(|apart| self.ident_from(apart, run)) {
                return Some(found);
            }
            apart.filter(|_| run.before == b'-').unwrap_or(run.start)
        };
        let parted = self.parted(start).and_then(|parted| self.ident_from(parted, run));
        parted.or_else(|| self.ident_from(if letter(run.before) { start } else { run.start }, run))
    }

    /// Where the letters begin that a single separator parts from what begins at `start`: `AB 12 …`, `J-12…`.
    pub(super) fn apart(&self, run: Run) -> Option<usize> {
        if !matches!(run.before, b' ' | b'-') {
            return None;
        }
        let end = run.start.checked_sub(1).filter(|end| *end > self.done)?;
        if !letter(self.text.before(end)) {
            return None;
        }
        let floor = end.saturating_sub(APART).max(self.done);
        let begin = self.text.run_back(end, floor, letter);
        (!alnum(self.text.before(begin))).then_some(begin)
    }

    /// Where the letters begin that dots or a slash part from what begins at `start`: `AB.CDE.F12/…`, `ABCDEFGH/12…`.
    fn parted(&self, start: usize) -> Option<usize> {
        let back = |from: usize| {
            let end = from.checked_sub(1).filter(|end| *end > self.done)?;
            let parted = matches!(self.text.at(end), b'.' | b'/') && letter(self.text.before(end));
            let floor = end.saturating_sub(LONGEST_PARTED).max(self.done);
            parted.then(|| (self.text.run_back(end, floor, letter), end))
        };
        let (mut begin, mut end) = back(start)?;
        for _ in 0..2 {
            (begin, end) = back(begin).unwrap_or((begin, end));
        }
        let fits = PARTED.contains(&(self.text.at(end), end - begin));
        (fits && !alnum(self.text.before(begin))).then_some(begin)
    }

    fn ident_from(&self, start: usize, run: Run) -> Option<(u8, usize, usize)> {
        if !self.begins(start) {
            return None;
        }
        let first = self.first(start, run);
        // Most runs end here; then most of the others where their words are looked for. Right behind another number
        // none stands.
        let mut told = Kinds::default();
        if !self.text.is_behind_digit(start) {
            if !self.may_begin(&self.plan.shapes, start, first) {
                return None;
            }
            told = self.told(start).of_identity();
        }
        let shapes = if told.is_empty() { &self.plan.alone } else { &self.plan.shapes };
        if told.is_empty() && !self.may_begin(shapes, start, first) {
            return None;
        }
        let mut found = None;
        let (mut groups, mut separator, mut at) = (Groups::default(), 0, start);
        loop {
            let limit = start + LONGEST;
            let end = self.text.run_within(at, limit, alnum);
            let Some(more) = groups.with(separator, end - at).filter(|_| end < limit) else {
                break;
            };
            groups = more;
            // The longest that fits; of those, the one whose word says most.
            let mut best = 0;
            for known in shapes.with(groups) {
                let may =
                    if known.is_told { told.has(Kind::Ident(known.place)) } else { best == 0 };
                if may {
                    let (fits, end) = self.fit(known, start, end);
                    if fits > best {
                        best = fits;
                        found = Some((known.place, start, end));
                    }
                }
            }
            if !shapes.goes_on(groups) {
                break;
            }
            separator = self.text.at(end);
            at = end + 1;
        }
        found
    }

    /// The end of the first group, and whether it is the run and nothing else.
    pub(super) fn first(&self, start: usize, run: Run) -> (usize, bool) {
        if start == run.start && !alnum(run.after) {
            return (run.end, true);
        }
        (self.text.run_within(start, start + LONGEST, alnum), false)
    }

    /// Whether one of the shapes has this first group, or the first two.
    pub(super) fn may_begin(
        &self,
        shapes: &Shapes,
        start: usize,
        (end, is_run): (usize, bool),
    ) -> bool {
        let text = self.text;
        let gate = if is_run { &shapes.digits } else { &shapes.any };
        let length = end - start;
        if gate.is_whole(length) {
            return true;
        }
        let seconds = gate.seconds(length, text.at(end), text.at(end + 1));
        let second = || text.run_within(end + 1, start + LONGEST, alnum).saturating_sub(end + 1);
        seconds != 0 && seconds & gate::bit(second()) != 0
    }

    /// How well it fits, with its end: 0 not at all, 1 alone, more by the length of the word in front.
    fn fit(&self, known: &Known, start: usize, end: usize) -> (usize, usize) {
        let mut plain = [0; LONGEST];
        let mut length = 0;
        for (&wanted, &byte) in known.shape.iter().zip(self.text.slice(start, end)) {
            let fits = match wanted {
                b'9' => digit(byte),
                b'A' => letter(byte),
                b'X' => alnum(byte),
                other => other.eq_ignore_ascii_case(&byte),
            };
            if !fits {
                return (0, end);
            }
            if alnum(byte)
                && let Some(place) = plain.get_mut(length)
            {
                *place = byte.to_ascii_uppercase();
                length += 1;
            }
        }
        let closes = known.shape.ends_with(b")");
        if closes && self.text.at(end) != b')' {
            return (0, end);
        }
        let end = end + usize::from(closes);
        let date = self.text.at(end) == b'/' && digit(self.text.at(end + 1));
        let valid = !date
            && !self.goes_on_after(end)
            && (known.ident.valid)(plain.get(..length).unwrap_or_default());
        match (valid, known.is_told) {
            (false, _) => (0, end),
            (true, false) => (1, end),
            (true, true) => match self.word_before(start, &known.ident.words) {
                0 => (0, end),
                word => (word + 1, end),
            },
        }
    }

    /// Whether nothing in front of `start` belongs to the same token.
    fn begins(&self, start: usize) -> bool {
        let Some(at) = start.checked_sub(1) else { return true };
        match self.text.at(at) {
            // What stands behind a name and a slash is in a path: `https://orcid.org/0000-…`.
            b'/' => !digit(self.text.before(at)),
            b'.' | b'-' | b'+' => !alnum(self.text.before(at)),
            byte => !alnum(byte),
        }
    }
}
