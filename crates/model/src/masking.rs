use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::DataClass;

/// How values of a class are masked, as a rule writes it: `redact`, `keep_last(4)`, `bucket(10)`.
///
/// The keys that some of them need, and what each does to which type, are `mask`'s business.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Masking {
    /// `redact`: nothing of the value stays.
    Redact,
    /// `tag`: the class's name stands in its place, as in `[us_ssn]`.
    Tag,
    /// `keep_first(n)`: the first `n` letters and digits stay.
    KeepFirst(u8),
    /// `keep_last(n)`: the last `n` letters and digits stay.
    KeepLast(u8),
    /// `keep_domain`: the domain of an email address stays, as in `***@example.com`.
    KeepDomain,
    /// `email`: the first letter and the domain of an email address stay, as in `a***@example.com`.
    Email,
    /// `null`: the absence of a value.
    Null,
    /// `default`: the type's own empty value: `0`, an empty text, `1970-01-01`, `false`.
    Default,
    /// `date_year`: the year stays, as its first of January.
    DateYear,
    /// `date_month`: year and month stay, as the month's first day.
    DateMonth,
    /// `bucket(n)`: a number becomes the lower end of its bucket of width `n`; never 0.
    Bucket(u64),
    /// `hash`: a keyed hash (HMAC) of the normalised value: equal values stay equal, so joins and
    /// grouping still work. Under `hash(scope)` they stay equal across resources of that scope too.
    Hash(Option<Arc<str>>),
    /// `format`: other digits and letters in the same shape, by format-preserving encryption (FF1).
    Format,
    /// `token`: a token that those who may can turn back.
    Token,
    /// `deny_row`: a row that holds such a value is not shown at all.
    DenyRow,
}

/// Whether facts about a value that are not the value (its length, whether it is NULL, how many
/// there are, what a comparison says) may show where the value must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Derived {
    /// They are masked as the value is.
    #[default]
    Mask,
    /// They show.
    Clear,
}

/// A class that a house defines for itself. A value must match the pattern or stand in the
/// dictionary, and pass the checksum; bare of context words it is found only when there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDefinition {
    /// Its name.
    pub class: DataClass,
    /// What it is, in a sentence.
    pub what: String,
    /// A regular expression over bytes, without look-around and back-references.
    pub pattern: Option<String>,
    /// Whole words, compared without case.
    pub dictionary: Vec<String>,
    /// The name of a check over the digits and letters of what was matched: `luhn`, `mod97`, ….
    pub checksum: Option<String>,
    /// Words of which one must stand before it, when there are any.
    pub context: Vec<String>,
}

/// A text that names no way of masking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no way of masking: write redact, tag, keep_first(n), keep_last(n), keep_domain, email, null, \
     default, date_year, date_month, bucket(n), hash, hash(scope), format, token or deny_row"
)]
pub struct UnknownMasking(String);

impl FromStr for Masking {
    type Err = UnknownMasking;

    fn from_str(text: &str) -> Result<Self, UnknownMasking> {
        let unknown = || UnknownMasking(text.to_owned());
        let (name, argument) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(unknown)?.trim())),
        };
        Ok(match (name.trim(), argument) {
            ("redact", None) => Self::Redact,
            ("tag", None) => Self::Tag,
            ("keep_first", Some(n)) => Self::KeepFirst(n.parse().map_err(|_| unknown())?),
            ("keep_last", Some(n)) => Self::KeepLast(n.parse().map_err(|_| unknown())?),
            ("keep_domain", None) => Self::KeepDomain,
            ("email", None) => Self::Email,
            ("null", None) => Self::Null,
            ("default", None) => Self::Default,
            ("date_year", None) => Self::DateYear,
            ("date_month", None) => Self::DateMonth,
            ("bucket", Some(n)) => match n.parse().map_err(|_| unknown())? {
                0 => return Err(unknown()),
                width => Self::Bucket(width),
            },
            ("hash", None) => Self::Hash(None),
            ("hash", Some(scope)) if DataClass::new(scope).is_some() => {
                Self::Hash(Some(scope.into()))
            }
            ("format", None) => Self::Format,
            ("token", None) => Self::Token,
            ("deny_row", None) => Self::DenyRow,
            _ => return Err(unknown()),
        })
    }
}

impl fmt::Display for Masking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redact => f.write_str("redact"),
            Self::Tag => f.write_str("tag"),
            Self::KeepFirst(n) => write!(f, "keep_first({n})"),
            Self::KeepLast(n) => write!(f, "keep_last({n})"),
            Self::KeepDomain => f.write_str("keep_domain"),
            Self::Email => f.write_str("email"),
            Self::Null => f.write_str("null"),
            Self::Default => f.write_str("default"),
            Self::DateYear => f.write_str("date_year"),
            Self::DateMonth => f.write_str("date_month"),
            Self::Bucket(width) => write!(f, "bucket({width})"),
            Self::Hash(None) => f.write_str("hash"),
            Self::Hash(Some(scope)) => write!(f, "hash({scope})"),
            Self::Format => f.write_str("format"),
            Self::Token => f.write_str("token"),
            Self::DenyRow => f.write_str("deny_row"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "redact",
            "tag",
            "keep_first(2)",
            "keep_last(4)",
            "keep_domain",
            "email",
            "null",
            "default",
            "date_year",
            "date_month",
            "bucket(10)",
            "hash",
            "hash(people)",
            "format",
            "token",
            "deny_row",
        ] {
            assert_eq!(text.parse::<Masking>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_masking_is_refused_with_what_there_is() {
        for text in [
            "",
            "Redact",
            "bucket(0)",
            "keep_last",
            "keep_last(300)",
            "hash(",
            "hash(A b)",
            "redact()",
        ] {
            let error = text.parse::<Masking>().unwrap_err().to_string();
            assert!(error.contains("keep_last(n)"), "{error}");
        }
    }
}
