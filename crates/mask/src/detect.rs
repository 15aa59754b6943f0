use std::sync::Arc;

use model::{ClassDefinition, Classes, DataClass};

use crate::catalogue::{Treatments, UnknownClass};
use crate::custom::{Defined, DefinitionError};
use crate::fold::is_plain;
use crate::gather::{Found, Hits, Shown, What};
use crate::operator;
use crate::scan::{Kind, Kinds, Plan, Scan};

/// Finds values of some data classes by their content, and masks them.
///
/// Made once per resource and set of revealed classes; then shared by every session.
#[derive(Clone)]
pub struct Detectors {
    pub(crate) plan: Plan,
    pub(crate) defined: Defined,
    /// How rules say that classes are masked.
    treatments: Treatments,
}

/// Why there are no such detectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectorError {
    /// Nothing finds the class.
    #[error(transparent)]
    Unknown(#[from] UnknownClass),
    /// The user's definition of it is at fault.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
}

/// A part of a text that belongs to a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// What it is.
    pub class: DataClass,
}

impl Detectors {
    /// Detectors of these classes.
    ///
    /// # Errors
    /// One of them has no detector: it can be given to a column by rule, but not be found.
    pub fn new(classes: &Classes) -> Result<Self, UnknownClass> {
        let mut kinds = Kinds::default();
        for class in classes {
            let kind = Kind::named(class.as_str())
                .ok_or_else(|| UnknownClass { name: class.as_str().to_owned() })?;
            kinds = kinds.with(kind);
        }
        Ok(Self { plan: Plan::new(kinds), ..Self::none() })
    }

    /// The same, and detectors of classes that a house defines for itself.
    ///
    /// # Errors
    /// A class has no detector and no definition, or a definition cannot be used.
    pub fn with_definitions(
        classes: &Classes,
        definitions: &[Arc<ClassDefinition>],
    ) -> Result<Self, DetectorError> {
        let is_defined = |class: &DataClass| definitions.iter().any(|own| own.class == *class);
        let known = classes.iter().filter(|class| !is_defined(class)).cloned().collect();
        let wanted: Vec<_> =
            definitions.iter().filter(|own| classes.contains(&own.class)).cloned().collect();
        Ok(Self { defined: Defined::new(&wanted)?, ..Self::new(&known)? })
    }

    /// Detectors of every class that Sluice knows.
    #[must_use]
    pub fn all() -> Self {
        let detectable = crate::catalogue().iter().filter(|info| info.has_detector);
        let kinds = detectable.filter_map(|info| Kind::named(info.name));
        Self { plan: Plan::new(kinds.fold(Kinds::default(), Kinds::with)), ..Self::none() }
    }

    /// Finds nothing.
    #[must_use]
    pub fn none() -> Self {
        Self {
            plan: Plan::new(Kinds::default()),
            defined: Defined::default(),
            treatments: Treatments::default(),
        }
    }

    /// With rules that say how classes are masked. A finding is a part of a text: where a rule wants no
    /// value, or another type's, the class's name stands in its place.
    #[must_use]
    pub fn treated(self, treatments: Treatments) -> Self {
        Self { treatments, ..self }
    }

    /// Whether there is nothing it would find.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.plan.is_empty() && self.defined.is_empty()
    }

    /// Appends `text` to `out` with what was found masked, and answers `true`; or appends nothing and
    /// answers `false` when nothing was found. The text may be any bytes.
    pub fn mask_text(&self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.mask_within(&[], text, out)
    }

    /// What is found, in order and not overlapping.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Vec<Finding> {
        self.hits(&[], text)
            .filter_map(|found| {
                let class = DataClass::new(self.name(found.what))?;
                Some(Finding { start: found.start, end: found.end, class })
            })
            .collect()
    }

    /// What is found in a text that `context` stands in front of.
    pub(crate) fn found(&self, context: &[u8], text: &[u8]) -> Vec<Found> {
        if self.is_idle(text) {
            return Vec::new();
        }
        match self.needs_one_pass(text) {
            true => Scan::new(&self.plan, context, text).map(Found::from).collect(),
            false => self.hits(context, text).collect(),
        }
    }

    /// Appends a text with what was found in it masked.
    pub(crate) fn write_or_copy(&self, found: Vec<Found>, text: &[u8], out: &mut Vec<u8>) {
        if !self.write(found.into_iter(), text, out) {
            out.extend_from_slice(text);
        }
    }

    /// [`Self::mask_text`] of a text that `context` stands in front of.
    pub(crate) fn mask_within(&self, context: &[u8], text: &[u8], out: &mut Vec<u8>) -> bool {
        if self.is_idle(text) {
            return false;
        }
        if self.needs_one_pass(text) {
            let scan = Scan::new(&self.plan, context, text);
            return self.write(scan.map(Found::from), text, out);
        }
        self.write(self.hits(context, text), text, out)
    }

    fn write(&self, hits: impl Iterator<Item = Found>, text: &[u8], out: &mut Vec<u8>) -> bool {
        let mut copied = 0;
        for found in hits {
            out.extend_from_slice(text.get(copied..found.start).unwrap_or_default());
            let whole = text.get(found.start..found.end).unwrap_or_default();
            match &found.shown {
                Shown::Found => self.replace(found.what, whole, out),
                Shown::Read(text) => self.replace(found.what, text, out),
                Shown::Hex => {
                    let mut bytes = Vec::new();
                    tag(self.name(found.what), &mut bytes);
                    operator::push_hex(&bytes, out);
                }
                Shown::Tag => tag(self.name(found.what), out),
            }
            copied = found.end;
        }
        if copied > 0 {
            out.extend_from_slice(text.get(copied..).unwrap_or_default());
        }
        copied > 0
    }

    /// Whether nothing is found in a short text, known at a glance.
    pub(crate) fn is_idle(&self, text: &[u8]) -> bool {
        self.defined.is_empty() && self.plan.is_idle(text) && is_plain(text)
    }

    /// The same, of a text of any length, and sooner.
    pub(crate) fn is_quiet(&self, text: &[u8]) -> bool {
        self.defined.is_empty() && self.plan.is_quiet(text)
    }

    /// The one pass that is enough for most texts.
    pub(crate) fn scan<'a>(&'a self, context: &'a [u8], text: &'a [u8]) -> Option<Scan<'a, 'a>> {
        self.needs_one_pass(text).then(|| Scan::new(&self.plan, context, text))
    }

    /// Whether one pass over a text as it stands finds all that is in it.
    fn needs_one_pass(&self, text: &[u8]) -> bool {
        self.defined.is_empty() && is_plain(text)
    }

    pub(crate) fn hits<'a>(&'a self, context: &'a [u8], text: &'a [u8]) -> Hits<'a> {
        Hits::new(self, context, text)
    }

    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.plan.wants(kind)
    }

    /// What stands in a finding's place. It needs no escaping in JSON, arrays or records.
    fn replace(&self, what: What, found: &[u8], out: &mut Vec<u8>) {
        if let Some(operator) = self.treatments.named(self.name(what)) {
            if !operator.mask_part(found, out) {
                tag(self.name(what), out);
            }
            return;
        }
        match what {
            What::Kind(Kind::CreditCard) => operator::keep_last(4, found, out),
            What::Kind(Kind::Email) => operator::keep_domain(found, out),
            What::Kind(_) | What::Defined(_) => tag(self.name(what), out),
        }
    }

    /// The name of its class.
    pub(crate) fn name(&self, what: What) -> &str {
        match what {
            What::Kind(kind) => kind.name(),
            What::Defined(place) => self.defined.name(place),
        }
    }
}

/// `[us_ssn]`
fn tag(name: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(name.as_bytes());
    out.push(b']');
}
