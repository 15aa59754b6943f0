use std::sync::Arc;

use mask::{ClassDefinition, Classes, DataClass, Detectors};

/// A class that a house defines for itself is refused with a reason or finds what its words say, in
/// any text: a pattern, a dictionary, a checksum and words in front, a line each, then the text.
pub fn class_definition(data: &[u8]) {
    let mut lines = data.splitn(5, |byte| *byte == b'\n');
    let Some([pattern, dictionary, checksum, context]) = lines
        .by_ref()
        .take(4)
        .map(|line| std::str::from_utf8(line).ok())
        .collect::<Option<Vec<_>>>()
        .and_then(|lines| <[&str; 4]>::try_from(lines).ok())
    else {
        return;
    };
    let text = lines.next().unwrap_or_default();
    if data.len() > 16 << 10 {
        return;
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let words = |text: &str| -> Vec<String> {
        let words = text.split('|').filter(|_| !text.is_empty());
        words.map(str::to_owned).collect()
    };
    let class = DataClass::new("house_no").unwrap();
    let definition = Arc::new(ClassDefinition {
        class: class.clone(),
        what: "A number of this house".into(),
        pattern: some(pattern),
        dictionary: words(dictionary),
        checksum: some(checksum),
        context: words(context),
    });
    let classes: Classes =
        ["email", "credit_card"].iter().filter_map(|name| DataClass::new(name)).collect();
    let classes: Classes = classes.into_iter().chain([class]).collect();
    let made = || Detectors::with_definitions(&classes, &[Arc::clone(&definition)]);
    let detectors = match made() {
        Ok(detectors) => detectors,
        Err(why) => {
            assert_eq!(made().err(), Some(why.clone()));
            assert!(why.to_string().contains("`house_no`"), "{why}");
            return;
        }
    };

    let found = detectors.find(text);
    let mut end = 0;
    for finding in &found {
        assert!(finding.start >= end && finding.end > finding.start && finding.end <= text.len());
        end = finding.end;
    }
    let mut out = Vec::new();
    assert_eq!(detectors.mask_text(text, &mut out), !found.is_empty());
    assert!(std::str::from_utf8(text).is_err() || std::str::from_utf8(&out).is_ok());

    // A word of the dictionary that stands alone is found, in whichever case.
    if definition.checksum.is_some() || !definition.context.is_empty() {
        return;
    }
    for word in definition.dictionary.iter().map(|word| word.trim()) {
        for word in [word.to_owned(), word.to_ascii_uppercase()] {
            let before = [text, b" "].concat();
            let whole = [&before, word.as_bytes(), b" ", text].concat();
            let place = before.len()..before.len() + word.len();
            let covers = detectors
                .find(&whole)
                .iter()
                .any(|finding| finding.start < place.end && place.start < finding.end);
            assert!(covers, "{word:?} in {:?}", String::from_utf8_lossy(&whole));
        }
    }
}
