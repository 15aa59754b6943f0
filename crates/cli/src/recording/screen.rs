use evidence::render::{Line, LineKind, Terminal};
use model::{Event, Timestamp};

use crate::output::{self, Style};

/// Prints a session as its user saw it.
#[derive(Default)]
pub(crate) struct Screen(Terminal);

impl Screen {
    /// Prints what an event adds.
    pub(crate) fn event(&mut self, at: Timestamp, event: &Event) {
        print(self.0.event(at, event));
    }

    /// Prints what was still to be shown.
    pub(crate) fn finish(&mut self) {
        print(self.0.finish());
    }
}

fn print(lines: Vec<Line>) {
    for line in lines {
        output::styled(style(line.kind), &line.text);
    }
}

const fn style(kind: LineKind) -> Style {
    match kind {
        LineKind::Head | LineKind::Command => Style::Bold,
        LineKind::Parameters | LineKind::Tag | LineKind::Notice | LineKind::End => Style::Dim,
        LineKind::Allowed => Style::Green,
        LineKind::Held | LineKind::Masked | LineKind::Shadow => Style::Yellow,
        LineKind::Denied | LineKind::Error => Style::Red,
        LineKind::Result => Style::Plain,
    }
}
