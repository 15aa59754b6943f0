//! Many rows at once: a large result, and COPY in both directions.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::ask;

use crate::Options;
use crate::load::Connection;
use crate::machine::cpu;
use crate::page::Section;
use crate::paths::{Stage, Way};
use crate::stats::{float, median};

/// One measured transfer.
struct Transfer {
    rows: u64,
    bytes: u64,
    seconds: f64,
    cpu: f64,
}

/// Streams the large table by every way, and back in.
pub(crate) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut ways = stage.ways("plain");
    if let Some(last) = ways.last_mut() {
        last.name = "sluice, masking off";
    }
    ways.push(stage.sluice("sluice, by column", "bench"));
    ways.push(stage.sluice("sluice, by content", "content"));
    let mut section = Section::new(
        "Bulk",
        &format!(
            "A result of {} rows of six columns, the same by COPY, and a million rows of COPY in. By column: one column of the \
             six is masked by a rule. By content: every value is searched for five classes and one column is full of \
             them. The share is of direct, in rows a second; MB for each second of CPU time of the process in between.",
            options.rows
        ),
    );
    section.head(&["what", "way", "rows/s", "MB/s", "share of direct", "MB per CPU-second"]);
    type Run = fn(&Way) -> Result<Transfer>;
    let runs: [(&str, Run); 3] = [("SELECT", select), ("COPY out", copy_out), ("COPY in", copy_in)];
    for (what, run) in runs {
        let mut all: BTreeMap<&str, Vec<Transfer>> = BTreeMap::new();
        for turn in 0..options.rounds.min(3) {
            let mut order: Vec<_> = ways.iter().collect();
            order.rotate_left(turn % ways.len());
            for way in order {
                all.entry(way.name).or_default().push(run(way)?);
                if what == "COPY in" {
                    let emptied = stage.server.owner(&stage.database.name).ran("TRUNCATE sink");
                    ensure!(emptied.ok(), "{}", emptied.all());
                }
            }
        }
        let middle = |name: &str, of: fn(&Transfer) -> f64| {
            let values: Vec<_> = all.get(name).into_iter().flatten().map(of).collect();
            median(&values)
        };
        let rate = |name: &str| middle(name, |one| float(one.rows) / one.seconds);
        for way in &ways {
            let each = middle(way.name, |one| {
                if one.cpu > 0.0 { float(one.bytes) / 1e6 / one.cpu } else { 0.0 }
            });
            section.row(vec![
                what.to_owned(),
                way.name.to_owned(),
                format!("{:.0}", rate(way.name)),
                format!("{:.0}", middle(way.name, |one| float(one.bytes) / 1e6 / one.seconds)),
                format!("{:.2}", rate(way.name) / rate("direct")),
                if way.pid.is_some() { format!("{each:.0}") } else { "–".to_owned() },
            ]);
        }
    }
    Ok(section)
}

fn transfer(way: &Way, sql: &str) -> Result<Transfer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(way).await?;
        let before = way.pid.map_or(0.0, cpu);
        let start = Instant::now();
        connection.send(&ask::query(sql)).await?;
        let (rows, bytes) = connection.drain(b'Z').await?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(Transfer { rows, bytes, seconds, cpu: way.pid.map_or(0.0, cpu) - before })
    })
}

fn select(way: &Way) -> Result<Transfer> {
    transfer(way, "SELECT * FROM big")
}

fn copy_out(way: &Way) -> Result<Transfer> {
    transfer(way, "COPY big TO STDOUT")
}

fn copy_in(way: &Way) -> Result<Transfer> {
    const ROWS: u64 = 1_000_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(way).await?;
        // The rows are made before the clock starts, a thousand to a piece as clients send them.
        let mut piece = String::new();
        for n in 0..1000 {
            piece.push_str(&format!("{n}\t{n}\ta person of the name {n}\tnobody\t12.50\ta note about order {n} that is neither short nor long\n"));
        }
        let message = ask::message(b'd', piece.as_bytes());
        let before = way.pid.map_or(0.0, cpu);
        let start = Instant::now();
        connection.send(&ask::query("COPY sink FROM STDIN")).await?;
        connection.drain(b'G').await?;
        for _ in 0..ROWS / 1000 {
            connection.send(&message).await?;
        }
        connection.send(&ask::message(b'c', &[])).await?;
        connection.drain(b'Z').await?;
        let seconds = start.elapsed().as_secs_f64();
        let bytes = u64::try_from(message.len())? * (ROWS / 1000);
        Ok(Transfer { rows: ROWS, bytes, seconds, cpu: way.pid.map_or(0.0, cpu) - before })
    })
}
