//! Views by their definitions: which of their columns shows what.

use std::sync::Arc;

use model::{Classes, Parent};
use rustc_hash::FxHashMap;
use sql::{FunctionFacts, Limits, Outputs, Reach, RelationName, Scope};

use super::carried::Carried;
use super::{Catalogue, FIRST_NORMAL_OBJECT};

/// A view's definition, and what was read in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    text: Box<str>,
    /// `None`: it could not be read, and may show anything.
    read: Option<Read>,
}

#[derive(Debug, PartialEq, Eq)]
struct Read {
    outputs: Outputs,
    reads: Vec<RelationName>,
}

pub(super) type Definitions = FxHashMap<u32, Arc<Definition>>;

/// Reads definitions; what stands in `earlier` word for word is not read again. `pg_get_viewdef`
/// writes names as the path in force needs them, so the same text means the same.
pub(super) fn read<'a>(
    texts: impl IntoIterator<Item = (u32, &'a str)>,
    catalogue: &Catalogue,
    earlier: Option<&Catalogue>,
) -> Definitions {
    let earlier = earlier.filter(|earlier| earlier.default_path == catalogue.default_path);
    let mut definitions = Definitions::default();
    for (view, text) in texts {
        let known = earlier
            .and_then(|earlier| earlier.definitions.get(&view))
            .filter(|known| *known.text == *text);
        let definition = match known {
            Some(known) => Arc::clone(known),
            None => {
                let read = one(text, catalogue);
                Arc::new(Definition { text: text.into(), read })
            }
        };
        definitions.insert(view, definition);
    }
    definitions
}

fn one(text: &str, catalogue: &Catalogue) -> Option<Read> {
    let mut statements =
        sql::read(text.as_bytes(), &Own(catalogue), &Limits::default()).ok()?.into_iter();
    let statement = statements.next()?;
    if statements.next().is_some() || !matches!(statement.outputs, Outputs::Rows(_)) {
        return None;
    }
    Some(Read { outputs: statement.outputs, reads: statement.reads })
}

impl Definition {
    /// What each of the view's `count` columns carries, as far as is known of what it reads;
    /// `anything` is what may stand anywhere.
    pub(super) fn columns(
        &self,
        count: usize,
        catalogue: &Catalogue,
        anything: &Classes,
    ) -> Vec<Carried> {
        let all = || Carried::made_of(anything.clone());
        let Some(Read { outputs, reads }) = &self.read else { return vec![all(); count] };
        let Outputs::Rows(items) = outputs else { return vec![all(); count] };
        let carried = |relation: &RelationName, column: Option<&str>| {
            catalogue.carried(&relation.schema, &relation.name, column)
        };
        let column = |index: usize| {
            let place = outputs.place(index, count)?;
            let mut column = Carried::default();
            for item in items.get(place)? {
                let from = item.from();
                match from.reach {
                    Reach::Traced => {}
                    Reach::Touched => {
                        for relation in reads {
                            let touched = carried(relation, None).unwrap_or_else(all);
                            column.join(&touched.through(sql::Flow::Computed));
                        }
                    }
                    Reach::Anything => {
                        column.join(&all());
                    }
                }
                for source in &from.sources {
                    let source_carries = carried(&source.relation, source.column.as_deref());
                    column.join(&source_carries.unwrap_or_else(all).through(source.flow));
                }
            }
            Some(column)
        };
        (0..count).map(|index| column(index).unwrap_or_else(all)).collect()
    }
}

/// Names as the gateway's own connection looks them up.
struct Own<'c>(&'c Catalogue);

impl Scope for Own<'_> {
    fn search_path(&self) -> Option<&[String]> {
        Some(&self.0.default_path)
    }

    fn has_relation(&self, schema: &str, name: &str) -> Option<bool> {
        Some(self.0.has_relation(schema, name))
    }

    fn columns(&self, relation: &RelationName) -> Option<Vec<&str>> {
        self.0.column_names(&relation.schema, &relation.name)
    }

    fn function(&self, schema: Option<&str>, name: &str) -> FunctionFacts {
        self.0.function(schema, name)
    }
}

impl Catalogue {
    /// The names of a relation's columns in order, when it is sure which relation is meant.
    pub(in crate::postgres) fn column_names(
        &self,
        parent: &Parent,
        name: &str,
    ) -> Option<Vec<&str>> {
        let relation = self.resolve(parent, name).filter(|oid| *oid >= FIRST_NORMAL_OBJECT)?;
        let columns: Vec<&str> = self.columns(relation).map(|entry| &*entry.name).collect();
        (!columns.is_empty()).then_some(columns)
    }
}
