mod format;
mod keep;
mod keys;
mod normal;
mod token;

use std::fmt;
use std::sync::Arc;

use model::{DataClass, Masking};

pub use format::FormatKey;
pub(crate) use keep::{keep_domain, keep_last};
pub(crate) use keys::Hashed;
pub use keys::{HashKey, MaskKeys};
pub use token::{TokenKey, class_of_token, detokenise};

use crate::value::date::Keep;

/// What stands in the place of a whole masked text.
pub(crate) const MASKED: &[u8] = b"[masked]";

/// How a value is masked: a [`Masking`] with the keys it needs.
#[derive(Clone)]
pub enum Operator {
    /// `[masked]` stands in its place, NULL where the type has no text.
    Redact,
    /// The class's name stands in its place: `[us_ssn]`.
    Tag(DataClass),
    /// The first so many letters and digits stay, the others become `*`; separators stay where they are.
    /// A value of not more than twice as many is masked altogether.
    KeepFirst(usize),
    /// The last so many letters and digits stay, likewise.
    KeepLast(usize),
    /// The domain of an email address stays: `***@example.com`.
    KeepDomain,
    /// The first letter too, of a local part of at least three: `a***@example.com`.
    Email,
    /// NULL.
    Null,
    /// The type's own empty value: `0`, an empty text, `1970-01-01`, `false`, `{}`.
    Default,
    /// The year of a date stays: its first of January.
    DateYear,
    /// Year and month of a date stay: the month's first day.
    DateMonth,
    /// A number becomes the largest multiple of this that is not above it.
    Bucket(u64),
    /// A keyed hash: equal values stay equal, so joins and grouping still work.
    Hash(Arc<HashKey>),
    /// Other digits and letters in the same shape, the same for equal values.
    Format(Arc<FormatKey>),
    /// A token that [`detokenise`] turns back.
    Token(Arc<TokenKey>),
    /// The row is not shown at all: see [`Operator::denies_row`]. As a value it is NULL.
    DenyRow,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redact => f.write_str("redact"),
            Self::Tag(_) => f.write_str("tag"),
            Self::KeepFirst(n) => write!(f, "keep_first({n})"),
            Self::KeepLast(n) => write!(f, "keep_last({n})"),
            Self::KeepDomain => f.write_str("keep_domain"),
            Self::Email => f.write_str("email"),
            Self::Null => f.write_str("null"),
            Self::Default => f.write_str("default"),
            Self::DateYear => f.write_str("date_year"),
            Self::DateMonth => f.write_str("date_month"),
            Self::Bucket(width) => write!(f, "bucket({width})"),
            Self::Hash(_) => f.write_str("hash"),
            Self::Format(_) => f.write_str("format"),
            Self::Token(_) => f.write_str("token"),
            Self::DenyRow => f.write_str("deny_row"),
        }
    }
}

/// Shows the operator, never its key.
impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Operator {
    /// What masks values of `class` as a rule says, under these keys.
    #[must_use]
    pub fn new(masking: &Masking, class: &DataClass, keys: &MaskKeys) -> Self {
        match masking {
            Masking::Redact => Self::Redact,
            Masking::Tag => Self::Tag(class.clone()),
            Masking::KeepFirst(n) => Self::KeepFirst((*n).into()),
            Masking::KeepLast(n) => Self::KeepLast((*n).into()),
            Masking::KeepDomain => Self::KeepDomain,
            Masking::Email => Self::Email,
            Masking::Null => Self::Null,
            Masking::Default => Self::Default,
            Masking::DateYear => Self::DateYear,
            Masking::DateMonth => Self::DateMonth,
            Masking::Bucket(width) => Self::Bucket((*width).max(1)),
            Masking::Hash(scope) => Self::Hash(Arc::new(keys.hash(class, scope.as_deref()))),
            // A key of 32 bytes suits both; what could not be made would mask altogether.
            Masking::Format => FormatKey::new(&keys.format(class))
                .map_or(Self::Redact, |key| Self::Format(Arc::new(key))),
            Masking::Token => {
                TokenKey::new(keys, class).map_or(Self::Redact, |key| Self::Token(Arc::new(key)))
            }
            Masking::DenyRow => Self::DenyRow,
        }
    }

    /// Whether a row that holds such a value is to be left out. Where it cannot be, the value is NULL.
    #[must_use]
    pub const fn denies_row(&self) -> bool {
        matches!(self, Self::DenyRow)
    }

    /// The one of two that leaves less; `a` when neither does.
    #[must_use]
    pub fn strictest(a: Self, b: Self) -> Self {
        if b.rank() > a.rank() { b } else { a }
    }

    /// Whether it says nothing of the value, so that it may mask what was computed from the value too.
    pub(crate) const fn hides_all(&self) -> bool {
        matches!(self, Self::Redact | Self::Tag(_) | Self::Null | Self::Default | Self::DenyRow)
    }

    /// What leaves less of a value ranks higher: a part of it, its like, that it equals another one,
    /// its class, nothing, not even the row.
    const fn rank(&self) -> (u8, u64) {
        match self {
            Self::KeepFirst(n) => (0, u64::MAX - *n as u64),
            Self::KeepLast(n) => (1, u64::MAX - *n as u64),
            Self::Email => (2, 0),
            Self::KeepDomain => (3, 0),
            Self::DateMonth => (4, 0),
            Self::DateYear => (5, 0),
            Self::Bucket(width) => (6, *width),
            Self::Token(_) => (7, 0),
            Self::Format(_) => (8, 0),
            Self::Hash(_) => (9, 0),
            Self::Tag(_) => (10, 0),
            Self::Default => (11, 0),
            Self::Redact => (12, 0),
            Self::Null => (13, 0),
            Self::DenyRow => (14, 0),
        }
    }

    /// Masks a part of a text in place, with nothing that needs escaping in JSON, arrays or records.
    /// `false`: it has no form for a part, and nothing was written.
    pub(crate) fn mask_part(&self, found: &[u8], out: &mut Vec<u8>) -> bool {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.');
        match self {
            Self::Redact
            | Self::KeepFirst(_)
            | Self::KeepLast(_)
            | Self::KeepDomain
            | Self::Email
            | Self::Hash(_)
            | Self::Token(..) => self.mask_text(found, out),
            // It keeps the punctuation that it finds.
            Self::Format(..) if found.iter().all(plain) => self.mask_text(found, out),
            Self::Format(..)
            | Self::Tag(_)
            | Self::Null
            | Self::Default
            | Self::DateYear
            | Self::DateMonth
            | Self::Bucket(_)
            | Self::DenyRow => false,
        }
    }

    /// Masks a whole text. What it writes needs no escaping in JSON, arrays or records, unless the
    /// operator is `format`, which keeps the punctuation it found. `false`: NULL is all that is left.
    pub(crate) fn mask_text(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let at = out.len();
        let done = match self {
            Self::Redact => false,
            Self::Tag(class) => {
                push_tag(class, out);
                true
            }
            Self::KeepFirst(n) => {
                keep::keep_first(*n, text, out);
                true
            }
            Self::KeepLast(n) => {
                keep_last(*n, text, out);
                true
            }
            Self::KeepDomain => {
                keep_domain(text, out);
                true
            }
            Self::Email => {
                keep::keep_email(text, out);
                true
            }
            Self::Null | Self::DenyRow => return false,
            Self::Default => true,
            Self::DateYear => crate::value::date::keep_of_text(Keep::Year, text, out),
            Self::DateMonth => crate::value::date::keep_of_text(Keep::Month, text, out),
            Self::Bucket(width) => crate::value::number::bucket_text(*width, text, out),
            Self::Hash(key) => {
                push_hex(&key.bytes::<16>(Hashed::Text, text), out);
                true
            }
            Self::Format(key) => {
                key.text(text, out);
                true
            }
            Self::Token(key) => key.token(text, out),
        };
        if !done {
            out.truncate(at);
            out.extend_from_slice(MASKED);
        }
        true
    }
}

pub(crate) fn push_tag(class: &DataClass, out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(class.as_str().as_bytes());
    out.push(b']');
}

pub(crate) fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| DIGITS.get(usize::from(n & 15)).copied().unwrap_or(b'0');
    out.extend(bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]));
}

#[cfg(test)]
mod tests;
