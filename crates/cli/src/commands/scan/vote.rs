//! What the values of one column say it holds. Values are looked at and counted; none is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use mask::{DataClass, Detectors};

use super::tables::Column;

/// So many in a hundred of a column's values must pass for the column to be of the class. Below it, a
/// class is found within values, here and there.
const MOST: usize = 80;

/// Words of class names that say nothing alone.
const VAGUE: [&str; 8] = ["address", "card", "code", "date", "key", "name", "number", "private"];

/// What was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Vote {
    /// Values that are not NULL.
    pub(super) values: usize,
    /// Those that are masked for whoever looks.
    pub(super) masked: usize,
    /// How many are a class and nothing else.
    whole: BTreeMap<DataClass, usize>,
    /// How many hold a class beside other things.
    within: BTreeMap<DataClass, usize>,
}

/// What a column is taken for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    /// A column of this class, which so many values pass as.
    Column(DataClass, usize),
    /// Values that hold a class somewhere, with how many do.
    Within(Vec<(DataClass, usize)>),
    /// Nothing known.
    Nothing,
}

/// Every detector there is.
static ALL: LazyLock<Detectors> = LazyLock::new(|| {
    let found = mask::catalogue().iter().filter(|info| info.has_detector);
    let classes = found.filter_map(|info| DataClass::new(info.name)).collect();
    Detectors::new(&classes).unwrap_or_else(|_| Detectors::none())
});

impl Vote {
    /// Counts the values of a column; `None` is NULL.
    pub(super) fn of<'a>(
        column: &Column,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Self {
        let words = column.name.replace(['_', '-'], " ");
        let mut vote = Self::default();
        for value in values.into_iter().flatten() {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            vote.values += 1;
            if is_masked(value) {
                vote.masked += 1;
            } else {
                vote.count(&words, &shown(column, value));
            }
        }
        vote
    }

    fn count(&mut self, words: &str, value: &str) {
        let plain = ALL.find(value.as_bytes());
        // A bare number is told by what stands in front of it, which in a table is its column's name.
        let prefix = format!("{words}: ");
        let named = format!("{prefix}{value}");
        let named = ALL.find(named.as_bytes());
        let whole =
            plain.iter().find(|found| (found.start, found.end) == (0, value.len())).or_else(|| {
                named.iter().find(|found| {
                    found.start == prefix.len() && found.end == prefix.len() + value.len()
                })
            });
        if let Some(found) = whole {
            *self.whole.entry(found.class.clone()).or_default() += 1;
            return;
        }
        let mut seen: Vec<&DataClass> = plain.iter().map(|found| &found.class).collect();
        seen.sort_unstable();
        seen.dedup();
        for class in seen {
            *self.within.entry(class.clone()).or_default() += 1;
        }
    }

    /// What it comes to. Masked values are not counted against a class.
    pub(super) fn opinion(&self) -> Opinion {
        let seen = self.values - self.masked;
        let most = self.whole.iter().max_by_key(|(_, count)| **count);
        if let Some((class, &count)) = most
            && count * 100 >= seen * MOST
        {
            return Opinion::Column(class.clone(), count);
        }
        let mut within = self.within.clone();
        for (class, count) in &self.whole {
            *within.entry(class.clone()).or_default() += count;
        }
        if within.is_empty() {
            Opinion::Nothing
        } else {
            Opinion::Within(within.into_iter().collect())
        }
    }
}

/// The word of a column's name that a class has in its name too.
pub(super) fn named<'a>(column: &str, class: &'a DataClass) -> Option<&'a str> {
    let lower = column.to_lowercase();
    let of_column = |word: &&str| {
        word.len() > 2
            && !VAGUE.contains(word)
            && lower.split(|c: char| !c.is_alphanumeric()).any(|own| own == *word)
    };
    class.as_str().split('_').find(of_column)
}

/// Whether a value is what the gateway puts in the place of one.
fn is_masked(value: &str) -> bool {
    let tag = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_tag = |name: &str| name == "masked" || DataClass::new(name).is_some();
    value.contains("***") || value.contains("[masked]") || tag.is_some_and(is_tag)
}

/// Bytes that are text, as that text.
fn shown<'a>(column: &Column, value: &'a str) -> Cow<'a, str> {
    let digits = value.strip_prefix("\\x").filter(|_| column.type_name == "bytea");
    let text = digits.and_then(|digits| hex::decode(digits.get(..digits.len() & !1)?).ok());
    match text.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(name: &str, type_name: &str, values: &[&str]) -> String {
        let column = Column {
            name: name.into(),
            type_name: type_name.into(),
            domain: None,
            comment: None,
            type_oid: 25,
        };
        let vote = Vote::of(&column, values.iter().map(|value| Some(*value)));
        match vote.opinion() {
            Opinion::Column(class, count) => format!("{class} {count}"),
            Opinion::Within(classes) => {
                let each: Vec<_> =
                    classes.iter().map(|(class, n)| format!("{class} {n}")).collect();
                format!("within: {}", each.join(", "))
            }
            Opinion::Nothing => format!("{} masked", vote.masked),
        }
    }

    #[test]
    fn a_column_is_what_most_of_its_values_are() {
        for (name, type_name, values, expected) in [
            ("contact", "text", &["ann@example.com", "bo@example.org"][..], "email 2"),
            ("pay", "text", &["4539148803436467", "5555 5555 5555 4444"], "credit_card 2"),
            ("ssn", "int8", &["536228726", "219099999"], "us_ssn 2"),
            ("balance", "int8", &["536228726", "219099999"], "0 masked"),
            ("photo", "bytea", &["\\x3533362d32322d38373236"], "us_ssn 1"),
            ("item", "text", &["item 1", "item 2"], "0 masked"),
            ("pay", "text", &["4539148803436467", "n/a", "none"], "within: credit_card 1"),
            ("notes", "text", &["paid with 4539 1488 0343 6467", "hello"], "within: credit_card 1"),
            ("ssn", "text", &["[us_ssn]", "[masked]", "***-**-6789"], "3 masked"),
            ("ids", "_text", &["[a]", "{}"], "1 masked"),
        ] {
            assert_eq!(opinion(name, type_name, values), expected, "{name} {values:?}");
        }
    }

    #[test]
    fn a_name_says_something_by_a_word_that_is_not_vague() {
        let class = |name| DataClass::new(name).unwrap();
        assert_eq!(named("Customer_SSN", &class("us_ssn")), Some("ssn"));
        assert_eq!(named("home_address", &class("ip_address")), None);
        assert_eq!(named("status", &class("us_ssn")), None);
    }
}
