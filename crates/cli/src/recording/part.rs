use evidence::export::number_of;
use model::Event;

/// A part of a session: the statements from one number to another. Who it was is always in it, how it
/// ended when the part goes to the end.
pub(crate) struct Part {
    from: u64,
    to: u64,
    /// The last statement there was, shown or not.
    last: u64,
}

impl Part {
    /// From a statement to another, both in it.
    pub(crate) fn new(from: Option<u64>, to: Option<u64>) -> Self {
        Self { from: from.unwrap_or(0), to: to.unwrap_or(u64::MAX), last: 0 }
    }

    /// Whether an event belongs to it. To be asked of every event, in order.
    pub(crate) fn holds(&mut self, event: &Event) -> bool {
        if let Event::Command { number, .. } = event {
            self.last = self.last.max(*number);
        }
        let place = match event {
            Event::Opened(_) => return true,
            Event::Closed(_) => return self.to == u64::MAX,
            // It is of a statement that is still to come; of which one nobody knows yet.
            Event::Terminal { number: 0, .. } => return self.last < self.to,
            // What belongs to no statement belongs where it happened.
            event => number_of(event).filter(|number| *number != 0).unwrap_or(self.last),
        };
        (self.from..=self.to).contains(&place)
    }

    /// Why nothing of it was there, when that is so.
    pub(crate) fn missed(&self) -> Option<String> {
        (self.from > self.last.max(1)).then(|| match self.last {
            0 => "the session has no statements".to_owned(),
            last => format!("the session has no statement {}: its last one is {last}", self.from),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use model::{Ending, Phase, Timestamp};

    use super::*;

    fn command(number: u64) -> Event {
        Event::Command {
            number,
            phase: Phase::Run,
            text: Bytes::new(),
            parameters: [].into(),
            accesses: [].into(),
            seen: None,
        }
    }

    #[test]
    fn a_part_is_what_belongs_to_its_statements() {
        let finished = |number| Event::Finished { number, tag: String::new(), rows: 0, bytes: 0 };
        let notice = || Event::Notice { number: 0, message: String::new() };
        let closed = || Event::Closed(Ending { at: Timestamp::EPOCH, how: String::new() });
        // Pipelined: the second statement arrives before the first one's end.
        let story = || {
            [
                notice(),
                command(1),
                command(2),
                finished(1),
                finished(2),
                notice(),
                command(3),
                finished(3),
                closed(),
            ]
        };
        for (from, to, expected) in [
            (None, None, "nC1C2F1F2nC3F3c"),
            (Some(2), None, "C2F2nC3F3c"),
            (None, Some(2), "nC1C2F1F2n"),
            (Some(2), Some(2), "C2F2n"),
            (Some(3), Some(3), "C3F3"),
            (Some(4), None, "c"),
        ] {
            let mut part = Part::new(from, to);
            let held: String = story()
                .iter()
                .filter(|event| part.holds(event))
                .map(|event| match event {
                    Event::Command { number, .. } => format!("C{number}"),
                    Event::Finished { number, .. } => format!("F{number}"),
                    Event::Closed(_) => "c".to_owned(),
                    _ => "n".to_owned(),
                })
                .collect();
            assert_eq!(held, expected, "{from:?} to {to:?}");
            assert_eq!(part.missed().is_some(), from == Some(4));
        }
    }

    #[test]
    fn a_terminal_whose_statement_is_still_to_come_belongs_to_every_later_part() {
        let size = |number| Event::Terminal { number, columns: 80, rows: 24 };
        for (from, to, expected) in
            [(1, 1, [false, false]), (2, 2, [true, true]), (3, 3, [true, false])]
        {
            let mut part = Part::new(Some(from), Some(to));
            part.holds(&command(1));
            assert_eq!([part.holds(&size(0)), part.holds(&size(2))], expected, "{from} to {to}");
        }
    }
}
