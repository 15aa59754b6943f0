//! Where a secret is kept: `{env: NAME}` or `{file: PATH}`. Never the secret itself, and when somebody
//! writes it there all the same, the complaint does not repeat it.

use std::fmt;

use model::SecretSource;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

const EXPECTED: &str =
    "a secret does not stand in a configuration: write `{env: NAME}` or `{file: PATH}`";

/// One that must be there.
pub(super) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<SecretSource, D::Error> {
    from.deserialize_any(Place)
}

/// One that may be left out.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretSource>, D::Error> {
    one(from).map(Some)
}

struct Place;

impl<'de> Visitor<'de> for Place {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let source = match map.next_key::<String>()?.as_deref() {
            Some("env") => SecretSource::Env(map.next_value()?),
            Some("file") => SecretSource::File(map.next_value()?),
            _ => return Err(A::Error::custom(EXPECTED)),
        };
        match map.next_key::<String>()? {
            None => Ok(source),
            Some(_) => Err(A::Error::custom(EXPECTED)),
        }
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(E::custom(EXPECTED))
    }
}
