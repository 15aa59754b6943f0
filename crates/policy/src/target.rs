//! What a question is about, and where it stands.

use model::{DataClass, Object, ObjectKind, Resource};

use crate::uid;

/// What a question is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// The resource as a whole.
    Resource,
    /// An object of it.
    Object(ObjectKind, Place<'a>, &'a str),
    /// A class of its data.
    DataClass(&'a DataClass),
}

/// Where an object stands, as far as one question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Directly in the resource.
    Top,
    /// In this schema.
    In(&'a str),
    /// In some schema that no policy names. It has no `path`: a policy that reads it fails, and a
    /// policy that fails never permits, and refuses when it forbids.
    Elsewhere,
}

impl<'a> Target<'a> {
    /// An access's object, in one of the places where it may stand.
    pub(crate) fn of(object: &'a Object, place: Place<'a>) -> Self {
        match object.kind {
            ObjectKind::Resource => Self::Resource,
            kind => Self::Object(kind, place, &object.name),
        }
    }
}

/// A target's ids, as a policy's scope names them.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) type_name: &'static str,
    /// Its own id.
    pub(crate) id: String,
    /// The id of the schema it stands in.
    pub(crate) schema: Option<String>,
}

impl Spot {
    pub(crate) fn new(resource: &Resource, target: Target<'_>) -> Self {
        match target {
            Target::Resource => {
                Self { type_name: "Resource", id: resource.name.clone(), schema: None }
            }
            Target::DataClass(class) => {
                Self { type_name: "DataClass", id: class.as_str().to_owned(), schema: None }
            }
            Target::Object(kind, place, name) => {
                let path = path(kind, place, name).unwrap_or_else(|| uid::unplaced(kind, name));
                let schema = match place {
                    Place::In(schema) => Some(schema_id(resource, schema)),
                    Place::Top | Place::Elsewhere => None,
                };
                Self { type_name: "Object", id: uid::id(&resource.name, &path), schema }
            }
        }
    }
}

/// An object's id without its resource, when it has one.
pub(crate) fn path(kind: ObjectKind, place: Place<'_>, name: &str) -> Option<String> {
    match place {
        Place::Top => Some(uid::path(kind, None, name)),
        Place::In(schema) => Some(uid::path(kind, Some(schema), name)),
        Place::Elsewhere => None,
    }
}

fn schema_id(resource: &Resource, schema: &str) -> String {
    uid::id(&resource.name, &uid::path(ObjectKind::Schema, None, schema))
}
