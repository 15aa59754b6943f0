//! What a session costs in memory while nothing happens on it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};

use super::{Stage, name};
use crate::Options;
use crate::machine::resident;
use crate::page::Section;
use crate::stats::float;

/// Opens as many connections with a terminal as it is told by lines on its input.
const OPENER: &str = r#"
import asyncio, sys, asyncssh
port, user, key = sys.argv[1:4]

async def opened():
    connection = await asyncssh.connect(
        "127.0.0.1", port=int(port), username=user, client_keys=[key], known_hosts=None,
        agent_path=None, config=None)
    process = await connection.create_process("echo here; exec cat", term_type="xterm")
    await process.stdout.readline()
    return connection, process

async def main():
    sessions = []
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        while len(sessions) < int(line):
            sessions += await asyncio.gather(*(opened() for _ in range(5)))
        print(len(sessions), flush=True)
    sys.stdout.flush()
    import os
    os._exit(0)

asyncio.run(main())
"#;

const FEW: u64 = 50;
const MANY: u64 = 300;

pub(super) fn measure(_: &Stage, _: &Options) -> Result<Section> {
    let mut section = Section::new(
        "SSH: an idle session",
        &format!(
            "Resident memory of a fresh gateway, from {FEW} to {MANY} connections with a terminal and a program that said a line and is now silent, \
             divided by their number."
        ),
    );
    section.head(&["way", "KiB a session", "sessions a GiB"]);
    for way in ["sluice", "masked"] {
        // A process that had grown before would not grow for what comes now.
        let stage = Stage::set()?;
        let mut opener = stage.python(OPENER, way);
        let mut opener = opener.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut input = opener.stdin.take().context("its input")?;
        let mut output = BufReader::new(opener.stdout.take().context("its output")?).lines();
        let mut sizes = Vec::new();
        for count in [FEW, MANY] {
            writeln!(input, "{count}")?;
            let said = output.next().context("sessions were refused")??;
            ensure!(said == count.to_string(), "{way}: {said}");
            std::thread::sleep(std::time::Duration::from_secs(2));
            sizes.push(resident(stage.pid()));
        }
        drop(input);
        opener.wait()?;
        let [few, many] = sizes.as_slice() else { continue };
        let each = (many - few) / float(MANY - FEW) / 1024.0;
        section.row(vec![
            name(way).to_owned(),
            format!("{each:.0}"),
            format!("{:.0}", 1024.0 * 1024.0 / each.max(1.0)),
        ]);
    }
    Ok(section)
}
