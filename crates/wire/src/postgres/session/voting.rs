//! Values of columns that no rule gives a class are counted as they go by: their column's poll decides what bare
//! numbers are.

use std::sync::Arc;

use model::{Step, ValueFormat};

use super::Session;
use super::plan::{Described, format_of, value_format};
use super::running::{Columns, Expect};
use crate::postgres::catalogue::Catalogue;
use crate::postgres::frame::{Body, HEADER, Malformed};
use crate::postgres::library::{Count, Poll, Votes};

/// Longer rows are not looked at.
pub(super) const LONGEST_ROW: usize = 64 << 10;

/// A column of a result whose poll is open.
pub(super) struct Watched {
    index: usize,
    poll: Arc<Poll>,
    format: ValueFormat,
    /// Its values had convicted it when the plan was made.
    convicted: bool,
}

/// The columns of a result that are voted on, in order. Mostly none.
#[derive(Default)]
pub(super) struct Watch(Vec<Watched>);

impl Watch {
    pub(super) fn new(
        described: &Described,
        formats: Option<&[i16]>,
        votes: &Votes,
        catalogue: &Catalogue,
    ) -> Self {
        let columns = described.columns.iter().enumerate();
        let watched = columns.filter_map(|(index, column)| {
            let poll = votes.poll(catalogue, column.table, column.number)?;
            let format = value_format(format_of(formats, index, column.format));
            let convicted = poll.convicted().is_some();
            (!poll.is_closed()).then_some(Watched { index, poll, format, convicted })
        });
        Self(watched.collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a plan that was made with it is still the one to be made.
    pub(super) fn is_current(&self) -> bool {
        let changed =
            |one: &Watched| one.poll.is_closed() || one.poll.convicted().is_some() != one.convicted;
        !self.0.iter().any(changed)
    }

    /// Counts the values in a span of whole DataRow messages. What cannot be read is not counted.
    pub(super) fn count(&self, span: &[u8], votes: &Votes) {
        let mut open: Vec<(&Watched, Count<'_>)> =
            self.0.iter().filter_map(|one| Some((one, one.poll.count()?))).collect();
        let mut rest = span;
        while !open.is_empty()
            && let Some(&[_, a, b, c, d]) = rest.first_chunk::<HEADER>()
        {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            let Some((row, next)) = rest.split_at_checked(1 + length) else { return };
            rest = next;
            if row.len() > LONGEST_ROW {
                continue;
            }
            if one_row(row, &mut open, votes).is_err() {
                return;
            }
        }
    }

    /// The result is over: what its values, and those before, say.
    fn settle(&self) -> impl Iterator<Item = Step> {
        self.0.iter().filter_map(|one| Some(Step::Drift(Box::new(one.poll.settle()?))))
    }
}

fn one_row(
    row: &[u8],
    open: &mut Vec<(&Watched, Count<'_>)>,
    votes: &Votes,
) -> Result<(), Malformed> {
    let mut body = Body::new(row.get(HEADER..).ok_or(Malformed)?);
    let columns = usize::from(body.u16()?);
    let mut at = 0;
    let mut full = Vec::new();
    for (place, (watched, count)) in open.iter_mut().enumerate() {
        if watched.index >= columns {
            return Err(Malformed);
        }
        let mut value = None;
        while at <= watched.index {
            value = body.value()?;
            at += 1;
        }
        if !count.take(votes.detectors(), watched.format, value) {
            full.push(place);
        }
    }
    for place in full.into_iter().rev() {
        open.remove(place);
    }
    Ok(())
}

impl Session {
    /// A result is at its end, or at its most rows.
    pub(super) fn count_votes(&mut self) {
        let Some(running) = self.owed.front().and_then(Expect::running) else { return };
        if let Columns::Masked(plan) = &running.result.columns {
            self.steps.extend(plan.watch().settle());
        }
    }
}
