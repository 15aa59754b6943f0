//! Code that the database keeps, by its tokens: what it names, what it calls, and where it writes.
//!
//! Variables are not followed: whatever a text names may be in any of them. Statements that can be read
//! for themselves tell what of it goes into which column.

use std::collections::BTreeSet;

use model::Parent;
use sql::{Limits, Reach, RelationName, Source};

use super::Catalogue;
use super::bodies::Anywhere;
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

/// Words behind which a statement begins.
const OPENS: &[&str] = &["begin", "then", "else", "loop", "atomic", "also", "instead", "declare"];

/// Words in an expression that hold nothing.
const HARMLESS: &[&str] = &[
    "and",
    "or",
    "not",
    "is",
    "null",
    "true",
    "false",
    "distinct",
    "from",
    "case",
    "when",
    "then",
    "else",
    "end",
    "current_timestamp",
    "current_date",
    "localtimestamp",
    "current_user",
    "session_user",
    "tg_op",
    "tg_name",
    "tg_table_name",
    "tg_table_schema",
    "interval",
    "at",
    "time",
    "zone",
    "in",
    "array",
    "text",
    "int",
    "integer",
    "bigint",
    "numeric",
    "jsonb",
    "json",
    "date",
    "timestamp",
    "timestamptz",
    "boolean",
    "pg_catalog",
];

/// Relations that show data of others, or what is in nobody's table.
const TELL_ALL: &[&str] = &[
    "pg_stats",
    "pg_statistic",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_statistic_ext_data",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_largeobject",
    "pg_cursors",
    "pg_prepared_statements",
];

/// Functions of the server's own that put their arguments where no column is.
const KEEP: &[&str] = &[
    "set_config",
    "setval",
    "lo_put",
    "lo_from_bytea",
    "lowrite",
    "lo_import",
    "lo_export",
    "pg_logical_emit_message",
    "pg_file_write",
];

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

    fn writes(&mut self) {
        let mut at = 0;
        let mut tried = 0;
        while at < self.tokens.len() {
            let start = self.starts_statement(at);
            let word = self.word(at);
            if start && at >= tried && self.slices {
                let sliced = matches!(word, "insert" | "update" | "merge" | "delete" | "with");
                if sliced {
                    tried = self.slice_end(at);
                    if self.slice(at, tried) {
                        at = tried;
                        continue;
                    }
                }
            }
            if start {
                self.statement(at, word);
            }
            match word {
                "into" => self.into(at),
                "update" => self.update(at),
                "copy" if start => self.place(at + 1),
                "execute" if self.only_reads(at + 1) => {}
                "execute" | "alias" => self.code.unknown = true,
                _ => {}
            }
            if self.kind(at) == Some(&Kind::Assign) {
                self.assigned_before(at);
            }
            at += 1;
        }
    }

    /// Whether EXECUTE runs a constant, or one with names and constants put in, that only reads.
    fn only_reads(&mut self, at: usize) -> bool {
        let formats = self.word(at) == "format" && self.is(at + 1, b'(');
        let at = at + 2 * usize::from(formats);
        let Some(Kind::Text(text)) = self.kind(at) else { return false };
        let inner = tokens(text);
        let reads = inner.first().is_some_and(|first| first.kind.word() == "select");
        let more = inner.iter().any(|token| {
            token.kind == Kind::Sign(b';')
                || matches!(token.kind.word(), "into" | "insert" | "update")
        });
        // `%s` puts anything in.
        let whole = match formats {
            true => {
                !text.contains("%s")
                    && !text.contains("$s")
                    && matches!(self.kind(at + 1), Some(Kind::Sign(b',' | b')')))
            }
            false => {
                matches!(self.kind(at + 1), Some(Kind::Sign(b';')))
                    || matches!(self.word(at + 1), "into" | "using" | "loop")
            }
        };
        if !reads || more || !whole {
            return false;
        }
        self.names_in(text);
        for (place, token) in inner.iter().enumerate() {
            let called = inner.get(place + 1).is_some_and(|next| next.kind == Kind::Sign(b'('));
            if let Some(name) = token.kind.name()
                && called
            {
                self.name(None, name, true);
            }
        }
        true
    }

    /// What the first word of a statement tells.
    fn statement(&mut self, at: usize, word: &str) {
        match word {
            "create" | "alter" | "prepare" | "do" | "import" => self.code.unknown = true,
            // What they are given by name they may set.
            "get" | "call" | "fetch" | "for" | "foreach" => {
                let end =
                    (at..self.end(at)).find(|at| self.word(*at) == "loop").unwrap_or(self.end(at));
                for place in at..end {
                    self.row_place(place);
                }
            }
            "return" if !self.returns_row(at) => {
                self.write(Place::Row(None), From::Everything);
            }
            "new" => self.assignment(at),
            _ => {}
        }
    }

    /// RETURN of NEW, OLD, nothing, or the one of them that is there.
    fn returns_row(&self, at: usize) -> bool {
        let words: Vec<&str> = (at + 1..self.end(at))
            .take(7)
            .map(|at| match self.kind(at) {
                Some(Kind::Word(word)) => word.as_ref(),
                Some(Kind::Sign(b'(')) => "(",
                Some(Kind::Sign(b')')) => ")",
                Some(Kind::Sign(b',')) => ",",
                _ => "?",
            })
            .collect();
        matches!(
            words.as_slice(),
            [] | ["new" | "old" | "null"]
                | ["coalesce", "(", "new", ",", "old", ")"]
                | ["coalesce", "(", "old", ",", "new", ")"]
        )
    }

    fn write(&mut self, into: Place, from: From) {
        self.code.writes.push(Write { into, from });
    }

    /// NEW or a column of it at a token may be set.
    fn row_place(&mut self, at: usize) {
        let behind_dot = at.checked_sub(1).is_some_and(|before| self.is(before, b'.'));
        if self.kind(at).and_then(Kind::name) == Some("new") && !behind_dot {
            let column = self.chain(at).0.get(1).map(|name| (*name).into());
            self.write(Place::Row(column), From::Everything);
        }
    }

    /// `NEW.x := …;` at the begin of a statement.
    fn assignment(&mut self, at: usize) {
        let (names, next) = self.chain(at);
        let column = names.get(1).map(|name| Box::from(*name));
        let end = self.end(at);
        let assigns = matches!(self.kind(next), Some(Kind::Assign | Kind::Sign(b'=')));
        let simple = (assigns && names.len() == 2).then(|| self.only_row(next + 1, end)).flatten();
        let from = match (simple, &column) {
            (Some(mut columns), Some(column)) => {
                // What is put where it stands holds no more than before.
                columns.remove(column);
                From::Row(columns)
            }
            _ => From::Everything,
        };
        self.write(Place::Row(column), from);
    }

    /// The columns of OLD and NEW in an expression, when it holds nothing else that may carry anything.
    fn only_row(&self, start: usize, end: usize) -> Option<BTreeSet<Box<str>>> {
        let mut columns = BTreeSet::new();
        let mut at = start;
        while at < end {
            let (names, next) = self.chain(at);
            match names.as_slice() {
                [] if self.is(at, b'.') => return None,
                [] => {}
                ["new" | "old", column, ..] if !self.is(next, b'.') => {
                    columns.insert((*column).into());
                }
                [name] if HARMLESS.contains(name) => {}
                [name] | ["pg_catalog", name]
                    if self.is(next, b'(')
                        && !self.is_own(name)
                        && *name != "row"
                        && !keeps(name) => {}
                _ => return None,
            }
            at = next.max(at + 1);
        }
        Some(columns)
    }

    fn is_own(&self, function: &str) -> bool {
        !matches!(self.catalogue.function(None, function), sql::FunctionFacts::NotUserDefined)
    }

    /// A `:=` that does not stand behind the first name of a statement.
    fn assigned_before(&mut self, at: usize) {
        let (Some(first), Some(column)) = (at.checked_sub(3), at.checked_sub(1)) else { return };
        if self.kind(first).and_then(Kind::name) == Some("new")
            && self.is(first + 1, b'.')
            && !self.starts_statement(first)
        {
            let column = self.kind(column).and_then(Kind::name).map(Into::into);
            self.write(Place::Row(column), From::Everything);
        }
    }

    fn into(&mut self, at: usize) {
        if matches!(self.word_before(at), "insert" | "merge") {
            return self.place(at + 1);
        }
        if self.language == Language::Sql {
            self.code.unknown = true;
            return;
        }
        let mut next = at + 1 + usize::from(self.word(at + 1) == "strict");
        loop {
            self.row_place(next);
            next = self.chain(next).1;
            if !self.is(next, b',') {
                return;
            }
            next += 1;
        }
    }

    fn update(&mut self, at: usize) {
        let locks = matches!(self.word_before(at), "for" | "key");
        let on_conflict = self.word(at + 1) == "set";
        if !locks && !on_conflict {
            self.place(at + 1);
        }
    }

    /// The relation named at a token is written to.
    fn place(&mut self, at: usize) {
        let at = at + usize::from(self.word(at) == "only");
        let (names, _) = self.chain(at);
        let relation = match names.as_slice() {
            [name] => RelationName { schema: Parent::Any, name: (*name).to_owned() },
            [.., schema, name] => {
                RelationName { schema: Parent::Is((*schema).to_owned()), name: (*name).to_owned() }
            }
            [] => return,
        };
        self.write_relation(relation, None, From::Everything);
    }

    fn write_relation(&mut self, relation: RelationName, column: Option<Box<str>>, from: From) {
        // It may be a table that is made meanwhile.
        if self.catalogue.carried(&relation.schema, &relation.name, None).is_none() {
            self.code.unknown = true;
        } else {
            self.write(Place::Relation(relation, column), from);
        }
    }

    /// The end of a statement without the INTO behind its RETURNING, which is not SQL's.
    fn slice_end(&self, at: usize) -> usize {
        let end = self.end(at);
        let returning = (at..end).find(|at| self.word(*at) == "returning").unwrap_or(end);
        (returning..end).find(|at| self.word(*at) == "into").unwrap_or(end)
    }

    /// Reads one statement for itself. Answers whether that could be done.
    fn slice(&mut self, start: usize, end: usize) -> bool {
        let (Some(first), Some(last)) =
            (self.tokens.get(start), end.checked_sub(1).and_then(|last| self.tokens.get(last)))
        else {
            return false;
        };
        let Some(text) = self.text.get(first.at.start..last.at.end) else { return false };
        let mut text = text.as_bytes().to_vec();
        // A parameter by its number reads like one by its name.
        for token in self.tokens.get(start..end).unwrap_or_default() {
            if token.kind == Kind::Number
                && let Some(byte) = text.get_mut(token.at.start - first.at.start)
                && *byte == b'$'
            {
                *byte = b'_';
            }
        }
        let scope = Anywhere(self.catalogue);
        let Ok(statements) = sql::read(&text, &scope, &Limits::default()) else { return false };
        let [statement] = statements.as_slice() else { return false };
        if statement.stores {
            return false;
        }
        for stored in &statement.stored {
            let from = match stored.from.reach {
                Reach::Traced => {
                    let other = |source: &&Source| {
                        source.relation != stored.into || source.column != stored.column
                    };
                    From::Columns(stored.from.sources.iter().filter(other).cloned().collect())
                }
                Reach::Touched | Reach::Anything => From::Everything,
            };
            self.write_relation(stored.into.clone(), stored.column.clone(), from);
        }
        true
    }

    // --- what is named ---

    fn names(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let (names, next) = self.chain(at);
            if names.is_empty() {
                if let Some(Kind::Text(text)) = self.kind(at)
                    && self.code.unknown
                {
                    self.names_in(text);
                }
                at += 1;
                continue;
            }
            let called = self.is(next, b'(');
            match names.as_slice() {
                ["new" | "old"] => {
                    let given_back = self.given_back(at);
                    self.code.whole_row |= !given_back || self.is(next, b'.');
                }
                ["new" | "old", column, ..] => {
                    self.code.row.insert((*column).into());
                }
                [name] => self.name(None, name, called),
                [first, second, rest @ ..] => {
                    self.name(Some(first), second, called);
                    if let [third, ..] = rest {
                        self.name(Some(second), third, called);
                    }
                }
                [] => {}
            }
            at = next.max(at + 1);
        }
    }

    /// Whether NEW or OLD stands in a RETURN of nothing else.
    fn given_back(&self, at: usize) -> bool {
        let from = at.saturating_sub(5);
        let returned = (from..at).rev().find(|at| self.word(*at) == "return");
        returned.is_some_and(|returned| self.end(returned) >= at && self.returns_row(returned))
    }

    fn name(&mut self, qualifier: Option<&str>, name: &str, called: bool) {
        let pair = || (qualifier.map(Into::into), name.into());
        if TELL_ALL.contains(&name) {
            self.code.anything = true;
        }
        if self.catalogue.names.contains_key(name) {
            let pair = pair();
            self.code.names.insert(pair);
        }
        if called {
            self.code.unknown |= keeps(name);
            self.code.anything |= name.contains("_to_xml");
            if self.is_own(name) {
                let pair = pair();
                self.code.calls.insert(pair);
            }
        }
    }

    /// Relations that a text may name which is put together and run.
    fn names_in(&mut self, text: &str) {
        for token in tokens(text) {
            if let Some(name) = token.kind.name()
                && self.catalogue.names.contains_key(name)
            {
                self.code.names.insert((None, name.into()));
            }
        }
    }
}

fn keeps(function: &str) -> bool {
    KEEP.contains(&function) || function.starts_with("dblink")
}
