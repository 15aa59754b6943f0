//! A provider's published keys: which of them may check which token. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::jwt;

/// More keys than any provider publishes; what comes after is not looked at.
const MOST: usize = 64;

/// One public key that may check signatures.
pub(super) struct Key {
    kid: Option<String>,
    /// What the key's own type, and its `alg` when it has one, allow. The token's header can
    /// choose among these and nothing else.
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

impl Key {
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> bool {
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(signature, message, &self.public, algorithm)
                .unwrap_or(false)
    }
}

/// A provider's keys.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a JWKS document. Keys of a kind that is not known here, too weak, or meant for
    /// encryption are passed over; a document without a list of keys is none.
    pub(super) fn parse(document: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(document)
            .map_err(|error| format!("its key set is unreadable: {error}"))?;
        Ok(Self(document.keys.into_iter().take(MOST).filter_map(key).collect()))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that may have signed a token with this header: by name when it names one, else
    /// the few that fit its algorithm.
    pub(super) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Key> {
        self.0
            .iter()
            .filter(move |key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)))
            .filter(move |key| key.algorithms.contains(&algorithm))
            .take(8)
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig")
        || jwk.key_ops.is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
    {
        return None;
    }
    let (mut algorithms, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (n, e) = (jwk.n?, jwk.e?);
            // From 2048 bits, which is what is still sound, to 4096, which is what is still quick.
            let modulus = URL_SAFE_NO_PAD.decode(&n).ok()?;
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            if !(256..=512).contains(&length) {
                return None;
            }
            let family = [
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ];
            (family.to_vec(), DecodingKey::from_rsa_components(&n, &e).ok()?)
        }
        ("EC", Some("P-256")) => (vec![Algorithm::ES256], on_curve(&jwk.x?, &jwk.y?, 32)?),
        ("EC", Some("P-384")) => (vec![Algorithm::ES384], on_curve(&jwk.x?, &jwk.y?, 48)?),
        ("OKP", Some("Ed25519")) => {
            let x = jwk.x?;
            let length = URL_SAFE_NO_PAD.decode(&x).ok()?.len();
            if length != 32 {
                return None;
            }
            (vec![Algorithm::EdDSA], DecodingKey::from_ed_components(&x).ok()?)
        }
        _ => return None,
    };
    if let Some(alg) = jwk.alg {
        let only = jwt::algorithm(&alg)?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    (!algorithms.is_empty()).then_some(Key { kid: jwk.kid, algorithms, public })
}

fn on_curve(x: &str, y: &str, length: usize) -> Option<DecodingKey> {
    let fits = |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|part| part.len() == length);
    if !fits(x) || !fits(y) {
        return None;
    }
    DecodingKey::from_ec_components(x, y).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usable(key: Value) -> bool {
        let document = json!({ "keys": [key] }).to_string();
        !KeySet::parse(document.as_bytes()).unwrap().is_empty()
    }

    #[test]
    fn only_keys_made_for_signing_and_strong_enough_are_used() {
        let rsa = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xC3; bytes]);
        let point = URL_SAFE_NO_PAD.encode([7; 32]);
        for (key, used) in [
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB"}), true),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "alg": "RS256", "use": "sig"}), true),
            (json!({"kty": "RSA", "n": rsa(128), "e": "AQAB"}), false),
            (json!({"kty": "RSA", "n": rsa(2048), "e": "AQAB"}), false),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "use": "enc"}), false),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "alg": "RSA-OAEP"}), false),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "alg": "HS256"}), false),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "alg": "ES256"}), false),
            (json!({"kty": "RSA", "n": rsa(256), "e": "AQAB", "key_ops": ["encrypt"]}), false),
            (json!({"kty": "oct", "k": "c2VjcmV0"}), false),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": point}), true),
            (json!({"kty": "OKP", "crv": "X25519", "x": point}), false),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": "AQ"}), false),
            (json!({"kty": "EC", "crv": "P-256", "x": point, "y": point}), true),
            (json!({"kty": "EC", "crv": "P-256", "x": point, "y": "AQ"}), false),
            (json!({"kty": "EC", "crv": "P-521", "x": point, "y": point}), false),
            (json!("nonsense"), false),
        ] {
            assert_eq!(usable(key.clone()), used, "{key}");
        }
    }
}
