//! Commands made of commands.

use shuck_ast::{
    CaseCommand, CompoundCommand, ConditionalBinaryOp, ConditionalCommand, ConditionalExpr,
    ConditionalUnaryOp, CoprocCommand, ForCommand, ForSyntax, FunctionDef, IfCommand, IfSyntax,
    Span, StmtSeq, TimeCommand,
};

use super::{Grammar, NODE, PLACE, all_numbers, part, with_redirects};
use crate::shell::arithmetic::{self, is_number, is_variable};
use crate::shell::quoting::Place;
use crate::shell::tree::{Assignment, Simple, Tree, Word};
use crate::shell::why::{Result, unread};

impl Grammar<'_> {
    pub(super) fn compound(&mut self, compound: &CompoundCommand) -> Result<Tree> {
        match compound {
            CompoundCommand::If(it) => self.conditional(it),
            CompoundCommand::For(it) => self.for_each(it),
            CompoundCommand::ArithmeticFor(it) => {
                let header =
                    Span::from_positions(it.left_paren_span.start, it.right_paren_span.end);
                let mut word = Word::given("for");
                for span in [it.init_span, it.condition_span, it.step_span].into_iter().flatten() {
                    arithmetic::names(span.slice(self.source), &mut word.counts)?;
                }
                self.cover.span(header)?;
                let body = self.sequence(&it.body)?;
                Ok(Tree::Sequence(vec![looked_at(vec![word]), Tree::Loop(vec![body])]))
            }
            CompoundCommand::While(it) => self.while_loop(&it.condition, &it.body),
            CompoundCommand::Until(it) => self.while_loop(&it.condition, &it.body),
            CompoundCommand::Case(it) => self.case(it),
            CompoundCommand::Select(it) => {
                self.cover.span(it.variable_span)?;
                let values = self.words(&it.words)?;
                let set = assigned(it.variable.as_str(), values, false)?;
                let body = self.sequence(&it.body)?;
                Ok(Tree::Sequence(vec![set, Tree::Loop(vec![body])]))
            }
            CompoundCommand::Subshell(list) => Ok(Tree::Apart(Box::new(self.sequence(list)?))),
            CompoundCommand::BraceGroup(list) => self.sequence(list),
            CompoundCommand::Time(it) => self.time(it),
            CompoundCommand::Conditional(it) => self.test(it),
            CompoundCommand::Coproc(it) => self.coprocess(it),
            // Two nested subshells to a shell without this command.
            CompoundCommand::Arithmetic(_) => {
                unread("`((` is arithmetic to some shells and runs programs in others")
            }
            CompoundCommand::Repeat(_)
            | CompoundCommand::Foreach(_)
            | CompoundCommand::Always(_) => unread(NODE),
        }
    }

    fn words(&mut self, words: &[shuck_ast::Word]) -> Result<Vec<Word>> {
        words.iter().map(|word| self.word(word, Place::Word)).collect()
    }

    fn conditional(&mut self, it: &IfCommand) -> Result<Tree> {
        if !matches!(it.syntax, IfSyntax::ThenFi { .. }) {
            return unread(NODE);
        }
        let first = self.sequence(&it.condition)?;
        let mut rest = vec![self.sequence(&it.then_branch)?];
        for (condition, branch) in &it.elif_branches {
            rest.push(self.sequence(condition)?);
            rest.push(self.sequence(branch)?);
        }
        if let Some(branch) = &it.else_branch {
            rest.push(self.sequence(branch)?);
        }
        Ok(Tree::Sequence(vec![first, Tree::Choice(rest)]))
    }

    fn for_each(&mut self, it: &ForCommand) -> Result<Tree> {
        let ForSyntax::InDoDone { .. } = it.syntax else { return unread(NODE) };
        let [target] = it.targets.as_slice() else { return unread(NODE) };
        let name = target.word.span.slice(self.source);
        self.cover.span(target.word.span)?;
        let values = self.words(it.words.as_deref().unwrap_or(&[]))?;
        // Without words it runs through the arguments, which hold anything.
        let numbers = it.words.is_some() && all_numbers(&values);
        let set = assigned(name, values, numbers)?;
        let body = self.sequence(&it.body)?;
        Ok(Tree::Sequence(vec![set, Tree::Loop(vec![body])]))
    }

    fn while_loop(&mut self, condition: &StmtSeq, body: &StmtSeq) -> Result<Tree> {
        let condition = self.sequence(condition)?;
        let body = self.sequence(body)?;
        Ok(Tree::Loop(vec![condition, body]))
    }

    fn case(&mut self, it: &CaseCommand) -> Result<Tree> {
        let subject = self.word(&it.word, Place::Word)?;
        let mut patterns = vec![subject];
        let mut bodies = Vec::new();
        for item in &it.cases {
            if item.patterns.is_empty() {
                return unread("a case has no pattern");
            }
            for pattern in &item.patterns {
                patterns.push(self.pattern(pattern)?);
            }
            bodies.push(self.sequence(&item.body)?);
        }
        Ok(Tree::Sequence(vec![looked_at(patterns), Tree::Choice(bodies)]))
    }

    fn pattern(&mut self, pattern: &shuck_ast::Pattern) -> Result<Word> {
        let parts = part::pattern_parts(pattern)?;
        self.scanned(pattern.span, &parts, Place::Pattern)
    }

    fn time(&mut self, it: &TimeCommand) -> Result<Tree> {
        // A reserved word in some shells, a program in others.
        let mut trees =
            vec![Tree::Simple(Simple { words: vec![Word::given("time")], ..Simple::default() })];
        if let Some(stmt) = &it.command {
            trees.push(self.statement(stmt)?);
        }
        Ok(Tree::Sequence(trees))
    }

    fn coprocess(&mut self, it: &CoprocCommand) -> Result<Tree> {
        if it.name_span.is_some() {
            return unread(NODE);
        }
        Ok(Tree::Apart(Box::new(self.statement(&it.body)?)))
    }

    pub(super) fn function(&mut self, it: &FunctionDef) -> Result<Tree> {
        let [entry] = it.header.entries.as_slice() else { return unread(NODE) };
        let name = entry.word.span.slice(self.source);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:+@%,".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return unread("a function's name is not plain");
        }
        self.cover.span(entry.word.span)?;
        // Where `function` is no reserved word, its name and what follows are a command: it ends in a
        // syntax error only if that is a brace.
        let compound = match &it.body.command {
            shuck_ast::Command::Compound(CompoundCommand::BraceGroup(_)) => true,
            shuck_ast::Command::Compound(_) => !it.header.uses_function_keyword(),
            _ => false,
        };
        if !compound {
            return unread(NODE);
        }
        let body = self.statement(&it.body)?;
        Ok(Tree::Function { name: name.to_owned(), body: Box::new(body) })
    }

    /// `[[ … ]]`. A shell that does not know it runs a program of that name, and `&&`, `||`, `<` and `>`
    /// inside of it mean there what they always do.
    fn test(&mut self, it: &ConditionalCommand) -> Result<Tree> {
        self.cover.span(it.span)?;
        let mut test = Test { words: vec![Word::given("[[")], files: Vec::new() };
        self.expression(&it.expression, &mut test)?;
        let redirects = test.files.into_iter().map(crate::shell::tree::Redirect::File).collect();
        let command = Tree::Simple(Simple { words: test.words, ..Simple::default() });
        Ok(with_redirects(command, redirects))
    }

    fn expression(&mut self, expression: &ConditionalExpr, test: &mut Test) -> Result<()> {
        match expression {
            ConditionalExpr::Word(word) => {
                test.words.push(self.word(word, Place::Word)?);
                Ok(())
            }
            ConditionalExpr::Pattern(pattern) => {
                test.words.push(self.pattern(pattern)?);
                Ok(())
            }
            ConditionalExpr::Regex(word) => {
                if word.span.slice(self.source).contains(['|', '&', ';', '(', ')', '<', '>']) {
                    return unread("shells do not agree what a regular expression in `[[` does");
                }
                test.words.push(self.word(word, Place::Pattern)?);
                Ok(())
            }
            ConditionalExpr::Parenthesized(inner) => self.expression(&inner.expr, test),
            ConditionalExpr::Unary(unary) => match unary.op {
                ConditionalUnaryOp::VariableSet | ConditionalUnaryOp::ReferenceVariable => {
                    unread("`[[` looks at a variable by its name")
                }
                _ => self.expression(&unary.expr, test),
            },
            ConditionalExpr::Binary(binary) => {
                let at = test.words.len();
                self.expression(&binary.left, test)?;
                let middle = test.words.len();
                self.expression(&binary.right, test)?;
                match binary.op {
                    ConditionalBinaryOp::And | ConditionalBinaryOp::Or => {
                        if !begins_with_operator(&binary.right) {
                            return unread("what follows in `[[` is a program to some shells");
                        }
                    }
                    ConditionalBinaryOp::LexicalBefore | ConditionalBinaryOp::LexicalAfter => {
                        test.files.extend(test.words.drain(middle..));
                    }
                    ConditionalBinaryOp::ArithmeticEq
                    | ConditionalBinaryOp::ArithmeticNe
                    | ConditionalBinaryOp::ArithmeticLe
                    | ConditionalBinaryOp::ArithmeticGe
                    | ConditionalBinaryOp::ArithmeticLt
                    | ConditionalBinaryOp::ArithmeticGt => {
                        for word in test.words.iter_mut().skip(at) {
                            counted(word)?;
                        }
                    }
                    ConditionalBinaryOp::RegexMatch
                    | ConditionalBinaryOp::NewerThan
                    | ConditionalBinaryOp::OlderThan
                    | ConditionalBinaryOp::SameFile
                    | ConditionalBinaryOp::PatternEqShort
                    | ConditionalBinaryOp::PatternEq
                    | ConditionalBinaryOp::PatternNe => {}
                }
                Ok(())
            }
            ConditionalExpr::VarRef(_) => unread("`[[` looks at a variable by its name"),
        }
    }
}

struct Test {
    words: Vec<Word>,
    /// What a shell would open that takes `<` and `>` for redirections.
    files: Vec<Word>,
}

/// Whether an expression begins with `-f` or the like, which is no program's name.
fn begins_with_operator(expression: &ConditionalExpr) -> bool {
    match expression {
        ConditionalExpr::Unary(unary) => match unary.op {
            ConditionalUnaryOp::Not => begins_with_operator(&unary.expr),
            _ => true,
        },
        ConditionalExpr::Binary(binary) => begins_with_operator(&binary.left),
        ConditionalExpr::Parenthesized(_)
        | ConditionalExpr::Word(_)
        | ConditionalExpr::Pattern(_)
        | ConditionalExpr::Regex(_)
        | ConditionalExpr::VarRef(_) => false,
    }
}

/// A word that `[[` reads as arithmetic.
fn counted(word: &mut Word) -> Result<()> {
    if word.literal.as_deref().is_some_and(is_number) {
        return Ok(());
    }
    let typed = word.typed.strip_prefix('"').and_then(|typed| typed.strip_suffix('"'));
    let typed = typed.unwrap_or(&word.typed).to_owned();
    if !typed.starts_with('$') || typed.starts_with("$(") {
        return unread("arithmetic may run what a value holds");
    }
    arithmetic::names(&typed, &mut word.counts)
}

/// Words that are expanded and compared, and given to nobody.
fn looked_at(looked_at: Vec<Word>) -> Tree {
    Tree::Opened { redirects: Vec::new(), looked_at }
}

fn assigned(name: &str, values: Vec<Word>, number: bool) -> Result<Tree> {
    if !is_variable(name) {
        return unread(PLACE);
    }
    let assignment = Assignment { name: name.to_owned(), values, number };
    Ok(Tree::Simple(Simple { assignments: vec![assignment], ..Simple::default() }))
}
