//! The proof that somebody may open something.

use std::net::IpAddr;
use std::sync::Arc;

use model::{Identity, PolicyId, Reason, ReasonKind, Resource, Timestamp};

/// What is known about a session before its first command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The client's address as the gateway saw it.
    pub source: IpAddr,
    /// What the client calls itself; nobody vouches for it.
    pub client: Option<String>,
    /// The time.
    pub now: Timestamp,
}

/// *Proof* that this identity may open this resource.
///
/// Only [`PolicySet::authorize`](crate::PolicySet::authorize) makes one, so "authorised for A,
/// dialled B" cannot be written, and neither can this:
///
/// ```compile_fail,E0451
/// # fn forge(
/// #     identity: std::sync::Arc<model::Identity>,
/// #     resource: std::sync::Arc<model::Resource>,
/// #     circumstances: policy::Circumstances,
/// # ) -> policy::Grant {
/// policy::Grant { identity, resource, circumstances, policies: std::sync::Arc::from([]) }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) identity: Arc<Identity>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) circumstances: Circumstances,
    pub(crate) policies: Arc<[PolicyId]>,
}

impl Grant {
    /// Who.
    #[must_use]
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// What.
    #[must_use]
    pub const fn resource(&self) -> &Arc<Resource> {
        &self.resource
    }

    /// The policies that let it be opened.
    #[must_use]
    pub const fn policies(&self) -> &Arc<[PolicyId]> {
        &self.policies
    }
}

/// What a client hears when it asks for a resource that does not exist. It hears the same of one
/// that it may not open, so that nobody can find out what there is.
#[must_use]
pub fn no_such_door(resource: &str) -> Reason {
    let name: String = resource.chars().take(128).flat_map(char::escape_debug).collect();
    Reason {
        kind: ReasonKind::Policy,
        message: format!("there is no resource `{name}` that you may open"),
        policies: Vec::new(),
        hint: Some("`sluice ls` lists the resources you may open".to_owned()),
    }
}

/// Whether what was shown at sign-in is still good.
pub(crate) fn check_expiry(identity: &Identity, now: Timestamp) -> Result<(), Reason> {
    if identity.expires.is_none_or(|expires| now < expires) {
        return Ok(());
    }
    Err(Reason {
        kind: ReasonKind::Policy,
        message: "your sign-in has expired".to_owned(),
        policies: Vec::new(),
        hint: Some("sign in again with `sluice login` and reconnect".to_owned()),
    })
}
