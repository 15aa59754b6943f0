use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::client::{Client, Remote};
use crate::error::Exit;
use crate::json::text;
use crate::native::ssh::{SshDoor, folder_of, put};
use crate::output;

/// Write a configuration with which ssh, scp, sftp, rsync and git reach resources as RESOURCE.sluice
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice ssh-config                     writes the file and says how ssh finds it
  sluice ssh-config --print             prints it instead
  ssh web-1.sluice
  scp report.pdf web-1.sluice:/tmp/
  ssh -l root%web-1 web-1.sluice        another account behind the same resource

Each resource that you may open has an entry: run it again when there are new ones. Certificates are
renewed by themselves, for as long as the sign-in lasts.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// Print the configuration in place of writing it
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let client = Client::open(&args.remote)?;
    let door = SshDoor::of(&client)?;
    let resources: Vec<Value> = client.get("/api/v1/resources")?;
    let names: Vec<String> = resources
        .iter()
        .filter(|resource| text(resource, "protocol") == "ssh")
        .map(|resource| text(resource, "id"))
        .collect();
    let config = config(&door, &names, &renewal(&client, args)?);
    if args.print {
        output::write_out(config.as_bytes());
        return Ok(Exit::Done.into());
    }
    let path = folder_of(&client)?.join("config");
    put(&path, config.as_bytes())?;
    output::line(&path.display().to_string());
    output::note(&format!(
        "{} of your resources can be reached as NAME.sluice. At the top of ~/.ssh/config, once:\n\n  Include \"{}\"\n",
        names.len(),
        path.display()
    ));
    Ok(Exit::Done.into())
}

/// The command that sees to it that the certificate is good, in a shell's words.
fn renewal(client: &Client, args: &Args) -> Result<String> {
    let own = std::env::current_exe().context("where this program is")?;
    let mut words = vec![own.display().to_string(), "ssh-certificate".into(), "--quiet".into()];
    words.extend(["--url".into(), client.base().as_str().trim_end_matches('/').to_owned()]);
    if let Some(ca) = &args.remote.ca {
        words.extend(["--ca".into(), std::fs::canonicalize(ca)?.display().to_string()]);
    }
    Ok(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// A word of a POSIX shell's, inside double quotes of a configuration of OpenSSH's.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+=,".contains(c);
    if word.chars().all(plain) {
        // `%` would be read as a token.
        return word.to_owned();
    }
    format!("'{}'", word.replace('%', "%%").replace('\'', "'\\''").replace('"', "\\\""))
}

fn config(door: &SshDoor, names: &[String], renewal: &str) -> String {
    let mut text = String::from(
        "# Written by `sluice ssh-config`, which replaces it as a whole.\n\n\
         # Sees to it that the certificate is good.\n",
    );
    let _ =
        writeln!(text, "Match originalhost *.sluice exec \"{renewal}\"\n  IdentitiesOnly yes\n");
    for name in names {
        let _ = writeln!(text, "Host {name}.sluice\n  User {name}\n");
    }
    text.push_str("Host *.sluice\n");
    for (option, value) in door.options() {
        let _ = writeln!(text, "  {option} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_reaches_the_shell_as_it_is() {
        for (word, expected) in [
            ("/usr/bin/sluice", "/usr/bin/sluice"),
            ("/home/ann lee/sluice", "'/home/ann lee/sluice'"),
            ("50%", "'50%%'"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
