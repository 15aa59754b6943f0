use super::text::{HIGH, ONES, alnum, digit, letter};
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
        let run = self.run_at(start);
        self.at = run.end;
        if self.is_dull(run) {
            self.at = self.behind_fraction(run);
            return None;
        }
        if let Some(end) = self.date(run) {
            self.at = end;
            return None;
        }
        if matches!(run.after, b':' | b'-')
            && self.wants(Kind::MacAddress)
            && let Some(hit) = self.mac(run.end)
        {
            return Some(hit);
        }
        let (kind, start, end) = self.number_of(run)?;
        (start >= self.done && !self.in_local_part(end)).then_some(Hit { start, end, kind })
    }

    /// The digits that begin at `start`.
    pub(super) fn run_at(&self, start: usize) -> Run {
        let end = self.text.run(start, digit);
        Run { start, end, before: self.text.before(start), after: self.text.at(end) }
    }

    pub(super) fn number_of(&self, run: Run) -> Option<(Kind, usize, usize)> {
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
        let grouped = goes_on(run.after, self.text.at(run.end + 1));
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
        let text = self.text;
        let dated = text.block(run.start + 2).is_some_and(|block| has_shape(block, *b"00-00-00"));
        let end = run.end + 6;
        if !dated || !matches!(text.at(run.start), b'1' | b'2') || digit(text.at(end)) {
            return None;
        }
        let timed = matches!(text.at(end), b' ' | b'T')
            && text.block(end + 1).is_some_and(|block| has_shape(block, *b"00:00:00"));
        if !timed || digit(text.at(end + 9)) || text.at(end + 9) == b':' {
            return Some(end);
        }
        let seconds = Run { start: end + 7, end: end + 9, before: b':', after: text.at(end + 9) };
        Some(self.behind_fraction(seconds))
    }

    /// Behind digits and a dot no number begins, but an address: of its pairs the first may stand there.
    pub(super) fn behind_fraction(&self, run: Run) -> usize {
        if run.after != b'.' {
            return run.end;
        }
        let end = self.text.run(run.end + 1, digit);
        if matches!(self.text.at(end), b':' | b'-') { run.end } else { end }
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

/// Whether these two bytes are a separator and the first of more digits.
pub(super) fn goes_on(separator: u8, next: u8) -> bool {
    match separator {
        b')' => true,
        b' ' | b'-' | b'.' | b'/' => digit(next) || next == b'(',
        b'(' => digit(next),
        _ => false,
    }
}

/// Whether eight bytes are digits where the shape has a zero, and what it has elsewhere. No carry crosses a byte.
fn has_shape(block: u64, shape: [u8; 8]) -> bool {
    let other = block ^ u64::from_le_bytes(shape);
    let most = shape.map(|byte| if byte == b'0' { 9 } else { 0 });
    let beyond = (other & !HIGH) + (ONES * 0x7F - u64::from_le_bytes(most));
    (beyond | other) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::has_shape;

    #[test]
    fn eight_bytes_at_once_have_a_shape_as_one_byte_has() {
        for shape in [*b"00:00:00", *b"00-00-00"] {
            for (place, byte) in
                (0..8).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte)))
            {
                let mut text = shape.map(|byte| if byte == b'0' { b'7' } else { byte });
                text[place] = byte;
                let fits =
                    if shape[place] == b'0' { byte.is_ascii_digit() } else { byte == shape[place] };
                assert_eq!(has_shape(u64::from_le_bytes(text), shape), fits, "{place} {byte:#x}");
            }
        }
    }
}
