use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use control::identity::ProviderConfig;
use model::IdentityKind;
use model::ports::Unidentified;
use serde_json::{Value, json};

use crate::house::{House, NOW};
use crate::idp::{Idp, Key, unsigned};

fn house_of(idp: &Idp) -> House {
    House::new(vec![ProviderConfig::of_people("corp", &idp.issuer, "sluice")])
}

#[tokio::test]
async fn every_asymmetric_algorithm_is_accepted_with_its_own_kind_of_key() {
    let (rsa, p256, p384, ed) =
        (Key::rsa("rsa"), Key::p256("p256"), Key::p384("p384"), Key::ed25519("ed"));
    let idp = Idp::start(&[&rsa, &p256, &p384, &ed]);
    let house = house_of(&idp);
    for (key, alg) in [
        (&rsa, "RS256"),
        (&rsa, "RS384"),
        (&rsa, "RS512"),
        (&rsa, "PS256"),
        (&rsa, "PS384"),
        (&rsa, "PS512"),
        (&p256, "ES256"),
        (&p384, "ES384"),
        (&ed, "EdDSA"),
        (&ed, "Ed25519"),
    ] {
        let identity = house.login(&key.sign(alg, &idp.claims(NOW))).await;
        assert_eq!(identity.unwrap().subject, "ana@example.com", "{alg}");
    }
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn a_forged_or_foreign_token_is_refused() {
    let (rsa, p256, ed) = (Key::rsa("rsa"), Key::p256("p256"), Key::ed25519("ed"));
    let idp = Idp::start(&[&rsa, &p256, &ed]);
    let house = house_of(&idp);
    let claims = idp.claims(NOW);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    let good = p256.sign("ES256", &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = Key::p256("p256");
    // HMAC with what everybody can know: the public key, in several spellings.
    let hmac = |secret: &[u8]| {
        let message = unsigned(&header("HS256", "rsa"), &claims);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!("{message}.{}", BASE64.encode(ring::hmac::sign(&key, message.as_bytes())))
    };
    let modulus = rsa.jwk()["n"].as_str().unwrap().to_owned();
    let extended = |name: &str, value: Value| {
        let mut header = header("ES256", "p256");
        header[name] = value;
        p256.sign_with(&header, "ES256", &claims)
    };
    for (what, token) in [
        ("nothing", String::new()),
        ("no token", "password".into()),
        ("dots", "..".into()),
        ("four parts", format!("{good}.{signature}")),
        ("no signature", format!("{message}.")),
        ("alg none", format!("{}.", unsigned(&json!({ "alg": "none" }), &claims))),
        (
            "alg none with a kid",
            format!("{}.{signature}", unsigned(&header("none", "p256"), &claims)),
        ),
        ("alg NoNe", format!("{}.", unsigned(&json!({ "alg": "NoNe" }), &claims))),
        ("no alg", format!("{}.{signature}", unsigned(&json!({ "kid": "p256" }), &claims))),
        ("HMAC with the modulus", hmac(&BASE64.decode(&modulus).unwrap())),
        ("HMAC with the modulus' text", hmac(modulus.as_bytes())),
        ("HMAC with the key's document", hmac(rsa.jwk().to_string().as_bytes())),
        ("HMAC with nothing", hmac(b"")),
        ("ES256 named as RS256", p256.sign_with(&header("RS256", "rsa"), "ES256", &claims)),
        ("RS256 named as ES256", rsa.sign_with(&header("ES256", "p256"), "RS256", &claims)),
        ("RS256 by an EC key's name", rsa.sign_with(&header("RS256", "p256"), "RS256", &claims)),
        ("PS256 signature under RS256", rsa.sign_with(&header("RS256", "rsa"), "PS256", &claims)),
        ("ES256 as ES384", p256.sign_with(&header("ES384", "p256"), "ES256", &claims)),
        ("another's key of the same name", other.sign("ES256", &claims)),
        ("a key in the header", {
            let mut header = header("ES256", "mine");
            header["jwk"] = other.jwk();
            other.sign_with(&header, "ES256", &claims)
        }),
        (
            "other claims",
            format!(
                "{}.{signature}",
                unsigned(&header("ES256", "p256"), &with("email", json!("eve@example.com")))
            ),
        ),
        ("a cut signature", good[..good.len() - 4].into()),
        ("a critical header", extended("crit", json!(["exp"]))),
        ("an empty critical header", extended("crit", json!([]))),
        ("an unencoded payload", extended("b64", json!(false))),
        ("a logout token", extended("typ", json!("logout+jwt"))),
        ("another issuer", p256.sign("ES256", &with("iss", json!("https://idp.example.com")))),
        ("another audience", p256.sign("ES256", &with("aud", json!("grafana")))),
        ("no audience", p256.sign("ES256", &with("aud", Value::Null))),
        ("not yet valid", p256.sign("ES256", &with("nbf", json!(NOW + 61)))),
        ("no expiry", p256.sign("ES256", &with("exp", Value::Null))),
        ("no subject", p256.sign("ES256", &with("email", Value::Null))),
        ("groups as text", p256.sign("ES256", &with("groups", json!("dba")))),
        ("over 16 KiB", p256.sign("ES256", &with("pad", json!("x".repeat(16 * 1024))))),
    ] {
        let answer = house.login(&token).await;
        assert!(matches!(answer, Err(Unidentified::Unknown(_))), "{what}: {answer:?}");
    }
    let late = p256.sign("ES256", &with("exp", json!(NOW - 61)));
    assert_eq!(house.login(&late).await, Err(Unidentified::Expired));
    house.login(&good).await.expect("the token itself is good");
}

#[tokio::test]
async fn a_key_is_used_for_what_its_provider_made_it_for() {
    let rsa = Key::rsa("rsa");
    let idp = Idp::start(&[]);
    let house = house_of(&idp);
    let mut jwk = rsa.jwk();
    jwk["alg"] = json!("RS256");
    idp.publish_raw(vec![jwk]);
    let claims = idp.claims(NOW);
    house.login(&rsa.sign("RS256", &claims)).await.unwrap();
    for alg in ["RS512", "PS256"] {
        assert!(house.login(&rsa.sign(alg, &claims)).await.is_err(), "{alg}");
    }
}

#[tokio::test]
async fn each_provider_vouches_for_its_own_issuer_only() {
    let (corp_key, ci_key) = (Key::p256("k"), Key::ed25519("k"));
    let (corp, ci) = (Idp::start(&[&corp_key]), Idp::start(&[&ci_key]));
    let mut machines = ProviderConfig::of_people("ci", &ci.issuer, "sluice");
    machines.kind = IdentityKind::Machine;
    machines.subject_claim = "sub".into();
    machines.groups_claim = None;
    let house =
        House::new(vec![ProviderConfig::of_people("corp", &corp.issuer, "sluice"), machines]);

    let person = house.login(&corp_key.sign("ES256", &corp.claims(NOW))).await.unwrap();
    assert_eq!((person.provider.as_str(), person.kind), ("corp", IdentityKind::User));
    let machine = house.login(&ci_key.sign("EdDSA", &ci.claims(NOW))).await.unwrap();
    assert_eq!((machine.provider.as_str(), machine.kind), ("ci", IdentityKind::Machine));
    assert!(machine.groups.is_empty(), "groups that nobody asked for are not believed");

    for forged in [corp_key.sign("ES256", &ci.claims(NOW)), ci_key.sign("EdDSA", &corp.claims(NOW))]
    {
        assert!(house.login(&forged).await.is_err());
    }
}

#[tokio::test]
async fn one_issuer_may_speak_of_people_and_of_machines_by_audience() {
    let key = Key::p256("k");
    let idp = Idp::start(&[&key]);
    let mut machines = ProviderConfig::of_people("ci", &idp.issuer, "sluice-ci");
    (machines.kind, machines.subject_claim) = (IdentityKind::Machine, "sub".into());
    let house =
        House::new(vec![ProviderConfig::of_people("corp", &idp.issuer, "sluice"), machines]);
    for (audience, provider, subject) in [
        (json!("sluice"), "corp", "ana@example.com"),
        (json!("sluice-ci"), "ci", "1"),
        (json!(["sluice-ci", "sluice"]), "corp", "ana@example.com"),
    ] {
        let mut claims = idp.claims(NOW);
        claims["aud"] = audience;
        let identity = house.login(&key.sign("ES256", &claims)).await.unwrap();
        assert_eq!((identity.provider.as_str(), identity.subject.as_str()), (provider, subject));
    }
}

#[tokio::test]
async fn a_token_without_a_key_name_is_checked_with_the_keys_that_fit() {
    let (old, new, rsa) = (Key::p256("old"), Key::p256("new"), Key::rsa("rsa"));
    let idp = Idp::start(&[&rsa, &old, &new]);
    let house = house_of(&idp);
    let token = new.sign_with(&json!({ "alg": "ES256" }), "ES256", &idp.claims(NOW));
    house.login(&token).await.unwrap();
}

#[tokio::test]
async fn a_rotated_key_is_fetched_when_it_is_first_seen() {
    let (old, new) = (Key::p256("old"), Key::p256("new"));
    let idp = Idp::start(&[&old]);
    let house = house_of(&idp);
    let claims = idp.claims(NOW);
    house.login(&old.sign("ES256", &claims)).await.unwrap();

    idp.publish(&[&new]);
    house.pass(Duration::from_secs(11));
    house.login(&new.sign("ES256", &claims)).await.unwrap();
    assert_eq!(idp.fetches(), 2);

    house.pass(Duration::from_secs(11));
    let withdrawn = house.login(&old.sign("ES256", &claims)).await;
    assert!(withdrawn.is_err(), "a key that is no longer published is no longer believed");
}

#[tokio::test]
async fn wrong_tokens_cause_one_fetch_in_ten_seconds() {
    let key = Key::p256("known");
    let idp = Idp::start(&[&key]);
    let house = house_of(&idp);
    let claims = idp.claims(NOW);
    house.login(&key.sign("ES256", &claims)).await.unwrap();
    assert_eq!(idp.fetches(), 1);
    let strangers: Vec<_> = (0..50).map(|_| Key::p256("unknown").sign("ES256", &claims)).collect();
    let attempts = strangers.iter().map(|token| house.login(token));
    assert!(futures::future::join_all(attempts).await.iter().all(Result::is_err));
    assert_eq!(idp.fetches(), 1, "ten seconds have not passed");
    house.pass(Duration::from_secs(10));
    let attempts = strangers.iter().map(|token| house.login(token));
    assert!(futures::future::join_all(attempts).await.iter().all(Result::is_err));
    assert_eq!(idp.fetches(), 2);
}

#[tokio::test]
async fn a_provider_that_is_down_does_not_lock_people_out_for_a_day() {
    let key = Key::p256("k");
    let idp = Idp::start(&[&key]);
    let house = house_of(&idp);
    let login = || async { house.login(&key.sign("ES256", &idp.claims(house.now()))).await };
    login().await.unwrap();
    idp.set_down(true);
    for hours in [1, 5, 17] {
        house.pass(Duration::from_secs(hours * 3600));
        login().await.unwrap();
    }
    house.pass(Duration::from_secs(2 * 3600));
    assert!(matches!(login().await, Err(Unidentified::Unavailable(_))), "after more than a day");

    idp.set_down(false);
    house.pass(Duration::from_secs(11));
    login().await.unwrap();
}

#[tokio::test]
async fn old_keys_are_refreshed_behind_the_logins_back() {
    let key = Key::p256("k");
    let idp = Idp::start(&[&key]);
    let house = house_of(&idp);
    let login = || async { house.login(&key.sign("ES256", &idp.claims(house.now()))).await };
    login().await.unwrap();
    house.pass(Duration::from_secs(3599));
    login().await.unwrap();
    assert_eq!(idp.fetches(), 1, "they are fresh for an hour");
    house.pass(Duration::from_secs(2));
    login().await.unwrap();
    while idp.fetches() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_provider_that_was_down_at_the_start_is_asked_again() {
    let key = Key::p256("k");
    let idp = Idp::start(&[&key]);
    idp.set_down(true);
    let house = house_of(&idp);
    house.directory.warm().await;
    let token = key.sign("ES256", &idp.claims(NOW));
    let from = "192.0.2.1:5000".parse().unwrap();
    for _ in 0..30 {
        let answer = house.login_from(&token, from).await;
        // The provider's failure is not the client's: it does not come to wait for it.
        assert!(matches!(answer, Err(Unidentified::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(idp.fetches(), 1);
    idp.set_down(false);
    house.pass(Duration::from_secs(11));
    house.login_from(&token, from).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_cannot_be_trusted_with_its_own_keys_is_not() {
    let key = Key::p256("k");
    let token = |idp: &Idp| key.sign("ES256", &idp.claims(NOW));
    type Spoil = fn(&Idp);
    let cases: [(&str, Spoil); 6] = [
        ("speaks for the issuer", |idp| {
            let jwks = format!("{}/jwks", idp.issuer);
            idp.set_discovery(Some(
                json!({ "issuer": "https://other.example.com", "jwks_uri": jwks }),
            ));
        }),
        ("jwks_uri must be https", |idp| {
            let jwks = "http://keys.example.com/jwks";
            idp.set_discovery(Some(json!({ "issuer": idp.issuer, "jwks_uri": jwks })));
        }),
        ("jwks_uri must be https", |idp| {
            let jwks = "file:///etc/passwd";
            idp.set_discovery(Some(json!({ "issuer": idp.issuer, "jwks_uri": jwks })));
        }),
        ("answered 302", |idp| {
            let location = "http://127.0.0.1:1/jwks";
            idp.set_key_set(format!(
                "HTTP/1.1 302 Found\r\nlocation: {location}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            ));
        }),
        ("jwks", |idp| {
            let long = " ".repeat(1024 * 1024 + 1);
            idp.set_key_set(format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}{{\"keys\":[]}}"
            ));
        }),
        ("no key that can be used", |idp| {
            idp.publish_raw(vec![json!({ "kty": "oct", "kid": "k", "k": "c2VjcmV0" })]);
        }),
    ];
    for (why, spoil) in cases {
        let idp = Idp::start(&[&key]);
        spoil(&idp);
        match house_of(&idp).login(&token(&idp)).await {
            Err(Unidentified::Unavailable(said)) => assert!(said.contains(why), "{why}: {said}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn ten_failed_logins_make_an_address_wait_and_no_other() {
    let key = Key::p256("k");
    let idp = Idp::start(&[&key]);
    let house = house_of(&idp);
    let good = key.sign("ES256", &idp.claims(NOW));
    let (attacker, other) = ("192.0.2.1:1".parse().unwrap(), "192.0.2.2:1".parse().unwrap());
    for attempt in 0..10 {
        let answer = house.login_from("guess", attacker).await;
        assert!(matches!(answer, Err(Unidentified::Unknown(_))), "{attempt}: {answer:?}");
        house.login_from(&good, other).await.unwrap();
    }
    let waits = house.login_from(&good, attacker).await;
    assert!(matches!(waits, Err(Unidentified::Throttled(1..=5))), "{waits:?}");
    house.login_from(&good, other).await.unwrap();
    house.pass(Duration::from_secs(5));
    house.login_from(&good, attacker).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn failed_logins_reach_the_audit_log_summed_up_and_never_with_the_token() {
    let house = House::new(vec![]);
    let before = std::fs::metadata(house.dir.path().join("sluice.db-wal")).unwrap().len();
    for host in 1..=200u8 {
        for _ in 0..3 {
            let from = std::net::SocketAddr::from(([10, 0, 0, host], 1));
            house.login_from("canary-token", from).await.unwrap_err();
        }
    }
    let after = std::fs::metadata(house.dir.path().join("sluice.db-wal")).unwrap().len();
    assert_eq!(before, after, "nothing is written before somebody is authenticated");

    let mut acts = Vec::new();
    while acts.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        acts = house.acts("login.refused").await;
    }
    assert_eq!(acts.len(), 65, "64 addresses and one line for all others");
    let count: u64 = acts.iter().map(|act| act.detail["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 600);
    assert!(!format!("{acts:?}").contains("canary"));
}
