//! What changes, counted.

use std::collections::{BTreeMap, HashMap};

use model::{Access, Classes, SessionHead, SessionId, Timestamp, Verdict};
use serde::{Serialize, Serializer};

use crate::output;

/// The most kinds of change that are told apart; the rest is counted together.
const KINDS: usize = 10_000;
/// So much of a statement is shown of an example.
const SHOWN: usize = 200;
/// So many recordings that cannot be read are named.
const NAMED: usize = 100;

/// One kind of change: the same for everybody to whom the same happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Change {
    /// Whether it is more or less than before.
    pub(crate) direction: Direction,
    /// What was: a verdict, `opened`, `shown`.
    pub(crate) from: &'static str,
    /// What would be.
    pub(crate) to: &'static str,
    /// Whose.
    pub(crate) subject: String,
    /// On what.
    pub(crate) resource: String,
    /// A command's accesses, or the classes that are masked otherwise.
    pub(crate) what: Vec<String>,
    /// The candidate's policies behind it; none when no policy permits.
    pub(crate) policies: Vec<String>,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Less is allowed or shown.
    Tighter,
    /// More is.
    Looser,
}

/// One of those it happens to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Example {
    #[serde(serialize_with = "shown")]
    session: SessionId,
    number: u64,
    #[serde(serialize_with = "shown")]
    at: Timestamp,
    text: String,
}

/// How often, and where to look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) sessions: u64,
    pub(crate) commands: u64,
    pub(crate) examples: Vec<Example>,
}

/// Everything that was counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    examples: usize,
    /// Sessions that were looked at.
    pub(crate) sessions: u64,
    /// Their commands within the time that was asked about.
    pub(crate) commands: u64,
    /// Commands whose verdict stays.
    pub(crate) unchanged: u64,
    changes: HashMap<Change, Seen>,
    /// What is over the bound, by direction: tighter, looser.
    others: [u64; 2],
    cannot: BTreeMap<String, u64>,
    unreadable: Vec<(SessionId, String)>,
    unreadable_more: u64,
}

impl Change {
    /// A command's verdict.
    pub(super) fn of_command(
        from: Verdict,
        to: Verdict,
        head: &SessionHead,
        accesses: &[Access],
        policies: Vec<String>,
    ) -> Self {
        let rank = |verdict| match verdict {
            Verdict::Denied => 0,
            Verdict::Held => 1,
            Verdict::Allowed | Verdict::Approved => 2,
        };
        let direction = if rank(to) < rank(from) { Direction::Tighter } else { Direction::Looser };
        let what = match accesses {
            [] => vec!["connect".to_owned()],
            some => some.iter().map(ToString::to_string).collect(),
        };
        Self::new(direction, [name(from), name(to)], head, what, policies)
    }

    /// Whether a session is opened.
    pub(super) fn of_session(was_open: bool, head: &SessionHead, policies: Vec<String>) -> Self {
        let what = vec!["connect".to_owned()];
        match was_open {
            true => Self::new(Direction::Tighter, ["opened", "refused"], head, what, policies),
            false => Self::new(Direction::Looser, ["refused", "opened"], head, what, policies),
        }
    }

    /// What is shown in clear in a session.
    pub(super) fn of_masking(head: &SessionHead, before: &Classes, after: &Classes) -> Vec<Self> {
        let named = |more: &Classes, less: &Classes| {
            more.difference(less).map(ToString::to_string).collect::<Vec<_>>()
        };
        let masked = named(before, after);
        let shown = named(after, before);
        let change = |direction, words, what: Vec<String>| {
            (!what.is_empty()).then(|| Self::new(direction, words, head, what, Vec::new()))
        };
        let tighter = change(Direction::Tighter, ["shown", "masked"], masked);
        let looser = change(Direction::Looser, ["masked", "shown"], shown);
        tighter.into_iter().chain(looser).collect()
    }

    fn new(
        direction: Direction,
        [from, to]: [&'static str; 2],
        head: &SessionHead,
        what: Vec<String>,
        policies: Vec<String>,
    ) -> Self {
        let (subject, resource) = (head.identity.subject.clone(), head.resource.clone());
        Self { direction, from, to, subject, resource, what, policies }
    }
}

impl Example {
    pub(super) fn new(session: SessionId, number: u64, at: Timestamp, text: &[u8]) -> Self {
        // A character is at most four bytes: no more than that is looked at.
        let text = text.get(..SHOWN * 4).unwrap_or(text);
        let text = output::clean(&String::from_utf8_lossy(text));
        let text = match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        };
        Self { session, number, at, text }
    }

    /// `SESSION #3: DROP TABLE x`.
    pub(crate) fn line(&self) -> String {
        format!("{} #{}: {}", self.session, self.number, self.text)
    }
}

impl Tally {
    pub(super) fn new(examples: usize) -> Self {
        Self { examples, ..Self::default() }
    }

    /// Counts a change: of a command, which comes as an example, or of a session.
    pub(super) fn changed(&mut self, change: &Change, example: Option<Example>) {
        let keep = self.examples;
        let Some(seen) = self.seen(change) else { return };
        match example {
            Some(example) => {
                seen.commands += 1;
                if seen.examples.len() < keep {
                    seen.examples.push(example);
                }
            }
            None => seen.sessions += 1,
        }
    }

    /// Counts a command of a session that is opened no more, or only now.
    pub(super) fn command_of(&mut self, change: &Change) {
        if let Some(seen) = self.seen(change) {
            seen.commands += 1;
        }
    }

    /// Counts a command that cannot be decided again.
    pub(super) fn cannot(&mut self, why: &str) {
        match self.cannot.get_mut(why) {
            Some(count) => *count += 1,
            None => {
                self.cannot.insert(why.to_owned(), 1);
            }
        }
    }

    /// Counts a recording that could not be read to its end.
    pub(super) fn unreadable(&mut self, session: SessionId, why: String) {
        if self.unreadable.len() < NAMED {
            self.unreadable.push((session, why));
        } else {
            self.unreadable_more += 1;
        }
    }

    fn seen(&mut self, change: &Change) -> Option<&mut Seen> {
        if !self.changes.contains_key(change) {
            if self.changes.len() >= KINDS {
                let [tighter, looser] = &mut self.others;
                *match change.direction {
                    Direction::Tighter => tighter,
                    Direction::Looser => looser,
                } += 1;
                return None;
            }
            self.changes.insert(change.clone(), Seen::default());
        }
        self.changes.get_mut(change)
    }

    /// Adds what another thread counted.
    pub(super) fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.commands += other.commands;
        self.unchanged += other.unchanged;
        for (mine, more) in self.others.iter_mut().zip(other.others) {
            *mine += more;
        }
        for (change, more) in other.changes {
            let keep = self.examples;
            match self.seen(&change) {
                Some(seen) => {
                    seen.sessions += more.sessions;
                    seen.commands += more.commands;
                    seen.examples.extend(more.examples);
                    // The same ones whichever thread came first.
                    seen.examples.sort_by_key(|example| (example.session, example.number));
                    seen.examples.truncate(keep);
                }
                // `seen` has counted one of them.
                None => {
                    let rest = (more.sessions + more.commands).saturating_sub(1);
                    let [tighter, looser] = &mut self.others;
                    *match change.direction {
                        Direction::Tighter => tighter,
                        Direction::Looser => looser,
                    } += rest;
                }
            }
        }
        for (why, count) in other.cannot {
            *self.cannot.entry(why).or_default() += count;
        }
        self.unreadable_more += other.unreadable_more;
        for (session, why) in other.unreadable {
            self.unreadable(session, why);
        }
    }

    /// The changes, those that happen most first.
    pub(crate) fn changes(&self) -> Vec<(&Change, &Seen)> {
        let mut all: Vec<_> = self.changes.iter().collect();
        let order = |change: &Change| {
            (
                change.from,
                change.to,
                change.subject.clone(),
                change.resource.clone(),
                change.what.clone(),
            )
        };
        all.sort_by_cached_key(|(change, seen)| {
            (std::cmp::Reverse(seen.sessions + seen.commands), order(change))
        });
        all
    }

    /// Commands whose verdict changes.
    pub(crate) fn changed_commands(&self) -> u64 {
        self.commands - self.unchanged - self.undecided()
    }

    /// Commands that cannot be decided again.
    pub(crate) fn undecided(&self) -> u64 {
        self.cannot.values().sum()
    }

    /// Why commands cannot be decided again, and how many.
    pub(crate) const fn cannot_be_decided(&self) -> &BTreeMap<String, u64> {
        &self.cannot
    }

    /// Changes that are not told apart: tighter, looser.
    pub(crate) const fn others(&self) -> [u64; 2] {
        self.others
    }

    /// Recordings that could not be read to their end, and how many more there are.
    pub(crate) fn unread(&self) -> (&[(SessionId, String)], u64) {
        (&self.unreadable, self.unreadable_more)
    }

    /// Whether anything goes this way.
    pub(crate) fn any(&self, direction: Direction) -> bool {
        let [tighter, looser] = self.others;
        let over = match direction {
            Direction::Tighter => tighter,
            Direction::Looser => looser,
        };
        over > 0 || self.changes.keys().any(|change| change.direction == direction)
    }
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed | Verdict::Approved => "allowed",
        Verdict::Held => "held",
        Verdict::Denied => "denied",
    }
}

fn shown<S: Serializer>(value: &impl std::fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
