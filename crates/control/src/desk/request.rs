use std::collections::BTreeSet;
use std::time::Duration;

use model::ports::{ApprovalRequest, Unavailable};
use model::{
    Access, ApprovalId, Identity, Parameter, Reason, ReasonKind, SessionId, Terms, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Limits, Verdict};
use crate::clock::{rfc3339, rfc3339_option};

/// No request stays open longer, whatever a policy says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits.
    Open,
    /// Enough people agreed.
    Approved,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The client cancelled or left.
    Withdrawn,
}

impl State {
    pub(super) const ALL: [Self; 5] =
        [Self::Open, Self::Approved, Self::Denied, Self::Expired, Self::Withdrawn];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A request as it stands in the store, with everything its approver needs to see.
#[derive(Clone, Debug, Serialize)]
pub struct Approval {
    /// Names it.
    pub id: ApprovalId,
    /// What has become of it.
    pub state: State,
    /// The session it is bound to.
    pub session: SessionId,
    /// Who asks.
    #[serde(serialize_with = "requester")]
    pub identity: Identity,
    /// Of what.
    pub resource: String,
    /// The command's number in its session.
    pub number: u64,
    /// Its text.
    pub text: String,
    /// What is bound to it.
    pub parameters: Vec<serde_json::Value>,
    /// What it does.
    pub accesses: Vec<String>,
    /// Any one of these groups may decide.
    pub approvers: Vec<String>,
    /// How many different people must agree.
    pub needed: u32,
    /// The policies that asked.
    pub policies: Vec<String>,
    /// Why it is held.
    pub message: String,
    /// When it was opened.
    #[serde(serialize_with = "rfc3339")]
    pub created: Timestamp,
    /// Until when it can be decided.
    #[serde(serialize_with = "rfc3339")]
    pub expires: Timestamp,
    /// When it was decided, withdrawn or given up.
    #[serde(serialize_with = "rfc3339_option")]
    pub closed: Option<Timestamp>,
    /// Who said what so far.
    pub decisions: Vec<Decided>,
    /// The people behind the request, by every name known, in lower case: none of them may decide it.
    #[serde(skip)]
    pub(crate) persons: BTreeSet<String>,
}

/// One person's decision.
#[derive(Clone, Debug, Serialize)]
pub struct Decided {
    /// Who.
    pub subject: String,
    /// The provider that vouched for them.
    pub provider: String,
    /// What they said.
    pub verdict: Verdict,
    /// What they said about it.
    pub comment: String,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    #[serde(skip)]
    pub(super) persons: BTreeSet<String>,
}

/// What an approver sees of who asks.
fn requester<S: serde::Serializer>(identity: &Identity, to: S) -> Result<S::Ok, S::Error> {
    serde_json::json!({
        "subject": identity.subject,
        "kind": identity.kind,
        "groups": identity.groups,
        "provider": identity.provider,
        "on_behalf_of": identity.on_behalf_of,
    })
    .serialize(to)
}

/// The people behind an identity, by every name known of them, in lower case: itself, whom it acts
/// for, and who made its token. Two identities with a name in common may be one person.
pub(super) fn persons(identity: &Identity, creator: Option<String>) -> BTreeSet<String> {
    [Some(identity.subject.clone()), identity.on_behalf_of.clone(), creator]
        .into_iter()
        .flatten()
        .map(|name| name.to_lowercase())
        .collect()
}

/// A group as identities have it: policies may write `group:dba`.
pub(crate) fn group(name: &str) -> &str {
    name.strip_prefix("group:").unwrap_or(name)
}

pub(super) fn check(request: &ApprovalRequest, limits: &Limits) -> Result<(), Unavailable> {
    let refuse = |why: String| Err(Unavailable(why));
    if request.ask.approvers.is_empty() {
        return refuse(
            "the policy that holds this command names nobody who could approve it".into(),
        );
    }
    if request.text.len() > limits.text {
        return refuse(format!(
            "the command is {} bytes long and an approver reads at most {}: split it",
            request.text.len(),
            limits.text
        ));
    }
    let parameters: usize = request.parameters.iter().map(length).sum();
    if parameters > limits.parameters {
        return refuse(format!(
            "the command's parameters are {parameters} bytes long and an approver reads at most {}: split it",
            limits.parameters
        ));
    }
    Ok(())
}

fn length(parameter: &Parameter) -> usize {
    match parameter {
        Parameter::Null => 4,
        Parameter::Text(text) | Parameter::Binary(text) => text.len(),
        Parameter::Cut { start, .. } => start.len(),
    }
}

pub(super) fn window(request: &ApprovalRequest) -> Duration {
    request.ask.within.min(LONGEST)
}

/// The very terms that were asked for, and the approval's id.
pub(super) fn approved(request: &ApprovalRequest, id: ApprovalId) -> Terms {
    Terms { approval: Some(id), ..request.terms.clone() }
}

pub(super) fn denied(request: &ApprovalRequest, approver: &str, comment: &str) -> Reason {
    let message = if comment.is_empty() {
        format!("{approver} did not approve it")
    } else {
        format!("{approver} did not approve it: {comment}")
    };
    let hint = format!("talk to {approver} before you send it again");
    refusal(request, ReasonKind::Disapproved, message, &hint)
}

pub(super) fn expired(request: &ApprovalRequest) -> Reason {
    let groups: Vec<_> = request.ask.approvers.iter().map(|name| group(name)).collect();
    let message = format!(
        "nobody of {} approved it within {} seconds",
        groups.join(", "),
        window(request).as_secs()
    );
    refusal(request, ReasonKind::Expired, message, "send it again when an approver is there")
}

pub(super) fn lost(request: &ApprovalRequest) -> Reason {
    let message = "the approval could not be waited for: the gateway's desk failed".to_owned();
    refusal(request, ReasonKind::Unavailable, message, "send it again")
}

fn refusal(request: &ApprovalRequest, kind: ReasonKind, message: String, hint: &str) -> Reason {
    Reason { kind, message, policies: request.ask.policies.clone(), hint: Some(hint.to_owned()) }
}

/// A parameter as the API shows it.
pub(super) fn shown(parameter: &Parameter) -> serde_json::Value {
    match parameter {
        Parameter::Null => serde_json::Value::Null,
        Parameter::Text(text) => text.as_str().into(),
        Parameter::Binary(hex) => serde_json::json!({ "hex": hex }),
        Parameter::Cut { start, length } => {
            serde_json::json!({ "start": start, "length": length })
        }
    }
}

pub(super) fn access_names(accesses: &[Access]) -> Vec<String> {
    accesses.iter().map(ToString::to_string).collect()
}
