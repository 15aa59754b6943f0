use std::cmp::Reverse;
use std::vec::IntoIter;

use crate::detect::Detectors;
use crate::fold::fold;
use crate::hexed;
use crate::scan::{Hit, Kind, Scan};

/// What was found: by a detector of this house, or by a definition of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A detector's.
    Kind(Kind),
    /// The definition of this place.
    Defined(usize),
}

impl What {
    /// Those of this house come first.
    fn order(self) -> (usize, u8) {
        match self {
            Self::Kind(kind) => (0, kind.place()),
            Self::Defined(place) => (place + 1, 0),
        }
    }
}

/// What stands in a finding's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// What the class leaves of the text as it stands.
    Found,
    /// What the class leaves of this, as which the text reads.
    Read(Box<[u8]>),
    /// The class's name in hexadecimal: in the digits that stand there it was found.
    Hex,
    /// The class's name: more than one class has a part in it.
    Tag,
}

/// A part of a text that belongs to a class.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) what: What,
    pub(crate) shown: Shown,
}

impl From<Hit> for Found {
    fn from(Hit { start, end, kind }: Hit) -> Self {
        Self { start, end, what: What::Kind(kind), shown: Shown::Found }
    }
}

impl Found {
    /// Takes in one that begins inside.
    fn absorb(&mut self, other: &Self) {
        if other.end > self.end {
            self.end = other.end;
            self.shown = Shown::Tag;
        } else if self.shown == Shown::Hex {
            // Whatever else the digits hold, they are hidden as a whole.
        } else if other.what != self.what {
            self.shown = Shown::Tag;
        } else if (self.start, self.end) == (other.start, other.end) && self.shown == Shown::Found {
            // The same, as it reads.
            self.shown.clone_from(&other.shown);
        }
    }
}

/// What is found in a text, in order and not overlapping.
#[expect(
    clippy::large_enum_variant,
    reason = "one is made for every text: a box would cost more than the copy"
)]
pub(crate) enum Hits<'a> {
    /// As the one pass yields it: ASCII, and classes of this house only.
    Scanned(Scan<'a, 'a>),
    /// Of several passes.
    Gathered(IntoIter<Found>),
}

impl<'a> Hits<'a> {
    pub(crate) fn new(detectors: &'a Detectors, context: &'a [u8], text: &'a [u8]) -> Self {
        if detectors.is_none() || detectors.is_idle(text) {
            return Self::Gathered(Vec::new().into_iter());
        }
        if let Some(scan) = detectors.scan(context, text) {
            return Self::Scanned(scan);
        }
        let folded = fold(text);
        let scan = Scan::new(&detectors.plan, context, text);
        let hexed = hexed::is_in(text);
        if folded.is_none() && !hexed && detectors.defined.is_empty() {
            return Self::Scanned(scan);
        }
        let mut all: Vec<_> = scan.map(Found::from).collect();
        detectors.defined.find(context, text, &mut all);
        if hexed {
            detectors.find_hexed(text, &mut all);
        }
        if let Some(folded) = folded {
            let read = &folded.text;
            let mut of_it: Vec<_> =
                Scan::new(&detectors.plan, context, read).map(Found::from).collect();
            detectors.defined.find(context, read, &mut of_it);
            all.extend(of_it.into_iter().map(|found| {
                let text = read.get(found.start..found.end).unwrap_or_default();
                let (start, end) = folded.original(found.start, found.end);
                Found { start, end, what: found.what, shown: Shown::Read(text.into()) }
            }));
        }
        Self::Gathered(merged(all).into_iter())
    }
}

impl Iterator for Hits<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        match self {
            Self::Scanned(scan) => scan.next().map(Found::from),
            Self::Gathered(found) => found.next(),
        }
    }
}

/// What begins first holds, then what is longer, then this house's order. A part that reaches
/// beyond is hidden too.
fn merged(mut all: Vec<Found>) -> Vec<Found> {
    all.sort_by_key(|found| (found.start, Reverse(found.end), found.what.order()));
    let mut kept: Vec<Found> = Vec::with_capacity(all.len());
    for next in all {
        match kept.last_mut() {
            Some(last) if next.start < last.end => last.absorb(&next),
            _ => kept.push(next),
        }
    }
    kept
}
