use super::super::text::digit;

/// The lengths of the first two groups that shapes have. Most runs of digits begin none of them.
#[derive(Clone, Default)]
pub(super) struct Gate {
    /// A bit for each length of an only group.
    whole: u32,
    /// By what parts the first two groups and whether the second begins with a digit: for each length of the first a bit
    /// for each length of the second.
    pairs: [[u32; 32]; 12],
}

impl Gate {
    /// Lets in what begins as this shape does.
    pub(super) fn open(&mut self, shape: &[u8]) {
        let length = group(shape);
        let Some((separator, rest)) = shape.get(length..).and_then(<[u8]>::split_first) else {
            self.whole |= bit(length);
            return;
        };
        let (digits, letters) = match rest.first() {
            Some(b'9') => (true, false),
            Some(b'X') => (true, true),
            Some(byte) => (digit(*byte), !digit(*byte)),
            None => return,
        };
        for (wanted, begins) in [(digits, true), (letters, false)] {
            let row = row(*separator, begins).filter(|_| wanted);
            if let Some(seconds) =
                row.and_then(|row| self.pairs.get_mut(row)).and_then(|row| row.get_mut(length))
            {
                *seconds |= bit(group(rest));
            }
        }
    }

    /// Whether a shape is one group of such a length.
    pub(super) const fn is_whole(&self, length: usize) -> bool {
        self.whole & bit(length) != 0
    }

    /// The lengths that a second group behind the first has, a bit for each, where `byte` begins it.
    pub(super) fn seconds(&self, length: usize, separator: u8, byte: u8) -> u32 {
        let row = row(separator, digit(byte)).and_then(|row| self.pairs.get(row));
        row.and_then(|row| row.get(length)).copied().unwrap_or(0)
    }
}

/// The length of a shape's first group.
fn group(shape: &[u8]) -> usize {
    shape.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

pub(super) const fn bit(length: usize) -> u32 {
    if length < 32 { 1 << length } else { 0 }
}

fn row(separator: u8, is_digit: bool) -> Option<usize> {
    let separator = super::separator(separator)?;
    Some(usize::from(separator) * 2 + usize::from(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_lets_in_what_a_shape_begins_with_and_nothing_else() {
        let mut gate = Gate::default();
        [&b"999"[..], b"99-9999", b"AA 99A 9", b"A9(X"]
            .into_iter()
            .for_each(|shape| gate.open(shape));
        let lengths = |first, separator, byte| {
            let seconds = gate.seconds(first, separator, byte);
            (1..32).filter(|length| seconds & bit(*length) != 0).collect::<Vec<_>>()
        };
        assert!(gate.is_whole(3));
        assert!(!gate.is_whole(2) && !gate.is_whole(0) && !gate.is_whole(32));
        assert_eq!(lengths(2, b'-', b'4'), [4]);
        assert_eq!(lengths(2, b' ', b'4'), [3]);
        assert_eq!(lengths(2, b'(', b'4'), [1]);
        assert_eq!(lengths(2, b'(', b'Z'), [1]);
        for (first, separator, byte) in
            [(2, b'-', b'a'), (2, b'.', b'4'), (2, b'_', b'4'), (3, b'-', b'4'), (64, b'-', b'4')]
        {
            assert!(lengths(first, separator, byte).is_empty());
        }
    }
}
