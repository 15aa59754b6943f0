//! Lines about programs: what they were given and said, how they ended, what was moved.

use std::time::Duration;

use model::{Stream, StreamDigest};

use super::escape::escape;
use super::speech::{Said, What};
use super::terminal::{Line, LineKind, line_of};

/// What was said, as a line. What a program was given begins with `<`, what it said beside with `2>`.
pub(super) fn said(said: &Said) -> Line {
    let text = match &said.what {
        What::Line(line) => line_of(line.strip_suffix(b"\r").unwrap_or(line)),
        What::Binary { bytes, start } => binary(*bytes, start),
    };
    let (kind, mark) = match said.stream {
        Stream::Input => (LineKind::Input, "< "),
        Stream::Output => (LineKind::Result, ""),
        Stream::Error => (LineKind::Error, "2> "),
    };
    Line { kind, text: format!("{mark}{text}") }
}

/// What stands for bytes that are no text: how many, and how they begin.
pub(crate) fn binary(bytes: u64, start: &[u8]) -> String {
    let digits: Vec<_> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes > start.len() as u64 { " …" } else { "" };
    format!("({} that are no text: {}{more})", size(bytes), digits.join(" "))
}

/// How a program ended.
pub(super) fn exited(
    number: u64,
    status: Option<u32>,
    signal: Option<&str>,
    streams: &[StreamDigest],
    took: Option<Duration>,
) -> Line {
    let kind = if failed(status, signal) { LineKind::Error } else { LineKind::Tag };
    let mut parts: Vec<_> =
        streams.iter().map(|one| format!("{} {}", name_of(one.stream), size(one.bytes))).collect();
    parts.extend(took.map(|took| format!("{:.3} ms", took.as_secs_f64() * 1000.0)));
    let rest = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    Line { kind, text: format!("  [{number}] {}{rest}", outcome(status, signal)) }
}

/// How a program ended, in a word: `exit 0`, `killed by TERM`.
pub(crate) fn outcome(status: Option<u32>, signal: Option<&str>) -> String {
    match (status, signal) {
        (_, Some(signal)) => format!("killed by {}", escape(signal)),
        (Some(status), None) => format!("exit {status}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Whether a program ended as one that failed.
pub(crate) const fn failed(status: Option<u32>, signal: Option<&str>) -> bool {
    matches!((status, signal), (_, Some(_)) | (Some(1..), None))
}

/// A file that was moved: `↓ /etc/hosts 1.2 KiB sha256 …`.
pub(crate) fn moved(path: &str, upload: bool, bytes: u64, sha256: Option<&[u8; 32]>) -> String {
    let way = if upload { '↑' } else { '↓' };
    let digest = match sha256 {
        Some(digest) => format!("sha256 {}", digits(digest)),
        None => "without a digest: it did not go by as a whole and in order".to_owned(),
    };
    format!("{way} {} {} {digest}", escape(path), size(bytes))
}

/// The word for a stream.
pub(crate) const fn name_of(stream: Stream) -> &'static str {
    match stream {
        Stream::Input => "input",
        Stream::Output => "output",
        Stream::Error => "error",
    }
}

/// So many bytes, for a person: `12 bytes`, `1.2 KiB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut name = None;
    for unit in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        name = Some(unit);
    }
    match name {
        Some(name) => format!("{value:.1} {name}"),
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
    }
}

/// Bytes in hexadecimal.
pub(crate) fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_as_people_tell_it() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1234, "1.2 KiB"),
            (5 << 20, "5.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn an_end_is_told_in_a_word() {
        for (status, signal, expected, bad) in [
            (Some(0), None, "exit 0", false),
            (Some(1), None, "exit 1", true),
            (None, None, "ended", false),
            (None, Some("TERM"), "killed by TERM", true),
            (Some(0), Some("\x1b"), "killed by \\x1b", true),
        ] {
            assert_eq!((outcome(status, signal).as_str(), failed(status, signal)), (expected, bad));
        }
    }
}
