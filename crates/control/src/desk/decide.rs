use model::{ApprovalId, Identity, IdentityKind, Timestamp};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};

use super::request::{Approval, Decided, State, group, persons};
use super::rows;
use crate::audit::{self, Act, Event};
use crate::store::StoreError;

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may run.
    Approve,
    /// It may not.
    Deny,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// A decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such request.
    #[error("there is no such approval request")]
    NotFound,
    /// This person may not decide it.
    #[error("{0}")]
    NotAllowed(String),
    /// It is closed: what was decided stays decided.
    #[error("the request is {} already", .0.name())]
    Closed(State),
    /// This person decided it before.
    #[error("you have decided this request already; it needs somebody else")]
    Twice,
    /// The comment cannot be kept as it is.
    #[error("`comment` {0}")]
    Comment(&'static str),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The comment ends up in the requester's terminal.
pub(super) fn check_comment(comment: &str) -> Result<String, DecideError> {
    let comment = comment.trim();
    if comment.len() > 1000 {
        return Err(DecideError::Comment("is longer than 1000 bytes"));
    }
    if comment.chars().any(char::is_control) {
        return Err(DecideError::Comment("must be one line without control characters"));
    }
    Ok(comment.to_owned())
}

/// Takes a decision on the request as it is in this very transaction: of two people at once, one
/// comes second and is told so.
pub(super) fn decide(
    transaction: &Transaction<'_>,
    id: ApprovalId,
    approver: &Identity,
    verdict: Verdict,
    comment: &str,
    now: Timestamp,
) -> Result<Approval, DecideError> {
    let approval = rows::get(transaction, id, now)?.ok_or(DecideError::NotFound)?;
    let creator = match approver.token {
        Some(token) => crate::tokens::creator(transaction, token)?,
        None => None,
    };
    let persons = persons(approver, creator);
    may_decide(&approval, approver)?;
    if !approval.persons.is_disjoint(&persons) {
        return Err(DecideError::NotAllowed("nobody decides a request of their own".into()));
    }
    if approval.state != State::Open {
        return Err(DecideError::Closed(approval.state));
    }
    if approval.decisions.iter().any(|earlier| !earlier.persons.is_disjoint(&persons)) {
        return Err(DecideError::Twice);
    }
    let decided = Decided {
        subject: approver.subject.clone(),
        provider: approver.provider.clone(),
        verdict,
        comment: comment.to_owned(),
        at: now,
        persons,
    };
    rows::insert_decision(transaction, id, &decided)?;
    let agreed = |decided: &&Decided| decided.verdict == Verdict::Approve;
    let approvals = approval.decisions.iter().chain([&decided]).filter(agreed).count();
    match verdict {
        Verdict::Deny => {
            rows::close(transaction, id, State::Denied, now)?;
        }
        Verdict::Approve if approvals >= approval.needed as usize => {
            rows::close(transaction, id, State::Approved, now)?;
        }
        Verdict::Approve => {}
    }
    let event = entered(&approval, approver, verdict, comment, approvals);
    audit::append(transaction, &Act::new(now, &approver.subject, id, event))?;
    rows::get(transaction, id, now)?.ok_or(DecideError::NotFound)
}

/// What the audit log says of a decision.
fn entered(
    approval: &Approval,
    approver: &Identity,
    verdict: Verdict,
    comment: &str,
    approvals: usize,
) -> Event {
    let (session, number) = (approval.session.to_string(), approval.number);
    let (resource, comment) = (approval.resource.clone(), comment.to_owned());
    let requester = approval.identity.subject.clone();
    let provider = approver.provider.clone();
    let (approvals, needed) = (approvals as u64, u64::from(approval.needed));
    match verdict {
        Verdict::Approve => Event::ApprovalApproved {
            session,
            number,
            resource,
            requester,
            provider,
            comment,
            approvals,
            needed,
        },
        Verdict::Deny => Event::ApprovalDenied {
            session,
            number,
            resource,
            requester,
            provider,
            comment,
            approvals,
            needed,
        },
    }
}

/// Whether somebody is one of those a request is addressed to; not yet whether it is their own.
pub(crate) fn may_decide(approval: &Approval, approver: &Identity) -> Result<(), DecideError> {
    let refuse = |why: String| Err(DecideError::NotAllowed(why));
    let mut wanted = approval.approvers.iter().map(|name| group(name));
    if !wanted.any(|wanted| approver.groups.iter().any(|name| name == wanted)) {
        return refuse(format!(
            "it is for somebody of {} to decide",
            approval.approvers.join(", ")
        ));
    }
    if approver.kind != IdentityKind::User {
        return refuse("a person must decide it, not a machine or an agent".into());
    }
    let within = |only: &Vec<String>| only.contains(&approval.resource);
    if !approver.only_resources.as_ref().is_none_or(within) {
        return refuse("your token is not good for this resource".into());
    }
    Ok(())
}
