/// What became of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masked {
    /// It may pass as it is; nothing was written.
    Kept,
    /// What was appended to the output stands in its place.
    Replaced,
    /// The absence of a value stands in its place.
    Null,
}

/// (field, bytes) → bytes. Pure: the same value is always masked the same way.
pub trait Masker {
    /// Masks the value of `field` (a column's index in its result). Appends to `out` only when it
    /// answers [`Masked::Replaced`].
    fn mask(&self, field: usize, value: &[u8], out: &mut Vec<u8>) -> Masked;
}
