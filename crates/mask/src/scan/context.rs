use super::Scan;
use super::text::{Text, digit, letter};

/// How far in front of bare digits a word may stand that gives them a meaning.
const REACH: usize = 32;

impl Scan<'_, '_> {
    /// Whether one of `words` (lower case) stands shortly in front of `at` with no digit in between:
    /// that digit would be what the word speaks of. It also keeps the scan linear, as no byte is
    /// looked at for two numbers.
    pub(super) fn follows_word(&self, at: usize, words: &[&[u8]]) -> bool {
        let floor = at.saturating_sub(REACH).max(self.done);
        let start = self.text.run_back(at, floor, |b| !digit(b));
        if holds(self.text, start, at, words) {
            return true;
        }
        if start > 0 {
            return false;
        }
        let end = self.context.len();
        let start = self.context.run_back(end, end.saturating_sub(REACH), |b| !digit(b));
        holds(self.context, start, end, words)
    }
}

fn holds(text: Text<'_>, start: usize, end: usize, words: &[&[u8]]) -> bool {
    (start..end).any(|at| {
        let first = text.at(at).to_ascii_lowercase();
        words.iter().any(|word| {
            let stop = at + word.len();
            // Short words must stand alone: a hotel is no telephone.
            let alone = || word.len() > 3 || !letter(text.before(at)) && !letter(text.at(stop));
            word.first() == Some(&first)
                && stop <= end
                && text.slice(at, stop).eq_ignore_ascii_case(word)
                && alone()
                // A word we put there ourselves is no context: `[us_ssn]`.
                && text.at(stop) != b']'
        })
    })
}
