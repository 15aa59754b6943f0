//! What one text means, put together from the statements in it.

use std::sync::Arc;

use model::{Access, Action, Classes, Facts, Understood};
use sql::{Effect, Statement};

use super::results::{self, Kept, Results};
use super::{Library, Scope};

/// A text that was read, or why it could not be. Immutable and shared.
pub(crate) struct Reading {
    /// What it does when it is run, beside what statements prepared earlier do that it names.
    pub(crate) understood: Arc<Understood>,
    /// The statements in it, in order.
    pub(crate) statements: Vec<Statement>,
    /// What a SQL PREPARE in it prepares.
    pub(crate) prepares: Vec<(String, Arc<Reading>)>,
    /// What it may bring to light.
    pub(crate) exposure: Exposure,
    /// What the result of each statement carries.
    pub(crate) results: Vec<Arc<Results>>,
    /// What it puts into columns that do not carry it yet.
    pub(crate) kept: Vec<Kept>,
    /// It puts what it reads somewhere else, and nobody knows where.
    pub(crate) stores: bool,
    /// Names may mean something else afterwards: it renames, drops or makes what has a name, other
    /// than a table of its own.
    pub(crate) renames: bool,
    pub(crate) may_change_settings: bool,
    pub(crate) may_change_catalogue: bool,
    pub(crate) may_change_functions: bool,
    /// It runs code that was not read, which seldom changes any of these.
    pub(crate) runs_unread: bool,
    pub(crate) constants_matter: bool,
    /// It runs or reads what an earlier statement prepared or declared.
    pub(crate) uses_earlier: bool,
}

/// What a statement's result, or an error on the way to it, may carry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exposure {
    /// The classes of every relation it touches; those of all columns with a rule when its reach is unbounded.
    pub(crate) classes: Classes,
    /// Its reach is unbounded.
    pub(crate) opaque: bool,
}

impl Exposure {
    pub(crate) fn join(&mut self, other: &Self) {
        self.classes.extend(other.classes.iter().cloned());
        self.opaque |= other.opaque;
    }
}

impl Reading {
    pub(super) fn of(text: &[u8], scope: &Scope<'_>, library: &Library) -> Self {
        match sql::read(text, scope, &library.limits) {
            Ok(statements) => Self::new(statements, scope, library),
            Err(unreadable) => {
                let mut reading = Self::unreadable(&unreadable.to_string());
                reading.exposure.classes = library.ruled.clone();
                reading
            }
        }
    }

    /// A text that is not understood: it may do anything.
    pub(crate) fn unreadable(why: &str) -> Self {
        Self {
            understood: Arc::new(Understood::unknown(why)),
            statements: Vec::new(),
            prepares: Vec::new(),
            exposure: Exposure { classes: Classes::new(), opaque: true },
            results: Vec::new(),
            kept: Vec::new(),
            stores: false,
            renames: true,
            may_change_settings: true,
            may_change_catalogue: true,
            may_change_functions: true,
            runs_unread: true,
            constants_matter: true,
            uses_earlier: false,
        }
    }

    fn new(statements: Vec<Statement>, scope: &Scope<'_>, library: &Library) -> Self {
        let mut exposure = Exposure::default();
        let mut results = Vec::with_capacity(statements.len());
        let mut kept = Vec::new();
        let mut filters = Classes::new();
        for statement in &statements {
            let own = exposure_of(statement, scope, library);
            results.push(Arc::new(Results::of(statement, &own.classes, scope, library)));
            kept.extend(results::kept(statement, &own.classes, scope, library));
            filters.extend(results::filters(statement, &own.classes, scope, library));
            exposure.join(&own);
        }
        let accesses: Vec<Access> =
            statements.iter().flat_map(|statement| statement.accesses.iter().cloned()).collect();
        let facts = Facts {
            unbounded: statements.iter().any(|statement| statement.unbounded),
            returns: returns(&results).unwrap_or_else(|| exposure.classes.clone()),
            filters,
            ..Facts::default()
        };
        let mut prepares = Vec::new();
        for statement in &statements {
            if let Effect::Prepare { name, inner } = &statement.effect {
                let inner = Self::new(vec![inner.as_ref().clone()], scope, library);
                prepares.push((name.clone(), Arc::new(inner)));
            }
        }
        Self {
            may_change_functions: statements.iter().any(|one| one.may_change_functions),
            runs_unread: statements.iter().any(|one| one.runs_unread),
            stores: statements.iter().any(|statement| statement.stores),
            may_change_settings: statements.iter().any(|statement| statement.may_change_settings),
            may_change_catalogue: statements.iter().any(|statement| statement.may_change_catalogue),
            constants_matter: statements.iter().any(|statement| statement.constants_matter),
            uses_earlier: statements.iter().any(|statement| {
                matches!(
                    statement.effect,
                    Effect::Execute { .. } | Effect::Fetch { .. } | Effect::Move { .. }
                )
            }),
            renames: statements.iter().any(renames),
            understood: Arc::new(Understood::new(accesses, facts)),
            prepares,
            exposure,
            results,
            kept,
            statements,
        }
    }

    /// This text, doing besides what earlier ones do that it names: each with the place of the
    /// statement that names it.
    pub(crate) fn joined<'a>(&self, earlier: impl IntoIterator<Item = (usize, &'a Self)>) -> Self {
        let mut joined = Self {
            understood: Arc::clone(&self.understood),
            statements: self.statements.clone(),
            prepares: self.prepares.clone(),
            exposure: self.exposure.clone(),
            results: self.results.clone(),
            kept: self.kept.clone(),
            ..*self
        };
        let mut named = vec![0_u32; self.statements.len()];
        let mut accesses = self.understood.accesses().to_vec();
        let mut facts = self.understood.facts().clone();
        for (place, one) in earlier {
            // What runs an earlier statement returns what that returns, when it is only one.
            if let (Some(count), Some(result)) =
                (named.get_mut(place), joined.results.get_mut(place))
            {
                *count += 1;
                *result = match one.results.as_slice() {
                    [only] if *count == 1 => Arc::clone(only),
                    _ => Arc::new(Results::unknown()),
                };
            }
            joined.kept.extend(one.kept.iter().cloned());
            joined.renames |= one.renames;
            facts.filters.extend(one.understood.facts().filters.iter().cloned());
            accesses.extend(one.understood.accesses().iter().cloned());
            facts.unbounded |= one.understood.facts().unbounded;
            facts.not_understood =
                facts.not_understood.or_else(|| one.understood.facts().not_understood.clone());
            joined.exposure.join(&one.exposure);
            joined.stores |= one.stores;
            joined.may_change_settings |= one.may_change_settings;
            joined.may_change_catalogue |= one.may_change_catalogue;
            joined.may_change_functions |= one.may_change_functions;
            joined.runs_unread |= one.runs_unread;
        }
        facts.returns = returns(&joined.results).unwrap_or_else(|| joined.exposure.classes.clone());
        joined.understood = Arc::new(Understood::new(accesses, facts));
        joined
    }

    /// Something that does nothing of its own and shows this, in these columns.
    pub(crate) fn showing(exposure: Exposure, results: Option<Arc<Results>>) -> Self {
        Self {
            understood: Arc::new(Understood::new(Vec::new(), Facts::default())),
            exposure,
            results: results.into_iter().collect(),
            renames: false,
            may_change_settings: false,
            may_change_catalogue: false,
            may_change_functions: false,
            runs_unread: false,
            ..Self::unreadable("")
        }
    }

    /// The one statement of the text, when there is just one.
    pub(crate) fn only(&self) -> Option<&Statement> {
        match self.statements.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// The classes that any result may carry, where that is known of each.
fn returns(results: &[Arc<Results>]) -> Option<Classes> {
    let mut all = Classes::new();
    for result in results {
        all.extend(result.all()?);
    }
    Some(all)
}

/// Whether a name may mean something else after this, other than that of a new table, which holds
/// only what it is given.
fn renames(statement: &Statement) -> bool {
    let made = |action: Action| {
        action.parent() == Some(Action::Define)
            && !matches!(action, Action::CreateTable | Action::CreateIndex | Action::Truncate)
    };
    statement.may_change_catalogue
        && (statement.opaque || statement.accesses.iter().any(|access| made(access.action)))
}

fn exposure_of(statement: &Statement, scope: &Scope<'_>, library: &Library) -> Exposure {
    let mut classes = Classes::new();
    for relation in &statement.reads {
        classes.extend(scope.catalogue.classes_of(&relation.schema, &relation.name));
    }
    if statement.opaque {
        classes.extend(library.ruled.iter().cloned());
    }
    Exposure { classes, opaque: statement.opaque }
}
