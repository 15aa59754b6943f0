use std::io::{self, IsTerminal as _};

use evidence::render::{Line, LineKind, Terminal};
use evidence::screen::{Piece, Player};
use model::{Event, Timestamp};

use crate::output::{self, Style};

/// Prints a session as its user saw it.
pub(crate) enum Screen {
    /// As lines of text.
    Text(Box<Terminal>),
    /// On a terminal: what a program showed on one is played.
    Played(Box<Player>),
}

impl Screen {
    /// Plays where somebody looks, unless text is wanted.
    pub(crate) fn new(text: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        if text || dumb || !io::stdout().is_terminal() {
            Self::Text(Box::default())
        } else {
            Self::Played(Box::default())
        }
    }

    /// Whether it plays.
    pub(crate) const fn plays(&self) -> bool {
        matches!(self, Self::Played(_))
    }

    /// Prints what an event adds.
    pub(crate) fn event(&mut self, at: Timestamp, event: &Event) {
        match self {
            Self::Text(terminal) => print(&terminal.event(at, event)),
            Self::Played(player) => player.event(at, event).into_iter().for_each(play),
        }
    }

    /// Prints what was still to be shown.
    pub(crate) fn finish(&mut self) {
        match self {
            Self::Text(terminal) => print(&terminal.finish()),
            Self::Played(player) => player.finish().into_iter().for_each(play),
        }
    }
}

fn play(piece: Piece) {
    match piece {
        Piece::Lines(lines) => print(&lines),
        Piece::Begins { columns, rows, .. } => {
            output::played(true);
            if let Some((own_columns, own_rows)) = output::size()
                && (own_columns < columns || own_rows < rows)
            {
                output::note(&format!(
                    "It was shown at {columns}×{rows}, and this terminal has {own_columns}×{own_rows}: --text shows it as text."
                ));
            }
        }
        Piece::Shown(text) => output::play(&text),
        // It is seen where the program showed it; --text has it.
        Piece::Typed(_) | Piece::Resized { .. } => {}
        Piece::Ends => output::played(false),
    }
}

fn print(lines: &[Line]) {
    for line in lines {
        output::styled(style(line.kind), &line.text);
    }
}

const fn style(kind: LineKind) -> Style {
    match kind {
        LineKind::Head | LineKind::Command => Style::Bold,
        LineKind::Parameters
        | LineKind::Input
        | LineKind::Tag
        | LineKind::Notice
        | LineKind::End => Style::Dim,
        LineKind::Allowed => Style::Green,
        LineKind::Held | LineKind::Masked | LineKind::Shadow => Style::Yellow,
        LineKind::Denied | LineKind::Error => Style::Red,
        LineKind::Result => Style::Plain,
    }
}
