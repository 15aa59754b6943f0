use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::ValueEnum;
use model::{Classes, DataClass, Evidence, IdentityKind, Verdict};
use policy::{Explanation, Would};
use serde::Serialize;

use crate::config;
use crate::error::{Exit, Failure};
use crate::house;
use crate::offline::{Asker, columns};
use crate::output::{self, Style, Table};

/// Say what policy would decide, for whom, and which policies make it so
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sluice explain --as engineer@example.com --group engineering --on orders-prod 'DROP TABLE x'
  sluice explain --as engineer@example.com --group engineering --on orders-prod
  sluice explain --as ann@example.com --group fraud --on orders-prod --columns 'SELECT ssn, name FROM public.customers'
  sluice explain --as ci --kind machine --on orders-prod --search-path public 'SELECT * FROM t' --json

Reads the configuration's files and asks nobody. A table without a schema may stand in any, unless
--search-path says where to look. Exits with 0 when it would be allowed or held, with 1 when refused.")]
pub(crate) struct Args {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", env = "SLUICE_CONFIG", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// Who asks: the subject
    #[arg(long = "as", value_name = "SUBJECT")]
    subject: String,
    /// A group they are in; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Whether they are a person, a machine or an agent
    #[arg(long, value_enum, default_value_t = Kind::User)]
    kind: Kind,
    /// The resource
    #[arg(long = "on", value_name = "RESOURCE")]
    resource: String,
    /// The address they come from
    #[arg(long, value_name = "IP")]
    source: Option<IpAddr>,
    /// What their client calls itself
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Inside a transaction that was opened earlier
    #[arg(long)]
    in_transaction: bool,
    /// Where tables without a schema are looked for; may be given several times
    #[arg(long = "search-path", value_name = "SCHEMA")]
    search_path: Vec<String>,
    /// What they ask; without it: whether they may open the resource
    sql: Option<String>,
    /// For each result column say where it comes from and how they would see it
    #[arg(long, requires = "sql")]
    columns: bool,
    /// Print it as a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A person
    User,
    /// A CI job, a service
    Machine,
    /// An AI agent
    Agent,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let config = config::load(&args.config)?;
    let policies = Arc::new(house::policies(&config)?);
    let Some(resource) = config.resources.iter().find(|one| one.name == args.resource) else {
        let names: Vec<&str> = config.resources.iter().map(|one| one.name.as_str()).collect();
        return Err(Failure::new(Exit::Usage, format!("there is no resource `{}`", args.resource))
            .hint(format!("the configuration has: {}", names.join(", ")))
            .into());
    };
    let asker = Asker {
        subject: args.subject.clone(),
        groups: args.groups.clone(),
        kind: match args.kind {
            Kind::User => IdentityKind::User,
            Kind::Machine => IdentityKind::Machine,
            Kind::Agent => IdentityKind::Agent,
        },
        source: args.source,
        client: args.client.clone(),
        in_transaction: args.in_transaction,
    };
    let search_path = (!args.search_path.is_empty()).then(|| args.search_path.clone());
    let text = args.sql.as_deref();
    let explained = asker.explain(&policies, resource, text, search_path.clone());
    let columns = text
        .filter(|_| args.columns)
        .map(|text| columns::of(text, resource, search_path, &explained.reveal));
    if args.json {
        let assumed = columns.is_some().then_some(columns::ASSUMED);
        output::json(&Told { explained: &explained, columns, assumed })?;
    } else {
        print(&explained);
        if let Some(columns) = columns {
            print_columns(&columns);
        }
    }
    Ok(if explained.verdict == Verdict::Denied { Exit::No } else { Exit::Done }.into())
}

/// All that is printed, for a program.
#[derive(Serialize)]
struct Told<'t> {
    #[serde(flatten)]
    explained: &'t Explanation,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<columns::Column>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed: Option<&'static str>,
}

fn print_columns(columns: &[columns::Column]) {
    output::line("");
    let mut table = Table::new(&["COLUMN", "SOURCES", "CLASSES", "SHOWN", "WHY"]);
    for one in columns {
        let classes: Vec<&str> = one.classes.iter().map(DataClass::as_str).collect();
        table.row([
            &one.column,
            &one.sources.join(", "),
            &classes.join(", "),
            &one.operator,
            &one.why,
        ]);
    }
    table.print("it returns no rows");
    output::note(&format!("assumed: {}", columns::ASSUMED));
}

fn print(explained: &Explanation) {
    let (style, word) = verdict(explained.verdict);
    let by = if explained.policies.is_empty() {
        "no policy permits it".to_owned()
    } else {
        explained.policies.join(", ")
    };
    output::styled(style, &format!("{} ({})", word.to_uppercase(), output::clean(&by)));
    let mut says = Vec::new();
    says.extend(explained.message.as_ref().map(|message| ("says", message.clone())));
    says.extend(explained.hint.as_ref().map(|hint| ("hint", hint.clone())));
    if let Some(ask) = &explained.ask {
        let minutes = ask.within.as_secs().div_ceil(60);
        let who =
            format!("{} of {} within {minutes} minutes", ask.approvals, ask.approvers.join(" or "));
        says.push(("approval", who));
    }
    if !explained.opened_by.is_empty() {
        says.push(("opened by", explained.opened_by.join(", ")));
        let clear: Vec<String> = explained.reveal.iter().map(ToString::to_string).collect();
        says.push((
            "in clear",
            if clear.is_empty() { "no masked class".into() } else { clear.join(", ") },
        ));
    }
    if explained.evidence == Evidence::Strict {
        says.push(("evidence", "strict: on the disk before it is sent".to_owned()));
    }
    says.extend(explained.shadow.as_ref().map(|would| ("shadow", tried_out(would))));
    for (name, value) in says {
        output::line(&format!("  {name:<10} {}", output::clean(&value)));
    }
    if explained.accesses.is_empty() {
        return;
    }
    output::line("");
    let mut table = Table::new(&["ACCESS", "ASSUMED SCHEMA", "VERDICT", "POLICIES"]);
    for part in &explained.accesses {
        let mut by = part.policies.join(", ");
        if !part.failed.is_empty() {
            by = format!("{by} (could not be evaluated: {})", part.failed.join(", "));
        }
        table.row([
            part.access.to_string(),
            part.assumed.clone().unwrap_or_default(),
            verdict(part.verdict).1.to_owned(),
            if by.is_empty() { "no policy permits it".into() } else { by },
        ]);
    }
    table.print("");
}

/// What policies that are only tried out would have made of it.
fn tried_out(would: &Would) -> String {
    let named =
        |classes: &Classes| classes.iter().map(DataClass::as_str).collect::<Vec<_>>().join(", ");
    let mut text = format!("would be {}", verdict(would.verdict).1);
    if !would.shows.is_empty() {
        text.push_str(&format!(", in clear: {}", named(&would.shows)));
    }
    if !would.masks.is_empty() {
        text.push_str(&format!(", masked: {}", named(&would.masks)));
    }
    format!("{text} (by {})", would.policies.join(", "))
}

const fn verdict(verdict: Verdict) -> (Style, &'static str) {
    match verdict {
        Verdict::Allowed => (Style::Green, "allowed"),
        Verdict::Denied => (Style::Red, "denied"),
        Verdict::Held => (Style::Yellow, "held"),
        Verdict::Approved => (Style::Green, "approved"),
    }
}
