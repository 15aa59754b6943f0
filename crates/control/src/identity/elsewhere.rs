//! A sign-in that begins at a terminal and ends in a browser: OAuth's device authorization grant (RFC 8628). The
//! provider's page shows the code; what comes of it is a token like any other.

use std::fmt;
use std::time::Duration;

use model::Secret;
use model::ports::{SignInElsewhere, Unavailable, Unidentified};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::http::HeaderValue;
use oauth2::http::header::CONTENT_TYPE;
use oauth2::{
    Client, ClientId, DeviceAuthorizationUrl, ExtraTokenFields, HttpRequest, HttpResponse, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::fetch::{self, Endpoints};
use super::provider::Provider;

/// No person takes longer, whatever the provider allows.
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest answer of a provider.
const LONGEST: u64 = 1 << 20;

type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;
type Oauth = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// The field OpenID Connect adds to a token answer.
#[derive(Clone, Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

/// Says nothing of the token.
impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdToken")
    }
}

impl ExtraTokenFields for IdToken {}

/// Begins one at a provider.
pub(super) async fn begin(provider: &Provider) -> Result<SignInElsewhere, Unavailable> {
    let unavailable = |why: String| Unavailable(format!("signing in in a browser: {why}"));
    let client = provider.config.client_id.clone();
    let client = client.ok_or_else(|| unavailable("the provider has no client_id here".into()))?;
    let (config, trusted) = (provider.config.clone(), provider.authorities.clone());
    let found = tokio::task::spawn_blocking(move || fetch::endpoints(&config, trusted.as_deref()));
    let found = found.await.map_err(|_| unavailable("the gateway is shutting down".into()))?;
    let (agent, Endpoints { token, device, scopes }) = found.map_err(unavailable)?;
    let device = device.ok_or_else(|| unavailable("the provider has no sign-in by code".into()))?;
    let url = |error: oauth2::url::ParseError| unavailable(error.to_string());
    let oauth = Oauth::new(ClientId::new(client))
        .set_token_uri(TokenUrl::new(token).map_err(url)?)
        .set_device_authorization_url(DeviceAuthorizationUrl::new(device).map_err(url)?);
    let asking = agent.clone();
    let details: StandardDeviceAuthorizationResponse = oauth
        .exchange_device_code()
        .add_scopes(scopes.into_iter().map(Scope::new))
        .request_async(&move |request| call(asking.clone(), request))
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let link = details.verification_uri_complete().map(|uri| uri.secret().to_string());
    let url = link.unwrap_or_else(|| details.verification_uri().to_string());
    let code = details.user_code().secret().clone();
    let token = Box::pin(async move {
        let patience = PATIENCE.min(details.expires_in());
        let tokens = oauth
            .exchange_device_access_token(&details)
            .request_async(
                &move |request| call(agent.clone(), request),
                tokio::time::sleep,
                Some(patience),
            )
            .await
            // What cannot be read may hold a token: it is not repeated.
            .map_err(|error| match error {
                oauth2::RequestTokenError::ServerResponse(said) => {
                    Unidentified::Unknown(format!("the provider refused: {said}"))
                }
                oauth2::RequestTokenError::Request(error) => {
                    Unidentified::Unavailable(error.to_string())
                }
                oauth2::RequestTokenError::Parse(..) | oauth2::RequestTokenError::Other(_) => {
                    Unidentified::Unavailable("its answer cannot be understood".to_owned())
                }
            })?;
        let token = tokens.extra_fields().id_token.as_deref();
        token.map(|token| Secret::from(token.to_owned())).ok_or_else(|| {
            Unidentified::Unknown(
                "the provider gave no id token: the client needs the scope `openid`".into(),
            )
        })
    });
    Ok(SignInElsewhere { url, code, token })
}

/// One request, on a thread that may wait.
async fn call(agent: ureq::Agent, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let called = tokio::task::spawn_blocking(move || {
        let failed = |error: ureq::Error| CallError(error.to_string());
        let mut answer = agent.run(request).map_err(failed)?;
        let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        let kind = answer.headers().get(CONTENT_TYPE);
        if let Some(kind) = kind.and_then(|kind| HeaderValue::from_bytes(kind.as_bytes()).ok()) {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        Ok(response)
    });
    called.await.unwrap_or_else(|_| Err(CallError("the gateway is shutting down".to_owned())))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct CallError(String);
