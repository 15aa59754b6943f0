//! What a column holds, decided by its name and by how many of its values pass.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use model::{DataClass, Masked, ValueFormat};

use crate::{Detectors, ValueType};

/// So many values are looked at; what comes later changes nothing.
const WINDOW: usize = 256;
/// Longer values are no numbers and count as such that do not pass.
const LONGEST: usize = 128;
/// Values alone convict a column: nine in ten of at least so many different ones. Of random numbers of sixteen digits
/// about one in thirty passes for a card, of other lengths fewer: fifteen of sixteen never do.
const ALONE: (usize, usize) = (16, 90);
/// Where name, comment, label or domain speak of the class as well, these do: distinct values, and percent.
const TOLD: (usize, usize) = (4, 80);

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
    /// The evidence, for people.
    pub why: String,
}

/// Counts the votes of a column's first values. Its state is bounded, and it asks no clock.
pub struct Ballot {
    contexts: Vec<Vec<u8>>,
    hashes: Vec<u64>,
    seen: usize,
    votes: BTreeMap<String, Votes>,
}

#[derive(Default)]
struct Votes {
    matched: usize,
    /// Of these, how many a hint had to tell.
    told: usize,
}

impl Ballot {
    /// An empty one for a column.
    #[must_use]
    pub fn new(hints: &Hints<'_>) -> Self {
        let all =
            [Some(hints.name), hints.domain, hints.label, hints.comment, Some(hints.type_name)];
        let contexts =
            all.into_iter().flatten().filter(|hint| !hint.is_empty()).map(context).collect();
        Self { contexts, hashes: Vec::new(), seen: 0, votes: BTreeMap::new() }
    }

    /// Whether enough was seen: more values change nothing.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.seen >= WINDOW
    }

    /// Takes a value that is not NULL, as text.
    pub fn take(&mut self, detectors: &Detectors, value: &[u8]) {
        if self.is_full() {
            return;
        }
        self.seen += 1;
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let hash = hasher.finish();
        if !self.hashes.contains(&hash) {
            self.hashes.push(hash);
        }
        if value.len() > LONGEST {
            return;
        }
        if let Some(class) = detectors.whole(&[], value) {
            self.votes.entry(class).or_default().matched += 1;
            return;
        }
        if let Some(class) =
            self.contexts.iter().find_map(|context| detectors.whole(context, value))
        {
            let votes = self.votes.entry(class).or_default();
            votes.matched += 1;
            votes.told += 1;
        }
    }

    /// The class that the column holds, if the values convict it of one.
    #[must_use]
    pub fn verdict(&self) -> Option<Proposal> {
        let (class, votes) = self.votes.iter().max_by_key(|(_, votes)| votes.matched)?;
        let distinct = self.hashes.len();
        let named = self.contexts.iter().any(|context| speaks_of(context, class));
        let hinted = votes.told > 0 || named;
        let (least, percent) = if hinted { TOLD } else { ALONE };
        if distinct < least || votes.matched * 100 < self.seen * percent {
            return None;
        }
        let by = if hinted { " and the column's name or comment speaks of it" } else { "" };
        Some(Proposal {
            class: DataClass::new(class)?,
            matched: votes.matched,
            seen: self.seen,
            distinct,
            why: format!(
                "{} of {} values ({distinct} different) are one as a whole{by}",
                votes.matched, self.seen
            ),
        })
    }
}

/// The classes that a column's values and what is known of it propose: one, or none.
pub fn propose<'v>(
    detectors: &Detectors,
    hints: &Hints<'_>,
    values: impl IntoIterator<Item = &'v [u8]>,
) -> Vec<Proposal> {
    let mut ballot = Ballot::new(hints);
    values.into_iter().take(WINDOW).for_each(|value| ballot.take(detectors, value));
    ballot.verdict().into_iter().collect()
}

/// A hint as words in front of a value: digits in it would end their reach.
fn context(hint: &str) -> Vec<u8> {
    let mut context: Vec<u8> = hint.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    context.extend_from_slice(b": ");
    context
}

/// Whether a word of the class's name stands in it.
fn speaks_of(context: &[u8], class: &str) -> bool {
    let hint = context.to_ascii_lowercase();
    class
        .split('_')
        .filter(|word| word.len() > 3)
        .any(|word| memchr::memmem::find(&hint, word.as_bytes()).is_some())
}

impl Detectors {
    /// The class that all of the value is.
    fn whole(&self, context: &[u8], value: &[u8]) -> Option<String> {
        let found = self.hits(context, value).next()?;
        let whole = found.start == 0 && found.end == value.len();
        whole.then(|| self.name(found.what).to_owned())
    }

    /// [`Self::mask_value`] of a value in a column, whose `name` is a word in front of each. Whole numbers are read
    /// too: one that its column says is a card's, or somebody's number, becomes NULL.
    pub fn mask_value_in_column(
        &self,
        ty: ValueType,
        format: ValueFormat,
        value: &[u8],
        name: &str,
        out: &mut Vec<u8>,
    ) -> Masked {
        let context = context(name);
        let number = match (ty, format) {
            (ValueType::Text, _) => {
                let found = self.mask_within(&context, value, out);
                return if found { Masked::Replaced } else { Masked::Kept };
            }
            (ValueType::Int4 | ValueType::Int8 | ValueType::Numeric, ValueFormat::Text) => {
                value.to_vec()
            }
            (ValueType::Int4, ValueFormat::Binary) => match value.try_into() {
                Ok(bytes) => i32::from_be_bytes(bytes).to_string().into_bytes(),
                Err(_) => return Masked::Null,
            },
            (ValueType::Int8, ValueFormat::Binary) => match value.try_into() {
                Ok(bytes) => i64::from_be_bytes(bytes).to_string().into_bytes(),
                Err(_) => return Masked::Null,
            },
            _ => return self.mask_value(ty, format, value, out),
        };
        // Without a word a number is far more often an id: its column's other values decide.
        let told = self.whole(&context, &number);
        let convicted = told.is_some_and(|class| {
            self.whole(&[], &number).is_none()
                || speaks_of(&context, &class)
                || is_card_column(&context)
        });
        if convicted { Masked::Null } else { Masked::Kept }
    }
}

/// What columns of card numbers are called beside `card`.
fn is_card_column(context: &[u8]) -> bool {
    let lower = context.to_ascii_lowercase();
    lower
        .split(|byte| !byte.is_ascii_alphabetic())
        .any(|word| matches!(word, b"pan" | b"card" | b"cardno" | b"ccnum"))
}
