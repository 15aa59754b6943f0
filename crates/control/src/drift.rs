//! Columns that look sensitive and that no rule speaks of, as live traffic showed them. Names and counts, never
//! values. Kept in memory: after a restart the next values that go by say it again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::ports::Lookout;
use model::{DataRule, Drift, Resource, Timestamp};
use serde::Serialize;

use crate::Clock;

/// Columns that are kept; of more only the operational log and the metric tell.
const MOST: usize = 10_000;

/// The list.
pub struct Drifts {
    clock: Clock,
    found: Mutex<BTreeMap<Place, Found>>,
}

/// Resource, database, and the column's schema, table and name.
type Place = (String, String, [String; 3]);

struct Found {
    drift: Drift,
    first: Timestamp,
}

/// One of the list, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The resource.
    pub resource: String,
    /// The database behind it.
    pub database: String,
    /// `schema.table.column`.
    pub column: String,
    /// What it seems to hold.
    pub class: String,
    /// How many values were one as a whole, of how many, and how many of those were different.
    pub matched: usize,
    /// How many values were looked at.
    pub seen: usize,
    /// How many different ones there were.
    pub distinct: usize,
    /// The evidence, for people.
    pub evidence: String,
    /// When it was seen first, in this process.
    pub first: String,
}

impl Drifts {
    /// An empty one.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock, found: Mutex::new(BTreeMap::new()) }
    }

    /// Those of the resources in force, without the columns that a rule has come to speak of.
    #[must_use]
    pub fn list(&self, resources: &[impl AsRef<Resource>]) -> Vec<Shown> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |((name, _, column), _): &(&Place, &Found)| {
            let resource = resources.iter().map(AsRef::as_ref).find(|one| one.name == *name);
            resource.is_some_and(|one| !one.data.iter().any(|rule| speaks_of(rule, column)))
        };
        found.iter().filter(open).map(|(place, found)| shown(place, found)).collect()
    }
}

impl Lookout for Drifts {
    fn drifted(&self, resource: &str, database: &str, drift: &Drift) {
        let place = (resource.to_owned(), database.to_owned(), drift.column.clone());
        let (column, class) = (drift.column.join("."), drift.class.as_str());
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.get_mut(&place) {
            known.drift = drift.clone();
            return;
        }
        if found.len() < MOST {
            found.insert(place, Found { drift: drift.clone(), first: self.clock.now() });
        }
        drop(found);
        let labels = [("resource", resource.to_owned()), ("class", class.to_owned())];
        metrics::counter!("sluice_drift_columns_total", &labels).increment(1);
        tracing::warn!(
            resource,
            database,
            column,
            class,
            matched = drift.matched,
            seen = drift.seen,
            "a column looks sensitive and has no rule"
        );
    }
}

fn shown((resource, database, column): &Place, Found { drift, first }: &Found) -> Shown {
    Shown {
        resource: resource.clone(),
        database: database.clone(),
        column: column.join("."),
        class: drift.class.as_str().to_owned(),
        matched: drift.matched,
        seen: drift.seen,
        distinct: drift.distinct,
        evidence: drift.evidence.clone(),
        first: first.to_string(),
    }
}

/// Whether a rule gives a column a class.
fn speaks_of(rule: &DataRule, column: &[String; 3]) -> bool {
    match rule {
        DataRule::Column { path, .. } | DataRule::Json { path, .. } => {
            path.iter().zip(column).all(|(part, name)| part == "*" || part == name)
        }
        DataRule::Detect(_) | DataRule::Class { .. } | DataRule::Define(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{CredentialSource, DataClass, Evidence, Protocol, UpstreamTls};

    use super::*;

    fn class(name: &str) -> DataClass {
        DataClass::new(name).unwrap()
    }

    fn drift(column: &str, seen: usize) -> Drift {
        Drift {
            column: ["public", "people", column].map(str::to_owned),
            class: class("us_ssn"),
            matched: seen,
            seen,
            distinct: seen,
            evidence: format!("{seen} of {seen} pass"),
        }
    }

    #[test]
    fn a_column_is_listed_once_with_its_newest_counts_until_a_rule_speaks_of_it() {
        let drifts = Drifts::new(Clock::from_fn(|| Timestamp::from_secs(1)));
        drifts.drifted("orders", "app", &drift("ssn_no", 4));
        drifts.drifted("orders", "app", &drift("ssn_no", 256));
        drifts.drifted("orders", "app", &drift("tax", 9));
        drifts.drifted("gone", "app", &drift("tax", 9));
        let mut orders = resource("orders");
        let list = drifts.list(&[Arc::new(orders.clone())]);
        let told: Vec<_> = list.iter().map(|one| (&*one.column, one.seen, &*one.first)).collect();
        let first = "1970-01-01T00:00:01.000000Z";
        assert_eq!(told, [("public.people.ssn_no", 256, first), ("public.people.tax", 9, first)]);
        let path = ["*", "people", "ssn_no"].map(str::to_owned);
        orders.data.push(DataRule::Column { path, class: class("us_ssn") });
        let list = drifts.list(&[Arc::new(orders)]);
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].column, "public.people.tax");
    }

    fn resource(name: &str) -> Resource {
        Resource {
            name: name.to_owned(),
            protocol: Protocol::new("postgres"),
            labels: BTreeMap::new(),
            address: "localhost:5432".to_owned(),
            tls: UpstreamTls::Require,
            credential: CredentialSource {
                username: "app".to_owned(),
                password: None,
                client_certificate: None,
                ssh_key: None,
            },
            via: None,
            settings: BTreeMap::new(),
            data: Vec::new(),
            strict_masking: false,
            evidence: Evidence::default(),
        }
    }
}
