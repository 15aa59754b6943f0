//! Which classes the columns of a result carry, and what a statement puts where.

use model::{Access, Action, Classes, Object, ObjectKind, Parent};
use sql::{Lineage, Output, Outputs, Reach, RelationName, Statement};

use super::{Library, Scope};
use crate::postgres::catalogue::Carried;

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
    /// How.
    pub(crate) carried: Carried,
    /// The trigger, rule or function that does it.
    pub(crate) by: Option<Box<str>>,
}

/// What comes from a lineage. `touched` is what the statement reads at all.
fn carried(lineage: &Lineage, touched: &Classes, scope: &Scope<'_>, library: &Library) -> Carried {
    let mut carried = Carried::made_of(match lineage.reach {
        Reach::Traced => Classes::new(),
        Reach::Touched => touched.clone(),
        Reach::Anything => library.ruled.clone(),
    });
    for source in &lineage.sources {
        match scope.carried(&source.relation, source.column.as_deref()) {
            Some(one) => carried.join(&one.through(source.flow)),
            // Nobody knows what stands under this name.
            None => carried.join(&Carried::made_of(library.ruled.clone())),
        };
    }
    carried
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
                .map(|item: &Output| carried(item.from(), touched, scope, library))
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
            Outputs::Rows(_) => Some(self.carried.iter().flat_map(Carried::all).cloned().collect()),
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
    carried(&statement.filters, touched, scope, library).all().cloned().collect()
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
        let mut new = carried(&from, touched, scope, library);
        if let Some(column) = stored.column.as_deref()
            && let Some(there) = scope.carried_for_sure(&stored.into, column)
        {
            // A mask that keeps a part of the value is safe for the value alone.
            new.value.retain(|class| !there.value.contains(class));
            for part in [&mut new.value, &mut new.computed, &mut new.fact] {
                part.retain(|class| !there.computed.contains(class));
            }
        }
        let classes: Classes = new.all().cloned().collect();
        (!classes.is_empty()).then(|| Kept {
            into: stored.into.clone(),
            column: stored.column.clone(),
            classes,
            carried: new,
            by: stored.by.as_deref().map(|by| format!("function \"{by}\"").into()),
        })
    });
    kept.chain(statement.accesses.iter().filter_map(|access| behind(access, statement, scope)))
        .collect()
}

/// What triggers and rules behind a write, or the code behind a call, may put nobody knows where.
fn behind(access: &Access, statement: &Statement, scope: &Scope<'_>) -> Option<Kept> {
    let Object { kind, parent, name } = &access.object;
    let writes = matches!(
        access.action,
        Action::Insert
            | Action::Update
            | Action::Delete
            | Action::Merge
            | Action::CopyIn
            | Action::Truncate
    );
    let (by, classes) = match kind {
        ObjectKind::Relation if writes => {
            let (by, classes) = scope.catalogue.writes_behind(parent, name)?;
            (by.to_owned(), classes)
        }
        ObjectKind::Function if access.action == Action::Call => {
            let told = scope.catalogue.calls_behind(parent, name);
            let mut classes = told.map_or_else(Classes::new, |(_, classes)| classes);
            // Whatever the statement reads may be among its arguments.
            if scope.catalogue.keeps_arguments(parent, name) {
                for relation in &statement.reads {
                    classes.extend(scope.catalogue.classes_of(&relation.schema, &relation.name));
                }
            }
            (format!("function \"{name}\""), classes)
        }
        _ => return None,
    };
    if classes.is_empty() {
        return None;
    }
    let into = RelationName { schema: parent.clone(), name: name.clone() };
    let carried = Carried::made_of(classes.clone());
    Some(Kept { into, column: None, classes, carried, by: Some(by.into()) })
}

impl Scope<'_> {
    /// What a column (or any column) of a relation carries; `None`: nobody knows which relation is
    /// meant.
    fn carried(&self, relation: &RelationName, column: Option<&str>) -> Option<Carried> {
        if self.renamed {
            return None;
        }
        self.catalogue.carried(&relation.schema, &relation.name, column)
    }

    /// What a column carries, when it is sure which is meant.
    fn carried_for_sure(&self, relation: &RelationName, column: &str) -> Option<&Carried> {
        let known = self.relations_known && matches!(relation.schema, Parent::Is(_));
        let relation =
            self.catalogue.resolve(&relation.schema, &relation.name).filter(|_| known)?;
        let column = self.catalogue.columns(relation).find(|entry| *entry.name == *column)?;
        Some(&column.carried)
    }
}
