//! The parser's tree → ours: an allow-list of its nodes, and a check that every byte of the text is
//! accounted for.

mod compound;
mod cover;
mod heredoc;
mod part;

use shuck_ast::{
    ArrayElem, Assignment as Assigned, AssignmentValue, BackgroundOperator, BinaryCommand,
    BinaryOp, BuiltinCommand, Command, DeclClause, DeclOperand, Redirect as Redirected,
    RedirectKind, RedirectTarget, Span, Stmt, StmtSeq, StmtTerminator, Subscript, Word as Worded,
};
use shuck_parser::parser::{Parser, ShellDialect, ShellProfile};

use self::cover::Cover;
use super::NESTED;
use super::arithmetic::{is_count, is_number, is_variable};
use super::quoting::{self, Place};
use super::text;
use super::tree::{Assignment, Redirect, Simple, Tree, Word};
use super::why::{Result, Why, unread};

/// How deep the parser's tree may be. Its stack is bounded by this, and so is ours.
const DEPTH: usize = 40;
/// How many steps the parser may take.
const FUEL: usize = 200_000;

/// Reads a text in the grammar that shells have in common, `nested` commands deep.
pub(super) fn parse(text: &str, nested: usize) -> Result<Tree> {
    if nested > NESTED {
        return unread("commands stand in commands too deeply");
    }
    text::check(text)?;
    let profile = ShellProfile::native(ShellDialect::Bash);
    let parsed = Parser::with_limits_and_profile(text, DEPTH, FUEL, profile).parse();
    if !parsed.is_ok() {
        let error = parsed.strict_error().to_string();
        let short: String = error.chars().filter(|char| !char.is_control()).take(120).collect();
        return Err(Why(format!("it is no command of a shell: {short}").into()));
    }
    let mut grammar = Grammar { source: text, cover: Cover::new(text), nested };
    let tree = grammar.sequence(&parsed.file.body)?;
    grammar.cover.check()?;
    Ok(tree)
}

/// Whether the parser takes a text for whole commands of a shell.
pub(super) fn is_command(text: &str) -> bool {
    let profile = ShellProfile::native(ShellDialect::Bash);
    text::check(text).is_ok()
        && Parser::with_limits_and_profile(text, DEPTH, FUEL, profile).parse().is_ok()
}

struct Grammar<'t> {
    source: &'t str,
    cover: Cover<'t>,
    nested: usize,
}

const NODE: &str = "it holds a form of command that shells do not have in common";
const PLACE: &str = "its parts do not stand where the grammar says";

impl<'t> Grammar<'t> {
    fn sequence(&mut self, list: &StmtSeq) -> Result<Tree> {
        for (one, next) in list.stmts.iter().zip(list.stmts.iter().skip(1)) {
            self.parted(one, next)?;
        }
        let trees: Result<Vec<_>> = list.stmts.iter().map(|stmt| self.statement(stmt)).collect();
        Ok(Tree::Sequence(trees?))
    }

    /// One command ends before the next: by an operator, or with its line.
    fn parted(&self, one: &Stmt, next: &Stmt) -> Result<()> {
        let (start, end) = (one.span.start.offset(), next.span.start.offset());
        let behind = self.source.get(one.span.end.offset().min(end)..end).unwrap_or("");
        // The body of a here-document belongs to its command, and ends in the line's end.
        let whole = self.source.get(start..end).unwrap_or("").trim_end_matches([' ', '\t']);
        let line_ends = behind.replace("\\\n", "").contains('\n')
            || (whole.ends_with('\n') && !whole.ends_with("\\\n"));
        if one.terminator.is_some() || line_ends {
            return Ok(());
        }
        unread("a command stands behind another one that has not ended")
    }

    fn statement(&mut self, stmt: &Stmt) -> Result<Tree> {
        let redirects = self.redirects(&stmt.redirects)?;
        let tree = match &stmt.command {
            Command::Simple(simple) => {
                let mut words = Vec::with_capacity(simple.args.len() + 1);
                if !simple.name.span.slice(self.source).is_empty() {
                    let typed = simple.name.span.slice(self.source);
                    if typed.split_once('[').is_some_and(|(name, _)| is_variable(name)) {
                        return unread("it begins with a subscript");
                    }
                    words.push(self.word(&simple.name, Place::Word)?);
                }
                for word in &simple.args {
                    words.push(self.word(word, Place::Word)?);
                }
                let assignments = self.assignments(&simple.assignments)?;
                // Without `&>` in its grammar a shell ends the command there: what follows is another.
                let last = simple.args.last().unwrap_or(&simple.name).span.end.offset();
                let both = |redirect: &Redirected| {
                    redirect.span.slice(self.source).starts_with('&')
                        && redirect.span.start.offset() < last
                };
                if stmt.redirects.iter().any(both) {
                    return unread("words stand behind `&>`");
                }
                Tree::Simple(Simple { assignments, words, redirects })
            }
            Command::Builtin(builtin) => self.builtin(builtin, redirects)?,
            Command::Decl(clause) => self.declaration(clause, redirects)?,
            Command::Binary(binary) if redirects.is_empty() => self.binary(binary)?,
            Command::Compound(compound) => {
                let tree = self.compound(compound)?;
                with_redirects(tree, redirects)
            }
            Command::Function(function) if redirects.is_empty() => self.function(function)?,
            Command::Binary(_) | Command::Function(_) | Command::AnonymousFunction(_) => {
                return unread(NODE);
            }
        };
        match stmt.terminator {
            None | Some(StmtTerminator::Semicolon) => Ok(tree),
            Some(StmtTerminator::Background(BackgroundOperator::Plain)) => {
                Ok(Tree::Apart(Box::new(tree)))
            }
            Some(StmtTerminator::Background(
                BackgroundOperator::Pipe | BackgroundOperator::Bang,
            )) => unread(NODE),
        }
    }

    /// `a && b || c | d`: chains lean to the left and may be long, so they are followed in a loop.
    fn binary(&mut self, binary: &BinaryCommand) -> Result<Tree> {
        let mut links = vec![(binary.op, &binary.right)];
        let mut first = &binary.left;
        while let Command::Binary(inner) = &first.command {
            if !first.redirects.is_empty() || first.terminator.is_some() {
                return unread(NODE);
            }
            links.push((inner.op, &inner.right));
            first = &inner.left;
        }
        let mut trees = vec![self.statement(first)?];
        for (op, right) in links.into_iter().rev() {
            let right = self.statement(right)?;
            match op {
                BinaryOp::And | BinaryOp::Or => trees.push(Tree::Choice(vec![right])),
                BinaryOp::Pipe | BinaryOp::PipeAll => {
                    trees = trees.into_iter().map(apart).collect();
                    trees.push(apart(right));
                }
            }
        }
        Ok(Tree::Sequence(trees))
    }

    /// `exit`, `return`, `break`, `continue`: programs like all others, to a policy.
    fn builtin(&mut self, builtin: &BuiltinCommand, redirects: Vec<Redirect>) -> Result<Tree> {
        let (name, first, rest, assigned, span) = match builtin {
            BuiltinCommand::Break(it) => {
                ("break", &it.depth, &it.extra_args, &it.assignments, it.span)
            }
            BuiltinCommand::Continue(it) => {
                ("continue", &it.depth, &it.extra_args, &it.assignments, it.span)
            }
            BuiltinCommand::Return(it) => {
                ("return", &it.code, &it.extra_args, &it.assignments, it.span)
            }
            BuiltinCommand::Exit(it) => {
                ("exit", &it.code, &it.extra_args, &it.assignments, it.span)
            }
        };
        if !assigned.is_empty() {
            return unread(NODE);
        }
        let start = span.start.offset();
        self.cover.place(start, start + name.len())?;
        if self.source.get(start..start + name.len()) != Some(name) {
            return unread(PLACE);
        }
        let mut words = vec![Word::given(name)];
        for word in first.iter().chain(rest) {
            words.push(self.word(word, Place::Word)?);
        }
        Ok(Tree::Simple(Simple { assignments: Vec::new(), words, redirects }))
    }

    /// `export`, `readonly`, `local`, `declare`, `typeset`.
    fn declaration(&mut self, clause: &DeclClause, redirects: Vec<Redirect>) -> Result<Tree> {
        let name = clause.variant.as_str();
        if clause.variant_span.slice(self.source) != name {
            return unread("a declaration is written with quotes");
        }
        self.cover.span(clause.variant_span)?;
        let mut assignments = self.assignments(&clause.assignments)?;
        let mut words = vec![Word::given(name)];
        for operand in &clause.operands {
            match operand {
                DeclOperand::Flag(word) | DeclOperand::Dynamic(word) => {
                    words.push(self.word(word, Place::Word)?);
                }
                DeclOperand::Name(reference) => {
                    if reference.subscript.is_some() {
                        return unread("a subscript is only known when it is run");
                    }
                    self.cover.span(reference.span)?;
                    words.push(Word::given(reference.span.slice(self.source)));
                }
                DeclOperand::Assignment(assigned) => {
                    let assignment = self.assignment(assigned)?;
                    words.push(Word::given(assigned.span.slice(self.source)));
                    assignments.push(assignment);
                }
            }
        }
        Ok(Tree::Simple(Simple { assignments, words, redirects }))
    }

    fn assignments(&mut self, assigned: &[Assigned]) -> Result<Vec<Assignment>> {
        assigned.iter().map(|assigned| self.assignment(assigned)).collect()
    }

    fn assignment(&mut self, assigned: &Assigned) -> Result<Assignment> {
        let name = assigned.target.name.as_str();
        let typed = assigned.span.slice(self.source);
        if !is_variable(name) || !typed.starts_with(name) {
            return unread(PLACE);
        }
        let subscript = assigned.target.subscript.as_deref();
        if subscript.is_some_and(|subscript| !self.is_plain(subscript)) {
            return unread("a subscript is only known when it is run");
        }
        self.cover.span(assigned.span)?;
        let mut number = false;
        let values = match &assigned.value {
            AssignmentValue::Scalar(word) => {
                let value = self.value(word, assigned.span)?;
                number = !assigned.append
                    && subscript.is_none()
                    && (value.literal.as_deref().is_some_and(is_number)
                        || (value.typed.starts_with("$((") && self.is_one_part(word)));
                vec![value]
            }
            AssignmentValue::Compound(array) => {
                let mut values = Vec::new();
                for element in &array.elements {
                    let (key, value) = match element {
                        ArrayElem::Sequential(value) => (None, value),
                        ArrayElem::Keyed { key, value } => (Some(key), value),
                        ArrayElem::KeyedAppend { .. } => return unread(NODE),
                    };
                    if key.is_some_and(|key| !self.is_plain(key)) {
                        return unread("a subscript is only known when it is run");
                    }
                    values.push(self.word(&value.word, Place::Word)?);
                }
                values
            }
        };
        Ok(Assignment { name: name.to_owned(), values, number })
    }

    /// What stands behind the `=`, to the end of the assignment.
    fn value(&mut self, word: &Worded, whole: Span) -> Result<Word> {
        let typed = whole.slice(self.source);
        let Some((before, behind)) = typed.split_once('=') else { return unread(PLACE) };
        let start = whole.start.offset() + before.len() + 1;
        let scanned = quoting::scan(behind, start, &part::parts(&word.parts)?, Place::Value)?;
        self.inner(scanned)
    }

    fn is_one_part(&self, word: &Worded) -> bool {
        word.parts.len() == 1
    }

    fn is_plain(&self, subscript: &Subscript) -> bool {
        let typed = subscript.span().slice(self.source);
        !typed.is_empty() && typed.len() < 10 && typed.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn redirects(&mut self, redirects: &[Redirected]) -> Result<Vec<Redirect>> {
        let mut found = Vec::new();
        for redirect in redirects {
            if redirect.fd_var.is_some() {
                return unread("a descriptor is kept in a variable");
            }
            self.cover.span(redirect.span)?;
            if redirect
                .word_target()
                .is_some_and(|word| word.span.slice(self.source).starts_with('!'))
            {
                return unread("`>!` is an operator to some shells");
            }
            match (&redirect.kind, &redirect.target) {
                (
                    RedirectKind::Output
                    | RedirectKind::Clobber
                    | RedirectKind::Append
                    | RedirectKind::Input
                    | RedirectKind::ReadWrite
                    | RedirectKind::OutputBoth,
                    RedirectTarget::Word(word),
                ) => found.push(Redirect::File(self.word(word, Place::Word)?)),
                (RedirectKind::DupOutput | RedirectKind::DupInput, RedirectTarget::Word(word)) => {
                    found.push(self.duplicate(redirect, word)?);
                }
                (RedirectKind::HereString, RedirectTarget::Word(word)) => {
                    found.push(Redirect::Text(self.word(word, Place::Word)?));
                }
                (
                    RedirectKind::HereDoc | RedirectKind::HereDocStrip,
                    RedirectTarget::Heredoc(document),
                ) => found.push(Redirect::Text(self.document(document)?)),
                _ => return unread(NODE),
            }
        }
        Ok(found)
    }

    /// `2>&1` names a descriptor, `>&file` a file.
    fn duplicate(&mut self, redirect: &Redirected, word: &Worded) -> Result<Redirect> {
        let typed = redirect.span.slice(self.source);
        let Some((_, target)) = typed.split_once('&') else { return unread(PLACE) };
        let target = target.trim_start_matches([' ', '\t']);
        let number = target.strip_suffix('-').unwrap_or(target);
        if number.bytes().all(|byte| byte.is_ascii_digit()) && !target.is_empty() {
            return Ok(Redirect::Descriptor);
        }
        self.word(word, Place::Word).map(Redirect::File)
    }

    fn word(&mut self, word: &Worded, place: Place) -> Result<Word> {
        self.scanned(word.span, &part::parts(&word.parts)?, place)
    }

    fn scanned(&mut self, span: Span, parts: &[quoting::Part], place: Place) -> Result<Word> {
        let typed = span.slice(self.source);
        if typed.is_empty() {
            return unread(PLACE);
        }
        self.cover.word(span)?;
        let scanned = quoting::scan(typed, span.start.offset(), parts, place)?;
        self.inner(scanned)
    }

    /// The commands inside a word are read as texts of their own: the parser takes for plain text what
    /// it cannot read there.
    fn inner(&mut self, scanned: quoting::Scanned) -> Result<Word> {
        let mut word = scanned.word;
        for text in scanned.texts {
            word.inner.push(parse(&text, self.nested + 1)?);
        }
        Ok(word)
    }
}

fn apart(tree: Tree) -> Tree {
    match tree {
        Tree::Apart(_) => tree,
        tree => Tree::Apart(Box::new(tree)),
    }
}

/// A compound command and what its redirections name: they are opened first.
fn with_redirects(tree: Tree, redirects: Vec<Redirect>) -> Tree {
    if redirects.is_empty() {
        return tree;
    }
    Tree::Sequence(vec![Tree::Opened { redirects, looked_at: Vec::new() }, tree])
}

/// Whether what a loop counts through are whole numbers.
fn all_numbers(words: &[Word]) -> bool {
    words.iter().all(|word| word.literal.as_deref().is_some_and(is_number) || is_count(&word.typed))
}
