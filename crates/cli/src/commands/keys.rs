use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Subcommand;
use control::recordings::{self, KeyNames, Readers, Sealing};
use control::vault::read_secret;
use model::SecretSource;

use crate::config::{self, Config, DEFAULT_FILE, MasterSource, Opener};
use crate::error::{Exit, Failure};
use crate::house::harden;
use crate::house::keys::{master_key, read_master};
use crate::output;

/// The keys of recordings: list, rotate, make (on the gateway's machine)
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the keys by name: who signs, what seals, which opens what
    #[command(after_help = "\
Examples:
  sluice keys ls
  sluice keys ls --config /etc/sluice/sluice.yaml --json")]
    Ls {
        #[command(flatten)]
        house: House,
        /// Print them as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Add a key that seals new recordings, and change the master key where one is given
    #[command(after_help = "\
Examples:
  sluice keys rotate                                  a new key under the same master key
  sluice keys new-master --out new.key
  sluice keys rotate --new-master new.key             everything under another master key

Recordings that were made before stay readable: the keyring keeps every key. A gateway at work takes the
new key up within a second. After --new-master, set evidence.master_key to the new key before the next
start, and keep the old one until then.")]
    Rotate {
        #[command(flatten)]
        house: House,
        /// Seal the keyring under the master key in this file from now on
        #[arg(long, value_name = "FILE")]
        new_master: Option<PathBuf>,
        /// The new master key is sealed by age: a file with the passphrase
        #[arg(long, value_name = "FILE", requires = "new_master")]
        passphrase: Option<PathBuf>,
        /// The new master key is sealed by age: a file with the identity
        #[arg(long, value_name = "FILE", requires = "new_master", conflicts_with = "passphrase")]
        identity: Option<PathBuf>,
        /// Print the keys as a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make a master key, as it is or sealed as `age` seals
    #[command(after_help = "\
Examples:
  sluice keys new-master --out master.key
  sluice keys new-master --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --out master.key.age
  sluice keys new-master --passphrase passphrase.txt --out master.key.age

In sluice.yaml:
  evidence: {master_key: {file: master.key}}
  evidence: {master_key: {sealed: master.key.age, identity: {file: identity.txt}}}
  evidence: {master_key: {sealed: master.key.age, passphrase: {env: MASTER_PASSPHRASE}}}")]
    NewMaster {
        /// Where to; never over a file that is there
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Seal it for this age recipient (again for more)
        #[arg(long, value_name = "AGE1…")]
        recipient: Vec<String>,
        /// Seal it under the passphrase in this file
        #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
        passphrase: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct House {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "SLUICE_CONFIG", default_value = DEFAULT_FILE)]
    config: PathBuf,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    // The master key is in this process too.
    harden();
    match args.action {
        Action::Ls { house, json } => {
            let config = config::load(&house.config)?;
            print(&recordings::key_names(&config.data_dir, master_key(&config)?)?, &config, json)
        }
        Action::Rotate { house, new_master, passphrase, identity, json } => {
            let config = config::load(&house.config)?;
            let plain = |path| SecretSource::File(path);
            let source = new_master.map(|file| match (passphrase, identity) {
                (Some(path), _) => {
                    MasterSource::Sealed { file, by: Opener::Passphrase(plain(path)) }
                }
                (None, Some(path)) => {
                    MasterSource::Sealed { file, by: Opener::Identity(plain(path)) }
                }
                (None, None) => MasterSource::Plain(plain(file)),
            });
            let new = source.as_ref().map(read_master).transpose()?;
            let names = recordings::rotate(&config.data_dir, master_key(&config)?, new.as_ref())?;
            print(&names, &config, json)
        }
        Action::NewMaster { out, recipient, passphrase } => {
            make(&out, &recipient, passphrase.as_deref())
        }
    }
}

fn print(names: &KeyNames, config: &Config, json: bool) -> Result<ExitCode> {
    let recipients = config.evidence.readers.recipients();
    if json {
        output::json(&serde_json::json!({
            "signing": names.signing,
            "master": names.master,
            "keyring": names.keyring,
            "recipients": recipients,
            "gateway_reads": config.evidence.readers.gateway,
        }))?;
        return Ok(Exit::Done.into());
    }
    output::line(&format!("signing    {}", names.signing));
    output::line(&format!("master     {}", names.master));
    let newest = names.keyring.len();
    for (number, key) in (1..).zip(&names.keyring) {
        let use_of_it = if number == newest { "seals new recordings" } else { "opens older ones" };
        output::line(&format!("keyring    {key}  {use_of_it}"));
    }
    for recipient in recipients {
        output::line(&format!("recipient  {recipient}"));
    }
    if !config.evidence.readers.gateway {
        output::line("New recordings are sealed to the recipients alone.");
    }
    Ok(Exit::Done.into())
}

fn make(out: &Path, recipients: &[String], passphrase: Option<&Path>) -> Result<ExitCode> {
    let mut readers = Readers::default();
    for recipient in recipients {
        readers.add(recipient).map_err(|why| Failure::new(Exit::Usage, why))?;
    }
    let key = recordings::new_master_key().context("making a key")?;
    let name = key.id();
    let text = key.to_text();
    let sealing = match passphrase {
        Some(file) => {
            let secret = read_secret("--passphrase", &SecretSource::File(file.to_owned()))?;
            Some(Sealing::Passphrase(secret))
        }
        None if recipients.is_empty() => None,
        None => Some(Sealing::Recipients(readers)),
    };
    let written = match sealing {
        Some(to) => write_new(out, &recordings::seal(text.as_bytes(), &to)?),
        None => write_new(out, text.as_bytes()),
    };
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => anyhow!(
            Failure::new(Exit::Usage, format!("{} is there already", out.display()))
                .hint("a key is never written over: name another file")
        ),
        _ => anyhow!(error).context(format!("writing {}", out.display())),
    })?;
    output::line(&format!("The master key {name} is in {}.", out.display()));
    Ok(Exit::Done.into())
}

/// Whole and private, or not at all.
fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // A part of a key would only be in the way.
        let _ = fs::remove_file(path);
    }
    written
}
