//! What is looked for by its content in what goes by, whatever protocol it is of.

use std::sync::Arc;

use mask::{Detectors, MaskKeys, Treatments};
use model::{ClassDefinition, Classes, DataRule, Masking};

/// What a resource's rules say of content.
pub struct Content {
    detected: Classes,
    own: Vec<Arc<ClassDefinition>>,
    treatments: Arc<Treatments>,
}

impl Content {
    /// With the keys of those operators that need one. Without, they redact.
    #[must_use]
    pub fn new(rules: &[DataRule], keys: Option<&MaskKeys>) -> Self {
        let (mut detected, mut own) = (Classes::new(), Vec::new());
        for rule in rules {
            match rule {
                DataRule::Detect(classes) => detected.extend(classes.iter().cloned()),
                DataRule::Define(definition) => own.push(Arc::clone(definition)),
                DataRule::Column { .. } | DataRule::Json { .. } | DataRule::Class { .. } => {}
            }
        }
        Self { detected, own, treatments: Arc::new(treatments(rules, keys)) }
    }

    /// The classes that are looked for in values.
    #[must_use]
    pub const fn detected(&self) -> &Classes {
        &self.detected
    }

    /// How classes are masked.
    #[must_use]
    pub fn treatments(&self) -> Arc<Treatments> {
        Arc::clone(&self.treatments)
    }

    /// The detectors for an identity that may see `reveal` in clear. A class that nothing detects was refused when the
    /// configuration was loaded; should one come this far, everything is detected.
    #[must_use]
    pub fn detectors(&self, reveal: &Classes) -> Detectors {
        let wanted: Classes = self.detected.difference(reveal).cloned().collect();
        let detectors = Detectors::with_definitions(&wanted, &self.own);
        detectors.unwrap_or_else(|_| Detectors::all()).treated((*self.treatments).clone())
    }
}

/// How rules say that classes are masked. Without keys nothing that needs one is trusted to hide.
fn treatments(rules: &[DataRule], keys: Option<&MaskKeys>) -> Treatments {
    let treatment = |rule: &DataRule| match rule {
        DataRule::Class { class, masking: Some(masking), .. } => {
            let keyed = matches!(masking, Masking::Hash(_) | Masking::Format | Masking::Token);
            let masking = if keyed && keys.is_none() { Masking::Redact } else { masking.clone() };
            Some((class.clone(), masking))
        }
        DataRule::Class { masking: None, .. }
        | DataRule::Column { .. }
        | DataRule::Json { .. }
        | DataRule::Detect(_)
        | DataRule::Define(_) => None,
    };
    let rules = rules.iter().filter_map(treatment).collect();
    match keys {
        Some(keys) => Treatments::new(&rules, keys),
        None => Treatments::new(&rules, &MaskKeys::derive(&[])),
    }
}
