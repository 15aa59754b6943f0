//! Options as programs take them that run another: up to the first word that is none.

use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

/// What options a program has.
#[derive(Debug)]
pub(super) struct Options {
    /// Letters that stand by themselves.
    pub(super) flags: &'static str,
    /// Letters that take a word.
    pub(super) valued: &'static str,
    /// Long names that stand by themselves, or have their value behind `=`.
    pub(super) long: &'static [&'static str],
    /// Long names that take a word, behind `=` or as the next.
    pub(super) long_valued: &'static [&'static str],
}

/// An option that was given: its letter or long name, and its word.
#[derive(Debug)]
pub(super) struct Given<'w> {
    pub(super) name: String,
    pub(super) value: Option<&'w Word>,
    /// The value where it stands in the same word as the option.
    pub(super) text: Option<String>,
}

/// Takes the options off the front of `words`. An option that is not known may take a word or not, and
/// what stands there may be the program: it is not understood.
pub(super) fn take<'w>(
    program: &str,
    options: &Options,
    words: &'w [Word],
) -> Result<(Vec<Given<'w>>, &'w [Word])> {
    let mut given = Vec::new();
    let mut rest = words;
    while let Some((word, behind)) = rest.split_first() {
        let Some(said) = word.literal.as_deref() else {
            // What it becomes may be an option, unless it begins like none.
            if word.single && word.lead.starts_with(|char| char != '-' && char != '+') {
                break;
            }
            if word.home.is_some() {
                break;
            }
            return unread_named(program, "its options are only known when it is run");
        };
        if said == "--" {
            rest = behind;
            break;
        }
        if let Some(long) = said.strip_prefix("--") {
            rest = behind;
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if options.long.contains(&name) {
                given.push(Given {
                    name: name.to_owned(),
                    value: None,
                    text: value.map(str::to_owned),
                });
            } else if options.long_valued.contains(&name) {
                let mut taken = None;
                if value.is_none() {
                    (taken, rest) = value_of(program, rest)?;
                }
                given.push(Given {
                    name: name.to_owned(),
                    value: taken,
                    text: value.map(str::to_owned),
                });
            } else {
                return unread_named(program, "it is given an option that is not known here");
            }
            continue;
        }
        let Some(letters) = said.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        rest = behind;
        for (at, letter) in letters.char_indices() {
            if options.flags.contains(letter) {
                given.push(Given { name: letter.to_string(), value: None, text: None });
                continue;
            }
            if !options.valued.contains(letter) {
                return unread_named(program, "it is given an option that is not known here");
            }
            let text = letters.get(at + letter.len_utf8()..).filter(|text| !text.is_empty());
            let mut taken = None;
            if text.is_none() {
                (taken, rest) = value_of(program, rest)?;
            }
            given.push(Given {
                name: letter.to_string(),
                value: taken,
                text: text.map(str::to_owned),
            });
            break;
        }
    }
    Ok((given, rest))
}

fn value_of<'w>(program: &str, words: &'w [Word]) -> Result<(Option<&'w Word>, &'w [Word])> {
    match words.split_first() {
        Some((value, rest)) if value.single => Ok((Some(value), rest)),
        _ => unread_named(program, "its options are only known when it is run"),
    }
}

impl Given<'_> {
    /// The value as it stands in the line, if nothing in it is expanded or read in two ways.
    pub(super) fn literal(&self) -> Option<&str> {
        match (self.value, &self.text) {
            (Some(word), None) if !word.dollar_quoted => word.literal.as_deref(),
            (None, Some(text)) => Some(text),
            _ => None,
        }
    }
}
