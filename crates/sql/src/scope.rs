use crate::RelationName;

/// What a session knows about names at the moment a text is read.
pub trait Scope {
    /// The schemas in force, as `current_schemas(false)` lists them: `"$user"` resolved, schemas that
    /// do not exist left out. `None` when the path is not known.
    fn search_path(&self) -> Option<&[String]>;

    /// Whether the schema has a relation of this name; `None` without a catalogue. The session's
    /// temporary tables stand in the schema `pg_temp`.
    fn has_relation(&self, schema: &str, name: &str) -> Option<bool>;

    /// The names of a relation's columns in the table's order, when it is known which relation is
    /// meant and what its columns are.
    fn columns(&self, relation: &RelationName) -> Option<Vec<&str>> {
        let _ = relation;
        None
    }

    /// What is known of functions of this name, in one schema or (`None`) in any that an unqualified
    /// call may find. Also asked for operators whose names PostgreSQL does not bring along.
    fn function(&self, schema: Option<&str>, name: &str) -> FunctionFacts;

    /// Whether `t.name` may be a call of a function that somebody made and that takes a row:
    /// PostgreSQL falls back on one when `t` has no such column. A catalogue that knows arguments
    /// can say this more exactly than by the name.
    fn takes_row(&self, name: &str) -> bool {
        matches!(self.function(None, name), FunctionFacts::UserDefined { .. })
    }
}

/// What is known of the functions of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionFacts {
    /// The server brought every one of them along.
    NotUserDefined,
    /// At least one was made by somebody.
    UserDefined {
        /// Whether one of them is volatile or runs with its definer's rights.
        volatile: bool,
    },
    /// There is no catalogue to look into.
    NotKnown,
}

/// A scope that knows nothing but, perhaps, the search path: for reading offline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoCatalogue {
    /// The path, when it is known.
    pub search_path: Option<Vec<String>>,
}

impl Scope for NoCatalogue {
    fn search_path(&self) -> Option<&[String]> {
        self.search_path.as_deref()
    }

    fn has_relation(&self, _schema: &str, _name: &str) -> Option<bool> {
        None
    }

    fn function(&self, _schema: Option<&str>, _name: &str) -> FunctionFacts {
        FunctionFacts::NotKnown
    }
}
