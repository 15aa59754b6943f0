//! Where a statement puts data of a class, that class is kept before the statement is sent.

use std::sync::Arc;

use model::ports::Unavailable;
use model::{
    Classes, Derivation, Heritage, Inherited, Parent, Phase, Reason, ReasonKind, Step, Terms,
    Ticket,
};
use rustc_hash::FxHashSet;

use sql::Renamed;

use super::ruling::Deciding;
use super::{Front, Session};
use crate::postgres::catalogue::Catalogue;
use crate::postgres::library::{Kept, Reading};

/// The schema of what is gone with its session.
const TEMPORARY: &str = "pg_temp";

/// Columns of temporary tables that one session may have inherit.
const MOST_TEMPORARY: usize = 4096;

/// What a session's temporary tables inherited. It is not written to the disk: the tables do not outlive
/// the session. Their names count for all sessions meanwhile, since whose a temporary table is the
/// catalogue does not tell.
pub(super) struct Temporary {
    heritage: Arc<Heritage>,
    own: FxHashSet<Inherited>,
}

impl Temporary {
    pub(super) fn new(heritage: Arc<Heritage>) -> Self {
        Self { heritage, own: FxHashSet::default() }
    }

    fn take(&mut self, new: Vec<Inherited>) -> Result<(), Unavailable> {
        if self.own.len() + new.len() > MOST_TEMPORARY {
            return Err(Unavailable(format!(
                "{MOST_TEMPORARY} columns of this session's temporary tables have inherited already"
            )));
        }
        self.heritage.lend(new.iter().cloned());
        self.own.extend(new);
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.own.is_empty() {
            self.heritage.give_back(&self.own);
        }
    }
}

fn is_temporary(one: &Inherited) -> bool {
    one.schema.as_deref() == Some(TEMPORARY)
}

impl Session {
    /// Runs a command, once it is kept what inherits from it where something does.
    pub(super) fn inherit_or_run(&mut self, deciding: Deciding, terms: Terms) {
        let new = match deciding.phase {
            Phase::Run => self.inherits(deciding.what.reading()),
            Phase::Prepare => Vec::new(),
        };
        let (temporary, new): (Vec<_>, Vec<_>) = new.into_iter().partition(is_temporary);
        if !temporary.is_empty() {
            if let Err(why) = self.temporary.take(temporary) {
                self.refuse(deciding, &not_kept(&why));
                return;
            }
            self.library.learn_inherited();
        }
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
        let heritage = self.library.heritage().now();
        let catalogue = self.library.catalogue();
        let known = |one: &Inherited| {
            if is_temporary(one) { self.temporary.own.contains(one) } else { heritage.holds(one) }
        };
        let mut seen: FxHashSet<Inherited> = FxHashSet::default();
        let mut unknown = |one: &Inherited| !known(one) && seen.insert(one.clone());
        let mut new: Vec<Inherited> = Vec::new();
        for kept in reading.kept.iter().filter(|kept| kept.by.is_none()) {
            new.extend(each(kept, &catalogue).into_iter().filter(&mut unknown));
        }
        // What is called by another name holds what it held.
        for renamed in renames() {
            let here = new.iter().filter(|one| one.relation == renamed.from.name);
            let called: Vec<_> = here
                .chain(heritage.of(&renamed.from.name))
                .flat_map(|one| called_anew(one, renamed))
                .filter(&mut unknown)
                .collect();
            new.extend(called);
        }
        new
    }
}

/// What was inherited, under the name it has after a renaming.
fn called_anew(one: &Inherited, renamed: &Renamed) -> Vec<Inherited> {
    let meant = match &renamed.from.schema {
        _ if is_temporary(one) => true,
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
    if is_temporary(one) {
        return vec![anew(Some(TEMPORARY.to_owned()))];
    }
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

/// What one place is given.
fn each(kept: &Kept, catalogue: &Catalogue) -> Vec<Inherited> {
    let schemas = match &kept.into.schema {
        Parent::Is(schema) if schema.starts_with(TEMPORARY) => vec![Some(TEMPORARY.to_owned())],
        _ if catalogue.is_temporary(&kept.into.name) => vec![Some(TEMPORARY.to_owned())],
        schema => schemas(schema),
    };
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
