//! Many bytes, in each direction.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::{Stage, WAYS, name};
use crate::Options;
use crate::machine::cpu;
use crate::page::Section;
use crate::stats::{float, median};

/// One transfer.
const BYTES: u64 = 1 << 30;

pub(super) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut section = Section::new(
        "SSH: bulk",
        "A gibibyte of a program's output, and as much for a program's input, between OpenSSH's client and server with aes128-gcm \
         on each connection, from the first byte to the last. Text of lines for `by content`, whose output is searched for five classes; nothing is in it. The share \
         is of direct; MB for each second of CPU time of the gateway.",
    );
    section.head(&["what", "way", "MB/s", "share of direct", "MB per CPU-second"]);
    for (what, run) in [("down", down as fn(&Stage, &str) -> Result<f64>), ("up", up)] {
        let mut all: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for turn in 0..options.rounds {
            let mut order = WAYS.to_vec();
            order.rotate_left(turn % WAYS.len());
            for way in order {
                let before = cpu(stage.pid());
                let seconds = run(stage, way)?;
                all.entry(way).or_default().push((seconds, cpu(stage.pid()) - before));
            }
        }
        let middle = |way: &str, of: fn(&(f64, f64)) -> f64| {
            median(&all.get(way).into_iter().flatten().map(of).collect::<Vec<_>>())
        };
        let rate = |way: &str| float(BYTES) / 1e6 / middle(way, |one| one.0);
        for way in WAYS {
            let spent = middle(way, |one| one.1);
            let each = if matches!(way, "direct" | "jump") || spent == 0.0 {
                "–".to_owned()
            } else {
                format!("{:.0}", float(BYTES) / 1e6 / spent)
            };
            section.row(vec![
                what.to_owned(),
                name(way).to_owned(),
                format!("{:.0}", rate(way)),
                format!("{:.2}", rate(way) / rate("direct")),
                each,
            ]);
        }
    }
    Ok(section)
}

/// Lines of a log, as fast as a program can say them.
const SAYS: &str =
    "yes '2026-01-01T00:00:00Z web-1 app: a request was answered in time and without an error'";

fn down(stage: &Stage, way: &str) -> Result<f64> {
    let program = format!("{SAYS} | head -c {BYTES}");
    let mut child =
        stage.ssh(way, &[&program]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("its output")?;
    let mut buffer = vec![0; 256 << 10];
    let mut read = u64::try_from(output.read(&mut buffer)?)?;
    let start = Instant::now();
    loop {
        match output.read(&mut buffer)? {
            0 => break,
            count => read += u64::try_from(count)?,
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(child.wait()?.success() && read == BYTES, "{way}: {read} bytes came");
    Ok(seconds)
}

fn up(stage: &Stage, way: &str) -> Result<f64> {
    let program = "echo ready; wc -c";
    let mut child =
        stage.ssh(way, &[program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut input, mut output) =
        (child.stdin.take().context("its input")?, child.stdout.take().context("its output")?);
    let mut ready = [0; 6];
    output.read_exact(&mut ready)?;
    let line =
        b"2026-01-01T00:00:00Z web-1 app: a request was answered in time and without an error\n";
    let piece: Vec<u8> = line.iter().copied().cycle().take(256 << 10).collect();
    let start = Instant::now();
    for _ in 0..BYTES / (256 << 10) {
        input.write_all(&piece)?;
    }
    drop(input);
    let mut counted = String::new();
    output.read_to_string(&mut counted)?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(child.wait()?.success() && counted.trim() == BYTES.to_string(), "{way}: {counted}");
    Ok(seconds)
}
