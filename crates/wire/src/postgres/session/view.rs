//! What one identity may see in clear, and so what must be masked for it.

use std::sync::Arc;

use mask::Detectors;
use model::Classes;

use crate::postgres::library::{Exposure, Library};

/// The masks of a session, made from the terms its commands run on.
pub(super) struct View {
    pub(super) reveal: Arc<Classes>,
    /// What is looked for in every text.
    pub(super) detectors: Detectors,
    /// Classes of columns that must not show.
    hidden: Classes,
    /// Classes of which facts may show.
    telling: Classes,
    /// Nothing is masked: there is nothing sensitive, or all of it may be seen.
    pub(super) clear: bool,
}

impl View {
    pub(super) fn new(library: &Library, reveal: Arc<Classes>) -> Self {
        let hidden: Classes = library.ruled().difference(&reveal).cloned().collect();
        let detectors = library.detectors(&reveal);
        let clear = !library.has_data_classes() || (hidden.is_empty() && detectors.is_none());
        Self { reveal, detectors, hidden, telling: library.telling().clone(), clear }
    }

    /// Whether any column's class must not show.
    pub(super) fn hides_columns(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Of these classes, those that must not show.
    pub(super) fn hidden_of(&self, classes: &Classes) -> Classes {
        classes.intersection(&self.hidden).cloned().collect()
    }

    /// Of these classes, those of which not even a fact may show.
    pub(super) fn hidden_facts(&self, classes: &Classes) -> Classes {
        let hidden = classes.intersection(&self.hidden);
        hidden.filter(|class| !self.telling.contains(*class)).cloned().collect()
    }

    /// Whether a statement of this exposure may bring something to light that must not show.
    pub(super) fn is_exposed(&self, exposure: &Exposure) -> bool {
        exposure.classes.iter().any(|class| self.hidden.contains(class))
    }

    /// Every class of a column that must not show.
    pub(super) const fn hidden(&self) -> &Classes {
        &self.hidden
    }
}
