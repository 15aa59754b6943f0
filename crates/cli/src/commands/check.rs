use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use crate::config::{self, Config, Problem, Problems};
use crate::error::Exit;
use crate::{house, offline, output};

/// Read configuration, resources and policies, and run the policy tests, without starting anything
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice check
  sluice check --config /etc/sluice/sluice.yaml
  sluice check --json                      every mistake as an object, for an editor or CI

Exits with 1 when something has to be corrected; each mistake is told with its file, line and column.")]
pub(crate) struct Args {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", env = "SLUICE_CONFIG", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// Print the mistakes as a JSON array
    #[arg(long)]
    json: bool,
}

/// One mistake, for a program.
#[derive(Serialize)]
struct Mistake {
    id: String,
    file: String,
    line: Option<u64>,
    column: Option<u64>,
    message: String,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let mut problems = Problems::default();
    let summary = match config::load(&args.config) {
        Ok(config) => check(&config, &mut problems),
        Err(found) => {
            problems = found;
            String::new()
        }
    };
    if args.json {
        let mistakes: Vec<Mistake> = problems.0.iter().map(mistake).collect();
        output::json(&mistakes)?;
    } else if problems.0.is_empty() {
        output::line(&format!("{}: {summary}", args.config.display()));
    } else {
        for problem in &problems.0 {
            output::error(&problem.to_string());
        }
        output::note(&match problems.0.len() {
            1 => "1 thing to correct".to_owned(),
            count => format!("{count} things to correct"),
        });
    }
    Ok(if problems.0.is_empty() { Exit::Done } else { Exit::No }.into())
}

/// What can be checked once the files are read; answers what there is.
fn check(config: &Config, problems: &mut Problems) -> String {
    let policies = match house::policies(config) {
        Ok(policies) => Arc::new(policies),
        Err(found) => {
            problems.0.extend(found.0);
            return String::new();
        }
    };
    for name in policies.resources_named() {
        if !config.resources.iter().any(|resource| resource.name == name) {
            output::warning(&format!(
                "policies speak of the resource `{name}`, which is not configured"
            ));
        }
    }
    let tests = offline::policy_test::run(&config.tests, &policies, &config.resources, problems);
    let examples = offline::own_classes::run(&config.classes, problems);
    let classes = match config.classes.len() {
        0 => String::new(),
        number => format!(
            "{} with {}, ",
            count(number, "class", "classes"),
            count(examples, "example", "examples")
        ),
    };
    let tried = match policies.shadows().count() {
        0 => String::new(),
        number => format!(" ({number} in shadow)"),
    };
    format!(
        "{}, {classes}{}{tried}, {}: all good",
        count(config.resources.len(), "resource", "resources"),
        count(policies.len(), "policy", "policies"),
        count(tests, "policy test", "policy tests"),
    )
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn mistake(problem: &Problem) -> Mistake {
    let (line, column) = problem.place.unzip();
    let file = problem.file.display().to_string();
    let id = match problem.place {
        Some((line, column)) => format!("{file}:{line}:{column}"),
        None => file.clone(),
    };
    Mistake { id, file, line, column, message: problem.message.clone() }
}
