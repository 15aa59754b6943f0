//! Each column of a result as one person would see it, by the text and the resource's rules alone.
//!
//! There is no catalogue here: a relation is taken for a table, a star for every column of it, and a
//! name without a schema for one of any schema. A live session, which has a catalogue, knows more.

use std::collections::BTreeSet;

use mask::operator_for;
use model::{Classes, DataClass, DataRule, Derived, Masking, Parent, Resource};
use serde::Serialize;
use sql::{Flow, Limits, Lineage, NoCatalogue, Output, Outputs, Reach, RelationName, Source};

use super::stands_at;

/// What is assumed, in words.
pub(crate) const ASSUMED: &str = "without the target's catalogue every relation is taken for a table, and a name without a schema for one of any schema";

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Column {
    /// Its name; `*` is any number of columns, `?` one whose name the text does not tell.
    pub(crate) column: String,
    /// The columns it is made from.
    pub(crate) sources: Vec<String>,
    /// The classes that it may carry.
    pub(crate) classes: Classes,
    /// How it is masked, or `clear`.
    pub(crate) operator: String,
    /// Why.
    pub(crate) why: String,
}

/// The columns of what a text returns; none when it returns no rows or cannot be read, which the
/// verdict says.
pub(crate) fn of(
    text: &str,
    resource: &Resource,
    search_path: Option<Vec<String>>,
    revealed: &Classes,
) -> Vec<Column> {
    let scope = NoCatalogue { search_path };
    let Ok(statements) = sql::read(text.as_bytes(), &scope, &Limits::default()) else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    for statement in &statements {
        let reader = Reader { resource, revealed, reads: &statement.reads };
        match &statement.outputs {
            Outputs::None => {}
            Outputs::Unknown => columns.push(reader.column("*", &untraced(statement.opaque))),
            Outputs::Rows(items) => columns.extend(items.iter().map(|item| match item {
                Output::Column { name, from } => {
                    reader.column(name.as_deref().unwrap_or("?"), from)
                }
                Output::Many(from) => reader.column("*", from),
            })),
        }
    }
    columns
}

fn untraced(opaque: bool) -> Lineage {
    let reach = if opaque { Reach::Anything } else { Reach::Touched };
    Lineage { reach, ..Lineage::untraced() }
}

struct Reader<'r> {
    resource: &'r Resource,
    revealed: &'r Classes,
    reads: &'r [RelationName],
}

impl Reader<'_> {
    fn column(&self, name: &str, from: &Lineage) -> Column {
        let mut carried = Classes::new();
        let mut reasons = BTreeSet::new();
        let mut computed = false;
        for source in &from.sources {
            for (class, rule) in self.ruled(&source.relation, source.column.as_deref()) {
                if source.flow == Flow::Fact && self.derived(&class) == Derived::Clear {
                    reasons.insert(format!("facts about {class} may show"));
                    continue;
                }
                computed |= source.flow != Flow::Value;
                let how = if source.flow == Flow::Value { "rule" } else { "derived, rule" };
                reasons.insert(format!("{how} {rule}"));
                carried.insert(class);
            }
        }
        if from.reach != Reach::Traced {
            computed = true;
            let anything = from.reach == Reach::Anything;
            let all =
                self.resource.data.iter().filter_map(placed).filter(|([schema, table, _], _)| {
                    anything || self.reads.iter().any(|relation| stands_at(relation, schema, table))
                });
            carried.extend(all.map(|(_, class)| class.clone()));
            reasons.insert(if anything {
                "unknown: it may hold anything of the resource".to_owned()
            } else {
                "unknown: it may hold anything that the statement reads".to_owned()
            });
        }
        let (clear, masked): (Classes, Classes) =
            carried.iter().cloned().partition(|class| self.revealed.contains(class));
        reasons.extend(clear.iter().map(|class| format!("{class} is revealed")));
        let operator = self.operator(&masked, computed);
        if masked.is_empty() {
            reasons.extend(self.searched(from));
        }
        if reasons.is_empty() {
            reasons.insert("no rule".to_owned());
        }
        Column {
            column: name.to_owned(),
            sources: from.sources.iter().map(shown).collect(),
            classes: carried,
            operator,
            why: reasons.into_iter().collect::<Vec<_>>().join("; "),
        }
    }

    /// The rules that say what a column holds; `None` is any column of the relation.
    fn ruled(&self, relation: &RelationName, column: Option<&str>) -> Vec<(DataClass, String)> {
        let fits = |name: &str| name == "*" || column.is_none_or(|column| column == name);
        let rules = self.resource.data.iter().filter_map(placed);
        rules
            .filter(|([schema, table, name], _)| stands_at(relation, schema, table) && fits(name))
            .map(|(path, class)| (class.clone(), path.join(".")))
            .collect()
    }

    fn treatment(&self, class: &DataClass) -> Option<(&Option<Masking>, Derived)> {
        self.resource.data.iter().find_map(|rule| match rule {
            DataRule::Class { class: of, masking, derived } if of == class => {
                Some((masking, *derived))
            }
            _ => None,
        })
    }

    fn derived(&self, class: &DataClass) -> Derived {
        self.treatment(class).map_or(Derived::Mask, |(_, derived)| derived)
    }

    /// How what carries these is masked: as the resource says of a class, when the value is of that
    /// class alone and as it stands.
    fn operator(&self, classes: &Classes, computed: bool) -> String {
        let said = |class| self.treatment(class).and_then(|(masking, _)| masking.as_ref());
        if classes.iter().any(|class| said(class) == Some(&Masking::DenyRow)) {
            return Masking::DenyRow.to_string();
        }
        if let (Some(class), 1, false) = (classes.first(), classes.len(), computed)
            && let Some(masking) = said(class)
        {
            return masking.to_string();
        }
        operator_for(classes, computed)
            .map_or_else(|| "clear".to_owned(), |operator| operator.to_string())
    }

    /// What is looked for in the values of a column that is not masked as a whole.
    fn searched(&self, from: &Lineage) -> Option<String> {
        if from.is_nothing() {
            return None;
        }
        let classes = self.resource.data.iter().filter_map(|rule| match rule {
            DataRule::Detect(classes) => Some(classes),
            _ => None,
        });
        let classes: BTreeSet<&str> = classes
            .flatten()
            .filter(|class| !self.revealed.contains(*class))
            .map(DataClass::as_str)
            .collect();
        let names: Vec<&str> = classes.into_iter().collect();
        (!names.is_empty()).then(|| format!("searched for {}", names.join(", ")))
    }
}

fn placed(rule: &DataRule) -> Option<(&[String; 3], &DataClass)> {
    match rule {
        DataRule::Column { path, class } | DataRule::Json { path, class, .. } => {
            Some((path, class))
        }
        DataRule::Detect(_) | DataRule::Class { .. } | DataRule::Define(_) => None,
    }
}

/// `public.customers.ssn`; `*` is a schema or a column that is not known.
fn shown(source: &Source) -> String {
    let schema = match &source.relation.schema {
        Parent::Any | Parent::None => "*".to_owned(),
        Parent::Is(name) => name.clone(),
        Parent::OneOf(names) => names.join("|"),
    };
    format!("{schema}.{}.{}", source.relation.name, source.column.as_deref().unwrap_or("*"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{CredentialSource, Evidence, Protocol, UpstreamTls};

    use super::*;

    fn class(name: &str) -> DataClass {
        DataClass::new(name).unwrap()
    }

    fn resource() -> Resource {
        let column = |name: &str, of: &str| DataRule::Column {
            path: ["public", "customers", name].map(str::to_owned),
            class: class(of),
        };
        Resource {
            name: "orders".into(),
            protocol: Protocol::new("postgres"),
            address: "127.0.0.1:1".into(),
            tls: UpstreamTls::Disable,
            credential: CredentialSource {
                username: "app".into(),
                password: None,
                client_certificate: None,
                ssh_key: None,
            },
            labels: BTreeMap::new(),
            data: vec![
                column("ssn", "us_ssn"),
                column("card", "credit_card"),
                DataRule::Detect(vec![class("iban")]),
                DataRule::Class {
                    class: class("us_ssn"),
                    masking: Some(Masking::KeepLast(2)),
                    derived: Derived::Clear,
                },
            ],
            strict_masking: false,
            evidence: Evidence::Buffered,
            via: None,
            settings: BTreeMap::new(),
        }
    }

    fn seen(sql: &str, revealed: &[&str]) -> Vec<String> {
        let revealed = revealed.iter().map(|name| class(name)).collect();
        let path = Some(vec!["public".to_owned()]);
        let columns = of(sql, &resource(), path, &revealed);
        columns.iter().map(|one| format!("{} {}", one.column, one.operator)).collect()
    }

    #[test]
    fn each_column_is_told_as_the_person_would_see_it() {
        for (sql, revealed, expected) in [
            (
                "SELECT c.ssn AS x, c.name FROM public.customers c",
                &[][..],
                &["x keep_last(2)", "name clear"][..],
            ),
            (
                "SELECT ssn, card FROM public.customers",
                &["us_ssn"],
                &["ssn clear", "card keep_last(4)"],
            ),
            ("SELECT left(card, 12) AS part FROM public.customers", &[], &["part redact"]),
            ("SELECT length(ssn) AS n FROM public.customers", &[], &["n clear"]),
            ("SELECT length(card) AS n FROM public.customers", &[], &["n redact"]),
            ("SELECT * FROM public.customers", &[], &["* redact"]),
            ("SELECT 1 AS one", &[], &["one clear"]),
            ("SELECT ssn FROM public.other", &[], &["ssn clear"]),
            ("DELETE FROM public.customers", &[], &[]),
        ] {
            assert_eq!(seen(sql, revealed), expected, "{sql}");
        }
    }
}
