//! An identity provider of the test's own: a real HTTP server, real keys, and a hand on every switch.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};

pub(crate) struct Idp {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
    fetches: Arc<AtomicUsize>,
}

/// What it answers with.
#[derive(Clone, Default)]
struct State {
    keys: Vec<Value>,
    down: bool,
    discovery: Option<String>,
    key_set: Option<String>,
}

impl Idp {
    pub(crate) fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let fetches = Arc::new(AtomicUsize::new(0));
        let (served, counted, own) = (Arc::clone(&state), Arc::clone(&fetches), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = served.lock().unwrap().clone();
                answer(stream, &state, &counted, &own);
            }
        });
        let idp = Self { issuer, state, fetches };
        idp.publish(keys);
        idp
    }

    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.state.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    pub(crate) fn publish_raw(&self, keys: Vec<Value>) {
        self.state.lock().unwrap().keys = keys;
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// Answers discovery with this instead; `None`: as it should.
    pub(crate) fn set_discovery(&self, document: Option<Value>) {
        self.state.lock().unwrap().discovery = document.map(|document| document.to_string());
    }

    /// Answers the key set with this whole response instead.
    pub(crate) fn set_key_set(&self, response: String) {
        self.state.lock().unwrap().key_set = Some(response);
    }

    /// How often its key set, or its refusal to give one, was fetched.
    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn claims(&self, now: u64) -> Value {
        json!({
            "iss": self.issuer, "aud": "sluice", "exp": now + 600, "iat": now,
            "sub": "1", "email": "ana@example.com", "groups": ["engineering"],
        })
    }
}

fn answer(mut stream: std::net::TcpStream, state: &State, fetches: &AtomicUsize, issuer: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let ok = |body: String| {
        format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let response = match path {
        _ if state.down => {
            fetches.fetch_add(1, Ordering::SeqCst);
            "HTTP/1.1 500 Oh\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        "/.well-known/openid-configuration" => ok(state.discovery.clone().unwrap_or_else(|| {
            json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") }).to_string()
        })),
        "/jwks" => {
            fetches.fetch_add(1, Ordering::SeqCst);
            state.key_set.clone().unwrap_or_else(|| ok(json!({ "keys": state.keys }).to_string()))
        }
        _ => "HTTP/1.1 404 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    let _ = stream.write_all(response.as_bytes());
}

/// A signing key with a name.
pub(crate) struct Key {
    pub(crate) kid: &'static str,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    pub(crate) fn p256(kid: &'static str) -> Self {
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        Self { kid, pair: Pair::P256(elliptic(algorithm)) }
    }

    pub(crate) fn p384(kid: &'static str) -> Self {
        let algorithm = &signature::ECDSA_P384_SHA384_FIXED_SIGNING;
        Self { kid, pair: Pair::P384(elliptic(algorithm)) }
    }

    pub(crate) fn ed25519(kid: &'static str) -> Self {
        let secret = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { kid, pair: Pair::Ed25519(Ed25519KeyPair::from_pkcs8(secret.as_ref()).unwrap()) }
    }

    /// The published example key of RFC 7515, appendix A.2.
    pub(crate) fn rsa(kid: &'static str) -> Self {
        let decode = |text: &str| BASE64.decode(text).unwrap();
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: decode(N), e: decode("AQAB") },
            d: decode(D),
            p: decode(P),
            q: decode(Q),
            dP: decode(DP),
            dQ: decode(DQ),
            qInv: decode(QI),
        };
        Self { kid, pair: Pair::Rsa(Box::new(RsaKeyPair::from_components(&components).unwrap())) }
    }

    pub(crate) fn jwk(&self) -> Value {
        let coordinates = |point: &[u8]| {
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            (BASE64.encode(x), BASE64.encode(y))
        };
        match &self.pair {
            Pair::P256(pair) => {
                let (x, y) = coordinates(pair.public_key().as_ref());
                json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y })
            }
            Pair::P384(pair) => {
                let (x, y) = coordinates(pair.public_key().as_ref());
                json!({ "kty": "EC", "crv": "P-384", "kid": self.kid, "x": x, "y": y })
            }
            Pair::Ed25519(pair) => {
                let x = BASE64.encode(pair.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x })
            }
            Pair::Rsa(_) => json!({ "kty": "RSA", "kid": self.kid, "n": N, "e": "AQAB" }),
        }
    }

    /// A token with this algorithm in its header, if the key can make such a signature.
    pub(crate) fn sign(&self, alg: &str, claims: &Value) -> String {
        self.sign_with(&json!({ "alg": alg, "kid": self.kid, "typ": "JWT" }), alg, claims)
    }

    pub(crate) fn sign_with(&self, header: &Value, alg: &str, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match alg {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", BASE64.encode(signature))
    }
}

/// Header and claims, and nothing that vouches for them.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn elliptic(algorithm: &'static signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let secret = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, secret.as_ref(), &random).unwrap()
}

const N: &str = "\
    ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1\
    Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpa\
    SHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4\
    LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const D: &str = "\
    Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwV\
    ol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj\
    kn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaF\
    QT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const P: &str = "\
    4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0H\
    w_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const Q: &str = "\
    uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7T\
    jeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
const DP: &str = "\
    BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-F\
    OKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0";
const DQ: &str = "\
    h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do\
    9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU";
const QI: &str = "\
    IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3yd\
    y5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U";
