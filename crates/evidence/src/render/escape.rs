use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with everything written out that a terminal would act on: control characters, escape
/// sequences, marks that turn the reading direction, separators that look like line breaks.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if acts(c) && u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if acts(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Bytes as text, as [`escape`] writes it; a byte that is no text is written `\xNN`.
#[must_use]
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether a terminal, or a reader's eye, would take it for more than a character.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_comes_through() {
        for (text, shown) in [
            ("plain äöü 漢字 😀", "plain äöü 漢字 😀"),
            ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
            ("\u{9b}31m", "\\x9b31m"),
            ("a\r\nb\tc\0\x7f", "a\\r\\nb\\tc\\x00\\x7f"),
            ("abc\u{202e}cod.exe", "abc\\u{202e}cod.exe"),
            ("\u{2066}\u{feff}\u{200b}", "\\u{2066}\\u{feff}\\u{200b}"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_bytes(b"a\xff\x1bb\xc3"), "a\\xff\\x1bb\\xc3");
    }
}
