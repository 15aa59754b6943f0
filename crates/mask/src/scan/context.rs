use super::Scan;
use super::text::{Text, digit, letter};

/// How far in front of a value a word may stand that gives it a meaning.
const REACH: usize = 32;

/// Words, in lower case, of at least three letters.
pub(super) struct Words {
    words: &'static [&'static [u8]],
    /// Of each byte, whether one of them begins with it (1) and whether it is second in one (2).
    letters: [u8; 256],
}

impl Words {
    pub(super) const fn new(words: &'static [&'static [u8]]) -> Self {
        let mut letters = [0; 256];
        let mut rest = words;
        #[expect(clippy::indexing_slicing, reason = "no byte is out of 256")]
        while let [word, others @ ..] = rest {
            if let [first, second, ..] = word {
                letters[*first as usize] |= 1;
                letters[first.to_ascii_uppercase() as usize] |= 1;
                letters[*second as usize] |= 2;
                letters[second.to_ascii_uppercase() as usize] |= 2;
            }
            rest = others;
        }
        Self { words, letters }
    }

    fn stand_in(&self, text: Text<'_>, start: usize, end: usize) -> bool {
        let window = text.slice(start, end);
        let letter = |byte: u8| self.letters.get(usize::from(byte)).copied().unwrap_or(0);
        let mut before = 0;
        window.iter().zip(start..).any(|(&byte, at)| {
            let second = letter(byte);
            let begun = before & 1 & second >> 1 != 0;
            before = second;
            begun && self.one_at(text, at - 1, end)
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
    /// Whether any word stands shortly in front of `at` with no digit in between.
    pub(super) fn follows_any_word(&self, at: usize) -> bool {
        let floor = at.saturating_sub(REACH).max(self.done);
        let start = self.text.run_back(at, floor, |b| !digit(b));
        let letters = |bytes: &[u8]| bytes.iter().filter(|byte| letter(**byte)).count() >= 3;
        let end = self.context.len();
        letters(self.text.slice(start, at))
            || start == 0 && letters(self.context.slice(end.saturating_sub(REACH), end))
    }

    /// Whether one of `words` stands shortly in front of `at` with no digit in between: that digit
    /// would be what the word speaks of. It also keeps the scan linear, as no byte is looked at for
    /// two numbers.
    pub(super) fn follows_word(&self, at: usize, words: &Words) -> bool {
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
