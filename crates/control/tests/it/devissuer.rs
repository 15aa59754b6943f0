use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use control::Clock;
use control::devissuer::{DevIssuer, DevIssuerError, Person};
use control::identity::ProviderConfig;
use serde_json::Value;
use url::Url;

use crate::house::{House, NOW};

async fn issuer() -> DevIssuer {
    let people = [("ana@example.com", "Ana"), ("dan@example.com", "Dan <dba>")];
    let people = people.map(|(subject, name)| Person {
        subject: subject.into(),
        name: name.into(),
        groups: vec!["engineering".into()],
    });
    let clock = Clock::from_fn(|| model::Timestamp::from_secs(NOW));
    let address = "127.0.0.1:0".parse().unwrap();
    DevIssuer::start(address, "sluice-cli", "sluice", people.to_vec(), clock).await.unwrap()
}

fn house_of(issuer: &DevIssuer) -> House {
    House::new(vec![ProviderConfig::of_people("dev", issuer.issuer(), "sluice")])
}

/// Status, `Location` and body.
async fn ask(method: &'static str, url: String, form: &[(&str, &str)]) -> (u16, String, String) {
    let form: Vec<_> =
        form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    tokio::task::spawn_blocking(move || {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build()
            .new_agent();
        let mut answer = if method == "GET" {
            agent.get(&url).call().unwrap()
        } else {
            agent.post(&url).send_form(form).unwrap()
        };
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap());
        let location = location.unwrap_or_default().to_owned();
        (answer.status().as_u16(), location, answer.body_mut().read_to_string().unwrap())
    })
    .await
    .unwrap()
}

async fn token(issuer: &DevIssuer, form: &[(&str, &str)]) -> (u16, Value) {
    let (status, _, body) = ask("POST", format!("{}/token", issuer.issuer()), form).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn challenge(verifier: &str) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

fn authorize<'a>(challenge: &'a str, redirect: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "sluice-cli"),
        ("redirect_uri", redirect),
        ("state", "st&te"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        ("person", "ana@example.com"),
    ]
}

#[tokio::test]
async fn it_signs_people_in_by_code_and_by_refresh() {
    let issuer = issuer().await;
    let house = house_of(&issuer);
    let (verifier, redirect) =
        ("a-verifier-of-enough-length-for-anybody-43", "http://127.0.0.1:4711/cb");
    let challenge = challenge(verifier);
    let url = format!("{}/authorize", issuer.issuer());
    let (_, _, page) = {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(authorize(&challenge, redirect))
            .finish();
        ask("GET", format!("{url}?{query}"), &[]).await
    };
    assert!(page.contains("Dan &lt;dba&gt;") && !page.contains("<dba>"), "{page}");
    let (status, location, _) = ask("POST", url, &authorize(&challenge, redirect)).await;
    assert_eq!(status, 303);
    let back = Url::parse(&location).unwrap();
    let pairs: HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "st&te");

    let exchange = |code: &'static str, verifier: &'static str| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", "sluice-cli"),
            ("redirect_uri", redirect),
            ("code", code),
            ("code_verifier", verifier),
        ]
    };
    let code: &'static str = pairs["code"].clone().leak();
    let (status, answer) = token(&issuer, &exchange(code, verifier)).await;
    assert_eq!(status, 200, "{answer}");
    let identity = house.login(answer["id_token"].as_str().unwrap()).await.unwrap();
    assert_eq!((identity.subject.as_str(), identity.provider.as_str()), ("ana@example.com", "dev"));
    assert_eq!(identity.groups, ["engineering"]);

    let (status, again) = token(&issuer, &exchange(code, verifier)).await;
    assert_eq!(
        (status, again["error"].as_str()),
        (400, Some("invalid_grant")),
        "a code is good once"
    );

    let refresh = answer["refresh_token"].as_str().unwrap();
    let form =
        [("grant_type", "refresh_token"), ("client_id", "sluice-cli"), ("refresh_token", refresh)];
    let (status, fresh) = token(&issuer, &form).await;
    assert_eq!(status, 200, "{fresh}");
    house.login(fresh["id_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(token(&issuer, &form).await.0, 400, "a refresh token is good once");
}

#[tokio::test]
async fn it_signs_devices_in() {
    let issuer = issuer().await;
    let at = |path: &str| format!("{}{path}", issuer.issuer());
    let (_, _, body) =
        ask("POST", at("/device_authorization"), &[("client_id", "sluice-cli")]).await;
    let device: Value = serde_json::from_str(&body).unwrap();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "sluice-cli"),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    assert_eq!(token(&issuer, &form).await.1["error"], "authorization_pending");
    let typed = device["user_code"].as_str().unwrap().to_lowercase();
    let confirm = [("user_code", typed.as_str()), ("person", "dan@example.com")];
    assert_eq!(ask("POST", at("/device"), &confirm).await.0, 200);
    let (status, answer) = token(&issuer, &form).await;
    assert_eq!(status, 200, "{answer}");
    let house = house_of(&issuer);
    let identity = house.login(answer["id_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(identity.subject, "dan@example.com");
    assert_eq!(token(&issuer, &form).await.1["error"], "expired_token");
}

#[tokio::test]
async fn it_gives_nothing_away_from_home() {
    let issuer = issuer().await;
    let challenge = challenge("v");
    for (position, value) in [
        (0, ("response_type", "token")),
        (1, ("client_id", "other")),
        (2, ("redirect_uri", "https://evil.example.com/cb")),
        (2, ("redirect_uri", "http://localhost.example.com/cb")),
        (5, ("code_challenge_method", "plain")),
        (6, ("person", "eve@example.com")),
    ] {
        let mut form = authorize(&challenge, "http://127.0.0.1:1/cb");
        form[position] = value;
        let (status, location, _) =
            ask("POST", format!("{}/authorize", issuer.issuer()), &form).await;
        assert_eq!((status, location.as_str()), (400, ""), "{value:?}");
    }
    let renamed = issuer.issuer().replace("127.0.0.1", "localhost");
    assert_eq!(ask("GET", format!("{renamed}/jwks"), &[]).await.0, 421, "it is known by one name");

    let clock = Clock::system();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let started =
            DevIssuer::start(address.parse().unwrap(), "c", "a", vec![], clock.clone()).await;
        assert!(matches!(started, Err(DevIssuerError::NotLoopback(_))), "{address}");
    }
}

#[tokio::test]
async fn it_mints_tokens_for_its_own_people_only() {
    let issuer = issuer().await;
    let hour = Duration::from_secs(3600);
    let token = issuer.mint("dan@example.com", hour).unwrap();
    assert_eq!(house_of(&issuer).login(&token).await.unwrap().subject, "dan@example.com");
    assert!(issuer.mint("eve@example.com", hour).is_none());
}
