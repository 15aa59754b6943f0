//! OpenTelemetry log records: OTLP/HTTP in its JSON encoding.

use serde_json::{Map, Value, json};

use super::super::config;
use super::super::render::{Told, Weight};
use super::web::Web;
use super::{Parcel, Sink, Trouble};

pub(super) struct OtlpSink {
    batch: usize,
    stream: String,
    web: Web,
}

impl OtlpSink {
    pub(super) fn new(config: config::Otlp, stream: String) -> Self {
        Self { batch: config.batch, stream, web: Web::new(config.url, config.headers, config.ca) }
    }

    fn request(&self, parcel: &Parcel<'_>) -> Value {
        let records: Vec<Value> =
            parcel.told.iter().map(|told| self.record(told, parcel)).collect();
        json!({ "resourceLogs": [{
            "resource": { "attributes": [
                attribute("service.name", "sluice"),
                attribute("service.version", env!("CARGO_PKG_VERSION")),
            ] },
            "scopeLogs": [{ "scope": { "name": "sluice.export" }, "logRecords": records }],
        }] })
    }

    fn record(&self, told: &Told, parcel: &Parcel<'_>) -> Value {
        let (number, word) = match told.weight {
            Weight::Usual => (9, "INFO"),
            Weight::Notable => (10, "INFO2"),
            Weight::Warning => (13, "WARN"),
        };
        let nanos = |micros: u64| (u128::from(micros) * 1000).to_string();
        let body = serde_json::from_str(&told.json).unwrap_or_default();
        let mut sequence = Map::new();
        sequence.insert("key".into(), json!("sluice.sequence"));
        sequence.insert("value".into(), json!({ "intValue": told.sequence.to_string() }));
        json!({
            "timeUnixNano": nanos(told.at.as_micros()),
            "observedTimeUnixNano": nanos(parcel.now.as_micros()),
            "severityNumber": number,
            "severityText": word,
            "eventName": told.code,
            "body": any(&body),
            "attributes": [
                attribute("event.name", &told.code),
                attribute("log.record.uid", &told.uid),
                attribute("sluice.stream", &self.stream),
                sequence,
            ],
        })
    }
}

impl Sink for OtlpSink {
    fn send(&mut self, parcel: &Parcel<'_>) -> Result<(), Trouble> {
        let body = self.request(parcel).to_string();
        let answer = self.web.post(body.as_bytes(), &[])?;
        if let Some((rejected, why)) = rejected(&answer.body) {
            // The collector says not to send these again: it never takes them.
            tracing::error!(rejected, why, "the collector took a batch and threw some of it away");
            metrics::counter!("sluice_export_rejected_total").increment(rejected);
        }
        Ok(())
    }

    fn most(&self) -> usize {
        self.batch
    }
}

/// How many records of a batch that was taken were not, and why.
fn rejected(answer: &[u8]) -> Option<(u64, String)> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let partial = answer.get("partialSuccess")?;
    let count = partial.get("rejectedLogRecords")?;
    // 64-bit numbers are texts in this encoding; some write them as numbers all the same.
    let count =
        count.as_u64().or_else(|| count.as_str()?.parse().ok()).filter(|count| *count > 0)?;
    let why = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    Some((count, why.chars().filter(|c| !c.is_control()).take(200).collect()))
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// JSON as an `AnyValue`.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) => match number.as_i64() {
            Some(number) => json!({ "intValue": number.to_string() }),
            None => json!({ "doubleValue": number.as_f64() }),
        },
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(list) => {
            json!({ "arrayValue": { "values": list.iter().map(any).collect::<Vec<_>>() } })
        }
        Value::Object(members) => {
            let pair = |(key, value): (&String, &Value)| json!({ "key": key, "value": any(value) });
            json!({ "kvlistValue": { "values": members.iter().map(pair).collect::<Vec<_>>() } })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_what_the_protocol_has_for_it() {
        let value = json!({ "a": [1, true, null, 1.5], "b": { "c": "d" } });
        let kv = |key: &str, value: Value| json!({ "key": key, "value": value });
        let list = json!({ "arrayValue": { "values": [
            { "intValue": "1" }, { "boolValue": true }, {}, { "doubleValue": 1.5 },
        ] } });
        let inner =
            json!({ "kvlistValue": { "values": [kv("c", json!({ "stringValue": "d" }))] } });
        let expected = json!({ "kvlistValue": { "values": [kv("a", list), kv("b", inner)] } });
        assert_eq!(any(&value), expected);
    }

    #[test]
    fn what_a_collector_throws_away_is_noticed() {
        for (answer, expected) in [
            ("{}", None),
            ("", None),
            (r#"{"partialSuccess":{}}"#, None),
            (r#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, None),
            (r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#, Some(3)),
            (r#"{"partialSuccess":{"rejectedLogRecords":2}}"#, Some(2)),
        ] {
            assert_eq!(rejected(answer.as_bytes()).map(|found| found.0), expected, "{answer}");
        }
    }
}
