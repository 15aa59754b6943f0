//! `pgbench -S`: how many point selects a second, and what each costs the process in between.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::Options;
use crate::machine::cpu;
use crate::page::Section;
use crate::paths::{Stage, Way};
use crate::stats::median;

/// Alternates the ways at 8 and 32 clients, in pgbench's three protocols.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let ways = stage.ways("bench");
    let mut section = Section::new(
        "pgbench -S",
        "Transactions a second, as a share of direct; CPU time (user and system) of the process in between for each \
         transaction. Medians of alternated runs; the load generator and the server share the same cores.",
    );
    section.head(&[
        "clients",
        "protocol",
        "direct tps",
        "copy proxy",
        "pgbouncer",
        "sluice",
        "sluice / pgbouncer",
        "CPU µs: copy proxy",
        "pgbouncer",
        "sluice",
    ]);
    for clients in [8, 32] {
        for mode in ["simple", "extended", "prepared"] {
            let mut rate: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            let mut cost: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for turn in 0..options.rounds.min(3) {
                let mut order: Vec<_> = ways.iter().collect();
                order.rotate_left(turn % ways.len());
                for way in order {
                    let Ran { tps, micros, .. } = run(way, mode, clients, SECONDS)?;
                    rate.entry(way.name).or_default().push(tps);
                    cost.entry(way.name).or_default().push(micros);
                }
            }
            let rate = |name: &str| rate.get(name).map_or(0.0, |values| median(values));
            let cost = |name: &str| cost.get(name).map_or(0.0, |values| median(values));
            let share = |name: &str| format!("{:.2}", rate(name) / rate("direct"));
            section.row(vec![
                clients.to_string(),
                mode.to_owned(),
                format!("{:.0}", rate("direct")),
                share("copy proxy"),
                share("pgbouncer"),
                share("sluice"),
                format!("{:.2}", rate("sluice") / rate("pgbouncer")),
                format!("{:.1}", cost("copy proxy")),
                format!("{:.1}", cost("pgbouncer")),
                format!("{:.1}", cost("sluice")),
            ]);
        }
    }
    Ok(section)
}

/// How long one run is.
const SECONDS: f64 = 4.0;

/// What a run came to.
pub(crate) struct Ran {
    /// Transactions a second.
    pub(crate) tps: f64,
    /// How many transactions there were.
    pub(crate) done: f64,
    /// CPU microseconds of the process in between for each.
    pub(crate) micros: f64,
}

/// So many clients for so many seconds.
pub(crate) fn run(way: &Way, mode: &str, clients: u32, seconds: f64) -> Result<Ran> {
    let (host, port) = way.address.split_once(':').context("host:port")?;
    let environment = [
        ("PGHOST", host),
        ("PGPORT", port),
        ("PGUSER", &way.user),
        ("PGDATABASE", &way.database),
        ("PGPASSWORD", &way.password),
        ("PGSSLMODE", "disable"),
    ];
    let (clients, seconds) = (clients.to_string(), seconds.to_string());
    let before = way.pid.map_or(0.0, cpu);
    let ran = e2e::pgbench(
        &["-S", "-n", "-M", mode, "-c", &clients, "-j", "1", "-T", &seconds, "-s", "10"],
        &environment,
    );
    let spent = way.pid.map_or(0.0, cpu) - before;
    ensure!(ran.ok(), "{}: {}", way.name, ran.all());
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
    let tps = number("tps").context("a rate")?;
    Ok(Ran { tps, done, micros: spent * 1e6 / done })
}
