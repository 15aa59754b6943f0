//! Lines made to crash, to stall, or to pass unread.

use std::time::{Duration, Instant};

use model::Understood;

use crate::shell::{understand, understand_argv};

/// Reads on a stack as small as a worker's of the usual async runtimes.
fn on_a_small_stack(line: String) -> Understood {
    let reading =
        std::thread::Builder::new().stack_size(2 << 20).spawn(move || understand(&line)).unwrap();
    reading.join().unwrap()
}

fn why(line: &str) -> String {
    understand(line).facts().not_understood.clone().unwrap_or_default()
}

#[test]
fn what_is_no_line_is_unknown() {
    for (line, expected) in [
        ("ls\0; rm x", "it holds a NUL"),
        ("ls\r\nrm x", "it holds a carriage return, which a shell takes for a letter"),
        ("ls \x1b[2Krm", "it holds a control character"),
        ("ls\u{a0}x", "it holds a blank that some shells take for a letter"),
        ("ls\u{2028}rm x", "it holds a blank that some shells take for a letter"),
        ("ls\x0brm x", "it holds a control character"),
    ] {
        assert_eq!(why(line), expected, "{line:?}");
    }
}

#[test]
fn a_line_of_a_mebibyte_is_unknown() {
    let line = format!("echo {}; rm x", "a".repeat(1 << 20));
    assert_eq!(why(&line), "it is longer than 65536 bytes");
    assert_eq!(why(&format!("rm x{}", " ".repeat(1 << 20))), "it is longer than 65536 bytes");
}

#[test]
fn a_line_of_just_the_limit_is_read() {
    let mut line = "rm x".to_owned();
    line.push_str(&" ".repeat((64 << 10) - line.len()));
    assert!(understand(&line).facts().programs.contains("rm"));
    line.push(' ');
    assert!(understand(&line).facts().not_understood.is_some());
}

type Nest = fn(usize) -> String;

const NESTS: [Nest; 24] = [
    |n| format!("{}a{}", "(".repeat(n), ")".repeat(n)),
    |n| format!("{}a{}", "( ".repeat(n), " )".repeat(n)),
    |n| format!("{}a{}", "{ ".repeat(n), "; }".repeat(n)),
    |n| format!("echo {}a{}", "$(echo ".repeat(n), ")".repeat(n)),
    |n| format!("echo {}a{}", "\"$(echo ".repeat(n), ")\"".repeat(n)),
    |n| format!("echo {}a{}", "${a:-".repeat(n), "}".repeat(n)),
    |n| format!("cat {}a{}", "<(cat ".repeat(n), ")".repeat(n)),
    |n| format!("echo $(({}1{}))", "(".repeat(n), ")".repeat(n)),
    |n| format!("{}a{}", "if ".repeat(n), "; then b; fi".repeat(n)),
    |n| format!("{}a{}", "while a; do ".repeat(n), "; done".repeat(n)),
    |n| format!("{}a{}", "case x in x) ".repeat(n), ";; esac".repeat(n)),
    |n| format!("{}a{}", "f() { ".repeat(n), "; }".repeat(n)),
    |n| format!("{}a", "! ".repeat(n)),
    |n| format!("{}a", "a && ".repeat(n)),
    |n| format!("{}a", "a | ".repeat(n)),
    |n| format!("{}a", "sudo ".repeat(n)),
    |n| format!("{}a", "time ".repeat(n)),
    |n| format!("[[ {}a{} ]]", "( ".repeat(n), " )".repeat(n)),
    |n| format!("[[ {}-n a ]]", "! ".repeat(n)),
    |n| "`".repeat(n),
    |n| "\"`".repeat(n),
    |n| "${".repeat(n),
    |n| "{a,".repeat(n),
    |n| format!("echo {}", "$(".repeat(n)),
];

#[test]
fn nesting_never_overflows_a_small_stack() {
    for nest in NESTS {
        for depth in [5, 10, 30, 60, 100, 300, 1_000, 10_000] {
            // Either will do; to come back at all is what is asked.
            drop(on_a_small_stack(nest(depth)));
        }
    }
}

#[test]
fn ten_thousand_brackets_are_unknown() {
    for nest in NESTS.iter().take(12) {
        assert!(on_a_small_stack(nest(10_000)).facts().not_understood.is_some(), "{}", nest(3));
    }
}

#[test]
fn nothing_takes_long() {
    let repeated: [Nest; 16] = [
        |n| format!("echo {}", "a ".repeat(n)),
        |n| "a;".repeat(n),
        |n| "a\n".repeat(n),
        |n| format!("echo \"{}\"", "$(a) ".repeat(n.min(399))),
        |n| format!("cat <<X\n{}X\n", "$a\n".repeat(n.min(399))),
        |n| format!("cat {}\n{}", "<<X ".repeat(n / 4), "X\n".repeat(n / 4)),
        |n| format!("echo {}", "{a,".repeat(n.min(199))),
        |n| format!("a=({})", "b ".repeat(n)),
        |n| format!("case x in {} esac", "a) b;; ".repeat(n / 3)),
        |n| "f(){ a;};".repeat(n.min(199)),
        |n| "a <b ".repeat(n / 2),
        |n| "a \\\n".repeat(n),
        |n| "'".repeat(n),
        |n| "\\".repeat(n),
        |n| "#\n".repeat(n),
        |n| format!("find . {}", "-exec a \\; ".repeat(n / 6)),
    ];
    for nest in repeated.iter().chain(&NESTS) {
        let line = nest(16_000);
        let start = Instant::now();
        drop(on_a_small_stack(line));
        // Two hundred times of what it takes, for machines that do other things.
        assert!(start.elapsed() < Duration::from_secs(20), "{}", nest(3));
    }
}

#[test]
fn a_refusal_quotes_little_of_the_line() {
    for line in [format!("{}(", "x".repeat(10_000)), format!("{} = (", "é".repeat(10_000))] {
        assert!(why(&line).len() < 300);
    }
}

#[test]
fn an_argv_is_read_without_a_shell() {
    let read = |argv: &[&str]| {
        let understood = understand_argv(argv);
        let facts = understood.facts();
        match &facts.not_understood {
            Some(why) => format!("unknown: {why}"),
            None => facts.programs.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "),
        }
    };
    assert_eq!(read(&["rm", "-rf", "$(ls)", "; id"]), "rm");
    assert_eq!(read(&["/bin/sh", "-c", "rm x | id"]), "id rm sh");
    assert_eq!(read(&["env", "A=1", "rm"]), "env rm");
    assert_eq!(read(&["find", ".", "-exec", "rm", "{}", ";"]), "find rm");
    assert_eq!(read(&["sh"]), "unknown: sh: it runs what a file or its input holds");
    assert_eq!(read(&["sh", "-c", "$X"]), "unknown: a program's name is made when it is run");
    assert_eq!(read(&[]), "unknown: it names no program");
    assert_eq!(read(&["a\0b"]), "unknown: it holds a NUL");
    assert_eq!(read(&["a\nb"]), "unknown: a program's name holds what no name holds");
    assert_eq!(read(&["*"]), "*");
}
