//! Sizes as people write them: `256MiB`, `10GB`, `4096`.

use serde::de::{Deserialize, Deserializer, Error};

/// So many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

const EXPECTED: &str = "a size is a number of bytes, or a number and a unit: 512KiB, 256MiB, 10GB";

/// The decimal units are powers of 1000, the binary ones of 1024.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl Size {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let (_, times) = UNITS.iter().find(|(name, _)| *name == unit)?;
        number.parse::<u64>().ok()?.checked_mul(*times).map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bytes(u64),
            Text(String),
        }
        let size = match Written::deserialize(from).map_err(|_| D::Error::custom(EXPECTED))? {
            Written::Bytes(bytes) => Some(Self(bytes)),
            Written::Text(text) => Self::read(&text),
        };
        size.ok_or_else(|| D::Error::custom(EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("512KiB", Some(512 << 10)),
            ("10 GB", Some(10_000_000_000)),
            ("1gib", Some(1 << 30)),
            ("", None),
            ("GB", None),
            ("-1", None),
            ("1.5GB", None),
            ("10 parsecs", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(Size::read(text), bytes.map(Size), "{text}");
        }
    }
}
