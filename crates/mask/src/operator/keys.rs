use model::DataClass;
use ring::hmac;
use zeroize::Zeroizing;

use super::normal::Normal;

/// What every key of the masking operators is derived from. It has no `Debug`, and is overwritten
/// when it is dropped; the keys derived from it live as long as their operators.
///
/// Keys of `hash`, `format` and `token` belong to one resource and one class, so that values cannot be
/// matched across them, and who may turn back tokens of one resource turns back those of no other; a
/// key of `hash(scope)` belongs to that scope alone, so that they can.
pub struct MaskKeys {
    root: Zeroizing<[u8; 32]>,
    resource: String,
}

impl MaskKeys {
    /// Keys from secret material of any length. The resource is the one without a name.
    #[must_use]
    pub fn derive(material: &[u8]) -> Self {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"sluice 2026 masking operators v2");
        Self {
            root: Zeroizing::new(bytes_of(&hmac::sign(&salt, material))),
            resource: String::new(),
        }
    }

    /// The keys of a resource.
    #[must_use]
    pub fn of_resource(&self, name: &str) -> Self {
        Self { root: self.root.clone(), resource: name.to_owned() }
    }

    /// The key of `hash` or `hash(scope)`. Normalising depends on the class: of a number its
    /// separators do not count.
    pub(super) fn hash(&self, class: &DataClass, scope: Option<&str>) -> HashKey {
        let key = match scope {
            Some(scope) => self.subkey("hash in a scope", &[scope]),
            None => self.subkey("hash", &[&self.resource, class.as_str()]),
        };
        let normal = Normal::of(class);
        HashKey { key: hmac::Key::new(hmac::HMAC_SHA256, &*key), normal }
    }

    pub(super) fn format(&self, class: &DataClass) -> Zeroizing<[u8; 32]> {
        self.subkey("format", &[&self.resource, class.as_str()])
    }

    pub(super) fn token(&self, purpose: &str, class: &DataClass) -> Zeroizing<[u8; 32]> {
        self.subkey(purpose, &[&self.resource, class.as_str()])
    }

    /// Parts are written with their lengths: no two lists of parts read alike.
    fn subkey(&self, purpose: &str, parts: &[&str]) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*self.root));
        for part in std::iter::once(&purpose).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Zeroizing::new(bytes_of(&context.sign()))
    }
}

/// The key of a hashing operator: HMAC-SHA-256. Without it a hash of a small domain (card numbers,
/// dates of birth) could be turned back by trying every value. It has no `Debug`.
pub struct HashKey {
    key: hmac::Key,
    normal: Normal,
}

/// What was hashed: values of different kinds never hash alike by chance of their bytes.
#[derive(Clone, Copy)]
pub(crate) enum Hashed {
    /// A text, normalised.
    Text = 1,
    /// A number, as its shortest decimal text.
    Number = 2,
    /// Bytes as they are.
    Bytes = 3,
    /// The sixteen bytes of a UUID.
    Uuid = 4,
    /// A JSON document other than a string or a number, as it is written.
    Json = 5,
    /// The eight bytes of a float.
    Float = 6,
}

impl HashKey {
    /// The first bytes (at most 32) of a value's keyed hash.
    pub(crate) fn bytes<const N: usize>(&self, what: Hashed, value: &[u8]) -> [u8; N] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[what as u8]);
        match what {
            Hashed::Text => context.update(&self.normal.apply(value)),
            _ => context.update(value),
        }
        bytes_of(&context.sign())
    }

    /// A number from 0 to `i64::MAX`.
    pub(crate) fn number(&self, what: Hashed, value: &[u8]) -> i64 {
        i64::from_be_bytes(self.bytes(what, value)) & i64::MAX
    }
}

fn bytes_of<const N: usize>(tag: &hmac::Tag) -> [u8; N] {
    tag.as_ref().first_chunk().copied().unwrap_or([0; N])
}
