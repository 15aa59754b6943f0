//! `sluice scan --drift`: what live traffic showed of columns that no rule speaks of.

use anyhow::Result;
use serde_json::Value;

use crate::client::Client;
use crate::json::{text, time};
use crate::output::{self, Table};

/// Prints the columns of a resource, or of `RESOURCE/DATABASE`.
pub(super) fn show(client: &Client, resource: &str, json: bool) -> Result<()> {
    let (name, database) = resource.split_once('/').map_or((resource, None), |(a, b)| (a, Some(b)));
    let all: Vec<Value> = client.get("/api/v1/drift")?;
    let of_it = |one: &Value| {
        text(one, "resource") == name
            && database.is_none_or(|wanted| text(one, "database") == wanted)
    };
    let found: Vec<Value> = all.into_iter().filter(of_it).collect();
    if json {
        return output::json(&found);
    }
    let mut table =
        Table::new(&["DATABASE", "COLUMN", "CLASS", "VALUES", "FIRST SEEN", "EVIDENCE"]);
    for one in &found {
        let distinct = format!("{} different", text(one, "distinct"));
        let first = time(one, "first").unwrap_or_default();
        let cells = ["database", "column", "class"].map(|field| text(one, field));
        let [database, column, class] = cells;
        table.row([database, column, class, distinct, first, text(one, "evidence")]);
    }
    table.print("no column without a rule looks sensitive, as far as its values went by");
    Ok(())
}
