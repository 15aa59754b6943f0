//! What the object says that a create or an update writes.
//!
//! The facts are found by the names of fields, wherever they stand: a pod's spec is in a Pod, in
//! the template of a Deployment, in the template of a template of a CronJob, and in resources that
//! nobody here has heard of. A field that is not a pod's and has the name of one is reported too:
//! better one fact too many.

use std::collections::BTreeSet;

use serde_json::Value;

pub use super::head::Head;
pub use super::risk::Risk;
use super::{Unknown, walk};
use crate::json;

/// What is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The object, and after a list those that it holds. A patch says of each only what it changes.
    pub objects: Vec<Head>,
    /// The images of containers of every kind, and of volumes that are images.
    pub images: BTreeSet<String>,
    /// What reaches further than a container.
    pub risks: BTreeSet<Risk>,
    /// The capabilities that are added.
    pub capabilities: BTreeSet<String>,
    /// The service accounts that pods run as.
    pub service_accounts: BTreeSet<String>,
    /// The roles that are bound.
    pub roles: BTreeSet<RoleRef>,
    /// Whom they are bound to.
    pub subjects: BTreeSet<Subject>,
    /// The type of a Service: `LoadBalancer`.
    pub service_types: BTreeSet<String>,
    /// The addresses that a Service takes to itself.
    pub external_ips: BTreeSet<String>,
}

/// A role that is bound. A field that is not text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Whom a role is bound to. A field that is not text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The namespace of a service account.
    pub namespace: String,
}

/// Reads the body of a create or an update. No content type at all is JSON to the API server
/// (`apiserver/pkg/endpoints/handlers/negotiation/negotiate.go`, `NegotiateInputSerializer`).
///
/// # Errors
///
/// [`Unknown`]: it is not JSON (YAML, protobuf, CBOR), or not an object.
pub fn written(content_type: Option<&str>, body: &[u8]) -> Result<Facts, Unknown> {
    let known = content_type.is_none_or(|given| {
        media_type(given).is_some_and(|name| name.eq_ignore_ascii_case("application/json"))
    });
    if !known {
        return Err(Unknown::ContentType);
    }
    facts(&json::parse(body)?)
}

/// The facts of a document that is an object.
///
/// # Errors
///
/// It is none.
pub fn facts(document: &Value) -> Result<Facts, Unknown> {
    let mut facts = Facts::default();
    add(&mut facts, document)?;
    Ok(facts)
}

/// Adds the facts of an object, or of a part of one that stands where it would in the whole.
pub(super) fn add(facts: &mut Facts, document: &Value) -> Result<(), Unknown> {
    let Value::Object(object) = document else {
        return Err(Unknown::Shape("it is not an object"));
    };
    let head = Head::read(object)?;
    let service = head.kind.as_deref().is_none_or(|kind| kind == "Service");
    let typed = object.get("spec").and_then(|spec| spec.get("type")).and_then(Value::as_str);
    facts.service_types.extend(typed.filter(|_| service).map(str::to_owned));
    if head != Head::default() || facts.objects.is_empty() {
        facts.objects.push(head);
    }
    match object.get("items") {
        // A list, by what it holds and not by its kind: each is walked as an object of its own.
        Some(Value::Array(items)) if items.iter().any(|item| item.get("metadata").is_some()) => {
            for item in items {
                add(facts, item)?;
            }
            for (key, value) in object.iter().filter(|(key, _)| *key != "items") {
                walk::field(facts, key, value);
            }
        }
        _ => walk::object(facts, object),
    }
    Ok(())
}

/// A content type without its parameters, of which only the usual one is allowed.
pub(super) fn media_type(given: &str) -> Option<&str> {
    let Some((name, parameters)) = given.split_once(';') else { return Some(given) };
    let known = ["charset=utf-8", "charset=\"utf-8\""];
    known.iter().any(|known| parameters.trim().eq_ignore_ascii_case(known)).then_some(name)
}
