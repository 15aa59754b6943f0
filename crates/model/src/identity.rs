use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenId};

/// What kind of principal an identity is; policies name them `User`, `Machine` and `Agent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// A person.
    User,
    /// A CI job, a service, a cron job.
    Machine,
    /// An AI agent.
    Agent,
}

impl IdentityKind {
    /// The word for it, as JSON writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Machine => "machine",
            Self::Agent => "agent",
        }
    }
}

/// Who, as vouched for by a provider. Nothing here came from the client unchecked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name policies and recordings know this identity by, as the token's subject claim or the
    /// certificate gave it.
    pub subject: String,
    /// The groups the provider vouches for.
    pub groups: Vec<String>,
    /// Person, machine or agent.
    pub kind: IdentityKind,
    /// The configured name of the provider that vouched (`identity[].name`), or `sluice` for a token of ours.
    pub provider: String,
    /// The person a machine or an agent acts for, when the provider says so.
    pub on_behalf_of: Option<String>,
    /// When the credential that was shown stops being good. It holds during a session, not only at its start.
    pub expires: Option<Timestamp>,
    /// The Sluice token that was shown, so that revoking it ends what it opened.
    pub token: Option<TokenId>,
    /// The only resources the credential is good for; `None` is no such limit.
    pub only_resources: Option<Vec<String>>,
}
