//! Reads JSON lines back.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::{
    Classes, Column, Ending, Event, Parameter, Phase, PolicyId, SessionHead, Shadow, StreamDigest,
    Timestamp, ValueFormat,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads what [`JsonLines`](super::JsonLines) wrote, as far as it can be: values are text by then, and what a command does
/// is words. Shown on a terminal, it looks as what was written would have. `None`: it is no such line.
#[must_use]
pub fn read_line(line: &str) -> Option<(Timestamp, Event)> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some((moment(text(&line, "at")?)?, event(&line)?))
}

fn event(line: &Value) -> Option<Event> {
    let number = || line.get("number")?.as_u64();
    Some(match text(line, "type")? {
        "opened" => Event::Opened(Box::new(SessionHead {
            id: text(line, "session")?.parse().ok()?,
            opened: moment(text(line, "opened")?)?,
            identity: field(line, "identity")?,
            source: field(line, "source")?,
            client: field(line, "client")?,
            resource: field(line, "resource")?,
            protocol: field(line, "protocol")?,
            database: field(line, "database")?,
            policies: field(line, "policies")?,
        })),
        "command" => Event::Command {
            number: number()?,
            phase: match text(line, "phase")? {
                "prepare" => Phase::Prepare,
                "run" => Phase::Run,
                _ => return None,
            },
            text: bytes(line, "text")?,
            parameters: list(line, "parameters")?.iter().map(parameter).collect::<Option<_>>()?,
            accesses: Arc::default(),
            seen: None,
        },
        "decided" => Event::Decided {
            number: number()?,
            verdict: field(line, "verdict")?,
            policies: policies(line)?,
            approval: match line.get("approval")? {
                Value::Null => None,
                id => Some(id.as_str()?.parse().ok()?),
            },
            message: field(line, "message")?,
            cause: field(line, "cause")?,
        },
        "shadow" => Event::Shadow {
            number: number()?,
            shadow: Shadow {
                verdict: field(line, "verdict")?,
                policies: policies(line)?,
                shows: field::<Classes>(line, "shows")?.into(),
                masks: field::<Classes>(line, "masks")?.into(),
            },
        },
        "columns" => {
            let mut columns: Vec<Column> = field(line, "columns")?;
            columns.iter_mut().for_each(|column| column.format = ValueFormat::Text);
            Event::Columns { number: number()?, columns: columns.into() }
        }
        "rows" => {
            let mut data = Vec::new();
            for row in list(line, "rows")? {
                put_row(&mut data, row.as_array()?)?;
            }
            Event::Rows {
                number: number()?,
                count: line.get("count")?.as_u64()?,
                data: data.into(),
            }
        }
        "bulk" => Event::Bulk {
            number: number()?,
            to_client: text(line, "direction")? == "to_client",
            data: bytes(line, "data")?,
        },
        "stream" => Event::Stream {
            number: number()?,
            stream: field(line, "stream")?,
            data: match line.get("base64") {
                Some(data) => STANDARD.decode(data.as_str()?).ok()?.into(),
                None => bytes(line, "data")?,
            },
        },
        "terminal" => Event::Terminal {
            number: number()?,
            columns: field(line, "columns")?,
            rows: field(line, "rows")?,
        },
        "exited" => Event::Exited {
            number: number()?,
            status: field(line, "status")?,
            signal: field(line, "signal")?,
            streams: list(line, "streams")?.iter().map(digest).collect::<Option<_>>()?,
        },
        "moved" => Event::Moved {
            number: number()?,
            path: field(line, "path")?,
            upload: field(line, "upload")?,
            bytes: field(line, "bytes")?,
            sha256: match line.get("sha256")? {
                Value::Null => None,
                digits => Some(hash(digits)?),
            },
        },
        "cut" => Event::Cut { number: number()? },
        "finished" => Event::Finished {
            number: number()?,
            tag: field(line, "tag")?,
            rows: field(line, "rows")?,
            bytes: field(line, "bytes")?,
        },
        "failed" => Event::Failed {
            number: number()?,
            code: field(line, "code")?,
            message: field(line, "message")?,
        },
        "notice" => Event::Notice { number: number()?, message: field(line, "message")? },
        "closed" => {
            Event::Closed(Ending { at: moment(text(line, "ended")?)?, how: field(line, "how")? })
        }
        _ => return None,
    })
}

fn digest(value: &Value) -> Option<StreamDigest> {
    Some(StreamDigest {
        stream: field(value, "stream")?,
        bytes: field(value, "bytes")?,
        blake3: hash(value.get("blake3")?)?,
    })
}

fn hash(digits: &Value) -> Option<[u8; 32]> {
    let digits = digits.as_str()?.as_bytes();
    let digit = |digit: &u8| char::from(*digit).to_digit(16).map(|digit| digit as u8);
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

fn policies(line: &Value) -> Option<Arc<[PolicyId]>> {
    Some(field::<Vec<String>>(line, "policies")?.into_iter().map(Into::into).collect())
}

fn parameter(value: &Value) -> Option<Parameter> {
    Some(match value {
        Value::Null => Parameter::Null,
        Value::String(text) => Parameter::Text(text.clone()),
        Value::Object(object) => match object.get("binary") {
            Some(hex) => Parameter::Binary(hex.as_str()?.to_owned()),
            None => Parameter::Cut {
                start: object.get("start")?.as_str()?.to_owned(),
                length: object.get("length")?.as_u64()?,
            },
        },
        _ => return None,
    })
}

/// A row in the form in which rows are recorded.
fn put_row(out: &mut Vec<u8>, fields: &[Value]) -> Option<()> {
    let mut body = u16::try_from(fields.len()).ok()?.to_be_bytes().to_vec();
    for field in fields {
        match field {
            Value::Null => body.extend_from_slice(&(-1_i32).to_be_bytes()),
            value => {
                let value = value.as_str()?.as_bytes();
                body.extend_from_slice(&i32::try_from(value.len()).ok()?.to_be_bytes());
                body.extend_from_slice(value);
            }
        }
    }
    out.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&body);
    Some(())
}

fn text<'l>(line: &'l Value, name: &str) -> Option<&'l str> {
    line.get(name)?.as_str()
}

fn bytes(line: &Value, name: &str) -> Option<Bytes> {
    text(line, name).map(|text| Bytes::copy_from_slice(text.as_bytes()))
}

fn list<'l>(line: &'l Value, name: &str) -> Option<&'l [Value]> {
    line.get(name)?.as_array().map(Vec::as_slice)
}

fn field<T: DeserializeOwned>(line: &Value, name: &str) -> Option<T> {
    T::deserialize(line.get(name)?).ok()
}

/// `2026-01-31T23:59:59.000001Z`, as [`Timestamp`] is written.
fn moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, micros) = time.split_once('.')?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<i64>().ok(),
        false => None,
    };
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let within = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && year < 1_000_000
        && (hour < 24 && minute < 60 && second < 60)
        && micros.len() == 6;
    if !within {
        return None;
    }
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let micros = seconds.checked_mul(1_000_000)?.checked_add(number(micros)?)?;
    Some(Timestamp::from_micros(u64::try_from(micros).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_it_was_written() {
        for micros in [0, 1, 951_782_399_000_001, 951_782_400_000_000, 4_102_444_799_999_999] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(moment(&at.to_string()), Some(at));
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00Z",
            "2026-13-31T12:00:00.000000Z",
            "1960-01-31T12:00:00.000000Z",
            "2026-01-31T12:00:00.00000é",
            "99999999999999999999-01-31T12:00:00.000000Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
