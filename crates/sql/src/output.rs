use std::ops::Range;

use crate::Lineage;

/// The columns of a statement's result, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Outputs {
    /// It returns no rows.
    #[default]
    None,
    /// One for each item of the target list, in order; a [`Output::Many`] stands for any number of
    /// columns.
    Rows(Vec<Output>),
    /// It may return rows and the text does not tell which.
    Unknown,
}

/// One item of a target list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// One column.
    Column {
        /// Its name, where that can be told.
        name: Option<Box<str>>,
        /// Where it comes from.
        from: Lineage,
    },
    /// A star over columns that are not known: any number of columns, each from any of this.
    Many(Lineage),
}

impl Output {
    /// Where it comes from.
    #[must_use]
    pub const fn from(&self) -> &Lineage {
        match self {
            Self::Column { from, .. } | Self::Many(from) => from,
        }
    }
}

impl Outputs {
    /// Which items the column at `index` of a result with `count` columns may be: one, or several
    /// where a star of unknown length makes the place doubtful. `None`: nothing is known.
    #[must_use]
    pub fn place(&self, index: usize, count: usize) -> Option<Range<usize>> {
        let Self::Rows(items) = self else { return None };
        let stars = items.iter().filter(|item| matches!(item, Output::Many(_))).count();
        let single = items.len() - stars;
        if index >= count || single > count || (stars == 0 && single != count) {
            return None;
        }
        let is_star = |item: &Output| matches!(item, Output::Many(_));
        let first = items.iter().position(is_star).unwrap_or(items.len());
        let last = items.iter().rposition(is_star).map_or(items.len(), |last| last + 1);
        let behind = items.len() - last;
        Some(if index < first {
            index..index + 1
        } else if index + behind >= count {
            let at = items.len() - (count - index);
            at..at + 1
        } else {
            first..last
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Output {
        Output::Column { name: Some(name.into()), from: Lineage::default() }
    }

    fn names(outputs: &Outputs, index: usize, count: usize) -> Option<String> {
        let name = |output: &Output| match output {
            Output::Column { name, .. } => name.as_deref().unwrap_or("?").to_owned(),
            Output::Many(_) => "*".to_owned(),
        };
        let Outputs::Rows(items) = outputs else { return None };
        let place = outputs.place(index, count)?;
        Some(items[place].iter().map(name).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_place_behind_a_star_is_counted_from_the_end() {
        let one = Outputs::Rows(vec![
            column("a"),
            Output::Many(Lineage::default()),
            column("b"),
            column("c"),
        ]);
        for (index, count, name) in [
            (0, 5, Some("a")),
            (1, 5, Some("*")),
            (2, 5, Some("*")),
            (3, 5, Some("b")),
            (4, 5, Some("c")),
            (1, 3, Some("b")),
            (5, 5, None),
            (0, 2, None),
        ] {
            assert_eq!(names(&one, index, count).as_deref(), name, "{index} of {count}");
        }
    }

    #[test]
    fn between_two_stars_a_place_may_be_any() {
        let star = || Output::Many(Lineage::default());
        let two = Outputs::Rows(vec![star(), column("a"), star(), column("b")]);
        assert_eq!(names(&two, 0, 6).as_deref(), Some("* a *"));
        assert_eq!(names(&two, 4, 6).as_deref(), Some("* a *"));
        assert_eq!(names(&two, 5, 6).as_deref(), Some("b"));
    }

    #[test]
    fn a_result_of_another_width_than_the_text_says_is_not_known() {
        let two = Outputs::Rows(vec![column("a"), column("b")]);
        assert_eq!(names(&two, 0, 3), None);
        assert_eq!(names(&two, 1, 2).as_deref(), Some("b"));
        assert_eq!(Outputs::Unknown.place(0, 1), None);
    }
}
