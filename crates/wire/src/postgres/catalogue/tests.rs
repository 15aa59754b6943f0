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

fn carried(catalogue: &Catalogue, relation: u32, number: i16) -> Vec<&str> {
    catalogue.column(relation, number).unwrap().carried.all().map(DataClass::as_str).collect()
}

#[test]
fn a_rule_names_a_column_and_a_star_names_any() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(carried(&catalogue, 20000, 2), ["us_ssn"]);
    assert_eq!(carried(&catalogue, 20000, 4), ["email"]);
    assert!(carried(&catalogue, 20000, 1).is_empty());
    assert_eq!(
        names(&catalogue.classes_of(&Parent::Is("public".into()), "customers")),
        ["email", "us_ssn"]
    );
}

#[test]
fn a_partition_carries_what_its_parent_carries_by_name() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(carried(&catalogue, 20001, 1), ["us_ssn"]);
    assert!(carried(&catalogue, 20001, 2).is_empty());
}

#[test]
fn a_view_of_a_view_carries_what_the_table_underneath_carries() {
    let catalogue = Catalogue::read(shop(), &rules(), None).unwrap();
    assert_eq!(carried(&catalogue, 20003, 1), ["us_ssn"]);
    assert!(carried(&catalogue, 20004, 1).is_empty());
}

#[test]
fn a_renamed_column_keeps_its_classes() {
    let before = Catalogue::read(shop(), &rules(), None).unwrap();
    let mut renamed = shop();
    renamed[3] = row(["column", "20000", "2", "harmless", "25"]);
    renamed[1] = row(["relation", "20000", "public", "clients", "p"]);
    let after = Catalogue::read(renamed, &rules(), Some(&before)).unwrap();
    assert_eq!(carried(&after, 20000, 2), ["us_ssn"]);
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

/// What each column of the view 20010 carries: `value`, `~computed`, `?fact`.
fn view(definition: &'static str, columns: usize) -> Vec<String> {
    const NUMBERS: [&str; 4] = ["1", "2", "3", "4"];
    let mut rows = shop();
    rows.push(row(["relation", "20010", "public", "seen", "v"]));
    for number in &NUMBERS[..columns] {
        rows.push(row(["column", "20010", number, number, "25"]));
    }
    rows.push(row(["view", "20010", "20000", "0"]));
    rows.push(row(["definition", "20010", definition]));
    let catalogue = Catalogue::read(rows, &rules(), None).unwrap();
    (1..=columns)
        .map(|number| {
            let entry = catalogue.column(20010, i16::try_from(number).unwrap()).unwrap();
            let part = |mark: &str, classes: &Classes| {
                classes.iter().map(|class| format!("{mark}{class}")).collect::<Vec<_>>()
            };
            let carried = &entry.carried;
            [part("", &carried.value), part("~", &carried.computed), part("?", &carried.fact)]
                .concat()
                .join(" ")
        })
        .collect()
}

#[test]
fn a_view_shows_in_each_column_what_its_definition_says() {
    assert_eq!(
        view(" SELECT id, ssn AS x, \"left\"(email, 3) FROM customers;", 3),
        ["", "us_ssn", "~email"]
    );
    assert_eq!(
        view(" SELECT length(customers.ssn), count(*) FROM customers GROUP BY customers.ssn;", 2),
        ["?us_ssn", ""]
    );
    assert_eq!(view(" SELECT c.*::customers AS c FROM customers c;", 1), ["~email ~us_ssn"]);
}

#[test]
fn a_view_that_is_not_understood_may_show_anything() {
    for definition in [
        " SELECT touch(id) FROM customers;",
        " SELECT id FROM customers, customers_2025;",
        " SELECT id FROM",
    ] {
        assert_eq!(view(definition, 1), ["~email ~us_ssn"], "{definition}");
    }
    // Another number of columns than the definition has.
    assert_eq!(view(" SELECT id FROM customers;", 2), ["~email ~us_ssn", "~email ~us_ssn"]);
}

#[test]
fn a_view_of_a_view_is_followed_by_their_definitions() {
    let mut rows = shop();
    rows.push(row([
        "definition",
        "20002",
        " SELECT upper(ssn) AS anything FROM parts.customers_2024;",
    ]));
    rows.push(row(["definition", "20003", " SELECT anything AS what FROM names;"]));
    let catalogue = Catalogue::read(rows, &rules(), None).unwrap();
    let carried = &catalogue.column(20003, 1).unwrap().carried;
    assert_eq!((carried.value.len(), names(&carried.computed)), (0, vec!["us_ssn"]));
}

#[test]
fn a_parent_shows_the_rows_of_its_children() {
    let rules = [rule(["parts", "customers_2024", "id"], "staff")];
    let catalogue = Catalogue::read(shop(), &rules, None).unwrap();
    assert_eq!(carried(&catalogue, 20000, 1), ["staff"]);
}

#[test]
fn a_generated_column_carries_what_it_is_computed_from() {
    let mut rows = shop();
    rows.push(row(["column", "20000", "5", "digits", "25"]));
    rows.push(row(["generated", "20000", "5", "2"]));
    let catalogue = Catalogue::read(rows, &rules(), None).unwrap();
    let carried = &catalogue.column(20000, 5).unwrap().carried;
    assert_eq!((carried.value.len(), names(&carried.computed)), (0, vec!["us_ssn"]));
}

#[test]
fn a_temporary_relation_of_any_session_may_stand_before_another_of_its_name() {
    let mut rows = shop();
    rows.push(row(["relation", "20030", "pg_temp_4", "ids", "v"]));
    rows.push(row(["column", "20030", "1", "id", "25"]));
    rows.push(row(["definition", "20030", " SELECT ssn AS id FROM customers;"]));
    let catalogue = Catalogue::read(rows, &rules(), None).unwrap();
    let public = Parent::Is("public".into());
    let carried = catalogue.carried(&public, "ids", Some("id")).unwrap();
    assert_eq!(names(&carried.value), ["us_ssn"]);
    assert_eq!(catalogue.column_names(&public, "ids"), None);
}
