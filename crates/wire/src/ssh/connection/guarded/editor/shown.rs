//! How characters look on a screen, and how wide they are there.
//!
//! Widths are those of single characters, as terminals add them up, not those of whole emoji
//! sequences. What a terminal would obey, or what would hide or reorder other characters, is
//! shown as `^X` or `<U+202E>`.

use unicode_width::UnicodeWidthChar;

/// How a character is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As itself, so many columns wide: 1 or 2, or 0 for a mark on the character before.
    Itself(usize),
    /// As these characters of one column each.
    Instead(String),
}

/// How `ch` is shown behind `before`, which is none at the begin of a text.
pub(super) fn shown(before: Option<char>, ch: char) -> Shown {
    match ch {
        '\t' => Shown::Instead("    ".to_owned()),
        '\u{7f}' => Shown::Instead("^?".to_owned()),
        '\0'..'\u{20}' => {
            // '@' and the 31 characters behind it name the controls.
            let name = u8::try_from(ch).map_or('?', |code| char::from(code.saturating_add(0x40)));
            Shown::Instead(format!("^{name}"))
        }
        _ => match ch.width() {
            Some(0) if joins(before, ch) => Shown::Itself(0),
            Some(width) if width > 0 && !is_deceptive(ch) => Shown::Itself(width),
            _ => Shown::Instead(format!("<U+{:04X}>", u32::from(ch))),
        },
    }
}

/// Whether `ch` makes one sign with the character before it, as a combining accent does. A mark
/// with nothing before it in its line stands for itself: on a screen it would change the prompt.
pub(super) fn joins(before: Option<char>, ch: char) -> bool {
    before.is_some_and(|before| before != '\n') && ch.width() == Some(0) && !is_deceptive(ch)
}

/// `text` on one line as it may be written to a terminal, and its width in columns.
pub(super) fn escaped(text: &str) -> (String, usize) {
    let mut all = String::new();
    let mut columns = 0_usize;
    let mut before = None;
    for ch in text.chars() {
        match shown(before, ch) {
            Shown::Itself(width) => {
                all.push(ch);
                columns = columns.saturating_add(width);
            }
            Shown::Instead(text) => {
                all.push_str(&text);
                columns = columns.saturating_add(text.len());
            }
        }
        before = Some(ch);
    }
    (all, columns)
}

/// Characters that are obeyed, reorder the text around them, or are there without being seen.
/// Joiners and variation selectors are left: scripts and emoji need them, and they add no column.
fn is_deceptive(ch: char) -> bool {
    matches!(ch,
        // C1 controls, soft hyphen
        '\u{80}'..='\u{9f}' | '\u{ad}'
        // marks, embeddings, overrides and isolates of direction
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // line and paragraph separators
        | '\u{2028}' | '\u{2029}'
        // spaces and fillers without a width, invisible operators
        | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}'
        // annotations, musical formatting, tags
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}')
}
