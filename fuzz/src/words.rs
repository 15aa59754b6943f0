use evidence::words::{Phrases, each_word};

/// What somebody asks for is phrases of words; a text that holds these in a row has what was asked for.
pub fn search_words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(phrases) = Phrases::parse(&text) else { return };
    assert!(!phrases.is_empty());
    for phrase in phrases.iter() {
        assert!(!phrase.is_empty());
        for word in phrase {
            let mut words = Vec::new();
            each_word(word.as_bytes(), |word| words.push(word.to_owned()));
            assert!(!words.is_empty(), "{word:?} is no word");
            let plain = word.chars().all(|c| c.is_alphanumeric() || c == '_');
            assert!(plain || !word.is_ascii(), "{word:?}");
        }
    }
    assert!(phrases.found_in(data), "a text has what is asked for in its own words");
}
