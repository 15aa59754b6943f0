//! A resource's `data:` list: which data is sensitive, and how each class of it is treated.

use std::collections::BTreeMap;
use std::path::Path;

use model::{DataClass, DataRule, Derived, Masking};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::classes::Class;
use super::{Problem, Problems};

/// What the rules may look like.
const EXAMPLES: &str = "as in `{column: public.customers.ssn, class: us_ssn}`, \
     `{column: public.orders.payload, json: \"$.customer.ssn\", class: us_ssn}`, \
     `{class: us_ssn, mask: keep_last(4)}` or `{detect: [credit_card, email]}`";

/// One rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) column: Option<String>,
    json: Option<String>,
    pub(crate) class: Option<String>,
    #[serde(default, deserialize_with = "operator")]
    mask: Option<String>,
    derived: Option<WrittenDerived>,
    detect: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenDerived {
    Mask,
    Clear,
}

/// An operator's name. `null` without quotes is one too, and not the absence of any.
fn operator<'de, D: serde::Deserializer<'de>>(written: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(written)?;
    Ok(Some(name.unwrap_or_else(|| "null".to_owned())))
}

/// What one rule says of the treatment of its class.
struct Said {
    class: DataClass,
    masking: Option<Masking>,
    derived: Option<Derived>,
}

/// How a class is treated, as far as rules have said so, and where the one stands that did.
#[derive(Default)]
struct Treatment {
    masking: Option<(Masking, Location)>,
    derived: Option<(Derived, Location)>,
}

/// Reads a resource's rules. What is said of a class anywhere in the list holds for the class on the
/// whole resource, and stands in one [`DataRule::Class`] behind the rules that say where it is; the
/// classes of the house's own that the rules name are defined behind those.
pub(super) fn read(
    file: &Path,
    written: &[Spanned<Written>],
    classes: &BTreeMap<DataClass, Class>,
    problems: &mut Problems,
) -> Vec<DataRule> {
    let mut rules = Vec::new();
    let mut treated: BTreeMap<DataClass, Treatment> = BTreeMap::new();
    for rule in written {
        let place = rule.referenced;
        let read = place_rule(&rule.value, classes)
            .and_then(|placed| Ok((placed, treatment(&rule.value)?)));
        match read {
            Ok((placed, said)) => {
                rules.extend(placed);
                let Some(Said { class, masking, derived }) = said else { continue };
                let known = treated.entry(class.clone()).or_default();
                let others = [
                    ("mask", once(&mut known.masking, masking, place)),
                    ("derived", once(&mut known.derived, derived, place)),
                ];
                for (key, other) in others {
                    let Some(other) = other else { continue };
                    let (line, column) = (other.line(), other.column());
                    let message = format!(
                        "a class is treated in one way on one resource: `{key}` of `{class}` is another at {}:{line}:{column}",
                        file.display()
                    );
                    problems.0.push(Problem::at(file, place, message));
                }
            }
            Err(why) => problems.0.push(Problem::at(file, place, why)),
        }
    }
    let named = named(&rules);
    for class in classes.values().filter(|class| named.contains(class.name())) {
        let default = class.mask.clone().map(|masking| (masking, Location::UNKNOWN));
        if let Some(default) = default {
            let known = treated.entry(class.name().clone()).or_default();
            known.masking.get_or_insert(default);
        }
    }
    rules.extend(treated.into_iter().map(|(class, treatment)| DataRule::Class {
        class,
        masking: treatment.masking.map(|(masking, _)| masking),
        derived: treatment.derived.map_or(Derived::Mask, |(derived, _)| derived),
    }));
    let defined = classes.values().filter(|class| named.contains(class.name()));
    rules.extend(defined.map(|class| DataRule::Define(class.definition.clone())));
    rules
}

/// The rule that says where a class is, when it says that.
fn place_rule(
    written: &Written,
    classes: &BTreeMap<DataClass, Class>,
) -> Result<Option<DataRule>, String> {
    match written {
        Written { column: Some(column), json, class: Some(class), detect: None, .. } => {
            let (path, class) = (column_path(column)?, class_named(class)?);
            Ok(Some(match json {
                None => DataRule::Column { path, class },
                Some(json) => DataRule::Json { path, json: json_path(json)?, class },
            }))
        }
        Written { column: None, json: None, class: None, mask: None, derived: None, detect } => {
            let Some(detect) = detect else {
                return Err(format!("a data rule names a class or what to detect, {EXAMPLES}"));
            };
            detectable(detect, classes).map(|found| Some(DataRule::Detect(found)))
        }
        Written { column: None, json: None, class: Some(class), detect: None, mask, derived } => {
            if mask.is_none() && derived.is_none() {
                return Err(format!(
                    "a rule for the class `{class}` says how it is treated (`mask:`, `derived:`) or where it is, {EXAMPLES}"
                ));
            }
            Ok(None)
        }
        _ => {
            Err(format!("a data rule names a column and its class, or what to detect, {EXAMPLES}"))
        }
    }
}

/// What a rule says of the treatment of its class, when it says something.
fn treatment(written: &Written) -> Result<Option<Said>, String> {
    let Some(class) = written.class.clone() else { return Ok(None) };
    if written.mask.is_none() && written.derived.is_none() {
        return Ok(None);
    }
    let masking = written.mask.as_ref().map(|mask| mask.parse::<Masking>()).transpose();
    let masking = masking.map_err(|why| format!("mask: {why}"))?;
    let derived = written.derived.map(|derived| match derived {
        WrittenDerived::Mask => Derived::Mask,
        WrittenDerived::Clear => Derived::Clear,
    });
    Ok(Some(Said { class: class_named(&class)?, masking, derived }))
}

/// Keeps what is said first; answers where that stands when `said` differs from it.
fn once<T: PartialEq>(
    known: &mut Option<(T, Location)>,
    said: Option<T>,
    place: Location,
) -> Option<Location> {
    match (said, &*known) {
        (None, _) => None,
        (Some(said), None) => {
            *known = Some((said, place));
            None
        }
        (Some(said), Some((first, at))) => (said != *first).then_some(*at),
    }
}

/// The classes that rules place or look for.
fn named(rules: &[DataRule]) -> model::Classes {
    rules
        .iter()
        .flat_map(|rule| match rule {
            DataRule::Column { class, .. }
            | DataRule::Json { class, .. }
            | DataRule::Class { class, .. } => vec![class.clone()],
            DataRule::Detect(classes) => classes.clone(),
            DataRule::Define(_) => Vec::new(),
        })
        .collect()
}

/// A class by its name. Names of other houses lead to ours.
fn class_named(name: &str) -> Result<DataClass, String> {
    DataClass::try_from(name.to_owned()).map_err(|why| match mask::called_here(name) {
        Some(ours) => format!("`{name}` is called `{ours}` here"),
        None => why,
    })
}

fn detectable(
    names: &[String],
    own: &BTreeMap<DataClass, Class>,
) -> Result<Vec<DataClass>, String> {
    let classes: Result<Vec<DataClass>, String> =
        names.iter().map(|name| class_named(name)).collect();
    let classes = classes?;
    let ours = classes.iter().filter(|class| !own.contains_key(*class)).cloned().collect();
    mask::Detectors::new(&ours).map_err(|unknown| unknown.to_string())?;
    Ok(classes)
}

/// `schema.table.column`.
pub(crate) fn column_path(text: &str) -> Result<[String; 3], String> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [schema, table, column] if parts.iter().all(|part| !part.is_empty()) => {
            Ok([(*schema).to_owned(), (*table).to_owned(), (*column).to_owned()])
        }
        _ => Err(format!(
            "`{text}` is not schema.table.column: write `public.customers.ssn`, or `*` for any of the three"
        )),
    }
}

/// `$` and then members (`.name`, `["name"]`), elements (`[3]`) and all elements (`[*]`).
fn json_path(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "json: `{text}` is no path: write `$.customer.ssn`, `$.items[*].card`, `$.items[0]` or `$[\"two words\"]`"
        )
    };
    let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
    if rest.is_empty() {
        return Err(format!("json: `{text}` is the whole document: leave `json` out"));
    }
    while !rest.is_empty() {
        rest = if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = after.get(..end).unwrap_or_default();
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(plain) {
                return Err(wrong());
            }
            after.get(end..).unwrap_or_default()
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (name, after) = after.split_once("\"]").ok_or_else(wrong)?;
            if name.is_empty() || name.contains(['"', '\\']) {
                return Err(wrong());
            }
            after
        } else if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']').ok_or_else(wrong)?;
            if index != "*" && index.parse::<u32>().is_err() {
                return Err(wrong());
            }
            after
        } else {
            return Err(wrong());
        };
    }
    Ok(text.to_owned())
}
