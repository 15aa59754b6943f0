//! Classes that a house defines for itself.
//!
//! ```text
//!   pattern (linear regular expression) ─┐
//!   dictionary (whole words)            ─┴► checksum ─► context words in front ─► found
//! ```

mod context;
mod error;
mod pattern;

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use model::ClassDefinition;

pub use error::DefinitionError;

use crate::gather::{Found, Shown, What};
use crate::scan::Kind;
use crate::scan::ident::check::{self, Check};
use pattern::Pattern;

/// Definitions, compiled.
#[derive(Clone, Default)]
pub(crate) struct Defined {
    all: Arc<[Class]>,
}

struct Class {
    definition: Arc<ClassDefinition>,
    pattern: Option<Pattern>,
    dictionary: Option<AhoCorasick>,
    check: Option<Check>,
}

impl Defined {
    pub(crate) fn new(definitions: &[Arc<ClassDefinition>]) -> Result<Self, DefinitionError> {
        Ok(Self { all: definitions.iter().map(compiled).collect::<Result<_, _>>()? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The class's name.
    pub(crate) fn name(&self, place: usize) -> &str {
        self.all.get(place).map_or("", |class| class.definition.class.as_str())
    }

    /// Appends what is found, in no order.
    pub(crate) fn find(&self, context: &[u8], text: &[u8], found: &mut Vec<Found>) {
        for (place, class) in self.all.iter().enumerate() {
            class.each(text, |start, end| {
                if class.holds(context, text, start, end) {
                    found.push(Found {
                        start,
                        end,
                        what: What::Defined(place),
                        shown: Shown::Found,
                    });
                }
            });
        }
    }
}

impl Class {
    fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        if let Some(pattern) = &self.pattern {
            pattern.each(text, &mut found);
        }
        if let Some(dictionary) = &self.dictionary {
            for word in dictionary.find_overlapping_iter(text) {
                if is_whole(text, word.start(), word.end()) {
                    found(word.start(), word.end());
                }
            }
        }
    }

    fn holds(&self, context: &[u8], text: &[u8], start: usize, end: usize) -> bool {
        let words = &self.definition.context;
        let passes = |check: Check| {
            let found = text.get(start..end).unwrap_or_default();
            let plain: Vec<u8> = found
                .iter()
                .filter(|byte| byte.is_ascii_alphanumeric())
                .map(u8::to_ascii_uppercase)
                .collect();
            check(&plain)
        };
        self.check.is_none_or(passes)
            && (words.is_empty() || context::stands_before(words, context, text, start))
    }
}

fn compiled(definition: &Arc<ClassDefinition>) -> Result<Class, DefinitionError> {
    let name = definition.class.as_str();
    if Kind::named(name).is_some() {
        return Err(DefinitionError::Shadows { class: name.into() });
    }
    let words: Vec<_> = definition.dictionary.iter().map(|word| word.trim()).collect();
    if words
        .iter()
        .chain(&definition.context.iter().map(|w| w.trim()).collect::<Vec<_>>())
        .any(|w| w.is_empty())
    {
        return Err(DefinitionError::EmptyWord { class: name.into() });
    }
    if definition.pattern.is_none() && words.is_empty() {
        return Err(DefinitionError::Nothing { class: name.into() });
    }
    let check = match &definition.checksum {
        None => None,
        Some(wanted) => Some(check::named(wanted).ok_or_else(|| DefinitionError::Checksum {
            class: name.into(),
            checksum: wanted.clone(),
        })?),
    };
    let pattern =
        definition.pattern.as_deref().map(|pattern| Pattern::new(name, pattern)).transpose()?;
    let dictionary = if words.is_empty() { None } else { Some(dictionary(name, &words)?) };
    Ok(Class { definition: Arc::clone(definition), pattern, dictionary, check })
}

fn dictionary(class: &str, words: &[&str]) -> Result<AhoCorasick, DefinitionError> {
    // Beyond ASCII the machine knows no case: small, capital and as they are written.
    let all = words.iter().flat_map(|word| match word.is_ascii() {
        true => vec![(*word).to_owned()],
        false => vec![(*word).to_owned(), word.to_lowercase(), word.to_uppercase()],
    });
    AhoCorasick::builder().ascii_case_insensitive(true).build(all).map_err(|error| {
        DefinitionError::Dictionary { class: class.into(), why: error.to_string() }
    })
}

/// Whether no letter or digit touches it.
fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let part_of = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    !part_of(start.checked_sub(1).and_then(|before| text.get(before))) && !part_of(text.get(end))
}
