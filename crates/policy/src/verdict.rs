//! What Cedar answered about each part of a command → one decision about the whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::{Access, Action, Ask, Classes, Decision, Reason, ReasonKind, Terms};

use crate::annotation::Approval;
use crate::bench::Answer;
use crate::request::CannotAsk;
use crate::rule::Rule;
use crate::set::Opened;

/// One question that was put to Cedar for an access. An access whose object may stand in several
/// places gives several, and every one must be permitted.
#[derive(Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) access: &'a Access,
    /// The schema that was assumed, where more than one was possible.
    pub(crate) assumed: Option<Assumed>,
    pub(crate) answer: Result<Answer, CannotAsk>,
}

/// What was assumed of an object whose place is not certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Assumed {
    /// It stands in this schema.
    Schema(String),
    /// It stands in one that no policy names.
    Elsewhere,
}

/// What one answer comes to.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// These permit it, unconditionally.
    Permitted(Vec<&'a Arc<Rule>>),
    /// These permit it once humans agree.
    Held(Approval, Vec<&'a Arc<Rule>>),
    /// These forbid it.
    Forbidden(&'a [Arc<Rule>]),
    /// These could not be evaluated and would forbid.
    Failed(&'a [Arc<Rule>]),
    /// Nothing permits it.
    NotPermitted,
    /// Cedar could not be asked.
    CannotAsk(&'a str),
}

impl Finding<'_> {
    pub(crate) fn outcome(&self) -> Outcome<'_> {
        let answer = match &self.answer {
            Ok(answer) => answer,
            Err(CannotAsk(why)) => return Outcome::CannotAsk(why),
        };
        if !answer.forbids.is_empty() {
            return Outcome::Forbidden(&answer.forbids);
        }
        if !answer.failed_forbids.is_empty() {
            return Outcome::Failed(&answer.failed_forbids);
        }
        let open: Vec<_> = answer.permits.iter().filter(|rule| rule.approval.is_none()).collect();
        if !open.is_empty() {
            return Outcome::Permitted(open);
        }
        match either(&answer.permits) {
            Some((approval, rules)) => Outcome::Held(approval, rules),
            None => Outcome::NotPermitted,
        }
    }
}

/// Permits that hold are alternatives: whoever satisfies one of them has satisfied the access.
///
/// An [`Ask`] knows one list of groups and one number. Alternatives that want the same number of
/// approvals for 1 are joined, which says exactly "either"; of the others the one that wants fewest
/// stands (the first by name among equals). What is left out only takes ways to pass away.
fn either(permits: &[Arc<Rule>]) -> Option<(Approval, Vec<&Arc<Rule>>)> {
    let held = || permits.iter().filter_map(|rule| Some((rule, rule.approval.as_ref()?)));
    let (first, fewest) = held().min_by_key(|(_, approval)| approval.approvals)?;
    let mut joined = fewest.clone();
    let mut rules = vec![first];
    for (rule, approval) in held() {
        let same_number = approval.approvals == fewest.approvals;
        let same_way = approval.approvals == 1 || approval.groups == fewest.groups;
        if same_number && same_way && !Arc::ptr_eq(rule, first) {
            joined.groups.extend(approval.groups.iter().cloned());
            joined.within = joined.within.min(approval.within);
            rules.push(rule);
        }
    }
    joined.groups.sort_unstable();
    joined.groups.dedup();
    Some((joined, rules))
}

/// Who must agree to everything in a command that is held.
#[derive(Debug)]
struct Merged<'a> {
    groups: Vec<String>,
    approvals: u32,
    within: Duration,
    rules: Vec<&'a Arc<Rule>>,
    access: &'a Access,
}

impl<'a> Merged<'a> {
    /// Whoever approves must be acceptable for every part: groups are intersected, the larger number
    /// and the shorter time win.
    fn and(self, approval: &Approval, rules: Vec<&'a Arc<Rule>>) -> Self {
        let groups =
            self.groups.into_iter().filter(|group| approval.groups.contains(group)).collect();
        Self {
            groups,
            approvals: self.approvals.max(approval.approvals),
            within: self.within.min(approval.within),
            rules: self.rules.into_iter().chain(rules).collect(),
            access: self.access,
        }
    }
}

/// One decision of all findings. `why_unknown` is the parser's reason, where it gave up.
pub(crate) fn decide(
    findings: &[Finding<'_>],
    resource: &str,
    connect: &Opened,
    reveal: &Arc<Classes>,
    why_unknown: Option<&str>,
) -> Decision {
    let outcomes: Vec<_> = findings.iter().map(|finding| (finding, finding.outcome())).collect();
    if let Some(reason) = refusal(&outcomes, resource, why_unknown) {
        return Decision::Deny(reason);
    }

    // Whatever permits it, and needs no approval or would be satisfied by one, may ask for more.
    let permits = || {
        let answers = outcomes.iter().filter_map(|(finding, _)| finding.answer.as_ref().ok());
        answers.flat_map(|answer| &answer.permits)
    };
    let evidence = permits().map(|rule| rule.evidence).fold(connect.evidence, Ord::max);
    let contents = permits().map(|rule| rule.contents).max().unwrap_or(0);

    let mut permitted = BTreeSet::new();
    let mut merged: Option<Merged<'_>> = None;
    for (finding, outcome) in outcomes {
        match outcome {
            Outcome::Permitted(rules) => {
                permitted.extend(rules.into_iter().map(|rule| Arc::clone(&rule.id)));
            }
            Outcome::Held(approval, rules) => {
                permitted.extend(rules.iter().map(|rule| Arc::clone(&rule.id)));
                merged = Some(match merged {
                    Some(merged) => merged.and(&approval, rules),
                    None => Merged {
                        groups: approval.groups,
                        approvals: approval.approvals,
                        within: approval.within,
                        rules,
                        access: finding.access,
                    },
                });
            }
            // `refusal` has answered these.
            Outcome::Forbidden(_)
            | Outcome::Failed(_)
            | Outcome::NotPermitted
            | Outcome::CannotAsk(_) => {
                return Decision::Deny(not_permitted(&[finding], resource));
            }
        }
    }
    let policies = match permitted.is_empty() {
        true => Arc::clone(&connect.policies),
        false => permitted.into_iter().collect(),
    };
    let terms = Terms { policies, reveal: Arc::clone(reveal), approval: None, evidence, contents };
    match merged {
        None => Decision::Allow(terms),
        Some(merged) => hold(merged, terms),
    }
}

fn hold(merged: Merged<'_>, terms: Terms) -> Decision {
    let ids: BTreeSet<_> = merged.rules.iter().map(|rule| rule.id.to_string()).collect();
    let policies: Vec<_> = ids.into_iter().collect();
    if merged.groups.is_empty() {
        return Decision::Deny(Reason {
            kind: ReasonKind::Policy,
            message: "parts of this command need the approval of different groups".to_owned(),
            policies,
            hint: Some("send the parts as commands of their own".to_owned()),
        });
    }
    let message = messages(&merged.rules).unwrap_or_else(|| {
        let who = merged.groups.join(" or ");
        match merged.approvals {
            1 => format!("`{}` needs the approval of {who}", merged.access),
            number => format!("`{}` needs {number} approvals of {who}", merged.access),
        }
    });
    let ask = Ask {
        approvers: merged.groups,
        approvals: merged.approvals,
        within: merged.within,
        policies,
        message,
    };
    Decision::Hold(ask, terms)
}

/// Why the command cannot run whoever agrees, if that is so.
fn refusal(
    outcomes: &[(&Finding<'_>, Outcome<'_>)],
    resource: &str,
    why_unknown: Option<&str>,
) -> Option<Reason> {
    let cannot = outcomes.iter().find_map(|(_, outcome)| match outcome {
        Outcome::CannotAsk(why) => Some(*why),
        _ => None,
    });
    if let Some(why) = cannot {
        return Some(Reason {
            kind: ReasonKind::Unavailable,
            message: format!("policy cannot be asked about this command: {why}"),
            policies: Vec::new(),
            hint: None,
        });
    }
    let unknown = outcomes.iter().any(|(finding, outcome)| {
        finding.access.action == Action::Unknown
            && !matches!(outcome, Outcome::Permitted(_) | Outcome::Held(..))
    });
    let kind = if unknown { ReasonKind::NotUnderstood } else { ReasonKind::Policy };

    let forbidden: Vec<_> = outcomes
        .iter()
        .filter_map(|(finding, outcome)| match outcome {
            Outcome::Forbidden(rules) => Some((*finding, *rules)),
            _ => None,
        })
        .collect();
    if let Some((finding, _)) = forbidden.first() {
        let mut rules: Vec<_> = forbidden.iter().flat_map(|(_, rules)| rules.iter()).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules.dedup_by(|a, b| a.id == b.id);
        let message = messages(&rules).unwrap_or_else(|| {
            let what = described(finding);
            match why_unknown.filter(|_| unknown) {
                Some(why) => format!("not understood, and forbidden by policy: {why}"),
                None => format!("{what} on {resource} is forbidden by policy"),
            }
        });
        let policies = rules.iter().map(|rule| rule.id.to_string()).collect();
        return Some(Reason { kind, message, policies, hint: hint(&[finding]) });
    }

    let failed = outcomes.iter().find_map(|(finding, outcome)| match outcome {
        Outcome::Failed(rules) => Some((*finding, *rules)),
        _ => None,
    });
    if let Some((finding, rules)) = failed {
        return Some(Reason {
            kind,
            message: format!(
                "{} on {resource} is refused: a policy that forbids could not be evaluated for it",
                described(finding)
            ),
            policies: rules.iter().map(|rule| rule.id.to_string()).collect(),
            hint: hint(&[finding]),
        });
    }

    let bare: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::NotPermitted))
        .map(|(finding, _)| *finding)
        .collect();
    if bare.is_empty() {
        return None;
    }
    let mut reason = not_permitted(&bare, resource);
    if unknown {
        let why = why_unknown.unwrap_or("the protocol gave no reason");
        reason.kind = ReasonKind::NotUnderstood;
        reason.message =
            format!("not understood, and no policy permits what is not understood: {why}");
    }
    Some(reason)
}

fn not_permitted(findings: &[&Finding<'_>], resource: &str) -> Reason {
    const SHOWN: usize = 3;
    let mut accesses: Vec<_> = findings.iter().map(|finding| finding.access).collect();
    accesses.dedup();
    let names: Vec<_> = accesses.iter().take(SHOWN).map(|access| format!("`{access}`")).collect();
    let more = match accesses.len().saturating_sub(SHOWN) {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    Reason {
        kind: ReasonKind::Policy,
        message: format!("no policy permits {}{more} on {resource}", names.join(", ")),
        policies: Vec::new(),
        hint: hint(findings),
    }
}

fn described(finding: &Finding<'_>) -> String {
    match &finding.assumed {
        Some(Assumed::Schema(schema)) => {
            format!("`{}` (as it may stand in {schema})", finding.access)
        }
        Some(Assumed::Elsewhere) | None => format!("`{}`", finding.access),
    }
}

fn hint(findings: &[&Finding<'_>]) -> Option<String> {
    findings.iter().find(|finding| finding.assumed.is_some()).map(|finding| {
        format!(
            "where `{}` stands is not certain: write its schema in front of it",
            finding.access.object.name
        )
    })
}

/// What the policies say, each sentence once.
fn messages(rules: &[&Arc<Rule>]) -> Option<String> {
    let mut said: Vec<&str> = Vec::new();
    for message in rules.iter().filter_map(|rule| rule.message.as_deref()) {
        if !said.contains(&message) {
            said.push(message);
        }
    }
    (!said.is_empty()).then(|| said.join("; "))
}
