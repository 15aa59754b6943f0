//! What a resource's tables hold, asked as any client asks, and what is said of it offline.

use e2e::House;

use crate::{no_canary, v15};

#[test]
fn a_scan_proposes_what_columns_hold_and_prints_no_value() {
    let database = v15().database();
    let house = House::builder().plain("orders", &database).start();
    let file = house.file("proposed.yaml");
    let path = file.to_str().unwrap();
    let ran = house.cli("alice", &["scan", "orders", "--table", "customers", "--write", path]);
    assert!(ran.ok(), "{}", ran.all());
    no_canary(ran.all().as_bytes(), "scan");
    let written = std::fs::read_to_string(&file).unwrap();
    for rule in [
        "{column: public.customers.ssn, class: us_ssn}",
        "{column: public.customers.card, class: credit_card}",
        "{column: public.customers.email, class: email}",
    ] {
        assert!(written.contains(rule), "{rule}: {written}");
    }
    no_canary(written.as_bytes(), "rules");
    let again = house.cli("alice", &["scan", "orders", "--table", "customers", "--write", path]);
    assert!(again.stderr.contains("has these rules already"), "{}", again.all());
    let json = house.cli_json("alice", &["scan", "orders", "--table", "customers", "--json"]);
    no_canary(json.to_string().as_bytes(), "scan --json");
    let states = json.as_array().unwrap().iter().map(|one| &one["state"]);
    assert!(states.into_iter().any(|state| state == "proposed"), "{json}");
}

#[test]
fn a_scan_of_masked_columns_says_that_they_are_masked() {
    let database = v15().database();
    let house = House::open(&database);
    let json = house.cli_json("alice", &["scan", "orders", "--table", "customers", "--json"]);
    no_canary(json.to_string().as_bytes(), "scan");
    let state = |column: &str| {
        let all = json.as_array().unwrap();
        let id = format!("public.customers.{column}");
        all.iter().find(|one| one["id"] == id).map(|one| one["state"].clone())
    };
    assert_eq!(state("ssn"), Some("masked".into()), "{json}");
    assert_eq!(state("email"), Some("masked".into()), "{json}");
}

#[test]
fn the_columns_of_a_result_are_explained_for_a_person() {
    let database = v15().database();
    let house = House::open(&database);
    let ran = house.cli_with(
        &[],
        &[
            "explain",
            "--as",
            "alice@example.com",
            "--group",
            "engineering",
            "--on",
            "orders",
            "--columns",
            "--json",
            "SELECT ssn, name FROM public.customers",
        ],
    );
    assert!(ran.ok(), "{}", ran.all());
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["columns"][0]["operator"], "redact", "{told}");
    assert_eq!(told["columns"][0]["sources"][0], "public.customers.ssn");
    assert_eq!(told["columns"][1]["operator"], "clear");
}

#[test]
fn a_class_whose_example_fails_is_told_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("sluice.yaml", "classes: [staff.yaml]\n");
    let class =
        "name: employee_id\nwhat: Staff\npattern: \"E-[0-9]{6}\"\nmatches: [\"E-123456\"]\n";
    let check = || {
        let mut command = std::process::Command::new(e2e::sluice());
        e2e::run(command.arg("check").current_dir(folder.path()), "")
    };
    write("staff.yaml", class);
    assert!(check().ok(), "{}", check().all());
    write("staff.yaml", &format!("{class}ignores: [\"id E-654321\"]\n"));
    let ran = check();
    assert_eq!(ran.status.code(), Some(1), "{}", ran.all());
    let said = "staff.yaml:5:11: ignores: `employee_id` is found in this text";
    assert!(ran.stderr.contains(said) && !ran.all().contains("654321"), "{}", ran.all());
}
