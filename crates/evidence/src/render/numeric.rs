//! PostgreSQL's binary `numeric`: digits of base 10,000.

use std::fmt::Write as _;

/// The decimal text; `None` when it is not in the format.
pub(super) fn decode(value: &[u8]) -> Option<String> {
    let (header, digits) = value.split_first_chunk::<8>()?;
    let [
        count_high,
        count_low,
        weight_high,
        weight_low,
        sign_high,
        sign_low,
        scale_high,
        scale_low,
    ] = *header;
    let count = u16::from_be_bytes([count_high, count_low]);
    let weight = i16::from_be_bytes([weight_high, weight_low]);
    let sign = u16::from_be_bytes([sign_high, sign_low]);
    let scale = usize::from(u16::from_be_bytes([scale_high, scale_low]) & 0x3fff);
    let (digits, rest) = digits.as_chunks::<2>();
    if digits.len() != usize::from(count) || !rest.is_empty() {
        return None;
    }
    match sign {
        0x0000 | 0x4000 => {}
        0xc000 => return Some("NaN".into()),
        0xd000 => return Some("Infinity".into()),
        0xf000 => return Some("-Infinity".into()),
        _ => return None,
    }
    let digits: Vec<u16> = digits.iter().map(|digit| u16::from_be_bytes(*digit)).collect();
    if digits.iter().any(|digit| *digit > 9999) {
        return None;
    }
    // The digit that stands for 10,000 to the power of `place`.
    let digit = |place: i32| {
        usize::try_from(i32::from(weight) - place)
            .ok()
            .and_then(|index| digits.get(index).copied())
            .unwrap_or(0)
    };
    let mut out = String::new();
    if sign == 0x4000 {
        out.push('-');
    }
    let _ = write!(out, "{}", digit(i32::from(weight).max(0)));
    for place in (0..i32::from(weight)).rev() {
        let _ = write!(out, "{:04}", digit(place));
    }
    if scale > 0 {
        out.push('.');
        let end = out.len() + scale;
        let mut place = -1;
        while out.len() < end {
            let _ = write!(out, "{:04}", digit(place));
            place -= 1;
        }
        out.truncate(end);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let mut out = u16::try_from(digits.len()).unwrap().to_be_bytes().to_vec();
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&scale.to_be_bytes());
        digits.iter().for_each(|digit| out.extend_from_slice(&digit.to_be_bytes()));
        out
    }

    #[test]
    fn numerics_read_as_the_server_prints_them() {
        for (encoded, text) in [
            (encode(0, 0, 0, &[]), "0"),
            (encode(0, 0, 2, &[]), "0.00"),
            (encode(0, 0, 0, &[1]), "1"),
            (encode(0, 0x4000, 2, &[12, 5000]), "-12.50"),
            (encode(1, 0, 3, &[1, 2345, 6780]), "12345.678"),
            (encode(2, 0, 0, &[1]), "100000000"),
            (encode(-1, 0, 4, &[1234]), "0.1234"),
            (encode(-2, 0, 6, &[1200]), "0.000012"),
            (encode(0, 0xc000, 0, &[]), "NaN"),
            (encode(0, 0xd000, 32, &[]), "Infinity"),
        ] {
            assert_eq!(decode(&encoded).as_deref(), Some(text));
        }
        assert_eq!(decode(&[0; 7]), None);
        assert_eq!(decode(&encode(0, 0, 0, &[10_000])), None);
        assert_eq!(decode(&encode(0, 1, 0, &[1])), None);
    }

    #[test]
    fn the_widest_numeric_is_bounded() {
        let widest = decode(&encode(i16::MAX, 0, u16::MAX, &[1])).unwrap();
        assert!(widest.len() < 160_000, "{}", widest.len());
        let deepest = decode(&encode(i16::MIN, 0, u16::MAX, &[1])).unwrap();
        assert!(deepest.starts_with("0.000"));
    }
}
