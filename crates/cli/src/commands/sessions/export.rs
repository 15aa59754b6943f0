use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::ValueEnum;
use evidence::export::{Asciicast, Capture, Export, Lines, Made, Ocsf, Page, Version};
use evidence::render::Sizes;
use evidence::{Report, State};
use model::Timestamp;

use super::source::Source;
use crate::commands::verify::{key_from, key_of_gateway};
use crate::error::{Exit, Failure};
use crate::output;
use crate::recording::{Part, Recording, Told};

/// So much of what is written is in memory at once, and what one event adds.
const CHUNK: usize = 256 << 10;

/// Write a session as a file that needs no Sluice to be looked at
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format html -o session.html
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format asciicast -o session.cast && asciinema play session.cast
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format asciicast --statement 7 -o shell.cast
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format jsonl | jq -r 'select(.type == \"command\").text'
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format ocsf -o session.jsonl
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format pcap -o forwarded.pcapng && wireshark forwarded.pcapng
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha --format pcap --statement 3 | tcpdump -A -r -
  sluice sessions export 01jbv3y8x6q4t0w9m2c7z5k1ha.sluice-rec --format html --key gateway.pub --session-key key.hex

Values are as the client was shown them: masked. What forwarded connections carried is as it was. A file that is there is not written over without --force.")]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// As what
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write; `-`, or nothing, is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Ask players of an asciicast to pause no longer than this
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u32>,
    /// This statement alone: an asciicast has one screen, and several programs may have one at once; a capture
    /// holds every forwarded connection
    #[arg(long, value_name = "N")]
    statement: Option<u64>,
    /// The gateway's public key (PEM), which the page's recording is checked against; else the gateway is asked for it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A terminal recording every player plays: asciicast v2
    Asciicast,
    /// Asciicast version 2
    AsciicastV2,
    /// Asciicast version 3, for asciinema 3
    AsciicastV3,
    /// JSON lines: one event a line
    Jsonl,
    /// Events of the Open Cybersecurity Schema Framework, one a line
    Ocsf,
    /// One HTML page for an auditor: who, what was proven, every statement with its verdict and result
    Html,
    /// The connections that an SSH session forwarded, for tcpdump and Wireshark: pcapng
    Pcap,
}

/// What writes it.
const PROGRAM: &str = concat!("sluice ", env!("CARGO_PKG_VERSION"));

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let casts =
        matches!(args.format, Format::Asciicast | Format::AsciicastV2 | Format::AsciicastV3);
    if args.statement.is_some() && !casts && args.format != Format::Pcap {
        let why = "--statement is for asciicasts and captures: the other formats hold the session as a whole";
        return Err(Failure::new(Exit::Usage, why.to_owned()).into());
    }
    let file = args.output.as_deref().filter(|file| *file != Path::new("-"));
    match file {
        Some(file) => refuse_to_overwrite(file, args.force)?,
        None if args.format == Format::Pcap && io::stdout().is_terminal() => {
            let why = "a capture is nothing to look at on a terminal";
            let hint = "-o FILE writes it to a file; `| tcpdump -A -r -` shows it";
            return Err(Failure::new(Exit::Usage, why).hint(hint).into());
        }
        None => {}
    }
    let mut recording = args.source.open("export")?;
    let cast = |version| {
        let cast = Asciicast::new(version);
        match args.idle {
            Some(seconds) => cast.idle_limit(Duration::from_secs(seconds.into())),
            None => cast,
        }
    };
    let mut report = None;
    let mut export: Box<dyn Export> = match args.format {
        Format::Asciicast | Format::AsciicastV2 => Box::new(cast(Version::V2)),
        Format::AsciicastV3 => Box::new(cast(Version::V3)),
        Format::Jsonl => Box::new(Lines::new()),
        Format::Ocsf => Box::new(Ocsf::new(env!("CARGO_PKG_VERSION"))),
        Format::Html => {
            let made = checked(args, &mut recording)?;
            report = Some(made.report.clone());
            Box::new(Page::new(made))
        }
        Format::Pcap => Box::new(Capture::new(PROGRAM)),
    };
    let told = match file {
        None => write(&mut recording, &mut *export, args.statement, |bytes| {
            output::write_out(bytes);
            Ok(())
        })?,
        Some(file) => write_file(file, args, &mut recording, &mut *export)?,
    };
    if let Some(file) = file {
        output::note(&format!("session {} is in {}", recording.session(), file.display()));
    }
    told.into_result()?;
    unless_tampered(report.as_ref())?;
    Ok(Exit::Done.into())
}

/// What the page says of itself: the recording is checked first.
fn checked(args: &Args, recording: &mut Recording) -> Result<Made> {
    let key = match &args.key {
        Some(file) => key_from(file)?,
        None => key_of_gateway(&args.source.remote)?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Made {
        report: recording.verify(&key)?,
        key: key.id(),
        program: PROGRAM.to_owned(),
        at: Timestamp::EPOCH.plus(now),
    })
}

fn unless_tampered(report: Option<&Report>) -> Result<()> {
    let Some(report) = report.filter(|report| report.state == State::Tampered) else {
        return Ok(());
    };
    let why = report.damage.as_deref().unwrap_or("it was changed");
    Err(Failure::new(
        Exit::No,
        format!("the recording does not verify, and the page says so: {why}"),
    )
    .hint("`sluice verify` says what of it holds")
    .into())
}

/// Tells an export the story, or a statement's part of it, as often as it wants to hear it.
fn write(
    recording: &mut Recording,
    export: &mut dyn Export,
    statement: Option<u64>,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<Told> {
    let mut bytes = Vec::new();
    let mut told = Told::Whole;
    for _ in 0..export.passes() {
        let (mut part, mut sizes) = (Part::new(statement, statement), Sizes::new());
        told = recording.each(|at, event| {
            if statement.is_none() {
                export.event(at, event, &mut bytes);
            } else {
                // Of which command a terminal is, the others tell.
                let size = sizes.before(event);
                let own = [event].into_iter().filter(|event| !Sizes::waits(event));
                for event in size.iter().chain(own).filter(|event| part.holds(event)) {
                    export.event(at, event, &mut bytes);
                }
            }
            if bytes.len() >= CHUNK {
                put(&bytes)?;
                bytes.clear();
                // One large event does not keep its room.
                bytes.shrink_to(2 * CHUNK);
            }
            Ok(())
        })?;
        if let Some(why) = part.missed() {
            return Err(Failure::new(Exit::Usage, why).into());
        }
        export.end(told.broken(), &mut bytes);
        put(&bytes)?;
        bytes.clear();
    }
    if let Some(nothing) = export.nothing() {
        return Err(empty(nothing, statement, &told).into());
    }
    Ok(told)
}

/// That a file would have nothing in it.
fn empty(nothing: &str, statement: Option<u64>, told: &Told) -> Failure {
    let of = match statement {
        Some(number) => format!("by statement {number}"),
        None => "in the session".to_owned(),
    };
    match told.broken() {
        None => Failure::new(Exit::No, format!("{nothing} {of}")),
        Some(why) => {
            let why = format!("{nothing} {of} before the recording breaks off: {why}");
            Failure::new(Exit::No, why).hint("`sluice verify` says what of it holds")
        }
    }
}

/// Beside the file first, under a name of its own: what has the name is whole.
fn write_file(
    file: &Path,
    args: &Args,
    recording: &mut Recording,
    export: &mut dyn Export,
) -> Result<Told> {
    let failed = || format!("writing {}", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut part = tempfile::Builder::new()
        .prefix(".sluice-export-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .with_context(failed)?;
    let mut out = BufWriter::new(part.as_file_mut());
    let told = write(recording, export, args.statement, |bytes| {
        let said = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", failed()));
        out.write_all(bytes).map_err(said)
    })?;
    out.flush().with_context(failed)?;
    drop(out);
    File::sync_all(part.as_file()).with_context(failed)?;
    let kept = if args.force { part.persist(file) } else { part.persist_noclobber(file) };
    match kept {
        Ok(_) => Ok(told),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(is_there(file).into())
        }
        Err(error) => Err(error.error).with_context(failed),
    }
}

/// Before anything is fetched; that it is so is seen to once more at the end.
fn refuse_to_overwrite(file: &Path, force: bool) -> Result<()> {
    if file.is_dir() {
        return Err(Failure::new(Exit::Usage, format!("{} is a folder", file.display())).into());
    }
    if !force && file.symlink_metadata().is_ok() {
        return Err(is_there(file).into());
    }
    Ok(())
}

fn is_there(file: &Path) -> Failure {
    Failure::new(Exit::Usage, format!("{} is there already", file.display()))
        .hint("--force writes over it")
}
