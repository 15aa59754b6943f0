use model::Parent;
use sql::{
    Effect, Flow, FunctionFacts, Limits, Lineage, Output, Outputs, Reach, RelationName, Scope,
    Statement, read,
};

/// A database of which the columns of two tables are known, and a function of the user's.
struct Shop {
    path: Vec<String>,
}

impl Scope for Shop {
    fn search_path(&self) -> Option<&[String]> {
        Some(&self.path)
    }

    fn has_relation(&self, schema: &str, name: &str) -> Option<bool> {
        Some(matches!(
            (schema, name),
            ("public", "customers" | "orders" | "t" | "u") | ("app", "notes")
        ))
    }

    fn columns(&self, relation: &RelationName) -> Option<Vec<&str>> {
        let Parent::Is(schema) = &relation.schema else { return None };
        Some(match (schema.as_str(), relation.name.as_str()) {
            ("public", "customers") => vec!["id", "name", "ssn", "email", "region"],
            ("public", "orders") => vec!["id", "customer_id", "total", "note"],
            _ => return None,
        })
    }

    fn function(&self, schema: Option<&str>, name: &str) -> FunctionFacts {
        match (schema, name) {
            (None | Some("public"), "lower_ssn") => FunctionFacts::UserDefined { volatile: true },
            (None | Some("pg_catalog"), _) => FunctionFacts::NotUserDefined,
            (Some(_), _) => FunctionFacts::UserDefined { volatile: true },
        }
    }
}

/// The name that a query is given; no text that holds it is wrapped.
const NAME: &str = "fuzz_q";

/// A query says no less of where its rows come from when another takes them over as they are: out of
/// FROM, WITH or UNION, as a row, into a table, or as a COPY. A comment changes nothing.
pub fn sql_lineage(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > 8 << 10 {
        return;
    }
    let Ok(statements) = told(text) else { return };
    for statement in &statements {
        assert_sources_are_read(statement, text);
    }
    let commented = format!("/* a */ {text}\n-- b\n");
    assert_eq!(told(&commented).as_ref(), Ok(&statements), "{commented}");

    let text = text.trim_end_matches(|c: char| c == ';' || c.is_ascii_whitespace());
    let [inner] = statements.as_slice() else { return };
    let Outputs::Rows(items) = &inner.outputs else { return };
    let kept = inner.stored.is_empty() && !inner.stores && !inner.may_change_catalogue;
    if text.to_ascii_lowercase().contains(NAME) || inner.effect != Effect::None || !kept {
        return;
    }

    for (wrapped, holds) in [
        (format!("SELECT * FROM ({text}\n) {NAME}"), Holds::Each),
        (format!("WITH {NAME} AS ({text}\n) TABLE {NAME}"), Holds::Each),
        (
            format!(
                "SELECT * FROM (VALUES (1)) AS {NAME}_1 ({NAME}_2), LATERAL ({text}\n) AS {NAME}"
            ),
            Holds::All,
        ),
        (format!("({text}\n) UNION ALL ({text}\n)"), Holds::All),
        (format!("SELECT {NAME} FROM ({text}\n) {NAME}"), Holds::AllComputed),
        (format!("SELECT to_jsonb({NAME}.*) FROM ({text}\n) {NAME}"), Holds::AllComputed),
        (format!("SELECT ARRAY({text}\n)"), Holds::AllComputed),
        (format!("CREATE TABLE {NAME} AS ({text}\n)"), Holds::Stored),
        (format!("COPY ({text}\n) TO STDOUT"), Holds::All),
    ] {
        let Ok(outer) = told(&wrapped) else { continue };
        let [outer] = outer.as_slice() else { panic!("not one statement: {wrapped}") };
        for relation in &inner.reads {
            assert!(outer.reads.contains(relation), "{relation:?} is read: {wrapped}");
        }
        assert!(outer.opaque || !inner.opaque, "{wrapped}");
        for access in &inner.accesses {
            assert!(outer.accesses.contains(access), "{access}: {wrapped}");
        }
        assert!(covers(&outer.filters, &inner.filters, false), "conditions: {wrapped}");
        held(holds, items, outer, &wrapped);
    }
}

fn told(text: &str) -> Result<Vec<Statement>, sql::Unreadable> {
    let shop = Shop { path: vec!["app".into(), "public".into()] };
    read(text.as_bytes(), &shop, &Limits::default())
}

/// What is traced to a relation must be among what the statement reads: whoever masks by what was
/// touched alone looks there.
fn assert_sources_are_read(statement: &Statement, text: &str) {
    let Outputs::Rows(items) = &statement.outputs else { return };
    let writes = |name: &RelationName| {
        statement.accesses.iter().any(|access| access.object.name == name.name)
    };
    for source in items.iter().flat_map(|item| &item.from().sources) {
        let known = statement.reads.contains(&source.relation) || writes(&source.relation);
        assert!(known, "{source:?} is not read: {text}");
    }
}

/// How the outer statement holds what the inner returns.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    /// Column by column.
    Each,
    /// In some of its columns.
    All,
    /// In some of its columns, as part of something else.
    AllComputed,
    /// In what it stores.
    Stored,
}

fn held(holds: Holds, items: &[Output], outer: &Statement, text: &str) {
    if holds == Holds::Stored {
        let all = joined(outer.stored.iter().map(|stored| &stored.from));
        let each = items.iter().all(|item| covers(&all, item.from(), false));
        assert!(outer.stores || each, "{items:#?}\n{outer:#?}\n{text}");
        return;
    }
    // What is not known at all is masked as anything.
    let Outputs::Rows(shown) = &outer.outputs else { return };
    if holds == Holds::Each {
        assert_eq!(shown.len(), items.len(), "{text}");
        for (outer, inner) in shown.iter().zip(items) {
            let many = |item: &Output| matches!(item, Output::Many(_));
            assert_eq!(many(outer), many(inner), "{text}");
            assert!(covers(outer.from(), inner.from(), false), "{inner:#?}\n{outer:#?}\n{text}");
        }
        return;
    }
    let all = joined(shown.iter().map(Output::from));
    for item in items {
        let computed = holds == Holds::AllComputed;
        assert!(covers(&all, item.from(), computed), "{item:#?}\n{shown:#?}\n{text}");
    }
}

fn joined<'l>(lineages: impl Iterator<Item = &'l Lineage>) -> Lineage {
    let mut all = Lineage::default();
    for lineage in lineages {
        all.sources.extend(lineage.sources.iter().cloned());
        all.reach = all.reach.max(lineage.reach);
    }
    all
}

/// Whether one lineage is masked at least as another is. What is computed must not pass for the value
/// itself: a mask that keeps a part of the value is safe for that alone.
fn covers(outer: &Lineage, inner: &Lineage, computed: bool) -> bool {
    if outer.reach != Reach::Traced {
        return outer.reach >= inner.reach;
    }
    let covered = |source: &sql::Source| {
        outer.sources.iter().any(|other| {
            let flows = match source.flow {
                Flow::Value if computed => other.flow == Flow::Computed,
                Flow::Value => other.flow != Flow::Fact,
                Flow::Computed => other.flow == Flow::Computed,
                Flow::Fact => true,
            };
            let column = other.column.is_none() || other.column == source.column;
            flows && column && other.relation == source.relation
        })
    };
    inner.reach == Reach::Traced && inner.sources.iter().all(covered)
}
