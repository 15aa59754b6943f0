use super::text::{ALNUM, has, letter, table};
use super::{Hit, Kind, Scan};

/// RFC 1035: no name is longer.
const LONGEST_DOMAIN: usize = 253;

/// Whether the run of local-part bytes up to `until` ends in an address. Known once per run.
#[derive(Default, Clone, Copy)]
pub(super) struct Ahead {
    until: usize,
    address: bool,
}

impl Scan<'_, '_> {
    /// An address around the `@`.
    pub(super) fn email(&mut self, at: usize) -> Option<Hit> {
        let text = self.text;
        if !local(text.before(at)) || !in_label(text.at(at + 1)) {
            return None;
        }
        let mut start = text.run_back(at, self.done, local);
        // A quote or a dot in front is not part of an address; a cut character is.
        start = text.run(start, |b| matches!(b, b'.' | b'\'' | 0x80..=0xBF)).min(at);
        let end = self.domain(at + 1)?;
        if start == at {
            return None;
        }
        if text.slice(start, at).iter().all(|&b| b == b'*') {
            // Masked already. Nothing after it may take its domain for a local part.
            self.done = end;
            self.at = end;
            return None;
        }
        Some(Hit { start, end, kind: Kind::Email })
    }

    /// The end of the domain that begins at `start`, if one does.
    fn domain(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let mut end = start;
        let mut label = start;
        let mut at = start;
        loop {
            let next = text.run(at, in_label);
            if next == at || text.at(label) == b'-' || next - start > LONGEST_DOMAIN {
                break;
            }
            if label > start && self.top_level(label, next) {
                end = next;
            }
            if text.at(next) != b'.' {
                break;
            }
            label = next + 1;
            at = label;
        }
        while text.before(end) == b'-' {
            end -= 1;
        }
        (end > start).then_some(end)
    }

    /// Letters only, or punycode: `com`, `xn--p1ai`, not `2`.
    fn top_level(&self, start: usize, end: usize) -> bool {
        let name = self.text.slice(start, end.min(start + 64));
        end - start >= 2
            && (name.starts_with(b"xn--")
                || name.iter().all(|&b| letter(b) || b == b'-' || b >= 0x80))
            && name.first().is_some_and(|&b| letter(b) || b >= 0x80)
    }

    /// Whether a number that ends at `end` is the beginning of an address: `4242424242424242@example.com`.
    pub(super) fn in_local_part(&mut self, end: usize) -> bool {
        if !self.wants(Kind::Email) {
            return false;
        }
        if end > self.mail.until {
            let until = self.text.run(end, local);
            let address = self.text.at(until) == b'@' && self.domain(until + 1).is_some();
            self.mail = Ahead { until, address };
        }
        self.mail.address
    }
}

fn in_label(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"-"]);
    byte >= 0x80 || has(&TABLE, byte)
}

/// What may stand in front of the `@`: RFC 5322's atom without what is far more often around an
/// address than in it (`=`, `/`, `&`, `?`, brackets, bars), and any byte of a longer character.
fn local(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM, b"._-+'!#$%*~"]);
    byte >= 0x80 || has(&TABLE, byte)
}
