use super::Scan;
use super::text::{Text, digit, letter};

/// How far in front of a value a word may stand that gives it a meaning.
const REACH: usize = 32;

/// Words, in lower case, of at least three letters.
pub(super) struct Words {
    words: &'static [&'static [u8]],
    /// A bit for each letter that one of them begins with, and for each that is its second.
    firsts: u32,
    seconds: u32,
}

impl Words {
    pub(super) const fn new(words: &'static [&'static [u8]]) -> Self {
        let mut firsts = 0;
        let mut seconds = 0;
        let mut rest = words;
        while let [word, others @ ..] = rest {
            if let [first, second, ..] = word {
                firsts |= 1 << (*first & 31);
                seconds |= 1 << (*second & 31);
            }
            rest = others;
        }
        Self { words, firsts, seconds }
    }

    fn stand_in(&self, text: Text<'_>, start: usize, end: usize) -> bool {
        let window = text.slice(start, end);
        let letters = |set: u32, byte: u8| byte >= b'A' && set >> (byte & 31) & 1 != 0;
        window.array_windows().zip(start..).any(|(&[first, second], at)| {
            letters(self.firsts, first)
                && letters(self.seconds, second)
                && self.one_at(text, at, end)
        })
    }

    fn one_at(&self, text: Text<'_>, at: usize, end: usize) -> bool {
        self.words.iter().any(|word| {
            let stop = at + word.len();
            // Short words must stand alone: a hotel is no telephone.
            let alone = || word.len() > 3 || !letter(text.before(at)) && !letter(text.at(stop));
            stop <= end
                && text.slice(at, stop).eq_ignore_ascii_case(word)
                && alone()
                // A word we put there ourselves is no context: `[us_ssn]`.
                && text.at(stop) != b']'
        })
    }
}

impl Scan<'_, '_> {
    /// Whether one of `words` stands shortly in front of `at` with no digit in between: that digit
    /// would be what the word speaks of. It also keeps the scan linear, as no byte is looked at for
    /// two numbers.
    pub(super) fn follows_word(&self, at: usize, words: Words) -> bool {
        let floor = at.saturating_sub(REACH).max(self.done);
        let start = self.text.run_back(at, floor, |b| !digit(b));
        if words.stand_in(self.text, start, at) {
            return true;
        }
        if start > 0 {
            return false;
        }
        let end = self.context.len();
        let start = self.context.run_back(end, end.saturating_sub(REACH), |b| !digit(b));
        words.stand_in(self.context, start, end)
    }
}
