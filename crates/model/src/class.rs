use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A kind of sensitive data: `email`, `credit_card`, `us_ssn`, …
///
/// A name of lower-case letters, digits and underscores; which names have a detector and which
/// operator masks them is `mask`'s business.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DataClass(Arc<str>);

/// A set of data classes, in order of their names.
pub type Classes = BTreeSet<DataClass>;

impl DataClass {
    /// A class by its name, or nothing when the name is not one (`[a-z][a-z0-9_]*`, at most 64).
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let mut letters = name.bytes();
        let starts = letters.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on = letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        (starts && goes_on && name.len() <= 64).then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataClass({})", self.0)
    }
}

impl TryFrom<String> for DataClass {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::new(&name).ok_or_else(|| {
            format!("`{name}` is no data class: use lower-case letters, digits and underscores, as in `us_ssn`")
        })
    }
}

impl From<DataClass> for String {
    fn from(class: DataClass) -> Self {
        class.as_str().to_owned()
    }
}
