//! Command lines and how they must be read, one file a subject.
//!
//! A block starts with a line `-- what an operator would say about it`, then comes the line, then,
//! indented by `=>` and two spaces, the reading. With `UPDATE_READINGS=1` the files are written anew;
//! whoever does that reads the difference.

use std::fmt::Write as _;
use std::path::Path;

use model::Understood;

use crate::shell::understand;

fn check(file: &str) {
    let path = Path::new(file!()).with_file_name("readings").join(file);
    // The path of a source file is told from the workspace's root, a test runs in its crate's.
    let path = [Path::new(""), Path::new("../..")].map(|root| root.join(&path));
    let path = path.iter().find(|path| path.exists()).unwrap();
    let expected = std::fs::read_to_string(path).unwrap();
    let mut found = String::new();
    let mut blocks = 0;
    for block in expected.split_inclusive("\n\n") {
        let text: Vec<&str> = block
            .lines()
            .filter(|line| !line.starts_with("=>") && !line.starts_with("   "))
            .collect();
        let [name, text @ ..] = text.as_slice() else { continue };
        if !name.starts_with("-- ") || text.is_empty() {
            found.push_str(block);
            continue;
        }
        blocks += 1;
        let text = text.join("\n");
        let text = text.trim_end_matches('\n');
        writeln!(found, "{name}\n{text}").unwrap();
        found.push_str(&described(&understand(text)));
        found.push('\n');
    }
    assert!(blocks > 0, "{file} holds no command");
    if std::env::var_os("UPDATE_READINGS").is_some() {
        std::fs::write(path, format!("{}\n", found.trim_end())).unwrap();
        return;
    }
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found, "in {file}");
    }
    assert_eq!(expected.trim_end(), found.trim_end(), "in {file}");
}

fn described(understood: &Understood) -> String {
    let facts = understood.facts();
    if let Some(why) = &facts.not_understood {
        return format!("=> unknown: {why}\n");
    }
    let accesses: Vec<String> = understood.accesses().iter().map(ToString::to_string).collect();
    let accesses = if accesses.is_empty() { "nothing".to_owned() } else { accesses.join(", ") };
    let mut text = format!("=> {accesses}\n");
    for (kind, words) in [("given", &facts.argv), ("files", &facts.paths)] {
        let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        if !words.is_empty() {
            writeln!(text, "   {kind} {}", words.join(" ")).unwrap();
        }
    }
    text
}

macro_rules! subjects {
    ($($test:ident: $file:literal;)*) => {
        $(#[test] fn $test() { check($file); })*
    };
}

subjects! {
    commands_are_the_programs_they_run: "commands.txt";
    words_are_what_is_left_without_quotes: "words.txt";
    lists_run_everything_in_them: "lists.txt";
    functions_are_their_bodies: "functions.txt";
    programs_that_run_others_run_both: "wrappers.txt";
    shells_run_the_text_they_are_given: "shells.txt";
    variables_are_set_for_what_is_run: "variables.txt";
    documents_are_no_commands_but_what_is_in_them_is: "documents.txt";
    evasions_get_the_verdict_of_what_they_hide: "evasions.txt";
    shells_that_disagree_are_not_understood: "dialects.txt";
}
