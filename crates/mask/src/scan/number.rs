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
        if let Some(end) = self.date(run) {
            self.at = end;
            return None;
        }
        if matches!(run.after, b':' | b'-')
            && self.wants(Kind::MacAddress)
            && let Some(hit) = self.mac(end)
        {
            return Some(hit);
        }
        let (kind, start, end) = self.number_of(run)?;
        (start >= self.done && !self.in_local_part(end)).then_some(Hit { start, end, kind })
    }

    fn number_of(&self, run: Run) -> Option<(Kind, usize, usize)> {
        // Behind more digits and a dot nothing begins, nor behind a dash but an address: the commonest hold of both.
        let parted = run.before == b'.' || run.before == b'-' && run.after != b'.';
        if parted && run.start >= 2 && digit(self.text.at(run.start - 2)) {
            return None;
        }
        let iban = || self.wants(Kind::Iban).then(|| self.iban(run)).flatten();
        if letter(run.before)
            && let Some((start, end)) = iban()
        {
            return Some((Kind::Iban, start, end));
        }
        // Its word or its letters say what it is: other numbers are known by less.
        if !self.plan.shapes.is_empty()
            && let Some((place, start, end)) = self.ident(run)
        {
            return Some((Kind::Ident(place), start, end));
        }
        if letter(run.before) {
            return None;
        }
        // Most numbers are short and stand alone, or are dates: they are none of ours.
        let grouped = self.is_grouped(run);
        if !grouped && run.len() < 7 && !matches!(run.before, b'+' | b'(') {
            return None;
        }
        let found =
            |kind, ends: Option<(usize, usize)>| ends.map(|(start, end)| (kind, start, end));
        if run.after == b'.' && self.wants(Kind::IpAddress) {
            let address = found(Kind::IpAddress, self.ipv4(run));
            if address.is_some() {
                return address;
            }
        }
        if self.goes_on_before(run) {
            return None;
        }
        if self.wants(Kind::CreditCard) {
            let card = found(Kind::CreditCard, self.card(run));
            if card.is_some() {
                return card;
            }
        }
        if self.wants(Kind::UsSsn) {
            let ssn = found(Kind::UsSsn, self.ssn(run));
            if ssn.is_some() {
                return ssn;
            }
        }
        if self.wants(Kind::Phone) {
            return found(Kind::Phone, self.phone(run, grouped));
        }
        None
    }

    /// The end of a date in ISO 8601 that begins with this run, and of the time of day behind it: the
    /// commonest groups of digits, and no part of anything else.
    fn date(&self, run: Run) -> Option<usize> {
        if run.len() != 4 || run.after != b'-' || alnum(run.before) {
            return None;
        }
        let shaped = |start: usize, shape: &[u8]| {
            let text = self.text.slice(start, start + shape.len());
            text.len() == shape.len()
                && text.iter().zip(shape).all(|(&byte, &wanted)| match wanted {
                    b'0' => digit(byte),
                    _ => byte == wanted,
                })
        };
        let end = run.end + 6;
        if !matches!(self.text.at(run.start), b'1' | b'2') || !shaped(run.end, b"-00-00") {
            return None;
        }
        if digit(self.text.at(end)) {
            return None;
        }
        let time = matches!(self.text.at(end), b' ' | b'T') && shaped(end + 1, b"00:00:00");
        let behind = self.text.at(end + 9);
        Some(if time && !digit(behind) && behind != b':' { end + 9 } else { end })
    }

    /// Whether a separator and more digits follow.
    fn is_grouped(&self, run: Run) -> bool {
        match run.after {
            b')' => true,
            b' ' | b'-' | b'.' | b'/' => {
                let next = self.text.at(run.end + 1);
                digit(next) || next == b'('
            }
            b'(' => digit(self.text.at(run.end + 1)),
            _ => false,
        }
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
