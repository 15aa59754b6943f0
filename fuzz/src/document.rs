use mask::{JsonPath, Masked, Operator, ValueFormat, ValueType, mask_json_paths};
use serde_json::Value;

/// Paths of which it is known here what they mean.
const KNOWN: [(&str, &[&str]); 6] = [
    ("$.a", &["a"]),
    ("$['a']['b c']", &["a", "b c"]),
    ("$.a[*]", &["a", "*"]),
    ("$.*.a", &["*", "a"]),
    ("$[0].a", &["0", "a"]),
    ("$", &[]),
];

/// A path into a JSON document is read or refused. What stands at it is masked however the document
/// writes it, and the document stays one.
pub fn json_paths(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (path, json) = (&data[..end], &data[end + 1..]);
    let Ok(path) = std::str::from_utf8(path) else { return };
    let parsed = JsonPath::parse(path);
    assert_eq!(JsonPath::parse(&format!(" {path}\t")).is_ok(), parsed.is_ok());
    if let Err(why) = &parsed {
        assert!(why.to_string().contains(path));
    }
    let mut paths: Vec<_> = KNOWN.iter().map(|(path, _)| JsonPath::parse(path).unwrap()).collect();
    paths.extend(parsed);
    let whole = serde_json::from_slice::<Value>(json);
    for (index, path) in paths.iter().enumerate() {
        let masked = masked(path, json);
        let Ok(whole) = &whole else { continue };
        let shown = match &masked {
            None => whole.clone(),
            Some(masked) => serde_json::from_slice(masked)
                .unwrap_or_else(|why| panic!("{why}: {:?}", String::from_utf8_lossy(masked))),
        };
        let Some((_, steps)) = KNOWN.get(index) else { continue };
        each(&shown, steps, &mut |value| {
            let hidden = matches!(value, Value::Null) || value.as_str() == Some("[masked]");
            assert!(hidden, "{value} at {steps:?} of {:?}", String::from_utf8_lossy(json));
        });
    }
}

/// The document with what stands at the path redacted; `None`: nothing stands there. As `jsonb` in
/// binary it is the same behind its version.
fn masked(path: &JsonPath, json: &[u8]) -> Option<Vec<u8>> {
    let paths = [(path.clone(), Operator::Redact)];
    let mut out = b"before".to_vec();
    let done = mask_json_paths(&paths, ValueType::Json, ValueFormat::Text, json, &mut out);
    let out = out.split_off(b"before".len());
    let mut binary = Vec::new();
    let versioned = [&[1], json].concat();
    let again =
        mask_json_paths(&paths, ValueType::Jsonb, ValueFormat::Binary, &versioned, &mut binary);
    assert_eq!(again, done);
    match done {
        Masked::Replaced => {
            assert_eq!(binary.strip_prefix(&[1]), Some(&out[..]));
            Some(out)
        }
        Masked::Kept => {
            assert!(out.is_empty() && binary.is_empty());
            None
        }
        Masked::Null => panic!("a document became NULL"),
    }
}

fn each(value: &Value, steps: &[&str], found: &mut impl FnMut(&Value)) {
    let [step, rest @ ..] = steps else { return found(value) };
    match value {
        Value::Object(members) => {
            // A number is a place in an array alone.
            let named = step.parse::<usize>().is_err();
            let wanted = members.iter().filter(|(name, _)| *step == "*" || named && name == step);
            wanted.for_each(|(_, value)| each(value, rest, found));
        }
        Value::Array(elements) => {
            let wanted = elements
                .iter()
                .enumerate()
                .filter(|(at, _)| *step == "*" || step.parse() == Ok(*at));
            wanted.for_each(|(_, value)| each(value, rest, found));
        }
        _ => {}
    }
}
