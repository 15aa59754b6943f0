use std::sync::{Arc, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, Form, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Host, Url};

use super::flows::{Code, Flows, Polled};
use super::{House, TOKEN_LIFETIME, pages};

type Shared = State<Arc<House>>;

pub(super) fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(|State(house): Shared| async move { Json(house.signer.key_set()) }))
        .route("/authorize", get(ask).post(answer))
        .route("/device_authorization", post(device_authorization))
        .route("/device", get(ask_device).post(answer_device))
        .route("/token", post(token))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(middleware::from_fn_with_state(Arc::clone(&house), at_home))
        .with_state(house)
}

/// A page of another site cannot reach it under a name of its own, nor send it a form.
async fn at_home(State(house): Shared, request: Request, next: Next) -> Response {
    let welcome = {
        let headers = request.headers();
        let absent_or = |name, wanted: &str| {
            headers.get(name).is_none_or(|value| value.as_bytes() == wanted.as_bytes())
        };
        headers.contains_key(header::HOST)
            && absent_or(header::HOST, &house.host)
            && absent_or(header::ORIGIN, &house.issuer)
    };
    if welcome {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "this is a development issuer on loopback\n").into_response()
}

async fn discovery(State(house): Shared) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", house.issuer);
    Json(json!({
        "issuer": house.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "device_authorization_endpoint": at("/device_authorization"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "email", "profile", "groups", "offline_access"],
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
    }))
}

#[derive(Deserialize)]
struct Ask {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
    person: Option<String>,
}

impl Ask {
    fn check(&self, house: &House) -> Result<Url, &'static str> {
        if self.client_id != house.client_id {
            return Err("this client is not known here");
        }
        if self.response_type != "code" || self.code_challenge_method != "S256" {
            return Err("only the code flow with PKCE (S256) is spoken here");
        }
        match Url::parse(&self.redirect_uri) {
            Ok(url) if is_loopback(&url) => Ok(url),
            _ => Err("a code is sent to a loopback address only"),
        }
    }
}

async fn ask(State(house): Shared, Query(ask): Query<Ask>) -> Response {
    if let Err(why) = ask.check(&house) {
        return bad_page(why);
    }
    let hidden = [
        ("response_type", ask.response_type.as_str()),
        ("client_id", &ask.client_id),
        ("redirect_uri", &ask.redirect_uri),
        ("state", &ask.state),
        ("nonce", &ask.nonce),
        ("code_challenge", &ask.code_challenge),
        ("code_challenge_method", &ask.code_challenge_method),
    ];
    Html(pages::choose("/authorize", &hidden, &house.people)).into_response()
}

async fn answer(State(house): Shared, Form(ask): Form<Ask>) -> Response {
    let mut back = match ask.check(&house) {
        Ok(url) => url,
        Err(why) => return bad_page(why),
    };
    let Some(person) = ask.person.as_deref().and_then(|subject| house.person(subject)) else {
        return bad_page("this person is not known here");
    };
    let word = random_word();
    let code = Code {
        subject: person.subject.clone(),
        redirect_uri: ask.redirect_uri.clone(),
        challenge: ask.code_challenge,
        nonce: Some(ask.nonce).filter(|nonce| !nonce.is_empty()),
        until: Timestamp::EPOCH,
    };
    house.flows().give_code(word.clone(), code, house.clock.now());
    back.query_pairs_mut().append_pair("code", &word).append_pair("state", &ask.state);
    Redirect::to(back.as_str()).into_response()
}

#[derive(Deserialize)]
struct ClientOnly {
    client_id: String,
}

async fn device_authorization(State(house): Shared, Form(form): Form<ClientOnly>) -> Response {
    if form.client_id != house.client_id {
        return refused("invalid_client");
    }
    let (word, user_code) = (random_word(), random_user_code());
    house.flows().give_device(word.clone(), user_code.clone(), house.clock.now());
    let page = format!("{}/device", house.issuer);
    let complete = format!("{page}?user_code={user_code}");
    Json(json!({
        "device_code": word,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": complete,
        "expires_in": 600,
        "interval": 1,
    }))
    .into_response()
}

#[derive(Deserialize)]
struct OnDevice {
    #[serde(default)]
    user_code: String,
    #[serde(default)]
    person: String,
}

async fn ask_device(State(house): Shared, Query(form): Query<OnDevice>) -> Html<String> {
    if form.user_code.is_empty() {
        return Html(pages::ask_code("/device"));
    }
    Html(pages::choose("/device", &[("user_code", &form.user_code)], &house.people))
}

async fn answer_device(State(house): Shared, Form(form): Form<OnDevice>) -> Response {
    let known = house.person(&form.person).is_some();
    if known && house.flows().confirm(&form.user_code, &form.person, house.clock.now()) {
        return Html(pages::message("Done", "Your device is signed in.")).into_response();
    }
    bad_page("no device waits with this code")
}

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    device_code: String,
    #[serde(default)]
    refresh_token: String,
}

async fn token(State(house): Shared, Form(form): Form<TokenRequest>) -> Response {
    if form.client_id != house.client_id {
        return refused("invalid_client");
    }
    let now = house.clock.now();
    let granted = match form.grant_type.as_str() {
        "authorization_code" => house
            .flows()
            .take_code(&form.code, &form.code_verifier, &form.redirect_uri, now)
            .map(|code| (code.subject, code.nonce)),
        "refresh_token" => {
            house.flows().take_refresh(&form.refresh_token, now).map(|subject| (subject, None))
        }
        DEVICE_GRANT => match house.flows().poll(&form.device_code, now) {
            Polled::Pending => return refused("authorization_pending"),
            Polled::Expired => return refused("expired_token"),
            Polled::Done(subject) => Some((subject, None)),
        },
        _ => return refused("unsupported_grant_type"),
    };
    let Some((subject, nonce)) = granted else { return refused("invalid_grant") };
    let signed = house
        .person(&subject)
        .and_then(|person| house.token(person, nonce.as_deref(), TOKEN_LIFETIME));
    let Some(id_token) = signed else { return refused("server_error") };
    let refresh = random_word();
    house.flows().give_refresh(refresh.clone(), subject, now);
    Json(json!({
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME.as_secs(),
        "access_token": id_token,
        "id_token": id_token,
        "refresh_token": refresh,
    }))
    .into_response()
}

impl House {
    fn flows(&self) -> MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn bad_page(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Html(pages::message("That did not work", why))).into_response()
}

fn is_loopback(url: &Url) -> bool {
    let host = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    host && url.scheme() == "http"
}

fn random_word() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

/// Eight consonants: easy to type, and no word.
fn random_user_code() -> String {
    const LETTERS: [char; 16] =
        ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S', 'T', 'W'];
    let bytes: [u8; 8] = rand::random();
    bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 16))).collect()
}
