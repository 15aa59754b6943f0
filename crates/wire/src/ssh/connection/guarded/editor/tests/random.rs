//! Keys at random, in pieces at random.

use super::super::Event;
use super::completing::tables;
use super::person::{PROMPT, Person, naive};

/// Streams of keys in each test. With 1000 they take minutes.
const SEEDS: u64 = 25;

/// xorshift
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }
}

const TEXT: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b" ",
    b"x",
    b"hello ",
    b"select ",
    b"o",
    b"-",
    b"'",
    "é".as_bytes(),
    "漢".as_bytes(),
    "字".as_bytes(),
    "😀".as_bytes(),
    "\u{301}".as_bytes(),
    "e\u{301}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{85}".as_bytes(),
    b"\xff",
    b"\x1b[200~a\nb\x1b[201~",
    b"\x1b[200~\t\x01\x1b[A\r\n\x7f\xe6\x1b[201~",
    "\x1b[200~漢字漢字 long text that is pasted 'x\x1b[201~".as_bytes(),
];
const MOVES: &[&[u8]] = &[
    b"\x01",
    b"\x02",
    b"\x02",
    b"\x02",
    b"\x05",
    b"\x06",
    b"\x06",
    b"\x1b[D",
    b"\x1b[C",
    b"\x1b[H",
    b"\x1b[F",
    b"\x1bb",
    b"\x1bf",
    b"\x10",
    b"\x0e",
    b"\x1b[A",
    b"\x1b[B",
    b"\x1b[1;5D",
];
const EDITS: &[&[u8]] = &[
    b"\x04",
    b"\x08",
    b"\x7f",
    b"\x7f",
    b"\x0b",
    b"\x15",
    b"\x17",
    b"\x19",
    b"\x14",
    b"\x1bd",
    b"\x1b\x7f",
    b"\x1b[3~",
];
const RUNS: &[&[u8]] = &[b"\r", b"\n", b"\r\n", b"'\r", b"\x03"];
const OTHERS: &[&[u8]] = &[
    b"\x07",
    b"\x00",
    b"\x1b[99z",
    b"\x1b]0;x\x07",
    b"\x1b",
    b"\x1b[",
    b"\x1b[1;",
    b"\x1bO",
    b"\x1bP1\x1b\\",
    b"\x12",
    b"\x12a",
    b"\x12o\x12",
    b"\x12",
    b"\x12\x7f",
];
const WILD: &[&[u8]] = &[b"\xe6\xbc", b"\t", b"\t\t", b"\t\t\t", b"\x0c", b"\x1b]", b"\x1b[200~"];

fn stream(random: &mut Random, keys: usize, wild: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..keys {
        bytes.extend_from_slice(match random.below(40) {
            0..20 => random.pick(TEXT),
            20..29 => random.pick(MOVES),
            29..35 => random.pick(EDITS),
            35 => random.pick(RUNS),
            36..38 if wild => random.pick(WILD),
            _ => random.pick(OTHERS),
        });
    }
    bytes
}

fn in_pieces(random: &mut Random, mut bytes: &[u8], mut with: impl FnMut(&[u8], &mut Random)) {
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(1 + random.below(bytes.len().min(9)));
        with(piece, random);
        bytes = rest;
    }
}

/// `press` checks the screen after every piece.
#[test]
fn any_keys_on_any_screen_show_the_line() {
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 0x009e_3779_b97f);
        let (columns, rows) = (8 + random.below(40) as u16, 1 + random.below(12) as u16);
        let mut person = Person::new(columns, rows);
        person.answers = tables;
        let bytes = stream(&mut random, 150, true);
        in_pieces(&mut random, &bytes, |piece, random| {
            person.press(piece);
            if random.below(20) == 0 {
                person.send(|editor, out| editor.say("a message\nof two rows", out));
                person.check();
            }
        });
    }
}

#[test]
fn the_size_changes_between_any_keys() {
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 0x009e_3779_b97f);
        let mut person = Person::new(40, 10);
        person.answers = tables;
        let bytes = stream(&mut random, 150, true);
        in_pieces(&mut random, &bytes, |piece, random| {
            person.press(piece);
            if random.below(8) == 0 {
                let (columns, rows) = (8 + random.below(40) as u16, 1 + random.below(12) as u16);
                person.terminal.resize(columns, rows);
                person.send(|editor, out| editor.resize(columns, rows, out));
                person.check();
            }
        });
    }
}

#[test]
fn pieces_make_no_difference() {
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 0x009e_3779_b97f + 5);
        let columns = 8 + random.below(60) as u16;
        let bytes = stream(&mut random, 120, true);
        let new = || {
            let mut person = Person::new(columns, 300);
            person.answers = tables;
            person
        };
        let (mut whole, mut single, mut some) = (new(), new(), new());
        whole.press(&bytes);
        for byte in &bytes {
            single.press([*byte]);
        }
        in_pieces(&mut random, &bytes, |piece, _| drop(some.press(piece)));
        for other in [single, some] {
            assert_eq!(whole.events, other.events, "seed {seed}");
            assert_eq!(whole.line(), other.line(), "seed {seed}");
            assert!(whole.terminal.gone.is_empty(), "the screen is tall enough");
            assert_eq!(whole.terminal.screen(), other.terminal.screen(), "seed {seed}");
            assert!(whole.editor.history().eq(other.editor.history()));
        }
    }
}

/// Nothing else is ever on the screen than the lines entered, one below the other.
#[test]
fn the_lines_entered_stay_on_the_screen() {
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 0x009e_3779_b97f + 9);
        let columns = 8 + random.below(60);
        let mut person = Person::new(columns as u16, 300);
        let mut expected: Vec<String> = Vec::new();
        for byte in stream(&mut random, 150, false) {
            let dropped = person.editor.line.buffer.text().to_owned();
            person.press([byte]);
            let text = match person.events.pop() {
                Some(Event::Line(text)) => text,
                Some(Event::Interrupt) => dropped + "\x03",
                Some(Event::End) => String::new(),
                _ => continue,
            };
            let mut rows = naive(PROMPT, &text, text.len(), columns).0;
            if rows.last().is_some_and(String::is_empty) {
                rows.pop();
            }
            expected.extend(rows.into_iter().map(|row| row.trim_end().to_owned()));
        }
        assert_eq!(person.terminal.screen()[..expected.len()], expected, "seed {seed}");
        assert_eq!(person.check(), expected.len());
    }
}

/// A line as a list of characters, against all that keys can do to one.
#[test]
fn a_plain_model_agrees_on_the_text() {
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 0x009e_3779_b97f + 3);
        let mut person = Person::new(17, 9);
        let (mut left, mut right): (Vec<char>, Vec<char>) = (Vec::new(), Vec::new());
        let (mut killed, mut after_kill) = (Vec::new(), false);
        for _ in 0..200 {
            let key = b"abc d-\x01\x02\x05\x06\x08\x0b\x15\x17\x19\x02\x02"[random.below(17)];
            let mut taken = Vec::new();
            match key {
                0x01 => drop(right.splice(..0, left.drain(..))),
                0x02 => right.splice(..0, left.pop()).for_each(drop),
                0x05 => left.append(&mut right),
                0x06 => left.extend((!right.is_empty()).then(|| right.remove(0))),
                0x08 => drop(left.pop()),
                0x0b => taken.append(&mut right),
                0x15 => taken.append(&mut left),
                0x17 => {
                    let end = left.iter().rposition(|ch| *ch != ' ').map_or(0, |at| at + 1);
                    let word = left[..end].iter().rposition(|ch| *ch == ' ');
                    taken = left.split_off(word.map_or(0, |at| at + 1));
                }
                0x19 => left.extend(&killed),
                _ => left.push(char::from(key)),
            }
            let kills = [0x0b, 0x15, 0x17].contains(&key);
            if !taken.is_empty() {
                if !after_kill {
                    killed.clear();
                }
                let at = if key == 0x0b { killed.len() } else { 0 };
                killed.splice(at..at, taken);
            }
            after_kill = kills;
            person.press([key]);
            let model: String = left.iter().chain(&['|']).chain(&right).collect();
            assert_eq!(person.line(), model, "seed {seed}");
        }
    }
}
