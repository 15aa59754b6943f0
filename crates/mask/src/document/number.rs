/// How far a number has been read (RFC 8259, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    /// A zero in front: no digit follows it.
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    pub(super) const fn begun_by(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Minus),
            b'0' => Some(Self::Zero),
            b'1'..=b'9' => Some(Self::Whole),
            _ => None,
        }
    }

    /// With the next byte; `None`: that is no part of it.
    pub(super) const fn with(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus | Self::Whole, b'0'..=b'9') => Some(Self::Whole),
            (Self::Zero | Self::Whole, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Some(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Some(Self::Sign),
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Some(Self::Power),
            _ => None,
        }
    }

    /// Whether it may end here.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all of a text is one number.
    fn is_number(text: &str) -> bool {
        let (first, rest) = text.as_bytes().split_first().unwrap();
        let begun = Number::begun_by(*first);
        let read = rest.iter().try_fold(begun, |number, byte| Some(number?.with(*byte)));
        read.flatten().is_some_and(Number::is_whole)
    }

    #[test]
    fn a_number_is_one_of_rfc_8259() {
        for text in ["0", "-0", "10", "-12.50", "1e5", "0E+0", "1.0e-10", "123456789012345678901"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1.e5", "--1", "1-"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
