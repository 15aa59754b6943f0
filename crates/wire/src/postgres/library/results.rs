//! Which classes the columns of a result carry, and what a statement puts where.

use model::{Classes, Parent};
use sql::{Flow, Lineage, Output, Outputs, Reach, RelationName, Statement};

use super::{Library, Scope};

/// What a value carries, by how much of it is in there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Classes of columns whose value it is.
    pub(crate) value: Classes,
    /// Classes of columns it is computed from.
    pub(crate) computed: Classes,
    /// Classes of columns of which it tells a fact.
    pub(crate) fact: Classes,
}

/// What the columns of one statement's result carry.
#[derive(Debug, Default)]
pub(crate) struct Results {
    outputs: Outputs,
    /// One for each output.
    carried: Vec<Carried>,
}

/// Classes that a statement puts into a column that does not carry them yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) into: RelationName,
    /// The column; `None` is any.
    pub(crate) column: Option<Box<str>>,
    pub(crate) classes: Classes,
}

impl Carried {
    fn join(&mut self, other: &Self) {
        for (mine, more) in [
            (&mut self.value, &other.value),
            (&mut self.computed, &other.computed),
            (&mut self.fact, &other.fact),
        ] {
            mine.extend(more.iter().cloned());
        }
    }

    /// Every class that is in it in some way.
    pub(crate) fn all(&self) -> Classes {
        self.value.iter().chain(&self.computed).chain(&self.fact).cloned().collect()
    }

    fn of(lineage: &Lineage, touched: &Classes, scope: &Scope<'_>, library: &Library) -> Self {
        let mut carried = Self::default();
        match lineage.reach {
            Reach::Traced => {}
            Reach::Touched => carried.computed.extend(touched.iter().cloned()),
            Reach::Anything => carried.computed.extend(library.ruled.iter().cloned()),
        }
        for source in &lineage.sources {
            let column = source.column.as_deref();
            let Some(classes) = scope.carried(&source.relation, column) else {
                // Nobody knows what stands under this name.
                carried.computed.extend(library.ruled.iter().cloned());
                continue;
            };
            let into = match source.flow {
                Flow::Value => &mut carried.value,
                Flow::Computed => &mut carried.computed,
                Flow::Fact => &mut carried.fact,
            };
            into.extend(classes);
        }
        carried
    }
}

impl Results {
    /// Of which nothing is known.
    pub(super) const fn unknown() -> Self {
        Self { outputs: Outputs::Unknown, carried: Vec::new() }
    }

    pub(super) fn of(
        statement: &Statement,
        touched: &Classes,
        scope: &Scope<'_>,
        library: &Library,
    ) -> Self {
        let outputs = statement.outputs.clone();
        let carried = match &outputs {
            Outputs::None | Outputs::Unknown => Vec::new(),
            Outputs::Rows(items) => items
                .iter()
                .map(|item: &Output| Carried::of(item.from(), touched, scope, library))
                .collect(),
        };
        Self { outputs, carried }
    }

    /// What the column at `index` of a result with `count` columns carries, when that is known.
    pub(crate) fn at(&self, index: usize, count: usize) -> Option<Carried> {
        let place = self.outputs.place(index, count)?;
        let mut all = Carried::default();
        for carried in self.carried.get(place)? {
            all.join(carried);
        }
        Some(all)
    }

    /// What any column may carry, where the text tells it.
    pub(super) fn all(&self) -> Option<Classes> {
        match self.outputs {
            Outputs::None => Some(Classes::new()),
            Outputs::Unknown => None,
            Outputs::Rows(_) => Some(self.carried.iter().flat_map(Carried::all).collect()),
        }
    }
}

/// The classes that a statement's conditions look at.
pub(super) fn filters(
    statement: &Statement,
    touched: &Classes,
    scope: &Scope<'_>,
    library: &Library,
) -> Classes {
    Carried::of(&statement.filters, touched, scope, library).all()
}

/// What a statement puts where it does not stand already.
pub(super) fn kept(
    statement: &Statement,
    touched: &Classes,
    scope: &Scope<'_>,
    library: &Library,
) -> Vec<Kept> {
    let kept = statement.stored.iter().filter_map(|stored| {
        let mut from = stored.from.clone();
        // A relation that is given what it holds holds no more than before.
        from.sources
            .retain(|source| source.relation != stored.into || source.column != stored.column);
        let mut classes = Carried::of(&from, touched, scope, library).all();
        if let Some(column) = stored.column.as_deref()
            && let Some(there) = scope.carried_by_each(&stored.into, column)
        {
            classes.retain(|class| !there.contains(class));
        }
        (!classes.is_empty()).then(|| Kept {
            into: stored.into.clone(),
            column: stored.column.clone(),
            classes,
        })
    });
    kept.collect()
}

impl Scope<'_> {
    /// What a column (or any column) of a relation carries; `None`: nobody knows which relation is
    /// meant.
    fn carried(&self, relation: &RelationName, column: Option<&str>) -> Option<Classes> {
        if self.renamed {
            return None;
        }
        self.catalogue.carried(&relation.schema, &relation.name, column)
    }

    /// What a column carries for sure, whichever of the relations is meant.
    fn carried_by_each(&self, relation: &RelationName, column: &str) -> Option<Classes> {
        let known = self.relations_known && matches!(relation.schema, Parent::Is(_));
        let relation =
            self.catalogue.resolve(&relation.schema, &relation.name).filter(|_| known)?;
        let column = self.catalogue.columns(relation).find(|entry| *entry.name == *column)?;
        Some((*column.classes).clone())
    }
}
