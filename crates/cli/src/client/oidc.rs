//! A provider as `sluice login` sees it: discovery, code with PKCE, device code, refresh, revocation.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, CsrfToken, DeviceAuthorizationUrl,
    EmptyExtraDeviceAuthorizationFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, RedirectUrl, RefreshToken,
    RevocationUrl, Scope, StandardDeviceAuthorizationResponse, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::callback::Callback;
use super::trust::Roots;
use crate::error::{Exit, Failure};

type Oauth = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointSet,
>;
type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;

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

/// What a sign-in yields. No `Debug`: these are tokens.
pub(crate) struct Obtained {
    /// The token that says who it is.
    pub(crate) id_token: String,
    /// Its end, in seconds since the epoch.
    pub(crate) expires: u64,
    /// What gets the next one.
    pub(crate) refresh_token: Option<String>,
}

/// What a person is asked to do elsewhere to sign in.
pub(crate) enum Prompt<'a> {
    /// Open this page in a browser on this machine.
    Browse(&'a Url),
    /// Open this page anywhere and type this code.
    Code {
        /// The page.
        page: &'a str,
        /// The page with the code filled in.
        complete: Option<&'a str>,
        /// The code.
        code: &'a str,
    },
}

/// `/.well-known/openid-configuration`, as far as it matters here.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
}

/// A provider that was asked for its endpoints.
pub(crate) struct Provider {
    oauth: Oauth,
    agent: ureq::Agent,
    issuer: String,
    client_id: String,
    scopes: Vec<String>,
}

impl Provider {
    /// Asks `issuer` for its endpoints.
    pub(crate) fn discover(issuer: &str, client_id: &str, roots: &Roots) -> Result<Self> {
        let agent = roots.agent();
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let unreachable = |why: String| {
            Failure::new(
                Exit::Unavailable,
                format!("the provider {issuer} cannot be asked for its endpoints: {why}"),
            )
            .hint("check the network, and that `issuer` in the gateway's configuration is right")
        };
        let mut answer =
            agent.get(&place).call().map_err(|error| unreachable(error.to_string()))?;
        if answer.status() != 200 {
            return Err(unreachable(format!("{place} answers {}", answer.status())).into());
        }
        let found: Discovered =
            answer.body_mut().read_json().map_err(|error| unreachable(error.to_string()))?;
        if found.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(unreachable(format!("it calls itself {}", found.issuer)).into());
        }
        let oauth = Client::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::new(secure(found.authorization_endpoint)?)?)
            .set_token_uri(TokenUrl::new(secure(found.token_endpoint)?)?)
            .set_device_authorization_url_option(
                found
                    .device_authorization_endpoint
                    .map(secure)
                    .transpose()?
                    .map(DeviceAuthorizationUrl::new)
                    .transpose()?,
            )
            .set_revocation_url_option(
                found
                    .revocation_endpoint
                    .map(secure)
                    .transpose()?
                    .map(RevocationUrl::new)
                    .transpose()?,
            );
        let scopes = usual_scopes(found.scopes_supported.as_deref());
        Ok(Self {
            oauth,
            agent,
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            scopes,
        })
    }

    /// Whether it has a device authorization endpoint.
    pub(crate) fn has_device_code(&self) -> bool {
        self.oauth.device_authorization_url().is_some()
    }

    /// Authorization code with PKCE on a loopback port.
    pub(crate) fn by_browser(&self, prompt: impl FnOnce(Prompt<'_>)) -> Result<Obtained> {
        let callback = Callback::open()?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random().into_secret();
        let redirect = RedirectUrl::new(callback.uri())?;
        let oauth = self.oauth.clone().set_redirect_uri(redirect);
        let (url, state) = oauth
            .authorize_url(CsrfToken::new_random)
            .add_scopes(self.scopes())
            .add_extra_param("nonce", &nonce)
            .set_pkce_challenge(challenge)
            .url();
        prompt(Prompt::Browse(&url));
        let code = callback.wait(state.secret())?;
        let tokens = oauth
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(verifier)
            .request(&|request| self.call(request))
            .map_err(refused)?;
        self.obtained(&tokens, Some(&nonce), None)
    }

    /// Device code: the browser may be anywhere.
    pub(crate) fn by_device(&self, prompt: impl FnOnce(Prompt<'_>)) -> Result<Obtained> {
        let Ok(request) = self.oauth.exchange_device_code() else {
            return Err(Failure::new(
                Exit::Usage,
                format!("the provider {} has no device sign-in", self.issuer),
            )
            .hint("leave out --device")
            .into());
        };
        let details: StandardDeviceAuthorizationResponse = request
            .add_scopes(self.scopes())
            .request::<_, EmptyExtraDeviceAuthorizationFields>(&|request| self.call(request))
            .map_err(refused)?;
        prompt(Prompt::Code {
            page: details.verification_uri(),
            complete: details.verification_uri_complete().map(|uri| uri.secret().as_str()),
            code: details.user_code().secret(),
        });
        let tokens = self
            .oauth
            .exchange_device_access_token(&details)
            .request(&|request| self.call(request), std::thread::sleep, None)
            .map_err(refused)?;
        self.obtained(&tokens, None, None)
    }

    /// A new token for a refresh token.
    pub(crate) fn refresh(&self, refresh_token: &str) -> Result<Obtained> {
        let tokens = self
            .oauth
            .exchange_refresh_token(&RefreshToken::new(refresh_token.to_owned()))
            .request(&|request| self.call(request))
            .map_err(refused)?;
        self.obtained(&tokens, None, Some(refresh_token))
    }

    /// Takes a refresh token back. `false`: the provider cannot.
    pub(crate) fn revoke(&self, refresh_token: &str) -> Result<bool> {
        let token =
            StandardRevocableToken::RefreshToken(RefreshToken::new(refresh_token.to_owned()));
        let Ok(request) = self.oauth.revoke_token(token) else { return Ok(false) };
        request.request(&|request| self.call(request)).map_err(refused)?;
        Ok(true)
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().cloned().map(Scope::new)
    }

    /// Takes the id token out of an answer and checks what only the client can: that it was issued
    /// to this client for this sign-in. Its signature is the gateway's to check; it came over TLS
    /// from the provider itself.
    fn obtained(
        &self,
        tokens: &Tokens,
        nonce: Option<&str>,
        earlier: Option<&str>,
    ) -> Result<Obtained> {
        let Some(id_token) = tokens.extra_fields().id_token.clone() else {
            return Err(Failure::new(
                Exit::SignIn,
                format!("the provider {} gave no id token", self.issuer),
            )
            .hint("the client must be allowed the scope `openid`; run `sluice login` again")
            .into());
        };
        let claims = Claims::of(&id_token)?;
        if claims.iss.trim_end_matches('/') != self.issuer.trim_end_matches('/') {
            bail!("the provider's token names another issuer, {}", claims.iss);
        }
        if !claims.aud.contains(&self.client_id) {
            bail!("the provider's token was issued to another client");
        }
        if nonce.is_some() && claims.nonce.as_deref() != nonce {
            bail!("the provider's token belongs to another sign-in");
        }
        let refresh_token = tokens.refresh_token().map(|token| token.secret().clone());
        Ok(Obtained {
            id_token,
            expires: claims.exp,
            refresh_token: refresh_token.or_else(|| earlier.map(str::to_owned)),
        })
    }

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
        let mut answer = self.agent.run(request)?;
        let body = answer.body_mut().with_config().limit(1 << 20).read_to_vec()?;
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        if let Some(kind) = answer.headers().get(http::header::CONTENT_TYPE) {
            let kind = HeaderValue::from_bytes(kind.as_bytes()).map_err(http::Error::from)?;
            response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        }
        Ok(response)
    }
}

/// The scopes worth asking for among those the provider says it knows.
fn usual_scopes(known: Option<&[String]>) -> Vec<String> {
    ["openid", "profile", "email", "groups", "offline_access"]
        .into_iter()
        .filter(|scope| {
            *scope == "openid" || known.is_none_or(|known| known.iter().any(|one| one == scope))
        })
        .map(str::to_owned)
        .collect()
}

/// An endpoint over https, or http on loopback.
fn secure(endpoint: String) -> Result<String> {
    let url =
        Url::parse(&endpoint).with_context(|| format!("the provider's endpoint `{endpoint}`"))?;
    if url.scheme() == "https" || super::remote::is_loopback(&url) {
        return Ok(endpoint);
    }
    bail!("the provider's endpoint `{endpoint}` is not https")
}

fn refused<E: std::error::Error + 'static, T: oauth2::ErrorResponse + fmt::Display + 'static>(
    error: oauth2::RequestTokenError<E, T>,
) -> anyhow::Error {
    use oauth2::RequestTokenError as Error;
    match error {
        Error::ServerResponse(response) => {
            Failure::new(Exit::SignIn, format!("the provider refused: {response}"))
                .hint("run `sluice login`")
                .into()
        }
        Error::Request(error) => {
            Failure::new(Exit::Unavailable, format!("the provider cannot be reached: {error}"))
                .into()
        }
        // What could not be read may hold a token: it is not repeated.
        Error::Parse(error, _) => Failure::new(
            Exit::Unavailable,
            format!("the provider's answer cannot be understood: {error}"),
        )
        .into(),
        Error::Other(text) => {
            Failure::new(Exit::Unavailable, format!("the provider: {text}")).into()
        }
    }
}

/// The claims of an id token, unverified.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: u64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn contains(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Many(many) => many.iter().any(|one| one == client),
        }
    }
}

impl Claims {
    fn of(token: &str) -> Result<Self> {
        let payload = token.split('.').nth(1).context("the provider's id token is not a JWT")?;
        let bytes =
            URL_SAFE_NO_PAD.decode(payload).context("the provider's id token is not a JWT")?;
        serde_json::from_slice(&bytes).context("the provider's id token lacks a claim")
    }
}

/// Now, in seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
