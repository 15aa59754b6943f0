//! Bytes in hexadecimal inside a text, as `COPY`, rows as text, `to_jsonb` and messages about failed rows show them:
//! `\x3432…`, the backslash doubled perhaps. They are read as the text that they are.

use crate::detect::Detectors;
use crate::gather::{Found, Shown, What};
use crate::value::bytea::decode;

/// Fewer digits hold nothing: six bytes are `a@b.cc`.
const SHORTEST: usize = 12;

impl Detectors {
    /// Appends the runs of hexadecimal digits in which something is found, each as a whole.
    ///
    /// Bytes in bytes are read too. Each time they are half as many, so that it stays linear.
    pub(crate) fn find_hexed(&self, text: &[u8], found: &mut Vec<Found>) {
        let mut bytes = Vec::new();
        let mut at = 0;
        while let Some((start, end)) = next(text, at) {
            at = end;
            bytes.clear();
            let even = start + (end - start) / 2 * 2;
            if !decode(text.get(start..even).unwrap_or_default(), &mut bytes) {
                continue;
            }
            if let Some(what) = self.first_in_bytes(&bytes) {
                found.push(Found { start, end, what, shown: Shown::Hex });
            }
        }
    }

    /// The first finding in bytes, if there is one. In bytes that are no text, a letter beyond ASCII is no letter.
    pub(crate) fn first_in_bytes(&self, bytes: &[u8]) -> Option<What> {
        let mut hits = self.hits(&[], bytes);
        let first = hits.next()?;
        if std::str::from_utf8(bytes).is_ok() {
            return Some(first.what);
        }
        let plain = |found: &Found| bytes.get(found.start..found.end).is_some_and(<[u8]>::is_ascii);
        std::iter::once(first).chain(hits).find(plain).map(|found| found.what)
    }
}

/// Whether any such run stands in the text.
pub(crate) fn is_in(text: &[u8]) -> bool {
    next(text, 0).is_some()
}

/// The next run of digits behind `\x` that begins at `at` or later.
fn next(text: &[u8], mut at: usize) -> Option<(usize, usize)> {
    loop {
        let rest = text.get(at..)?;
        at += memchr::memchr(b'\\', rest)? + 1;
        let Some([b'x', digits @ ..]) = text.get(at..) else { continue };
        let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        at += 1;
        if length >= SHORTEST {
            return Some((at, at + length));
        }
    }
}
