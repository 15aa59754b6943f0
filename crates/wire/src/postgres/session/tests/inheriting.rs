//! What a statement stores is masked where it is stored.

use super::script::*;

const ALL: &[&str] = &["email", "us_ssn"];
const SSN: &str = "078-05-1120";

/// What was inherited by a text that somebody runs who may see everything.
fn inherits(text: &str) -> Vec<String> {
    let outcome = Stage::sensitive().revealing(ALL).play(&[client(&[query(text)])]);
    assert_eq!(outcome.upstream_tags(), "Q", "{text}: {}", outcome.client_text());
    outcome.events.into_iter().filter(|event| event.contains(" inherits ")).collect()
}

fn done(tag: &str) -> Turn {
    server(&[complete(tag), ready(b'I')])
}

#[test]
fn whatever_stores_a_class_has_its_place_inherit_it() {
    for (text, inherited) in [
        (
            "insert into orders (notes) select ssn from customers",
            "public.orders.notes inherits us_ssn as value",
        ),
        (
            "insert into orders (notes) select left(ssn, 3) from customers",
            "public.orders.notes inherits us_ssn as computed",
        ),
        (
            "create table t as select ssn as number, id from customers",
            "public.t.number inherits us_ssn as value",
        ),
        ("select email into t from customers", "public.t.email inherits email as value"),
        (
            "update orders set notes = (select ssn from customers limit 1)",
            "public.orders.notes inherits us_ssn as value",
        ),
        (
            "alter table orders alter notes type text using (select ssn from customers limit 1)",
            "public.orders.notes inherits us_ssn as value",
        ),
        (
            "update customers set notes = ssn || email",
            "public.customers.notes inherits email as computed; \
             public.customers.notes inherits us_ssn as computed",
        ),
    ] {
        assert_eq!(inherits(text).join("; "), inherited, "{text}");
    }
}

#[test]
fn nothing_is_inherited_where_nothing_new_is_stored() {
    for text in [
        "insert into orders (notes) select id from customers where ssn like '1%'",
        "update customers set ssn = upper(ssn)",
        "create view v as select ssn from customers",
        "create temp table t as select ssn from customers",
        "select ssn from customers",
    ] {
        assert_eq!(inherits(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_copy_is_masked_for_who_may_not_see_it_from_the_moment_it_is_made() {
    let shown =
        [columns(&[("notes", 20001, 2, 25)]), row(&[Some(SSN)]), complete("SELECT 1"), ready(b'I')];
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query("insert into orders (notes) select ssn from customers")]),
        done("INSERT 0 1"),
        Turn::Reveal(&[]),
        client(&[query("select notes from orders")]),
        server(&shown),
        client(&[query("select upper(notes) as n from orders")]),
        server(&[
            columns(&[("n", 0, 0, 25)]),
            row(&[Some(SSN)]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
        client(&[query("insert into customers (notes) select notes from orders")]),
    ]);
    let told = outcome.client_text();
    assert!(!told.contains(SSN) && !told.contains("078"), "{told}");
    assert!(told.contains("would store data of class us_ssn"), "{told}");
}

#[test]
fn it_stays_masked_when_the_catalogue_is_read_again_and_what_is_made_of_it_too() {
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query("create table t as select ssn as number from customers")]),
        done("SELECT 1"),
        Turn::Learn(&[
            &["relation", "20005", "public", "t", "r"],
            &["column", "20005", "1", "number", "25"],
            &["relation", "20006", "public", "v", "v"],
            &["column", "20006", "1", "n", "25"],
            &["view", "20006", "20005", "1"],
            &["definition", "20006", " SELECT t.number AS n FROM t;"],
        ]),
        Turn::Reveal(&["email"]),
        client(&[query("select number from t")]),
        server(&[
            columns(&[("number", 20005, 1, 25)]),
            row(&[Some(SSN)]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
        client(&[query("select n from v")]),
        server(&[
            columns(&[("n", 20006, 1, 25)]),
            row(&[Some(SSN)]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
    ]);
    let told = outcome.client_text();
    assert!(!told.contains("078"), "{told}");
}

#[test]
fn what_goes_through_a_temporary_table_is_still_what_it_was() {
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query("create temp table tmp as select ssn as number from customers")]),
        done("SELECT 1"),
        Turn::Learn(&[
            &["relation", "20005", "pg_temp_3", "tmp", "r"],
            &["column", "20005", "1", "number", "25"],
            &["column", "20005", "2", "more", "25"],
        ]),
        client(&[query("insert into orders (notes) select upper(number) from tmp")]),
        done("INSERT 0 1"),
        client(&[query("update tmp set more = (select email from customers limit 1)")]),
        done("UPDATE 1"),
        Turn::Reveal(&[]),
        client(&[query("select number from tmp")]),
        server(&[
            columns(&[("number", 20005, 1, 25)]),
            row(&[Some(SSN)]),
            complete("SELECT 1"),
            ready(b'I'),
        ]),
        client(&[query("insert into customers (notes) select more from tmp")]),
    ]);
    let told = outcome.client_text();
    assert!(!told.contains("078") && told.contains("would store data of class email"), "{told}");
    let inherited: Vec<_> =
        outcome.events.iter().filter(|event| event.contains(" inherits ")).collect();
    assert_eq!(inherited, ["public.orders.notes inherits us_ssn as computed"]);
}

#[test]
fn what_is_inherited_already_is_not_kept_again() {
    let write = "insert into orders (notes) select ssn from customers";
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query(write)]),
        done("INSERT 0 1"),
        client(&[query(write)]),
        done("INSERT 0 1"),
        client(&[parse("", write), bind("", "", &[]), execute(""), sync()]),
    ]);
    let inherited = outcome.events.iter().filter(|event| event.contains(" inherits "));
    assert_eq!(inherited.count(), 1, "{:?}", outcome.events);
    assert_eq!(outcome.upstream_tags(), "QQPBDES");
}

#[test]
fn a_statement_is_prepared_before_and_kept_when_it_runs() {
    let write = "insert into orders (notes) select ssn from customers";
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[parse("p", write), bind("", "p", &[]), execute(""), sync()]),
        server(&[bare(b'1'), bare(b'2'), complete("INSERT 0 1"), ready(b'I')]),
    ]);
    let at = |what: &str| outcome.events.iter().position(|event| event.contains(what)).unwrap();
    assert!(at("2 insert") < at("inherits") && at("inherits") < at("2 allowed"));
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query(&format!("prepare p as {write}"))]),
        done("PREPARE"),
        client(&[query("execute p")]),
    ]);
    let inherited = outcome.events.iter().filter(|event| event.contains(" inherits "));
    assert_eq!(inherited.count(), 1, "{:?}", outcome.events);
}

#[test]
fn what_cannot_be_kept_is_not_sent() {
    let write = "insert into orders (notes) select ssn from customers";
    let stage = Stage::sensitive().revealing(ALL).full();
    let outcome = stage.play(&[client(&[query(write)]), client(&[query("select 1")])]);
    assert_eq!(outcome.client_tags(), "EZ");
    assert!(outcome.client_text().contains("the disk is full"), "{}", outcome.client_text());
    assert!(!outcome.upstream_text().contains("insert"));
    assert_eq!(outcome.upstream_tags(), "Q", "the session goes on");
    let outcome =
        stage.play(&[client(&[parse("", write), bind("", "", &[]), execute(""), sync()])]);
    assert!(!outcome.upstream_tags().contains('E'), "{}", outcome.upstream_tags());
    assert!(outcome.events.iter().any(|event| event.contains("denied")), "{:?}", outcome.events);
}

#[test]
fn what_is_renamed_holds_what_it_held() {
    for (text, inherited) in [
        (
            "create table new as select ssn from customers; alter table new rename to t",
            "public.new.ssn inherits us_ssn as value; public.t.ssn inherits us_ssn as value",
        ),
        (
            "create table t as select ssn, id from customers; alter table t rename ssn to n; \
             alter table t rename id to i; alter table t set schema other",
            "public.t.ssn inherits us_ssn as value; public.t.n inherits us_ssn as value; \
             other.t.ssn inherits us_ssn as value; other.t.n inherits us_ssn as value",
        ),
    ] {
        assert_eq!(inherits(text).join("; "), inherited, "{text}");
    }
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        client(&[query("insert into orders (notes) select ssn from customers")]),
        done("INSERT 0 1"),
        Turn::Reveal(&[]),
        client(&[query("alter table orders rename to o")]),
    ]);
    let renamed = "public.o.notes inherits us_ssn as value".to_owned();
    assert!(outcome.events.contains(&renamed), "whoever renames it: {:?}", outcome.events);
}

#[test]
fn a_trigger_that_copies_nobody_knows_where_has_no_place_that_inherits() {
    let outcome = Stage::sensitive().revealing(ALL).play(&[
        Turn::Learn(&[
            &["function", "30009", "public", "fired", "v"],
            &["code", "30009", "BEGIN EXECUTE TG_ARGV[0] USING NEW; RETURN NEW; END", "plpgsql"],
            &["trigger", "20000", "copies", "30009", ""],
        ]),
        client(&[query("update customers set id = 1 where id = 2")]),
    ]);
    assert_eq!(outcome.upstream_tags(), "Q");
    assert!(!outcome.events.iter().any(|event| event.contains(" inherits ")));
}
