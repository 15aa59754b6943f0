//! New connections, with TLS and SCRAM where a server asks for them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::Options;
use crate::machine::cpu;
use crate::page::Section;
use crate::paths::{Stage, password};
use crate::stats::median;

/// `pgbench -C`: a connection for each transaction, by libpq, direct and through the gateway.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut section = Section::new(
        "New connections",
        "A connection, one `SELECT 1`, and goodbye, by four clients of libpq over TLS 1.3. Direct: TLS and SCRAM-SHA-256. \
         Through Sluice: TLS and a provider's token, then TLS and SCRAM-SHA-256 to the server; no server connection is used twice.",
    );
    section.head(&["way", "connections/s", "share of direct", "CPU ms of the gateway for each"]);
    let script = e2e::run_folder("connect");
    let file = script.path().join("script.sql");
    std::fs::write(&file, "SELECT 1;\n")?;
    let file = file.display().to_string();
    let person = stage.secure.person("alice");
    let pid = stage.secure.process().pid();
    let ways = [
        (
            "direct",
            stage.server.port(),
            "app".to_owned(),
            stage.database.name.clone(),
            password(stage.server),
            None,
        ),
        (
            "sluice",
            stage.secure.port(),
            person.subject,
            "bench".to_owned(),
            person.token,
            Some(pid),
        ),
    ];
    let mut rate: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut cost: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..options.rounds.min(3) {
        for (name, port, user, database, password, pid) in &ways {
            let port = port.to_string();
            let environment = [
                ("PGHOST", "127.0.0.1"),
                ("PGPORT", &port),
                ("PGUSER", user),
                ("PGDATABASE", database),
                ("PGPASSWORD", password),
                ("PGSSLMODE", "require"),
            ];
            let before = pid.map_or(0.0, cpu);
            let ran = e2e::pgbench(
                &["-C", "-n", "-c", "4", "-j", "2", "-T", "5", "-f", &file],
                &environment,
            );
            let spent = pid.map_or(0.0, cpu) - before;
            ensure!(ran.ok(), "{name}: {}", ran.all());
            let number = |start: &str| -> Option<f64> {
                let line = ran.stdout.lines().find(|line| line.starts_with(start))?;
                line.split(" = ")
                    .nth(1)
                    .or_else(|| line.split(": ").nth(1))?
                    .split([' ', '/'])
                    .next()?
                    .parse()
                    .ok()
            };
            let done = number("number of transactions actually processed").context("a count")?;
            rate.entry(name).or_default().push(number("tps").context("a rate")?);
            cost.entry(name).or_default().push(spent * 1e3 / done);
        }
    }
    let middle = |of: &BTreeMap<&str, Vec<f64>>, name: &str| {
        of.get(name).map_or(0.0, |values| median(values))
    };
    for (name, ..) in &ways {
        let share = middle(&rate, name) / middle(&rate, "direct");
        let each = if *name == "direct" {
            "–".to_owned()
        } else {
            format!("{:.2}", middle(&cost, name))
        };
        section.row(vec![
            (*name).to_owned(),
            format!("{:.0}", middle(&rate, name)),
            format!("{share:.2}"),
            each,
        ]);
    }
    Ok(section)
}
