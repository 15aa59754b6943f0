/// The bytes under the scanner. Beyond either end stand NULs, which belong to no finding.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t [u8]);

impl<'t> Text<'t> {
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// Every single byte the detectors look at goes through here, so a test can count them.
    pub(super) fn at(self, at: usize) -> u8 {
        #[cfg(test)]
        reads::add(1);
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The byte in front of `at`.
    pub(super) fn before(self, at: usize) -> u8 {
        if at == 0 { 0 } else { self.at(at - 1) }
    }

    pub(super) fn slice(self, start: usize, end: usize) -> &'t [u8] {
        let end = end.min(self.0.len());
        let slice = self.0.get(start..end).unwrap_or_default();
        #[cfg(test)]
        reads::add(slice.len());
        slice
    }

    pub(super) fn starts_with(self, at: usize, prefix: &[u8]) -> bool {
        self.slice(at, at.saturating_add(prefix.len())) == prefix
    }

    /// Where the run of bytes that `belongs` ends, beginning at `at`.
    pub(super) fn run(self, mut at: usize, belongs: impl Fn(u8) -> bool) -> usize {
        while at < self.0.len() && belongs(self.at(at)) {
            at += 1;
        }
        at
    }

    /// Where the run of bytes that `belongs` begins, ending in front of `at`, not before `floor`.
    pub(super) fn run_back(
        self,
        mut at: usize,
        floor: usize,
        belongs: impl Fn(u8) -> bool,
    ) -> usize {
        while at > floor && belongs(self.before(at)) {
            at -= 1;
        }
        at
    }
}

pub(super) fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(super) fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

pub(super) fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Counts the bytes looked at, so that "linear" is tested without a clock.
#[cfg(test)]
pub(crate) mod reads {
    use std::cell::Cell;

    thread_local!(static READS: Cell<usize> = const { Cell::new(0) });

    pub(in crate::scan) fn add(count: usize) {
        READS.with(|reads| reads.set(reads.get() + count));
    }

    /// How many bytes were looked at while `work` ran.
    pub(crate) fn during<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = READS.with(Cell::get);
        let done = work();
        (done, READS.with(Cell::get) - before)
    }
}
