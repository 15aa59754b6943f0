//! What columns without a class seem to hold: the values that go by vote, whoever's session they are in.
//!
//! ```text
//!   a result's column ──► Poll, by table and number ──► the first values are counted ──► Drift
//!   of a known table      shared by all sessions         then it is closed               and the class is known
//! ```
//!
//! No value is kept: a poll holds counts and keyed hashes until it is closed, and then a class or nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mask::{Ballot, Detectors, Hints, ValueType};
use model::{ClassDefinition, DataClass, DataRule, Drift, ValueFormat};
use rustc_hash::FxHashMap;

use crate::postgres::catalogue::{Catalogue, ColumnEntry, FIRST_NORMAL_OBJECT};

/// Columns that are voted on; of more there is no telling.
const MOST: usize = 4096;
/// Rows of a column that are looked at, for a column of NULLs never has enough values.
const MOST_ROWS: usize = 4096;

/// The polls of a database.
pub(crate) struct Votes {
    own: Vec<Arc<ClassDefinition>>,
    detectors: OnceLock<Detectors>,
    polls: Mutex<FxHashMap<(u32, i16), Arc<Poll>>>,
}

/// The poll of one column.
pub(crate) struct Poll {
    /// Schema, table and name, as they were at first.
    column: [String; 3],
    type_oid: u32,
    value_type: ValueType,
    counting: Mutex<Counting>,
    closed: AtomicBool,
    convicted: OnceLock<DataClass>,
}

struct Counting {
    /// `None`: it is closed.
    ballot: Option<Ballot>,
    rows: usize,
}

/// Takes the values of one column as long as it is held.
pub(crate) struct Count<'p> {
    counting: MutexGuard<'p, Counting>,
    value_type: ValueType,
}

impl Votes {
    pub(super) fn new(rules: &[DataRule]) -> Self {
        let definition = |rule: &DataRule| match rule {
            DataRule::Define(definition) => Some(Arc::clone(definition)),
            DataRule::Column { .. }
            | DataRule::Json { .. }
            | DataRule::Detect(_)
            | DataRule::Class { .. } => None,
        };
        Self {
            own: rules.iter().filter_map(definition).collect(),
            detectors: OnceLock::new(),
            polls: Mutex::default(),
        }
    }

    /// What is looked for: every class there is, and those of the house's own that rules name.
    pub(crate) fn detectors(&self) -> &Detectors {
        self.detectors.get_or_init(|| {
            let known = mask::catalogue().iter().filter(|info| info.has_detector);
            let known = known.filter_map(|info| DataClass::new(info.name));
            let classes = known.chain(self.own.iter().map(|own| own.class.clone())).collect();
            Detectors::with_definitions(&classes, &self.own).unwrap_or_else(|_| Detectors::all())
        })
    }

    /// The poll of a column of a table that is known, where no rule gives the column a class.
    pub(crate) fn poll(&self, catalogue: &Catalogue, table: u32, number: i16) -> Option<Arc<Poll>> {
        if table < FIRST_NORMAL_OBJECT {
            return None;
        }
        let entry = catalogue.column(table, number)?;
        let value_type = catalogue.value_type(entry.type_oid);
        if !entry.carried.is_nothing() || !entry.json.is_empty() || !Ballot::reads(value_type) {
            return None;
        }
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(poll) = polls.get(&(table, number)).filter(|poll| poll.is_of(entry)) {
            return Some(Arc::clone(poll));
        }
        let (schema, relation) = catalogue.relation_name(table)?;
        // What one session alone sees, and for so long, is not worth a place.
        if schema.starts_with("pg_temp_") {
            return None;
        }
        if polls.len() >= MOST {
            polls.retain(|(table, number), _| catalogue.column(*table, *number).is_some());
        }
        if polls.len() >= MOST {
            return None;
        }
        let noted = catalogue.noted(table, number);
        let hints = Hints {
            name: &entry.name,
            type_name: catalogue.type_name(entry.type_oid).unwrap_or_default(),
            comment: noted.comment,
            label: noted.label,
            domain: catalogue.domain_name(entry.type_oid),
        };
        let poll = Arc::new(Poll {
            column: [schema, relation, &entry.name].map(str::to_owned),
            type_oid: entry.type_oid,
            value_type,
            counting: Mutex::new(Counting { ballot: Some(Ballot::new(&hints)), rows: 0 }),
            closed: AtomicBool::new(false),
            convicted: OnceLock::new(),
        });
        polls.insert((table, number), Arc::clone(&poll));
        Some(poll)
    }

    /// The class that a column's values say it holds.
    pub(crate) fn convicted(
        &self,
        catalogue: &Catalogue,
        table: u32,
        number: i16,
    ) -> Option<DataClass> {
        let entry = catalogue.column(table, number)?;
        let polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        polls.get(&(table, number)).filter(|poll| poll.is_of(entry))?.convicted().cloned()
    }
}

impl Poll {
    /// A verdict stays with a column that is renamed; one of another type is another column.
    fn is_of(&self, entry: &ColumnEntry) -> bool {
        self.type_oid == entry.type_oid
            && (self.column[2] == *entry.name || self.convicted().is_some())
    }

    /// Whether nothing is counted any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What the values said.
    pub(crate) fn convicted(&self) -> Option<&DataClass> {
        self.convicted.get()
    }

    /// Values can be counted now. `None`: it is closed, or another session counts, which is as good.
    pub(crate) fn count(&self) -> Option<Count<'_>> {
        if self.is_closed() {
            return None;
        }
        let counting = self.counting.try_lock().ok()?;
        Some(Count { counting, value_type: self.value_type })
    }

    /// A result is at its end. Says what is to be said of the column: once when its values convict it, and
    /// once more when they are all counted.
    pub(crate) fn settle(&self) -> Option<Drift> {
        let mut counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counting.rows;
        let ballot = counting.ballot.as_ref()?;
        let known = self.convicted.get();
        let proposal = match known {
            Some(class) => ballot.standing(class),
            None => ballot.verdict(),
        };
        let over = ballot.is_full() || rows >= MOST_ROWS;
        if let (None, Some(proposal)) = (known, &proposal) {
            // It is held under the lock: nobody else sets it.
            let _ = self.convicted.set(proposal.class.clone());
        }
        if over {
            counting.ballot = None;
            self.closed.store(true, Ordering::Release);
        }
        let proposal = proposal.filter(|_| over || known.is_none())?;
        Some(Drift {
            column: self.column.clone(),
            class: proposal.class,
            matched: proposal.matched,
            seen: proposal.seen,
            distinct: proposal.distinct,
            evidence: proposal.why,
        })
    }
}

impl Count<'_> {
    /// Takes a column's value of one row. Answers whether it wants more.
    pub(crate) fn take(
        &mut self,
        detectors: &Detectors,
        format: ValueFormat,
        value: Option<&[u8]>,
    ) -> bool {
        let Counting { ballot: Some(ballot), rows } = &mut *self.counting else { return false };
        *rows += 1;
        if let Some(value) = value {
            ballot.take_value(detectors, self.value_type, format, value);
        }
        !ballot.is_full() && *rows < MOST_ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSN: (u32, i16) = (20_000, 1);

    fn catalogue(columns: &[[&'static str; 5]]) -> Catalogue {
        let rows = columns.iter().map(|cells| {
            let mut row = [None; 6];
            for (slot, cell) in row.iter_mut().zip(cells) {
                *slot = Some(*cell);
            }
            row
        });
        Catalogue::read(rows, &[], &model::Inheritance::default(), None).unwrap()
    }

    fn people(name: &'static str, type_oid: &'static str) -> Catalogue {
        catalogue(&[
            ["relation", "20000", "public", "people", "r"],
            ["column", "20000", "1", name, type_oid],
            ["relation", "20001", "pg_temp_3", "t", "r"],
            ["column", "20001", "1", name, type_oid],
        ])
    }

    /// Counts values made of numbers from `from` on, in results of so many rows.
    fn counted(
        poll: &Poll,
        votes: &Votes,
        results: usize,
        rows: usize,
        made: fn(usize) -> Option<String>,
    ) -> Vec<Drift> {
        let mut told = Vec::new();
        for result in 0..results {
            if let Some(mut count) = poll.count() {
                for row in 0..rows {
                    let value = made(result * rows + row);
                    let value = value.as_ref().map(String::as_bytes);
                    if !count.take(votes.detectors(), ValueFormat::Text, value) {
                        break;
                    }
                }
            }
            told.extend(poll.settle());
        }
        told
    }

    #[test]
    fn a_poll_is_told_when_it_convicts_and_when_it_is_over() {
        let (votes, catalogue) = (Votes::new(&[]), people("ssn_no", "20"));
        let poll = votes.poll(&catalogue, SSN.0, SSN.1).unwrap();
        let told = counted(&poll, &votes, 60, 10, |n| Some((536_228_000 + n).to_string()));
        let told: Vec<_> =
            told.iter().map(|drift| (drift.matched, drift.seen, drift.distinct)).collect();
        assert_eq!(told, [(10, 10, 10), (256, 256, 256)]);
        assert!(poll.is_closed() && poll.count().is_none());
        assert_eq!(votes.convicted(&catalogue, SSN.0, SSN.1), DataClass::new("us_ssn"));
    }

    #[test]
    fn columns_of_nulls_and_of_anything_are_not_looked_at_for_ever() {
        for made in [(|_| None) as fn(usize) -> Option<String>, |n| Some(n.to_string())] {
            let (votes, catalogue) = (Votes::new(&[]), people("n", "20"));
            let poll = votes.poll(&catalogue, SSN.0, SSN.1).unwrap();
            assert_eq!(counted(&poll, &votes, 50, 100, made), []);
            assert!(poll.is_closed());
            assert_eq!(votes.convicted(&catalogue, SSN.0, SSN.1), None);
        }
    }

    #[test]
    fn a_verdict_stays_with_a_column_that_is_renamed_and_not_with_one_of_another_type() {
        let (votes, before) = (Votes::new(&[]), people("ssn_no", "20"));
        let poll = votes.poll(&before, SSN.0, SSN.1).unwrap();
        counted(&poll, &votes, 1, 10, |n| Some((536_228_000 + n).to_string()));
        let class = DataClass::new("us_ssn");
        assert_eq!(votes.convicted(&people("n", "20"), SSN.0, SSN.1), class);
        assert_eq!(votes.convicted(&people("ssn_no", "25"), SSN.0, SSN.1), None);
    }

    #[test]
    fn temporary_tables_types_without_text_and_too_many_columns_have_no_poll() {
        let (votes, people_now) = (Votes::new(&[]), people("n", "20"));
        assert!(votes.poll(&people_now, 20_001, 1).is_none(), "temporary");
        assert!(votes.poll(&people_now, 20_000, 2).is_none(), "unknown");
        assert!(votes.poll(&people("n", "16"), SSN.0, SSN.1).is_none(), "boolean");
        {
            let poll = votes.poll(&people_now, SSN.0, SSN.1).unwrap();
            let mut polls = votes.polls.lock().unwrap();
            polls.extend((0..i16::MAX).take(MOST).map(|n| ((30_000, n), Arc::clone(&poll))));
        }
        assert!(
            votes.poll(&people("n", "25"), SSN.0, SSN.1).is_some(),
            "columns that went make room"
        );
        assert!(votes.polls.lock().unwrap().len() < 10);
    }
}
