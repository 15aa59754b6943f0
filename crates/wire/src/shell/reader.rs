//! Walks a tree in the order in which a shell runs it, and takes down what is run.

use std::collections::BTreeSet;

use model::{Access, Action, Facts, Object, ObjectKind, Understood};

use super::tree::{Assignment, Redirect, Simple, Tree, Word};
use super::why::{Result, Why, unread, unread_named};
use super::{NESTED, grammar, operands, unfold};

pub(super) fn read_line(line: &str) -> Result<Understood> {
    let tree = grammar::parse(line, 0)?;
    let mut reader = Reader::default();
    reader.walk(&tree, true)?;
    reader.finish(!is_empty(&tree))
}

pub(super) fn read_argv(argv: &[&str]) -> Result<Understood> {
    let mut words = Vec::with_capacity(argv.len());
    let mut bytes = 0;
    for word in argv {
        bytes += word.len();
        if bytes > super::BYTES {
            return unread("it is longer than 65536 bytes");
        }
        if word.contains('\0') {
            return unread("it holds a NUL");
        }
        words.push(Word::given(word));
    }
    if words.is_empty() {
        return unread("it names no program");
    }
    let mut reader = Reader::default();
    reader.run(&words, How::program())?;
    reader.finish(true)
}

fn is_empty(tree: &Tree) -> bool {
    matches!(tree, Tree::Sequence(trees) if trees.is_empty())
}

/// How a command is come by.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// The shell looks it up among its functions first.
    pub(super) functions: bool,
    /// More words may follow than are known here.
    pub(super) open: bool,
}

impl How {
    /// By a shell, with the words that stand there.
    const fn shell() -> Self {
        Self { functions: true, open: false }
    }

    /// By a program, with the words that stand there.
    pub(super) const fn program() -> Self {
        Self { functions: false, open: false }
    }
}

#[derive(Default)]
pub(super) struct Reader {
    accesses: Vec<Access>,
    facts: Facts,
    /// Functions that are certainly defined here: calling one runs no program of its name.
    functions: BTreeSet<String>,
    /// A function was called in place of a program, and a function was removed, somewhere.
    called: bool,
    removed: bool,
    /// Why the shell reads differently from here on.
    changed: Option<&'static str>,
    /// A text waits to be run later, whatever has changed by then.
    waits: bool,
    /// How many texts stand inside each other, and how many programs run one another.
    depth: usize,
    chain: usize,
    /// Variables that are given whole numbers, and those given something else.
    numbers: BTreeSet<String>,
    others: BTreeSet<String>,
    /// Variables whose value is read as arithmetic.
    counted: BTreeSet<String>,
}

impl Reader {
    fn finish(mut self, does_something: bool) -> Result<Understood> {
        if self.called && self.removed {
            return unread("a function is called and functions are removed");
        }
        if self.waits
            && let Some(why) = self.changed
        {
            return unread(why);
        }
        for name in &self.counted {
            if !self.numbers.contains(name) || self.others.contains(name) {
                return unread_named(name, "its value is read as arithmetic, and may be anything");
            }
        }
        if self.accesses.is_empty() && does_something {
            // What only opens files, or only looks: the command that does nothing, as shells have it.
            self.program(":");
        }
        Ok(Understood::new(self.accesses, self.facts))
    }

    fn walk(&mut self, tree: &Tree, certain: bool) -> Result<()> {
        match tree {
            Tree::Simple(simple) => self.simple(simple),
            Tree::Opened { redirects, looked_at } => {
                looked_at.iter().try_for_each(|word| self.expand(word))?;
                self.open(redirects)
            }
            Tree::Sequence(trees) => trees.iter().try_for_each(|tree| self.walk(tree, certain)),
            Tree::Choice(trees) => trees.iter().try_for_each(|tree| self.walk(tree, false)),
            Tree::Loop(trees) => {
                let before = self.changed;
                trees.iter().try_for_each(|tree| self.walk(tree, false))?;
                match self.changed {
                    // What stands first in it is run again after what stands last.
                    Some(why) if before.is_none() => unread(why),
                    _ => Ok(()),
                }
            }
            Tree::Apart(tree) => self.apart(tree, certain),
            Tree::Function { name, body } => self.function(name, body, certain),
        }
    }

    fn apart(&mut self, tree: &Tree, certain: bool) -> Result<()> {
        let functions = self.functions.clone();
        // A change is kept: some shells run the last command of a pipeline themselves.
        self.walk(tree, certain)?;
        self.functions = functions;
        Ok(())
    }

    fn function(&mut self, name: &str, body: &Tree, certain: bool) -> Result<()> {
        // It is run when nobody knows which functions there are by then.
        let functions = std::mem::take(&mut self.functions);
        self.walk(body, false)?;
        self.functions = functions;
        if certain && !is_special(name) {
            self.functions.insert(name.to_owned());
        }
        Ok(())
    }

    fn simple(&mut self, simple: &Simple) -> Result<()> {
        for word in &simple.words {
            self.expand(word)?;
        }
        self.open(&simple.redirects)?;
        for assignment in &simple.assignments {
            self.assign(assignment)?;
        }
        let Some(first) = simple.words.first() else {
            // Redirections alone open their files, and zsh copies what is in them.
            if !simple.redirects.is_empty() {
                self.program("cat");
            }
            return Ok(());
        };
        // Where the parser sees a name, another shell may see the word of its grammar.
        if RESERVED.contains(&first.typed.as_str()) {
            return unread_named(&first.typed, "shells do not agree what it does where it stands");
        }
        self.run(&simple.words, How::shell())
    }

    fn open(&mut self, redirects: &[Redirect]) -> Result<()> {
        for redirect in redirects {
            match redirect {
                Redirect::File(word) => {
                    self.expand(word)?;
                    self.path(word.said());
                }
                Redirect::Text(word) => self.expand(word)?,
                Redirect::Descriptor => {}
            }
        }
        Ok(())
    }

    /// What is run and set while a word is expanded.
    fn expand(&mut self, word: &Word) -> Result<()> {
        for tree in &word.inner {
            self.apart(tree, true)?;
        }
        for name in &word.sets {
            self.variable(name, false);
        }
        self.counted.extend(word.counts.iter().cloned());
        Ok(())
    }

    fn assign(&mut self, assignment: &Assignment) -> Result<()> {
        for value in &assignment.values {
            self.expand(value)?;
            // bash runs what it finds in a subscript whenever it takes a value for a number or a name.
            if value.literal.as_deref().is_some_and(holds_command) {
                return unread_named(&assignment.name, "its value holds a command for later");
            }
        }
        self.variable(&assignment.name, assignment.number);
        Ok(())
    }

    /// A variable is set.
    pub(super) fn variable(&mut self, name: &str, number: bool) {
        let object = Object::top(ObjectKind::Other, name);
        self.accesses.push(Access::new(Action::Env, object));
        if number {
            self.numbers.insert(name.to_owned());
        } else {
            self.others.insert(name.to_owned());
        }
        if STEERING.contains(&name) || name.starts_with("BASH_FUNC") {
            self.change("a variable is changed that decides how commands are found and read");
        }
    }

    /// From here on the shell reads differently.
    pub(super) fn change(&mut self, why: &'static str) {
        self.changed.get_or_insert(why);
    }

    /// A function may have been removed.
    pub(super) fn removes(&mut self) {
        self.removed = true;
    }

    /// A text is kept that is run later.
    pub(super) fn keeps(&mut self) {
        self.waits = true;
    }

    /// A program, or what a shell does in place of one, with its words.
    pub(super) fn run(&mut self, words: &[Word], how: How) -> Result<()> {
        let Some((first, rest)) = words.split_first() else { return unread("it names no program") };
        if let Some(why) = self.changed {
            return unread(why);
        }
        let Some(named) = first.literal.as_deref().or(first.home.as_deref()) else {
            let why = first.blur.unwrap_or("is not known");
            return Err(Why(format!("a program's name {why}").into()));
        };
        let name = named.rsplit('/').next().unwrap_or(named);
        // Their words are commands and texts: what those name is taken down when they are read.
        let files = !unfold::holds_commands(name);
        for word in rest {
            self.argument(word.said(), files);
        }
        if how.functions && self.functions.contains(named) {
            self.called = true;
            return Ok(());
        }
        if name.is_empty() || (matches!(name, "." | "..") && name.len() != named.len()) {
            return unread("a program's name is the name of a folder");
        }
        let strange = |char: char| char.is_control() || matches!(char, '$' | '`');
        if name.len() > 255 || name.contains(strange) {
            return unread("a program's name holds what no name holds");
        }
        self.program(name);
        if named.contains('/') {
            self.path(named);
        }
        operands::paths(name, rest, |path| self.path(path));
        if self.chain >= CHAIN {
            return unread("programs run programs too deeply");
        }
        self.chain += 1;
        let done = self.unfold(name, rest, how);
        self.chain -= 1;
        done
    }

    fn program(&mut self, name: &str) {
        self.accesses.push(Access::new(Action::Exec, Object::top(ObjectKind::Program, name)));
        self.facts.programs.insert(name.into());
    }

    /// That a program does what another one is known for.
    pub(super) fn also(&mut self, name: &str) {
        self.program(name);
    }

    fn argument(&mut self, said: &str, files: bool) {
        self.facts.argv.insert(said.into());
        if files {
            self.named(said);
        }
    }

    /// A word that may name a file.
    pub(super) fn named(&mut self, said: &str) {
        if names_file(said) {
            self.path(said);
        }
        // `--file=/etc/passwd`, `if=/dev/sda`
        if let Some((_, value)) = said.split_once('=')
            && names_file(value)
        {
            self.path(value);
        }
    }

    pub(super) fn path(&mut self, said: &str) {
        self.facts.paths.insert(said.into());
    }

    /// A text that this shell reads and runs itself: `eval`.
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        self.deeper(|reader| {
            let tree = grammar::parse(text, reader.depth)?;
            // Whether it is come to is not known here: what it defines may not be there.
            reader.walk(&tree, false)
        })
    }

    /// A text that another shell reads: `sh -c`.
    pub(super) fn other_shell(&mut self, text: &str) -> Result<()> {
        let functions = std::mem::take(&mut self.functions);
        let changed = self.changed;
        self.deeper(|reader| {
            let tree = grammar::parse(text, reader.depth)?;
            reader.walk(&tree, true)
        })?;
        self.functions = functions;
        self.changed = changed;
        Ok(())
    }

    /// A text that is read in another order than it stands in: `trap`.
    pub(super) fn later(&mut self, text: &str) -> Result<()> {
        self.keeps();
        let functions = std::mem::take(&mut self.functions);
        self.text(text)?;
        self.functions = functions;
        Ok(())
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth >= NESTED {
            return unread("commands stand in commands too deeply");
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }
}

/// The variables that decide which program a name is, or how a text is taken apart.
const STEERING: &[&str] = &[
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "PS4",
    "SHELLOPTS",
    "BASHOPTS",
    "SHELL",
    "POSIXLY_CORRECT",
    "GLOBIGNORE",
    "EXECIGNORE",
    "PROMPT_COMMAND",
    "BASH_ALIASES",
    "BASH_CMDS",
    "BASH_COMPAT",
    // zsh: its own names of the same, and the command that a redirection alone runs.
    "FPATH",
    "ZDOTDIR",
    "NULLCMD",
    "READNULLCMD",
    "path",
    "fpath",
    "aliases",
    "galiases",
    "saliases",
    "functions",
    "commands",
    "options",
    "module_path",
];

/// How many programs may run one another: `sudo env nice …`.
const CHAIN: usize = 16;

/// Words of the grammar that are no program's name as they stand.
const RESERVED: &[&str] = &[
    "!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done",
    "case", "esac", "in", "select", "function", "coproc", "]]",
];

/// The names that POSIX looks up before functions.
fn is_special(name: &str) -> bool {
    matches!(
        name,
        ":" | "."
            | "break"
            | "continue"
            | "eval"
            | "exec"
            | "exit"
            | "export"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "times"
            | "trap"
            | "unset"
    )
}

/// A value that is a command when it is expanded a second time.
pub(super) fn holds_command(value: &str) -> bool {
    value.contains("$(") || value.contains('`')
}

fn names_file(said: &str) -> bool {
    said.contains('/') || said.starts_with(['~', '.'])
}
