//! A key that is typed, until it is on the screen.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::{Stage, name};
use crate::Options;
use crate::page::Section;
use crate::stats::{median, percentile};

/// Types into a terminal that echoes, and prints how many microseconds each key took.
const TYPIST: &str = r#"
import sys, time, paramiko
port, user, key = sys.argv[1:4]
transport = paramiko.Transport(("127.0.0.1", int(port)))
transport.start_client(timeout=10)
transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(key))
channel = transport.open_session()
channel.get_pty("xterm", 200, 50)
channel.exec_command("cat")
time.sleep(0.5)
for n in range(700):
    time.sleep(0.002)
    start = time.perf_counter()
    channel.sendall(b"a")
    while b"a" not in channel.recv(64):
        pass
    if n >= 100:
        print((time.perf_counter() - start) * 1e6)
transport.close()
"#;

const TYPED: [&str; 4] = ["direct", "copy", "sluice", "masked"];

pub(super) fn measure(stage: &Stage, options: &Options) -> Result<Section> {
    let mut section = Section::new(
        "SSH: a key",
        "From a key of paramiko's to its echo by the target's terminal, one after the other, with pauses of two milliseconds. Microseconds; for a bare copy proxy and the gateway \
         above the direct connection's in the same round; the median over the rounds of each round's p50 and p99.",
    );
    section.head(&["way", "p50", "p99"]);
    let mut all: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for turn in 0..options.rounds {
        let mut order = TYPED.to_vec();
        if let Some(others) = order.get_mut(1..) {
            others.rotate_left(turn % 3);
        }
        let mut direct = (0.0, 0.0);
        for way in order {
            let mut round = typed(stage, way)?;
            if way == "direct" {
                direct = round;
            } else {
                round = (round.0 - direct.0, round.1 - direct.1);
            }
            all.entry(way).or_default().push(round);
        }
    }
    for way in TYPED {
        let rounds = all.get(way).context("a round")?;
        let of = |of: fn(&(f64, f64)) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
        let (middle, slow) = (of(|one| one.0), of(|one| one.1));
        let cells = if way == "direct" {
            [format!("{middle:.0}"), format!("{slow:.0}")]
        } else {
            [format!("{middle:+.0}"), format!("{slow:+.0}")]
        };
        let mut row = vec![name(way).to_owned()];
        row.extend(cells);
        section.row(row);
    }
    Ok(section)
}

fn typed(stage: &Stage, way: &str) -> Result<(f64, f64)> {
    let output = stage.python(TYPIST, way).output()?;
    ensure!(output.status.success(), "{way}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let micros: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    Ok((median(&micros), percentile(&micros, 99.0)))
}
