//! Holds an event against the published schema.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The schema's own text, reduced. The file says where it is from.
fn published() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(include_str!("schema-1.5.0.json")).unwrap())
}

/// Everything that is wrong with an event.
pub(super) fn check(event: &Value) -> Result<(), Vec<String>> {
    let schema = published();
    let mut wrong = Vec::new();
    let object = event.as_object().expect("an event is an object");
    let uid = &object["class_uid"];
    let classes = schema["classes"].as_object().unwrap();
    let Some(class) = classes.values().find(|class| class["uid"] == *uid) else {
        return Err(vec![format!("there is no class {uid}")]);
    };
    let profiles = object["metadata"]["profiles"].as_array().cloned().unwrap_or_default();
    let profiles = profiles.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let checker = Checker { schema, profiles };
    checker.object("", class, object, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

struct Checker<'s> {
    schema: &'s Value,
    profiles: BTreeSet<String>,
}

impl Checker<'_> {
    fn object(&self, at: &str, kind: &Value, found: &Map<String, Value>, wrong: &mut Vec<String>) {
        let attributes = kind["attributes"].as_object().unwrap();
        let applies = |attribute: &Value| {
            let profile = attribute.get("profile").and_then(Value::as_str);
            profile.is_none_or(|profile| self.profiles.contains(profile))
        };
        for (name, attribute) in attributes {
            let required = attribute.get("requirement").is_some_and(|how| how == "required");
            if required && applies(attribute) && !found.contains_key(name) {
                wrong.push(format!("{at}{name} is required"));
            }
        }
        let constraints = kind.get("constraints").and_then(Value::as_object);
        for (rule, names) in constraints.into_iter().flatten() {
            let names = names.as_array().unwrap().iter();
            let there = names.filter(|name| found.contains_key(name.as_str().unwrap())).count();
            let holds = match rule.as_str() {
                "at_least_one" => there >= 1,
                "just_one" => there == 1,
                other => panic!("{other} is no constraint that is known here"),
            };
            if !holds {
                wrong.push(format!("{at}: {rule} of {constraints:?}"));
            }
        }
        for (name, value) in found {
            let at = format!("{at}{name}");
            match attributes.get(name) {
                None => wrong.push(format!("{at} is no attribute")),
                Some(attribute) if !applies(attribute) => {
                    wrong.push(format!("{at} is of a profile that the event does not name"));
                }
                Some(attribute) => self.attribute(&at, attribute, value, wrong),
            }
        }
        self.siblings(at, found, wrong);
    }

    fn attribute(&self, at: &str, attribute: &Value, value: &Value, wrong: &mut Vec<String>) {
        if attribute.get("array").is_some() {
            match value.as_array() {
                Some(list) => {
                    for (index, one) in list.iter().enumerate() {
                        self.value(&format!("{at}[{index}]"), attribute, one, wrong);
                    }
                }
                None => wrong.push(format!("{at} is no array")),
            }
            return;
        }
        self.value(at, attribute, value, wrong);
    }

    fn value(&self, at: &str, attribute: &Value, value: &Value, wrong: &mut Vec<String>) {
        let kind = attribute["type"].as_str().unwrap();
        if attribute.get("object").is_some() {
            let Some(found) = value.as_object() else {
                return wrong.push(format!("{at} is no object"));
            };
            if kind == "object" {
                return;
            }
            match self.schema["objects"].get(kind) {
                Some(known) => self.object(&format!("{at}."), known, found, wrong),
                None => wrong.push(format!("{at}: the object {kind} is not in the reduced schema")),
            }
            return;
        }
        let known = &self.schema["types"][kind];
        let base = known["base"].as_str().unwrap_or_else(|| panic!("{kind} is no type"));
        let fits = match base {
            "string_t" => value.is_string(),
            "integer_t" | "long_t" => value.is_i64() || value.is_u64(),
            "boolean_t" => value.is_boolean(),
            "float_t" => value.is_number(),
            "json_t" => true,
            other => panic!("{other} is no base type"),
        };
        if !fits {
            return wrong.push(format!("{at} is {value}, not of the type {kind}"));
        }
        if kind == "ip_t" && value.as_str().unwrap().parse::<std::net::IpAddr>().is_err() {
            wrong.push(format!("{at}: {value} is no address"));
        }
        if let Some([low, high]) = known["range"].as_array().map(Vec::as_slice) {
            let number = value.as_i64().unwrap();
            if number < low.as_i64().unwrap() || number > high.as_i64().unwrap() {
                wrong.push(format!("{at}: {number} is out of range"));
            }
        }
        if let Some(values) = attribute.get("enum").and_then(Value::as_array) {
            let written = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            if !values.iter().any(|known| known.as_str() == Some(&written)) {
                wrong.push(format!("{at}: {written} is none of the values"));
            }
        }
    }

    /// A number that stands for a word has its word beside it.
    fn siblings(&self, at: &str, found: &Map<String, Value>, wrong: &mut Vec<String>) {
        for name in found.keys().filter_map(|name| name.strip_suffix("_id")) {
            let word = if name == "activity" { "activity_name" } else { name };
            if !found.contains_key(word) {
                wrong.push(format!("{at}{name}_id has no {word} beside it"));
            }
        }
    }
}
