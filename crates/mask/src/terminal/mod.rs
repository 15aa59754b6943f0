//! What a program shows on a terminal, masked as it is seen there and not as its bytes come.
//!
//! ```text
//!   bytes ─► reader ─► a queue of what is to be shown: letters, moves, erasing …
//!              └─► grid: the screen as it will be ─► findings in its lines ─┬─► letters of the queue become `*`
//!                                                                           └─► what was shown already is painted over
//! ```
//!
//! A value may come in pieces, with sequences between its letters, or be painted in any order: what counts is what stands
//! on the screen. Each letter of a finding is replaced by a `*` of its width. A word that has begun is held back until it
//! ends or is hurried; what the person types themself is not.

mod grid;
mod queue;
mod reader;
mod sweep;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::detect::Detectors;
use grid::Grid;
use queue::Queue;

/// So much is held back at most, in bytes.
const MOST: usize = 64 << 10;
/// Letters that were typed and are waited for to come back.
const TYPED: usize = 256;

/// Masks what its detectors find on a terminal.
pub struct Terminal {
    parser: vte::Parser,
    /// Bytes of a sequence that has not ended.
    open: Vec<u8>,
    screen: Screen,
}

/// All but what reads bytes.
struct Screen {
    detectors: Arc<Detectors>,
    grid: Grid,
    queue: Queue,
    typed: VecDeque<char>,
    /// The last thing that came is a letter that nobody typed.
    in_word: bool,
}

impl Terminal {
    /// An empty screen of a size, in letters.
    #[must_use]
    pub fn new(detectors: Arc<Detectors>, columns: u32, rows: u32) -> Self {
        Self {
            parser: vte::Parser::new(),
            open: Vec::new(),
            screen: Screen {
                detectors,
                grid: Grid::new(columns, rows),
                queue: Queue::default(),
                typed: VecDeque::new(),
                in_word: false,
            },
        }
    }

    /// The terminal has another size from now on.
    pub fn resize(&mut self, columns: u32, rows: u32) {
        self.screen.sweep();
        self.screen.grid.resize(columns, rows);
    }

    /// The person types this: where it comes back it is not held.
    pub fn typed(&mut self, bytes: &[u8]) {
        for letter in String::from_utf8_lossy(bytes).chars().filter(|letter| !letter.is_control()) {
            if self.screen.typed.len() >= TYPED {
                self.screen.typed.pop_front();
            }
            self.screen.typed.push_back(letter);
        }
    }

    /// How many bytes are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.screen.queue.bytes() + self.open.len()
    }

    /// Takes what the program shows next, and appends to `out` what may be shown now.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.read(*byte);
        }
        self.screen.sweep();
        let keep = if self.screen.in_word { self.screen.begun(false) } else { None };
        self.screen.queue.let_go(keep, out);
        if self.held() > MOST {
            self.hurry(false, out);
        }
    }

    /// Nothing more came for a while: lets go of what is held. With `strict` not of a word that may go on.
    pub fn hurry(&mut self, strict: bool, out: &mut Vec<u8>) {
        let keep = if strict { self.screen.begun(true) } else { None };
        self.screen.queue.let_go(keep, out);
    }

    /// The program is over: lets go of everything but a sequence that did not end.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.open.clear();
        self.screen.sweep();
        self.screen.queue.let_go(None, out);
    }
}

#[cfg(test)]
mod tests;
