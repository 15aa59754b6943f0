//! Why policy says what it says, for whoever writes policies. Never for a client: it tells what
//! exists.

use std::sync::Arc;

use model::{
    Access, Ask, Classes, Command, Decision, Evidence, Identity, PolicyId, Reason, Resource,
    Shadow, Timestamp, Verdict,
};
use serde::Serialize;

use crate::grant::{Circumstances, check_expiry};
use crate::rule::Rule;
use crate::set::{PolicySet, within_reach};
use crate::slice::Slice;
use crate::verdict::{Assumed, Finding, Outcome};

/// What policy says of a command, and which policies made it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The verdict on the whole.
    pub verdict: Verdict,
    /// What the client is told, when it is refused or held.
    pub message: Option<String>,
    /// What the client is told it can do.
    pub hint: Option<String>,
    /// The policies behind the verdict.
    pub policies: Vec<String>,
    /// Who must agree, when it is held.
    pub ask: Option<Ask>,
    /// The policies that let the session be opened; none when it may not be.
    pub opened_by: Vec<String>,
    /// The classes that are shown in clear.
    pub reveal: Classes,
    /// What was asked of policy, part by part.
    pub accesses: Vec<Explained>,
    /// When its record must be on the disk, as far as policies ask for it.
    pub evidence: Evidence,
    /// What would be said if the policies that are only tried out were in force, where that is
    /// something else.
    pub shadow: Option<Would>,
    /// The version of the policies that were asked.
    pub version: String,
}

/// What policies that are only tried out would have made of it. Where the session is not opened, of
/// opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Would {
    /// The verdict there would be.
    pub verdict: Verdict,
    /// Those of them that would make it so.
    pub policies: Vec<String>,
    /// The classes that would be shown in clear and are not.
    pub shows: Classes,
    /// The classes that would be masked and are not.
    pub masks: Classes,
}

impl From<Shadow> for Would {
    fn from(shadow: Shadow) -> Self {
        Self {
            verdict: shadow.verdict,
            policies: names(&shadow.policies),
            shows: Classes::clone(&shadow.shows),
            masks: Classes::clone(&shadow.masks),
        }
    }
}

/// One question of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What it is about.
    pub access: Access,
    /// The schema that was assumed, where the target decides which it is; `*` is one that no policy
    /// names.
    pub assumed: Option<String>,
    /// The verdict on this part.
    pub verdict: Verdict,
    /// The policies that made it: those that forbid, or else those that permit.
    pub policies: Vec<String>,
    /// Policies that could not be evaluated: such a permit permits nothing, such a forbid forbids.
    pub failed: Vec<String>,
}

impl Slice {
    /// What [`Slice::decide`] says of a command, with its reasons.
    pub fn explain(&mut self, command: &Command, now: Timestamp) -> Explanation {
        let decision = self.decide(command, now);
        let shadow = self.shadow(command, now, &decision);
        let opened_by = self.connect().map_or_else(|_| Arc::from([]), |opened| opened.policies);
        let accesses = self
            .findings(&command.understood, command.in_transaction)
            .map(|findings| findings.iter().map(explained).collect())
            .unwrap_or_default();
        let reveal = Classes::clone(self.reveal());
        let mut explanation = summary(decision, reveal, self.version());
        explanation.opened_by = names(&opened_by);
        explanation.accesses = accesses;
        explanation.shadow = shadow.map(Would::from);
        explanation
    }
}

impl PolicySet {
    /// What would be said of opening a session and, where there is one, of a command in it. Unlike
    /// the refusal a client gets, this tells why a session may not be opened.
    #[must_use]
    pub fn explain(
        self: &Arc<Self>,
        identity: &Arc<Identity>,
        resource: &Arc<Resource>,
        circumstances: &Circumstances,
        command: Option<&Command>,
    ) -> Explanation {
        match (self.authorize(Arc::clone(identity), Arc::clone(resource), circumstances), command) {
            (Ok(grant), Some(command)) => self.slice(&grant).explain(command, circumstances.now),
            (Ok(grant), None) => {
                let mut slice = self.slice(&grant);
                slice.turn(circumstances.now);
                let evidence = slice.connect().map_or(Evidence::Buffered, |opened| opened.evidence);
                let terms = model::Terms {
                    policies: Arc::clone(grant.policies()),
                    reveal: Arc::clone(slice.reveal()),
                    approval: None,
                    evidence,
                    contents: 0,
                };
                let shadow = slice.shadow_of_session(circumstances.now);
                let reveal = Classes::clone(slice.reveal());
                let mut explanation = summary(Decision::Allow(terms), reveal, self.version());
                explanation.opened_by = names(grant.policies());
                explanation.shadow = shadow.map(Would::from);
                explanation
            }
            (Err(told), _) => {
                let mut why = self.why_closed(identity, resource, circumstances);
                why.hint = why.hint.or(told.hint);
                let mut explanation = summary(Decision::Deny(why), Classes::new(), self.version());
                let would_open = self.would_open(identity, resource, circumstances);
                explanation.shadow = would_open.map(|policies| Would {
                    verdict: Verdict::Allowed,
                    policies: names(&policies),
                    shows: Classes::new(),
                    masks: Classes::new(),
                });
                explanation
            }
        }
    }

    /// Why a session may not be opened, in words for the one who writes policies.
    fn why_closed(
        &self,
        identity: &Arc<Identity>,
        resource: &Arc<Resource>,
        circumstances: &Circumstances,
    ) -> Reason {
        let reason = |message: String, policies: Vec<String>| Reason {
            kind: model::ReasonKind::Policy,
            message,
            policies,
            hint: None,
        };
        if let Err(expired) = check_expiry(identity, circumstances.now) {
            return expired;
        }
        if !within_reach(identity, resource) {
            return reason(format!("the credential is not good for {}", resource.name), Vec::new());
        }
        match self.ask_connect(identity, resource, circumstances) {
            Err(why) => reason(format!("policy cannot be asked: {}", why.0), Vec::new()),
            Ok(answer) => {
                let against: Vec<_> = answer.forbids.iter().chain(&answer.failed_forbids).collect();
                if against.is_empty() {
                    let message = format!("no policy permits `connect` on {}", resource.name);
                    return reason(message, Vec::new());
                }
                let said: Vec<_> =
                    against.iter().filter_map(|rule| rule.message.as_deref()).collect();
                let message = if said.is_empty() {
                    format!("`connect` on {} is forbidden by policy", resource.name)
                } else {
                    said.join("; ")
                };
                reason(message, against.iter().map(|rule| rule.id.to_string()).collect())
            }
        }
    }
}

fn summary(decision: Decision, reveal: Classes, version: &str) -> Explanation {
    let evidence = match &decision {
        Decision::Allow(terms) | Decision::Hold(_, terms) => terms.evidence,
        Decision::Deny(_) => Evidence::Buffered,
    };
    let (verdict, message, hint, policies, ask) = match decision {
        Decision::Allow(terms) => (Verdict::Allowed, None, None, names(&terms.policies), None),
        Decision::Deny(reason) => {
            (Verdict::Denied, Some(reason.message), reason.hint, reason.policies, None)
        }
        Decision::Hold(ask, _) => {
            let (message, policies) = (ask.message.clone(), ask.policies.clone());
            (Verdict::Held, Some(message), None, policies, Some(ask))
        }
    };
    Explanation {
        verdict,
        message,
        hint,
        policies,
        ask,
        opened_by: Vec::new(),
        reveal,
        accesses: Vec::new(),
        evidence,
        shadow: None,
        version: version.to_owned(),
    }
}

fn explained(finding: &Finding<'_>) -> Explained {
    let ids = |rules: &[&Arc<Rule>]| rules.iter().map(|rule| rule.id.to_string()).collect();
    let (verdict, policies) = match finding.outcome() {
        Outcome::Permitted(rules) => (Verdict::Allowed, ids(&rules)),
        Outcome::Held(_, rules) => (Verdict::Held, ids(&rules)),
        Outcome::Forbidden(rules) => (Verdict::Denied, ids(&rules.iter().collect::<Vec<_>>())),
        Outcome::Failed(_) | Outcome::NotPermitted | Outcome::CannotAsk(_) => {
            (Verdict::Denied, Vec::new())
        }
    };
    let failed = finding.answer.as_ref().map_or_else(
        |_| Vec::new(),
        |answer| {
            ids(&answer.failed_forbids.iter().chain(&answer.failed_permits).collect::<Vec<_>>())
        },
    );
    Explained {
        access: finding.access.clone(),
        assumed: finding.assumed.as_ref().map(|assumed| match assumed {
            Assumed::Schema(schema) => schema.clone(),
            Assumed::Elsewhere => "*".to_owned(),
        }),
        verdict,
        policies,
        failed,
    }
}

fn names(policies: &[PolicyId]) -> Vec<String> {
    policies.iter().map(ToString::to_string).collect()
}
