//! What a session costs in memory while nothing happens on it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::Options;
use crate::machine::resident;
use crate::page::Section;
use crate::paths::Stage;
use crate::stats::float;

/// Opens as many sessions as it is told by lines on its input, each having asked one statement.
const OPENER: &str = r#"
import sys, psycopg
sessions = []
for line in sys.stdin:
    while len(sessions) < int(line):
        c = psycopg.connect(autocommit=True)
        c.execute("SELECT aid, abalance, email FROM accounts WHERE aid = 1").fetchall()
        sessions.append(c)
    print(len(sessions), flush=True)
"#;

/// The slope of resident memory between a tenth and all of the sessions.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut section = Section::new(
        "An idle session",
        &format!(
            "Resident memory of the process in between, from {} to {} sessions that each asked one statement and are now \
             silent, divided by their number.",
            options.sessions / 10,
            options.sessions
        ),
    );
    section.head(&["way", "KiB a session"]);
    let plain = stage.house.person("alice");
    let secure = stage.secure.person("alice");
    let mut ways = Vec::new();
    for way in stage.ways("bench") {
        if let (Some(pid), "pgbouncer" | "copy proxy") = (way.pid, way.name) {
            let port = way.address.rsplit(':').next().unwrap_or_default().to_owned();
            ways.push((
                way.name.to_owned(),
                pid,
                port,
                way.user,
                way.database,
                way.password,
                "disable",
            ));
        }
    }
    ways.push((
        "sluice, in clear".into(),
        stage.house.process().pid(),
        stage.house.port().to_string(),
        plain.subject,
        "bench".into(),
        plain.token,
        "disable",
    ));
    ways.push((
        "sluice, TLS on both sides".into(),
        stage.secure.process().pid(),
        stage.secure.port().to_string(),
        secure.subject,
        "bench".into(),
        secure.token,
        "require",
    ));
    for (name, pid, port, user, database, password, tls) in ways {
        let mut opener = Command::new(e2e::cache().join("python/bin/python"))
            .args(["-c", OPENER])
            .envs([
                ("PGHOST", "127.0.0.1"),
                ("PGPORT", &port),
                ("PGUSER", &user),
                ("PGDATABASE", &database),
                ("PGPASSWORD", &password),
                ("PGSSLMODE", tls),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = opener.stdin.take().context("its input")?;
        let mut output = BufReader::new(opener.stdout.take().context("its output")?).lines();
        let mut sizes = Vec::new();
        for count in [options.sessions / 10, options.sessions] {
            writeln!(input, "{count}")?;
            let said = output.next().context("sessions were refused")??;
            ensure!(said == count.to_string(), "{name}: {said}");
            // What was lent for the login is given back a moment later.
            std::thread::sleep(std::time::Duration::from_secs(2));
            sizes.push(resident(pid));
        }
        drop(input);
        opener.wait()?;
        let [few, many] = sizes.as_slice() else { continue };
        let opened = float(u64::try_from(options.sessions - options.sessions / 10)?);
        section.row(vec![name, format!("{:.1}", (many - few) / opened / 1024.0)]);
    }
    Ok(section)
}
