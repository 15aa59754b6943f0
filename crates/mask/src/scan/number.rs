use super::text::{alnum, digit, letter};
use super::{Hit, Kind, Scan};

/// A run of digits with nothing but its neighbours known.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The byte in front of it.
    pub(super) before: u8,
    /// The byte behind it.
    pub(super) after: u8,
}

impl Run {
    pub(super) const fn len(self) -> usize {
        self.end - self.start
    }
}

impl Scan<'_, '_> {
    /// Digits begin at `start`: which number do they belong to, if to any?
    pub(super) fn number(&mut self, start: usize) -> Option<Hit> {
        let end = self.text.run(start, digit);
        self.at = end;
        let run = Run { start, end, before: self.text.before(start), after: self.text.at(end) };
        let (kind, start, end) = self.number_of(run)?;
        (start >= self.done && !self.in_local_part(end)).then_some(Hit { start, end, kind })
    }

    fn number_of(&self, run: Run) -> Option<(Kind, usize, usize)> {
        if letter(run.before) {
            let (start, end) = self.wants(Kind::Iban).then(|| self.iban(run)).flatten()?;
            return Some((Kind::Iban, start, end));
        }
        if self.wants(Kind::IpAddress)
            && let Some((start, end)) = self.ipv4(run)
        {
            return Some((Kind::IpAddress, start, end));
        }
        if self.wants(Kind::CreditCard)
            && let Some((start, end)) = self.card(run)
        {
            return Some((Kind::CreditCard, start, end));
        }
        if self.wants(Kind::UsSsn)
            && let Some((start, end)) = self.ssn(run)
        {
            return Some((Kind::UsSsn, start, end));
        }
        if self.wants(Kind::Phone)
            && let Some((start, end)) = self.phone(run)
        {
            return Some((Kind::Phone, start, end));
        }
        None
    }

    /// Whether the number goes on in front of `start`: a decimal, a version, a UUID, dashed groups.
    pub(super) fn goes_on_before(&self, run: Run) -> bool {
        let Some(at) = run.start.checked_sub(1) else { return false };
        match run.before {
            b'.' => digit(self.text.before(at)),
            b'-' => {
                let before = self.text.before(at);
                let uuid = || {
                    at >= 5
                        && self.text.at(at - 5) == b'-'
                        && self.text.slice(at - 4, at).iter().all(u8::is_ascii_hexdigit)
                };
                digit(before) || letter(before) && uuid()
            }
            byte => alnum(byte),
        }
    }

    /// Whether the number goes on behind `end`, where `after` stands.
    pub(super) fn goes_on_after(&self, end: usize) -> bool {
        match self.text.at(end) {
            b'.' | b'-' => digit(self.text.at(end + 1)),
            byte => alnum(byte),
        }
    }
}
