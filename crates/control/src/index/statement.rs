//! What is known of a statement besides its text.

use std::collections::BTreeSet;

use model::{Access, ApprovalId, Classes, ObjectKind, Parent, Seen, Timestamp, Verdict};

use super::words::{Kind, Terms};

/// Which verdicts a statement had: one that was held and then approved has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Verdicts(pub(super) u8);

impl Verdicts {
    const ALL: [(Verdict, &str); 4] = [
        (Verdict::Allowed, "allowed"),
        (Verdict::Denied, "denied"),
        (Verdict::Held, "held"),
        (Verdict::Approved, "approved"),
    ];

    pub(super) const fn bit(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::Allowed => 1,
            Verdict::Denied => 2,
            Verdict::Held => 4,
            Verdict::Approved => 8,
        }
    }

    pub(super) const fn add(&mut self, verdict: Verdict) {
        self.0 |= Self::bit(verdict);
    }

    /// Whether this was one of them.
    #[must_use]
    pub const fn has(self, verdict: Verdict) -> bool {
        self.0 & Self::bit(verdict) != 0
    }

    /// Their names, in the order they come in.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let held_first = [2, 0, 1, 3].into_iter().filter_map(|index| Self::ALL.get(index));
        held_first.filter(|(verdict, _)| self.has(*verdict)).map(|(_, name)| *name).collect()
    }
}

/// What a recording says of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    pub(super) verdicts: Verdicts,
    pub(super) approval: Option<ApprovalId>,
    pub(super) policies: BTreeSet<String>,
    pub(super) tables: BTreeSet<String>,
    pub(super) programs: BTreeSet<String>,
    pub(super) paths: BTreeSet<String>,
    pub(super) classes: BTreeSet<String>,
}

/// A statement as it goes into the index.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    /// Which block of the recording holds it, and where that begins.
    pub(super) block: u64,
    pub(super) position: u64,
    /// Tells its text from others.
    pub(super) digest: u128,
    /// The terms of its words.
    pub(super) terms: std::sync::Arc<str>,
    pub(super) facts: Facts,
    pub(super) rows: u64,
}

impl Facts {
    pub(super) fn touches(&mut self, accesses: &[Access]) {
        let relations = accesses.iter().filter(|one| one.object.kind == ObjectKind::Relation);
        for object in relations.map(|access| &access.object) {
            let name = &object.name;
            match &object.parent {
                Parent::None => drop(self.tables.insert(name.clone())),
                Parent::Is(schema) => drop(self.tables.insert(format!("{schema}.{name}"))),
                Parent::OneOf(schemas) => {
                    let each = schemas.iter().map(|schema| format!("{schema}.{name}"));
                    self.tables.extend(each);
                }
                Parent::Any => drop(self.tables.insert(format!("*.{name}"))),
            }
        }
    }

    /// What a command line runs and names, and the programs and files of any command.
    pub(super) fn runs(&mut self, accesses: &[Access], seen: Option<&Seen>) {
        for object in accesses.iter().map(|access| &access.object) {
            match object.kind {
                ObjectKind::Program => self.program(&object.name),
                ObjectKind::File => self.path(&object.name),
                ObjectKind::Resource
                | ObjectKind::Relation
                | ObjectKind::Function
                | ObjectKind::Schema
                | ObjectKind::Database
                | ObjectKind::Role
                | ObjectKind::Setting
                | ObjectKind::Type
                | ObjectKind::Channel
                | ObjectKind::Other => {}
            }
        }
        if let Some(seen) = seen {
            seen.facts.programs.iter().for_each(|name| self.program(name));
            seen.facts.paths.iter().for_each(|path| self.path(path));
        }
    }

    /// A program, by the last part of its name.
    fn program(&mut self, name: &str) {
        add(&mut self.programs, last(name));
    }

    pub(super) fn path(&mut self, path: &str) {
        add(&mut self.paths, path);
    }

    pub(super) fn masked(&mut self, classes: &Classes) {
        self.classes.extend(classes.iter().map(|class| class.as_str().to_owned()));
    }

    /// Appends the terms it is found by besides its words.
    pub(super) fn put(&self, terms: &Terms, out: &mut String) {
        let mut add = |kind, text: &str| {
            out.push(' ');
            terms.put(kind, text, out);
        };
        for (verdict, name) in Verdicts::ALL {
            // Most are allowed: that is no help in finding one.
            if verdict != Verdict::Allowed && self.verdicts.has(verdict) {
                add(Kind::Verdict, name);
            }
        }
        for table in &self.tables {
            let table = table.to_lowercase();
            add(Kind::Bare, table.rsplit('.').next().unwrap_or(&table));
            add(Kind::Table, &table);
        }
        for program in &self.programs {
            add(Kind::Program, program);
        }
        for path in &self.paths {
            add(Kind::Path, path);
            if last(path) != path {
                add(Kind::Path, last(path));
            }
        }
        for class in &self.classes {
            add(Kind::Class, class);
        }
    }
}

/// Names of one command line that are found: a list of all files of a folder is longer.
const MOST_NAMES: usize = 256;
/// No name in a list is longer.
const LONGEST_NAME: usize = 1024;

fn add(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < MOST_NAMES && !name.is_empty() && name.len() <= LONGEST_NAME {
        names.insert(name.to_owned());
    }
}

/// The last part of a path, or the path.
fn last(path: &str) -> &str {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    if name.is_empty() { path } else { name }
}

/// The term under which a program is found that was asked for as `rm` or `/bin/rm`.
pub(super) fn program_term(terms: &Terms, asked: &str) -> String {
    term(terms, Kind::Program, last(asked))
}

/// The term under which a path is found that was asked for as `/etc/hosts` or `hosts`.
pub(super) fn path_term(terms: &Terms, asked: &str) -> String {
    term(terms, Kind::Path, asked)
}

/// The term of a verdict, for who asks; nothing for the usual one.
pub(super) fn verdict_term(terms: &Terms, verdict: Verdict) -> Option<String> {
    let (_, name) = Verdicts::ALL.iter().find(|(known, _)| *known == verdict)?;
    (verdict != Verdict::Allowed).then(|| term(terms, Kind::Verdict, name))
}

/// The terms under which a table may be found that was asked for as `orders` or `public.orders`. Where a
/// statement's schema was not known, it may be any.
pub(super) fn table_terms(terms: &Terms, asked: &str) -> Vec<String> {
    let asked = asked.to_lowercase().replace('"', "");
    match asked.rsplit_once('.') {
        None => vec![term(terms, Kind::Bare, &asked)],
        Some((_, name)) => [asked.as_str(), name, &format!("*.{name}")]
            .map(|one| term(terms, Kind::Table, one))
            .to_vec(),
    }
}

pub(super) fn term(terms: &Terms, kind: Kind, text: &str) -> String {
    let mut out = String::new();
    terms.put(kind, text, &mut out);
    out
}
