//! Programs that do nothing, one after the other.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Stage, WAYS, name};
use crate::Options;
use crate::page::Section;
use crate::stats::median;

const OF_A_CONNECTION: u32 = 60;
const WITH_CONNECTIONS: u32 = 15;

pub(super) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut section = Section::new(
        "SSH: programs",
        "`true`, started by OpenSSH's client one after the other: as channels of one connection (ControlMaster), and with a connection, an exchange of keys and a login for each. The \
         share is of `ssh -J` through another OpenSSH server.",
    );
    section.head(&["what", "way", "a second", "share of ssh -J", "share of direct"]);
    type Run = fn(&Stage, &str) -> Result<f64>;
    for (what, run) in [("one connection", channels as Run), ("a connection each", connections)] {
        let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for turn in 0..options.rounds {
            let mut order = WAYS.to_vec();
            order.rotate_left(turn % WAYS.len());
            for way in order {
                all.entry(way).or_default().push(run(stage, way)?);
            }
        }
        let rate = |way: &str| all.get(way).map_or(0.0, |values| median(values));
        for way in WAYS {
            section.row(vec![
                what.to_owned(),
                name(way).to_owned(),
                format!("{:.1}", rate(way)),
                format!("{:.2}", rate(way) / rate("jump")),
                format!("{:.2}", rate(way) / rate("direct")),
            ]);
        }
    }
    Ok(section)
}

fn channels(stage: &Stage, way: &str) -> Result<f64> {
    let socket = tempfile::Builder::new().prefix("mux").tempdir()?;
    let path = format!("ControlPath={}/s", socket.path().display());
    let mux = |more: &[&str]| {
        let mut command = stage.ssh(way, more);
        command.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C");
        command
    };
    let mut master =
        mux(&["-o", &path, "-o", "ControlMaster=yes", "-o", "ControlPersist=60", "true"]);
    ensure!(master.stderr(Stdio::null()).status()?.success(), "{way}: no connection");
    let start = Instant::now();
    for _ in 0..OF_A_CONNECTION {
        ensure!(mux(&["-o", &path, "true"]).status()?.success(), "{way}: it did not run");
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut end = mux(&["-o", &path, "-O", "exit"]);
    ensure!(end.stderr(Stdio::null()).status()?.success(), "{way}: it does not end");
    Ok(f64::from(OF_A_CONNECTION) / seconds)
}

fn connections(stage: &Stage, way: &str) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..WITH_CONNECTIONS {
        let status = stage.ssh(way, &["true"]).stdin(Stdio::null()).status()?;
        ensure!(status.success(), "{way}: it did not run");
    }
    Ok(f64::from(WITH_CONNECTIONS) / start.elapsed().as_secs_f64())
}
