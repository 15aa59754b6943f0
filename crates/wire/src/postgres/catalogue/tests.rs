use model::{Classes, DataClass, DataRule, Inheritance, Parent};

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
    let catalogue = Catalogue::read(shop(), &rules(), &Inheritance::default(), None).unwrap();
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
    let catalogue = Catalogue::read(shop(), &rules(), &Inheritance::default(), None).unwrap();
    assert_eq!(carried(&catalogue, 20001, 1), ["us_ssn"]);
    assert!(carried(&catalogue, 20001, 2).is_empty());
}

#[test]
fn a_view_of_a_view_carries_what_the_table_underneath_carries() {
    let catalogue = Catalogue::read(shop(), &rules(), &Inheritance::default(), None).unwrap();
    assert_eq!(carried(&catalogue, 20003, 1), ["us_ssn"]);
    assert!(carried(&catalogue, 20004, 1).is_empty());
}

#[test]
fn a_renamed_column_keeps_its_classes() {
    let before = Catalogue::read(shop(), &rules(), &Inheritance::default(), None).unwrap();
    let mut renamed = shop();
    renamed[3] = row(["column", "20000", "2", "harmless", "25"]);
    renamed[1] = row(["relation", "20000", "public", "clients", "p"]);
    let after = Catalogue::read(renamed, &rules(), &Inheritance::default(), Some(&before)).unwrap();
    assert_eq!(carried(&after, 20000, 2), ["us_ssn"]);
}

#[test]
fn a_name_without_a_schema_may_be_any_of_that_name() {
    let mut rows = shop();
    rows.push(row(["relation", "20020", "audit", "customers", "r"]));
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
    assert_eq!(catalogue.resolve(&Parent::Any, "customers"), None);
    assert_eq!(catalogue.resolve(&Parent::Is("audit".into()), "customers"), Some(20020));
    assert_eq!(names(&catalogue.classes_of(&Parent::Any, "customers")), ["email", "us_ssn"]);
}

#[test]
fn only_functions_that_are_not_the_servers_own_count_as_the_users() {
    let catalogue = Catalogue::read(shop(), &[], &Inheritance::default(), None).unwrap();
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
        assert!(Catalogue::read([bad], &[], &Inheritance::default(), None).is_err(), "{bad:?}");
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
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
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
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
    let carried = &catalogue.column(20003, 1).unwrap().carried;
    assert_eq!((carried.value.len(), names(&carried.computed)), (0, vec!["us_ssn"]));
}

#[test]
fn a_parent_shows_the_rows_of_its_children() {
    let rules = [rule(["parts", "customers_2024", "id"], "staff")];
    let catalogue = Catalogue::read(shop(), &rules, &Inheritance::default(), None).unwrap();
    assert_eq!(carried(&catalogue, 20000, 1), ["staff"]);
}

#[test]
fn a_generated_column_carries_what_it_is_computed_from() {
    let mut rows = shop();
    rows.push(row(["column", "20000", "5", "digits", "25"]));
    rows.push(row(["generated", "20000", "5", "2"]));
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
    let carried = &catalogue.column(20000, 5).unwrap().carried;
    assert_eq!((carried.value.len(), names(&carried.computed)), (0, vec!["us_ssn"]));
}

#[test]
fn a_temporary_relation_of_any_session_may_stand_before_another_of_its_name() {
    let mut rows = shop();
    rows.push(row(["relation", "20030", "pg_temp_4", "ids", "v"]));
    rows.push(row(["column", "20030", "1", "id", "25"]));
    rows.push(row(["definition", "20030", " SELECT ssn AS id FROM customers;"]));
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
    let public = Parent::Is("public".into());
    let carried = catalogue.carried(&public, "ids", Some("id")).unwrap();
    assert_eq!(names(&carried.value), ["us_ssn"]);
    assert_eq!(catalogue.column_names(&public, "ids"), None);
}

#[test]
fn a_function_in_sql_returns_what_its_body_says() {
    let mut rows = shop();
    rows.push(row(["function", "20040", "public", "of_customer", "v"]));
    rows.push(row(["function", "20041", "public", "twice", "v"]));
    rows.push(row(["function", "20042", "public", "named", "v"]));
    rows.push(row(["body", "20040", "SELECT upper(c.ssn) FROM customers c WHERE c.id = $1"]));
    rows.push(row(["body", "20041", "SELECT $1 * 2"]));
    rows.push(row(["body", "20042", "SELECT wanted FROM customers WHERE id = 1"]));
    let catalogue = Catalogue::read(rows, &rules(), &Inheritance::default(), None).unwrap();
    let of = |name: &str| {
        let body = catalogue.body(None, name)?;
        let source = |source: &sql::Source| {
            format!("{}.{}", source.relation.name, source.column.as_deref().unwrap_or("*"))
        };
        Some(body.sources.iter().map(source).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(of("of_customer").as_deref(), Some("customers.ssn"));
    assert_eq!(of("twice").as_deref(), Some(""));
    assert_eq!(of("named").as_deref(), Some("customers.*"), "a parameter or a column");
    assert_eq!(of("touch"), None, "its body is not in SQL");
}

/// What each column of a shop with these rows carries, in words: `relation.column: classes`.
fn spread(rows: &[Row<'static>]) -> (Catalogue, Vec<String>) {
    let mut all = shop();
    all.extend([
        row(["relation", "20050", "public", "copied", "r"]),
        row(["column", "20050", "1", "id", "23"]),
        row(["column", "20050", "2", "secret", "25"]),
        row(["column", "20000", "5", "note", "25"]),
        row(["column", "20000", "6", "seen", "1184"]),
        row(["column", "20000", "7", "search", "3614"]),
        row(["function", "20060", "public", "fired", "v"]),
        row(["function", "20061", "public", "helper", "v"]),
    ]);
    all.extend(rows);
    let catalogue = Catalogue::read(all, &rules(), &Inheritance::default(), None).unwrap();
    let columns = [(20000, 1), (20000, 5), (20000, 6), (20000, 7), (20050, 1), (20050, 2)];
    let told = columns.into_iter().filter_map(|(relation, number)| {
        let carried = carried(&catalogue, relation, number);
        let name = &catalogue.column(relation, number).unwrap().name;
        (!carried.is_empty()).then(|| format!("{name}: {}", carried.join(" ")))
    });
    let told = told.collect();
    (catalogue, told)
}

/// The same with a trigger on the customers whose function is this.
fn fired(text: &'static str) -> (Catalogue, Vec<String>) {
    spread(&[
        row(["code", "20060", text, "plpgsql"]),
        row(["trigger", "20000", "copies", "20060", ""]),
    ])
}

fn behind(catalogue: &Catalogue, relation: &str) -> Option<String> {
    let (by, classes) = catalogue.writes_behind(&Parent::Any, relation)?;
    Some(format!("{by}: {}", names(&classes).join(" ")))
}

#[test]
fn what_a_trigger_copies_is_masked_where_it_is_copied_to() {
    let (catalogue, told) =
        fired("BEGIN INSERT INTO copied (secret) VALUES (NEW.ssn); RETURN NEW; END");
    assert_eq!(told, ["secret: us_ssn"]);
    assert_eq!(behind(&catalogue, "customers"), None);
    for text in [
        "BEGIN INSERT INTO copied SELECT NEW.*; RETURN NULL; END",
        "BEGIN INSERT INTO copied VALUES (1, row_to_json(NEW)); RETURN NEW; END",
        "BEGIN UPDATE copied SET id = 1, secret = to_jsonb(OLD); RETURN OLD; END",
        "DECLARE x text; BEGIN x := NEW; INSERT INTO copied (secret) VALUES (x); RETURN NEW; END",
    ] {
        let told = fired(text).1;
        assert_eq!(told.last().unwrap(), "secret: email us_ssn", "{text}");
    }
    let none = "BEGIN INSERT INTO copied VALUES (NEW.id, 'x'); RETURN COALESCE(NEW, OLD); END";
    assert!(fired(none).1.is_empty());
}

#[test]
fn a_statement_in_a_trigger_tells_which_column_it_gives_what() {
    let text = "BEGIN UPDATE copied SET secret = (SELECT upper(email) FROM customers LIMIT 1), id = 3;
                IF NEW.id > 2 THEN DELETE FROM copied WHERE secret = NEW.ssn; END IF; RETURN NEW; END";
    assert_eq!(fired(text).1, ["secret: email"]);
}

#[test]
fn a_statement_that_cannot_be_read_gives_every_column_everything() {
    let text = "BEGIN WITH x AS (SELECT 1) INSERT INTO copied SELECT NEW.ssn FROM x WHERE ???; RETURN NEW; END";
    assert_eq!(fired(text).1, ["id: us_ssn", "secret: us_ssn"]);
}

#[test]
fn a_trigger_may_fill_columns_of_the_row_it_is_given() {
    let text = "BEGIN NEW.note := right(NEW.ssn, 4) || 'x'; NEW.seen = now(); RETURN NEW; END";
    assert_eq!(fired(text).1, ["note: us_ssn"]);
    for text in [
        "BEGIN SELECT NEW.ssn INTO STRICT NEW.note; RETURN NEW; END",
        "DECLARE x text := NEW.ssn; BEGIN NEW.note := x; RETURN NEW; END",
        "BEGIN FOR NEW.note IN SELECT NEW.ssn LOOP NULL; END LOOP; RETURN NEW; END",
        "BEGIN IF NEW.note IS NULL THEN NEW.note = (SELECT OLD.ssn); END IF; RETURN NEW; END",
    ] {
        assert_eq!(fired(text).1, ["note: us_ssn"], "{text}");
    }
    let whole = "DECLARE r record; BEGIN r := NEW; RETURN r; END";
    assert_eq!(fired(whole).1.len(), 4);
    let own = "BEGIN NEW.email := lower(NEW.email); RETURN NEW; END";
    let (catalogue, told) = fired(own);
    assert!(told.is_empty());
    assert!(catalogue.column(20000, 4).unwrap().carried.computed.is_empty());
}

#[test]
fn what_a_trigger_writes_by_a_text_it_runs_may_go_anywhere() {
    for text in [
        "BEGIN EXECUTE 'INSERT INTO ' || TG_ARGV[0] || ' SELECT $1' USING NEW.ssn; RETURN NEW; END",
        "BEGIN INSERT INTO made_meanwhile VALUES (NEW.id); RETURN NEW; END",
        "BEGIN PERFORM set_config('my.own', NEW.ssn, false); RETURN NEW; END",
        "BEGIN CREATE TEMP TABLE x AS SELECT NEW.ssn; RETURN NEW; END",
    ] {
        let (catalogue, _) = fired(text);
        let all = Some("trigger \"copies\": email us_ssn".to_owned());
        assert_eq!(behind(&catalogue, "customers"), all, "{text}");
        assert_eq!(behind(&catalogue, "copied"), None, "{text}");
        let parent = spread(&[
            row(["code", "20060", text, "plpgsql"]),
            row(["trigger", "20001", "copies", "20060", ""]),
        ]);
        let known = Some("trigger \"copies\": us_ssn".to_owned());
        assert_eq!(behind(&parent.0, "customers"), known, "a partition's trigger: {text}");
    }
    let (catalogue, _) = spread(&[row(["trigger", "20000", "copies", "20060", ""])]);
    assert!(behind(&catalogue, "customers").is_some(), "in another language");
}

#[test]
fn a_function_that_a_trigger_calls_has_what_the_trigger_has() {
    let (catalogue, told) = spread(&[
        row(["code", "20060", "BEGIN PERFORM helper(NEW.ssn); RETURN NEW; END", "plpgsql"]),
        row(["code", "20061", "INSERT INTO copied (secret) VALUES ($1)", "sql"]),
        row(["trigger", "20000", "copies", "20060", ""]),
    ]);
    assert_eq!(told, ["secret: us_ssn"]);
    assert_eq!(behind(&catalogue, "customers"), None);
    let (catalogue, _) = spread(&[
        row(["code", "20060", "BEGIN PERFORM helper(NEW.ssn); RETURN NEW; END", "plpgsql"]),
        row(["code", "20061", "BEGIN EXECUTE $1; END", "plpgsql"]),
        row(["trigger", "20000", "copies", "20060", ""]),
    ]);
    assert!(behind(&catalogue, "customers").is_some());
}

#[test]
fn a_function_gives_what_it_reads_to_what_it_writes() {
    let text = "BEGIN INSERT INTO copied SELECT id, ssn FROM customers WHERE id = wanted; END";
    assert_eq!(spread(&[row(["code", "20060", text, "plpgsql"])]).1, ["secret: us_ssn"]);
    let text =
        "DECLARE x text; BEGIN SELECT ssn INTO x FROM customers; UPDATE copied SET secret = x; END";
    assert_eq!(spread(&[row(["code", "20060", text, "plpgsql"])]).1, ["secret: email us_ssn"]);
    let text = "BEGIN EXECUTE format('INSERT INTO %I SELECT ssn FROM customers', $1); END";
    let (catalogue, _) = spread(&[row(["code", "20060", text, "plpgsql"])]);
    let (by, classes) = catalogue.calls_behind(&Parent::Any, "fired").unwrap();
    assert_eq!((by, names(&classes)), ("function \"fired\"", vec!["email", "us_ssn"]));
}

#[test]
fn rules_and_defaults_write_too() {
    let rule = "CREATE RULE copying AS\n    ON UPDATE TO public.customers DO  INSERT INTO copied (id, secret)\n  VALUES (1, old.ssn);";
    let (catalogue, told) = spread(&[row(["rule", "20000", "copying", rule])]);
    assert_eq!(told, ["secret: us_ssn"]);
    assert_eq!(behind(&catalogue, "customers"), None);
    let told = spread(&[
        row(["code", "20061", "SELECT ssn FROM customers WHERE id = $1", "sql"]),
        row(["default", "20050", "2", "upper(helper(2))"]),
    ]);
    assert_eq!(told.1, ["secret: email us_ssn"]);
    let told = spread(&[row(["default", "20050", "2", "helper(2)"])]);
    assert_eq!(told.1, ["secret: email us_ssn"], "its body is not at hand");
}

#[test]
fn the_servers_own_search_trigger_keeps_what_it_reads() {
    let (_, told) = spread(&[row(["trigger", "20000", "vectors", "3752", ""])]);
    assert_eq!(told, ["search: email us_ssn"]);
}

#[test]
fn a_function_that_writes_keeps_what_it_is_given() {
    let keeps = |text| {
        let (catalogue, _) = spread(&[row(["code", "20060", text, "plpgsql"])]);
        catalogue.keeps_arguments(&Parent::Any, "fired")
    };
    assert!(keeps("BEGIN INSERT INTO copied (secret) VALUES ($1); END"));
    assert!(keeps("BEGIN EXECUTE given; END"));
    assert!(keeps("BEGIN EXECUTE 'SELECT ' || given; END"));
    assert!(keeps("BEGIN EXECUTE format('SELECT %s', given); END"));
    assert!(!keeps("BEGIN INSERT INTO copied (id) VALUES (1); RETURN upper(given); END"));
    assert!(!keeps(
        "BEGIN EXECUTE 'SELECT ssn FROM customers WHERE id = $1' INTO x USING given; RETURN x; END"
    ));
    assert!(!keeps(
        "BEGIN EXECUTE format('SELECT %I FROM customers', given) INTO x; RETURN x; END"
    ));
}

#[test]
fn an_enum_has_a_label_and_so_have_its_domains_and_arrays() {
    let mut rows = shop();
    rows.extend([
        row(["type", "20100", "mood", "E", "e", "0"]),
        row(["enum", "20100", "sad"]),
        row(["type", "20101", "feeling", "E", "d", "20100"]),
        row(["type", "20102", "felt", "E", "d", "20101"]),
        row(["type", "20103", "_mood", "A", "b", "20100"]),
        row(["type", "20104", "laune", "E", "e", "0"]),
        row(["enum", "20104", "fr\u{f6}hlich"]),
        row(["type", "20105", "loop", "E", "d", "20105"]),
    ]);
    let catalogue = Catalogue::read(rows, &rules(), &model::Inheritance::default(), None).unwrap();
    for oid in 20100..=20103 {
        assert_eq!(catalogue.label(oid), Some("sad"), "{oid}");
    }
    for oid in [23, 20104, 20105, 20999] {
        assert_eq!(catalogue.label(oid), None, "{oid}");
    }
}
