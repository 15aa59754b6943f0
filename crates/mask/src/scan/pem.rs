use super::{Hit, Kind, Scan};

/// How long a label may be: `ENCRYPTED PRIVATE KEY`, `PGP PRIVATE KEY BLOCK`, …
const LONGEST_LABEL: usize = 48;

impl Scan<'_, '_> {
    /// A private key from its BEGIN line to its END line, or to the end of the text when that is
    /// missing: half a key is still a secret.
    pub(super) fn pem(&mut self, dash: usize) -> Option<Hit> {
        let text = self.text;
        let dashes = text.run(dash, |b| b == b'-');
        self.at = dashes;
        if dashes - dash < 4 {
            return None;
        }
        let begin = text.run(dashes, |b| b == b' ').min(dashes + 1);
        if !text.starts_with(begin, b"BEGIN ") {
            return None;
        }
        let label = text.slice(begin, begin + LONGEST_LABEL);
        let label = label.split(|&b| b == b'-').next().unwrap_or_default();
        memchr::memmem::find(label, b"PRIVATE KEY")?;
        let body = begin + label.len();
        let rest = text.slice(body, text.len());
        let end = memchr::memmem::find(rest, b"-END ")
            .or_else(|| memchr::memmem::find(rest, b"- END "))
            .map_or(text.len(), |at| {
                let end = text.run(body + at + 1, |b| b != b'-' && b != b'\n');
                text.run(end, |b| b == b'-')
            });
        Some(Hit { start: dash, end, kind: Kind::PrivateKey })
    }
}
