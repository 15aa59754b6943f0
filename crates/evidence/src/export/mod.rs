//! A recording as files that need no Sluice to be looked at.
//!
//! ```text
//!   Event ─┬─► Asciicast ─► a .cast file: plays in asciinema, version 2 or 3
//!          ├─► Lines ─────► JSON lines
//!          ├─► Ocsf ──────► events of the Open Cybersecurity Schema Framework, one a line
//!          ├─► Page ──────► one HTML page for an auditor
//!          └─► Capture ───► the connections that were forwarded, for tcpdump and Wireshark
//! ```
//!
//! All are written as the events go by: none holds more of a recording than a table's rows that wait
//! for their widths, lines that wait for their ends, or the statements whose verdicts are still to come. Nothing
//! recorded reaches a player or a browser raw. A capture holds bytes as they were, and is for tools that know so.

mod cast;
mod html;
mod lines;
mod ocsf;
mod pcap;

use model::{Event, Timestamp};

use crate::render::escape_bytes;
pub use cast::{Asciicast, Version};
pub use html::{Made, Page};
pub use lines::Lines;
pub use ocsf::Ocsf;
pub use pcap::Capture;

/// Something a recording is written as.
pub trait Export {
    /// How often it wants to be told the whole story, each time from its beginning.
    fn passes(&self) -> u8 {
        1
    }

    /// What an event adds.
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut Vec<u8>);

    /// The story was told to its end, or to where it breaks off and why.
    fn end(&mut self, broken: Option<&str>, out: &mut Vec<u8>);

    /// Why nothing was written, when nothing was: there was nothing of the kind that it is about.
    fn nothing(&self) -> Option<&'static str> {
        None
    }
}

/// Something a recording is written as that is text.
trait Text {
    /// As [`Export::passes`].
    fn passes(&self) -> u8 {
        1
    }

    /// As [`Export::event`].
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut String);

    /// As [`Export::end`].
    fn end(&mut self, broken: Option<&str>, out: &mut String);
}

impl<T: Text> Export for T {
    fn passes(&self) -> u8 {
        Text::passes(self)
    }

    fn event(&mut self, at: Timestamp, event: &Event, out: &mut Vec<u8>) {
        let mut text = String::new();
        Text::event(self, at, event, &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    fn end(&mut self, broken: Option<&str>, out: &mut Vec<u8>) {
        let mut text = String::new();
        Text::end(self, broken, &mut text);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The command an event belongs to; nothing for what belongs to the session. What happened while no
/// command was running has the number 0.
#[must_use]
pub const fn number_of(event: &Event) -> Option<u64> {
    match event {
        Event::Opened(_) | Event::Closed(_) => None,
        Event::Command { number, .. }
        | Event::Decided { number, .. }
        | Event::Shadow { number, .. }
        | Event::Columns { number, .. }
        | Event::Rows { number, .. }
        | Event::Bulk { number, .. }
        | Event::Stream { number, .. }
        | Event::Terminal { number, .. }
        | Event::Exited { number, .. }
        | Event::Moved { number, .. }
        | Event::Cut { number }
        | Event::Finished { number, .. }
        | Event::Failed { number, .. }
        | Event::Notice { number, .. } => Some(*number),
    }
}

/// The beginning of a text on one line, so many characters of it at most, with everything written out
/// that a terminal would act on.
fn start(text: &[u8], most: usize) -> String {
    // Four bytes a character; one more, so that what is cut is seen to be.
    let head = text.get(..most * 4 + 4).unwrap_or(text);
    let words = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut line = words.map(escape_bytes).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((at, _)) => {
            line.truncate(at);
            line.push('…');
        }
        None if head.len() < text.len() => line.push('…'),
        None => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_text_is_one_line() {
        for (text, most, expected) in [
            (&b"select 1"[..], 20, "select 1"),
            (b" select\n\t1 ", 20, "select 1"),
            (b"select 1", 6, "select…"),
            ("zażółć".as_bytes(), 4, "zażó…"),
            (b"", 4, ""),
            (b"a\xff\x1b\x00", 20, "a\\xff\\x1b\\x00"),
            ("                  \u{6f22}".as_bytes(), 2, "…"),
        ] {
            assert_eq!(start(text, most), expected);
        }
        assert!(start(&vec![b'x'; 10 << 20], 80).len() < 100);
        assert!(start(&vec![b' '; 10 << 20], 80).len() < 100);
    }
}
