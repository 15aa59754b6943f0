use super::super::context::REACH;
use super::super::text::{Text, digit};
use super::super::{Kind, Kinds, Scan};

/// Where the words of all shapes are looked for at once: by their first three letters.
#[derive(Clone)]
pub(super) struct Index {
    /// A bit for each three letters that a word begins with.
    begun: Box<[u64; 512]>,
    /// In order of those.
    words: Vec<Word>,
}

#[derive(Clone, Copy)]
struct Word {
    begins: u16,
    place: u8,
    word: &'static [u8],
}

impl Default for Index {
    fn default() -> Self {
        Self { begun: Box::new([0; 512]), words: Vec::new() }
    }
}

impl Index {
    /// Takes in the words of the one in this place of the catalogue.
    pub(super) fn add(&mut self, place: u8, words: &'static [&'static [u8]]) {
        for &word in words {
            let begins = word.iter().take(3).rev().fold(0, |code, &byte| before(code, byte));
            if let Some(slot) = self.begun.get_mut(usize::from(begins / 64)) {
                *slot |= 1 << (begins % 64);
            }
            self.words.push(Word { begins, place, word });
        }
    }

    /// Puts the words in order: to be called before any is looked for.
    pub(super) fn sort(&mut self) {
        self.words.sort_unstable_by_key(|word| word.begins);
    }

    fn has(&self, code: u16) -> bool {
        self.begun.get(usize::from(code / 64)).is_some_and(|slot| slot >> (code % 64) & 1 != 0)
    }

    /// Adds whose words stand in front of `end`, with no digit between. Answers how far back it looked.
    fn look(&self, text: Text<'_>, floor: usize, end: usize, told: &mut Kinds) -> usize {
        let (mut code, mut start) = (0, end);
        for (at, byte) in text.backwards(floor, end) {
            if digit(byte) {
                break;
            }
            start = at;
            code = before(code, byte);
            if self.has(code) {
                self.add_those_at(text.slice(at, end), code, told);
            }
        }
        start
    }

    fn add_those_at(&self, text: &[u8], code: u16, told: &mut Kinds) {
        let from = self.words.partition_point(|word| word.begins < code);
        let words = self.words.get(from..).unwrap_or_default();
        for word in words.iter().take_while(|word| word.begins == code) {
            let stands = text.get(..word.word.len());
            if stands.is_some_and(|text| text.eq_ignore_ascii_case(word.word)) {
                *told = told.with(Kind::Ident(word.place));
            }
        }
    }
}

/// Three letters without their case, with one more in front: five bits of each.
const fn before(code: u16, byte: u8) -> u16 {
    code >> 5 | (byte as u16 & 31) << 10
}

impl Scan<'_, '_> {
    /// Those of which a word may stand shortly in front of `at`: of no other one does.
    pub(super) fn told(&self, at: usize) -> Kinds {
        let index = &self.plan.shapes.index;
        let mut told = Kinds::default();
        let start = index.look(self.text, at.saturating_sub(REACH), at, &mut told);
        if start == 0 {
            let end = self.context.len();
            index.look(self.context, end.saturating_sub(REACH), end, &mut told);
        }
        told
    }
}
