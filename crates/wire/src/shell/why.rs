use std::borrow::Cow;

/// Why a line is not understood, for the person who reads the refusal.
#[derive(Debug)]
pub(super) struct Why(pub(super) Cow<'static, str>);

pub(super) type Result<T> = std::result::Result<T, Why>;

/// Not understood, for a reason that needs no name.
pub(super) fn unread<T>(why: &'static str) -> Result<T> {
    Err(Why(Cow::Borrowed(why)))
}

/// Not understood, and the name of what.
pub(super) fn unread_named<T>(name: &str, why: &str) -> Result<T> {
    const LONGEST: usize = 60;
    let cut = name.char_indices().nth(LONGEST).map_or(name, |(at, _)| name.get(..at).unwrap_or(""));
    Err(Why(Cow::Owned(format!("{cut}: {why}"))))
}
