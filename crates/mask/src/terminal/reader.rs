//! Bytes ─► letters, controls and sequences. What would move text on the screen in a way that is not known here does
//! not go on: the screen must be what is thought of it.

use unicode_width::UnicodeWidthChar;
use vte::{Params, Perform};

use super::{MOST, Screen, Terminal};

impl Terminal {
    pub(super) fn read(&mut self, byte: u8) {
        self.open.push(byte);
        let mut reading = Reading { screen: &mut self.screen, bytes: &mut self.open };
        self.parser.advance(&mut reading, &[byte]);
        if self.open.len() > MOST {
            // Nothing that means something is so long.
            self.open.clear();
            self.parser = vte::Parser::new();
        }
    }
}

/// A screen, and the bytes that have come of what is being read.
struct Reading<'a> {
    screen: &'a mut Screen,
    bytes: &'a mut Vec<u8>,
}

impl Reading<'_> {
    fn pass(&mut self) -> u64 {
        let number = self.screen.queue.push(self.bytes);
        self.bytes.clear();
        number
    }
}

impl Perform for Reading<'_> {
    fn print(&mut self, letter: char) {
        // In the form UTF-8 gives them controls of eight bits are sequences to some terminals.
        if ('\u{80}'..='\u{9f}').contains(&letter) {
            self.bytes.clear();
            return;
        }
        let width = letter.width().unwrap_or(0).min(2) as u8;
        let number = self.pass();
        let typed = self.screen.typed.pop_front();
        let is_typed = typed == Some(letter);
        if !is_typed {
            self.screen.typed.clear();
        }
        self.screen.in_word = !is_typed && !letter.is_whitespace();
        if width == 0 {
            return;
        }
        if self.screen.grid.will_scroll(width) {
            self.screen.sweep();
        }
        self.screen.grid.print(letter, width, number);
    }

    fn execute(&mut self, byte: u8) {
        self.screen.in_word = false;
        if matches!(byte, b'\n' | 0x0B | 0x0C) && self.screen.grid.at_bottom() {
            self.screen.sweep();
        }
        match byte {
            b'\n' | 0x0B | 0x0C => self.screen.grid.line_feed(),
            b'\r' => self.screen.grid.carriage_return(),
            0x08 => self.screen.grid.left(1),
            b'\t' => self.screen.grid.tab(),
            _ => {}
        }
        self.pass();
    }

    fn unhook(&mut self) {
        self.pass();
    }

    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        // A title, a link, the clipboard: text that is seen elsewhere.
        let mut masked = Vec::new();
        if self.screen.detectors.mask_text(self.bytes, &mut masked) {
            self.bytes.clear();
            return;
        }
        self.pass();
    }

    fn csi_dispatch(&mut self, params: &Params, between: &[u8], ignored: bool, last: char) {
        let mut numbers = params.iter().map(|number| number.first().copied().unwrap_or(0));
        let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if ignored || !self.screen.sequence(params, between, last, first, second) {
            self.bytes.clear();
            return;
        }
        self.pass();
    }

    fn esc_dispatch(&mut self, between: &[u8], ignored: bool, byte: u8) {
        let known = match (between, byte) {
            ([], b'7') => {
                self.screen.grid.save();
                true
            }
            ([], b'8') => {
                self.screen.moved();
                self.screen.grid.restore();
                true
            }
            ([], b'D' | b'E' | b'M' | b'c') => {
                self.screen.moved();
                self.screen.sweep();
                match byte {
                    b'D' => self.screen.grid.line_feed(),
                    b'E' => {
                        self.screen.grid.carriage_return();
                        self.screen.grid.line_feed();
                    }
                    b'M' => self.screen.grid.reverse_line_feed(),
                    _ => self.screen.grid.reset(),
                }
                true
            }
            // The end of a string, keypad modes, character sets.
            ([], b'\\' | b'=' | b'>') | ([b'(' | b')' | b'*' | b'+'], _) => true,
            _ => false,
        };
        if known && !ignored {
            self.pass();
        } else {
            self.bytes.clear();
        }
    }
}

impl Screen {
    /// The cursor goes elsewhere.
    const fn moved(&mut self) {
        self.in_word = false;
    }

    /// A control sequence (ECMA-48, and what xterm adds). `false`: it must not go on.
    fn sequence(
        &mut self,
        params: &Params,
        between: &[u8],
        last: char,
        first: u16,
        second: u16,
    ) -> bool {
        let count = usize::from(first.max(1));
        match (between, last) {
            // How letters look; what is asked of the terminal; the cursor's shape; a window's size and title.
            ([], 'm' | 'n' | 'c' | 't' | 'g') | ([b'>'], _) | ([b' '], 'q') | ([b'?'], 'n') => {
                return true;
            }
            ([b'?'], 'h' | 'l') => {
                self.moved();
                return self.modes(params, last == 'h');
            }
            ([], 'h' | 'l') => {
                if first == 4 {
                    self.grid.insert(last == 'h');
                }
                return params.len() == 1;
            }
            _ => {}
        }
        self.moved();
        let grid = &mut self.grid;
        match (between, last) {
            ([], 'A') => grid.up(count),
            ([], 'B' | 'e') => grid.down(count),
            ([], 'C' | 'a') => grid.right(count),
            ([], 'D') => grid.left(count),
            ([], 'E') => {
                grid.down(count);
                grid.carriage_return();
            }
            ([], 'F') => {
                grid.up(count);
                grid.carriage_return();
            }
            ([], 'G' | '`') => grid.place_column(count),
            ([], 'd') => grid.place_row(count),
            ([], 'H' | 'f') => {
                grid.place_row(count);
                grid.place_column(usize::from(second.max(1)));
            }
            ([], 'I') => (0..count.min(64)).for_each(|_| grid.tab()),
            ([], 's') if params.is_empty() || first == 0 && params.len() == 1 => grid.save(),
            ([], 'u') => grid.restore(),
            // What changes lines is looked at first.
            ([] | [b'?'], 'J' | 'K') | ([], 'X' | '@' | 'P' | 'L' | 'M' | 'S' | 'T' | 'r') => {
                self.sweep();
                let grid = &mut self.grid;
                match last {
                    'J' => grid.erase_screen(first),
                    'K' => grid.erase_line(first),
                    'X' => grid.erase(count),
                    '@' => grid.insert_blanks(count),
                    'P' => grid.delete(count),
                    'L' => grid.insert_lines(count),
                    'M' => grid.delete_lines(count),
                    'S' => grid.scroll_up(count),
                    'T' => grid.scroll_down(count),
                    _ => grid.margins(usize::from(first), usize::from(second)),
                }
            }
            _ => return false,
        }
        true
    }

    /// Private modes. `false`: one of them would make another screen of this.
    fn modes(&mut self, params: &Params, on: bool) -> bool {
        let modes: Vec<u16> = params.iter().filter_map(|mode| mode.first().copied()).collect();
        for mode in &modes {
            match mode {
                3 | 69 => return false,
                6 => self.grid.origin(on),
                7 => self.grid.wraps(on),
                47 | 1047 | 1049 => {
                    self.sweep();
                    self.grid.other_screen(on, *mode == 1049);
                }
                1048 if on => self.grid.save(),
                1048 => self.grid.restore(),
                // Keys, the mouse, the cursor's look, what is pasted.
                _ => {}
            }
        }
        true
    }
}
