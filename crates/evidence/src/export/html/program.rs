//! What a program was given and said, and how it ended.

use std::fmt::Write as _;
use std::time::Duration;

use model::{Event, Stream, StreamDigest};

use super::text::{put, put_block};
use crate::render::{Said, Sizes, Speech, What, binary, digits, failed, name_of, outcome, size};

/// What follows so many lines in a row is folded.
const SHOWN: u64 = 200;

/// Programs that are in the middle of something.
#[derive(Debug, Default)]
pub(super) struct Programs {
    sizes: Sizes,
    speech: Speech,
    /// What is being shown: whose, and how many lines of it.
    shown: Option<(u64, Stream, u64)>,
}

impl Programs {
    /// See [`Sizes::before`].
    pub(super) fn before(&mut self, event: &Event) -> Option<Event> {
        self.sizes.before(event)
    }

    pub(super) fn hear(&mut self, number: u64, stream: Stream, data: &[u8]) -> Vec<Said> {
        let keys = stream == Stream::Input && self.sizes.of(number).is_some();
        let mut said = Vec::new();
        self.speech.hear(number, stream, data, keys, &mut said);
        said
    }

    /// What a command was in the middle of saying.
    pub(super) fn end(&mut self, number: u64) -> Vec<Said> {
        let mut said = Vec::new();
        self.speech.end(number, &mut said);
        said
    }

    pub(super) fn end_all(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.speech.end_all(&mut said);
        said
    }

    /// Shows a line, with those before it where they are of the same stream.
    pub(super) fn put(&mut self, said: &Said, out: &mut String) {
        let (number, stream) = (said.number, said.stream);
        let lines = match self.shown {
            Some((of, which, lines)) if (of, which) == (number, stream) => lines,
            _ => {
                self.settle(out);
                let (class, what) = match stream {
                    Stream::Input => ("in", "given"),
                    Stream::Output => ("out", "said"),
                    Stream::Error => ("err", "said beside"),
                };
                let _ = writeln!(out, "<p class=\"what\">{what}</p><pre class=\"bulk {class}\">");
                0
            }
        };
        if lines == SHOWN {
            let _ = writeln!(
                out,
                "</pre><details class=\"rest\"><summary>the lines after the first {SHOWN}</summary><pre class=\"bulk\">",
            );
        }
        self.shown = Some((number, stream, lines + 1));
        match &said.what {
            What::Line(line) => put_block(out, line.strip_suffix(b"\r").unwrap_or(line)),
            What::Binary { bytes, start } => put(out, &binary(*bytes, start)),
        }
        out.push('\n');
    }

    /// Ends what is being shown.
    pub(super) fn settle(&mut self, out: &mut String) {
        if let Some((.., lines)) = self.shown.take() {
            out.push_str(if lines > SHOWN { "</pre></details>\n" } else { "</pre>\n" });
        }
    }
}

/// How a program ended, and how much of each stream there was.
pub(super) fn exited(
    status: Option<u32>,
    signal: Option<&str>,
    streams: &[StreamDigest],
    took: Option<Duration>,
    out: &mut String,
) {
    out.push_str(if failed(status, signal) {
        "<p class=\"failed\">"
    } else {
        "<p class=\"done\">"
    });
    put(out, &outcome(status, signal));
    if let Some(took) = took {
        let _ = write!(out, " · {:.3} ms", took.as_secs_f64() * 1000.0);
    }
    out.push_str("</p>\n");
    if streams.is_empty() {
        return;
    }
    out.push_str("<dl class=\"streams\">");
    for one in streams {
        let (name, size, digest) = (name_of(one.stream), size(one.bytes), digits(&one.blake3));
        let _ = write!(out, "<dt>{name}</dt><dd>{size}, BLAKE3 <code>{digest}</code></dd>");
    }
    out.push_str("</dl>\n");
}
