//! What evidence costs: nothing kept, buffered, strict; how many commands share a sync; how large
//! recordings are; how fast they are written and verified.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{House, Process, free_port, until};

use crate::Options;
use crate::machine::cpu_of;
use crate::page::Section;
use crate::paths::{Stage, Way};
use crate::pgbench::{Ran, run};
use crate::stats::{float, median};

/// How long one run is: long enough that what a session costs to begin is little beside its statements.
const SECONDS: f64 = 10.0;
/// The threads that keep evidence, beside those of the connections.
const KEEPERS: [&str; 2] = ["scribe", "index"];

/// `pgbench -S` without evidence, buffered and strict, alternated.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let folder = e2e::run_folder("unrecorded");
    let policies = folder.path().join("bench.cedar");
    std::fs::write(&policies, crate::paths::policies())?;
    let port = free_port();
    let mut command = Command::new(std::env::current_exe()?);
    command.args([
        "unrecorded",
        &format!("127.0.0.1:{port}"),
        &stage.server.address(),
        &stage.database.name,
        stage.house.idp().issuer(),
    ]);
    command.arg(&policies).env("ORDERS_PASSWORD", stage.server.password());
    let process = Process::start(&command, &folder.path().join("log"), "INT", None);
    let strict = House::builder()
        .policies(&crate::paths::policies())
        .setting("evidence: {mode: strict}")
        .resource("bench", &crate::paths::bench_resource(stage))
        .start();
    let off = Way {
        name: "off",
        address: format!("127.0.0.1:{port}"),
        pid: Some(process.pid()),
        ..stage.sluice("off", "bench")
    };
    let buffered = stage.sluice("buffered", "bench");
    let strict_way = Way {
        address: strict.address(),
        pid: Some(strict.process().pid()),
        ..stage.sluice("strict", "bench")
    };
    let ways = [off, buffered, strict_way];
    for way in &ways {
        until(&format!("{} answers", way.name), Duration::from_secs(30), || {
            e2e::Client::sign_in(&way.address, &way.user, &way.database, &way.password).ok()
        });
    }
    let mut section = Section::new(
        "Evidence",
        "`pgbench -S -M prepared` through the gateway without any evidence (its rooms with a ledger that forgets), buffered and \
         strict: transactions a second and CPU time of the gateway for each, beginning and ending the sessions included; what of it the thread is \
         that seals and writes recordings, and the one that reads them for search; how many commands share one sync of the disk.",
    );
    section.head(&[
        "clients",
        "off tps",
        "buffered tps",
        "strict tps",
        "buffered / off",
        "CPU µs: off",
        "buffered",
        "strict",
        "buffered − off",
        "buffered: sealing",
        "for search",
        "commands a sync, strict",
    ]);
    for clients in [1, 8, 32, 64] {
        let mut rate: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut cost: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut kept = KEEPERS.map(|_| Vec::new());
        let mut shared = Vec::new();
        for turn in 0..options.rounds.min(5) {
            let mut order: Vec<_> = ways.iter().collect();
            order.rotate_left(turn % ways.len());
            for way in order {
                let before = syncs(&strict);
                let keepers = || KEEPERS.map(|name| way.pid.map_or(0.0, |pid| cpu_of(pid, name)));
                let earlier = keepers();
                let Ran { tps, done, micros } = run(way, "prepared", clients, SECONDS)?;
                match way.name {
                    // pgbench's own transactions, and a few more of setting up.
                    "strict" => shared.push(done / (syncs(&strict) - before).max(1.0)),
                    "buffered" => {
                        let spent = keepers().into_iter().zip(earlier).map(|(is, was)| is - was);
                        let each = kept.iter_mut().zip(spent);
                        each.for_each(|(kept, spent)| kept.push(spent * 1e6 / done));
                    }
                    _ => {}
                }
                rate.entry(way.name).or_default().push(tps);
                cost.entry(way.name).or_default().push(micros);
            }
        }
        let rate = |name: &str| rate.get(name).map_or(0.0, |values| median(values));
        let cost = |name: &str| cost.get(name).map_or(0.0, |values| median(values));
        section.row(vec![
            clients.to_string(),
            format!("{:.0}", rate("off")),
            format!("{:.0}", rate("buffered")),
            format!("{:.0}", rate("strict")),
            format!("{:.2}", rate("buffered") / rate("off")),
            format!("{:.1}", cost("off")),
            format!("{:.1}", cost("buffered")),
            format!("{:.1}", cost("strict")),
            format!("{:+.1}", cost("buffered") - cost("off")),
            format!("{:.1}", median(&kept[0])),
            format!("{:.1}", median(&kept[1])),
            format!("{:.1}", median(&shared)),
        ]);
    }
    Ok(section)
}

/// How often a house has synced its journal.
fn syncs(house: &House) -> f64 {
    let text = house.metrics();
    let line = text.lines().find(|line| line.starts_with("sluice_evidence_syncs_total "));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

/// How large recordings are.
pub(crate) fn sizes(stage: &Stage) -> Result<Section> {
    let mut section = Section::new(
        "The size of recordings",
        "Bytes on the disk for each statement of a session of 1,000, and for each MB of a result of 20,000 rows, of which the first 256 KiB are kept.",
    );
    section.head(&[
        "what",
        "statements",
        "result, MB",
        "on disk, bytes",
        "a statement",
        "a MB of result",
    ]);
    let repeated: String =
        (0..1000).map(|_| "SELECT abalance FROM accounts WHERE aid = 7;\n").collect();
    let varied: String = (0..1000)
        .map(|n| {
            format!("SELECT abalance FROM accounts WHERE aid = {n} AND bid <> {};\n", n * 31 % 97)
        })
        .collect();
    let result = "SELECT id, a, name, amount, note FROM big ORDER BY id LIMIT 20000;\n";
    for (what, sql, statements, is_result) in [
        ("the same statement", repeated.as_str(), 1000, false),
        ("statements with other constants", varied.as_str(), 1000, false),
        ("results", result, 1, true),
    ] {
        let before = newest(stage)?;
        let way = stage.sluice("sluice", "bench");
        let ran = psql(&way).arg("-o").arg("/dev/null").script(sql);
        ensure!(ran.ok(), "{what}: {}", ran.all());
        let recording = until("the recording is closed", Duration::from_secs(20), || {
            let newest = newest(stage).ok()?;
            (newest != before && newest.as_ref()?.2 == "closed").then_some(newest)?
        });
        let shown = float(recording.1) / 1e6;
        section.row(vec![
            what.to_owned(),
            statements.to_string(),
            format!("{shown:.2}"),
            recording.0.to_string(),
            format!("{:.1}", float(recording.0) / f64::from(statements)),
            if is_result { format!("{:.0}", float(recording.0) / shown) } else { "–".into() },
        ]);
    }
    Ok(section)
}

fn psql(way: &Way) -> e2e::Psql {
    let (host, port) = way.address.split_once(':').unwrap_or_default();
    e2e::psql(&format!(
        "host={host} port={port} user={} dbname={} sslmode=disable",
        way.user, way.database
    ))
    .env("PGPASSWORD", &way.password)
}

/// The newest session's file length, bytes of result and state.
fn newest(stage: &Stage) -> Result<Option<(u64, u64, String)>> {
    let listed = stage.house.cli_json("root", &["sessions", "ls", "--limit", "1", "--json"]);
    let Some(session) = listed.get(0) else { return Ok(None) };
    let number = |path: &str| session.pointer(path).and_then(serde_json::Value::as_u64);
    let bytes = number("/bytes").context("bytes")?;
    let shown = number("/counts/bytes").unwrap_or_default();
    let state = session.get("state").and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(Some((bytes, shown, state.to_owned())))
}
