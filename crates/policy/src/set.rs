//! The policies of the house, loaded and checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Action, Classes, DataClass, DataRule, Identity, PolicyId, Reason, Resource};

use crate::bench::{Answer, Bench};
use crate::grant::{Circumstances, Grant, check_expiry, no_such_door};
use crate::load::{self, LoadError};
use crate::request::{self, CannotAsk};
use crate::rule::{Rule, Rules};
use crate::slice::Slice;
use crate::target::Target;

/// Every policy of the house. Immutable: a reload makes a new one, and sessions take a new
/// [`Slice`] of it.
#[derive(Debug)]
pub struct PolicySet {
    rules: Rules,
    version: String,
}

impl PolicySet {
    /// Reads and checks policy files, given as (path, text).
    ///
    /// # Errors
    /// Every mistake with its place. A set with a mistake in it does not exist: half a set of
    /// policies is a hole.
    pub fn load<'a>(
        sources: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<LoadError>> {
        let mut hash = blake3::Hasher::new();
        let sources = sources.into_iter().inspect(|(_, text)| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        });
        let rules = load::load(sources)?.into();
        let version = hash.finalize().to_hex().get(..16).unwrap_or_default().to_owned();
        Ok(Self { rules, version })
    }

    /// No policies: nobody may anything.
    #[must_use]
    pub fn empty() -> Self {
        let version = blake3::Hasher::new().finalize().to_hex();
        Self { rules: Arc::new([]), version: version.get(..16).unwrap_or_default().to_owned() }
    }

    /// Names this very text of the policies: the same text has the same version everywhere.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many policies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The resources that policies name, or name objects of, so that a name with a typo in it can be shown
    /// to whoever wrote it.
    #[must_use]
    pub fn resources_named(&self) -> BTreeSet<&str> {
        let objects = self.rules.iter().flat_map(|rule| &rule.objects);
        objects.map(|object| object.resource.as_str()).collect()
    }

    /// Whether this identity may open this resource: the only way to a [`Grant`].
    ///
    /// # Errors
    /// What to tell the client. It does not say whether the resource exists.
    pub fn authorize(
        &self,
        identity: Arc<Identity>,
        resource: Arc<Resource>,
        circumstances: &Circumstances,
    ) -> Result<Grant, Reason> {
        check_expiry(&identity, circumstances.now)?;
        let refused = || no_such_door(&resource.name);
        if !within_reach(&identity, &resource) {
            return Err(refused());
        }
        let answer =
            self.ask_connect(&identity, &resource, circumstances).map_err(|_| refused())?;
        let policies = opened_by(&answer).ok_or_else(refused)?;
        Ok(Grant { identity, resource, circumstances: circumstances.clone(), policies })
    }

    /// What Cedar says of opening a session.
    pub(crate) fn ask_connect(
        &self,
        identity: &Arc<Identity>,
        resource: &Arc<Resource>,
        circumstances: &Circumstances,
    ) -> Result<Answer, CannotAsk> {
        let rules = self.rules_for(identity, resource, |rule| rule.covers(Action::Connect));
        let context = || request::opening(circumstances, request::minute(circumstances.now));
        Bench::new(identity, resource, rules).ask(Action::Connect, Target::Resource, context)
    }

    /// The part of the policies that can concern a grant's session.
    #[must_use]
    pub fn slice(self: &Arc<Self>, grant: &Grant) -> Slice {
        let (identity, resource) = (&grant.identity, &grant.resource);
        let rules = self.rules_for(identity, resource, |_| true);
        let reveal = Arc::new(self.reveal(grant));
        Slice::new(grant, rules, reveal, self.version.as_str().into())
    }

    /// The classes of this resource that the grant's identity may see in clear.
    fn reveal(&self, grant: &Grant) -> Classes {
        let (identity, resource) = (&grant.identity, &grant.resource);
        if !within_reach(identity, resource) {
            return Classes::new();
        }
        // A permit reveals only if it says so in as many words: `permit (principal in …, action,
        // resource)` is a permit for every command, and no leave to see a card number.
        let rules: Rules = self
            .rules
            .iter()
            .filter(|rule| rule.covers(Action::Reveal) && rule.may_concern(identity))
            .filter(|rule| !rule.permits || rule.names(Action::Reveal))
            .cloned()
            .collect();
        if rules.iter().all(|rule| !rule.permits) {
            return Classes::new();
        }
        let mut bench = Bench::new(identity, resource, rules);
        let mut shown = |class: &DataClass| {
            let context = || request::revealing(&grant.circumstances, resource);
            bench
                .ask(Action::Reveal, Target::DataClass(class), context)
                .is_ok_and(|answer| opened_by(&answer).is_some())
        };
        classes_of(resource).into_iter().filter(|class| shown(class)).collect()
    }

    fn rules_for(
        &self,
        identity: &Identity,
        resource: &Resource,
        also: impl Fn(&Rule) -> bool,
    ) -> Rules {
        self.rules
            .iter()
            .filter(|rule| rule.may_concern(identity) && rule.may_touch(resource) && also(rule))
            .cloned()
            .collect()
    }
}

/// The permits that open, when some do, without asking anybody, and nothing forbids.
pub(crate) fn opened_by(answer: &Answer) -> Option<Arc<[PolicyId]>> {
    if !answer.forbids.is_empty() || !answer.failed_forbids.is_empty() {
        return None;
    }
    let permits: Arc<[PolicyId]> = answer
        .permits
        .iter()
        .filter(|rule| rule.approval.is_none())
        .map(|rule| Arc::clone(&rule.id))
        .collect();
    (!permits.is_empty()).then_some(permits)
}

/// Whether the credential that was shown is good for this resource at all.
pub(crate) fn within_reach(identity: &Identity, resource: &Resource) -> bool {
    identity.only_resources.as_ref().is_none_or(|only| only.contains(&resource.name))
}

/// Every class a resource's data rules speak of.
fn classes_of(resource: &Resource) -> Classes {
    let mut classes = Classes::new();
    for rule in &resource.data {
        match rule {
            DataRule::Column { class, .. } => {
                classes.insert(class.clone());
            }
            DataRule::Detect(found) => classes.extend(found.iter().cloned()),
        }
    }
    classes
}
