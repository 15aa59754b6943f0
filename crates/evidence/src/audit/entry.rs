use model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// Says what is hashed, so that an entry's hash can never pass for another thing's.
const CONTEXT: &str = "sluice audit chain v1";

/// One thing that was done, as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counts from 1 without a gap.
    #[serde(rename = "id")]
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "put_time", deserialize_with = "take_time")]
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// What: an event's code.
    pub action: String,
    /// To what.
    pub object: String,
    /// The event's fields.
    pub detail: Value,
    /// The chain's hash after this entry, in hexadecimal.
    pub hash: String,
}

/// What an entry's hash is over, beside the hash before it.
#[derive(Clone, Copy, Debug)]
pub struct Seal<'e> {
    /// The entry's number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: &'e str,
    /// What.
    pub action: &'e str,
    /// To what.
    pub object: &'e str,
    /// The fields as [`canonical`] writes them.
    pub detail: &'e str,
}

impl Seal<'_> {
    /// The chain's hash after this entry.
    #[must_use]
    pub fn after(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(previous);
        hasher.update(&self.seq.to_be_bytes());
        hasher.update(&self.at.as_micros().to_be_bytes());
        for field in [self.actor, self.action, self.object, self.detail] {
            // Lengths first, so that no two entries hash the same bytes.
            hasher.update(&(field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

impl Entry {
    /// The chain's hash after this entry, when `previous` is the one before it.
    #[must_use]
    pub fn after(&self, previous: &[u8; 32]) -> [u8; 32] {
        let detail = canonical(&self.detail);
        let (actor, action, object) = (&self.actor, &self.action, &self.object);
        Seal { seq: self.seq, at: self.at, actor, action, object, detail: &detail }.after(previous)
    }
}

/// JSON in the one way the log writes it: no spaces, an object's members in the order of their
/// names' bytes, nothing escaped that need not be.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    put(value, &mut text);
    text
}

fn put(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                put(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|one, other| one.0.cmp(other.0));
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                put(value, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

fn put_time<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

fn take_time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_written_in_one_way_only() {
        let value = json!({ "b": [1, null, true], "a": { "z": "é\n\"", "y": {} }, "a0": -1 });
        let text = canonical(&value);
        assert_eq!(text, r#"{"a":{"y":{},"z":"é\n\""},"a0":-1,"b":[1,null,true]}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn no_two_entries_hash_the_same_bytes() {
        let seal = |actor, action| {
            let at = Timestamp::from_secs(1);
            Seal { seq: 1, at, actor, action, object: "", detail: "{}" }.after(&[0; 32])
        };
        assert_ne!(seal("ab", "c"), seal("a", "bc"));
        assert_eq!(seal("ab", "c"), seal("ab", "c"));
    }
}
