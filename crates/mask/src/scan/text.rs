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

    /// Whether a single byte parts `at` from a digit: no word stands between them.
    pub(super) fn is_behind_digit(self, at: usize) -> bool {
        at >= 2 && digit(self.at(at - 2))
    }

    pub(super) fn slice(self, start: usize, end: usize) -> &'t [u8] {
        let end = end.min(self.0.len());
        let slice = self.0.get(start..end).unwrap_or_default();
        #[cfg(test)]
        reads::add(slice.len());
        slice
    }

    /// The eight bytes that begin at `at`.
    pub(super) fn block(self, at: usize) -> Option<u64> {
        #[cfg(test)]
        reads::add(1);
        Some(u64::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }

    pub(super) fn starts_with(self, at: usize, prefix: &[u8]) -> bool {
        self.slice(at, at.saturating_add(prefix.len())) == prefix
    }

    /// Where the run of bytes that `belongs` ends, beginning at `at`.
    pub(super) fn run(self, at: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.0.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|&&byte| belongs(byte)).count();
        #[cfg(test)]
        reads::add(length + 1);
        at + length
    }

    /// The same, not beyond `limit`.
    pub(super) fn run_within(self, at: usize, limit: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.0.get(at..limit.min(self.0.len())).unwrap_or_default();
        let length = rest.iter().take_while(|&&byte| belongs(byte)).count();
        #[cfg(test)]
        reads::add(length + 1);
        at + length
    }

    /// Where the run of bytes that `belongs` begins, ending in front of `at`, not before `floor`.
    pub(super) fn run_back(self, at: usize, floor: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let before = self.0.get(floor..at).unwrap_or_default();
        let length = before.iter().rev().take_while(|&&byte| belongs(byte)).count();
        #[cfg(test)]
        reads::add(length + 1);
        at - length
    }

    /// The bytes in front of `end` with their places, the last first, not before `floor`.
    pub(super) fn backwards(self, floor: usize, end: usize) -> impl Iterator<Item = (usize, u8)> {
        let bytes = self.0.get(floor..end).unwrap_or_default();
        let all = (floor..end).zip(bytes).rev().map(|(at, &byte)| (at, byte));
        #[cfg(test)]
        let all = all.inspect(|_| reads::add(1));
        all
    }
}

/// Of eight bytes that are looked at at once, the lowest bit of each.
pub(super) const ONES: u64 = u64::from_ne_bytes([1; 8]);
/// And the highest.
pub(super) const HIGH: u64 = ONES << 7;

pub(super) fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(super) fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

pub(crate) fn alnum(byte: u8) -> bool {
    const TABLE: [bool; 256] = table(&[ALNUM]);
    has(&TABLE, byte)
}

pub(crate) const ALNUM: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which bytes are in one of these.
pub(crate) const fn table(mut of: &[&[u8]]) -> [bool; 256] {
    let mut table = [false; 256];
    while let [bytes, others @ ..] = of {
        let mut bytes = *bytes;
        while let [byte, rest @ ..] = bytes {
            #[expect(clippy::indexing_slicing, reason = "no byte is out of 256")]
            {
                table[*byte as usize] = true;
            }
            bytes = rest;
        }
        of = others;
    }
    table
}

pub(crate) fn has(table: &[bool; 256], byte: u8) -> bool {
    table.get(usize::from(byte)).copied().unwrap_or(false)
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
