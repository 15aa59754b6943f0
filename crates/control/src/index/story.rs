//! A recording's events, as statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use evidence::Mark;
use model::{Access, Action, Event, ObjectKind, Phase, Timestamp, Verdict};

use super::statement::{Facts, Statement};

/// So many statements of a session are waited for at once: the oldest is taken as it is then.
const MOST_OPEN: usize = 64;

/// Where an event stands in its recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The end of what was read before the block that holds it.
    pub(super) before: Mark,
    pub(super) block: u64,
    pub(super) position: u64,
}

/// A session's statements that something may still be said about.
#[derive(Default)]
pub(super) struct Story {
    open: BTreeMap<u64, Open>,
    /// The highest number a statement had so far.
    seen: u64,
    /// Statements at or below `seen` that are still open: when a recording is read again from before
    /// them, all others were taken already. With the row they have in the index.
    again: BTreeMap<u64, i64>,
}

/// One of them.
pub(super) struct Open {
    pub(super) statement: Statement,
    /// Reading on from here tells everything about it again.
    pub(super) before: Mark,
    /// Its row, when the index has it already.
    pub(super) row: Option<i64>,
    /// Whether something was said since.
    pub(super) changed: bool,
    /// It ended, as far as can be known: a simple query with several statements ends several times.
    settled: bool,
    /// It ends when it is decided for good.
    brief: bool,
}

impl Story {
    /// Of a session that was read before: up to which number, and which of those are still open.
    pub(super) fn resumed(seen: u64, open: BTreeMap<u64, i64>) -> Self {
        Self { open: BTreeMap::new(), seen, again: open }
    }

    /// Takes an event in; what is known to be over goes to `over`. `terms` makes the digest and the terms
    /// of a text.
    pub(super) fn event(
        &mut self,
        at: Timestamp,
        event: &Event,
        place: Place,
        terms: impl FnOnce(&[u8]) -> (u128, Arc<str>),
        over: &mut Vec<Open>,
    ) {
        match event {
            Event::Command { number, phase, text, accesses, seen, .. } => {
                let row = self.again.remove(number);
                if *number <= self.seen && row.is_none() {
                    return;
                }
                self.seen = self.seen.max(*number);
                let (digest, terms) = terms(text);
                let mut facts = Facts::default();
                facts.touches(accesses);
                facts.runs(accesses, seen.as_ref());
                let Place { before, block, position } = place;
                let (number, rows) = (*number, 0);
                let statement =
                    Statement { number, at, block, position, digest, terms, facts, rows };
                let settled = *phase == Phase::Prepare;
                let brief = is_brief(accesses);
                let open = Open { statement, before, row, changed: true, settled, brief };
                self.open.insert(number, open);
                while self.open.len() > MOST_OPEN {
                    over.extend(self.open.pop_first().map(|(_, open)| open));
                }
            }
            Event::Decided { number, verdict, policies, approval, .. } => {
                self.about(*number, |open| {
                    let facts = &mut open.statement.facts;
                    facts.verdicts.add(*verdict);
                    facts.approval = facts.approval.or(*approval);
                    facts.policies.extend(policies.iter().map(ToString::to_string));
                    open.settled |= match verdict {
                        Verdict::Denied => true,
                        Verdict::Allowed | Verdict::Approved => open.brief,
                        Verdict::Held => false,
                    };
                });
            }
            Event::Columns { number, columns } => {
                self.earlier_are_over(*number, over);
                self.about(*number, |open| {
                    columns.iter().for_each(|column| open.statement.facts.masked(&column.masked));
                });
            }
            Event::Finished { number, rows, .. } => {
                self.earlier_are_over(*number, over);
                self.about(*number, |open| {
                    open.statement.rows = open.statement.rows.saturating_add(*rows);
                    open.settled = true;
                });
            }
            Event::Failed { number, .. } if *number != 0 => {
                self.earlier_are_over(*number, over);
                self.about(*number, |open| open.settled = true);
            }
            Event::Exited { number, .. } => {
                self.earlier_are_over(*number, over);
                self.about(*number, |open| open.settled = true);
            }
            Event::Moved { number, path, .. } => {
                self.about(*number, |open| open.statement.facts.path(path));
            }
            Event::Opened(_)
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Cut { .. }
            | Event::Failed { .. }
            | Event::Notice { .. }
            | Event::Shadow { .. }
            | Event::Closed(_) => {}
        }
    }

    /// Nothing more is said of any.
    pub(super) fn end(&mut self, over: &mut Vec<Open>) {
        over.extend(std::mem::take(&mut self.open).into_values());
        self.again.clear();
    }

    /// Those that something was said about since it was last asked.
    pub(super) fn changed(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.values_mut().filter(|open| open.changed)
    }

    /// Whether statements are still to be read again that were open when this was left.
    pub(super) fn is_behind(&self) -> bool {
        !self.again.is_empty()
    }

    /// The highest number so far.
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Which are open, with their rows, once all of them have one.
    pub(super) fn open_rows(&self) -> BTreeMap<u64, i64> {
        let rows = self.open.iter().filter_map(|(number, open)| Some((*number, open.row?)));
        rows.chain(self.again.iter().map(|(number, row)| (*number, *row))).collect()
    }

    /// From where to read to hear everything about those that are open again.
    pub(super) fn held_back(&self) -> Option<Mark> {
        self.open.values().map(|open| open.before).min_by_key(Mark::position)
    }

    fn about(&mut self, number: u64, say: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.get_mut(&number) {
            say(open);
            open.changed = true;
        }
    }

    /// Results come in the order of their statements: what ended before this one has ended for good.
    fn earlier_are_over(&mut self, number: u64, over: &mut Vec<Open>) {
        while let Some((first, open)) = self.open.first_key_value()
            && *first < number
            && open.settled
        {
            over.extend(self.open.pop_first().map(|(_, open)| open));
        }
    }
}

/// Whether nobody tells how a command ends: it readies what another runs, or does one thing to files.
fn is_brief(accesses: &[Access]) -> bool {
    let brief = |access: &Access| match access.action {
        Action::Env | Action::AgentForward | Action::X11 => true,
        // A database's files are touched by its statements, which end.
        action => {
            access.object.kind == ObjectKind::File && action.parent() != Some(Action::Administer)
        }
    };
    !accesses.is_empty() && accesses.iter().all(brief)
}
