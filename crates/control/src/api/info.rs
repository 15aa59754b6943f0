use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Api, Caller};

/// What a client must know before it can sign in; for everybody.
pub(super) async fn info(State(api): State<Arc<Api>>) -> Json<Value> {
    let providers: Vec<_> = api
        .directory
        .providers()
        .map(|(provider, authorities)| {
            json!({
                "name": provider.name,
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "audience": provider.audience,
                "ca": authorities,
            })
        })
        .collect();
    let ssh = api.ssh.as_ref().map(
        |keys| json!({ "host_key": keys.host_public(), "authority": keys.authority.public() }),
    );
    Json(json!({
        "version": api.version,
        "ssh": ssh,
        "public_key": api.recordings.public_key().to_pem().ok(),
        "providers": providers,
        "endpoints": api.endpoints,
    }))
}

pub(super) async fn whoami(caller: Caller) -> Json<Value> {
    let identity = &caller.identity;
    Json(json!({
        "subject": identity.subject,
        "kind": identity.kind,
        "groups": identity.groups,
        "provider": identity.provider,
        "on_behalf_of": identity.on_behalf_of,
        "expires": identity.expires.map(|at| at.to_string()),
        "token": identity.token,
        "only_resources": identity.only_resources,
        "admin": caller.admin,
    }))
}
