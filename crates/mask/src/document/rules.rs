use std::sync::Arc;

use model::DataClass;

use crate::{Detectors, JsonPath, Operator};

/// What is masked in a document: what stands at some paths, under some names, and what some detectors find.
///
/// Made once per resource and set of revealed classes; then shared by every document.
pub struct DocumentRules {
    pub(super) detectors: Arc<Detectors>,
    /// Whether they find anything.
    pub(super) searched: bool,
    rules: Vec<Rule>,
    paths: Vec<(JsonPath, usize)>,
    names: Names,
}

/// How what it names is masked, and as what it counts.
pub(super) struct Rule {
    pub(super) class: DataClass,
    pub(super) operator: Operator,
}

/// Names that have rules, folded and in order.
#[derive(Default)]
struct Names {
    all: Vec<(Box<[u8]>, Vec<usize>)>,
    /// A bit for each length of one; the last for all that are longer.
    lengths: u64,
}

impl DocumentRules {
    /// What these detectors find, in every string, name and number.
    #[must_use]
    pub fn new(detectors: Arc<Detectors>) -> Self {
        let searched = !detectors.is_none();
        let (rules, paths, names) = (Vec::new(), Vec::new(), Names::default());
        Self { detectors, searched, rules, paths, names }
    }

    /// And what stands at a path. Where several rules meet, the strictest operator holds.
    #[must_use]
    pub fn path(mut self, path: JsonPath, class: DataClass, operator: Operator) -> Self {
        self.paths.push((path, self.rules.len()));
        self.rules.push(Rule { class, operator });
        self
    }

    /// And the value of every member of this name, wherever it stands and in whatever case it is written.
    #[must_use]
    pub fn name(mut self, name: &str, class: DataClass, operator: Operator) -> Self {
        self.names.add(name, self.rules.len());
        self.rules.push(Rule { class, operator });
        self
    }

    /// Whether there is nothing to mask.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.rules.is_empty() && !self.searched
    }

    /// Whether names of members decide anything.
    pub(super) const fn wants_names(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(super) fn rule(&self, rule: usize) -> Option<&Rule> {
        self.rules.get(rule)
    }

    pub(super) const fn paths(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn path_at(&self, path: usize) -> Option<(&JsonPath, usize)> {
        self.paths.get(path).map(|(path, rule)| (path, *rule))
    }

    /// The place of a name that has rules.
    pub(super) fn named(&self, name: &[u8]) -> Option<usize> {
        self.names.find(name)
    }

    /// The rules of the name of that place.
    pub(super) fn rules_of(&self, named: usize) -> &[usize] {
        self.names.all.get(named).map(|(_, rules)| rules.as_slice()).unwrap_or_default()
    }
}

impl Names {
    fn add(&mut self, name: &str, rule: usize) {
        let folded = folded(name).into_bytes();
        self.lengths |= length_bit(folded.len());
        match self.all.binary_search_by(|(known, _)| (**known).cmp(&folded)) {
            Ok(place) => self.all.get_mut(place).into_iter().for_each(|(_, all)| all.push(rule)),
            Err(place) => self.all.insert(place, (folded.into(), vec![rule])),
        }
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        if name.is_ascii() {
            // Most names have none, and most of those no length of one.
            if self.lengths & length_bit(name.len()) == 0 {
                return None;
            }
            let order =
                |known: &[u8]| known.iter().copied().cmp(name.iter().map(u8::to_ascii_lowercase));
            return self.all.binary_search_by(|(known, _)| order(known)).ok();
        }
        if self.all.is_empty() {
            return None;
        }
        let folded = folded(&String::from_utf8_lossy(name)).into_bytes();
        self.all.binary_search_by(|(known, _)| (**known).cmp(&folded)).ok()
    }
}

const fn length_bit(length: usize) -> u64 {
    1 << if length < 63 { length } else { 63 }
}

/// Without case: some readers take `ſ` for an `s` and the sign of Kelvin for a `k`.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_case() {
        let mut names = Names::default();
        let long = "n".repeat(200);
        for (rule, name) in ["ssn", "Kontonummer", "Größe", "SSN", "", &long].iter().enumerate() {
            names.add(name, rule);
        }
        let rules = |name: &str| names.find(name.as_bytes()).map(|at| names.all[at].1.clone());
        for name in ["ssn", "SSN", "sSn", "ſSN"] {
            assert_eq!(rules(name), Some(vec![0, 3]), "{name}");
        }
        assert_eq!(rules("\u{212A}ONTOnummer"), Some(vec![1]));
        assert_eq!(rules("GRÖSSE"), Some(vec![2]));
        assert_eq!(rules(""), Some(vec![4]));
        assert_eq!(rules(&"N".repeat(200)), Some(vec![5]));
        for name in ["ss", "ssn ", "ssnn", "tss", "größ", "n"] {
            assert_eq!(rules(name), None, "{name}");
        }
    }
}
