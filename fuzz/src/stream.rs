//! JSON documents that come in pieces.

use std::sync::{Arc, LazyLock};

use mask::{DataClass, Detectors, Document, DocumentRules, NotJson, Operator};
use serde_json::Value;

static RULES: LazyLock<Arc<DocumentRules>> = LazyLock::new(|| {
    let class = || DataClass::new("secret").unwrap();
    let rules = DocumentRules::new(Arc::new(Detectors::all()))
        .name("ssn", class(), Operator::Redact)
        .path("$.a".parse().unwrap(), class(), Operator::Redact)
        .path("$[*].b[0]".parse().unwrap(), class(), Operator::Redact);
    Arc::new(rules)
});
static NONE: LazyLock<Arc<DocumentRules>> =
    LazyLock::new(|| Arc::new(DocumentRules::new(Arc::new(Detectors::none()))));

/// How documents are cut into pieces changes nothing. What comes out of them are documents again, which show nothing of
/// what rules name.
pub fn mask_document(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else { return };
    let size = 1 + usize::from(size);
    let at_once = streamed(&RULES, [text]);
    assert_eq!(streamed(&RULES, text.chunks(size)), at_once, "{size}");
    let (shown, done) = at_once;
    let (same, read) = streamed(&NONE, text.chunks(size));
    assert_eq!(read, done, "what is masked decides nothing about what is JSON");
    assert!(text.starts_with(&same));
    if done.is_err() {
        return;
    }
    assert_eq!(same, text);
    assert_eq!(streamed(&NONE, [&shown[..]]), (shown.clone(), Ok(())));
    if serde_json::from_slice::<Value>(text).is_ok() {
        let shown: Value = serde_json::from_slice(&shown)
            .unwrap_or_else(|why| panic!("{why}: {:?}", String::from_utf8_lossy(&shown)));
        hidden_by_name(&shown);
        hidden(shown.as_object().and_then(|members| members.get("a")));
        for element in shown.as_array().into_iter().flatten() {
            let named = element.as_object().and_then(|members| members.get("b"));
            hidden(named.and_then(Value::as_array).and_then(|elements| elements.first()));
        }
    }
}

fn streamed<'t>(
    rules: &Arc<DocumentRules>,
    pieces: impl IntoIterator<Item = &'t [u8]>,
) -> (Vec<u8>, Result<(), NotJson>) {
    let (mut document, mut out) = (Document::new(Arc::clone(rules)), Vec::new());
    let fed = pieces.into_iter().try_for_each(|piece| {
        let done = document.feed(piece, &mut out);
        assert!(document.held() <= 1 << 20);
        done
    });
    let done = fed.and_then(|()| document.end(&mut out));
    (out, done)
}

fn hidden_by_name(value: &Value) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            hidden(Some(value).filter(|_| name.eq_ignore_ascii_case("ssn")));
            hidden_by_name(value);
        }),
        Value::Array(elements) => elements.iter().for_each(hidden_by_name),
        _ => {}
    }
}

fn hidden(value: Option<&Value>) {
    assert!(value.is_none_or(|value| value.as_str() == Some("[masked]")), "{value:?}");
}
