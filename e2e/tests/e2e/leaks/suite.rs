//! PostgreSQL's own regression suite over tables with canaries.
//!
//! The suite's data files are loaded with a canary in place of every name and every string; its own
//! script of tables runs past the gateway, then its files run through a gateway to which these columns
//! are classed. What they print is not compared: it is searched.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aho_corasick::AhoCorasick;
use e2e::{House, Server, Version, cache, run_within};

/// The files that read the tables with canaries; the others make tables of their own.
const FILES: &str = "\
test: select
test: select_into
test: select_distinct
test: select_distinct_on
test: select_having
test: subselect
test: union
test: case
test: join
test: aggregates
test: groupingsets
test: window
test: transactions
test: random
test: portals
test: portals_p2
test: limit
test: copyselect
test: copydml
test: rangefuncs
test: rowtypes
test: with
test: returning
test: select_views
test: misc
test: misc_functions
test: plancache
test: prepare
test: tablesample
test: explain
test: create_index
test: create_view
test: btree_index
test: json
test: sysviews
test: stats_ext
test: psql
test: tidscan
test: hash_part
";

/// Which columns hold canaries.
const RULES: &str = r#"
data:
  - {column: "*.*.stringu1", class: sealed_value}
  - {column: "*.*.stringu2", class: sealed_value}
  - {column: public.person.name, class: sealed_value}
  - {column: public.emp.name, class: sealed_value}
  - {column: public.student.name, class: sealed_value}
  - {column: public.stud_emp.name, class: sealed_value}
  - {column: public.road.name, class: sealed_value}
"#;

const ALL: &str = r#"
@id("everything")
permit (
    principal,
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"administer", Action::"unknown"],
    resource
);
"#;

#[test]
fn postgresqls_own_suite_shows_no_canary_of_its_tables() {
    let source = cache().join("regress-15/source");
    assert!(source.exists(), "no {}: run scripts/parts.sh", source.display());
    let settings = "log_statement = none\nmax_prepared_transactions = 2\nshared_buffers = 128MB\n";
    let server = Server::start(Version::V15, settings);
    let folder = e2e::run_folder("leaks");
    let suite = Suite::prepare(&server, &source, folder.path());
    suite.run(&server.address(), "owner", server.password(), "test: test_setup\n");
    let canaries =
        server.owner("regression").ran("SELECT count(*) FROM tenk1 WHERE stringu1 LIKE 'cnryq%'");
    assert_eq!(canaries.stdout.trim(), "10000", "{}", canaries.stderr);

    let resource = format!(
        "name: regression\nprotocol: postgres\naddress: {}\ndatabase: regression\ntls: require\n\
         credential:\n  username: owner\n  password: {{env: ORDERS_PASSWORD}}\n{RULES}",
        server.address()
    );
    let house = House::builder().policies(ALL).resource("regression", &resource).start();
    let person = house.person("root");
    suite.run(&house.address(), &person.subject, &person.token, FILES);
    suite.search();
}

struct Suite {
    input: std::path::PathBuf,
    output: std::path::PathBuf,
}

impl Suite {
    /// A copy of the suite with canaries in its data, and an empty database for it.
    fn prepare(server: &Server, source: &Path, folder: &Path) -> Self {
        let (input, output) = (folder.join("input"), folder.join("output"));
        let regress = source.join("src/test/regress");
        assert!(Command::new("cp").arg("-r").arg(regress).arg(&input).status().unwrap().success());
        for (file, columns) in [
            ("onek.data", &[13, 14][..]),
            ("tenk.data", &[13, 14]),
            ("person.data", &[0]),
            ("emp.data", &[0]),
            ("student.data", &[0]),
            ("stud_emp.data", &[0]),
            ("streets.data", &[0]),
        ] {
            let file = input.join("data").join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, planted(&text, columns)).unwrap();
        }
        for name in ["results", "sql", "expected", "testtablespace"] {
            std::fs::create_dir_all(output.join(name)).unwrap();
        }
        assert!(Command::new("chmod").arg("-R").arg("777").arg(folder).status().unwrap().success());
        let made = server.owner("postgres").ran("CREATE DATABASE regression TEMPLATE template0");
        assert!(made.ok(), "{}", made.stderr);
        Self { input, output }
    }

    fn run(&self, address: &str, user: &str, password: &str, schedule: &str) {
        let (host, port) = address.split_once(':').unwrap();
        let file = self.output.join("schedule");
        std::fs::write(&file, schedule).unwrap();
        let programs = Path::new("/usr/lib/postgresql/15/bin");
        let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
        let mut command = Command::new("bash");
        command
            .args(["-c", "umask 000; exec \"$@\"", "regress"])
            .arg(self.input.join("pg_regress"));
        command.args([
            option("inputdir", &self.input),
            option("outputdir", &self.output),
            option("bindir", programs),
            option("dlpath", &self.input),
            option("schedule", &file),
            format!("--host={host}"),
            format!("--port={port}"),
            format!("--user={user}"),
            "--dbname=regression".into(),
            "--use-existing".into(),
        ]);
        command.current_dir(&self.output).env("PGPASSWORD", password).env("PGSSLMODE", "prefer");
        let ran = run_within(Duration::from_secs(900), &mut command, "");
        let tests = ran.stdout.matches("\ntest ").count();
        assert_eq!(tests, schedule.lines().count(), "{}", ran.all());
    }

    /// No canary is in what psql printed.
    fn search(&self) {
        let patterns = ["cnryq", "qyrnc", "636e727971", "y25yex", "bnj5c"];
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns).unwrap();
        let (mut leaks, mut rows, mut masked) = (Vec::new(), 0, 0);
        for line in FILES.lines() {
            let name = line.trim_start_matches("test: ");
            let file = self.output.join(format!("results/{name}.out"));
            let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
            rows += text.matches(" row").count();
            masked += text.matches("[masked]").count();
            let mut statement = String::new();
            for (at, line) in text.lines().enumerate() {
                let hit = search.is_match(line);
                if hit && leaks.len() < 100 {
                    let line: String = line.chars().take(160).collect();
                    leaks.push(format!("{name}.out:{}: {line}\n    after: {statement}", at + 1));
                }
                if !hit && line.ends_with(';') {
                    line.clone_into(&mut statement);
                }
            }
        }
        assert!(rows > 1000 && masked > 1000, "only {rows} results and {masked} masked values");
        if let Some(folder) = std::env::var_os("SLUICE_LEAK_REPORT") {
            std::fs::write(Path::new(&folder).join("suite"), leaks.join("\n")).unwrap();
        }
        assert!(leaks.is_empty(), "{} lines show canaries:\n{}", leaks.len(), leaks.join("\n"));
    }
}

/// The rows of a data file with a canary, unlike for each row, in these columns.
fn planted(text: &str, columns: &[usize]) -> String {
    let mut whole = String::new();
    for (number, line) in text.lines().enumerate() {
        let fields = line.split('\t').enumerate().map(|(at, field)| {
            if columns.contains(&at) {
                format!("cnryq{}{field}", letters(number))
            } else {
                field.to_owned()
            }
        });
        whole += &fields.collect::<Vec<_>>().join("\t");
        whole.push('\n');
    }
    whole
}

/// A number in letters of g to v.
fn letters(number: usize) -> String {
    (0..5).map(|at| char::from(b'g' + u8::try_from(number >> (4 * at) & 15).unwrap())).collect()
}
