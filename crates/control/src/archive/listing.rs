//! What the books say of recordings that are not here.

use model::SessionId;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{state_name, unreadable};
use crate::audit::micros;
use crate::recordings::{Filter, Summary};
use crate::store::StoreError;

/// What a list shows of a recording that is not here.
pub(super) fn summary(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<Summary>, StoreError> {
    let mut statement = connection
        .prepare_cached("select summary from archive where session = ? and deleting is null")?;
    let text: Option<String> =
        statement.query_row([id.to_string()], |row| row.get(0)).optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
}

/// Recordings that are not here, newest first.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Summary>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select summary from archive where local = 0 and deleting is null
           and (?1 is null or resource = ?1) and (?2 is null or subject = ?2)
           and (?3 is null or opened >= ?3) and (?4 is null or opened < ?4)
           and (?5 is null or state = ?5) and (?6 is null or session < ?6)
         order by session desc",
    )?;
    let rows = statement.query_map(
        params![
            filter.resource,
            filter.subject,
            filter.since.map(micros),
            filter.until.map(micros),
            filter.state.map(state_name),
            filter.before.map(|before| before.to_string()),
        ],
        |row| row.get::<_, String>(0),
    )?;
    let mut summaries = Vec::new();
    for text in rows {
        let summary: Summary = serde_json::from_str(&text?).map_err(unreadable)?;
        if filter.holds(&summary) {
            summaries.push(summary);
        }
        if Some(summaries.len()) == filter.limit {
            break;
        }
    }
    Ok(summaries)
}
