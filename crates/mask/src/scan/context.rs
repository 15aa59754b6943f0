use super::Scan;
use super::text::{Text, digit, letter};

/// How far in front of a value a word may stand that gives it a meaning.
pub(super) const REACH: usize = 32;

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

    pub(super) const fn all(&self) -> &'static [&'static [u8]] {
        self.words
    }

    /// The length of the longest that stands there; 0 when none does.
    fn longest_in(&self, text: Text<'_>, start: usize, end: usize) -> usize {
        let window = text.slice(start, end);
        let letter = |byte: u8| self.letters.get(usize::from(byte)).copied().unwrap_or(0);
        let mut before = 0;
        let found = window.iter().zip(start..).filter_map(|(&byte, at)| {
            let second = letter(byte);
            let begun = before & 1 & second >> 1 != 0;
            before = second;
            if begun { self.one_at(text, at - 1, end) } else { None }
        });
        found.max().unwrap_or(0)
    }

    fn one_at(&self, text: Text<'_>, at: usize, end: usize) -> Option<usize> {
        let standing = self.words.iter().filter(|word| stands(text, at, end, word));
        standing.map(|word| word.len()).max()
    }
}

/// Whether a word stands at `at` and ends no later than `end`.
pub(super) fn stands(text: Text<'_>, at: usize, end: usize, word: &[u8]) -> bool {
    let stop = at + word.len();
    stop <= end
        && text.slice(at, stop).eq_ignore_ascii_case(word)
        && (word.len() > SHORT || is_whole(text, at, stop))
        // A word we put there ourselves is no context: `[us_ssn]`.
        && text.at(stop) != b']'
}

/// Words of so many letters must stand alone: a hotel is no telephone, and waiting no tax number.
const SHORT: usize = 4;

/// Whether no other letters touch it, but in `customerTel` and `telNumber`.
fn is_whole(text: Text<'_>, at: usize, stop: usize) -> bool {
    let parted = |left: u8, right: u8| {
        !letter(left) || !letter(right) || left.is_ascii_lowercase() && right.is_ascii_uppercase()
    };
    parted(text.before(at), text.at(at)) && parted(text.before(stop), text.at(stop))
}

impl Scan<'_, '_> {
    /// Whether one of `words` stands shortly in front of `at` with no digit in between: that digit
    /// would be what the word speaks of. It also keeps the scan linear, as no byte is looked at for
    /// two numbers.
    pub(super) fn follows_word(&self, at: usize, words: &Words) -> bool {
        self.word_before(at, words) > 0
    }

    /// The length of the longest of `words` that stands there; 0 when none does.
    pub(super) fn word_before(&self, at: usize, words: &Words) -> usize {
        if self.text.is_behind_digit(at) {
            return 0;
        }
        // A word may be the end of what was found before, of a URL say: it speaks all the same.
        let floor = at.saturating_sub(REACH);
        let start = self.text.run_back(at, floor, |b| !digit(b));
        let found = words.longest_in(self.text, start, at);
        if found > 0 || start > 0 {
            return found;
        }
        // What stands in front of the text is as far away as it would be in one text with it.
        let (end, left) = (self.context.len(), REACH.saturating_sub(at));
        let start = self.context.run_back(end, end.saturating_sub(left), |b| !digit(b));
        words.longest_in(self.context, start, end)
    }
}
