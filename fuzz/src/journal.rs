use evidence::journal::{Entry, put};

/// A journal is read as far as it adds up, and what was read is what was written there.
pub fn evidence_journal(data: &[u8]) {
    let mut rest = data;
    let mut again = Vec::new();
    while let Some(entry) = Entry::read(&mut rest).unwrap() {
        put(entry.session, entry.at, &entry.bytes, &mut again);
        assert!(data.starts_with(&again));
        assert_eq!(
            rest.len(),
            data.len() - again.len(),
            "what follows is read from where this ended"
        );
    }
}
