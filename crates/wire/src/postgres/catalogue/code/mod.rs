//! Code that the database keeps, by its tokens: what it names, what it calls, and where it writes.
//!
//! Variables are not followed: whatever a text names may be in any of them. Statements that can be read
//! for themselves tell what of it goes into which column.

mod names;
mod slice;
mod words;
mod writes;

use std::collections::BTreeSet;

use sql::{RelationName, Source};

use self::words::OPENS;
use super::Catalogue;
use super::tokens::{Kind, Token, tokens};

/// A name with the one before its dot.
pub(super) type Name = (Option<Box<str>>, Box<str>);

/// What one text does, as far as its words tell.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Relations that it may name.
    pub(super) names: BTreeSet<Name>,
    /// Functions of the users' own that it may call.
    pub(super) calls: BTreeSet<Name>,
    /// The columns of OLD and NEW that it names.
    pub(super) row: BTreeSet<Box<str>>,
    /// It takes OLD or NEW as a whole.
    pub(super) whole_row: bool,
    pub(super) writes: Vec<Write>,
    /// It may write anywhere: it runs a text, or makes what was not there.
    pub(super) unknown: bool,
    /// It may read anything.
    pub(super) anything: bool,
}

/// Something that is written.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) into: Place,
    pub(super) from: From,
}

#[derive(Debug)]
pub(super) enum Place {
    /// A column of NEW, or any.
    Row(Option<Box<str>>),
    /// A column of a relation, or any.
    Relation(RelationName, Option<Box<str>>),
}

#[derive(Debug)]
pub(super) enum From {
    /// Anything that the text names.
    Everything,
    /// These columns of OLD and NEW.
    Row(BTreeSet<Box<str>>),
    /// These columns.
    Columns(Vec<Source>),
}

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Plpgsql,
    Sql,
}

impl Language {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "plpgsql" => Some(Self::Plpgsql),
            "sql" => Some(Self::Sql),
            _ => None,
        }
    }
}

impl Code {
    /// Code that may do anything with what it is given.
    pub(super) fn unread() -> Self {
        Self { unknown: true, whole_row: true, ..Self::default() }
    }

    pub(super) fn read(text: &str, language: Language, catalogue: &Catalogue) -> Self {
        let tokens = tokens(text);
        let mut walk = Walk {
            text,
            tokens: &tokens,
            language,
            catalogue,
            code: Self::default(),
            // Variables may stand before columns.
            slices: !text.contains("variable_conflict"),
        };
        walk.writes();
        walk.names();
        walk.code
    }

    /// The action of a rule, out of its definition.
    pub(super) fn of_rule(definition: &str, catalogue: &Catalogue) -> Self {
        let action = tokens(definition)
            .iter()
            .find(|token| token.kind.word() == "do")
            .map(|token| token.at.end);
        let condition = action.and_then(|end| definition.get(..end)).unwrap_or(definition);
        let action = action.and_then(|end| definition.get(end..)).unwrap_or_default();
        let mut code = Self::read(action, Language::Sql, catalogue);
        // Its condition decides, and may call.
        code.calls.extend(Self::read(condition, Language::Sql, catalogue).calls);
        code
    }
}

struct Walk<'w> {
    text: &'w str,
    tokens: &'w [Token<'w>],
    language: Language,
    catalogue: &'w Catalogue,
    code: Code,
    slices: bool,
}

impl<'w> Walk<'w> {
    fn kind(&self, at: usize) -> Option<&'w Kind<'w>> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    fn word(&self, at: usize) -> &'w str {
        self.kind(at).map_or("", Kind::word)
    }

    fn word_before(&self, at: usize) -> &'w str {
        at.checked_sub(1).map_or("", |before| self.word(before))
    }

    fn is(&self, at: usize, sign: u8) -> bool {
        self.kind(at) == Some(&Kind::Sign(sign))
    }

    /// The name at a token with those behind its dots, and the token behind.
    fn chain(&self, at: usize) -> (Vec<&'w str>, usize) {
        let mut names = Vec::new();
        let mut next = at;
        while let Some(name) = self.kind(next).and_then(Kind::name) {
            names.push(name);
            next += 1;
            if !self.is(next, b'.') || self.kind(next + 1).and_then(Kind::name).is_none() {
                break;
            }
            next += 1;
        }
        (names, next)
    }

    fn starts_statement(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        match self.kind(before) {
            Some(Kind::Sign(b';' | b'>')) => true,
            Some(Kind::Word(word)) => OPENS.contains(&word.as_ref()),
            _ => false,
        }
    }

    /// The end of the statement that begins at a token: at its semicolon or behind the last token.
    fn end(&self, at: usize) -> usize {
        let semicolon = |token: &Token<'_>| token.kind == Kind::Sign(b';');
        let rest = self.tokens.get(at..).unwrap_or_default();
        at + rest.iter().position(semicolon).unwrap_or(rest.len())
    }

    // --- what is written ---
}
