//! Builtins that run texts, set variables, or change how the shell reads on. To a policy they are programs
//! by their names.

use super::shells::{is_option, joined};
use crate::shell::arithmetic::is_variable;
use crate::shell::reader::{How, Reader, holds_command};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

const TEXT: &str = "the text it runs is only known when it is run";
const NAMES: &str = "which variables it sets is only known when it is run";

impl Reader {
    pub(super) fn builtin(&mut self, name: &str, words: &[Word], how: How) -> Result<()> {
        match name {
            "eval" => match joined(words) {
                Some(text) if !how.open => self.text(&text),
                _ => unread_named(name, TEXT),
            },
            "." | "source" => unread_named(name, "it runs what a file holds"),
            "trap" => self.trap(words),
            "set" => self.set(words),
            "shopt" => {
                let harmless = |word: &Word| {
                    word.literal.as_deref().is_some_and(|word| {
                        matches!(
                            word,
                            "-s" | "-u"
                                | "-q"
                                | "-p"
                                | "nullglob"
                                | "dotglob"
                                | "failglob"
                                | "globstar"
                        )
                    })
                };
                if !words.iter().all(harmless) {
                    self.change("the shell's options are changed");
                }
                Ok(())
            }
            "unset" => {
                self.removes();
                self.names(name, words, "", false)
            }
            "export" | "readonly" | "local" | "declare" | "typeset" => self.declared(name, words),
            "read" => self.names(name, words, "dintNpu", true),
            "mapfile" | "readarray" => {
                if words.iter().any(|word| word.said().starts_with("-C")) {
                    return unread_named(name, "it runs a command for what it reads");
                }
                self.names(name, words, "dnOsuc", true)
            }
            "getopts" => match words {
                [options, rest @ ..] if options.single => {
                    let (variable, _) = rest.split_at(rest.len().min(1));
                    self.names(name, variable, "", true)
                }
                _ => unread_named(name, NAMES),
            },
            "printf" => self.printf(words),
            "wait" => match words.iter().any(|word| word.said().starts_with("-p")) {
                true => unread_named(name, NAMES),
                false => Ok(()),
            },
            "test" | "[" => tested(name, words),
            _ => Ok(()),
        }
    }

    /// `trap TEXT SIGNAL…`
    fn trap(&mut self, words: &[Word]) -> Result<()> {
        let words = match words.split_first() {
            Some((word, rest)) if word.literal.as_deref() == Some("--") => rest,
            _ => words,
        };
        let Some((text, signals)) = words.split_first() else { return Ok(()) };
        match text.literal.as_deref() {
            Some("" | "-" | "-p" | "-l") => Ok(()),
            // One word alone is a signal that is left to itself again.
            Some(_) if signals.is_empty() && text.single => Ok(()),
            Some(literal) if !text.dollar_quoted => self.later(literal),
            _ => unread_named("trap", TEXT),
        }
    }

    /// `set -eu`, `set -o pipefail`, `set -- WORD…`
    fn set(&mut self, words: &[Word]) -> Result<()> {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            rest = behind;
            let Some(said) = word.literal.as_deref() else {
                return unread_named("set", "its options are only known when it is run");
            };
            match said {
                "--" | "-" => return Ok(()),
                "-o" | "+o" | "-eo" | "-euo" | "-ueo" | "-xeuo" | "-euxo" | "-eux" | "-eu" => {
                    if said.ends_with('o') {
                        let Some((option, behind)) = rest.split_first() else { return Ok(()) };
                        rest = behind;
                        if !option.literal.as_deref().is_some_and(is_option) {
                            self.change("the shell's options are changed");
                        }
                    }
                }
                _ if said.starts_with(['-', '+']) => {
                    if !said.chars().skip(1).all(|letter| "abCefhmuvxET".contains(letter)) {
                        self.change("the shell's options are changed");
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// `export NAME`, `declare -r NAME=value`: the values are assignments, which were read before.
    fn declared(&mut self, name: &str, words: &[Word]) -> Result<()> {
        for word in words {
            let Some(said) = word.literal.as_deref() else { return unread_named(name, NAMES) };
            if let Some(letters) = said.strip_prefix(['-', '+']) {
                if !letters.chars().all(|letter| "aAgprxtulfF-".contains(letter)) {
                    return unread_named(name, "a variable is made that is read twice");
                }
            } else {
                let variable = said.split_once('=').map_or(said, |(variable, _)| variable);
                let variable = variable.strip_suffix('+').unwrap_or(variable);
                let variable = variable.split_once('[').map_or(variable, |(variable, _)| variable);
                if !is_variable(variable) {
                    return unread_named(name, NAMES);
                }
                if !said.contains('=') {
                    self.variable(variable, false);
                }
            }
        }
        Ok(())
    }

    /// Words that are names of variables, behind options of which `valued` take a word.
    fn names(&mut self, program: &str, words: &[Word], valued: &str, sets: bool) -> Result<()> {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            rest = behind;
            let Some(said) = word.literal.as_deref() else { return unread_named(program, NAMES) };
            if let Some(letters) = said.strip_prefix('-') {
                let last = letters.chars().next_back();
                if last.is_some_and(|last| valued.contains(last)) && letters.len() == 1 {
                    match rest.split_first() {
                        Some((value, behind)) if value.single => rest = behind,
                        _ => return unread_named(program, NAMES),
                    }
                }
            } else if !is_variable(said) {
                return unread_named(program, NAMES);
            } else if sets {
                self.variable(said, false);
            } else {
                // Without a value it is another one, and no number.
                self.variable(said, false);
            }
        }
        Ok(())
    }

    /// `printf -v NAME` sets a variable.
    fn printf(&mut self, words: &[Word]) -> Result<()> {
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        match first.literal.as_deref() {
            Some(said) if said.starts_with("-v") => {
                let Some(variable) = rest.first().filter(|_| said == "-v") else {
                    return unread_named("printf", NAMES);
                };
                self.names("printf", std::slice::from_ref(variable), "", true)
            }
            Some(_) => Ok(()),
            None if first.lead.is_empty() && rest.iter().any(|word| word.said().contains('[')) => {
                unread_named("printf", NAMES)
            }
            None => Ok(()),
        }
    }
}

/// `[ -v NAME ]` looks at what a subscript holds, and runs it.
fn tested(name: &str, words: &[Word]) -> Result<()> {
    let subscript = |word: &Word| {
        word.literal.as_deref().is_some_and(|said| said.contains('[') && holds_command(said))
    };
    if words.iter().any(|word| word.literal.as_deref() == Some("-v") || subscript(word)) {
        return unread_named(name, "it looks at a variable by its name");
    }
    Ok(())
}
