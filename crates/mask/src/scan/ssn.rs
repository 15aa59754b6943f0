use super::context::Words;
use super::number::Run;
use super::text::digit;
use super::{Kind, Scan};

/// What makes nine bare digits a social security number.
pub(super) static WORDS: Words = Words::new(&[b"ssn", b"social sec", b"social_sec", b"socialsec"]);

impl Scan<'_, '_> {
    /// A social security number: area, group and serial that are given out.
    pub(super) fn ssn(&self, run: Run) -> Option<(usize, usize)> {
        match run.len() {
            _ if self.may_be_ssn(run) => self.grouped_ssn(run),
            9 => {
                let digits = self.text.slice(run.start, run.end);
                let (area, rest) = digits.split_at_checked(3)?;
                let (group, serial) = rest.split_at_checked(2)?;
                let alone = given_out(area, group, serial) && !self.goes_on_after(run.end);
                (alone && self.is_told(Kind::UsSsn, run.start)).then_some((run.start, run.end))
            }
            _ => None,
        }
    }

    /// Whether one may begin with this group, by what parts it from the others.
    pub(super) fn may_be_ssn(&self, run: Run) -> bool {
        matches!(run.after, b'-' | b' ') && run.len() == 3 && self.text.at(run.end + 3) == run.after
    }

    fn grouped_ssn(&self, run: Run) -> Option<(usize, usize)> {
        let text = self.text;
        let group = text.slice(run.end + 1, run.end + 3);
        let serial = text.slice(run.end + 4, run.end + 8);
        let end = run.end + 8;
        let shaped = group.iter().chain(serial).all(u8::is_ascii_digit)
            && serial.len() == 4
            && !digit(text.at(end));
        if !shaped || !given_out(text.slice(run.start, run.end), group, serial) {
            return None;
        }
        (!self.goes_on_after(end) && run.before != b'+').then_some((run.start, end))
    }
}

fn given_out(area: &[u8], group: &[u8], serial: &[u8]) -> bool {
    area != b"000"
        && area != b"666"
        && !area.starts_with(b"9")
        && group != b"00"
        && serial != b"0000"
}
