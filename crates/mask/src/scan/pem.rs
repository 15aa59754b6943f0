use super::{Hit, Kind, Scan};

/// How long a label may be: `ENCRYPTED PRIVATE KEY`, `PGP PRIVATE KEY BLOCK`, …
const LONGEST_LABEL: usize = 48;
const BEGIN: &[u8] = b"BEGIN ";
/// What is in every label of one.
const KEY: &[u8] = b"PRIVATE KEY";

impl Scan<'_, '_> {
    /// A private key from its BEGIN line to its END line, or to the end of the text when that is
    /// missing: half a key is still a secret.
    pub(super) fn pem(&mut self, dash: usize) -> Option<Hit> {
        let text = self.text;
        if text.at(dash + 1) != b'-' {
            return None;
        }
        let dashes = text.run(dash, |b| b == b'-');
        self.at = dashes;
        if dashes - dash < 4 {
            return None;
        }
        let begin = text.run(dashes, |b| b == b' ').min(dashes + 1);
        if !text.starts_with(begin, BEGIN) {
            return None;
        }
        let label = text.slice(begin, begin + LONGEST_LABEL);
        // It stands on one line: where text comes in pieces, what is in front of a line's end may have gone on.
        let ends = |b: &u8| matches!(b, b'-' | b'\r' | b'\n');
        let label = label.split(ends).next().unwrap_or_default();
        let named = memchr::memmem::find(label, KEY)? + KEY.len();
        let (name, more) = label.split_at_checked(named)?;
        let name = name.strip_prefix(BEGIN)?;
        let body = begin + label.len();
        let end = self.pem_end(body, name).map_or(text.len(), |end| {
            let end = if text.starts_with(end, more) { end + more.len() } else { end };
            text.run(end, |b| b == b'-')
        });
        Some(Hit { start: dash, end, kind: Kind::PrivateKey })
    }

    /// Where `END` and the name of the BEGIN line (RFC 7468, section 2) end. What else says END is
    /// a part of the key: it may be the front of something that is cut off.
    fn pem_end(&self, body: usize, name: &[u8]) -> Option<usize> {
        let text = self.text;
        let needle = [b"END ", name].concat();
        let rest = text.slice(body, text.len());
        let behind_dash = |at: &usize| {
            let space = usize::from(text.before(body + at) == b' ');
            text.before(body + at - space) == b'-'
        };
        let found = memchr::memmem::find_iter(rest, &needle).find(behind_dash)?;
        Some(body + found + needle.len())
    }
}
