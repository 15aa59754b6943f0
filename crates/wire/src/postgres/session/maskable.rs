//! What cannot be masked is refused before it runs, as far as that is known then.

use model::{Classes, Phase, Reason, ReasonKind, Ruling, Terms};
use sql::{CopyFormat, CopyOut, CopySource, Effect, Statement};

use super::Session;
use super::plan::Described;
use super::ruling::What;
use super::view::View;
use crate::postgres::catalogue::Catalogue;
use crate::postgres::library::{Kept, Reading};
use crate::postgres::startup::is_ascii_safe;
use crate::postgres::types;

/// Types of the server's own whose binary form is made of numbers that it gives out itself, or of
/// coordinates: `"char"`, identifiers of transactions and of objects, geometry, positions in its log.
const NUMBERS: &[u32] = &[
    18, 24, 26, 27, 28, 29, 600, 601, 602, 603, 604, 628, 718, 2202, 2203, 2204, 2205, 2206, 3220,
    3734, 3769, 4089, 4096, 4191, 5069,
];

impl Session {
    /// Whether what must stay masked will be: it is not copied to where no mask reaches it, and what
    /// is shown can be read. `strict_masking` wants to know that of all that is shown.
    pub(super) fn check_masking(&mut self, what: &What, phase: Phase, terms: Terms) -> Ruling {
        let reading = what.reading();
        let view = self.view_for(&terms.reveal);
        if view.clear {
            return Ok(terms);
        }
        if self.library.is_strict()
            && let Some(why) = self.cannot_be_masked(what, &view)
        {
            return Err(refused(format!("what the statement shows cannot be masked: {why}")));
        }
        let everywhere = reading.stores.then_some(&reading.exposure.classes);
        let stored = reading.kept.iter().map(|kept| &kept.classes).chain(everywhere);
        let hidden: Classes = stored.flat_map(|classes| view.hidden_of(classes)).collect();
        if !hidden.is_empty() {
            let names: Vec<_> = hidden.iter().map(model::DataClass::as_str).collect();
            let hides = |kept: &&Kept| !view.hidden_of(&kept.classes).is_empty();
            let by = reading.kept.iter().filter(hides).find_map(|kept| kept.by.as_deref());
            return Err(refused(format!(
                "the statement{} would store data of class {} where it is no longer masked",
                by.map(|by| format!(", by {by},")).unwrap_or_default(),
                names.join(", ")
            )));
        }
        if phase == Phase::Run && self.copies_in_doubt(reading) {
            let mut reason = refused(
                "COPY cannot be masked while client_encoding is, or may be, one whose letters hold \
                 ASCII characters"
                    .to_owned(),
            );
            reason.hint = Some("Set client_encoding before, in a statement of its own.".to_owned());
            return Err(reason);
        }
        Ok(terms)
    }

    /// Whether a COPY sends text in an encoding of which a byte below 128 may be half a letter: rows
    /// could not be taken apart where their delimiters are.
    fn copies_in_doubt(&self, reading: &Reading) -> bool {
        let unsettled = self.strings.unsettled || self.strings.unsettled_owed > 0;
        let mut known = self.strings.ascii_safe && !unsettled;
        for statement in &reading.statements {
            if let Effect::CopyOut(copy) = &statement.effect
                && copy.format != CopyFormat::Binary
                && !copy.encoding.as_deref().map_or(known, is_ascii_safe)
            {
                return true;
            }
            known &= !may_change_encoding(statement);
        }
        false
    }

    /// Why a result cannot be masked for sure.
    fn cannot_be_masked(&self, what: &What, view: &View) -> Option<String> {
        let reading = what.reading();
        if let Some(why) = &reading.understood.facts().not_understood {
            return Some(format!("it is not understood ({why})"));
        }
        let exposed = view.is_exposed(&reading.exposure);
        if exposed && reading.exposure.opaque {
            return Some(
                "it runs or reads what cannot be followed, and so may show anything".to_owned(),
            );
        }
        if exposed && matches!(what, What::Function { .. }) {
            return Some("the result of a function call has no type".to_owned());
        }
        let catalogue = self.library.catalogue();
        for statement in &reading.statements {
            if let Effect::CopyOut(copy) = &statement.effect
                && let Some(why) = unknown_types(copy, &catalogue)
            {
                return Some(why);
            }
        }
        let What::Execute { portal: Some(portal), .. } = what else { return None };
        let described = portal.prepared.as_ref()?.described(self.epoch())?;
        unsearchable(&described, Some(&portal.formats), view, &catalogue)
    }

    /// Why a result that begins cannot be masked for sure, where that is asked for.
    pub(super) fn cannot_be_searched(
        &self,
        described: &Described,
        formats: Option<&[i16]>,
        view: &View,
    ) -> Option<String> {
        if view.clear || !self.library.is_strict() {
            return None;
        }
        unsearchable(described, formats, view, &self.library.catalogue())
    }
}

fn refused(message: String) -> Reason {
    Reason {
        kind: ReasonKind::Masking,
        message,
        policies: Vec::new(),
        hint: Some(
            "Ask for permission to `reveal` these classes, or leave their columns out.".to_owned(),
        ),
    }
}

/// Whether what follows in the same text may be sent in another encoding.
fn may_change_encoding(statement: &Statement) -> bool {
    statement.may_change_settings
        && match &statement.effect {
            Effect::Set { name, .. } => matches!(name.as_str(), "client_encoding" | "names"),
            _ => true,
        }
}

/// COPY in binary names no types: they are those of a table that is known, or nobody's.
fn unknown_types(copy: &CopyOut, catalogue: &Catalogue) -> Option<String> {
    if copy.format != CopyFormat::Binary {
        return None;
    }
    match &copy.source {
        CopySource::Query => {
            Some("COPY of a query in binary does not tell its columns' types".to_owned())
        }
        CopySource::Table { name, .. } => {
            let Some(table) = catalogue.resolve(&name.schema, &name.name) else {
                return Some(format!("nobody knows which table \"{}\" is", name.name));
            };
            let unknown = |oid: u32| is_unsearchable(oid, catalogue);
            let column = catalogue.columns(table).find(|column| unknown(column.type_oid))?;
            Some(of_type(&column.name, column.type_oid, catalogue))
        }
    }
}

/// A column in binary that can only be searched as if it were text.
fn unsearchable(
    described: &Described,
    formats: Option<&[i16]>,
    view: &View,
    catalogue: &Catalogue,
) -> Option<String> {
    if view.detectors.is_none() {
        return None;
    }
    let mut columns = described.columns.iter().enumerate();
    let (_, column) = columns.find(|(index, column)| {
        let format = super::plan::format_of(formats, *index, column.format);
        let hidden = catalogue
            .column(column.table, column.number)
            .is_some_and(|entry| entry.carried.value.iter().any(|class| view.hides(class)));
        // As a whole, any value can be masked.
        format != 0 && !hidden && is_unsearchable(column.type_oid, catalogue)
    })?;
    Some(of_type(&column.name, column.type_oid, catalogue))
}

fn is_unsearchable(oid: u32, catalogue: &Catalogue) -> bool {
    catalogue.value_type(oid) == mask::ValueType::Other && !NUMBERS.contains(&oid)
}

fn of_type(column: &str, oid: u32, catalogue: &Catalogue) -> String {
    let name = types::type_name(oid, catalogue);
    format!("column \"{column}\" is of type {name}, whose binary form is not known; ask for text")
}
