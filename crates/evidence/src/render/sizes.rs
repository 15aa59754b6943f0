use std::collections::BTreeMap;

use model::Event;

/// So many programs may have a terminal at once; the oldest is forgotten first.
const MOST: usize = 1024;

/// Which commands have a terminal, and of what size. A terminal is asked for before there is a command: its
/// first size has no number, and is that of the first later command that says something.
#[derive(Debug, Default)]
pub struct Sizes {
    /// The highest number so far.
    last: u64,
    /// A size without a number, and which number came before it.
    waiting: Option<(u64, u32, u32)>,
    known: BTreeMap<u64, (u32, u32)>,
}

impl Sizes {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event in. What comes back happened before it: the size of its command's terminal, with the
    /// number.
    pub fn before(&mut self, event: &Event) -> Option<Event> {
        match event {
            Event::Command { number, .. } => self.last = self.last.max(*number),
            Event::Terminal { number: 0, columns, rows } => {
                self.waiting = Some((self.last, *columns, *rows));
            }
            Event::Terminal { number, columns, rows } => {
                self.waiting = self.waiting.filter(|(after, ..)| number <= after);
                self.know(*number, *columns, *rows);
            }
            Event::Stream { number, .. } => {
                let (_, columns, rows) = self.waiting.take_if(|(after, ..)| number > after)?;
                if self.of(*number).is_none() {
                    self.know(*number, columns, rows);
                    return Some(Event::Terminal { number: *number, columns, rows });
                }
            }
            Event::Exited { number, .. } => {
                self.known.remove(number);
            }
            Event::Opened(_)
            | Event::Decided { .. }
            | Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Moved { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::Failed { .. }
            | Event::Notice { .. }
            | Event::Closed(_) => {}
        }
        None
    }

    /// Whether an event is a size whose command is not known yet: it is told when it is.
    #[must_use]
    pub const fn waits(event: &Event) -> bool {
        matches!(event, Event::Terminal { number: 0, .. })
    }

    /// The size of a command's terminal: columns and rows.
    #[must_use]
    pub fn of(&self, number: u64) -> Option<(u32, u32)> {
        self.known.get(&number).copied()
    }

    /// Whether a program has a terminal at the moment.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.known.is_empty()
    }

    fn know(&mut self, number: u64, columns: u32, rows: u32) {
        if self.known.len() >= MOST && !self.known.contains_key(&number) {
            self.known.pop_first();
        }
        self.known.insert(number, (columns, rows));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use model::{Phase, Stream};

    use super::*;

    fn command(number: u64) -> Event {
        let text = Bytes::from_static(b"x");
        let (parameters, accesses) = (Arc::default(), Arc::default());
        Event::Command { number, phase: Phase::Run, text, parameters, accesses, seen: None }
    }

    fn size(number: u64, columns: u32) -> Event {
        Event::Terminal { number, columns, rows: 24 }
    }

    fn said(number: u64) -> Event {
        Event::Stream { number, stream: Stream::Output, data: Bytes::from_static(b"x") }
    }

    fn ended(number: u64) -> Event {
        Event::Exited { number, status: None, signal: None, streams: Vec::new() }
    }

    #[test]
    fn a_size_without_a_number_is_that_of_the_first_later_command_that_says_something() {
        for (events, expected) in [
            // The environment is set between the terminal and the shell.
            (vec![size(0, 80), command(1), command(2), said(2), said(2)], vec![(2, 80)]),
            // Another program that ran before says something first.
            (vec![command(1), said(1), size(0, 80), command(2), said(1), said(2)], vec![(2, 80)]),
            (vec![command(1), size(0, 80), said(1), command(2), said(1), said(2)], vec![(2, 80)]),
            // It has one already.
            (vec![size(0, 80), command(1), size(1, 100), said(1), command(2), said(2)], vec![]),
            (vec![size(0, 80), command(1), said(1), ended(1), command(2), said(2)], vec![(1, 80)]),
            (vec![command(1), said(1)], vec![]),
        ] {
            let mut sizes = Sizes::new();
            let found: Vec<_> = events.iter().filter_map(|event| sizes.before(event)).collect();
            let expected: Vec<_> =
                expected.iter().map(|one: &(u64, u32)| size(one.0, one.1)).collect();
            assert_eq!(found, expected, "{events:?}");
        }
    }

    #[test]
    fn programs_that_never_end_are_not_remembered_for_ever() {
        let mut sizes = Sizes::new();
        for number in 1..=5000 {
            sizes.before(&size(number, 80));
        }
        assert_eq!(sizes.known.len(), MOST);
        assert_eq!((sizes.of(1), sizes.of(5000)), (None, Some((80, 24))));
    }
}
