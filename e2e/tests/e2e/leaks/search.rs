//! Looking for canaries in what came out.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use e2e::Message;

use super::canary::{Canaries, Form};

/// Every canary in every encoding, ready to be looked for.
pub(super) struct Search {
    raw: Automaton,
    bare: Automaton,
    fields: BTreeMap<Vec<u8>, String>,
}

struct Automaton {
    forms: Vec<Form>,
    machine: AhoCorasick,
}

/// A canary that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) place: &'static str,
    pub(super) encoding: &'static str,
    pub(super) canary: String,
}

impl Automaton {
    fn new(forms: Vec<Form>) -> Self {
        let bytes: Vec<_> = forms.iter().map(|form| &form.bytes).collect();
        let machine = AhoCorasick::builder().ascii_case_insensitive(true).build(bytes);
        Self { machine: machine.expect("some thousand patterns"), forms }
    }

    fn find(&self, place: &'static str, bytes: &[u8], found: &mut BTreeSet<Found>) {
        for hit in self.machine.find_iter(bytes) {
            let form = &self.forms[hit.pattern().as_usize()];
            found.insert(Found { place, encoding: form.encoding, canary: form.canary.clone() });
        }
    }

    fn first(&self, bytes: &[u8]) -> Option<(usize, &Form)> {
        let hit = self.machine.find(bytes)?;
        Some((hit.start(), &self.forms[hit.pattern().as_usize()]))
    }
}

impl Search {
    pub(super) fn new(canaries: &Canaries) -> Self {
        let (raw, bare) = (Automaton::new(canaries.forms()), Automaton::new(canaries.bare()));
        Self { raw, bare, fields: canaries.fields() }
    }

    /// Looks at what a client received: the bytes as they are, and what its messages say together.
    pub(super) fn client(&self, bytes: &[u8], messages: &[Message]) -> BTreeSet<Found> {
        let mut found = BTreeSet::new();
        self.raw.find("the client's bytes", bytes, &mut found);
        let mut columns: Vec<Vec<u8>> = Vec::new();
        let mut told = Vec::new();
        for message in messages {
            match message.kind {
                b'D' => self.row(message, &mut columns, &mut found),
                b'd' => told.extend(letters(&message.body)),
                b'E' | b'N' => {
                    for (letter, text) in &message.error().0 {
                        // What is said letter by letter is said in one of these.
                        if matches!(letter, 'M' | 'D' | 'H') {
                            told.extend(letters(text.as_bytes()));
                        }
                    }
                }
                _ => {}
            }
        }
        self.bare.find("what was copied or told, put together", &told, &mut found);
        for column in columns {
            self.bare.find("a column's values, put together", &column, &mut found);
        }
        found
    }

    fn row(&self, message: &Message, columns: &mut Vec<Vec<u8>>, found: &mut BTreeSet<Found>) {
        let fields = message.fields();
        columns.resize(columns.len().max(fields.len()), Vec::new());
        let mut row = Vec::new();
        for (field, column) in fields.iter().zip(columns) {
            let Some(field) = field else { continue };
            if let Some(canary) = self.fields.get(field) {
                let canary = canary.clone();
                found.insert(Found { place: "a field", encoding: "a number of days", canary });
            }
            row.extend(letters(field));
            column.extend(piece(field));
        }
        self.bare.find("a row's values, put together", &row, found);
    }

    /// Looks at a file, and says what is there and what stands before it.
    pub(super) fn file(&self, bytes: &[u8]) -> Option<String> {
        if let Some((at, form)) = self.raw.first(bytes) {
            return Some(tell(bytes, at, form));
        }
        let bare = letters(bytes);
        self.bare.first(&bare).map(|(at, form)| tell(&bare, at, form))
    }

    /// The same of bytes that are sealed or packed, in which short patterns turn up by chance.
    pub(super) fn sealed(&self, bytes: &[u8]) -> Option<String> {
        let long = self.raw.machine.find_iter(bytes).find(|hit| {
            hit.len() >= 8 && {
                let form = &self.raw.forms[hit.pattern().as_usize()];
                form.encoding != "date"
            }
        })?;
        Some(tell(bytes, long.start(), &self.raw.forms[long.pattern().as_usize()]))
    }
}

fn tell(bytes: &[u8], at: usize, form: &Form) -> String {
    let around = &bytes[at.saturating_sub(160)..bytes.len().min(at + 60)];
    format!("{} ({}) in …{}…", form.canary, form.encoding, String::from_utf8_lossy(around))
}

fn letters(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(u8::is_ascii_alphanumeric).collect()
}

/// What a value may be one letter of: the letter, its code, its byte.
fn piece(field: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(field).unwrap_or_default();
    if let Some(bytes) = text.strip_prefix("\\x").and_then(|digits| hex::decode(digits).ok()) {
        return letters(&bytes);
    }
    match (text.parse::<u8>(), field) {
        (Ok(code @ 97..=122), _) => vec![code],
        (_, [0, 0, 0, code @ 97..=122]) => vec![*code],
        _ => letters(field),
    }
}
