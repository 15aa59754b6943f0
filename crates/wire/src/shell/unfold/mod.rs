//! Programs and builtins that run what they are given, or change how the shell reads on.

mod builtins;
mod env;
mod find;
mod options;
mod shells;
mod wrappers;
mod xargs;

use super::reader::{How, Reader};
use super::tree::Word;
use super::why::{Result, unread_named};

/// Whether the words of a program are commands, or texts that a shell reads.
pub(super) fn holds_commands(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "env", "find", "xargs", "busybox", "toybox", "su", "runuser", "watch", "script", "eval",
        "trap",
    ];
    wrappers::find(name).is_some() || shells::is_shell(name) || OTHERS.contains(&name)
}

impl Reader {
    /// What `name` does with its words beyond being run.
    pub(super) fn unfold(&mut self, name: &str, words: &[Word], how: How) -> Result<()> {
        if REFUSED.contains(&name) || name.starts_with("ld-") {
            return unread_named(name, "it runs other commands in ways that are not read here");
        }
        if ELSEWHERE.contains(&name) {
            return unread_named(
                name,
                "it means something else, or changes the shell, where it is known",
            );
        }
        if let Some(wrapper) = wrappers::find(name) {
            return self.wrapped(wrapper, words, how);
        }
        match name {
            "env" => self.env(words, how),
            "find" => self.find(words, how),
            "xargs" => self.xargs(words),
            "busybox" | "toybox" => self.multicall(words, how),
            "su" | "runuser" => self.switch_user(name, words, how),
            "watch" => self.watch(words, how),
            "script" => self.script(words, how),
            _ if shells::is_shell(name) => self.shell(name, words, how),
            _ => self.builtin(name, words, how),
        }
    }

    /// The words of options, which may name files.
    fn options_name(&mut self, given: &[options::Given<'_>]) {
        for option in given {
            if let Some(said) = option.text.as_deref().or(option.value.map(Word::said)) {
                self.named(said);
            }
        }
    }

    /// `busybox NAME`: the program is the name.
    fn multicall(&mut self, words: &[Word], how: How) -> Result<()> {
        match words.first() {
            None if !how.open => Ok(()),
            Some(word) if word.literal.as_deref().is_some_and(|word| word.starts_with("--")) => {
                Ok(())
            }
            _ => self.run(words, How { functions: false, ..how }),
        }
    }
}

/// They run other commands, and which is for them to know.
const REFUSED: &[&str] = &[
    "at",
    "batch",
    "bwrap",
    "capsh",
    "cgexec",
    "chpst",
    "chrt",
    "dbus-run-session",
    "dtach",
    "entr",
    "fakechroot",
    "fakeroot",
    "firejail",
    "flock",
    "gdb",
    "ld.so",
    "ltrace",
    "machinectl",
    "numactl",
    "parallel",
    "perf",
    "pkexec",
    "prlimit",
    "proot",
    "proxychains",
    "proxychains4",
    "run-parts",
    "runcon",
    "screen",
    "sem",
    "setarch",
    "setpriv",
    "sg",
    "newgrp",
    "socat",
    "ssh-agent",
    "start-stop-daemon",
    "strace",
    "systemd-run",
    "tmux",
    "torsocks",
    "unbuffer",
    "valgrind",
    "xvfb-run",
    "abduco",
    "daemonize",
    "i386",
    "linux32",
    "linux64",
    "x86_64",
    "logsave",
    "softlimit",
    // Shells of another language.
    "csh",
    "tcsh",
    "fish",
    "elvish",
    "nu",
    "pwsh",
    "rc",
    "xonsh",
];

/// Words of the grammar, or builtins that change it, in one shell and programs in the next.
const ELSEWHERE: &[&str] = &[
    "-",
    "alias",
    "unalias",
    "bind",
    "compctl",
    "complete",
    "compgen",
    "disable",
    "emulate",
    "enable",
    "end",
    "fc",
    "foreach",
    "functions",
    "hash",
    "hist",
    "history",
    "nameref",
    "nocorrect",
    "noglob",
    "repeat",
    "rehash",
    "sched",
    "setopt",
    "unfunction",
    "unhash",
    "unsetopt",
    "vared",
    "zcompile",
    "zle",
    "zmodload",
    "zstyle",
    "autoload",
    "always",
    "integer",
    "float",
    "let",
    "caller",
    "namespace",
    "compdef",
    "onintr",
    "switch",
];
