use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, Classes, Evidence, Verdict};

/// The `@id` of a policy.
pub type PolicyId = Arc<str>;

/// What policy says of a command.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It may run, on these terms.
    Allow(Terms),
    /// It may not.
    Deny(Reason),
    /// It may run on these terms once a human agrees.
    Hold(Ask, Terms),
}

/// What finally holds for a command: a policy's allowance or an approver's, or a refusal. A hold
/// cannot be one.
pub type Ruling = Result<Terms, Reason>;

/// The terms on which a command runs. An approval adds its id and never loosens `reveal`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The policies that permitted it.
    pub policies: Arc<[PolicyId]>,
    /// The data classes this identity may see in clear on this resource.
    pub reveal: Arc<Classes>,
    /// The approval that let it pass, when there was one.
    pub approval: Option<ApprovalId>,
    /// When its record must be on the disk, where these policies ask for more than the resource does.
    pub evidence: Evidence,
    /// How much of the content of a file that is moved is recorded, in bytes.
    pub contents: u64,
}

/// What policies that are only tried out would have made of a command, or of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// The verdict there would have been.
    pub verdict: Verdict,
    /// Those of them that would have made it so.
    pub policies: Arc<[PolicyId]>,
    /// The data classes that would have been seen in clear and were not. Of a session only.
    pub shows: Arc<Classes>,
    /// The data classes that would have been masked and were not. Of a session only.
    pub masks: Arc<Classes>,
}

/// Why a command is refused, in words for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Who or what refused.
    pub kind: ReasonKind,
    /// What is said to the client: a policy's `@message`, or a sentence of ours.
    pub message: String,
    /// The policies that refused; empty when none permitted.
    pub policies: Vec<String>,
    /// What the person can do next.
    pub hint: Option<String>,
}

/// Who or what refused a command; a protocol maps it to its own error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A policy forbade it, or none permitted it.
    Policy,
    /// It was not understood and no policy permits what is not understood.
    NotUnderstood,
    /// It would have copied data that must stay masked to where no mask reaches it.
    Masking,
    /// An approver said no.
    Disapproved,
    /// Nobody decided in time.
    Expired,
    /// The client itself withdrew it.
    Canceled,
    /// It is over a limit of the gateway's.
    TooLarge,
    /// The gateway could not do its part; nothing was sent to the target.
    Unavailable,
}

/// What a hold asks of humans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Any one of these groups may approve; never the requester.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub approvals: u32,
    /// How long the request stays open.
    pub within: Duration,
    /// The policies that asked.
    pub policies: Vec<String>,
    /// Why it is held, in the policy's words when it has some.
    pub message: String,
}
