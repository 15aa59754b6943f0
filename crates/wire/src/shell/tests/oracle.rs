//! Real shells as judges: what they accept, how they quote, and what they run.
//!
//! They run with a `PATH` that leads nowhere, so that every program is one that is not found and whose
//! name is told. The lines are made of names that no shell has for its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};

use crate::shell::understand;

fn shell(program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.env_clear().env("PATH", "/nowhere").env("LC_ALL", "C.UTF-8");
    command.current_dir(std::env::temp_dir());
    match command.output() {
        Ok(output) => Some(output),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("{program} is not here to judge");
            None
        }
        Err(why) => panic!("{program}: {why}"),
    }
}

/// Pieces of words, to be put together.
const PIECES: &[&str] = &[
    "a",
    "''",
    "\"\"",
    "'b c'",
    "\"b c\"",
    "\\ ",
    "\\'",
    "\\\"",
    "\"\\\"\"",
    "\"'\"",
    "'\"'",
    "\\\\",
    "\"\\\\\"",
    "'\\'",
    "\"\\a\"",
    "\\a",
    "$'\\n'",
    "$'\\x41\\t'",
    "$'a b'",
    "\\\n",
    "\"\\\n\"",
    "'\\\n'",
    "#",
    "\\#",
    "'#'",
    "=",
    "-",
    "\\$x",
    "'$x'",
    "\"\\$x\"",
    "\\`",
    "'`'",
    "\"\\`\"",
    "{",
    "}",
    "!",
    "^",
    "%",
    "é",
    "\"#\"",
    "'\n'",
    "\"\n\"",
    "\\;",
    "';'",
    "\\|",
    "\"(\"",
    "\\(",
    "a=b",
];

#[test]
fn words_are_what_bash_makes_of_them() {
    let mut words: Vec<String> = Vec::new();
    for one in PIECES {
        for two in PIECES {
            words.push(format!("{one}{two}"));
            words.push(format!("x{one}{two}y"));
            words.push(format!("{one}x{two}"));
        }
    }
    let mut read = Vec::new();
    for word in &words {
        let line = format!("p {word} z");
        let understood = understand(&line);
        // Behind an equals sign zsh looks for a program, so such a word is told as it was written.
        if understood.facts().not_understood.is_some() || word.starts_with('=') {
            continue;
        }
        read.push((line, understood));
    }
    assert!(read.len() * 10 > words.len() * 8, "only {} of {}", read.len(), words.len());
    for read in read.chunks(500) {
        let mut script = String::from("p() { printf '<%s>' \"$#\" \"$@\"; printf '\\0'; }\n");
        for (line, _) in read {
            writeln!(script, "eval '{}'", line.replace('\'', "'\\''")).unwrap();
        }
        let Some(output) = shell("/bin/bash", &["-c", &script]) else { return };
        let told = String::from_utf8(output.stdout).unwrap();
        let told: Vec<&str> = told.split_terminator('\0').collect();
        assert_eq!(told.len(), read.len(), "{}", String::from_utf8_lossy(&output.stderr));
        compare(read, &told);
    }
}

fn compare(read: &[(String, model::Understood)], told: &[&str]) {
    for ((line, understood), told) in read.iter().zip(told) {
        let argv = &understood.facts().argv;
        if argv.is_empty() {
            assert_eq!("<0>", *told, "{line:?}");
            continue;
        }
        let mut expected = format!("<{}>", if argv.len() == 1 { 1 } else { 2 });
        if argv.len() > 1 {
            let first = argv.iter().find(|word| word.as_ref() != "z").unwrap();
            write!(expected, "<{first}>").unwrap();
        }
        expected.push_str("<z>");
        assert_eq!(expected, *told, "{line:?}");
    }
}

/// Lines in which `@` is a place for a piece.
const LINES: &[&str] = &[
    "aa @ bb",
    "aa @; bb",
    "aa @\nbb",
    "aa @ && bb || cc",
    "aa | bb @ | cc",
    "aa & bb @ &",
    "(aa @; bb)",
    "{ aa @; bb; }",
    "aa $(bb @) cc",
    "aa \"$(bb @)\" cc",
    "aa `bb @` cc",
    "aa \"`bb @`\" cc",
    "aa $(bb `cc @`)",
    "x=@ aa",
    "x=$(aa @) bb",
    "if aa @; then bb; else cc; fi",
    "if ! aa; then bb @; fi",
    "for i in @ 1; do aa $i; done; bb",
    "case @ in a) aa;; *) bb;; esac",
    "case a in @) aa;; *) bb;; esac",
    "while aa @; do bb; done; cc",
    "ff() { aa @; }; ff; bb",
    "aa @ # bb\ncc",
    "aa @# bb\ncc",
    "aa <<X\nbb @\nX\ncc",
    "aa <<'X'\nbb @\nX\ncc",
    "aa <<X; bb @\nX\ncc",
    "aa <<X\n$(bb @)\nX\ncc",
    "aa $(bb <<X\n@\nX\n) cc",
    "[[ @ == a ]] && aa",
    "[[ -n @ ]]; aa",
    "eval 'aa @'; bb",
    "eval \"aa @\"; bb",
    "aa @\\\nbb; cc",
    "! aa @ | bb",
    "aa 2>&1 @ | bb",
    "command aa @; bb",
    "trap 'aa @' EXIT; bb",
    "@aa bb",
    "@ aa",
    "aa@",
    "aa;@ bb",
    "aa|@bb",
    "aa $(@bb) cc",
];

/// What breaks lines apart, beside the pieces of words.
const BREAKS: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "(",
    ")",
    "$(",
    "${",
    "$((",
    ";",
    ";;",
    "&",
    "|",
    "\n",
    "X\n",
    "X \n",
    "X)\n",
    "$(bb",
    "{",
    "}",
    "}; bb",
    "fi; bb",
    "done; bb",
    "esac; bb",
    ") bb",
    "' bb '",
    "\" bb \"",
    "` bb `",
    "\\\n#",
    "# '",
    "$'",
    "$'\\''",
    "$\"",
    "$(cc",
    "$(cc)",
    "`cc`",
    "\"$(cc)\"",
    "'$(cc)'",
    "\\$(cc)",
    "$(cc # )\n)",
    "$'\\x27'",
    "*",
    "[",
    "[a]",
    "~",
    "<<X",
    "@(a)",
    "!(a)",
    "((a))",
    "[[ a ]]",
    "&& bb",
    "| bb",
    "<(bb)",
    "x=1",
    "&>x",
];

#[test]
fn no_shell_runs_a_program_that_is_not_told() {
    let mut understood = 0;
    for (at, line) in LINES.iter().enumerate() {
        // Each line with every break, and with some of the pieces.
        let pieces = PIECES
            .iter()
            .enumerate()
            .filter(|(piece, _)| (piece + at) % 6 == 0)
            .map(|(_, piece)| piece);
        for piece in BREAKS.iter().chain(pieces) {
            let line = line.replace('@', piece);
            // What it writes to would be there after the test.
            if line.contains('>') && !line.contains("2>&1") && !line.contains(">(") {
                continue;
            }
            let reading = understand(&line);
            let facts = reading.facts();
            if facts.not_understood.is_some() {
                continue;
            }
            understood += 1;
            for judge in ["/bin/bash", "/bin/dash"] {
                for name in programs_run(judge, &line) {
                    assert!(
                        facts.programs.contains(name.as_str()),
                        "{judge} runs {name} of {line:?}, which was read as {:?}",
                        facts.programs,
                    );
                }
            }
        }
    }
    assert!(understood > 700, "only {understood} lines were understood");
}

/// The programs that a shell tells it did not find.
fn programs_run(judge: &str, line: &str) -> BTreeSet<String> {
    let Some(output) = shell(judge, &["-c", line]) else { return BTreeSet::new() };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut names = BTreeSet::new();
    for told in told.lines() {
        let before = told
            .strip_suffix(": command not found")
            .or_else(|| told.strip_suffix(": not found"))
            .or_else(|| told.strip_suffix(": No such file or directory"));
        // `/bin/bash: line 1: aa`, `/bin/dash: 1: aa`
        if let Some(name) = before.and_then(|before| before.rsplit(": ").next())
            && name.chars().all(|char| char.is_ascii_lowercase())
        {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn what_is_understood_is_of_the_grammar_of_bash() {
    let mut understood = 0;
    let mut refused = String::new();
    for line in LINES {
        for piece in BREAKS {
            let line = line.replace('@', piece);
            if understand(&line).facts().not_understood.is_some() {
                continue;
            }
            understood += 1;
            let Some(output) = shell("/bin/bash", &["-n", "-c", &line]) else { return };
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr).into_owned();
                writeln!(refused, "{line:?}: {why}").unwrap();
            }
        }
    }
    assert!(refused.is_empty(), "{refused}");
    assert!(understood > 500, "only {understood} lines were understood");
}
