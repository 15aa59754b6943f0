/// The rows of a [`model::Event::Rows`], one after the other. Ends where they stop being rows.
#[derive(Clone, Debug)]
pub struct Rows<'a>(&'a [u8]);

/// One row's fields; `None` is NULL.
pub type Row<'a> = Vec<Option<&'a [u8]>>;

impl<'a> Rows<'a> {
    /// The rows of this data.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// What is left that is not a row: nothing, in a recording of ours.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (row, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let row = fields(row)?;
        self.0 = rest;
        Some(row)
    }
}

fn fields(row: &[u8]) -> Option<Row<'_>> {
    let (count, mut rest) = row.split_first_chunk::<2>()?;
    let count = u16::from_be_bytes(*count);
    // A field is four bytes at least: a count that cannot be true reserves nothing.
    let mut fields = Vec::with_capacity(usize::from(count).min(rest.len() / 4));
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            fields.push(None);
            rest = after;
            continue;
        }
        let (value, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        fields.push(Some(value));
        rest = after;
    }
    rest.is_empty().then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_they_stop_being_rows() {
        let row = [0, 0, 0, 11, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'x'];
        let good = [row, row].concat();
        assert_eq!(Rows::new(&good).collect::<Vec<_>>(), vec![vec![None, Some(&b"x"[..])]; 2]);
        for length in 0..good.len() {
            let mut rows = Rows::new(&good[..length]);
            assert_eq!(rows.by_ref().count(), length / row.len());
            assert_eq!(rows.rest().len(), length % row.len());
        }
        assert_eq!(Rows::new(&[0xff; 64]).count(), 0);
        let many = [&[0, 0, 0, 2][..], &[0xff, 0xff]].concat();
        assert_eq!(Rows::new(&many).count(), 0);
    }
}
