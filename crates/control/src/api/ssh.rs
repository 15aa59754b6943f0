use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::{Api, Caller, Problem};
use crate::audit::{Act, Event};
use crate::clock::rfc3339;
use crate::ssh::{Certified, KnownHost, NoCertificate};

/// How long a certificate is good when nobody says otherwise: a working day.
const USUAL: Duration = Duration::from_secs(8 * 3600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    public_key: String,
    lifetime_seconds: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Issued {
    /// As a `…-cert.pub` file holds it.
    certificate: String,
    #[serde(serialize_with = "rfc3339")]
    expires: model::Timestamp,
}

/// A certificate that says whose key it is, for as long as their sign-in is good.
pub(super) async fn certify(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let keys = api.ssh.as_ref().ok_or_else(no_ssh)?;
    let key = crate::ssh::public_key(&wanted.public_key).ok_or_else(|| {
        Problem::invalid("`public_key` is not a public key as in `ssh-ed25519 AAAA…`".to_owned())
    })?;
    let lifetime = wanted.lifetime_seconds.map_or(USUAL, Duration::from_secs);
    let now = api.clock.now();
    let made = keys.authority.certify(&caller.identity, &key, lifetime, now);
    let Certified { certificate, expires, fingerprint } = made.map_err(|error| match error {
        NoCertificate::Key(_) => Problem::invalid(error.to_string()),
        NoCertificate::Expired => {
            Problem::unauthenticated("the token has expired: sign in with `sluice login`")
        }
        NoCertificate::Failed(_) => Problem::internal(&error),
    })?;
    let event = Event::SshCertified { expires: expires.to_string() };
    api.store.record(Act::new(now, &caller.identity.subject, fingerprint, event)).await?;
    Ok((StatusCode::CREATED, Json(Issued { certificate, expires })))
}

/// What targets showed where their resource pins no key.
pub(super) async fn host_keys(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<Json<Vec<KnownHost>>, Problem> {
    caller.must_be_admin()?;
    Ok(Json(api.host_keys.list().await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compared {
    fingerprint: String,
}

/// An administrator compared it: it is the right one.
pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(resource): Path<String>,
    Body(compared): Body<Compared>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let by = caller.identity.subject;
    if api.host_keys.confirm(resource, compared.fingerprint, by).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("the resource's target has shown no host key of this fingerprint"))
}

/// The next key that the target shows is the first one again.
pub(super) async fn forget(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(resource): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    if api.host_keys.forget(resource, caller.identity.subject).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("no host key of this resource's target is remembered"))
}

fn no_ssh() -> Problem {
    Problem::not_found("this gateway speaks no SSH: its configuration has no `listen.ssh`")
}
