//! Objects as DROP, COMMENT, ALTER … OWNER and the like name them.

use model::{Object, ObjectKind};
use pg_query::protobuf::ObjectType;
use pg_query::{Node, NodeEnum as N};

use super::name::{qualified, word, words};
use super::reader::Reader;
use crate::Unreadable;

impl Reader<'_> {
    /// The object a node names, given of what type it is.
    pub(super) fn object(&self, kind: ObjectType, node: &Node) -> Result<Object, Unreadable> {
        use ObjectType as Type;
        match kind {
            Type::ObjectTable
            | Type::ObjectView
            | Type::ObjectMatview
            | Type::ObjectSequence
            | Type::ObjectIndex
            | Type::ObjectForeignTable => self.relation_object(node, 0),
            // `schema.table.column`, `table.trigger`: the last word is not the relation's.
            Type::ObjectColumn
            | Type::ObjectRule
            | Type::ObjectTrigger
            | Type::ObjectPolicy
            | Type::ObjectTabconstraint => self.relation_object(node, 1),
            Type::ObjectType
            | Type::ObjectDomain
            | Type::ObjectDomconstraint
            | Type::ObjectAttribute => self.schema_object(ObjectKind::Type, node),
            Type::ObjectFunction
            | Type::ObjectProcedure
            | Type::ObjectRoutine
            | Type::ObjectAggregate => self.schema_object(ObjectKind::Function, node),
            Type::ObjectSchema => top(ObjectKind::Schema, node),
            Type::ObjectDatabase => top(ObjectKind::Database, node),
            Type::ObjectRole => top(ObjectKind::Role, node),
            Type::ObjectParameterAcl => top(ObjectKind::Setting, node),
            Type::ObjectOperator
            | Type::ObjectCollation
            | Type::ObjectConversion
            | Type::ObjectStatisticExt
            | Type::ObjectTsconfiguration
            | Type::ObjectTsdictionary
            | Type::ObjectTsparser
            | Type::ObjectTstemplate
            | Type::ObjectOpclass
            | Type::ObjectOpfamily => self.schema_object(ObjectKind::Other, node),
            Type::ObjectAccessMethod
            | Type::ObjectAmop
            | Type::ObjectAmproc
            | Type::ObjectCast
            | Type::ObjectDefault
            | Type::ObjectDefacl
            | Type::ObjectEventTrigger
            | Type::ObjectExtension
            | Type::ObjectFdw
            | Type::ObjectForeignServer
            | Type::ObjectLanguage
            | Type::ObjectLargeobject
            | Type::ObjectPublication
            | Type::ObjectPublicationNamespace
            | Type::ObjectPublicationRel
            | Type::ObjectSubscription
            | Type::ObjectTablespace
            | Type::ObjectTransform
            | Type::ObjectUserMapping => top(ObjectKind::Other, node),
            Type::Undefined => Err(Unreadable::new("a type of object is not known")),
        }
    }

    /// A relation by a dotted name of which the last `skip` words are something of its own.
    fn relation_object(&self, node: &Node, skip: usize) -> Result<Object, Unreadable> {
        let relation = match &node.node {
            Some(N::RangeVar(name)) => self.relation(name),
            Some(N::List(list)) => {
                let words = words(&list.items);
                let named = words.len().checked_sub(skip).and_then(|count| words.get(..count));
                let (schema, name) = qualified(named.unwrap_or_default());
                crate::RelationName {
                    schema: self.relation_parent(schema, name),
                    name: name.to_owned(),
                }
            }
            _ => return Err(Unreadable::new("a relation is named by something that is no name")),
        };
        Ok(Object::within(ObjectKind::Relation, relation.schema, relation.name))
    }

    /// Anything else that stands in a schema.
    fn schema_object(&self, kind: ObjectKind, node: &Node) -> Result<Object, Unreadable> {
        let words = match &node.node {
            Some(N::List(list)) => match list.items.first().map(|first| &first.node) {
                Some(Some(N::TypeName(name))) => words(&name.names),
                _ => words(&list.items),
            },
            Some(N::TypeName(name)) => words(&name.names),
            Some(N::ObjectWithArgs(object)) => words(&object.objname),
            Some(N::String(name)) => vec![name.sval.as_str()],
            _ => return Err(Unreadable::new("an object is named by something that is no name")),
        };
        let (schema, name) = qualified(&words);
        Ok(Object::within(kind, self.parent(schema), name))
    }
}

/// What stands directly in the resource; some of it (casts, large objects) has no name.
fn top(kind: ObjectKind, node: &Node) -> Result<Object, Unreadable> {
    let name = match &node.node {
        Some(N::List(list)) => list.items.iter().filter_map(word).next_back().unwrap_or_default(),
        Some(N::RoleSpec(role)) => &role.rolename,
        Some(N::Integer(number)) => return Ok(Object::top(kind, number.ival.to_string())),
        Some(N::Float(number)) => &number.fval,
        _ => word(node).unwrap_or_default(),
    };
    Ok(Object::top(kind, name))
}
