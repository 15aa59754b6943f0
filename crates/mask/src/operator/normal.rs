use std::borrow::Cow;

use model::DataClass;

/// How a text is brought to one form before it is hashed, so that what is written differently and
/// is the same value hashes alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normal {
    /// Without white space around it, in lower case.
    Words,
    /// The same of its letters and digits alone: separators of a number say nothing.
    Number,
}

impl Normal {
    pub(super) fn of(class: &DataClass) -> Self {
        if crate::catalogue::is_number(class) { Self::Number } else { Self::Words }
    }

    /// Invisible characters are dropped and full-width forms are read as ASCII, also in the plain
    /// form. Bytes that are no UTF-8 stay as they are.
    pub(super) fn apply(self, text: &[u8]) -> Cow<'_, [u8]> {
        let Ok(text) = std::str::from_utf8(text) else { return Cow::Borrowed(text) };
        let text = text.trim();
        let mut normal = String::with_capacity(text.len());
        for letter in text.chars().filter_map(plain) {
            if self == Self::Words || letter.is_alphanumeric() {
                normal.extend(letter.to_lowercase());
            }
        }
        Cow::Owned(normal.into_bytes())
    }
}

/// A character as it is compared, if it is seen at all.
fn plain(letter: char) -> Option<char> {
    match letter {
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' => None,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0),
        _ => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_value_has_one_form() {
        let words =
            |text: &str| String::from_utf8(Normal::Words.apply(text.as_bytes()).into()).unwrap();
        let number =
            |text: &str| String::from_utf8(Normal::Number.apply(text.as_bytes()).into()).unwrap();
        assert_eq!(words(" Ann@Example.COM\n"), "ann@example.com");
        assert_eq!(words("ＡNN\u{200B}a"), "anna");
        assert_eq!(words("É ÉCOLE"), "é école");
        assert_eq!(number("DE89 3704-0044.0532/0130 00"), "de89370400440532013000");
        assert_eq!(number("+1 (415) 555\u{2011}2671"), "14155552671");
        assert_eq!(number("４２４２"), "4242");
        assert_eq!(&*Normal::Number.apply(b"\xFF-1"), b"\xFF-1");
    }
}
