//! A compact JWS: what it says of itself, and whether one key signed it. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::claims;
use super::keys::Key;

/// No honest token is longer.
pub(super) const LONGEST: usize = 16 * 1024;

/// A token taken apart; nothing in it is believed yet.
pub(super) struct Unverified<'a> {
    /// What the signature stands under.
    message: &'a str,
    signature: &'a str,
    /// One of the asymmetric algorithms; everything else does not parse.
    pub(super) algorithm: Algorithm,
    /// Which key it claims to be signed with.
    pub(super) kid: Option<String>,
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
    enc: Option<Value>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart, or says in a few words why it is none.
    pub(super) fn parse(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > LONGEST {
            return Err("it is over 16 KiB");
        }
        let (message, signature) = token.rsplit_once('.').ok_or("it is no JWT")?;
        let (header, payload) = message.split_once('.').ok_or("it is no JWT")?;
        let header: Header = decode(header).ok_or("its header is unreadable")?;
        if header.crit.is_some() || header.b64.is_some() || header.enc.is_some() {
            return Err("its header has an extension that is not understood here");
        }
        // Tokens made for another purpose (`logout+jwt`, `dpop+jwt`) are no proof of identity.
        if let Some(typ) = header.typ {
            let typ = typ.to_ascii_lowercase();
            let typ = typ.strip_prefix("application/").unwrap_or(&typ);
            if !matches!(typ, "jwt" | "at+jwt") {
                return Err("it is a JWT of another type");
            }
        }
        Ok(Self {
            message,
            signature,
            algorithm: algorithm(&header.alg).ok_or("its algorithm is not accepted")?,
            kid: header.kid,
            claims: decode(payload).ok_or("its claims are unreadable")?,
        })
    }

    /// Who it claims to be from: decides whose keys it is checked with, and nothing else.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// Whom it claims to be for.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        claims::is_for(&self.claims, audience)
    }

    /// The claims, if this key signed them.
    pub(super) fn verify(&self, key: &Key) -> Option<&Map<String, Value>> {
        key.signed(self.algorithm, self.message.as_bytes(), self.signature).then_some(&self.claims)
    }
}

/// The algorithms that are accepted at all: those that need a private key to sign.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        // RFC 9864 gives the one curve of EdDSA that is accepted here a name of its own.
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
