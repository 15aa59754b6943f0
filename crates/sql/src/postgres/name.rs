//! Which schema a name stands in.

use std::sync::LazyLock;

use model::Parent;
use pg_query::protobuf::RangeVar;
use pg_query::{Node, NodeEnum};
use rustc_hash::FxHashSet;

use super::reader::Reader;
use crate::RelationName;

/// The relations PostgreSQL brings along in `pg_catalog`.
static CATALOGUE: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("data/relations.txt").lines().collect());

/// The words of a dotted name.
pub(super) fn words(list: &[Node]) -> Vec<&str> {
    list.iter().filter_map(word).collect()
}

/// The one word a node is.
pub(super) fn word(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::String(string)) => Some(&string.sval),
        _ => None,
    }
}

/// The schema and the name of a dotted name; a database before them is dropped, for the server
/// takes no other than its own.
pub(super) fn qualified<'n>(words: &[&'n str]) -> (Option<&'n str>, &'n str) {
    match words {
        [] => (None, ""),
        [name] => (None, name),
        [.., schema, name] => (Some(schema), name),
    }
}

fn nonempty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl Reader<'_> {
    /// Where an existing relation stands.
    pub(super) fn relation_parent(&self, schema: Option<&str>, name: &str) -> Parent {
        if let Some(schema) = schema {
            return Parent::Is(schema.to_owned());
        }
        if self.creating_in.is_some() {
            return Parent::Any;
        }
        let Some(path) = self.scope.search_path() else {
            return Parent::Any;
        };
        let listed = |schema: &str| path.iter().any(|listed| listed == schema);
        let implied = ["pg_temp", "pg_catalog"].into_iter().filter(|schema| !listed(schema));
        for schema in implied.chain(path.iter().map(String::as_str)) {
            match self.scope.has_relation(schema, name) {
                Some(true) => return Parent::Is(schema.to_owned()),
                Some(false) => {}
                None if schema == "pg_catalog" && CATALOGUE.contains(name) => {
                    return Parent::Is(schema.to_owned());
                }
                None => {}
            }
        }
        self.somewhere_in_path()
    }

    /// Where something unqualified stands that the catalogue does not name.
    pub(super) fn somewhere_in_path(&self) -> Parent {
        match self.scope.search_path() {
            _ if self.creating_in.is_some() => Parent::Any,
            None | Some([]) => Parent::Any,
            Some([only]) => Parent::Is(only.clone()),
            Some(path) => Parent::OneOf(path.to_vec()),
        }
    }

    /// Where a thing other than a relation stands.
    pub(super) fn parent(&self, schema: Option<&str>) -> Parent {
        schema.map_or_else(|| self.somewhere_in_path(), |schema| Parent::Is(schema.to_owned()))
    }

    /// Where a new thing of this name will stand.
    pub(super) fn new_parent(&self, schema: Option<&str>) -> Parent {
        match (schema, self.creating_in, self.scope.search_path()) {
            (Some(schema), _, _) | (None, Some(schema), _) => Parent::Is(schema.to_owned()),
            (None, None, Some([first, ..])) => Parent::Is(first.clone()),
            (None, None, _) => Parent::Any,
        }
    }

    /// An existing relation by its node.
    pub(super) fn relation(&self, name: &RangeVar) -> RelationName {
        RelationName {
            schema: self.relation_parent(nonempty(&name.schemaname), &name.relname),
            name: name.relname.clone(),
        }
    }

    /// A relation that is about to be created.
    pub(super) fn new_relation(&self, name: &RangeVar) -> RelationName {
        let schema = match nonempty(&name.schemaname) {
            None if name.relpersistence == "t" => Some("pg_temp"),
            schema => schema,
        };
        RelationName { schema: self.new_parent(schema), name: name.relname.clone() }
    }
}
