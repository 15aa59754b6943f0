use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::client::{Client, Remote};
use crate::error::{Exit, Failure};
use crate::json::text;
use crate::output;

/// Show what tokens of a resource stand for (`mask: token`); it is entered into the audit log
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice detokenise orders-prod tok_us_ssn.nC0… --reason 'case 4711: the customer called back'
  cut -f2 found.tsv | sluice detokenise orders-prod - --reason 'case 4711' --json

You must be one who may see the tokens' class on that resource in clear. All of the tokens are shown, one
a line in their order, or none; at most 100 at once.")]
pub(crate) struct Args {
    #[command(flatten)]
    remote: Remote,
    /// The resource that showed them
    resource: String,
    /// The tokens; `-` reads them from standard input, one a line
    #[arg(required = true, value_name = "TOKEN")]
    tokens: Vec<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print them as a JSON array, with their classes
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let tokens = match args.tokens.as_slice() {
        [one] if one == "-" => lines()?,
        tokens => tokens.to_vec(),
    };
    let name: String = url::form_urlencoded::byte_serialize(args.resource.as_bytes()).collect();
    let path = format!("/api/v1/resources/{}/detokenise", name.replace('+', "%20"));
    let asked = json!({ "tokens": tokens, "reason": args.reason });
    let turned: Vec<Value> = Client::open(&args.remote)?.post(&path, &asked)?;
    if args.json {
        output::json(&turned)?;
        return Ok(Exit::Done.into());
    }
    for one in &turned {
        match one.get("value").and_then(Value::as_str) {
            Some(value) => output::line(&output::clean(value)),
            None => output::line(&format!("base64:{}", text(one, "value_base64"))),
        }
    }
    Ok(Exit::Done.into())
}

fn lines() -> Result<Vec<String>> {
    let mut read = String::new();
    std::io::stdin().read_to_string(&mut read).context("reading standard input")?;
    let tokens = read.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens: Vec<_> = tokens.map(str::to_owned).collect();
    if tokens.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is no token on standard input").into());
    }
    Ok(tokens)
}
