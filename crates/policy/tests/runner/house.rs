//! A resource, people and commands to ask about.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use model::{
    Access, Action, Command, CredentialSource, DataClass, DataRule, Decision, Evidence, Facts,
    Identity, IdentityKind, Object, ObjectKind, Parent, Phase, Protocol, Resource, Timestamp,
    Understood, UpstreamTls,
};
use policy::{Circumstances, PolicySet, Slice};

/// Monday, 2026-01-05, 09:30:00 UTC.
pub(crate) const MONDAY: Timestamp = Timestamp::from_secs(1_767_605_400);

/// A permit to open every session, so that tests can speak of commands.
pub(crate) const OPEN: &str =
    "@id(\"open\") permit (principal, action == Action::\"connect\", resource);\n";

pub(crate) fn set(text: &str) -> Arc<PolicySet> {
    match PolicySet::load([("test.cedar", text)]) {
        Ok(set) => Arc::new(set),
        Err(errors) => {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            panic!("{}\n{text}", errors.join("\n"))
        }
    }
}

/// `@id("…")` in front of policies that have no name of their own.
pub(crate) fn open_and(text: &str) -> Arc<PolicySet> {
    set(&format!("{OPEN}{text}"))
}

pub(crate) fn identity(subject: &str, groups: &[&str]) -> Arc<Identity> {
    Arc::new(Identity {
        subject: subject.to_owned(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        kind: IdentityKind::User,
        provider: "corp".to_owned(),
        on_behalf_of: None,
        expires: None,
        token: None,
        only_resources: None,
    })
}

pub(crate) fn engineer() -> Arc<Identity> {
    identity("engineer@example.com", &["engineering"])
}

pub(crate) fn resource(name: &str, labels: &[(&str, &str)]) -> Arc<Resource> {
    let class = |name| DataClass::new(name).unwrap();
    Arc::new(Resource {
        name: name.to_owned(),
        protocol: Protocol::new("postgres"),
        address: "127.0.0.1:5432".to_owned(),
        tls: UpstreamTls::Disable,
        credential: CredentialSource {
            username: "app".to_owned(),
            password: None,
            client_certificate: None,
            ssh_key: None,
        },
        labels: labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
        data: vec![
            DataRule::Column {
                path: ["public".into(), "customers".into(), "ssn".into()],
                class: class("us_ssn"),
            },
            DataRule::Detect(vec![class("credit_card"), class("email")]),
        ],
        strict_masking: false,
        evidence: Evidence::default(),
        via: None,
        settings: BTreeMap::new(),
    })
}

pub(crate) fn orders() -> Arc<Resource> {
    resource("orders-prod", &[("env", "prod"), ("team", "shop")])
}

pub(crate) fn circumstances() -> Circumstances {
    Circumstances {
        source: IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)),
        client: Some("psql".to_owned()),
        now: MONDAY,
    }
}

pub(crate) fn slice_of(
    set: &Arc<PolicySet>,
    identity: Arc<Identity>,
    resource: Arc<Resource>,
) -> Slice {
    set.slice(&set.authorize(identity, resource, &circumstances()).unwrap())
}

/// An engineer's session on orders-prod.
pub(crate) fn session(set: &Arc<PolicySet>) -> Slice {
    slice_of(set, engineer(), orders())
}

pub(crate) fn command(accesses: Vec<Access>, facts: Facts) -> Command {
    meaning(Arc::new(Understood::new(accesses, facts)))
}

pub(crate) fn meaning(understood: Arc<Understood>) -> Command {
    Command {
        number: 1,
        text: b"select 1".to_vec().into(),
        parameters: Arc::from([]),
        understood,
        phase: Phase::Run,
        in_transaction: false,
    }
}

pub(crate) fn does(accesses: &[Access]) -> Command {
    command(accesses.to_vec(), Facts::default())
}

/// A table in a schema.
pub(crate) fn table(action: Action, schema: &str, name: &str) -> Access {
    let parent = Parent::Is(schema.to_owned());
    Access::new(action, Object::within(ObjectKind::Relation, parent, name))
}

/// A table that may stand in any schema.
pub(crate) fn somewhere(action: Action, name: &str) -> Access {
    Access::new(action, Object::within(ObjectKind::Relation, Parent::Any, name))
}

/// `allow a, b`, `deny a: message`, `hold by g1|g2 ×n within s (a): message`.
pub(crate) fn told(decision: &Decision) -> String {
    match decision {
        Decision::Allow(terms) => format!("allow {}", terms.policies.join(", ")),
        Decision::Deny(reason) => {
            format!("deny {}: {}", reason.policies.join(", "), reason.message)
        }
        Decision::Hold(ask, _) => format!(
            "hold {} by {} x{} within {}s: {}",
            ask.policies.join(", "),
            ask.approvers.join("|"),
            ask.approvals,
            ask.within.as_secs(),
            ask.message
        ),
    }
}
