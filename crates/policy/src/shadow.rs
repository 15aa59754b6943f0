//! Policies that are only tried out: what they would have decided, beside what is decided.
//!
//! The question is always the same: what would be said if `@shadow("true")` were not there? It is put to a
//! slice of its own, which has all policies; the one that decides has never heard of those that are
//! tried out. So nothing that is wrong with them can reach a verdict.

use std::sync::Arc;

use model::{Classes, Command, Decision, PolicyId, Shadow, Timestamp, Verdict};

use crate::slice::Slice;

/// What would be different about a session as a whole, beside whether it is opened.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// The policies that show or mask.
    pub(crate) policies: Vec<PolicyId>,
    /// What would be seen in clear and is not.
    pub(crate) shows: Classes,
    /// What is seen in clear and would not be.
    pub(crate) masks: Classes,
}

/// What is tried out in one session.
#[derive(Debug)]
pub(crate) struct Tried {
    /// Decides with all policies.
    slice: Slice,
    opening: Opening,
}

impl Tried {
    pub(crate) const fn new(slice: Slice, opening: Opening) -> Self {
        Self { slice, opening }
    }

    /// Those of the policies that are only tried out; all there are, when none of them is named.
    fn only_tried<'a>(&self, named: impl IntoIterator<Item = &'a str>) -> Arc<[PolicyId]> {
        let named: Vec<&str> = named.into_iter().collect();
        let all = || self.slice.rules().iter().filter(|rule| rule.shadow).map(|rule| &rule.id);
        let behind: Arc<[PolicyId]> = all().filter(|id| named.contains(&&***id)).cloned().collect();
        if behind.is_empty() { all().cloned().collect() } else { behind }
    }
}

impl Slice {
    /// What would have been decided of a command if the policies that are only tried out were in
    /// force; nothing where that is what was decided.
    pub fn shadow(
        &mut self,
        command: &Command,
        now: Timestamp,
        decided: &Decision,
    ) -> Option<Shadow> {
        let tried = self.tried()?;
        let would = tried.slice.decide(command, now);
        let verdict = verdict_of(&would);
        if verdict == verdict_of(decided) {
            return None;
        }
        let policies = match &would {
            Decision::Allow(terms) => tried.only_tried(terms.policies.iter().map(|id| &**id)),
            Decision::Deny(reason) => tried.only_tried(reason.policies.iter().map(String::as_str)),
            Decision::Hold(ask, _) => tried.only_tried(ask.policies.iter().map(String::as_str)),
        };
        Some(Shadow { verdict, policies, shows: Arc::default(), masks: Arc::default() })
    }

    /// What would be different about the session as a whole if the policies that are only tried out
    /// were in force: whether it is open, and what is seen in clear in it.
    pub fn shadow_of_session(&mut self, now: Timestamp) -> Option<Shadow> {
        let tried = self.tried()?;
        tried.slice.turn(now);
        let mut policies = tried.opening.policies.clone();
        let verdict = match tried.slice.connect() {
            Ok(_) if tried.opening.shows.is_empty() && tried.opening.masks.is_empty() => {
                return None;
            }
            Ok(_) => Verdict::Allowed,
            Err(reason) => {
                let by = tried.only_tried(reason.policies.iter().map(String::as_str));
                policies.extend(by.iter().cloned());
                Verdict::Denied
            }
        };
        policies.sort_unstable();
        policies.dedup();
        Some(Shadow {
            verdict,
            policies: policies.into(),
            shows: Arc::new(tried.opening.shows.clone()),
            masks: Arc::new(tried.opening.masks.clone()),
        })
    }
}

/// A decision's one word.
pub(crate) const fn verdict_of(decision: &Decision) -> Verdict {
    match decision {
        Decision::Allow(_) => Verdict::Allowed,
        Decision::Deny(_) => Verdict::Denied,
        Decision::Hold(..) => Verdict::Held,
    }
}
