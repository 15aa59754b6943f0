//! Where a secret is kept: `{env: NAME}` or `{file: PATH}`. Never the secret itself, and when somebody
//! writes it there all the same, the complaint does not repeat it.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use model::SecretSource;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

const EXPECTED: &str =
    "a secret does not stand in a configuration: write `{env: NAME}` or `{file: PATH}`";

const MASTER_EXPECTED: &str = "a key does not stand in a configuration: write `{env: NAME}`, `{file: PATH}`, \
    or `{sealed: PATH, passphrase: {file: PATH}}` for a file that age has sealed";

/// One that must be there.
pub(super) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<SecretSource, D::Error> {
    let place: Place = from.deserialize_any(Map(EXPECTED, PhantomData))?;
    place.source().ok_or_else(|| D::Error::custom(EXPECTED))
}

/// One that may be left out.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretSource>, D::Error> {
    one(from).map(Some)
}

/// Where the master key is.
pub(super) fn master<'de, D: Deserializer<'de>>(from: D) -> Result<Option<MasterSource>, D::Error> {
    let place: Place = from.deserialize_any(Map(MASTER_EXPECTED, PhantomData))?;
    place.master().map(Some).ok_or_else(|| D::Error::custom(MASTER_EXPECTED))
}

/// Where the key is that seals the keys of recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MasterSource {
    /// As it is.
    Plain(SecretSource),
    /// In a file that age has sealed.
    Sealed {
        /// That file.
        file: PathBuf,
        /// What opens it.
        by: Opener,
    },
}

/// What opens a file that age has sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    /// A passphrase.
    Passphrase(SecretSource),
    /// A file as `age-keygen` makes it.
    Identity(SecretSource),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    env: Option<String>,
    file: Option<PathBuf>,
    sealed: Option<PathBuf>,
    #[serde(default, deserialize_with = "optional")]
    passphrase: Option<SecretSource>,
    #[serde(default, deserialize_with = "optional")]
    identity: Option<SecretSource>,
}

impl Place {
    fn source(self) -> Option<SecretSource> {
        match self {
            Self {
                env: Some(name),
                file: None,
                sealed: None,
                passphrase: None,
                identity: None,
            } => Some(SecretSource::Env(name)),
            Self {
                env: None,
                file: Some(path),
                sealed: None,
                passphrase: None,
                identity: None,
            } => Some(SecretSource::File(path)),
            _ => None,
        }
    }

    fn master(self) -> Option<MasterSource> {
        match self {
            Self { env: None, file: None, sealed: Some(file), passphrase, identity } => {
                let by = match (passphrase, identity) {
                    (Some(passphrase), None) => Opener::Passphrase(passphrase),
                    (None, Some(identity)) => Opener::Identity(identity),
                    _ => return None,
                };
                Some(MasterSource::Sealed { file, by })
            }
            plain => plain.source().map(MasterSource::Plain),
        }
    }
}

/// A mapping of known keys, and nothing else.
struct Map<T>(&'static str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map_err(|_| A::Error::custom(self.0))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(E::custom(self.0))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Err(E::custom(self.0))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Err(E::custom(self.0))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Err(E::custom(self.0))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Err(E::custom(self.0))
    }
}
