use model::{Classes, DataClass, DataRule, Parent};

use super::{Catalogue, Row};

fn class(name: &str) -> DataClass {
    DataClass::new(name).unwrap()
}

fn rule(path: [&str; 3], name: &str) -> DataRule {
    DataRule::Column { path: path.map(str::to_owned), class: class(name) }
}

fn row<const N: usize>(cells: [&'static str; N]) -> Row<'static> {
    let mut row = [None; 6];
    for (slot, cell) in row.iter_mut().zip(cells) {
        *slot = Some(cell);
    }
    row
}

fn shop() -> Vec<Row<'static>> {
    vec![
        row(["path", "1", "public"]),
        row(["relation", "20000", "public", "customers", "p"]),
        row(["column", "20000", "1", "id", "23"]),
        row(["column", "20000", "2", "ssn", "25"]),
        row(["column", "20000", "4", "email", "25"]),
        row(["relation", "20001", "parts", "customers_2024", "r"]),
        row(["column", "20001", "1", "ssn", "25"]),
        row(["column", "20001", "2", "id", "23"]),
        row(["child", "20001", "20000"]),
        row(["relation", "20002", "public", "names", "v"]),
        row(["column", "20002", "1", "anything", "25"]),
        row(["view", "20002", "20001", "1"]),
        row(["relation", "20003", "public", "of_names", "v"]),
        row(["column", "20003", "1", "what", "25"]),
        row(["view", "20003", "20002", "1"]),
        row(["relation", "20004", "public", "ids", "v"]),
        row(["column", "20004", "1", "id", "23"]),
        row(["view", "20004", "20000", "1"]),
        row(["function", "100", "pg_catalog", "lower", "s"]),
        row(["function", "20010", "public", "touch", "v"]),
    ]
}

fn rules() -> Vec<DataRule> {
    vec![rule(["public", "customers", "ssn"], "us_ssn"), rule(["*", "*", "email"], "email")]
}

fn names(classes: &Classes) -> Vec<&str> {
    classes.iter().map(DataClass::as_str).collect()
}

#[test]
fn a_rule_names_a_column_and_a_star_names_any() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(names(&catalogue.column(20000, 2).unwrap().classes), ["us_ssn"]);
    assert_eq!(names(&catalogue.column(20000, 4).unwrap().classes), ["email"]);
    assert!(catalogue.column(20000, 1).unwrap().classes.is_empty());
    assert_eq!(
        names(&catalogue.classes_of(&Parent::Is("public".into()), "customers")),
        ["email", "us_ssn"]
    );
}

#[test]
fn a_partition_carries_what_its_parent_carries_by_name() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(names(&catalogue.column(20001, 1).unwrap().classes), ["us_ssn"]);
    assert!(catalogue.column(20001, 2).unwrap().classes.is_empty());
}

#[test]
fn a_view_of_a_view_carries_what_the_table_underneath_carries() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(names(&catalogue.column(20003, 1).unwrap().classes), ["us_ssn"]);
    assert!(catalogue.column(20004, 1).unwrap().classes.is_empty());
}

#[test]
fn a_renamed_column_keeps_its_classes() {
    let before = Catalogue::read(shop(), &rules(), None).unwrap();
    let mut renamed = shop();
    renamed[3] = row(["column", "20000", "2", "harmless", "25"]);
    renamed[1] = row(["relation", "20000", "public", "clients", "p"]);
    let after = Catalogue::read(renamed, &rules(), Some(&before)).unwrap();
    assert_eq!(names(&after.column(20000, 2).unwrap().classes), ["us_ssn"]);
}

#[test]
fn a_name_without_a_schema_may_be_any_of_that_name() {
    let mut rows = shop();
    rows.push(row(["relation", "20020", "audit", "customers", "r"]));
    let catalogue = Catalogue::read(rows, &rules(), None).unwrap();
    assert_eq!(catalogue.resolve(&Parent::Any, "customers"), None);
    assert_eq!(catalogue.resolve(&Parent::Is("audit".into()), "customers"), Some(20020));
    assert_eq!(names(&catalogue.classes_of(&Parent::Any, "customers")), ["email", "us_ssn"]);
}

#[test]
fn only_functions_that_are_not_the_servers_own_count_as_the_users() {
    let catalogue = Catalogue::read(shop(), &[], None).unwrap();
    assert!(matches!(catalogue.function(None, "lower"), sql::FunctionFacts::NotUserDefined));
    assert!(matches!(
        catalogue.function(None, "touch"),
        sql::FunctionFacts::UserDefined { volatile: true }
    ));
    assert_eq!(catalogue.function_name(100), Some(("pg_catalog", "lower")));
}

#[test]
fn a_row_of_another_form_is_refused() {
    for bad in [row(["relation", "x", "public", "t", "r"]), row(["what"]), row(["column", "1"])] {
        assert!(Catalogue::read([bad], &[], None).is_err(), "{bad:?}");
    }
}
