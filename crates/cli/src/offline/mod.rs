//! Questions to policy without a gateway: what `sluice explain` prints and `*.test.yaml` files expect.
//!
//! There is no database to look names up in, so a table without a schema stands in any, unless a
//! search path is given; a live session, which has a catalogue, is never stricter for it.

pub(crate) mod backtest;
pub(crate) mod columns;
pub(crate) mod own_classes;
pub(crate) mod policy_test;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use model::{
    Classes, Command, DataRule, Facts, Identity, IdentityKind, Parent, Phase, Resource, Understood,
};
use policy::{Circumstances, Explanation, PolicySet};
use sql::{Limits, Lineage, NoCatalogue, Outputs, Reach, RelationName, Statement};

/// Who asks, of what, and how.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The subject.
    pub(crate) subject: String,
    /// The groups.
    pub(crate) groups: Vec<String>,
    /// Person, machine or agent.
    pub(crate) kind: IdentityKind,
    /// From where; loopback when nobody says.
    pub(crate) source: Option<IpAddr>,
    /// What the client calls itself.
    pub(crate) client: Option<String>,
    /// Inside a transaction that the client opened.
    pub(crate) in_transaction: bool,
}

impl Asker {
    /// What policy says of a command, or without one of opening a session, and why.
    pub(crate) fn explain(
        &self,
        policies: &Arc<PolicySet>,
        resource: &Arc<Resource>,
        text: Option<&str>,
        search_path: Option<Vec<String>>,
    ) -> Explanation {
        let identity = Identity {
            subject: self.subject.clone(),
            groups: self.groups.clone(),
            kind: self.kind,
            provider: "offline".into(),
            on_behalf_of: None,
            expires: None,
            token: None,
            only_resources: None,
        };
        let circumstances = Circumstances {
            source: self.source.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            client: self.client.clone(),
            now: control::Clock::system().now(),
        };
        let command = text.map(|text| Command {
            number: 1,
            text: text.as_bytes().to_vec().into(),
            parameters: Arc::from([]),
            understood: understand(text, resource, search_path),
            phase: Phase::Run,
            in_transaction: self.in_transaction,
        });
        policies.explain(&Arc::new(identity), resource, &circumstances, command.as_ref())
    }
}

/// What a text does, as far as it can be told without the database.
fn understand(
    text: &str,
    resource: &Resource,
    search_path: Option<Vec<String>>,
) -> Arc<Understood> {
    let scope = NoCatalogue { search_path };
    let statements = match sql::read(text.as_bytes(), &scope, &Limits::default()) {
        Ok(statements) => statements,
        Err(unreadable) => return Arc::new(Understood::unknown(unreadable.to_string())),
    };
    let facts = Facts {
        unbounded: statements.iter().any(|statement| statement.unbounded),
        returns: statements
            .iter()
            .flat_map(|statement| match &statement.outputs {
                Outputs::None => Classes::new(),
                Outputs::Unknown => classes_of(statement, resource),
                Outputs::Rows(items) => items
                    .iter()
                    .flat_map(|item| classes_in(item.from(), statement, resource))
                    .collect(),
            })
            .collect(),
        filters: statements
            .iter()
            .flat_map(|statement| classes_in(&statement.filters, statement, resource))
            .collect(),
        ..Facts::default()
    };
    let accesses = statements.into_iter().flat_map(|statement| statement.accesses).collect();
    Arc::new(Understood::new(accesses, facts))
}

/// The classes whose columns a statement may read, by the resource's rules.
fn classes_of(statement: &Statement, resource: &Resource) -> Classes {
    let touched = |schema: &str, table: &str| {
        statement.opaque
            || statement.reads.iter().any(|relation| stands_at(relation, schema, table))
    };
    let ruled = resource.data.iter().filter_map(|rule| match rule {
        DataRule::Column { path: [schema, table, _], class }
        | DataRule::Json { path: [schema, table, _], class, .. }
            if touched(schema, table) =>
        {
            Some(class.clone())
        }
        DataRule::Column { .. }
        | DataRule::Json { .. }
        | DataRule::Detect(_)
        | DataRule::Class { .. }
        | DataRule::Define(_) => None,
    });
    ruled.collect()
}

/// The classes that a part of a statement is made of, by the resource's rules.
fn classes_in(lineage: &Lineage, statement: &Statement, resource: &Resource) -> Classes {
    let all = |rule: &DataRule| match rule {
        DataRule::Column { path, class } | DataRule::Json { path, class, .. } => {
            Some((path.clone(), class.clone()))
        }
        DataRule::Detect(_) | DataRule::Class { .. } | DataRule::Define(_) => None,
    };
    let rules = resource.data.iter().filter_map(all);
    let made_of = |[schema, table, column]: &[String; 3]| {
        let is = |name: &str| column == "*" || column == name;
        lineage.sources.iter().any(|source| {
            stands_at(&source.relation, schema, table) && source.column.as_deref().is_none_or(is)
        })
    };
    match lineage.reach {
        Reach::Anything => rules.map(|(_, class)| class).collect(),
        Reach::Touched => classes_of(statement, resource),
        Reach::Traced => rules.filter(|(path, _)| made_of(path)).map(|(_, class)| class).collect(),
    }
}

fn stands_at(relation: &RelationName, schema: &str, table: &str) -> bool {
    let same = |rule: &str, name: &str| rule == "*" || rule == name;
    let in_schema = match &relation.schema {
        Parent::Any => true,
        Parent::None => schema == "*",
        Parent::Is(name) => same(schema, name),
        Parent::OneOf(names) => names.iter().any(|name| same(schema, name)),
    };
    in_schema && same(table, &relation.name)
}
