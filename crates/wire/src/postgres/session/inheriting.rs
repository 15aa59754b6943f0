//! Where a statement puts data of a class, that class is kept before the statement is sent.

use model::ports::Unavailable;
use model::{
    Classes, Derivation, Inherited, Parent, Phase, Reason, ReasonKind, Step, Terms, Ticket,
};

use sql::Renamed;

use super::ruling::Deciding;
use super::{Front, Session};
use crate::postgres::library::{Kept, Reading};

impl Session {
    /// Runs a command, once it is kept what inherits from it where something does.
    pub(super) fn inherit_or_run(&mut self, deciding: Deciding, terms: Terms) {
        let new = match deciding.phase {
            Phase::Run => self.inherits(deciding.what.reading()),
            Phase::Prepare => Vec::new(),
        };
        if new.is_empty() {
            self.run(deciding, terms);
            return;
        }
        let ticket = self.ticket();
        self.steps.push_back(Step::Inherit(ticket, new));
        self.front = Front::Inheriting(ticket, Box::new((deciding, terms)));
    }

    /// It is kept, or cannot be.
    pub(super) fn inherit_and_run(&mut self, ticket: Ticket, kept: Result<(), Unavailable>) {
        let (deciding, terms) = match std::mem::replace(&mut self.front, Front::Open) {
            Front::Inheriting(open, waiting) if open == ticket => *waiting,
            other => {
                self.front = other;
                return;
            }
        };
        match kept {
            Ok(()) => {
                self.library.learn_inherited();
                self.run(deciding, terms);
            }
            Err(why) => self.refuse(deciding, &not_kept(&why)),
        }
    }

    /// What columns inherit by this that did not yet.
    fn inherits(&self, reading: &Reading) -> Vec<Inherited> {
        let renames = || reading.statements.iter().filter_map(|one| one.renamed.as_ref());
        if reading.kept.is_empty() && renames().next().is_none() {
            return Vec::new();
        }
        let known = self.library.heritage().now();
        let mut new: Vec<Inherited> = Vec::new();
        for kept in reading.kept.iter().filter(|kept| kept.by.is_none()) {
            for one in each(kept) {
                if !known.holds(&one) && !new.contains(&one) {
                    new.push(one);
                }
            }
        }
        // What is called by another name holds what it held.
        for renamed in renames() {
            let here = new.iter().filter(|one| one.relation == renamed.from.name);
            let called: Vec<_> = here
                .chain(known.of(&renamed.from.name))
                .flat_map(|one| called_anew(one, renamed))
                .filter(|one| !known.holds(one) && !new.contains(one))
                .collect();
            new.extend(called);
        }
        new
    }
}

/// What was inherited, under the name it has after a renaming.
fn called_anew(one: &Inherited, renamed: &Renamed) -> Vec<Inherited> {
    let meant = match &renamed.from.schema {
        Parent::Is(schema) => one.schema.as_ref().is_none_or(|own| own == schema),
        Parent::OneOf(several) => one.schema.as_ref().is_none_or(|own| several.contains(own)),
        Parent::None | Parent::Any => true,
    };
    let column = match (&renamed.column, &one.column) {
        (Some((from, to)), Some(column)) if **from == **column => Some(to.to_string()),
        // Another column of it, or all of them under any name.
        (Some(_), _) => return Vec::new(),
        (None, column) => column.clone(),
    };
    if !meant {
        return Vec::new();
    }
    let relation = &renamed.to.name;
    let anew = |schema| Inherited {
        schema,
        relation: relation.clone(),
        column: column.clone(),
        class: one.class.clone(),
        derivation: one.derivation,
    };
    schemas(&renamed.to.schema).into_iter().map(anew).collect()
}

/// Where something may stand; `None` is any schema.
fn schemas(parent: &Parent) -> Vec<Option<String>> {
    match parent {
        Parent::Is(schema) => vec![Some(schema.clone())],
        Parent::OneOf(several) => several.iter().cloned().map(Some).collect(),
        Parent::None | Parent::Any => vec![None],
    }
}

/// What one place is given. Temporary tables are their session's own, and gone with it.
fn each(kept: &Kept) -> Vec<Inherited> {
    if matches!(&kept.into.schema, Parent::Is(schema) if schema.starts_with("pg_temp")) {
        return Vec::new();
    }
    let schemas = schemas(&kept.into.schema);
    let mut all = Vec::new();
    let mut add = |classes: &Classes, derivation| {
        for class in classes {
            all.extend(schemas.iter().map(|schema| Inherited {
                schema: schema.clone(),
                relation: kept.into.name.clone(),
                column: kept.column.as_deref().map(str::to_owned),
                class: class.clone(),
                derivation,
            }));
        }
    };
    add(&kept.carried.value, Derivation::Value);
    add(&kept.carried.computed, Derivation::Computed);
    add(&kept.carried.fact, Derivation::Fact);
    all
}

fn not_kept(why: &Unavailable) -> Reason {
    Reason {
        kind: ReasonKind::Unavailable,
        message: format!(
            "the statement stores data that must stay masked, and where it goes cannot be kept: {why}: \
             the statement was not sent"
        ),
        policies: Vec::new(),
        hint: Some(
            "The gateway's administrator must see to its store; then send it again.".to_owned(),
        ),
    }
}
