use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// A text that is no id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected 26 letters and digits, for example 01jbv3y8x6q4t0w9m2c7z5k1ha")]
pub struct IdError;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A ULID: 48 bits of time, 80 of randomness; sorts by time, prints as 26 lower-case
        /// characters of Crockford's base 32.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u128);

        impl $name {
            /// From the time and 80 bits of `randomness` (higher bits are dropped).
            #[must_use]
            pub fn new(now: crate::Timestamp, randomness: u128) -> Self {
                Self(Ulid::from_parts(now.as_micros() / 1000, randomness).0)
            }

            /// The 128 bits, for an evidence frame.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// From the 128 bits of [`Self::to_bytes`].
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0; ulid::ULID_LEN];
                f.write_str(&Ulid(self.0).array_to_str(&mut buffer).to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Ulid::from_string(text).map(|ulid| Self(ulid.0)).map_err(|_| IdError)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id_type! {
    /// Names one session: one grant in use, from accept to close. A recording's file name holds it.
    SessionId
}
id_type! {
    /// Names one request for a human's approval, bound to one command of one session.
    ApprovalId
}
id_type! {
    /// Names a Sluice token without being able to stand in for it: safe to print and to log.
    TokenId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn an_id_prints_in_lower_case_and_reads_back() {
        let id = SessionId::new(Timestamp::from_secs(1_700_000_000), 42);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(text, text.to_lowercase());
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(SessionId::from_bytes(id.to_bytes()), id);
    }

    #[test]
    fn later_ids_sort_later() {
        let earlier = SessionId::new(Timestamp::from_secs(1), u128::MAX);
        let later = SessionId::new(Timestamp::from_secs(2), 0);
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }

    #[test]
    fn nonsense_is_no_id() {
        for text in ["", "x", "01jbv3y8x6q4t0w9m2c7z5k1h", "../../../../../etc/passwd.."] {
            assert!(text.parse::<SessionId>().is_err(), "{text}");
        }
    }
}
