//! Every key there is stands in `docs/configuration.md`: the keys are asked of the types themselves.

use std::cell::RefCell;

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// Reads nothing and notes which fields a type would read.
struct Asked<'a>(&'a RefCell<Vec<&'static str>>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("nothing is read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.borrow_mut().extend(fields);
        Err(Error::custom("nothing is read"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: for<'de> Deserialize<'de>>() -> Vec<&'static str> {
    let asked = RefCell::default();
    assert!(T::deserialize(Asked(&asked)).is_err());
    let fields = asked.into_inner();
    assert!(!fields.is_empty(), "{} has no fields", std::any::type_name::<T>());
    fields
}

#[test]
fn every_key_is_in_the_reference() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (prefix, keys) in [
        ("", fields::<super::Written>()),
        ("listen.", fields::<super::listen::Written>()),
        ("public.", fields::<super::listen::WrittenPublic>()),
        ("evidence.", fields::<super::evidence::Written>()),
        ("evidence.object_store.", fields::<super::archive::Written>()),
        ("evidence.object_store.local.", fields::<super::archive::WrittenLocal>()),
        ("evidence.retention.", fields::<super::archive::WrittenRetention>()),
        ("", fields::<super::identity::Written>()),
        ("", fields::<super::export::Written>()),
        ("file.", fields::<super::export::WrittenFile>()),
        ("syslog.", fields::<super::export::WrittenSyslog>()),
        ("http.", fields::<super::export::WrittenHttp>()),
        ("otlp.", fields::<super::export::WrittenOtlp>()),
        ("", fields::<super::resource::Written>()),
        ("credential.", fields::<super::resource::WrittenCredential>()),
        ("", fields::<super::classes::Written>()),
    ] {
        for key in keys {
            // The groups of keys are documented by their members.
            let group = page.contains(&format!("`{key}."));
            let known = page.contains(&format!("`{prefix}{key}`"));
            assert!(known || group, "docs/configuration.md does not know `{prefix}{key}`");
        }
    }
    for key in fields::<super::data::Written>() {
        assert!(
            page.contains(&format!("{key}:")),
            "docs/configuration.md does not know data[].{key}"
        );
    }
    for key in fields::<crate::offline::policy_test::Test>() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
        let page = std::fs::read_to_string(page).unwrap();
        let known = page.contains(&format!("{key}:")) || page.contains(&format!("`{key}`"));
        assert!(known, "docs/policy.md does not know the key `{key}` of a policy test");
    }
}
