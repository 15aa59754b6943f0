//! A command line → the programs it runs, the words they are given, the files it names.
//!
//! ```text
//!   line ─► text (bounds) ─► a shell's grammar ─► tree ─► reader ─► model::Understood
//!                              │                   ▲        │          exec NAME, env NAME,
//!                              └ grammar: every    │        │          programs, argv, paths
//!                                node kind named,  │        └ unfold: sudo, env, xargs, find …,
//!                                every byte placed │                 sh -c and eval are read again
//!                                                  └─────────────────┘
//! ```
//!
//! The line is what a server hands to the user's shell, and which shell that is nobody tells: what is
//! understood here means the same in `sh`, `dash`, `bash`, `ksh` and `zsh`, or at least runs nothing in
//! one of them that it does not run in the others. What they read differently is not understood.
//!
//! It refuses to guess. A program whose name only the shell will know, a shell that takes its commands
//! from a file, a pipe or a variable, a changed `PATH` or `IFS` before another command, an alias, a
//! parameter that is expanded twice, and every node of the grammar that is not named in the walk end in
//! [`Understood::unknown`]. Nor does it trust the parser alone: each word is scanned again by the few
//! rules of quoting, and every byte of the line must belong to a word, an operator or a comment.
//!
//! It runs nothing, expands nothing, looks up no file and keeps no state. It does not read what an
//! interpreter is given (`python -c`, `awk`, `psql -c`): that one is run is what it says. It does not
//! know the target's own aliases, functions and start-up files.

mod arithmetic;
mod grammar;
mod operands;
mod quoting;
mod reader;
mod text;
mod transfer;
mod tree;
mod unfold;
mod why;

use model::Understood;

pub use transfer::{Transfer, transfer};

/// The longest line that is read, in bytes.
const BYTES: usize = 64 << 10;
/// How many commands may stand inside each other: `$(…)` in `$(…)`, `sh -c` in `eval`.
const NESTED: usize = 8;

/// What a line does that a shell is given, as by `sh -c LINE`.
#[must_use]
pub fn understand(line: &str) -> Understood {
    reader::read_line(line).unwrap_or_else(|why| Understood::unknown(why.0))
}

/// Whether a line runs this program once or more, and nothing else: no other, no redirection, no assignment.
#[must_use]
pub fn runs_only(program: &str, line: &str) -> bool {
    let understood = understand(line);
    let facts = understood.facts();
    let only = |access: &model::Access| access.action == model::Action::Exec;
    facts.not_understood.is_none()
        && facts.programs.iter().all(|name| **name == *program)
        && !facts.programs.is_empty()
        && understood.accesses().iter().all(only)
        && !line.contains(['<', '>'])
}

/// Whether a text is the beginning of a command that goes on: a quote or a group is open, or its last word asks for more.
#[must_use]
pub fn goes_on(text: &str) -> bool {
    let odd = text.len() - text.trim_end_matches('\\').len();
    if odd % 2 == 1 {
        return true;
    }
    let parses = |text: &str| grammar::is_command(text);
    if text.len() > LONGEST_BEGUN || parses(text) {
        return false;
    }
    let ends = |text: &str| CLOSINGS.iter().any(|closing| parses(&format!("{text}{closing}")));
    ends(text) || CLOSINGS.iter().any(|closing| ends(&format!("{text}{closing}")))
}

/// The longest text of which it is asked whether it goes on: each question reads it some hundred times.
const LONGEST_BEGUN: usize = 4 << 10;

/// What makes a command whole of one that was begun.
const CLOSINGS: [&str; 13] = [
    "'",
    "\"",
    "`",
    ")",
    "\n}",
    " true",
    "\nfi",
    "\ntrue\nfi",
    "\nthen true\nfi",
    "\ndone",
    "\ntrue\ndone",
    "\ndo true\ndone",
    "\nesac",
];

/// What a program does that is started with these words and without a shell.
#[must_use]
pub fn understand_argv(argv: &[&str]) -> Understood {
    reader::read_argv(argv).unwrap_or_else(|why| Understood::unknown(why.0))
}

#[cfg(test)]
mod tests;
