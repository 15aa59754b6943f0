use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::DataClass;
use ring::{aead, hmac};

use super::MaskKeys;

const START: &[u8] = b"tok_";
/// Stands in no class's name and in no base64url.
const BEFORE_SEALED: u8 = b'.';

/// The key of reversible tokens of a class on a resource. It has no `Debug`.
///
/// A token is `tok_<class>.<base64url>` of a nonce, the value under ChaCha20-Poly1305, and its tag;
/// the class's name is authenticated with it. The nonce is a keyed hash of the value, so equal values
/// have equal tokens and no nonce is used for two values (by chance only after some 2⁴⁰ of them).
pub struct TokenKey {
    class: DataClass,
    nonce: hmac::Key,
    seal: aead::LessSafeKey,
}

impl TokenKey {
    pub(super) fn new(keys: &MaskKeys, class: &DataClass) -> Option<Self> {
        let seal = keys.token("token seal", class);
        let seal = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &*seal).ok()?;
        Some(Self {
            class: class.clone(),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, &*keys.token("token nonce", class)),
            seal: aead::LessSafeKey::new(seal),
        })
    }

    /// `false`: it cannot be sealed, and nothing was written.
    pub(crate) fn token(&self, value: &[u8], out: &mut Vec<u8>) -> bool {
        let nonce = self.nonce_of(value);
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(value);
        let Some(inside) = sealed.get_mut(aead::NONCE_LEN..) else { return false };
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let Ok(tag) = self.seal.seal_in_place_separate_tag(nonce, self.aad(), inside) else {
            return false;
        };
        sealed.extend_from_slice(tag.as_ref());
        out.extend_from_slice(START);
        out.extend_from_slice(self.class.as_str().as_bytes());
        out.push(BEFORE_SEALED);
        out.extend_from_slice(URL_SAFE_NO_PAD.encode(sealed).as_bytes());
        true
    }

    fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, inside) = sealed.split_first_chunk_mut()?;
        let nonce = aead::Nonce::assume_unique_for_key(*nonce);
        let value = self.seal.open_in_place(nonce, self.aad(), inside).ok()?;
        Some(value.to_vec())
    }

    fn aad(&self) -> aead::Aad<&[u8]> {
        aead::Aad::from(self.class.as_str().as_bytes())
    }

    fn nonce_of(&self, value: &[u8]) -> [u8; aead::NONCE_LEN] {
        let tag = hmac::sign(&self.nonce, value);
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// What a token stands for, and its class. Nothing when it is no token of these keys; the tag is
/// compared in constant time.
#[must_use]
pub fn detokenise(token: &[u8], keys: &MaskKeys) -> Option<(DataClass, Vec<u8>)> {
    let (class, sealed) = parts(token)?;
    let value = TokenKey::new(keys, &class)?.open(sealed)?;
    Some((class, value))
}

/// The class that a token says its value has. Nobody vouches for it before [`detokenise`] does.
#[must_use]
pub fn class_of_token(token: &[u8]) -> Option<DataClass> {
    parts(token).map(|(class, _)| class)
}

fn parts(token: &[u8]) -> Option<(DataClass, &str)> {
    let token = std::str::from_utf8(token.strip_prefix(START)?).ok()?;
    let (class, sealed) = token.split_once(char::from(BEFORE_SEALED))?;
    Some((DataClass::new(class)?, sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str) -> DataClass {
        DataClass::new(name).unwrap()
    }

    fn token(keys: &MaskKeys, name: &str, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(TokenKey::new(keys, &class(name)).unwrap().token(value, &mut out));
        out
    }

    #[test]
    fn a_token_is_turned_back_with_its_key_alone() {
        let keys = MaskKeys::derive(b"ours");
        for value in [&b"078-05-1120"[..], b"", b"\xFF\x00", &[b'x'; 5000]] {
            let token = token(&keys, "us_ssn", value);
            assert_eq!(detokenise(&token, &keys), Some((class("us_ssn"), value.to_vec())));
            assert_eq!(class_of_token(&token), Some(class("us_ssn")));
            assert_eq!(detokenise(&token, &MaskKeys::derive(b"theirs")), None);
            let orders = keys.of_resource("orders");
            assert_ne!(token, super::tests::token(&orders, "us_ssn", value));
            assert_eq!(detokenise(&token, &orders), None);
        }
        assert!(token(&keys, "us_ssn", b"078-05-1120").starts_with(b"tok_us_ssn."));
        assert_ne!(token(&keys, "us_ssn", b"1")[11..], token(&keys, "iban", b"1")[9..]);
    }

    #[test]
    fn a_token_changed_anywhere_is_none() {
        let keys = MaskKeys::derive(b"ours");
        let token = token(&keys, "us_ssn", b"078-05-1120");
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(detokenise(&changed, &keys), None, "{at}");
            assert_eq!(detokenise(&token[..at], &keys), None, "{at}");
        }
        let other = [b"tok_iban.", &token[11..]].concat();
        assert_eq!(detokenise(&other, &keys), None);
    }
}
