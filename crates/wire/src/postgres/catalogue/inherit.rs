//! Classes spread: between a parent table and its children, from columns to those that are generated
//! from them, from what a view reads to the view, and by code from what it reads to where it writes.

use std::sync::Arc;

use model::Classes;
use rustc_hash::FxHashMap;

use super::Catalogue;
use super::carried::Carried;
use super::triggers::Unit;

/// Who takes classes from whom.
#[derive(Default)]
pub(super) struct Links {
    /// (child, parent)
    children: Vec<(u32, u32)>,
    /// (view, relation it reads, column number or 0 for the whole row)
    views: Vec<(u32, u32, i16)>,
    /// (relation, generated column, a column it is computed from)
    generated: Vec<(u32, i16, i16)>,
}

impl Links {
    pub(super) fn child(&mut self, child: u32, parent: u32) {
        self.children.push((child, parent));
    }

    pub(super) fn view(&mut self, view: u32, reads: u32, column: i16) {
        self.views.push((view, reads, column));
    }

    pub(super) fn generated(&mut self, relation: u32, column: i16, from: i16) {
        self.generated.push((relation, column, from));
    }

    /// Relations with those through which rows are written to them: (partition, its parent),
    /// (table, a view of it).
    pub(super) fn above(&self) -> impl Iterator<Item = (u32, u32)> {
        let views = self.views.iter().map(|(view, reads, _)| (*reads, *view));
        self.children.iter().copied().chain(views)
    }

    /// Spreads until nothing changes: a view may read a view, a partition may have partitions.
    ///
    /// Every round adds at least one class to one column, so it ends after at most (columns ×
    /// classes × 3) rounds; a chain of views is as many rounds as it is long.
    pub(super) fn spread(&self, catalogue: &mut Catalogue, units: &[Unit], anything: &Classes) {
        loop {
            let mut changed = false;
            for &(child, parent) in &self.children {
                changed |= inherit(catalogue, child, parent);
                // A query of the parent returns the rows of its children.
                changed |= inherit(catalogue, parent, child);
            }
            for &(relation, column, from) in &self.generated {
                changed |= compute(catalogue, relation, column, from);
            }
            for (view, carried) in self.seen_by_views(catalogue) {
                changed |= mark(catalogue, view, &carried);
            }
            for (view, columns) in defined(catalogue, anything) {
                for (number, carried) in columns {
                    changed |= add(catalogue, view, number, &carried);
                }
            }
            for unit in units {
                changed |= unit.spread(catalogue, anything);
            }
            if !changed {
                return;
            }
            catalogue.sum_up();
        }
    }

    /// What may show in views whose definition is not at hand. Which of their columns shows what is
    /// not known: each carries all.
    fn seen_by_views(&self, catalogue: &Catalogue) -> FxHashMap<u32, Carried> {
        let mut seen: FxHashMap<u32, Carried> = FxHashMap::default();
        for &(view, reads, column) in &self.views {
            if catalogue.definitions.contains_key(&view) {
                continue;
            }
            let Some(relation) = catalogue.relations.get(&reads) else { continue };
            for (number, entry) in &relation.columns {
                if (column == 0 || *number == column) && !entry.carried.is_nothing() {
                    let carried = (*entry.carried).clone().through(sql::Flow::Computed);
                    seen.entry(view).or_default().join(&carried);
                }
            }
        }
        seen
    }
}

/// What the columns of views carry by their definitions.
fn defined(catalogue: &Catalogue, anything: &Classes) -> Vec<(u32, Vec<(i16, Carried)>)> {
    let view = |(view, definition): (&u32, &Arc<super::views::Definition>)| {
        let relation = catalogue.relations.get(view)?;
        let columns = definition.columns(relation.columns.len(), catalogue, anything);
        let numbers = relation.columns.keys().copied();
        Some((*view, numbers.zip(columns).filter(|(_, carried)| !carried.is_nothing()).collect()))
    };
    catalogue.definitions.iter().filter_map(view).collect()
}

fn inherit(catalogue: &mut Catalogue, child: u32, parent: u32) -> bool {
    let Some(above) = catalogue.relations.get(&parent) else { return false };
    let given: Vec<_> = above
        .columns
        .values()
        .filter(|column| !column.carried.is_nothing())
        .map(|column| (column.name.clone(), Arc::clone(&column.carried)))
        .collect();
    let Some(below) = catalogue.relations.get_mut(&child) else { return false };
    let mut changed = false;
    for (name, carried) in given {
        for column in below.columns.values_mut().filter(|column| column.name == name) {
            changed |= Arc::make_mut(&mut column.carried).join(&carried);
        }
    }
    changed
}

fn compute(catalogue: &mut Catalogue, relation: u32, column: i16, from: i16) -> bool {
    let Some(relation) = catalogue.relations.get_mut(&relation) else { return false };
    let Some(source) = relation.columns.get(&from) else { return false };
    let carried = (*source.carried).clone().through(sql::Flow::Computed);
    let Some(target) = relation.columns.get_mut(&column) else { return false };
    Arc::make_mut(&mut target.carried).join(&carried)
}

pub(super) fn add(
    catalogue: &mut Catalogue,
    relation: u32,
    column: i16,
    carried: &Carried,
) -> bool {
    let relation = catalogue.relations.get_mut(&relation);
    relation
        .and_then(|relation| relation.columns.get_mut(&column))
        .is_some_and(|column| Arc::make_mut(&mut column.carried).join(carried))
}

pub(super) fn mark(catalogue: &mut Catalogue, relation: u32, carried: &Carried) -> bool {
    let Some(relation) = catalogue.relations.get_mut(&relation) else { return false };
    let mut changed = false;
    for column in relation.columns.values_mut() {
        changed |= Arc::make_mut(&mut column.carried).join(carried);
    }
    changed
}
