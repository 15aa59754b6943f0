//! Shells, and what starts one.

use super::options::{self, Options};
use super::wrappers::UNKNOWN;
use crate::shell::reader::{How, Reader};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "lksh", "ksh93", "pdksh", "posh", "yash",
    "rbash", "rksh", "rzsh",
];

pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

const FILE: &str = "it runs what a file or its input holds";
const TEXT: &str = "the text it runs is only known when it is run";

/// Letters that do not change what a text means.
const LETTERS: &str = "aefhilmpuvxbC";

impl Reader {
    /// `sh -c TEXT` is read as a line of its own. A shell without it reads a file or its input.
    pub(super) fn shell(&mut self, name: &str, words: &[Word], how: How) -> Result<()> {
        let mut rest = words;
        let mut text = false;
        while let Some((word, behind)) = rest.split_first() {
            let Some(said) = word.literal.as_deref() else { break };
            rest = behind;
            match said {
                "--version" | "--help" if words.len() == 1 && !how.open => return Ok(()),
                "--login" | "--norc" | "--noprofile" | "--posix" => {}
                "-o" | "+o" => match rest.split_first() {
                    Some((option, behind)) if option.literal.as_deref().is_some_and(is_option) => {
                        rest = behind;
                    }
                    _ => return unread_named(name, "an option changes how it reads"),
                },
                "--" | "-" => break,
                _ if said.starts_with("--") => return unread_named(name, "an option is not known"),
                _ if said.starts_with(['-', '+']) && said.len() > 1 => {
                    let letters = said.get(1..).unwrap_or("");
                    if !letters.chars().all(|letter| letter == 'c' || LETTERS.contains(letter)) {
                        return unread_named(name, "an option changes how it reads, or where from");
                    }
                    text |= said.starts_with('-') && letters.contains('c');
                }
                _ => {
                    rest = words.get(words.len() - behind.len() - 1..).unwrap_or(&[]);
                    break;
                }
            }
        }
        if !text {
            return unread_named(name, FILE);
        }
        self.given_text(name, rest.first())
    }

    /// A text that a shell is given in one word.
    fn given_text(&mut self, name: &str, word: Option<&Word>) -> Result<()> {
        match word.map(|word| (word.literal.as_deref(), word.dollar_quoted)) {
            Some((Some(text), false)) => self.other_shell(text),
            Some((Some(_), true)) => unread_named(name, "shells do not agree what its text is"),
            _ => unread_named(name, TEXT),
        }
    }

    /// `su USER -c TEXT`.
    pub(super) fn switch_user(&mut self, name: &str, words: &[Word], how: How) -> Result<()> {
        const OPTIONS: Options = Options {
            flags: "lmpPf",
            valued: "cgGswu",
            long: &["login", "preserve-environment", "pty", "fast"],
            long_valued: &[
                "command",
                "group",
                "supp-group",
                "shell",
                "whitelist-environment",
                "user",
                "session-command",
            ],
        };
        if how.open {
            return unread_named(name, UNKNOWN);
        }
        let (mut given, mut rest) = options::take(name, &OPTIONS, words)?;
        if given.iter().any(|option| matches!(option.name.as_str(), "u" | "user")) {
            // runuser -u USER COMMAND
            let plain = name == "runuser"
                && given.iter().all(|option| option.name != "c" && option.name != "command");
            return if plain {
                self.run(rest, How::program())
            } else {
                unread_named(name, UNKNOWN)
            };
        }
        let mut user = false;
        loop {
            match rest.split_first() {
                Some((word, behind)) if word.literal.as_deref() == Some("-") => rest = behind,
                Some((word, behind)) if !user && word.single => {
                    user = true;
                    rest = behind;
                }
                _ => break,
            }
            let (more, behind) = options::take(name, &OPTIONS, rest)?;
            given.extend(more);
            rest = behind;
        }
        if !rest.is_empty() {
            return unread_named(name, "it hands words to a shell");
        }
        let mut text = None;
        for option in &given {
            match option.name.as_str() {
                "c" | "command" | "session-command" => {
                    let Some(literal) = option.literal() else { return unread_named(name, TEXT) };
                    text = Some(literal.to_owned());
                }
                "s" | "shell" => {
                    let shell = option.literal().and_then(|path| path.rsplit('/').next());
                    if !shell.is_some_and(is_shell) {
                        return unread_named(name, "it starts another shell");
                    }
                }
                _ => {}
            }
        }
        match text {
            Some(text) => self.other_shell(&text),
            None => unread_named(name, "it opens a shell"),
        }
    }

    /// `watch COMMAND`: its words are joined for a shell, unless `-x` is given.
    pub(super) fn watch(&mut self, words: &[Word], how: How) -> Result<()> {
        const OPTIONS: Options = Options {
            flags: "bcdegprtwx",
            valued: "nq",
            long: &[
                "beep",
                "color",
                "no-color",
                "differences",
                "errexit",
                "chgexit",
                "precise",
                "no-rerun",
                "no-title",
                "no-wrap",
                "exec",
                "equexit",
            ],
            long_valued: &["interval"],
        };
        let (given, rest) = options::take("watch", &OPTIONS, words)?;
        if how.open || rest.is_empty() {
            return unread_named("watch", UNKNOWN);
        }
        if given.iter().any(|option| matches!(option.name.as_str(), "x" | "exec")) {
            return self.run(rest, How::program());
        }
        match joined(rest) {
            Some(text) => self.other_shell(&text),
            None => unread_named("watch", TEXT),
        }
    }

    /// `script -c TEXT FILE`.
    pub(super) fn script(&mut self, words: &[Word], how: How) -> Result<()> {
        const OPTIONS: Options = Options {
            flags: "aefqt",
            valued: "cBEIoOTm",
            long: &["append", "return", "flush", "force", "quiet"],
            long_valued: &[
                "command",
                "log-io",
                "log-in",
                "log-out",
                "log-timing",
                "echo",
                "output-limit",
                "logging-format",
            ],
        };
        if how.open {
            return unread_named("script", UNKNOWN);
        }
        let (mut given, rest) = options::take("script", &OPTIONS, words)?;
        self.options_name(&given);
        if let Some((file, behind)) = rest.split_first() {
            self.path(file.said());
            let (more, rest) = options::take("script", &OPTIONS, behind)?;
            given.extend(more);
            if !rest.is_empty() {
                return unread_named("script", UNKNOWN);
            }
        }
        let text = given.iter().find(|option| matches!(option.name.as_str(), "c" | "command"));
        let Some(text) = text else { return unread_named("script", "it opens a shell") };
        match text.literal() {
            Some(text) => self.other_shell(text),
            None => unread_named("script", TEXT),
        }
    }
}

/// Words with a space between, as `eval` and its like put them together.
pub(super) fn joined(words: &[Word]) -> Option<String> {
    let words: Option<Vec<&str>> =
        words.iter().map(|word| word.literal.as_deref().filter(|_| !word.dollar_quoted)).collect();
    words.map(|words| words.join(" "))
}

/// Options by name that do not change what a text means.
pub(super) fn is_option(name: &str) -> bool {
    matches!(
        name,
        "pipefail"
            | "errexit"
            | "nounset"
            | "xtrace"
            | "verbose"
            | "noglob"
            | "noclobber"
            | "allexport"
            | "monitor"
            | "notify"
            | "errtrace"
            | "functrace"
    )
}
