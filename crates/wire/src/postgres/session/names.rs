//! What a session's own statements do to the meaning of the names in later ones.

use std::sync::Arc;

use sql::Effect;

use crate::postgres::library::Reading;

/// The search path, as far as it is known, and whether names may just now mean something else.
pub(super) struct Names {
    /// The path in force; `None` when it is not known.
    path: Option<Arc<[String]>>,
    default: Arc<[String]>,
    /// The path before the running transaction changed it: a rollback brings it back.
    before: Option<Option<Arc<[String]>>>,
    /// What statements on their way will make of it.
    next: Option<PathEffect>,
    /// Something was defined in the running transaction, which no other connection sees yet.
    defined: bool,
    functions_defined: bool,
    /// A name may mean something else than before the transaction.
    renamed: bool,
    /// The running transaction ran code that may have defined something.
    unread: bool,
    /// Changes whenever the same text may mean something else than before.
    epoch: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathEffect {
    To(Arc<[String]>),
    Default,
    Unknown,
}

impl Names {
    /// `known`: whether the session begins with the account's default path.
    pub(super) fn new(default: &[String], known: bool) -> Self {
        let default: Arc<[String]> = default.into();
        Self {
            path: known.then(|| Arc::clone(&default)),
            default,
            before: None,
            next: None,
            defined: false,
            functions_defined: false,
            renamed: false,
            unread: false,
            epoch: 0,
        }
    }

    /// The account's default path is now this: a schema of its own may have come or gone.
    pub(super) fn learn(&mut self, default: &[String]) {
        if *self.default == *default {
            return;
        }
        let earlier = std::mem::replace(&mut self.default, default.into());
        for path in [Some(&mut self.path), self.before.as_mut()].into_iter().flatten() {
            if path.as_ref().is_some_and(|path| Arc::ptr_eq(path, &earlier)) {
                *path = Some(Arc::clone(&self.default));
            }
        }
        self.epoch += 1;
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn path(&self) -> Option<&[String]> {
        self.path.as_deref()
    }

    /// Whether the running transaction defined something, and whether that may be a function.
    pub(super) const fn defined(&self) -> (bool, bool) {
        (self.defined || self.unread, self.functions_defined || self.unread)
    }

    /// Whether the running transaction may have given a name to something else.
    pub(super) const fn renamed(&self) -> bool {
        self.renamed
    }

    /// A text is on its way to the server.
    pub(super) fn sent(&mut self, reading: &Reading) {
        if reading.may_change_catalogue || reading.runs_unread {
            self.defined |= reading.may_change_catalogue;
            self.functions_defined |= reading.may_change_functions;
            self.renamed |= reading.may_change_catalogue && reading.renames;
            self.unread |= reading.runs_unread;
            self.epoch += 1;
        }
        if let Some(effect) = path_effect(reading) {
            if self.before.is_none() {
                self.before = Some(self.path.take());
            }
            self.path = None;
            self.next = Some(effect);
            self.epoch += 1;
        }
    }

    /// The server is ready again. Says whether something was defined that is now there for all.
    pub(super) fn settled(&mut self, status: u8, failed: bool, rolled_back: bool) -> Settled {
        if let Some(effect) = self.next.take() {
            self.path = match effect {
                _ if failed => None,
                PathEffect::To(path) => Some(path),
                PathEffect::Default => Some(Arc::clone(&self.default)),
                PathEffect::Unknown => None,
            };
            self.epoch += 1;
        }
        if status != b'I' {
            return Settled { catalogue: false, functions: false, unread: false };
        }
        if let Some(before) = self.before.take()
            && (rolled_back || failed)
        {
            self.path = before;
            self.epoch += 1;
        }
        let settled = Settled {
            catalogue: self.defined,
            functions: self.functions_defined,
            unread: self.unread,
        };
        self.defined = false;
        self.unread = false;
        self.renamed = false;
        self.functions_defined = false;
        settled
    }
}

/// What others will see differently from now on.
pub(super) struct Settled {
    pub(super) catalogue: bool,
    pub(super) functions: bool,
    /// Perhaps: code ran that nobody read.
    pub(super) unread: bool,
}

fn path_effect(reading: &Reading) -> Option<PathEffect> {
    if !reading.may_change_settings {
        return None;
    }
    if reading.statements.is_empty() {
        return Some(PathEffect::Unknown);
    }
    let mut total = None;
    for statement in reading.statements.iter().filter(|statement| statement.may_change_settings) {
        let effect = match &statement.effect {
            Effect::Set { name, value, local } if name.eq_ignore_ascii_case("search_path") => {
                match value {
                    // `$user` stands for a role whose schema may or may not exist.
                    Some(path) if !local && path.iter().all(|name| name != "$user") => {
                        PathEffect::To(path.as_slice().into())
                    }
                    None if !local => PathEffect::Default,
                    _ => PathEffect::Unknown,
                }
            }
            Effect::ResetAll | Effect::Discard { all: true } => PathEffect::Default,
            // A rollback brings the path back that was there before; see `settled`.
            Effect::Set { .. }
            | Effect::Discard { .. }
            | Effect::Commit { .. }
            | Effect::Rollback { .. }
            | Effect::PrepareTransaction => continue,
            _ => PathEffect::Unknown,
        };
        total = Some(if total.is_some() { PathEffect::Unknown } else { effect });
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_default_path_that_changes_is_followed_and_a_chosen_one_stays() {
        let (public, own) = (path(&["public"]), path(&["app", "public"]));
        let mut names = Names::new(&public, true);
        let before = names.epoch();
        names.learn(&public);
        assert_eq!(names.epoch(), before);
        names.learn(&own);
        assert_eq!(names.path(), Some(own.as_slice()));
        assert_ne!(names.epoch(), before, "what was read must be read again");

        let chosen = path(&["other"]);
        names.before = Some(names.path.take());
        names.next = Some(PathEffect::To(chosen.as_slice().into()));
        names.settled(b'T', false, false);
        names.learn(&public);
        assert_eq!(names.path(), Some(chosen.as_slice()));
        names.settled(b'I', false, true);
        assert_eq!(names.path(), Some(public.as_slice()), "the one rolled back to is the default");
        assert_eq!(Names::new(&own, false).path(), None);
    }
}
