use std::net::{Ipv4Addr, Ipv6Addr};

use super::number::Run;
use super::text::{alnum, digit};
use super::{Hit, Kind, Scan};

/// `255.255.255.255`
const LONGEST_V4: usize = 15;
/// Eight groups of four, the last two in dotted form.
const LONGEST_V6: usize = 45;

/// The end of the last run of hexadecimal digits and colons that was looked at.
#[derive(Default, Clone, Copy)]
pub(super) struct Cluster {
    until: usize,
}

impl Scan<'_, '_> {
    /// Four numbers and nothing that makes them a longer version number.
    pub(super) fn ipv4(&self, run: Run) -> Option<(usize, usize)> {
        if run.len() > 3 || run.after != b'.' || alnum(run.before) || run.before == b'.' {
            return None;
        }
        let mut end = run.end;
        for _ in 0..3 {
            if self.text.at(end) != b'.' {
                return None;
            }
            let next = self.text.run(end + 1, digit).min(end + 5);
            if next - end - 1 > 3 {
                return None;
            }
            end = next;
        }
        let ends = match self.text.at(end) {
            b'.' => !digit(self.text.at(end + 1)),
            byte => !alnum(byte),
        };
        let address = || parse::<Ipv4Addr>(self.text.slice(run.start, end));
        (ends && end - run.start <= LONGEST_V4 && address()).then_some((run.start, end))
    }

    /// An address around the first `:` of a run of hexadecimal digits, colons and dots.
    pub(super) fn ipv6(&mut self, colon: usize) -> Option<Hit> {
        if colon < self.ipv6.until {
            return None;
        }
        let text = self.text;
        let belongs = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
        // `name: value`, `10:30`
        let next = text.at(colon + 1);
        if next == b'.' || !belongs(next) {
            return None;
        }
        let mut end = text.run(colon, belongs);
        self.ipv6.until = end;
        let groups = text.slice(colon, end);
        let colons = groups.iter().filter(|&&b| b == b':').count();
        if colons < 6 && !groups.windows(2).any(|pair| pair == b"::") {
            return None;
        }
        let mut start =
            text.run_back(colon, self.done.max(colon.saturating_sub(5)), |b| b.is_ascii_hexdigit());
        if colon - start > 4 || alnum(text.before(start)) {
            start = colon;
        }
        // `address:2001:db8::1.` — one colon in front and a sentence's end behind are not part of it.
        if text.at(start) == b':' && text.at(start + 1) != b':' {
            start += 1;
        }
        while end > start && text.before(end) == b'.'
            || end >= start + 2 && text.before(end) == b':' && text.at(end - 2) != b':'
        {
            end -= 1;
        }
        if end - start > LONGEST_V6
            || alnum(text.at(end))
            || start == colon && alnum(text.before(start))
        {
            return None;
        }
        let candidate = text.slice(start, end);
        // `a::b` is a path in some language.
        let telling = colons > 2 || candidate.iter().any(u8::is_ascii_digit);
        (telling && parse::<Ipv6Addr>(candidate)).then_some(Hit {
            start,
            end,
            kind: Kind::IpAddress,
        })
    }
}

fn parse<A: std::str::FromStr>(candidate: &[u8]) -> bool {
    std::str::from_utf8(candidate).is_ok_and(|text| text.parse::<A>().is_ok())
}
