//! What a column holds, decided by what is known of it and by how many of its values pass.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};

use model::{DataClass, ValueFormat};

use crate::value::number::number_text;
use crate::{Detectors, ValueType};

/// So many values are looked at, unless more are wanted; what comes later changes nothing.
const WINDOW: usize = 256;
/// Longer values are none as a whole.
const LONGEST: usize = 4 << 10;
/// And longer ones are not what a name tells of.
const LONGEST_TOLD: usize = 128;
/// Bare numbers alone convict a column: nine in ten of at least so many different ones. Of random numbers of sixteen
/// digits about one in thirty passes for a card, of other lengths fewer: fifteen of sixteen never do.
const ALONE: (usize, usize) = (16, 90);
/// Where name, comment, label or domain speak of the class as well, or where values are more than bare numbers
/// (`536-22-8726`, an address), these do: distinct values, and percent.
const TOLD: (usize, usize) = (4, 80);
/// Words of class names that say nothing alone.
const VAGUE: [&str; 7] = ["address", "code", "date", "key", "name", "number", "private"];

/// What is known of a column beside its values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type's name.
    pub type_name: &'a str,
    /// `COMMENT ON COLUMN`
    pub comment: Option<&'a str>,
    /// `SECURITY LABEL`
    pub label: Option<&'a str>,
    /// The domain that its type is.
    pub domain: Option<&'a str>,
}

/// A class that a column seems to hold. It carries counts, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The class.
    pub class: DataClass,
    /// How many values were one as a whole.
    pub matched: usize,
    /// How many were looked at, NULLs not among them.
    pub seen: usize,
    /// How many different ones there were.
    pub distinct: usize,
    /// The evidence, for people: counts, and which hints speak of the class. Never what those say.
    pub why: String,
}

/// Counts the votes of a column's first values. Its state is bounded and holds no value, and it asks no clock.
pub struct Ballot {
    hints: Vec<Hint>,
    window: usize,
    /// So many different values are needed where a hint or their shape speaks of the class.
    few: usize,
    /// Nobody who sees the hashes can tell by them what was hashed.
    hasher: RandomState,
    hashes: BTreeSet<u64>,
    seen: usize,
    votes: BTreeMap<String, Votes>,
}

struct Hint {
    /// `name`, `comment`, …
    what: &'static str,
    /// Its words, as they stand in front of a value.
    context: Vec<u8>,
}

#[derive(Default)]
struct Votes {
    matched: usize,
    /// Of these, how many are more than digits.
    shaped: usize,
    /// Which hints had to tell of one, by their place.
    told: BTreeSet<usize>,
}

impl Ballot {
    /// An empty one for a column.
    #[must_use]
    pub fn new(hints: &Hints<'_>) -> Self {
        let all = [
            ("name", Some(hints.name)),
            ("domain", hints.domain),
            ("label", hints.label),
            ("comment", hints.comment),
            ("type", Some(hints.type_name)),
        ];
        let hint = |(what, text): (&'static str, Option<&str>)| {
            let text = text.filter(|text| !text.is_empty())?;
            Some(Hint { what, context: context(text) })
        };
        Self {
            hints: all.into_iter().filter_map(hint).collect(),
            window: WINDOW,
            few: TOLD.0,
            hasher: RandomState::new(),
            hashes: BTreeSet::new(),
            seen: 0,
            votes: BTreeMap::new(),
        }
    }

    /// For proposals that a person reads before they hold: so many values are looked at, and a table of few rows
    /// is judged by those it has.
    #[must_use]
    pub fn for_review(self, window: usize) -> Self {
        Self { window, few: 1, ..self }
    }

    /// Whether enough was seen: more values change nothing.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.seen >= self.window
    }

    /// How many values were looked at.
    #[must_use]
    pub const fn seen(&self) -> usize {
        self.seen
    }

    /// Takes a value that is not NULL, as text. Answers whether all of it is of some class.
    pub fn take(&mut self, detectors: &Detectors, value: &[u8]) -> bool {
        if self.is_full() {
            return false;
        }
        self.seen += 1;
        self.hashes.insert(self.hasher.hash_one(value));
        if value.len() > LONGEST {
            return false;
        }
        let found = match detectors.whole(&[], value) {
            Some(class) => Some((class, None)),
            // A hint tells of short things.
            None if value.len() > LONGEST_TOLD => None,
            None => self.hints.iter().enumerate().find_map(|(place, hint)| {
                Some((detectors.whole(&hint.context, value)?, Some(place)))
            }),
        };
        let Some((class, told)) = found else { return false };
        let votes = self.votes.entry(class).or_default();
        votes.matched += 1;
        votes.shaped += usize::from(!is_bare(value));
        votes.told.extend(told);
        true
    }

    /// Whether values of this type can be taken by [`Self::take_value`]: texts, and whole or decimal numbers of
    /// four bytes and more.
    #[must_use]
    pub const fn reads(ty: ValueType) -> bool {
        matches!(ty, ValueType::Text | ValueType::Int4 | ValueType::Int8 | ValueType::Numeric)
    }

    /// [`Self::take`] of a value as the target sends it. What cannot be read counts as a value of no class.
    pub fn take_value(
        &mut self,
        detectors: &Detectors,
        ty: ValueType,
        format: ValueFormat,
        value: &[u8],
    ) -> bool {
        if self.is_full() {
            return false;
        }
        match number(ty, format, value) {
            Some(text) => self.take(detectors, &text),
            None if matches!(ty, ValueType::Text) || format == ValueFormat::Text => {
                self.take(detectors, value)
            }
            None => self.take(detectors, &[]),
        }
    }

    /// The classes that values were as a whole, and how many were.
    pub fn counts(&self) -> impl Iterator<Item = (DataClass, usize)> {
        self.votes.iter().filter_map(|(name, votes)| Some((DataClass::new(name)?, votes.matched)))
    }

    /// The class that the column holds, if the values convict it of one.
    #[must_use]
    pub fn verdict(&self) -> Option<Proposal> {
        let (class, votes) = self.votes.iter().max_by_key(|(_, votes)| votes.matched)?;
        let (hints, shaped) = (self.speak_of(class, votes), votes.shaped * 2 > votes.matched);
        let (least, percent) = if hints.is_empty() && !shaped { ALONE } else { (self.few, TOLD.1) };
        let enough = self.hashes.len() >= least && votes.matched * 100 >= self.seen * percent;
        if enough { self.standing(&DataClass::new(class)?) } else { None }
    }

    /// How a class stands, whether or not that is enough. `None`: no value was of it.
    #[must_use]
    pub fn standing(&self, class: &DataClass) -> Option<Proposal> {
        let votes = self.votes.get(class.as_str())?;
        let hints = self.speak_of(class.as_str(), votes);
        let mut why = format!("{} of {} pass", votes.matched, self.seen);
        if !hints.is_empty() {
            why.push_str(&format!("; {} says so", hints.join(", ")));
        }
        Some(Proposal {
            class: class.clone(),
            matched: votes.matched,
            seen: self.seen,
            distinct: self.hashes.len(),
            why,
        })
    }

    /// Which hints speak of a class.
    fn speak_of(&self, class: &str, votes: &Votes) -> Vec<&'static str> {
        let speaks = |(place, hint): &(usize, &Hint)| {
            votes.told.contains(place) || speaks_of(&hint.context, class)
        };
        self.hints.iter().enumerate().filter(speaks).map(|(_, hint)| hint.what).collect()
    }
}

/// The classes that a column's values and what is known of it propose: one, or none.
pub fn propose<'v>(
    detectors: &Detectors,
    hints: &Hints<'_>,
    values: impl IntoIterator<Item = &'v [u8]>,
) -> Vec<Proposal> {
    let mut ballot = Ballot::new(hints);
    for value in values.into_iter().take(WINDOW) {
        ballot.take(detectors, value);
    }
    ballot.verdict().into_iter().collect()
}

/// Whether a value is a number and nothing else: other values of its column decide what it is.
fn is_bare(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && memchr::memchr_iter(b'-', value).count() + memchr::memchr_iter(b'.', value).count() < 2
}

/// A hint as words in front of a value: digits in it would end their reach.
fn context(hint: &str) -> Vec<u8> {
    let mut context: Vec<u8> = hint.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    context.extend_from_slice(b": ");
    context
}

/// Whether a word of the class's name stands in it: a short one as a word of its own.
fn speaks_of(context: &[u8], class: &str) -> bool {
    let hint = context.to_ascii_lowercase();
    let mut words = class.split('_').filter(|word| word.len() > 2 && !VAGUE.contains(word));
    words.any(|word| match word.len() {
        3 => hint.split(|byte| !byte.is_ascii_alphanumeric()).any(|own| own == word.as_bytes()),
        _ => memchr::memmem::find(&hint, word.as_bytes()).is_some(),
    })
}

/// A number as text; `None` where it is no number of ours.
fn number(ty: ValueType, format: ValueFormat, value: &[u8]) -> Option<Vec<u8>> {
    match (ty, format) {
        (ValueType::Int4, ValueFormat::Binary) => {
            Some(i32::from_be_bytes(value.try_into().ok()?).to_string().into_bytes())
        }
        (ValueType::Int8, ValueFormat::Binary) => {
            Some(i64::from_be_bytes(value.try_into().ok()?).to_string().into_bytes())
        }
        (ValueType::Numeric, ValueFormat::Binary) => number_text(value),
        _ => None,
    }
}

impl Detectors {
    /// The class that all of the value is.
    fn whole(&self, context: &[u8], value: &[u8]) -> Option<String> {
        let found = self.hits(context, value).next()?;
        let whole = found.start == 0 && found.end == value.len();
        whole.then(|| self.name(found.what).to_owned())
    }
}
