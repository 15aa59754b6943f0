//! Functions in SQL by their bodies: what is in their results beside what they are given.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use sql::{
    Flow, FunctionFacts, Limits, Lineage, Outputs, Reach, RelationName, Scope, Source, Statement,
};

use super::Catalogue;

/// A function's body, and what comes out of it; `None`: that cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    text: Box<str>,
    pub(super) from: Option<Lineage>,
}

pub(super) type Bodies = FxHashMap<u32, Arc<Body>>;

/// Reads bodies; what stands in `earlier` word for word is not read again while the relations are the
/// same by name.
pub(super) fn read<'a>(
    texts: impl IntoIterator<Item = (u32, &'a str)>,
    catalogue: &Catalogue,
    earlier: Option<&Catalogue>,
) -> Bodies {
    let same_names = earlier.filter(|earlier| earlier.names == catalogue.names);
    let mut bodies = Bodies::default();
    for (function, text) in texts {
        let known = same_names
            .and_then(|earlier| earlier.bodies.get(&function))
            .filter(|known| *known.text == *text);
        let body = known.map_or_else(
            || Arc::new(Body { text: text.into(), from: one(text, catalogue) }),
            Arc::clone,
        );
        bodies.insert(function, body);
    }
    bodies
}

fn one(text: &str, catalogue: &Catalogue) -> Option<Lineage> {
    let statements = sql::read(text.as_bytes(), &Anywhere(catalogue), &Limits::default()).ok()?;
    if statements.iter().any(|statement| statement.opaque) {
        return None;
    }
    let last = statements.last()?;
    let mut from = Lineage::default();
    match &last.outputs {
        Outputs::None => {}
        Outputs::Unknown => return None,
        Outputs::Rows(items) => {
            for item in items {
                let item = item.from();
                from.reach = from.reach.max(item.reach);
                from.sources.extend(item.sources.iter().cloned());
            }
        }
    }
    match from.reach {
        Reach::Traced => {}
        // A parameter by its name reads like a column that is nowhere.
        Reach::Touched => {
            from.sources.extend(statements.iter().flat_map(everything));
            from.reach = Reach::Traced;
        }
        Reach::Anything => return None,
    }
    Some(from)
}

fn everything(statement: &Statement) -> impl Iterator<Item = Source> {
    statement.reads.iter().map(|relation| Source {
        relation: relation.clone(),
        column: None,
        flow: Flow::Computed,
    })
}

/// Names as any caller's path may look them up.
pub(super) struct Anywhere<'c>(pub(super) &'c Catalogue);

impl Scope for Anywhere<'_> {
    fn search_path(&self) -> Option<&[String]> {
        None
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
    /// What is in the result of every function of this name, where all of them can be read.
    #[must_use]
    pub fn body(&self, schema: Option<&str>, name: &str) -> Option<Lineage> {
        let own = self.functions.get(name)?.iter().filter(|function| {
            function.user_defined && schema.is_none_or(|schema| *function.schema == *schema)
        });
        let mut all: Option<Lineage> = None;
        for function in own {
            let from = self.bodies.get(&function.oid)?.from.as_ref()?;
            let all = all.get_or_insert_default();
            all.sources.extend(from.sources.iter().cloned());
        }
        all
    }
}
