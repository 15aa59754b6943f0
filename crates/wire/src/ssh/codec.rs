//! The data types of SSH messages (RFC 4251, section 5).

use bytes::Bytes;

/// A message that ends too early, or holds what it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message is malformed")]
pub struct Malformed;

/// What is left to read of a message.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'m> {
    rest: &'m [u8],
}

impl<'m> Reader<'m> {
    pub(crate) const fn new(rest: &'m [u8]) -> Self {
        Self { rest }
    }

    pub(crate) const fn rest(self) -> &'m [u8] {
        self.rest
    }

    fn take<const N: usize>(&mut self) -> Result<&'m [u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.take::<1>().map(|[byte]| *byte)
    }

    /// Any value but 0 is true.
    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        self.u8().map(|byte| byte != 0)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.take().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.take().map(|bytes| u64::from_be_bytes(*bytes))
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'m [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    /// A string: its length, then as many bytes.
    pub(crate) fn string(&mut self) -> Result<&'m [u8], Malformed> {
        let length = self.u32()?;
        self.bytes(usize::try_from(length).map_err(|_| Malformed)?)
    }

    /// A string that is text.
    pub(crate) fn text(&mut self) -> Result<&'m str, Malformed> {
        std::str::from_utf8(self.string()?).map_err(|_| Malformed)
    }

    /// Names with commas between them.
    pub(crate) fn names(&mut self) -> Result<Names<'m>, Malformed> {
        let text = self.text()?;
        if text.is_ascii() { Ok(Names(text)) } else { Err(Malformed) }
    }

    /// There must be no more.
    pub(crate) const fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// A name-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names<'m>(pub(crate) &'m str);

impl<'m> Names<'m> {
    pub(crate) fn iter(self) -> impl Iterator<Item = &'m str> + Clone {
        self.0.split(',').filter(|name| !name.is_empty())
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|one| one == name)
    }
}

/// Writes the same types, behind what is there already.
pub(crate) trait Write {
    fn put(&mut self, bytes: &[u8]);

    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn put_bool(&mut self, value: bool) {
        self.put_u8(value.into());
    }

    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    #[cfg(test)]
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    fn put_string(&mut self, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        // No message is that long.
        self.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.put(value);
    }

    /// A number that is not negative, from its big-endian bytes.
    fn put_mpint(&mut self, number: &[u8]) {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
        let number = number.get(start..).unwrap_or_default();
        let signed = number.first().is_some_and(|byte| byte & 0x80 != 0);
        self.put_u32(u32::try_from(number.len() + usize::from(signed)).unwrap_or(u32::MAX));
        if signed {
            self.put_u8(0);
        }
        self.put(number);
    }

    fn put_names<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let names: Vec<&str> = names.into_iter().collect();
        self.put_string(names.join(","));
    }
}

impl Write for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A message of one kind.
pub(crate) fn message(kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut payload = vec![kind];
    write(&mut payload);
    payload.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_rfc_says() {
        for (number, written) in [
            (&[][..], &[0, 0, 0, 0][..]),
            (&[0, 0], &[0, 0, 0, 0]),
            (
                &[0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7],
                &[0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7],
            ),
            (&[0x80], &[0, 0, 0, 2, 0, 0x80]),
            (&[0, 0x7f], &[0, 0, 0, 1, 0x7f]),
        ] {
            let mut out = Vec::new();
            out.put_mpint(number);
            assert_eq!(out, written);
        }
    }

    #[test]
    fn what_is_cut_or_too_long_is_malformed() {
        for bytes in
            [&[][..], &[0, 0, 0], &[0, 0, 0, 1], &[255, 255, 255, 255, 1], &[0, 0, 0, 1, 0xff]]
        {
            assert_eq!(Reader::new(bytes).text(), Err(Malformed), "{bytes:?}");
        }
        let mut reader = Reader::new(&[0, 0, 0, 3, b'a', b',', b'b', 9]);
        let names = reader.names().unwrap();
        assert!(names.has("a") && names.has("b") && !names.has("a,b") && !names.has(""));
        assert_eq!(reader.end(), Err(Malformed));
    }
}
