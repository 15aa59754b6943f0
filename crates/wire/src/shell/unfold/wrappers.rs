//! Programs that run the rest of their words as a program: `sudo -u x COMMAND`.

use super::options::{self, Options};
use crate::shell::arithmetic::is_variable;
use crate::shell::reader::{How, Reader};
use crate::shell::tree::Word;
use crate::shell::why::{Result, unread_named};

pub(super) struct Wrapper {
    name: &'static str,
    options: Options,
    /// Options after which it runs nothing of what follows.
    instead: &'static [&'static str],
    /// Operands before the command.
    skip: usize,
    /// Whether `NAME=value` may stand before the command.
    assigns: bool,
    /// What it does without a command.
    alone: Alone,
}

enum Alone {
    /// Something of its own.
    Itself,
    /// It opens a shell.
    Shell,
}

macro_rules! wrappers {
    ($($name:literal $flags:literal $valued:literal [$($long:literal)*] [$($long_valued:literal)*]
       skip $skip:literal $(instead [$($instead:literal)*])? $(assigns $assigns:literal)? alone $alone:ident;)*) => {
        &[$(Wrapper {
            name: $name,
            options: Options {
                flags: $flags,
                valued: $valued,
                long: &[$($long),*],
                long_valued: &[$($long_valued),*],
            },
            instead: &[$($($instead),*)?],
            skip: $skip,
            assigns: false $(|| $assigns)?,
            alone: Alone::$alone,
        }),*]
    };
}

/// Name, letters, letters that take a word, long options, long options that take a word.
const WRAPPERS: &[Wrapper] = wrappers! {
    "sudo" "ABbEHiKklNnPSsVv" "CDghpRrTtUu"
        ["preserve-env" "login" "shell" "non-interactive" "stdin" "set-home" "background" "askpass"
         "list" "validate" "version" "help" "remove-timestamp" "reset-timestamp" "no-update" "bell"
         "preserve-groups"]
        ["user" "group" "chdir" "chroot" "prompt" "host" "close-from" "command-timeout" "other-user"]
        skip 0 instead ["l" "list" "v" "validate" "V" "version" "help" "K" "remove-timestamp"]
        assigns true alone Shell;
    "doas" "nLs" "uC" [] [] skip 0 instead ["C" "L"] alone Shell;
    "nice" "0123456789" "n" [] ["adjustment"] skip 0 alone Itself;
    "nohup" "" "" [] [] skip 0 alone Itself;
    "setsid" "cfw" "" ["ctty" "fork" "wait"] [] skip 0 alone Itself;
    "stdbuf" "" "ioe" [] ["input" "output" "error"] skip 0 alone Itself;
    "ionice" "t" "cnpPu" ["ignore"] ["class" "classdata" "pid" "pgid" "uid"]
        skip 0 instead ["p" "P" "u" "pid" "pgid" "uid"] alone Itself;
    "timeout" "v" "sk" ["preserve-status" "foreground" "verbose"] ["signal" "kill-after"]
        skip 1 alone Itself;
    "time" "apvlq" "fo" ["append" "portability" "verbose" "quiet"] ["format" "output"]
        skip 0 alone Itself;
    "chroot" "" "" ["skip-chdir"] ["userspec" "groups"] skip 1 alone Shell;
    "unshare" "imnpuUCTfrc" "RwSGl"
        ["ipc" "mount" "net" "pid" "uts" "user" "cgroup" "time" "fork" "map-root-user"
         "map-current-user" "map-auto" "mount-proc" "kill-child" "keep-caps"]
        ["root" "wd" "setuid" "setgid" "propagation" "setgroups" "map-user" "map-group"]
        skip 0 alone Shell;
    "nsenter" "aimnpuUCTFreZ" "tSG"
        ["all" "ipc" "mount" "net" "pid" "uts" "user" "cgroup" "time" "no-fork" "root" "wd"
         "preserve-credentials"]
        ["target" "setuid" "setgid"]
        skip 0 alone Shell;
    "taskset" "ac" "" ["all-tasks" "cpu-list"] [] skip 1 alone Itself;
    // What other options it has depends on the shell, and so does what its first word is.
    "exec" "" "" [] [] skip 0 alone Itself;
    "command" "pvV" "" [] [] skip 0 instead ["v" "V"] alone Itself;
    "builtin" "" "" [] [] skip 0 alone Itself;
};

pub(super) fn find(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS.iter().find(|wrapper| wrapper.name == name)
}

impl Reader {
    pub(super) fn wrapped(&mut self, wrapper: &Wrapper, words: &[Word], how: How) -> Result<()> {
        let (given, mut rest) = options::take(wrapper.name, &wrapper.options, words)?;
        self.options_name(&given);
        if given.iter().any(|given| wrapper.instead.contains(&given.name.as_str())) {
            // With more words to come it is not known what they are.
            return if how.open { unread_named(wrapper.name, UNKNOWN) } else { Ok(()) };
        }
        for _ in 0..wrapper.skip {
            match rest.split_first() {
                Some((operand, behind)) if operand.single => {
                    self.named(operand.said());
                    rest = behind;
                }
                None if !how.open => return Ok(()),
                _ => return unread_named(wrapper.name, UNKNOWN),
            }
        }
        if wrapper.assigns {
            rest = self.environment(wrapper.name, rest)?;
        }
        if rest.is_empty() {
            return match wrapper.alone {
                Alone::Itself if !how.open => Ok(()),
                Alone::Itself => unread_named(wrapper.name, UNKNOWN),
                Alone::Shell
                    if given
                        .iter()
                        .any(|given| matches!(given.name.as_str(), "k" | "reset-timestamp")) =>
                {
                    Ok(())
                }
                Alone::Shell => unread_named(wrapper.name, "it opens a shell"),
            };
        }
        self.run(rest, How { functions: false, ..how })
    }

    /// `NAME=value` in front of a command. A changed `PATH` decides which program that is.
    pub(super) fn environment<'w>(
        &mut self,
        program: &str,
        words: &'w [Word],
    ) -> Result<&'w [Word]> {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let Some((name, _)) = word.lead.split_once('=') else { break };
            if !is_variable(name) || !word.single {
                return unread_named(program, "it sets a variable that has no plain name");
            }
            self.variable(name, false);
            rest = behind;
        }
        Ok(rest)
    }
}

pub(super) const UNKNOWN: &str = "what it runs is only known when it is run";
