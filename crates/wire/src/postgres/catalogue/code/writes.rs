//! Where a text writes.

use std::collections::BTreeSet;

use model::Parent;
use sql::RelationName;

use super::super::tokens::{Kind, tokens};
use super::words::{HARMLESS, keeps};
use super::{From, Language, Place, Walk, Write};

impl Walk<'_> {
    pub(super) fn writes(&mut self) {
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
    pub(super) fn returns_row(&self, at: usize) -> bool {
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

    pub(super) fn is_own(&self, function: &str) -> bool {
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

    pub(super) fn write_relation(
        &mut self,
        relation: RelationName,
        column: Option<Box<str>>,
        from: From,
    ) {
        // It may be a table that is made meanwhile.
        if self.catalogue.carried(&relation.schema, &relation.name, None).is_none() {
            self.code.unknown = true;
        } else {
            self.write(Place::Relation(relation, column), from);
        }
    }
}
