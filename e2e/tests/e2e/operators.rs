//! How a rule says that values are masked, as a client of a real server sees them.

use e2e::{Client, Database, House, Message, run_folder};

use crate::v15;

/// The values of each row of an answer.
type Rows = Vec<Vec<Option<Vec<u8>>>>;

/// What a statement shows in one format (0 text, 1 binary).
fn shown(client: &mut Client, sql: &str, format: u16) -> Rows {
    let said = client.extended(sql, &[], format);
    assert!(said.iter().all(|message| message.kind != b'E'), "{sql}: {said:?}");
    said.iter().filter(|message| message.kind == b'D').map(Message::fields).collect()
}

/// The only value of an answer, as text.
fn value(client: &mut Client, sql: &str) -> Option<String> {
    let rows = shown(client, sql, 0);
    let [row] = rows.as_slice() else { panic!("{sql}: {} rows", rows.len()) };
    let [value] = row.as_slice() else { panic!("{sql}: {} columns", row.len()) };
    value.as_ref().map(|bytes| String::from_utf8(bytes.clone()).unwrap())
}

/// Lays tables out as their owner does.
fn furnish(database: &Database<'_>, statements: &[&str]) {
    let mut owner = database.direct();
    owner.query("SET ROLE app");
    for sql in statements {
        let said = owner.query(sql);
        assert!(said.iter().all(|message| message.kind != b'E'), "{sql}: {said:?}");
    }
}

/// What the gateway shows of `sql` is what the server itself says for `expected`, in both formats.
fn shows(client: &mut Client, database: &Database<'_>, sql: &str, expected: &str) {
    let mut direct = database.direct();
    for format in [0, 1] {
        let wanted = shown(&mut direct, expected, format);
        assert!(!wanted.is_empty(), "{expected}");
        assert_eq!(
            texts(&shown(client, sql, format)),
            texts(&wanted),
            "{sql}, {expected}, format {format}"
        );
    }
}

/// Values that people can read in a failure.
fn texts(rows: &Rows) -> Vec<Vec<Option<String>>> {
    let text =
        |value: &Option<Vec<u8>>| value.as_ref().map(|bytes| bytes.escape_ascii().to_string());
    rows.iter().map(|row| row.iter().map(text).collect()).collect()
}

#[test]
fn each_operator_shows_what_it_promises_in_text_and_in_binary() {
    let database = v15().database();
    furnish(
        &database,
        &[
            "CREATE TABLE shown (id int, redacted text, tagged text, first text, last text, domain text, mail text,
             nothing text, empty text, year date, month timestamptz, tens int, hundreds numeric(12, 2))",
            "INSERT INTO shown VALUES (1, 'Ottilie', 'Ottilie', '078-05-1120', '078-05-1120', 'ann@example.com',
             'ann@example.com', 'Ottilie', 'Ottilie', '1984-05-06', '1984-05-06 07:08:09Z', 42, -1742.5)",
        ],
    );
    let rules = [
        "{column: public.shown.redacted, class: c_redacted, mask: redact}",
        "{column: public.shown.tagged, class: c_tagged, mask: tag}",
        "{column: public.shown.first, class: c_first, mask: keep_first(3)}",
        "{column: public.shown.last, class: c_last, mask: keep_last(4)}",
        "{column: public.shown.domain, class: c_domain, mask: keep_domain}",
        "{column: public.shown.mail, class: c_mail, mask: email}",
        "{column: public.shown.nothing, class: c_nothing, mask: null}",
        "{column: public.shown.empty, class: c_empty, mask: default}",
        "{column: public.shown.year, class: c_year, mask: date_year}",
        "{column: public.shown.month, class: c_month, mask: date_month}",
        "{column: public.shown.tens, class: c_tens, mask: bucket(10)}",
        "{column: public.shown.hundreds, class: c_hundreds, mask: bucket(100)}",
    ];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    for sql in ["SET timezone = 'UTC'", "SELECT 1"] {
        client.query(sql);
    }
    for (column, expected) in [
        ("id", "1"),
        ("redacted", "'[masked]'::text"),
        ("tagged", "'[c_tagged]'::text"),
        ("first", "'078-**-****'::text"),
        ("last", "'***-**-1120'::text"),
        ("domain", "'***@example.com'::text"),
        ("mail", "'a***@example.com'::text"),
        ("nothing", "NULL::text"),
        ("empty", "''::text"),
        ("year", "date '1984-01-01'"),
        ("month", "timestamptz '1984-05-01 00:00:00Z'"),
        ("tens", "40"),
        ("hundreds", "-1800::numeric"),
    ] {
        let expected = format!("SELECT {expected} FROM set_config('timezone', 'UTC', false)");
        shows(&mut client, &database, &format!("SELECT {column} FROM shown"), &expected);
    }
    let out = client.query("COPY shown (id, last, mail, tens, year) TO STDOUT");
    let line = out.iter().find(|message| message.kind == b'd').expect("a row");
    assert_eq!(
        String::from_utf8_lossy(&line.body),
        "1\t***-**-1120\ta***@example.com\t40\t1984-01-01\n"
    );
}

#[test]
fn a_masked_value_is_one_of_its_type_and_of_its_table() {
    let database = v15().database();
    furnish(&database, &["CREATE EXTENSION hstore"]);
    furnish(
        &database,
        &[
            "CREATE DOMAIN word AS text CHECK (VALUE <> '')",
            "CREATE TYPE grade AS ENUM ('\u{e9}lite', 'good', 'bad')",
            "ALTER TYPE grade ADD VALUE 'best' BEFORE 'good'",
            "CREATE DOMAIN marked AS grade",
            "CREATE TABLE typed (id int NOT NULL, number int NOT NULL, maybe int, feeling mood,
             spoken word, span int4range, spans int4range, pairs hstore, many text[], at uuid NOT NULL,
             sure mood NOT NULL, grade marked NOT NULL, likely grade, grades grade[] NOT NULL)",
            "INSERT INTO typed VALUES (1, 42, 42, 'ok', 'Ottilie', '[17,42)', '[17,42)',
             'name=>Ottilie, age=>NULL', '{Ottilie,Krumm}', 'b0a1c2d3-0000-4000-8000-000000000001', 'ok',
             'bad', 'bad', '{bad,good}')",
        ],
    );
    let rules = [
        "{column: public.typed.number, class: hidden, mask: redact}",
        "{column: public.typed.maybe, class: hidden}",
        "{column: public.typed.feeling, class: hidden}",
        "{column: public.typed.spoken, class: hidden}",
        "{column: public.typed.span, class: hidden}",
        "{column: public.typed.spans, class: coarse, mask: bucket(10)}",
        "{column: public.typed.pairs, class: hidden}",
        "{column: public.typed.many, class: hidden}",
        "{column: public.typed.at, class: hidden}",
        "{column: public.typed.sure, class: hidden}",
        "{column: public.typed.grade, class: hidden}",
        "{column: public.typed.likely, class: empty, mask: default}",
        "{column: public.typed.grades, class: hidden}",
    ];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    for (column, expected) in [
        ("number", "0"),
        ("maybe", "NULL::int"),
        ("feeling", "NULL::mood"),
        ("spoken", "'[masked]'::text"),
        ("span", "NULL::int4range"),
        ("spans", "'[10,40)'::int4range"),
        ("pairs", "'name=>[masked], age=>NULL'::hstore"),
        ("at", "'00000000-0000-0000-0000-000000000000'::uuid"),
        ("sure", "'sad'::mood"),
        ("grade", "'best'::grade"),
        ("likely", "'best'::grade"),
    ] {
        let sql = format!("SELECT {column} FROM typed");
        shows(&mut client, &database, &sql, &format!("SELECT {expected}"));
    }
    let many = value(&mut client, "SELECT many FROM typed");
    assert_eq!(many.as_deref(), Some(r#"{"[masked]","[masked]"}"#));
    let grades = value(&mut client, "SELECT grades FROM typed");
    assert_eq!(grades.as_deref(), Some(r#"{"best","best"}"#));
    assert_eq!(
        shown(&mut client, "SELECT grades FROM typed", 1),
        shown(&mut database.direct(), "SELECT '{best,best}'::grade[]", 1)
    );
    let out = client.query("COPY typed (number, maybe, feeling, sure, grade, grades) TO STDOUT");
    let line = out.iter().find(|message| message.kind == b'd').expect("a row");
    assert_eq!(
        String::from_utf8_lossy(&line.body),
        "0\t\\N\t\\N\tsad\tbest\t{\"best\",\"best\"}\n"
    );
}

/// Two tables with one number, and a third with another.
fn numbers(database: &Database<'_>) {
    furnish(
        database,
        &[
            "CREATE TABLE paid (id int, ssn text, account bigint)",
            "CREATE TABLE owed (id int, ssn text, account bigint)",
            "INSERT INTO paid VALUES (1, '078-05-1120', 7000000017), (2, '219-09-9999', 7000000018)",
            "INSERT INTO owed VALUES (9, '078 05 1120', 7000000017)",
        ],
    );
}

#[test]
fn a_hash_joins_tables_and_resources_of_one_scope_and_tells_no_value() {
    let database = v15().database();
    numbers(&database);
    let own = [
        "{column: \"*.*.ssn\", class: us_ssn, mask: hash}",
        "{column: \"*.*.account\", class: account, mask: hash(money)}",
    ];
    let house =
        House::builder().ruled("orders", &database, &own).ruled("billing", &database, &own).start();
    let mut client = house.client("alice");
    let hash = value(&mut client, "SELECT ssn FROM paid WHERE id = 1").unwrap();
    assert!(
        hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "no hash: {hash}"
    );
    assert_eq!(value(&mut client, "SELECT ssn FROM owed").unwrap(), hash);
    assert_ne!(value(&mut client, "SELECT ssn FROM paid WHERE id = 2").unwrap(), hash);
    let binary = shown(&mut client, "SELECT ssn FROM paid WHERE id = 1", 1);
    assert_eq!(binary, [[Some(hash.clone().into_bytes())]]);
    let account = value(&mut client, "SELECT account FROM paid WHERE id = 1").unwrap();
    assert_eq!(value(&mut client, "SELECT account FROM owed").unwrap(), account);
    assert_ne!(account, "7000000017");
    let number: i64 = account.parse().unwrap();
    let binary = shown(&mut client, "SELECT account FROM owed", 1);
    assert_eq!(binary, [[Some(number.to_be_bytes().to_vec())]]);
    // Another resource has its own key, unless a scope is shared.
    let mut other = house.try_client("alice", "billing").unwrap();
    assert_ne!(value(&mut other, "SELECT ssn FROM paid WHERE id = 1").unwrap(), hash);
    assert_eq!(value(&mut other, "SELECT account FROM owed").unwrap(), account);
    let all = [client.received(), other.received()].concat();
    for number in ["078-05-1120", "078 05 1120", "219-09-9999", "7000000017", "7000000018"] {
        assert!(!String::from_utf8_lossy(&all).contains(number), "{number}");
    }
}

#[test]
fn a_fake_has_the_shape_of_its_value_and_a_token_has_none() {
    let database = v15().database();
    numbers(&database);
    let rules = [
        "{column: \"*.paid.ssn\", class: us_ssn, mask: format}",
        "{column: \"*.owed.ssn\", class: secret, mask: token}",
    ];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    let fake = value(&mut client, "SELECT ssn FROM paid WHERE id = 1").unwrap();
    let shape: String = fake.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(shape, "999-99-9999");
    assert_ne!(fake, "078-05-1120");
    assert_eq!(
        shown(&mut client, "SELECT ssn FROM paid WHERE id = 1", 1),
        [[Some(fake.into_bytes())]]
    );
    let token = value(&mut client, "SELECT ssn FROM owed").unwrap();
    assert!(token.starts_with("tok_secret."), "{token}");
    assert_eq!(value(&mut client, "SELECT ssn FROM owed").unwrap(), token);
}

/// Erin's group may see secrets; nobody sees numbers.
const SEES_SECRETS: &str = r#"
@id("open")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read"], resource);
@id("fraud-sees-secrets")
permit (principal in Group::"fraud", action == Action::"reveal", resource == DataClass::"secret");
"#;

#[test]
fn a_token_is_turned_back_for_those_who_may_see_its_class_and_never_unseen() {
    let database = v15().database();
    numbers(&database);
    let rules = [
        "{column: \"*.owed.ssn\", class: secret, mask: token}",
        "{column: \"*.paid.ssn\", class: us_ssn, mask: token}",
    ];
    let house = House::builder()
        .policies(SEES_SECRETS)
        .ruled("orders", &database, &rules)
        .ruled("billing", &database, &rules)
        .start();
    let token = |resource: &str, sql: &str| {
        let mut client = house.try_client("alice", resource).unwrap();
        value(&mut client, sql).unwrap()
    };
    let secret = token("orders", "SELECT ssn FROM owed");
    let elsewhere = token("billing", "SELECT ssn FROM owed");
    let number = token("orders", "SELECT ssn FROM paid WHERE id = 1");
    assert_ne!(secret, elsewhere);
    assert!(number.starts_with("tok_us_ssn."), "{number}");
    let said = |name: &str, resource: &str, tokens: &[&str]| {
        let words = [&["detokenise", resource], tokens, &["--reason", "case 4711"]].concat();
        let ran = house.cli(name, &words);
        assert_eq!(ran.ok(), ran.stdout.contains("078 05 1120"), "{}", ran.all());
        assert!(!ran.all().contains("078-05-1120"), "{}", ran.all());
        (ran.ok(), ran.all())
    };
    assert_eq!(said("erin", "orders", &[&secret, &secret]).1.matches("078 05 1120").count(), 2);
    let told =
        house.cli_json("erin", &["detokenise", "orders", &secret, "--reason", "x", "--json"]);
    assert_eq!((&told[0]["class"], &told[0]["value"]), (&"secret".into(), &"078 05 1120".into()));

    let garbled = format!("{}A", &secret[..secret.len() - 1]);
    let garbled =
        if garbled == secret { secret.replace("tok_secret.", "tok_secret.A") } else { garbled };
    let relabelled = number.replace("us_ssn", "secret");
    for (name, resource, tokens, why) in [
        ("alice", "orders", vec![&secret], "policy does not let you see `secret`"),
        ("erin", "orders", vec![&number], "policy does not let you see `us_ssn`"),
        ("erin", "orders", vec![&secret, &number], "policy does not let you see `us_ssn`"),
        (
            "erin",
            "orders",
            vec![&secret, &garbled],
            "number 2 of the tokens is not a token of this",
        ),
        ("erin", "orders", vec![&relabelled], "is not a token of this resource"),
        ("erin", "orders", vec![&elsewhere], "is not a token of this resource"),
        ("erin", "billing", vec![&secret], "is not a token of this resource"),
        ("erin", "nowhere", vec![&secret], "there is no such resource"),
        ("dave", "orders", vec![&secret], "there is no such resource"),
    ] {
        let tokens: Vec<_> = tokens.into_iter().map(String::as_str).collect();
        let (ok, all) = said(name, resource, &tokens);
        assert!(!ok && all.contains(why), "{name} on {resource}: {all}");
    }
    assert!(!house.cli("erin", &["detokenise", "orders", &secret, "--reason", " "]).ok());

    let entries = house.cli_json("root", &["audit", "ls", "--code", "data.", "--json"]);
    let entries = entries.as_array().unwrap();
    let of = |code: &str| entries.iter().filter(|one| one["action"] == code).collect::<Vec<_>>();
    let shown = of("data.detokenise");
    assert_eq!((shown.len(), of("data.detokenise_refused").len()), (2, 9), "{entries:?}");
    let first = shown[1];
    assert_eq!((&first["actor"], &first["object"]), (&"erin@example.com".into(), &"orders".into()));
    assert_eq!(
        (&first["detail"]["classes"], &first["detail"]["count"], &first["detail"]["reason"]),
        (&serde_json::json!(["secret"]), &2.into(), &"case 4711".into())
    );
    assert!(house.cli("root", &["audit", "verify"]).ok());
    let exported = house.cli("root", &["audit", "export"]).stdout;
    for text in [exported, house.log()] {
        assert!(!text.contains("078 05 1120") && !text.contains("tok_"), "{text}");
    }
    for (path, bytes) in house.written() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("078 05 1120"), "{}", path.display());
    }
}

/// How a statement ended.
fn told(said: &[Message]) -> String {
    let done = said.iter().find(|message| message.kind == b'C').expect("an end");
    String::from_utf8_lossy(&done.body).trim_end_matches('\0').to_owned()
}

#[test]
fn rows_that_may_not_show_are_neither_sent_nor_recorded() {
    let database = v15().database();
    furnish(
        &database,
        &[
            "CREATE TABLE cases (id int, title text, sealed text)",
            "INSERT INTO cases SELECT n, CASE n % 3 WHEN 0 THEN 'sealed title ' ELSE 'open title ' END || n,
             CASE n % 3 WHEN 0 THEN 'by order' END FROM generate_series(1, 30) n",
        ],
    );
    let rules = ["{column: public.cases.sealed, class: sealed, mask: deny_row}"];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    for sql in [
        "SELECT * FROM cases ORDER BY id",
        "SELECT title, sealed FROM cases ORDER BY id",
        "SELECT title, sealed || '' FROM cases ORDER BY id",
    ] {
        for format in [0, 1] {
            assert_eq!(shown(&mut client, sql, format).len(), 20, "{sql}");
        }
        assert_eq!(told(&client.query(sql)), "SELECT 20", "{sql}");
    }
    client.query("BEGIN");
    client.query("DECLARE c CURSOR FOR SELECT * FROM cases ORDER BY id");
    assert_eq!(told(&client.query("FETCH 6 FROM c")), "FETCH 4");
    client.query("COMMIT");
    for sql in [
        "COPY cases TO STDOUT",
        "COPY (SELECT title, sealed FROM cases) TO STDOUT (FORMAT csv)",
        "COPY cases TO STDOUT (FORMAT binary)",
    ] {
        let copied = client.query(sql);
        assert_eq!(told(&copied), "COPY 20", "{sql}");
        let bodies = copied.iter().filter(|message| message.kind == b'd').map(|one| &one.body);
        let text =
            String::from_utf8_lossy(&bodies.flatten().copied().collect::<Vec<_>>()).into_owned();
        assert_eq!(text.matches("open title").count(), 20, "{sql}: {copied:?}");
    }
    let sent = String::from_utf8_lossy(client.received()).into_owned();
    assert!(sent.contains("open title 29") && !sent.contains("sealed title"), "{sent}");
    client.send(&e2e::ask::terminate());
    drop(client);
    let written = house.written();
    let holds =
        |what: &str| written.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(what));
    assert!(holds("open title 29"), "the recording holds what was shown");
    assert!(!holds("sealed title") && !holds("by order"));
}

#[test]
fn parts_of_a_document_are_masked_and_the_rest_is_kept() {
    let database = v15().database();
    furnish(
        &database,
        &[
            "CREATE TABLE posts (id int, payload jsonb, raw json)",
            r#"INSERT INTO posts SELECT 1, doc::jsonb, doc::json FROM (VALUES
               ('{"customer": {"ssn": "078-05-1120", "name": "Ann"}, "items": [{"card": "4539148803436467", "n": 1}]}')) d(doc)"#,
        ],
    );
    let rules = [
        "{column: public.posts.payload, json: \"$.customer.ssn\", class: us_ssn, mask: keep_last(4)}",
        "{column: public.posts.payload, json: \"$.items[*].card\", class: card, mask: \"null\"}",
        "{column: public.posts.raw, json: \"$.customer.ssn\", class: us_ssn}",
        "{column: public.posts.raw, json: \"$.items[*].card\", class: card}",
    ];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    let masked =
        r#"{"customer": {"ssn": "***-**-1120", "name": "Ann"}, "items": [{"card": null, "n": 1}]}"#;
    for kind in ["jsonb", "json"] {
        let column = if kind == "jsonb" { "payload" } else { "raw" };
        let sql = format!("SELECT {column} FROM posts");
        shows(&mut client, &database, &sql, &format!("SELECT '{masked}'::{kind}"));
    }
    for sql in [
        "SELECT payload -> 'customer' FROM posts",
        "SELECT payload::text FROM posts",
        "SELECT raw #>> '{customer,ssn}' FROM posts",
        "SELECT jsonb_path_query(payload, '$.items[*].card') FROM posts",
    ] {
        shown(&mut client, sql, 0);
    }
    let sent = String::from_utf8_lossy(client.received()).into_owned();
    assert!(!sent.contains("078-05-1120") && !sent.contains("4539148803436467"), "{sent}");
}

#[test]
fn facts_about_a_value_show_where_a_rule_says_so_and_nowhere_else() {
    let database = v15().database();
    let sql = "SELECT length(ssn), ssn IS NULL, ssn = card, upper(ssn) FROM customers WHERE id = 1";
    let column = "{column: public.customers.ssn, class: us_ssn, mask: keep_last(4)}";
    let telling = [column, "{class: us_ssn, derived: clear}"];
    for (rules, expected) in [
        (&telling[..], "SELECT 11, false, false, '[masked]'"),
        (&telling[..1], "SELECT NULL, NULL, NULL, '[masked]'"),
    ] {
        let house = House::builder().ruled("orders", &database, rules).start();
        let mut client = house.client("alice");
        shows(&mut client, &database, sql, expected);
        let kept = value(&mut client, "SELECT ssn FROM customers WHERE id = 1");
        assert_eq!(kept.as_deref(), Some("***-**-8726"));
        let counted = value(&mut client, "SELECT count(*) FROM customers");
        assert_eq!(counted.as_deref(), Some("3"));
    }
}

#[test]
fn a_class_of_the_house_is_found_inside_of_texts() {
    let database = v15().database();
    furnish(
        &database,
        &[
            "CREATE TABLE tickets_of (id int, said text)",
            "INSERT INTO tickets_of VALUES (1, 'ask E-123456 or 4539148803436467'), (2, 'ask E-12345')",
        ],
    );
    let folder = run_folder("house");
    std::fs::create_dir(folder.path().join("classes")).unwrap();
    std::fs::write(
        folder.path().join("classes/staff.yaml"),
        "name: employee_id\nwhat: Our own staff number\npattern: \"E-[0-9]{6}\"\n",
    )
    .unwrap();
    let house = House::builder()
        .folder(folder)
        .setting("classes: [classes/*.yaml]")
        .ruled("orders", &database, &["{detect: [employee_id]}"])
        .ruled(
            "kept",
            &database,
            &["{detect: [employee_id]}", "{class: employee_id, mask: keep_last(2)}"],
        )
        .start();
    let mut client = house.client("alice");
    shows(
        &mut client,
        &database,
        "SELECT said, upper(said) FROM tickets_of ORDER BY id",
        "VALUES ('ask [employee_id] or 4539148803436467', 'ASK [employee_id] OR 4539148803436467'),
         ('ask E-12345', 'ASK E-12345')",
    );
    let mut client = house.try_client("alice", "kept").unwrap();
    shows(
        &mut client,
        &database,
        "SELECT said FROM tickets_of ORDER BY id",
        "VALUES ('ask *-****56 or 4539148803436467'), ('ask E-12345')",
    );
}

#[test]
fn a_view_is_masked_by_what_its_definition_shows_in_each_column() {
    let database = v15().database();
    furnish(
        &database,
        &["CREATE VIEW badges AS SELECT id AS number, upper(name) AS loud, ssn AS plain, 'no ' || ssn AS said,
           (SELECT count(*) FROM orders o WHERE o.customer = c.id) AS bought FROM customers c"],
    );
    let rules = ["{column: public.customers.ssn, class: us_ssn, mask: keep_last(4)}"];
    let house = House::builder().ruled("orders", &database, &rules).start();
    let mut client = house.client("alice");
    let sql = "SELECT * FROM badges ORDER BY number LIMIT 1";
    shows(
        &mut client,
        &database,
        sql,
        "SELECT 1, 'ADA BIRCH', '***-**-8726', '[masked]', 16::bigint",
    );
    let sum =
        "SELECT c.name, sum(o.amount), count(*) FROM orders o JOIN customers c ON c.id = o.customer
               GROUP BY c.name ORDER BY c.name";
    shows(&mut client, &database, sum, sum);
}

/// Who may not see numbers may not search by them either; Erin's group sees them.
const NO_GUESSING: &str = r#"
@id("open")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read"], resource);
@id("fraud-sees-numbers")
permit (principal in Group::"fraud", action == Action::"reveal", resource == DataClass::"us_ssn");
@id("no-guessing")
@message("rows are not chosen or ordered by what you may not see")
forbid (principal, action in Action::"read", resource)
when { context.filters.contains(DataClass::"us_ssn") }
unless { principal in Group::"fraud" };
"#;

#[test]
fn who_may_not_see_a_class_may_be_kept_from_searching_by_it() {
    let database = v15().database();
    let house = House::builder().policies(NO_GUESSING).orders(&database).start();
    let mut alice = house.client("alice");
    for sql in [
        "SELECT id FROM customers WHERE ssn LIKE '5%'",
        "SELECT c.id FROM customers c JOIN customers d ON c.ssn < d.ssn",
        "SELECT id FROM customers ORDER BY ssn",
        "SELECT count(*) FROM customers GROUP BY left(ssn, 1)",
        "SELECT name FROM customers GROUP BY name HAVING max(ssn) > '4'",
        "SELECT id FROM customer_secrets WHERE number LIKE '5%'",
        "SELECT id FROM (SELECT id, ssn AS s FROM customers) t WHERE s LIKE '5%'",
    ] {
        let said = alice.query(sql);
        let error = said.iter().find(|message| message.kind == b'E').map(Message::error);
        let error = error.unwrap_or_else(|| panic!("{sql}: {said:?}"));
        assert_eq!(error.code(), "42501", "{sql}");
        assert!(error.message().contains("rows are not chosen"), "{sql}: {error:?}");
    }
    let open = "SELECT id, ssn FROM customers WHERE id < 3 ORDER BY name";
    assert_eq!(shown(&mut alice, open, 0).len(), 2);
    let mut erin = house.client("erin");
    assert_eq!(shown(&mut erin, "SELECT id FROM customers WHERE ssn LIKE '5%'", 0).len(), 1);
}
