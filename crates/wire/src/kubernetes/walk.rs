//! Finds facts by the names of fields, wherever in a document they stand.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::object::{Facts, RoleRef, Subject};
use super::risk::Risk;

/// A field's name as readers see it that do not mind case: Go's `encoding/json` folds by Unicode,
/// where two letters outside of ASCII are `s` and `k`. The API server itself minds case, servers
/// behind it may not.
pub(super) fn fold(key: &str) -> String {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

/// Walks a whole object, or a part of one from its root.
pub(super) fn object(facts: &mut Facts, object: &Map<String, Value>) {
    for (key, value) in object {
        field(facts, key, value);
    }
    rule(facts, "", object);
}

/// Walks a field that stands at the root of an object.
pub(super) fn field(facts: &mut Facts, key: &str, value: &Value) {
    let key = fold(key);
    let mut walk = Walk { facts, status: key == "status" };
    match (&*key, value) {
        // The contents of a ConfigMap or a Secret are text, whatever the keys are called.
        ("data" | "stringdata" | "binarydata", Value::Object(map)) => walk.texts(map),
        _ => walk.field(&key, value),
    }
}

struct Walk<'a> {
    facts: &'a mut Facts,
    /// Under the root's `status`: the images there are those that run already.
    status: bool,
}

impl Walk<'_> {
    /// Goes on into a map whose keys are its author's: a text there is nothing but a text.
    fn texts(&mut self, map: &Map<String, Value>) {
        for (key, value) in map.iter().filter(|(_, value)| !value.is_string()) {
            self.field(&fold(key), value);
        }
    }

    fn field(&mut self, key: &str, value: &Value) {
        if matches!(key, "labels" | "annotations" | "matchlabels" | "nodeselector")
            && let Value::Object(map) = value
        {
            return self.texts(map);
        }
        self.look(key, value);
        self.deeper(key, value);
    }

    fn deeper(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(map) => {
                rule(self.facts, key, map);
                for (key, value) in map {
                    self.field(&fold(key), value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.deeper(key, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn look(&mut self, key: &str, value: &Value) {
        let risk = match key {
            "hostpath" => (has_path(value) || is_text(value)).then_some(Risk::HostPath),
            "local" => has_path(value).then_some(Risk::HostPath),
            "privileged" => is_on(value).then_some(Risk::Privileged),
            "hostnetwork" => is_on(value).then_some(Risk::HostNetwork),
            "hostpid" => is_on(value).then_some(Risk::HostPid),
            "hostipc" => is_on(value).then_some(Risk::HostIpc),
            "hostport" => is_on(value).then_some(Risk::HostPort),
            "hostprocess" => is_on(value).then_some(Risk::HostProcess),
            "allowprivilegeescalation" => is_on(value).then_some(Risk::PrivilegeEscalation),
            "runasuser" => is_zero(value).then_some(Risk::RunsAsRoot),
            "procmount" => (value.as_str() == Some("Unmasked")).then_some(Risk::UnmaskedProc),
            "seccompprofile" | "apparmorprofile" => {
                (get(value, "type") == Some("Unconfined")).then_some(Risk::Unconfined)
            }
            "sysctls" => {
                value.as_array().is_some_and(|list| !list.is_empty()).then_some(Risk::Sysctls)
            }
            "aggregationrule" => value.is_object().then_some(Risk::RuleAggregation),
            _ => None,
        };
        self.facts.risks.extend(risk);
        match key {
            "image" if !self.status => {
                let image = value.as_str().or_else(|| get(value, "reference"));
                self.facts.images.extend(image.map(str::to_owned));
            }
            "capabilities" => {
                let before = self.facts.capabilities.len();
                let added = member(value, "add");
                collect(&mut self.facts.capabilities, added);
                if self.facts.capabilities.len() > before {
                    self.facts.risks.insert(Risk::AddedCapability);
                }
            }
            "serviceaccountname" | "serviceaccount" => {
                let name = value.as_str().filter(|name| !name.is_empty());
                self.facts.service_accounts.extend(name.map(str::to_owned));
            }
            "externalips" => collect(&mut self.facts.external_ips, Some(value)),
            "roleref" if value.is_object() => {
                self.facts
                    .roles
                    .insert(RoleRef { kind: own(value, "kind"), name: own(value, "name") });
            }
            "subjects" => {
                let subjects = value.as_array().into_iter().flatten().filter(|one| one.is_object());
                self.facts.subjects.extend(subjects.map(|one| Subject {
                    kind: own(one, "kind"),
                    name: own(one, "name"),
                    namespace: own(one, "namespace"),
                }));
            }
            _ => {}
        }
    }
}

/// A rule of a role: it has verbs, or stands among `rules` and is no webhook's (those have
/// operations, which a role's rule may say too without meaning anything by it).
fn rule(facts: &mut Facts, under: &str, object: &Map<String, Value>) {
    let (mut all, mut verbs, mut webhook) = (false, false, false);
    let mut found = BTreeSet::new();
    for (key, value) in object {
        let mut words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        match &*fold(key) {
            "operations" => webhook = true,
            "verbs" if value.is_array() => {
                verbs = true;
                for verb in words {
                    all |= verb == "*";
                    found.extend(match verb {
                        "escalate" => Some(Risk::RuleEscalate),
                        "bind" => Some(Risk::RuleBind),
                        "impersonate" => Some(Risk::RuleImpersonate),
                        _ => None,
                    });
                }
            }
            "apigroups" => all |= words.any(|word| word == "*"),
            "resources" => all |= words.any(|word| word.contains('*')),
            "nonresourceurls" => all |= words.any(|word| matches!(word, "*" | "/*")),
            _ => {}
        }
    }
    if verbs || (under == "rules" && !webhook) {
        facts.risks.extend(found);
        facts.risks.extend(all.then_some(Risk::RuleForAll));
    }
}

/// A switch that is on, or that some server may take for on. A schema's description of a switch is
/// an object.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::Number(_) => !is_zero(value),
        Value::String(text) => !matches!(&*text.to_ascii_lowercase(), "" | "false" | "0"),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_zero(value: &Value) -> bool {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()) == Some(0.0)
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn has_path(value: &Value) -> bool {
    get(value, "path").is_some()
}

/// A field by its folded name.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| fold(key) == name).map(|(_, value)| value)
}

fn get<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    member(value, name)?.as_str()
}

fn own(value: &Value, name: &str) -> String {
    get(value, name).unwrap_or_default().to_owned()
}

fn collect(into: &mut BTreeSet<String>, list: Option<&Value>) {
    let words = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    into.extend(words.map(str::to_owned));
}
