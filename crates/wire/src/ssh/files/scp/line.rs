//! The lines that the sending end says.

/// One of them, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'l> {
    /// The times of what comes next.
    Times,
    /// A file comes.
    File { mode: &'l str, size: u64, name: &'l [u8] },
    /// A folder begins.
    Folder { mode: &'l str, name: &'l [u8] },
    /// It ends.
    End,
}

/// It is no line that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread;

impl<'l> Line<'l> {
    pub(super) fn read(line: &'l [u8]) -> Result<Self, Unread> {
        let (kind, rest) = line.split_first().ok_or(Unread)?;
        match kind {
            b'T' => {
                let numbers = std::str::from_utf8(rest).map_err(|_| Unread)?;
                let numbers: Vec<&str> = numbers.split(' ').collect();
                let plain =
                    numbers.iter().all(|number| number.parse::<u64>().is_ok() && digits(number));
                if numbers.len() == 4 && plain { Ok(Self::Times) } else { Err(Unread) }
            }
            b'C' => {
                let (mode, size, name) = entry(rest)?;
                Ok(Self::File { mode, size, name })
            }
            b'D' => {
                let (mode, _, name) = entry(rest)?;
                Ok(Self::Folder { mode, name })
            }
            b'E' if rest.is_empty() => Ok(Self::End),
            _ => Err(Unread),
        }
    }
}

/// A mode of four octal digits, a size, and all the rest is the name.
fn entry(rest: &[u8]) -> Result<(&str, u64, &[u8]), Unread> {
    let mut parts = rest.splitn(3, |byte| *byte == b' ');
    let mut number = || parts.next().and_then(|part| std::str::from_utf8(part).ok()).ok_or(Unread);
    let (mode, size) = (number()?, number()?);
    let octal = mode.len() == 4 && mode.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let size = Some(size).filter(|size| digits(size)).and_then(|size| size.parse().ok());
    // The other end reads it as a number that may be negative.
    let size: u64 = size.filter(|size| i64::try_from(*size).is_ok()).ok_or(Unread)?;
    let name = parts.next().ok_or(Unread)?;
    if octal { Ok((mode, size, name)) } else { Err(Unread) }
}

fn digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a name is that of something in the folder at hand.
pub(super) fn is_plain(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let read = |line: &'static str| Line::read(line.as_bytes());
        let file = Line::File { mode: "0644", size: 12, name: b"a b" };
        assert_eq!(read("C0644 12 a b"), Ok(file));
        assert_eq!(read("D0755 0 x"), Ok(Line::Folder { mode: "0755", name: b"x" }));
        assert_eq!(read("T1700000000 0 1700000001 0"), Ok(Line::Times));
        assert_eq!(read("E"), Ok(Line::End));
        let largest = Line::File { mode: "0644", size: i64::MAX as u64, name: b"x" };
        assert_eq!(read("C0644 9223372036854775807 x"), Ok(largest));
        for line in [
            "",
            "X",
            "E ",
            "C",
            "C0644",
            "C0644 1",
            "C644 1 x",
            "C0648 1 x",
            "C0644 -1 x",
            "C0644 +1 x",
            "C0644  1 x",
            "C0644 9223372036854775808 x",
            "C0644 1x y",
            "T1 2 3",
            "T1 2 3 4 5",
            "T1 2 3 +4",
            "T1 2  4",
            "D0755 x",
        ] {
            assert_eq!(read(line), Err(Unread), "{line}");
        }
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["", ".", "..", "a/b", "/", "a\0b"] {
            assert!(!is_plain(name.as_bytes()), "{name:?}");
        }
        for name in ["a", "...", " ", "a b", "-r"] {
            assert!(is_plain(name.as_bytes()), "{name:?}");
        }
    }
}
