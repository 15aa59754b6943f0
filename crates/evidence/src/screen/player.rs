use model::{Event, Stream, Timestamp};

use super::filter::Filter;
use crate::render::{Line, Sizes, Terminal, escape};

/// So many lines wait for the end of what is played; more are shown in the middle of it.
const MOST_HELD: usize = 10_000;

/// Shows a session where there is a terminal at hand: as lines, and what a program showed on a terminal as it
/// showed it, of what only paints.
///
/// One program has the screen: the first that says something on a terminal. What else happens until it ends
/// is shown as lines when it has.
#[derive(Debug, Default)]
pub struct Player {
    terminal: Terminal,
    sizes: Sizes,
    playing: Option<Play>,
    held: Vec<Line>,
}

/// What has the screen.
#[derive(Debug)]
struct Play {
    number: u64,
    shown: Filter,
    typed: Filter,
}

/// Something to be shown. Nothing in it would steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Lines, as [`Terminal`] makes them.
    Lines(Vec<Line>),
    /// A program takes the screen.
    Begins {
        /// Its number.
        number: u64,
        /// How many columns its terminal has.
        columns: u32,
        /// How many rows.
        rows: u32,
    },
    /// It showed this.
    Shown(String),
    /// It was given this.
    Typed(String),
    /// Its terminal has another size.
    Resized {
        /// How many columns.
        columns: u32,
        /// How many rows.
        rows: u32,
    },
    /// It gives the screen back.
    Ends,
}

impl Player {
    /// At the beginning of a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What an event adds.
    pub fn event(&mut self, at: Timestamp, event: &Event) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if let Some(size) = self.sizes.before(event) {
            self.one(at, &size, &mut pieces);
        }
        self.one(at, event, &mut pieces);
        pieces
    }

    /// What was still to be shown when the recording ended.
    pub fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.end(&mut pieces);
        let lines = self.terminal.finish();
        self.lines(lines, &mut pieces);
        pieces
    }

    fn one(&mut self, at: Timestamp, event: &Event, pieces: &mut Vec<Piece>) {
        match event {
            Event::Stream { number, stream, data } if self.plays(*number, pieces) => {
                if let Some(play) = &mut self.playing {
                    let mut text = String::new();
                    match stream {
                        Stream::Input => play.typed.feed(data, &mut text),
                        Stream::Output | Stream::Error => play.shown.feed(data, &mut text),
                    }
                    if !text.is_empty() {
                        pieces.push(match stream {
                            Stream::Input => Piece::Typed(text),
                            Stream::Output | Stream::Error => Piece::Shown(text),
                        });
                    }
                }
            }
            Event::Terminal { number, columns, rows } if self.has_screen(*number) => {
                pieces.push(Piece::Resized { columns: *columns, rows: *rows });
            }
            // What the gateway says to whoever sits there is no part of what the program said.
            Event::Notice { number, message } if self.has_screen(*number) => {
                let line = |line: &str| format!("sluice: {}\r\n", escape(line));
                pieces.push(Piece::Shown(message.lines().map(line).collect()));
            }
            Event::Exited { number, .. } if self.has_screen(*number) => {
                self.end(pieces);
                self.text(at, event, pieces);
            }
            Event::Closed(_) => {
                self.end(pieces);
                self.text(at, event, pieces);
            }
            event => self.text(at, event, pieces),
        }
    }

    fn has_screen(&self, number: u64) -> bool {
        self.playing.as_ref().is_some_and(|play| play.number == number)
    }

    /// Whether a command has the screen, or takes it now.
    fn plays(&mut self, number: u64, pieces: &mut Vec<Piece>) -> bool {
        if self.playing.is_none()
            && let Some((columns, rows)) = self.sizes.of(number)
        {
            self.playing = Some(Play { number, shown: Filter::new(), typed: Filter::new() });
            pieces.push(Piece::Begins { number, columns, rows });
        }
        self.has_screen(number)
    }

    fn text(&mut self, at: Timestamp, event: &Event, pieces: &mut Vec<Piece>) {
        let lines = self.terminal.event(at, event);
        self.lines(lines, pieces);
    }

    fn lines(&mut self, mut lines: Vec<Line>, pieces: &mut Vec<Piece>) {
        if self.playing.is_some() && self.held.len() + lines.len() <= MOST_HELD {
            self.held.append(&mut lines);
        } else if !lines.is_empty() {
            pieces.push(Piece::Lines(lines));
        }
    }

    fn end(&mut self, pieces: &mut Vec<Piece>) {
        let Some(mut play) = self.playing.take() else { return };
        let mut rest = String::new();
        play.shown.finish(&mut rest);
        if !rest.is_empty() {
            pieces.push(Piece::Shown(rest));
        }
        pieces.push(Piece::Ends);
        let held = std::mem::take(&mut self.held);
        self.lines(held, pieces);
    }
}
