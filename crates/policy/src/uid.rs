//! How objects are named in policies.
//!
//! ```text
//!   Resource::"orders-prod"                          the resource
//!   Object::"orders-prod/public"                     a schema
//!   Object::"orders-prod/public/customers"           a relation in a schema
//!   Object::"orders-prod/public/function:refund"     anything else in a schema
//!   Object::"orders-prod/setting:work_mem"           anything that stands in no schema
//! ```
//!
//! A name's own `%`, `/`, `:`, `*`, `"`, `\` and control characters are written as `%XX`, so that no
//! name can be mistaken for a path and no path has two spellings.

use std::fmt::Write;

use model::{DataClass, Object, ObjectKind, Parent};

/// Every kind that an id can name with a prefix.
const KINDS: &[ObjectKind] = &[
    ObjectKind::Relation,
    ObjectKind::Function,
    ObjectKind::Schema,
    ObjectKind::Database,
    ObjectKind::Role,
    ObjectKind::Setting,
    ObjectKind::Type,
    ObjectKind::File,
    ObjectKind::Program,
    ObjectKind::Channel,
    ObjectKind::Other,
];

/// Appends a name so that it holds none of the characters ids are built with.
pub(crate) fn escape_into(out: &mut String, name: &str) {
    for letter in name.chars() {
        if letter.is_control() || matches!(letter, '%' | '/' | ':' | '*' | '"' | '\\') {
            let mut utf8 = [0; 4];
            for byte in letter.encode_utf8(&mut utf8).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(letter);
        }
    }
}

/// The name that was escaped, or nothing when `text` is not what [`escape_into`] writes.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        });
    }
    let name = String::from_utf8(bytes).ok()?;
    let mut canonical = String::with_capacity(text.len());
    escape_into(&mut canonical, &name);
    (canonical == text).then_some(name)
}

/// An object's id without its resource: what policies see as `resource.path`. `schema` is where it
/// stands, when it stands in one.
pub(crate) fn path(kind: ObjectKind, schema: Option<&str>, name: &str) -> String {
    let mut path = String::with_capacity(name.len() + 16);
    if let Some(schema) = schema {
        escape_into(&mut path, schema);
        path.push('/');
    }
    let bare = match kind {
        ObjectKind::Relation => schema.is_some(),
        ObjectKind::Schema => schema.is_none(),
        _ => false,
    };
    if !bare {
        path.push_str(kind.name());
        path.push(':');
    }
    escape_into(&mut path, name);
    path
}

/// The id of what stands at `path` in `resource`.
pub(crate) fn id(resource: &str, path: &str) -> String {
    format!("{resource}/{path}")
}

/// The path of an object whose schema is not known: no id in a policy can be equal to it, since `*`
/// stands in none.
pub(crate) fn unplaced(kind: ObjectKind, name: &str) -> String {
    let mut path = String::from("*/");
    if kind != ObjectKind::Relation {
        path.push_str(kind.name());
        path.push(':');
    }
    escape_into(&mut path, name);
    path
}

/// An `Object::"…"` that stands in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The resource it is of.
    pub(crate) resource: String,
    /// The schema it is, or stands in.
    pub(crate) schema: Option<String>,
}

/// Reads the id of an `Object::"…"`.
pub(crate) fn parse_object(id: &str) -> Result<Literal, String> {
    let (resource, path) = id.split_once('/').ok_or_else(|| {
        format!(
            "`Object::\"{id}\"` names no object: write resource/schema, resource/schema/table or \
             resource/kind:name, or Resource::\"{id}\" for the resource as a whole"
        )
    })?;
    resource_name(resource)?;
    let object = parse_path(path)?;
    let schema = match (object.kind, object.parent) {
        (_, Parent::Is(schema)) => Some(schema),
        (ObjectKind::Schema, _) => Some(object.name),
        _ => None,
    };
    Ok(Literal { resource: resource.to_owned(), schema })
}

/// Reads a path: `public`, `public/customers`, `public/function:refund`, `setting:work_mem`.
pub(crate) fn parse_path(path: &str) -> Result<Object, String> {
    match path.split('/').collect::<Vec<_>>()[..] {
        [top] => {
            let (kind, name) = segment(top, ObjectKind::Schema)?;
            Ok(Object::top(kind, name))
        }
        [schema, last] => {
            let (kind, schema) = segment(schema, ObjectKind::Schema)?;
            if kind != ObjectKind::Schema {
                return Err(format!("`{path}`: nothing stands in a {}", kind.name()));
            }
            let (kind, name) = segment(last, ObjectKind::Relation)?;
            Ok(Object::within(kind, Parent::Is(schema), name))
        }
        _ => Err(format!("`{path}` has too many parts: write `/` inside a name as %2F")),
    }
}

/// One part of a path: `name` of the `bare` kind, or `kind:name`.
fn segment(text: &str, bare: ObjectKind) -> Result<(ObjectKind, String), String> {
    let (kind, name) = match text.split_once(':') {
        None => (bare, text),
        Some((prefix, name)) => {
            let Some(&kind) = KINDS.iter().find(|kind| kind.name() == prefix) else {
                let known: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
                return Err(format!(
                    "`{prefix}` is no kind of object (known: {}); write `:` inside a name as %3A",
                    known.join(", ")
                ));
            };
            if kind == bare {
                return Err(format!("`{text}`: write a {prefix} without its kind: `{name}`"));
            }
            (kind, name)
        }
    };
    if name.is_empty() {
        return Err("an object's name is empty".to_owned());
    }
    if name.contains('*') {
        return Err(format!(
            "`{name}`: `*` is no wildcard in an id; use `resource.name like \"…\"`, or write %2A for the letter"
        ));
    }
    let name = unescape(name).ok_or_else(|| {
        let mut canonical = String::new();
        escape_into(&mut canonical, name);
        format!("`{name}` is not how a name is written in an id: only % / : * \" \\ and control characters are written as %XX, with capital letters (taken as it stands it would be `{canonical}`)")
    })?;
    Ok((kind, name))
}

/// Checks the id of a `Resource::"…"`.
pub(crate) fn resource_name(name: &str) -> Result<(), String> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(good) {
        return Err(format!(
            "`{name}` cannot be a resource's name: letters, digits, `-`, `_` and `.`"
        ));
    }
    Ok(())
}

/// Checks the id of a `Label::"…"`.
pub(crate) fn label(id: &str) -> Result<(), String> {
    match id.split_once('=') {
        Some((key, _)) if !key.is_empty() && key.trim() == key => Ok(()),
        _ => Err(format!(
            "`Label::\"{id}\"` is no label: write key=value, as in Label::\"env=prod\""
        )),
    }
}

/// Checks the id of a `DataClass::"…"`.
pub(crate) fn data_class(id: &str) -> Result<(), String> {
    DataClass::new(id).map(drop).ok_or_else(|| {
        format!("`{id}` is no data class: lower-case letters, digits and underscores, as in us_ssn")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(object: &Object) -> String {
        match &object.parent {
            Parent::Is(schema) => path(object.kind, Some(schema), &object.name),
            _ => path(object.kind, None, &object.name),
        }
    }

    #[test]
    fn ids_are_written_as_documented() {
        for (object, expected) in [
            (Object::top(ObjectKind::Schema, "public"), "public"),
            (
                Object::within(ObjectKind::Relation, Parent::Is("public".into()), "customers"),
                "public/customers",
            ),
            (
                Object::within(ObjectKind::Function, Parent::Is("public".into()), "refund"),
                "public/function:refund",
            ),
            (Object::top(ObjectKind::Setting, "work_mem"), "setting:work_mem"),
            (Object::top(ObjectKind::Relation, "t"), "relation:t"),
            (Object::top(ObjectKind::File, "/etc/passwd"), "file:%2Fetc%2Fpasswd"),
            (
                Object::within(ObjectKind::Relation, Parent::Is("a/b".into()), "c:\"d\"*"),
                "a%2Fb/c%3A%22d%22%2A",
            ),
        ] {
            assert_eq!(place(&object), expected);
            assert_eq!(parse_path(expected), Ok(object));
        }
    }

    #[test]
    fn a_second_spelling_of_an_id_is_refused() {
        for wrong in [
            "",
            "public/",
            "/customers",
            "public/relation:customers",
            "schema:public",
            "public/a/b",
            "public/%63ustomers",
            "public/%2f",
            "public/%",
            "public/%zz",
            "public/tabel:x",
            "public/*",
            "role:app/x",
            "public/function:",
            "public/%FF",
        ] {
            assert!(parse_path(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_object_has_one_id_and_no_two_share_it(
            kind in prop::sample::select(KINDS), schema in prop::option::of(".{1,6}"), name in ".{1,6}",
        ) {
            let object = match schema {
                Some(schema) => Object::within(kind, Parent::Is(schema), name),
                None => Object::top(kind, name),
            };
            prop_assert_eq!(parse_path(&place(&object)), Ok(object));
        }
    }
}
