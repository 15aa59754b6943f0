//! Statements and how they must be read, one file a subject.
//!
//! A block starts with a line `-- what an operator would say about it`, then comes the text, then,
//! indented by `=>` and two spaces, the reading. With `UPDATE_READINGS=1` the files are written
//! anew; whoever does that reads the difference.

use std::fmt::Write as _;
use std::path::Path;

use sql::{Effect, Flow, Limits, Lineage, Output, Outputs, Reach, Scope, Statement, read};

use crate::scope::{Shop, offline};

fn check(file: &str, scope: &dyn Scope) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readings").join(file);
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut found = String::new();
    let mut blocks = 0;
    for block in expected.split_inclusive("\n\n") {
        let text: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with("=>") && !line.starts_with("   "))
            .collect();
        let [name, text @ ..] = text.as_slice() else { continue };
        if !name.starts_with("-- ") || text.is_empty() {
            found.push_str(block);
            continue;
        }
        blocks += 1;
        let text = text.join("\n");
        let text = text.trim_end();
        writeln!(found, "{name}\n{text}").unwrap();
        found.push_str(&reading(text, scope));
        found.push('\n');
    }
    assert!(blocks > 0, "{file} holds no statement");
    if std::env::var_os("UPDATE_READINGS").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found, "in {file}");
    }
    assert_eq!(expected.trim_end(), found.trim_end(), "in {file}");
}

fn reading(text: &str, scope: &dyn Scope) -> String {
    match read(text.as_bytes(), scope, &Limits::default()) {
        Err(unreadable) => format!("=> unknown: {}\n", unreadable.why),
        Ok(statements) => statements.iter().map(|statement| described(statement, "=>")).collect(),
    }
}

fn described(statement: &Statement, mark: &str) -> String {
    let mut text = String::new();
    let accesses: Vec<String> = statement.accesses.iter().map(ToString::to_string).collect();
    let accesses = if accesses.is_empty() { "nothing".to_owned() } else { accesses.join(", ") };
    writeln!(text, "{mark} {accesses}").unwrap();
    let flags: Vec<&str> = [
        (statement.unbounded, "unbounded"),
        (statement.opaque, "opaque"),
        (statement.stores, "stores"),
        (statement.may_change_settings, "settings"),
        (statement.may_change_catalogue, "catalogue"),
        (statement.may_change_functions, "functions"),
        (statement.runs_unread, "unread"),
        (statement.constants_matter, "constants"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
    .collect();
    if !flags.is_empty() {
        writeln!(text, "   is {}", flags.join(", ")).unwrap();
    }
    let reads: Vec<String> = statement
        .reads
        .iter()
        .map(|relation| {
            let object = model::Object::within(
                model::ObjectKind::Relation,
                relation.schema.clone(),
                relation.name.clone(),
            );
            object.to_string()
        })
        .collect();
    if !reads.is_empty() {
        writeln!(text, "   reads {}", reads.join(", ")).unwrap();
    }
    match &statement.outputs {
        Outputs::None => {}
        Outputs::Unknown => writeln!(text, "   returns what is not known").unwrap(),
        Outputs::Rows(rows) => {
            for output in rows {
                let (name, from) = match output {
                    Output::Column { name, from } => (name.as_deref().unwrap_or("?"), from),
                    Output::Many(from) => ("*", from),
                };
                writeln!(text, "   returns {name}: {}", traced(from)).unwrap();
            }
        }
    }
    if !statement.filters.is_nothing() {
        writeln!(text, "   looks at {}", traced(&statement.filters)).unwrap();
    }
    for stored in &statement.stored {
        let column = stored.column.as_deref().unwrap_or("*");
        let into = named(&stored.into);
        writeln!(text, "   stores {} in {into}.{column}", traced(&stored.from)).unwrap();
    }
    if let Some(renamed) = &statement.renamed {
        let [from, to] = [named(&renamed.from), named(&renamed.to)];
        match &renamed.column {
            Some((old, new)) => writeln!(text, "   calls {from}.{old} {to}.{new}").unwrap(),
            None => writeln!(text, "   calls {from} {to}").unwrap(),
        }
    }
    match &statement.effect {
        Effect::None => {}
        Effect::Prepare { name, inner } => {
            writeln!(text, "   prepares {name}:").unwrap();
            for line in described(inner, "  ").lines() {
                writeln!(text, "   {line}").unwrap();
            }
        }
        effect => writeln!(text, "   effect {effect:?}").unwrap(),
    }
    text
}

fn named(relation: &sql::RelationName) -> String {
    match &relation.schema {
        model::Parent::Is(schema) => format!("{schema}.{}", relation.name),
        model::Parent::OneOf(schemas) => format!("{}.{}", schemas.join("|"), relation.name),
        _ => format!("?.{}", relation.name),
    }
}

fn traced(from: &Lineage) -> String {
    let mut parts: Vec<String> = from
        .sources
        .iter()
        .map(|source| {
            let flow = match source.flow {
                Flow::Value => "",
                Flow::Computed => "computed ",
                Flow::Fact => "fact ",
            };
            let column = source.column.as_deref().unwrap_or("*");
            format!("{flow}{}.{column}", named(&source.relation))
        })
        .collect();
    match from.reach {
        Reach::Traced => {}
        Reach::Touched => parts.push("anything it reads".to_owned()),
        Reach::Anything => parts.push("anything".to_owned()),
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

macro_rules! subjects {
    ($($test:ident: $file:literal, $scope:expr;)*) => {
        $(#[test] fn $test() { check($file, &$scope); })*
    };
}

subjects! {
    queries_say_what_they_read: "queries.txt", Shop::new();
    writes_say_what_they_change_and_whether_all_of_it: "writes.txt", Shop::new();
    sessions_change_only_themselves: "sessions.txt", Shop::new();
    definitions_name_their_objects: "definitions.txt", Shop::new();
    functions_do_what_they_are_known_to_do: "functions.txt", Shop::new();
    copies_say_where_rows_go: "copies.txt", Shop::new();
    evasions_get_the_verdict_of_what_they_hide: "evasions.txt", Shop::new();
    columns_come_from_what_they_are_made_of: "columns.txt", Shop::new();
    names_stand_wherever_they_may: "names.txt", offline();
}
