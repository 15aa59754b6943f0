//! Classes spread: from a parent table to its children, and from what a view reads to the view.

use std::sync::Arc;

use model::Classes;
use rustc_hash::FxHashMap;

use super::Catalogue;

/// Who takes classes from whom.
#[derive(Default)]
pub(super) struct Links {
    /// (child, parent)
    children: Vec<(u32, u32)>,
    /// (view, relation it reads, column number or 0 for the whole row)
    views: Vec<(u32, u32, i16)>,
}

impl Links {
    pub(super) fn child(&mut self, child: u32, parent: u32) {
        self.children.push((child, parent));
    }

    pub(super) fn view(&mut self, view: u32, reads: u32, column: i16) {
        self.views.push((view, reads, column));
    }

    /// Spreads until nothing changes: a view may read a view, a partition may have partitions.
    ///
    /// Every round adds at least one class to one relation, so it ends after at most (relations ×
    /// classes) rounds; a chain of views is as many rounds as it is long.
    pub(super) fn spread(&self, catalogue: &mut Catalogue) {
        loop {
            let mut changed = false;
            for &(child, parent) in &self.children {
                changed |= inherit(catalogue, child, parent);
            }
            for (view, classes) in self.seen_by_views(catalogue) {
                changed |= mark(catalogue, view, &classes);
            }
            if !changed {
                return;
            }
        }
    }

    /// What each view's columns may show. Which of them shows what is not traced here: each carries all.
    fn seen_by_views(&self, catalogue: &Catalogue) -> FxHashMap<u32, Classes> {
        let mut seen: FxHashMap<u32, Classes> = FxHashMap::default();
        for &(view, reads, column) in &self.views {
            let Some(relation) = catalogue.relations.get(&reads) else { continue };
            let columns = relation
                .columns
                .iter()
                .filter(|(number, _)| column == 0 || **number == column)
                .flat_map(|(_, entry)| entry.classes.iter().cloned());
            let mut columns = columns.peekable();
            if columns.peek().is_some() {
                seen.entry(view).or_default().extend(columns);
            }
        }
        seen
    }
}

fn inherit(catalogue: &mut Catalogue, child: u32, parent: u32) -> bool {
    let Some(above) = catalogue.relations.get(&parent) else { return false };
    let given: Vec<_> = above
        .columns
        .values()
        .filter(|column| !column.classes.is_empty())
        .map(|column| (column.name.clone(), Arc::clone(&column.classes)))
        .collect();
    let Some(below) = catalogue.relations.get_mut(&child) else { return false };
    let mut changed = false;
    for (name, classes) in given {
        for column in below.columns.values_mut().filter(|column| column.name == name) {
            if !classes.is_subset(&column.classes) {
                Arc::make_mut(&mut column.classes).extend(classes.iter().cloned());
                changed = true;
            }
        }
    }
    changed
}

fn mark(catalogue: &mut Catalogue, view: u32, classes: &Classes) -> bool {
    let Some(relation) = catalogue.relations.get_mut(&view) else { return false };
    let mut changed = false;
    for column in relation.columns.values_mut() {
        if !classes.is_subset(&column.classes) {
            Arc::make_mut(&mut column.classes).extend(classes.iter().cloned());
            changed = true;
        }
    }
    changed
}
