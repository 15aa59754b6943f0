/// How far in front of a value a word may stand that gives it a meaning.
const REACH: usize = 48;

/// Whether one of the words stands shortly in front of `at`, without case; in front of the text stands `context`.
pub(super) fn stands_before(words: &[String], context: &[u8], text: &[u8], at: usize) -> bool {
    let here = text.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    let left = REACH - here.len();
    let before = context.get(context.len().saturating_sub(left)..).unwrap_or_default();
    words.iter().any(|word| {
        stands_in(word.trim().as_bytes(), here) || stands_in(word.trim().as_bytes(), before)
    })
}

fn stands_in(word: &[u8], window: &[u8]) -> bool {
    window.windows(word.len().max(1)).enumerate().any(|(at, part)| {
        part.eq_ignore_ascii_case(word) && super::is_whole(window, at, at + word.len())
    })
}
