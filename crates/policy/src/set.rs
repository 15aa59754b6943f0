//! The policies of the house, loaded and checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Action, Classes, DataClass, DataRule, Evidence, Identity, PolicyId, Reason, Resource};

use crate::bench::{Answer, Bench};
use crate::grant::{Circumstances, Grant, check_expiry, no_such_door};
use crate::load::{self, LoadError};
use crate::request::{self, CannotAsk};
use crate::rule::{Rule, Rules};
use crate::shadow::Opening;
use crate::slice::Slice;
use crate::target::Target;

/// Every policy of the house. Immutable: a reload makes a new one, and sessions take a new
/// [`Slice`] of it.
#[derive(Debug)]
pub struct PolicySet {
    /// Those that decide.
    rules: Rules,
    /// Those that are tried out, `@shadow("true")`.
    shadows: Rules,
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
        let (shadows, rules): (Vec<_>, Vec<_>) =
            load::load(sources)?.into_iter().partition(|rule: &Arc<Rule>| rule.shadow);
        let version = hash.finalize().to_hex().get(..16).unwrap_or_default().to_owned();
        Ok(Self { rules: rules.into(), shadows: shadows.into(), version })
    }

    /// No policies: nobody may anything.
    #[must_use]
    pub fn empty() -> Self {
        let version = blake3::Hasher::new().finalize().to_hex();
        Self {
            rules: Arc::new([]),
            shadows: Arc::new([]),
            version: version.get(..16).unwrap_or_default().to_owned(),
        }
    }

    /// Names this very text of the policies: the same text has the same version everywhere.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many policies there are, those included that are only tried out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len() + self.shadows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.shadows.is_empty()
    }

    /// The policies that are only tried out, by name, in the order they were loaded.
    pub fn shadows(&self) -> impl Iterator<Item = &PolicyId> {
        self.shadows.iter().map(|rule| &rule.id)
    }

    /// The resources that policies name, or name objects of, so that a name with a typo in it can be shown
    /// to whoever wrote it.
    #[must_use]
    pub fn resources_named(&self) -> BTreeSet<&str> {
        let rules = self.rules.iter().chain(self.shadows.iter());
        let objects = rules.flat_map(|rule| &rule.objects);
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
        let Opened { policies, .. } = opened_by(&answer).ok_or_else(refused)?;
        Ok(Grant { identity, resource, circumstances: circumstances.clone(), policies })
    }

    /// The policies that are only tried out and would have let this session be opened, where
    /// [`Self::authorize`] refuses it.
    #[must_use]
    pub fn would_open(
        &self,
        identity: &Arc<Identity>,
        resource: &Arc<Resource>,
        circumstances: &Circumstances,
    ) -> Option<Arc<[PolicyId]>> {
        let closed = check_expiry(identity, circumstances.now).is_err()
            || !within_reach(identity, resource)
            || self.shadows.is_empty();
        if closed {
            return None;
        }
        let with = self.with_shadows();
        let answer = with.ask_connect(identity, resource, circumstances).ok()?;
        opened_by(&answer)?;
        Some(shadows_of(&answer.permits))
    }

    /// What there would be if what is tried out decided.
    fn with_shadows(&self) -> Self {
        let rules = self.rules.iter().chain(self.shadows.iter()).cloned().collect();
        Self { rules, shadows: Arc::new([]), version: self.version.clone() }
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
        let slice = self.slice_without_shadow(grant);
        let (identity, resource) = (&grant.identity, &grant.resource);
        let concerns = |rule: &Rule| {
            let revealing = rule.covers(Action::Reveal);
            rule.may_concern(identity) && (rule.may_touch(resource) || revealing)
        };
        if !self.shadows.iter().any(|rule| concerns(rule)) {
            return slice;
        }
        let with = self.with_shadows();
        let mut would = Opening::default();
        let now = self.revealed(grant);
        for (class, seen) in with.revealed(grant) {
            let known = now.iter().find(|(one, _)| *one == class);
            let seen_now = known.is_some_and(|(_, seen)| seen.shown);
            if seen.shown == seen_now {
                continue;
            }
            would.policies.extend(seen.shadows.iter().cloned());
            let changed = if seen.shown { &mut would.shows } else { &mut would.masks };
            changed.insert(class);
        }
        slice.with_shadow(with.slice_without_shadow(grant), would)
    }

    fn slice_without_shadow(&self, grant: &Grant) -> Slice {
        let (identity, resource) = (&grant.identity, &grant.resource);
        let rules = self.rules_for(identity, resource, |_| true);
        let reveal = self.revealed(grant).into_iter().filter(|(_, seen)| seen.shown);
        let reveal = Arc::new(reveal.map(|(class, _)| class).collect());
        Slice::new(grant, rules, reveal, self.version.as_str().into())
    }

    /// The classes of this resource that policy was asked about, and whether the grant's identity may
    /// see each in clear. One that is not among them may not be seen.
    fn revealed(&self, grant: &Grant) -> Vec<(DataClass, Seen)> {
        let (identity, resource) = (&grant.identity, &grant.resource);
        if !within_reach(identity, resource) {
            return Vec::new();
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
            return Vec::new();
        }
        let mut bench = Bench::new(identity, resource, rules);
        let mut asked = |class: DataClass| {
            let context = || request::revealing(&grant.circumstances, resource);
            let answer = bench.ask(Action::Reveal, Target::DataClass(&class), context);
            let seen = answer.map_or_else(|_| Seen::default(), |answer| Seen::of(&answer));
            (class, seen)
        };
        classes_of(resource).into_iter().map(&mut asked).collect()
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

/// Whether a class is seen in clear.
#[derive(Debug, Default)]
struct Seen {
    shown: bool,
    /// The policies behind it that are only tried out.
    shadows: Vec<PolicyId>,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let shown = opened_by(answer).is_some();
        let against = answer.forbids.iter().chain(&answer.failed_forbids);
        let behind: Vec<_> = match shown {
            true => answer.permits.iter().collect(),
            false => against.collect(),
        };
        let shadows = behind.into_iter().filter(|rule| rule.shadow);
        Self { shown, shadows: shadows.map(|rule| Arc::clone(&rule.id)).collect() }
    }
}

/// Those of them that are only tried out.
fn shadows_of(rules: &[Arc<Rule>]) -> Arc<[PolicyId]> {
    rules.iter().filter(|rule| rule.shadow).map(|rule| Arc::clone(&rule.id)).collect()
}

/// What opens a session, and what it asks of its record.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) policies: Arc<[PolicyId]>,
    pub(crate) evidence: Evidence,
}

/// The permits that open, when some do, without asking anybody, and nothing forbids.
pub(crate) fn opened_by(answer: &Answer) -> Option<Opened> {
    if !answer.forbids.is_empty() || !answer.failed_forbids.is_empty() {
        return None;
    }
    let permits = || answer.permits.iter().filter(|rule| rule.approval.is_none());
    let policies: Arc<[PolicyId]> = permits().map(|rule| Arc::clone(&rule.id)).collect();
    let evidence = permits().map(|rule| rule.evidence).max()?;
    Some(Opened { policies, evidence })
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
            DataRule::Column { class, .. } | DataRule::Json { class, .. } => {
                classes.insert(class.clone());
            }
            DataRule::Detect(found) => classes.extend(found.iter().cloned()),
            DataRule::Class { .. } | DataRule::Define(_) => {}
        }
    }
    classes
}
