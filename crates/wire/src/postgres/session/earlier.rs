//! Statements that run or read what earlier ones prepared, bound or declared.

use std::sync::Arc;

use bytes::Bytes;
use sql::Effect;

use super::prepared::Prepared;
use super::{Front, Session};
use crate::postgres::library::Reading;

impl Session {
    /// Whether what a text names depends on answers that are still owed.
    pub(super) fn doubts(&self, reading: &Reading) -> bool {
        reading.uses_earlier
            && reading.statements.iter().any(|statement| match &statement.effect {
                Effect::Execute { name, .. } => {
                    self.store.doubts_statement(name.as_bytes(), self.segment)
                }
                Effect::Fetch { cursor } | Effect::Move { cursor } => {
                    self.store.doubts_portal(cursor.as_bytes(), self.segment)
                }
                _ => false,
            })
    }

    /// The message is read again once the server has answered one thing more.
    pub(super) fn wait_for_an_answer(&mut self, message: Bytes) {
        self.client.put_back(message);
        self.front = Front::Doubting(self.answers);
    }

    /// A statement that runs or reads what an earlier one prepared or declared does what that does.
    pub(super) fn with_earlier(&self, reading: Arc<Reading>) -> Arc<Reading> {
        if !reading.uses_earlier {
            return reading;
        }
        let mut earlier = Vec::new();
        for (place, statement) in reading.statements.iter().enumerate() {
            let found = match &statement.effect {
                Effect::Execute { name, .. } => self.executed(&reading, name),
                Effect::Fetch { cursor } | Effect::Move { cursor } => self.fetched(cursor),
                _ => continue,
            };
            earlier.extend(found.into_iter().map(|one| (place, one)));
        }
        Arc::new(reading.joined(earlier.iter().map(|(place, one)| (*place, &**one))))
    }

    /// What an EXECUTE does: what stands under the name, and what the text itself puts there.
    fn executed(&self, reading: &Reading, name: &str) -> Vec<Arc<Reading>> {
        let here = reading.prepares.iter().filter(|(one, _)| one == name);
        let mut found: Vec<_> = here.map(|(_, inner)| Arc::clone(inner)).collect();
        if let Some(prepared) = self.store.statement(name.as_bytes()) {
            found.push(self.reading_of(prepared));
        }
        if found.is_empty() {
            let why = "it runs a statement that was not prepared through the gateway";
            found.push(Arc::new(self.opaque(why)));
        }
        found
    }

    /// What a FETCH or a MOVE does. A cursor was decided when it was declared; a portal was not, for
    /// none of its statement had run.
    fn fetched(&self, cursor: &str) -> Vec<Arc<Reading>> {
        let mut found = Vec::new();
        if let Some(portal) = self.store.portal(cursor.as_bytes()) {
            found.push(match &portal.prepared {
                Some(prepared) => self.reading_of(prepared),
                None => Arc::new(
                    self.opaque("it reads a statement that was not prepared through the gateway"),
                ),
            });
        }
        match self.store.cursor(cursor) {
            Some(cursor) => {
                let columns = cursor.columns.clone();
                found.push(Arc::new(Reading::showing(cursor.exposure.clone(), columns)));
            }
            // A cursor that a function opened, and that was decided with the function.
            None if found.is_empty() => {
                found.push(Arc::new(Reading::showing(self.opaque("").exposure, None)));
            }
            None => {}
        }
        found
    }

    /// What a prepared statement means now.
    pub(super) fn reading_of(&self, prepared: &Prepared) -> Arc<Reading> {
        let epoch = self.epoch();
        if let Some(reading) = prepared.reading(epoch) {
            return reading;
        }
        let before = prepared.last_reading();
        let doubt =
            before.statements.is_empty() && before.understood.facts().not_understood.is_some();
        // What could not be read when it was prepared may have been prepared under other settings.
        let reading = match (doubt, &prepared.sql_name) {
            (true, _) => before,
            (false, None) => self.read(&prepared.text),
            (false, Some(name)) => {
                let outer = self.read(&prepared.text);
                let inner = outer.prepares.iter().find(|(one, _)| one == name);
                inner.map_or_else(
                    || Arc::new(self.opaque("it can no longer be read")),
                    |(_, inner)| Arc::clone(inner),
                )
            }
        };
        prepared.read_again(&reading, epoch);
        reading
    }
}
