//! A small catalogue to read statements against.

use model::Parent;
use sql::{FunctionFacts, NoCatalogue, RelationName, Scope};

/// A database with two schemas in the path (`app`, then `public`), one outside of it (`secret`), a
/// temporary table and functions of its own.
pub(crate) struct Shop {
    path: Vec<String>,
}

const RELATIONS: &[(&str, &str)] = &[
    ("app", "notes"),
    ("public", "notes"),
    ("public", "customers"),
    ("public", "orders"),
    ("public", "audit"),
    ("public", "t"),
    ("public", "u"),
    ("public", "order_ids"),
    ("secret", "keys"),
    ("pg_temp", "scratch"),
    ("pg_catalog", "pg_class"),
    ("pg_catalog", "pg_settings"),
    ("pg_catalog", "pg_authid"),
    ("pg_catalog", "pg_stats"),
    ("pg_catalog", "pg_stat_activity"),
    ("pg_catalog", "pg_largeobject"),
    ("information_schema", "tables"),
];

impl Shop {
    pub(crate) fn new() -> Self {
        Self { path: vec!["app".to_owned(), "public".to_owned()] }
    }
}

impl Scope for Shop {
    fn search_path(&self) -> Option<&[String]> {
        Some(&self.path)
    }

    fn has_relation(&self, schema: &str, name: &str) -> Option<bool> {
        Some(RELATIONS.contains(&(schema, name)))
    }

    fn columns(&self, relation: &RelationName) -> Option<Vec<&str>> {
        let Parent::Is(schema) = &relation.schema else { return None };
        Some(match (schema.as_str(), relation.name.as_str()) {
            ("public", "customers") => vec!["id", "name", "ssn", "email", "region"],
            ("public", "orders") => vec!["id", "customer_id", "total", "note"],
            ("public", "audit") => vec!["at", "what"],
            _ => return None,
        })
    }

    fn function(&self, schema: Option<&str>, name: &str) -> FunctionFacts {
        match (schema, name) {
            (None | Some("public"), "purge" | "lower_ssn" | "<~>") => {
                FunctionFacts::UserDefined { volatile: true }
            }
            (None | Some("public"), "twice") => FunctionFacts::UserDefined { volatile: false },
            (None | Some("pg_catalog"), _) => FunctionFacts::NotUserDefined,
            (Some(_), _) => FunctionFacts::UserDefined { volatile: true },
        }
    }
}

/// Nothing is known but the path.
pub(crate) fn offline() -> NoCatalogue {
    NoCatalogue { search_path: Some(vec!["app".to_owned(), "public".to_owned()]) }
}
