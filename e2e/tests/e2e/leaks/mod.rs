//! Nothing that a class hides comes out, whatever is asked and however it is asked.
//!
//! A database holds a canary in every classed column (`corpus/leaks/database.sql`). Statements that
//! people wrote (`corpus/leaks`), that a grammar makes and that PostgreSQL's own suite consists of are
//! run over it; then all that the client received and all that the house wrote is searched for every
//! canary in every encoding. An error is as good an answer as a masked row.

mod canary;
mod forms;
mod generator;
mod reporting;
mod script;
mod search;
mod suite;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use canary::Canaries;
use e2e::{Client, Database, House, Server, Version, ask};
use forms::Form;
use script::{Statement, statements};
use search::Search;

use crate::v15;

/// The statements that an account of the application's may run.
fn corpus() -> Vec<Statement> {
    [
        statements("01-names.sql", include_str!("../../../corpus/leaks/01-names.sql")),
        statements("02-expressions.sql", include_str!("../../../corpus/leaks/02-expressions.sql")),
        statements("03-rows.sql", include_str!("../../../corpus/leaks/03-rows.sql")),
        statements("04-objects.sql", include_str!("../../../corpus/leaks/04-objects.sql")),
        statements("05-functions.sql", include_str!("../../../corpus/leaks/05-functions.sql")),
        statements("06-session.sql", include_str!("../../../corpus/leaks/06-session.sql")),
        statements("07-writes.sql", include_str!("../../../corpus/leaks/07-writes.sql")),
        statements("08-stored.sql", include_str!("../../../corpus/leaks/08-stored.sql")),
        statements("09-errors.sql", include_str!("../../../corpus/leaks/09-errors.sql")),
        statements("10-beside.sql", include_str!("../../../corpus/leaks/10-beside.sql")),
        statements("12-content.sql", include_str!("../../../corpus/leaks/12-content.sql")),
    ]
    .concat()
}

/// Those that only PostgreSQL 18 knows.
fn since_18() -> Vec<Statement> {
    statements("11-since-18.sql", include_str!("../../../corpus/leaks/11-since-18.sql"))
}

/// Those for which the resource's credential is a superuser's.
fn superuser() -> Vec<Statement> {
    statements("13-superuser.sql", include_str!("../../../corpus/leaks/13-superuser.sql"))
}

/// A database full of canaries, and a house in front of it.
struct Bed {
    database: Database<'static>,
    house: House,
    search: Search,
}

impl Bed {
    /// `account` is whom the gateway signs in as.
    fn new(server: &'static Server, account: &str) -> Self {
        let database = canary_database(server);
        let rules = include_str!("../../../corpus/leaks/rules.yaml");
        let resource = format!(
            "name: orders\nprotocol: postgres\naddress: {}\ndatabase: {}\ntls: require\ncredential:\n  \
             username: {account}\n  password: {{env: ORDERS_PASSWORD}}\nlabels: {{env: prod}}\n{rules}",
            server.address(),
            database.name,
        );
        let house = House::builder().resource("orders", &resource).start();
        let search = Search::new(&Canaries::of(&database));
        Self { database, house, search }
    }

    /// Runs these in this form and tells what leaked.
    fn run(&self, form: Form, statements: &[Statement], leaks: &mut Leaks) {
        let mut client = self.house.client("alice");
        for statement in statements {
            client.forget_received();
            let said = forms::run(&mut client, form, statement);
            leaks.ran += 1;
            leaks.errors += usize::from(said.iter().any(|message| message.kind == b'E'));
            for found in self.search.client(client.received(), &said) {
                let at = format!("{}:{} ({form:?})", statement.file, statement.line);
                leaks.add(
                    &at,
                    &statement.sql,
                    format!("{} ({}) in {}", found.canary, found.encoding, found.place),
                );
            }
            if said.last().is_none_or(|last| last.kind != b'Z') {
                leaks.ended += 1;
                client = self.house.client("alice");
            }
        }
        client.query("ROLLBACK");
        client.query("DISCARD ALL");
    }

    /// Looks at all the house wrote: its recordings as they are replayed, its log, its files.
    fn look_at_what_was_written(&self, leaks: &mut Leaks) {
        for (path, bytes) in self.house.written() {
            let name = path.display().to_string();
            let told = if name.starts_with("recording of") || path.ends_with("log") {
                self.search.file(&bytes)
            } else {
                self.search.sealed(&bytes)
            };
            if let Some(what) = told {
                leaks.add(&name, "", what);
            }
        }
    }
}

fn canary_database(server: &'static Server) -> Database<'static> {
    let database = server.database();
    let made = server.owner(&database.name).arg("-v").arg("ON_ERROR_STOP=1").script(concat!(
        "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION fuzzystrmatch;\n",
        "CREATE EXTENSION tablefunc; CREATE EXTENSION dblink; CREATE EXTENSION pageinspect; CREATE EXTENSION pg_stat_statements;\n",
        "SET ROLE app;\n",
        include_str!("../../../corpus/leaks/database.sql")
    ));
    assert!(made.ok(), "{}", made.stderr);
    database
}

/// What came out: by statement and form, the canaries.
#[derive(Default)]
struct Leaks {
    found: BTreeMap<String, (String, Vec<String>)>,
    ran: usize,
    errors: usize,
    ended: usize,
}

impl Leaks {
    fn add(&mut self, at: &str, sql: &str, what: String) {
        let entry = self.found.entry(at.to_owned()).or_insert_with(|| (sql.to_owned(), Vec::new()));
        entry.1.push(what);
    }

    /// One paragraph for each statement and form.
    fn report(&self) -> String {
        let mut text = format!(
            "{} leaks; {} statements run, {} with an error, {} ended their session\n",
            self.found.len(),
            self.ran,
            self.errors,
            self.ended
        );
        for (at, (sql, what)) in &self.found {
            let _ =
                writeln!(text, "{at}: {sql}\n    {} canaries, the first {}", what.len(), what[0]);
        }
        text
    }

    fn assert_none(&self, name: &str) {
        if let Some(folder) = std::env::var_os("SLUICE_LEAK_REPORT") {
            let file = std::path::Path::new(&folder).join(name);
            std::fs::write(file, self.report()).expect("the report can be written");
        }
        assert!(self.found.is_empty(), "{}", self.report());
        assert!(self.errors * 2 < self.ran, "most statements only fail: {}", self.report());
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let database = canary_database(v15());
    let search = Search::new(&Canaries::of(&database));
    let mut client = database.direct();
    let mut found = 0;
    let all = corpus();
    for statement in &all {
        client.forget_received();
        let said = forms::run(&mut client, Form::Simple, statement);
        let hits = search.client(client.received(), &said);
        found += usize::from(!hits.is_empty());
        if std::env::var_os("SLUICE_LEAK_REPORT").is_some() && hits.is_empty() {
            let says = format!("{said:?}").chars().take(200).collect::<String>();
            eprintln!(
                "{}:{} shows nothing: {}\n    {says}",
                statement.file, statement.line, statement.sql
            );
        }
    }
    // The others are settings, transactions, refusals of the server's and what is stored.
    assert!(found * 2 > all.len(), "{found} of {} show a canary past the gateway", all.len());
}

#[test]
fn no_statement_shows_a_canary_in_any_form() {
    let bed = Bed::new(v15(), "app");
    let mut leaks = Leaks::default();
    let statements = corpus();
    for form in Form::ALL {
        bed.run(form, &statements, &mut leaks);
    }
    bed.look_at_what_was_written(&mut leaks);
    leaks.assert_none("statements-15");
}

#[test]
fn no_statement_that_18_knows_shows_a_canary() {
    let bed = Bed::new(Server::shared(Version::V18), "app");
    let mut leaks = Leaks::default();
    for form in Form::ALL {
        bed.run(form, &since_18(), &mut leaks);
    }
    for form in [Form::Simple, Form::Binary, Form::CopyText] {
        bed.run(form, &corpus(), &mut leaks);
    }
    bed.look_at_what_was_written(&mut leaks);
    leaks.assert_none("statements-18");
}

#[test]
fn no_statement_of_a_superusers_shows_a_canary() {
    let bed = Bed::new(v15(), "owner");
    let mut leaks = Leaks::default();
    for form in [Form::Simple, Form::Extended, Form::Binary, Form::CopyText, Form::Cursor] {
        bed.run(form, &superuser(), &mut leaks);
    }
    bed.look_at_what_was_written(&mut leaks);
    leaks.assert_none("superuser");
}

#[test]
fn no_function_call_shows_a_canary() {
    let bed = Bed::new(v15(), "app");
    let mut client: Client = bed.house.client("alice");
    let mut leaks = Leaks::default();
    for (name, with) in [
        ("f_ssn(int)", vec!["1"]),
        ("pl_ssn(int)", vec!["1"]),
        ("pl_dynamic(text)", vec!["people"]),
        ("pl_fails()", vec![]),
        ("pl_notice()", vec![]),
        ("lo_get(oid)", vec!["424242"]),
        ("query_to_xml(text,boolean,boolean,text)", vec!["TABLE people", "t", "t", ""]),
        ("current_setting(text)", vec!["my.own"]),
        ("lo_open(oid,int)", vec!["424242", "262144"]),
        ("f_default(text)", vec!["x"]),
    ] {
        client.forget_received();
        let oid = bed.database.look(&format!("SELECT '{name}'::regprocedure::oid"));
        client.send(&ask::function_call(oid.parse().expect("an oid"), &with));
        let said = client.until_ready();
        leaks.ran += 1;
        for found in bed.search.client(client.received(), &said) {
            leaks.add(&format!("FunctionCall of {name}"), "", format!("{found:?}"));
        }
    }
    bed.look_at_what_was_written(&mut leaks);
    leaks.assert_none("function-calls");
}

/// Changes wait for somebody of the group dba.
const HELD: &str = r#"
@id("engineers")
permit (principal in Group::"engineering", action in [Action::"connect", Action::"read"], resource);
@id("changes")
@approve("group:dba")
permit (principal in Group::"engineering", action in Action::"write", resource);
"#;

#[test]
fn no_approval_shows_a_canary() {
    let bed = Bed::new(v15(), "app");
    bed.house.policies(HELD);
    let mut leaks = Leaks::default();
    for sql in [
        "UPDATE people SET salary = salary RETURNING ssn, account, badge",
        "UPDATE people SET salary = -1",
        "INSERT INTO people SELECT * FROM people",
        "DELETE FROM people WHERE ssn > 'a'",
    ] {
        let mut client = bed.house.client("alice");
        client.send(&ask::query(sql));
        let mut said = client.until(|message| matches!(message.kind, b'N' | b'Z'));
        if said.last().is_some_and(|last| last.kind == b'N') {
            let request = bed.house.waiting("bob");
            let id = request["id"].as_str().expect("an id");
            let shown = bed.house.cli("bob", &["approvals", "show", id]);
            let approved = bed.house.cli("bob", &["approvals", "approve", id]);
            assert!(shown.ok() && approved.ok(), "{} {}", shown.all(), approved.all());
            said.extend(client.until_ready());
            for text in [request.to_string(), shown.all(), approved.all()] {
                if let Some(what) = bed.search.file(text.as_bytes()) {
                    leaks.add("what the approver is shown", sql, what);
                }
            }
            leaks.ran += 3;
        }
        for found in bed.search.client(client.received(), &said) {
            leaks.add("what the client is shown after approval", sql, format!("{found:?}"));
        }
    }
    assert!(leaks.ran >= 6, "only {} answers for an approver", leaks.ran);
    bed.look_at_what_was_written(&mut leaks);
    leaks.assert_none("approvals");
}
