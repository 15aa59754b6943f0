//! Ten gibibytes with a slow end: what the gateway's memory does meanwhile.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::Stage;
use crate::Options;
use crate::machine::resident;
use crate::page::Section;

const BYTES: u64 = 10 << 30;
/// A slow end stops so often, for so long.
const STOPS: u64 = 512 << 20;
const PAUSE: Duration = Duration::from_millis(700);

pub(super) fn measure(stage: &Stage, _: &Options) -> Result<Section> {
    let mut section = Section::new(
        "SSH: ten gibibytes",
        "Resident memory of the gateway before a transfer of 10 GiB and the most during it, looked at every 256 MiB. The slow end stops every 512 MiB for 0.7 s.",
    );
    section.head(&["what", "before, MiB", "the most, MiB"]);
    let mib = |bytes: f64| format!("{:.1}", bytes / 1024.0 / 1024.0);
    // What the first large transfer keeps is no growth of the next one.
    down(stage, 1 << 30)?;
    for (what, run) in [
        ("down, the client is slow", down as fn(&Stage, u64) -> Result<f64>),
        ("up, the program is slow", up),
    ] {
        let before = resident(stage.pid());
        let most = run(stage, BYTES)?;
        section.row(vec![what.to_owned(), mib(before), mib(most)]);
    }
    Ok(section)
}

fn down(stage: &Stage, bytes: u64) -> Result<f64> {
    let program = format!("head -c {bytes} /dev/zero");
    let mut child =
        stage.ssh("sluice", &[&program]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("its output")?;
    let mut buffer = vec![0; 256 << 10];
    let (mut read, mut most, mut looked, mut stopped) = (0_u64, 0_f64, 0, 0);
    loop {
        let count = u64::try_from(output.read(&mut buffer)?)?;
        if count == 0 {
            break;
        }
        read += count;
        if read / (256 << 20) > looked {
            looked = read / (256 << 20);
            most = most.max(resident(stage.pid()));
        }
        if read / STOPS > stopped {
            stopped = read / STOPS;
            std::thread::sleep(PAUSE);
            most = most.max(resident(stage.pid()));
        }
    }
    ensure!(child.wait()?.success() && read == bytes, "{read} bytes came");
    Ok(most)
}

fn up(stage: &Stage, bytes: u64) -> Result<f64> {
    // It takes 512 MiB, and then nothing for a while.
    let program = format!(
        "for n in $(seq {}); do head -c {STOPS} | cat >/dev/null; sleep 0.7; done; cat >/dev/null",
        bytes / STOPS
    );
    let mut child =
        stage.ssh("sluice", &[&program]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut input = child.stdin.take().context("its input")?;
    let piece = vec![0; 1 << 20];
    let mut most = 0_f64;
    for n in 0..bytes / (1 << 20) {
        input.write_all(&piece)?;
        if n % 256 == 255 {
            most = most.max(resident(stage.pid()));
        }
    }
    drop(input);
    ensure!(child.wait()?.success(), "the program failed");
    Ok(most)
}
