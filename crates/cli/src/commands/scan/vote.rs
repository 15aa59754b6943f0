//! What the values of one column say it holds. Values are looked at and counted; none is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use mask::{Ballot, DataClass, Detectors, Hints};

use super::tables::Column;

/// What was counted.
pub(super) struct Vote {
    /// Values that are not NULL.
    pub(super) values: usize,
    /// Those that are masked for whoever looks: they count neither for nor against a class.
    pub(super) masked: usize,
    ballot: Ballot,
    /// How many hold a class beside other things.
    within: BTreeMap<DataClass, usize>,
}

/// What a column is taken for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    /// A column of this class, and the evidence for it.
    Column(DataClass, String),
    /// Values that hold a class somewhere, with how many do.
    Within(Vec<(DataClass, usize)>),
    /// Nothing known.
    Nothing,
}

/// Every detector there is.
static ALL: LazyLock<Detectors> = LazyLock::new(Detectors::all);

impl Vote {
    /// Counts the values of a column; `None` is NULL.
    pub(super) fn of<'a>(
        column: &Column,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Self {
        let hints = Hints {
            name: &column.name,
            type_name: &column.type_name,
            comment: column.comment.as_deref(),
            label: column.label.as_deref(),
            domain: column.domain.as_deref(),
        };
        let ballot = Ballot::new(&hints).for_review(usize::MAX);
        let mut vote = Self { values: 0, masked: 0, ballot, within: BTreeMap::new() };
        for value in values.into_iter().flatten() {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            vote.values += 1;
            if is_masked(value) {
                vote.masked += 1;
            } else {
                vote.count(&shown(column, value));
            }
        }
        vote
    }

    fn count(&mut self, value: &str) {
        if self.ballot.take(&ALL, value.as_bytes()) {
            return;
        }
        let found = ALL.find(value.as_bytes());
        let mut seen: Vec<&DataClass> = found.iter().map(|found| &found.class).collect();
        seen.sort_unstable();
        seen.dedup();
        for class in seen {
            *self.within.entry(class.clone()).or_default() += 1;
        }
    }

    /// What it comes to.
    pub(super) fn opinion(&self) -> Opinion {
        if let Some(proposal) = self.ballot.verdict() {
            return Opinion::Column(proposal.class, proposal.why);
        }
        let mut within = self.within.clone();
        for (class, count) in self.ballot.counts() {
            *within.entry(class).or_default() += count;
        }
        if within.is_empty() {
            Opinion::Nothing
        } else {
            Opinion::Within(within.into_iter().collect())
        }
    }
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
            label: None,
            type_oid: 25,
        };
        told(&column, values)
    }

    fn told(column: &Column, values: &[&str]) -> String {
        let vote = Vote::of(column, values.iter().map(|value| Some(*value)));
        match vote.opinion() {
            Opinion::Column(class, why) => format!("{class} {why}"),
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
            ("contact", "text", &["ann@example.com", "bo@example.org"][..], "email 2 of 2 pass"),
            (
                "card",
                "text",
                &["4539148803436467", "5555 5555 5555 4444"],
                "credit_card 2 of 2 pass; name says so",
            ),
            ("ssn", "int8", &["536228726", "219099999"], "us_ssn 2 of 2 pass; name says so"),
            ("order_ref", "int8", &["4539148803436467"], "within: credit_card 1"),
            ("balance", "int8", &["536228726", "219099999"], "0 masked"),
            ("photo", "bytea", &["\\x3533362d32322d38373236"], "us_ssn 1 of 1 pass"),
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
    fn what_the_server_says_of_a_column_is_evidence() {
        let plain = Column {
            name: "ref".into(),
            type_name: "int8".into(),
            domain: None,
            comment: None,
            label: None,
            type_oid: 20,
        };
        let values = ["536228726", "219099999", "n/a", "457555462", "536228727"];
        assert_eq!(told(&plain, &values), "0 masked");
        for (column, says) in [
            (Column { comment: Some("SSN of who pays".into()), ..plain.clone() }, "comment"),
            (Column { label: Some("us_ssn".into()), ..plain.clone() }, "label"),
            (Column { domain: Some("ssn_t".into()), ..plain.clone() }, "domain"),
        ] {
            let expected = format!("us_ssn 4 of 5 pass; {says} says so");
            assert_eq!(told(&column, &values), expected);
        }
    }
}
