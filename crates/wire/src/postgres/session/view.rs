//! What one identity may see in clear, and so what must be masked for it.

use std::sync::Arc;

use mask::{Detectors, Treatments};
use model::{Classes, DataClass};

use crate::postgres::library::{Exposure, Library};

/// The masks of a session, made from the terms its commands run on.
pub(super) struct View {
    pub(super) reveal: Arc<Classes>,
    /// What is looked for in every text.
    pub(super) detectors: Detectors,
    /// The classes that are.
    sought: Classes,
    /// Classes of columns that must not show.
    hidden: Classes,
    /// Classes of which facts may show.
    telling: Classes,
    /// How classes are masked.
    pub(super) treatments: Arc<Treatments>,
    /// Nothing is masked: there is nothing sensitive, or all of it may be seen.
    pub(super) clear: bool,
}

impl View {
    pub(super) fn new(library: &Library, reveal: Arc<Classes>) -> Self {
        let hidden: Classes = library.ruled().difference(&reveal).cloned().collect();
        let detectors = library.detectors(&reveal);
        let sought = library.detected().difference(&reveal).cloned().collect();
        let clear = !library.has_data_classes() || (hidden.is_empty() && detectors.is_none());
        Self {
            reveal,
            detectors,
            sought,
            hidden,
            telling: library.telling().clone(),
            treatments: library.treatments(),
            clear,
        }
    }

    /// Whether any column's class must not show.
    pub(super) fn hides_columns(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Of these classes, those that must not show.
    pub(super) fn hidden_of(&self, classes: &Classes) -> Classes {
        classes.intersection(&self.hidden).cloned().collect()
    }

    /// Whether this class must not show.
    pub(super) fn hides(&self, class: &DataClass) -> bool {
        self.hidden.contains(class)
    }

    /// Whether this class is looked for in values, and must not show.
    pub(super) fn seeks(&self, class: &DataClass) -> bool {
        self.sought.contains(class)
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
