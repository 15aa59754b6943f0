use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use model::{Identity, IdentityKind, Secret};

use super::Api;
use super::problem::Problem;
use crate::identity::SignedIn;

/// Where a request came from; the server puts it into the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Somebody who has proven who they are.
pub(super) struct Caller {
    pub(super) identity: Identity,
    pub(super) from: SocketAddr,
    /// Whether they may see and end what is others'.
    pub(super) admin: bool,
}

impl Caller {
    pub(super) fn must_be_admin(&self) -> Result<(), Problem> {
        if self.admin {
            return Ok(());
        }
        Err(Problem::forbidden("this is for administrators (`admins:` in sluice.yaml)"))
    }

    /// Whether this is the very same principal: a subject means something only together with who
    /// vouches for it.
    pub(super) fn is(&self, other: &Identity) -> bool {
        self.identity.subject == other.subject && self.identity.provider == other.provider
    }

    /// Whether the credential shown is good for this resource at all.
    pub(super) fn reaches(&self, resource: &str) -> bool {
        let named = |only: &Vec<String>| only.iter().any(|name| name == resource);
        self.identity.only_resources.as_ref().is_none_or(named)
    }
}

/// What a request showed, for where it must be looked at more than once: an answer that goes on for
/// hours is given to somebody who may have it until its end.
pub(super) struct Credential {
    token: Secret,
    from: SocketAddr,
}

impl Credential {
    /// Whose it is, now.
    pub(super) async fn caller(&self, api: &Api) -> Result<Caller, Problem> {
        let SignedIn { identity, entered } = api.directory.sign_in(&self.token, self.from).await?;
        let admin = is_admin(&identity, &api.admins);
        if let Err(why) = entered {
            // Whoever is to see what is wrong must get in while it is; the log says so afterwards.
            if !admin {
                return Err(Problem::unlogged());
            }
            api.store.health().let_in(&why);
        }
        Ok(Caller { identity, from: self.from, admin })
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        Credential::from_request_parts(parts, api).await?.caller(api).await
    }
}

impl FromRequestParts<Arc<Api>> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Problem> {
        let Some(Peer(from)) = parts.extensions.get().copied() else {
            return Err(Problem::unauthenticated("where the request came from is not known"));
        };
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (headers.next(), headers.next()) else {
            return Err(Problem::unauthenticated(
                "send one header `Authorization: Bearer TOKEN`: `sluice login` gets you a token",
            ));
        };
        let token = bearer(value.as_bytes()).ok_or_else(|| {
            Problem::unauthenticated("the header must be `Authorization: Bearer TOKEN`")
        })?;
        Ok(Self { token: Secret::new(token), from })
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// A credential bound to some resources, or in an agent's hands, administers nothing, whatever
/// groups it brings along.
fn is_admin(identity: &Identity, admins: &[String]) -> bool {
    let member = |group: &String| {
        let group = crate::desk::group(group);
        identity.groups.iter().any(|own| own == group)
    };
    identity.only_resources.is_none()
        && identity.kind != IdentityKind::Agent
        && admins.iter().any(member)
}
