//! PostgreSQL's own regression suite, through a gateway that permits all and masks nothing, passes
//! exactly what it passes directly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::{House, Server, Version, cache, run_within};

/// What the suite found, test by test.
type Results = BTreeMap<String, String>;

const ALL: &str = r#"
@id("everything")
permit (
    principal in Group::"everything",
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"administer", Action::"unknown"],
    resource
);
"#;

#[test]
fn version_15_passes_what_it_passes_directly() {
    compare(
        Version::V15,
        &cache().join("regress-15/source"),
        Path::new("/usr/lib/postgresql/15/bin"),
    );
}

#[test]
fn version_18_passes_what_it_passes_directly() {
    let programs = cache().join("regress-18/install/bin");
    compare(Version::V18Source, &cache().join("regress-18/source"), &programs);
}

fn compare(version: Version, source: &Path, programs: &Path) {
    assert!(source.exists(), "no {}: run scripts/parts.sh", source.display());
    // Servers of their own: the suite makes roles and tablespaces and counts what it sees.
    let direct_server = Server::start(version, QUIET);
    let direct = suite(
        &direct_server,
        source,
        programs,
        &direct_server.address(),
        "owner",
        direct_server.password(),
    );
    drop(direct_server);
    let ok = direct.values().filter(|result| *result == "ok").count();
    assert!(ok > 200, "directly only {ok} pass: {direct:?}");

    let server = Server::start(version, QUIET);
    let house = House::builder()
        .policies(ALL)
        .resource("regression", &superuser(&server, "regression"))
        .resource("postgres", &superuser(&server, "postgres"))
        .start();
    let person = house.person("root");
    let through =
        suite(&server, source, programs, &house.address(), &person.subject, &person.token);
    let differ: Vec<_> = direct
        .iter()
        .filter(|(name, result)| through.get(*name) != Some(result))
        .map(|(name, result)| format!("{name}: {result} directly, {:?} through", through.get(name)))
        .collect();
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), direct.len(), differ.join("\n"));
    assert_eq!(direct.len(), through.len());
}

/// As the suite expects a fresh server to be.
const QUIET: &str = "log_statement = none\nautovacuum = on\nmax_prepared_transactions = 2\nshared_buffers = 128MB\n";

fn superuser(server: &Server, name: &str) -> String {
    format!(
        "name: {name}\nprotocol: postgres\naddress: {}\ndatabase: {name}\ntls: require\n\
         credential:\n  username: owner\n  password: {{env: ORDERS_PASSWORD}}\n",
        server.address()
    )
}

/// Runs the suite against `address`; the server must be able to read its files and write its results.
fn suite(
    server: &Server,
    source: &Path,
    programs: &Path,
    address: &str,
    user: &str,
    password: &str,
) -> Results {
    let (host, port) = address.split_once(':').unwrap();
    let folder = e2e::run_folder("regress");
    let input = folder.path().join("input");
    let output = folder.path().join("output");
    let copied =
        Command::new("cp").arg("-r").arg(source.join("src/test/regress")).arg(&input).status();
    assert!(copied.unwrap().success());
    for name in ["refint.so", "autoinc.so"] {
        let built = source.join("contrib/spi").join(name);
        if built.exists() {
            std::fs::copy(built, input.join(name)).unwrap();
        }
    }
    for name in ["results", "sql", "expected", "testtablespace"] {
        std::fs::create_dir_all(output.join(name)).unwrap();
    }
    let opened = Command::new("chmod").arg("-R").arg("777").arg(folder.path()).status();
    assert!(opened.unwrap().success());
    let dropped = server.owner("postgres").ran("DROP DATABASE IF EXISTS regression");
    assert!(dropped.ok(), "{}", dropped.stderr);
    let made = server.owner("postgres").arg("-v").arg("ON_ERROR_STOP=1").script(
        "CREATE DATABASE regression TEMPLATE template0;\n\
         ALTER DATABASE regression SET lc_messages TO 'C';\nALTER DATABASE regression SET lc_monetary TO 'C';\n\
         ALTER DATABASE regression SET lc_numeric TO 'C';\nALTER DATABASE regression SET lc_time TO 'C';\n\
         ALTER DATABASE regression SET bytea_output TO 'hex';\nALTER DATABASE regression SET timezone_abbreviations TO 'Default';\n",
    );
    assert!(made.ok(), "{}", made.stderr);
    let mut command = Command::new("bash");
    command.args(["-c", "umask 000; exec \"$@\"", "regress"]);
    command.arg(input.join("pg_regress"));
    let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
    command.args([
        option("inputdir", &input),
        option("outputdir", &output),
        option("bindir", programs),
        option("dlpath", &input),
        option("schedule", &input.join("parallel_schedule")),
        format!("--host={host}"),
        format!("--port={port}"),
        format!("--user={user}"),
        "--dbname=regression".into(),
        "--use-existing".into(),
        "--max-concurrent-tests=20".into(),
        "--encoding=UTF8".into(),
    ]);
    command.current_dir(&output).env("PGPASSWORD", password).env("PGSSLMODE", "prefer");
    command.env("LD_LIBRARY_PATH", programs.parent().unwrap().join("lib"));
    let ran = run_within(Duration::from_secs(1500), &mut command, "");
    let results = read(&ran.stdout);
    assert!(results.len() > 200, "the suite did not run: {}", ran.all());
    if let Some(keep) = std::env::var_os("SLUICE_KEEP_REGRESSION") {
        let kept = PathBuf::from(keep).join(format!("{}-{port}", server.port()));
        let _ = Command::new("cp").arg("-r").arg(&output).arg(kept).status();
    }
    results
}

/// `test name ... ok 12 ms` of 15; `ok 12 - name 12 ms` and `not ok 12 + name 12 ms` of 18.
fn read(said: &str) -> Results {
    let mut results = Results::new();
    for line in said.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["ok", _, "-" | "+", name, ..] => results.insert((*name).to_owned(), "ok".to_owned()),
            ["not", "ok", _, "-" | "+", name, ..] => {
                results.insert((*name).to_owned(), "failed".to_owned())
            }
            ["test", name, "...", result, ..] | [name, "...", result, ..] => {
                let result = if *result == "ok" { "ok" } else { "failed" };
                results.insert((*name).to_owned(), result.to_owned())
            }
            _ => None,
        };
    }
    results
}
