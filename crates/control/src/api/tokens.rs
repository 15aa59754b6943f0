use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{IdentityKind, Secret, TokenId};
use serde::{Deserialize, Serialize, Serializer};

use super::extract::{Body, Id};
use super::{Api, Caller, Problem};
use crate::tokens::{NewToken, Token, USUAL_LIFETIME};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: String,
    subject: String,
    kind: IdentityKind,
    #[serde(default)]
    groups: Vec<String>,
    only_resources: Option<Vec<String>>,
    lifetime_seconds: Option<u64>,
    /// A public key in place of a secret.
    ssh_key: Option<String>,
}

/// A new token, and the one time it is shown.
#[derive(Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    made: Token,
    #[serde(serialize_with = "expose", skip_serializing_if = "Option::is_none")]
    token: Option<Secret>,
}

fn expose<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.as_ref().and_then(Secret::expose_str).unwrap_or_default())
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Created>), Problem> {
    caller.must_be_admin()?;
    // Else whoever holds one token could outlive its revocation, and hide behind its name.
    if caller.identity.token.is_some() {
        return Err(Problem::forbidden("a token makes no tokens: sign in with `sluice login`"));
    }
    let new = NewToken {
        name: wanted.name,
        subject: wanted.subject,
        kind: wanted.kind,
        groups: wanted.groups,
        only_resources: wanted.only_resources,
        lifetime: wanted.lifetime_seconds.map_or(USUAL_LIFETIME, Duration::from_secs),
        created_by: caller.identity.subject,
    };
    let (made, token) = match wanted.ssh_key {
        None => {
            let (secret, made) = api.tokens.create(new).await?;
            (made, Some(secret))
        }
        Some(text) => {
            let key = crate::ssh::public_key(&text).ok_or_else(|| {
                Problem::invalid(
                    "`ssh_key` is not a public key as in `ssh-ed25519 AAAA…`".to_owned(),
                )
            })?;
            (api.tokens.register(new, &key).await?, None)
        }
    };
    Ok((StatusCode::CREATED, Json(Created { made, token })))
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Vec<Token>>, Problem> {
    let mut tokens = api.tokens.list().await?;
    tokens.retain(|token| may_see(&caller, token));
    Ok(Json(tokens))
}

pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    let found = match id {
        Some(id) => api.tokens.get(id).await?,
        None => None,
    };
    let token =
        found.filter(|token| may_see(&caller, token)).ok_or_else(|| Problem::hidden("token"))?;
    api.tokens.revoke(token.id, &caller.identity.subject).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Administrators; whoever made it, signed in as themselves; and the token itself.
fn may_see(caller: &Caller, token: &Token) -> bool {
    let maker = caller.identity.token.is_none() && caller.identity.subject == token.created_by;
    caller.admin || maker || caller.identity.token == Some(token.id)
}
