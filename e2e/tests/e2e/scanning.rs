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
fn a_scan_weighs_what_the_server_says_of_a_column() {
    let database = v15().database();
    let mut owner = database.direct();
    for sql in [
        "SET ROLE app",
        "CREATE DOMAIN ssn_number AS bigint",
        "CREATE TABLE people (a bigint, b ssn_number, c bigint)",
        "COMMENT ON COLUMN people.a IS 'SSN of the person'",
        "INSERT INTO people SELECT 536228000 + n, 536229000 + n, 536227000 + n FROM generate_series(1, 30) n",
    ] {
        assert!(owner.query(sql).iter().all(|message| message.kind != b'E'), "{sql}");
    }
    let house = House::builder().plain("orders", &database).start();
    let json = house.cli_json("alice", &["scan", "orders", "--table", "people", "--json"]);
    let told: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            [&one["id"], &one["classes"][0], &one["evidence"]].map(|text| text.as_str().unwrap())
        })
        .collect();
    let expected = [
        ["public.people.a", "us_ssn", "30 of 30 pass; comment says so"],
        ["public.people.b", "us_ssn", "30 of 30 pass; domain says so"],
    ];
    assert_eq!(told, expected, "{json}");
}

/// Numbers of sixteen digits that pass for cards.
fn cards() -> impl Iterator<Item = u64> {
    let passes = |number: &u64| {
        let digits = (0..16).map(|place| number / 10_u64.pow(place) % 10);
        let doubled = digits.enumerate().map(|(place, digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => 2 * digit - 9,
            _ => 2 * digit,
        });
        doubled.sum::<u64>() % 10 == 0
    };
    (4_539_148_803_430_000..).step_by(7).filter(passes)
}

#[test]
fn a_new_column_that_looks_sensitive_is_told_by_counts_and_then_masked() {
    let database = v15().database();
    let mut owner = database.direct();
    let rows: Vec<_> = cards()
        .take(40)
        .zip(0_u64..)
        .map(|(card, n)| {
            let (serial, counter) = (4_000_000_000_000_000 + n * 7_919_771_123, 4_155_550_000 + n);
            let created = 1_700_000_000_000 + n * 86_399_123;
            format!("({n}, {}, {card}, {serial}, {counter}, {created}, {n}.99)", 536_228_000 + n)
        })
        .collect();
    let insert = format!("INSERT INTO payments VALUES {}", rows.join(", "));
    for sql in [
        "SET ROLE app",
        "CREATE TABLE payments (id int, ssn_no bigint, acct bigint, serial bigint, counter bigint, \
         created bigint, amount numeric(12, 2), placed timestamptz DEFAULT now())",
        &insert,
    ] {
        assert!(owner.query(sql).iter().all(|message| message.kind != b'E'), "{sql}");
    }
    let house = House::builder().ruled("orders", &database, &["{detect: [credit_card]}"]).start();
    let secret = |text: &str| {
        let own = |row: &String| row.split(", ").skip(1).take(2).any(|value| text.contains(value));
        rows.iter().any(own)
    };
    let shown = |binary: u16| {
        let mut client = house.client("alice");
        let rows = client.extended("SELECT * FROM payments", &[], binary);
        rows.iter().filter(|one| one.kind == b'D').map(e2e::Message::fields).collect::<Vec<_>>()
    };
    let before = shown(1);
    assert_eq!((before.len(), before[0][2].is_some()), (40, true), "nobody knew yet");
    let listed = || house.cli_json("root", &["scan", "orders", "--drift", "--json"]);
    let found = listed();
    let told: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let counts = ["matched", "seen", "distinct"].map(|count| one[count].as_u64().unwrap());
            (one["column"].as_str().unwrap(), one["class"].as_str().unwrap(), counts)
        })
        .collect();
    let expected = [
        ("public.payments.acct", "credit_card", [40; 3]),
        ("public.payments.ssn_no", "us_ssn", [40; 3]),
    ];
    assert_eq!(told, expected, "{found}");
    // What is looked for by content is masked in that column from now on, of the rest people are told.
    for binary in [0, 1] {
        for (now, was) in shown(binary).iter().zip(shown(binary)) {
            assert_ne!(now[2], before[0][2]);
            assert_eq!(now, &was);
            assert!(now[2].is_none() && now[1].is_some() && now[3].is_some(), "{now:?}");
        }
    }
    assert_eq!(listed().as_array().unwrap().len(), 2);
    let table = house.cli("root", &["scan", "orders", "--drift"]);
    assert!(table.stdout.contains("public.payments.ssn_no"), "{}", table.all());
    let metrics = house.metrics();
    let counted = "sluice_drift_columns_total{resource=\"orders\",class=\"us_ssn\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    let log = house.log();
    assert_eq!(log.matches("a column looks sensitive and has no rule").count(), 2, "{log}");
    let status = house.cli("root", &["status"]);
    assert!(status.stdout.contains("2 columns look sensitive"), "{}", status.all());
    for said in [found.to_string(), table.all(), metrics, log, status.all()] {
        assert!(!secret(&said), "{said}");
    }
    let nobody = house.cli("alice", &["scan", "orders", "--drift"]);
    assert!(!nobody.ok() && nobody.stderr.contains("administrators"), "{}", nobody.all());
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
