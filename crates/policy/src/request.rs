//! What Cedar is asked with: principals, objects and contexts in its own terms.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use cedar_policy::{
    Context, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression as Expression,
};
use model::{
    Action, Classes, DataClass, Facts, Identity, IdentityKind, ObjectKind, Resource, Timestamp,
};

use crate::grant::Circumstances;
use crate::target::{self, Place, Spot, Target};
use crate::uid;

/// Cedar could not be asked. What cannot be asked is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CannotAsk(pub(crate) String);

impl CannotAsk {
    pub(crate) fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The name of a principal's type.
pub(crate) const fn principal_type(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::User => "User",
        IdentityKind::Machine => "Machine",
        IdentityKind::Agent => "Agent",
    }
}

/// The types of the schema, in the order of their names here.
const TYPES: [&str; 9] =
    ["User", "Machine", "Agent", "Group", "Label", "Resource", "Object", "DataClass", "Action"];

fn entity_uid(name: &str, id: &str) -> Result<EntityUid, CannotAsk> {
    // Cedar parses the name of a type, which takes longer than to decide.
    static PARSED: LazyLock<Vec<EntityTypeName>> =
        LazyLock::new(|| TYPES.iter().filter_map(|name| name.parse().ok()).collect());
    let index = TYPES.iter().position(|known| *known == name);
    let name = index
        .and_then(|index| PARSED.get(index))
        .ok_or_else(|| CannotAsk(format!("there is no type `{name}`")))?;
    Ok(EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id)))
}

fn text(value: &str) -> Expression {
    Expression::new_string(value.to_owned())
}

fn entity(
    uid: EntityUid,
    attributes: HashMap<String, Expression>,
    parents: HashSet<EntityUid>,
) -> Result<Entity, CannotAsk> {
    Entity::new(uid, attributes, parents).map_err(CannotAsk::because)
}

/// Who asks.
pub(crate) fn principal(identity: &Identity) -> Result<Entity, CannotAsk> {
    let uid = entity_uid(principal_type(identity.kind), &identity.subject)?;
    let groups =
        identity.groups.iter().map(|group| entity_uid("Group", group)).collect::<Result<_, _>>()?;
    let mut attributes = HashMap::from([
        ("subject".to_owned(), text(&identity.subject)),
        ("provider".to_owned(), text(&identity.provider)),
    ]);
    if let Some(other) = &identity.on_behalf_of {
        attributes.insert("on_behalf_of".to_owned(), text(other));
    }
    entity(uid, attributes, groups)
}

/// An action with the group it is of.
pub(crate) fn action(action: Action) -> Result<Entity, CannotAsk> {
    let group = match action.parent() {
        Some(group) => HashSet::from([entity_uid("Action", group.name())?]),
        None => HashSet::new(),
    };
    entity(entity_uid("Action", action.name())?, HashMap::new(), group)
}

/// A data class, as it stands in a policy's text.
fn class_uid(class: &DataClass) -> Result<EntityUid, CannotAsk> {
    entity_uid("DataClass", class.as_str())
}

/// A data class of a resource. It has the attributes objects have, so that a policy about names can
/// be about every action.
fn data_class(class: &DataClass, of: &Resource) -> Result<Entity, CannotAsk> {
    let name = class.as_str();
    entity(class_uid(class)?, attributes(of, "data_class", name, Some(name)), HashSet::new())
}

/// The resource as a whole.
pub(crate) fn resource(resource: &Resource) -> Result<Entity, CannotAsk> {
    let labels = resource
        .labels
        .iter()
        .map(|(key, value)| entity_uid("Label", &format!("{key}={value}")))
        .collect::<Result<_, _>>()?;
    entity(
        entity_uid("Resource", &resource.name)?,
        attributes(resource, ObjectKind::Resource.name(), &resource.name, Some("")),
        labels,
    )
}

/// The id of what a question is about, and the entities that it needs beside the resource's.
pub(crate) fn target(
    within: &Resource,
    target: Target<'_>,
) -> Result<(EntityUid, Vec<Entity>), CannotAsk> {
    let (kind, place, name) = match target {
        Target::Resource => return Ok((entity_uid("Resource", &within.name)?, Vec::new())),
        Target::DataClass(class) => {
            let class = data_class(class, within)?;
            return Ok((class.uid(), vec![class]));
        }
        Target::Object(kind, place, name) => (kind, place, name),
    };
    let spot = Spot::new(within, target);
    let mut parent = entity_uid("Resource", &within.name)?;
    let mut entities = Vec::with_capacity(2);
    if let (Place::In(schema), Some(id)) = (place, &spot.schema) {
        let uid = entity_uid("Object", id)?;
        let path = uid::path(ObjectKind::Schema, None, schema);
        let attributes = attributes(within, ObjectKind::Schema.name(), schema, Some(&path));
        entities.push(entity(uid.clone(), attributes, HashSet::from([parent]))?);
        parent = uid;
    }
    let own = entity_uid("Object", &spot.id)?;
    let path = target::path(kind, place, name);
    let attributes = attributes(within, kind.name(), name, path.as_deref());
    entities.push(entity(own.clone(), attributes, HashSet::from([parent]))?);
    Ok((own, entities))
}

fn attributes(
    resource: &Resource,
    kind: &str,
    name: &str,
    path: Option<&str>,
) -> HashMap<String, Expression> {
    let mut attributes = HashMap::from([
        ("kind".to_owned(), text(kind)),
        ("name".to_owned(), text(name)),
        ("protocol".to_owned(), text(resource.protocol.as_str())),
    ]);
    if let Some(path) = path {
        attributes.insert("path".to_owned(), text(path));
    }
    attributes
}

/// The minute of a moment: policies see no smaller time, so that a decision holds for one.
pub(crate) const fn minute(now: Timestamp) -> u64 {
    now.as_secs() / 60
}

fn source(source: IpAddr) -> Expression {
    Expression::new_ip(source.to_canonical().to_string())
}

fn circumstances(circumstances: &Circumstances) -> Vec<(String, Expression)> {
    let mut pairs = vec![("source".to_owned(), source(circumstances.source))];
    if let Some(client) = &circumstances.client {
        pairs.push(("client".to_owned(), text(client)));
    }
    pairs
}

fn time(minute: u64) -> [(String, Expression); 2] {
    let start = Timestamp::from_secs(minute.saturating_mul(60)).to_string();
    // Cedar reads milliseconds where a timestamp prints microseconds; a minute has neither.
    let start = start.replace(".000000Z", ".000Z");
    let days = minute / (24 * 60);
    // The epoch was a Thursday; Monday is 1.
    let weekday = i64::try_from((days + 3) % 7 + 1).unwrap_or_default();
    [
        ("now".to_owned(), Expression::new_datetime(start)),
        ("weekday".to_owned(), Expression::new_long(weekday)),
    ]
}

/// What stands in the context when a session is opened.
pub(crate) fn opening(around: &Circumstances, minute: u64) -> Result<Context, CannotAsk> {
    let pairs = circumstances(around).into_iter().chain(time(minute));
    Context::from_pairs(pairs).map_err(CannotAsk::because)
}

/// What stands in the context when a class is to be seen in clear.
pub(crate) fn revealing(around: &Circumstances, on: &Resource) -> Result<Context, CannotAsk> {
    let on = Expression::new_entity_uid(entity_uid("Resource", &on.name)?);
    let pairs = circumstances(around).into_iter().chain([("resource".to_owned(), on)]);
    Context::from_pairs(pairs).map_err(CannotAsk::because)
}

/// What stands in the context when a command is asked: that of the opening, and the command's facts.
pub(crate) fn asking(
    opening: Context,
    facts: &Facts,
    in_transaction: bool,
) -> Result<Context, CannotAsk> {
    let set = |classes: &Classes| {
        let uids = classes.iter().map(|class| class_uid(class).map(Expression::new_entity_uid));
        uids.collect::<Result<Vec<_>, _>>().map(Expression::new_set)
    };
    let words =
        |names: &BTreeSet<Box<str>>| Expression::new_set(names.iter().map(|name| text(name)));
    let facts = Context::from_pairs([
        ("unbounded".to_owned(), Expression::new_bool(facts.unbounded)),
        ("in_transaction".to_owned(), Expression::new_bool(in_transaction)),
        ("returns".to_owned(), set(&facts.returns)?),
        ("filters".to_owned(), set(&facts.filters)?),
        ("programs".to_owned(), words(&facts.programs)),
        ("argv".to_owned(), words(&facts.argv)),
        ("paths".to_owned(), words(&facts.paths)),
    ])
    .map_err(CannotAsk::because)?;
    opening.merge(facts).map_err(CannotAsk::because)
}
