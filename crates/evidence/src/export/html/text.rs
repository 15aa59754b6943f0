//! Text as HTML: nothing recorded is markup, and nothing steers the reader's eye.

use std::fmt::Write as _;

use crate::render::{acts, escape};

/// A value that is longer is folded: its beginning is shown, and the rest on a click.
const LONG: usize = 2000;
/// So much of it is shown then.
const BEGINNING: usize = 200;

/// Text on one line.
pub(super) fn put(out: &mut String, text: &str) {
    text.chars().for_each(|c| character(out, c));
}

/// Text that keeps its line breaks and tabs, for where they are shown; bytes that are no text are
/// written `\xNN`.
pub(super) fn put_block(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\n' | '\t' => out.push(c),
                '\r' if characters.peek() == Some(&'\n') => {}
                c => character(out, c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "<i>\\x{byte:02x}</i>");
        }
    }
}

/// A value, with its line breaks, and folded where it is long.
pub(super) fn put_value(out: &mut String, bytes: &[u8]) {
    if bytes.len() <= LONG {
        return put_block(out, bytes);
    }
    out.push_str("<details class=\"long\"><summary>");
    put(out, &super::super::start(bytes, BEGINNING));
    let _ = write!(out, " <b>{} bytes</b></summary>", bytes.len());
    put_block(out, bytes);
    out.push_str("</details>");
}

fn character(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        // Set apart, so that what was written out is told from a text that reads the same.
        c if acts(c) => {
            let _ = write!(out, "<i>{}</i>", escape(c.encode_utf8(&mut [0; 4])));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_recorded_is_markup() {
        let shown = |bytes: &[u8]| {
            let mut out = String::new();
            put_block(&mut out, bytes);
            out
        };
        for (bytes, expected) in [
            (&b"a < b && c > 'd'"[..], "a &lt; b &amp;&amp; c &gt; &#39;d&#39;"),
            (
                b"</script><img src=x onerror=\"y\">",
                "&lt;/script&gt;&lt;img src=x onerror=&quot;y&quot;&gt;",
            ),
            (b"a\r\nb\tc\rd", "a\nb\tc<i>\\r</i>d"),
            (b"\x1b]0;x\x07\0", "<i>\\x1b</i>]0;x<i>\\x07</i><i>\\x00</i>"),
            (b"\\x1b \xff", "\\x1b <i>\\xff</i>"),
            ("\u{202e}\u{2028}é漢".as_bytes(), "<i>\\u{202e}</i><i>\\u{2028}</i>é漢"),
        ] {
            assert_eq!(shown(bytes), expected);
        }
    }
}
