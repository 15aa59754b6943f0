//! What `docs/policy.md` says is so.

use model::{Action, ObjectKind};
use policy::{PolicySet, schema_text};

const PAGE: &str = include_str!("../../../../docs/policy.md");

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_example_on_the_page_loads_and_they_load_together() {
    let blocks = blocks("cedar");
    assert!(blocks.len() >= 4, "{}", blocks.len());
    let names: Vec<_> = (0..blocks.len()).map(|number| number.to_string()).collect();
    let errors = PolicySet::load(names.iter().map(String::as_str).zip(blocks)).err();
    assert_eq!(errors, None);
}

#[test]
fn the_table_of_actions_names_every_action_with_its_group() {
    let rows: Vec<_> = PAGE
        .lines()
        .skip_while(|line| !line.starts_with("| action | in |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
            (cells.nth(1).unwrap(), cells.next().unwrap())
        })
        .collect();
    let expected: Vec<_> = Action::ALL
        .iter()
        .map(|action| (action.name(), action.parent().map_or("", Action::name)))
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_schema_on_the_page_is_the_one_in_force() {
    let [page] = blocks("cedarschema")[..] else { panic!("one schema") };
    let schema = schema_text();
    let nouns = schema.split("\naction ").next().unwrap();
    assert_eq!(page.trim(), nouns.trim());
}

#[test]
fn every_kind_of_object_is_on_the_page() {
    for kind in [
        ObjectKind::Resource,
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
    ] {
        assert!(PAGE.contains(&format!("`{}`", kind.name())), "{kind:?}");
    }
}
