use super::super::context::{REACH, Words, stands};
use super::super::text::{Text, digit};
use super::super::{Kind, Kinds, Scan};

/// Where the words of all kinds are looked for at once: by their first three letters.
#[derive(Clone)]
pub(super) struct Index {
    /// A bit for each three letters that a word begins with.
    begun: Box<[u64; 512]>,
    /// How many bits are set in front of each of those.
    ranks: Box<[u16; 512]>,
    /// In order of the letters they begin with, where the words of each begin.
    starts: Vec<u16>,
    words: Vec<Word>,
}

#[derive(Clone, Copy)]
struct Word {
    begins: u16,
    kind: Kind,
    word: &'static [u8],
}

impl Default for Index {
    fn default() -> Self {
        Self {
            begun: Box::new([0; 512]),
            ranks: Box::new([0; 512]),
            starts: Vec::new(),
            words: Vec::new(),
        }
    }
}

impl Index {
    /// Takes in the words that tell of a kind.
    pub(super) fn add(&mut self, kind: Kind, words: &'static Words) {
        for &word in words.all() {
            let begins = word.iter().take(3).rev().fold(0, |code, &byte| before(code, byte));
            if let Some(slot) = self.begun.get_mut(usize::from(begins / 64)) {
                *slot |= 1 << (begins % 64);
            }
            self.words.push(Word { begins, kind, word });
        }
    }

    /// Puts the words in order: to be called before any is looked for.
    pub(super) fn sort(&mut self) {
        self.words.sort_unstable_by_key(|word| word.begins);
        let mut rank = 0;
        for (slot, begun) in self.ranks.iter_mut().zip(self.begun.iter()) {
            *slot = rank;
            rank += begun.count_ones() as u16;
        }
        let firsts = self.words.chunk_by(|a, b| a.begins == b.begins).scan(0, |at, words| {
            *at += words.len() as u16;
            Some(*at - words.len() as u16)
        });
        self.starts = firsts.collect();
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
                self.add_those_at(text, at, end, code, told);
            }
        }
        start
    }

    fn add_those_at(&self, text: Text<'_>, at: usize, end: usize, code: u16, told: &mut Kinds) {
        let slot = usize::from(code / 64);
        let (Some(begun), Some(rank)) = (self.begun.get(slot), self.ranks.get(slot)) else {
            return;
        };
        let before = begun & ((1 << (code % 64)) - 1);
        let rank = usize::from(*rank) + before.count_ones() as usize;
        let from = self.starts.get(rank).map_or(self.words.len(), |from| usize::from(*from));
        let words = self.words.get(from..).unwrap_or_default();
        for word in words.iter().take_while(|word| word.begins == code) {
            if stands(text, at, end, word.word) {
                *told = told.with(word.kind);
            }
        }
    }
}

/// Three letters without their case, with one more in front: five bits of each.
const fn before(code: u16, byte: u8) -> u16 {
    code >> 5 | (byte as u16 & 31) << 10
}

impl Scan<'_, '_> {
    /// Those of which a word stands shortly in front of `at`.
    pub(super) fn told(&self, at: usize) -> Kinds {
        let (known, told) = self.told.get();
        if known == at {
            return told;
        }
        let index = &self.plan.shapes.index;
        let mut told = Kinds::default();
        let start = index.look(self.text, at.saturating_sub(REACH), at, &mut told);
        if start == 0 {
            let (end, left) = (self.context.len(), REACH.saturating_sub(at));
            index.look(self.context, end.saturating_sub(left), end, &mut told);
        }
        self.told.set((at, told));
        told
    }

    /// Whether one of the words of a kind stands shortly in front of `at`, with no digit in between.
    pub(in crate::scan) fn is_told(&self, kind: Kind, at: usize) -> bool {
        !self.text.is_behind_digit(at) && self.told(at).has(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Plan, phone, ssn};
    use super::*;

    /// As a search for the words of one kind finds them.
    #[test]
    fn the_words_of_all_kinds_are_found_at_once_as_those_of_one_are() {
        const PIECES: [&str; 16] = [
            "tel",
            "Tel",
            "phone",
            "fax",
            "ssn",
            "SSN",
            "social sec",
            "mobile",
            "hotel",
            " ",
            ":",
            "a",
            "]",
            "7",
            "_",
            "x",
        ];
        let plan = Plan::new(Kind::all().fold(Kinds::default(), Kinds::with));
        let (mut state, mut found, mut none) = (7_u64, 0, 0);
        for _ in 0..50_000 {
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize
            };
            let mut text = |most: usize| -> String {
                (0..next() % most).map(|_| PIECES[next() % PIECES.len()]).collect()
            };
            let (context, text) = (text(4), text(7));
            let scan = Scan::new(&plan, context.as_bytes(), text.as_bytes());
            for (kind, words) in [(Kind::Phone, &phone::WORDS), (Kind::UsSsn, &ssn::WORDS)] {
                let told = scan.is_told(kind, text.len());
                assert_eq!(told, scan.follows_word(text.len(), words), "{context:?} {text:?}");
                *(if told { &mut found } else { &mut none }) += 1;
            }
        }
        assert!(found > 10_000 && none > 10_000, "{found} and {none}");
    }
}
