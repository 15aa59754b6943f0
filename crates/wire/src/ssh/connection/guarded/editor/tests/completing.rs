//! Tab and its answers.

use super::super::Event;
use super::person::{Person, is_complete};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Tables for the word before the cursor, in whatever case.
pub(super) fn tables(line: &str, cursor: usize) -> (usize, Vec<String>) {
    let from = line[..cursor].rfind([' ', '\n']).map_or(0, |at| at + 1);
    let word = line[from..cursor].to_lowercase();
    let tables = ["accounts", "account_log", "orders", "größe", "größer", "漢字", "漢語"];
    (from, words(&tables).into_iter().filter(|table| table.starts_with(&word)).collect())
}

fn person(columns: u16) -> Person {
    let mut person = Person::new(columns, 12);
    person.answers = tables;
    person
}

#[test]
fn the_only_one_is_put_there() {
    let mut person = person(40);
    person.press("from o\t");
    let asked = Event::Complete { line: "from o".to_owned(), cursor: 6 };
    assert_eq!((person.line().as_str(), &person.events[..]), ("from orders|", &[asked][..]));
    person.press("\t\t");
    assert_eq!((person.line().as_str(), person.terminal.bells), ("from orders|", 0));
    // In the middle, and with another case than typed.
    person.press("\x01\x1bf OR\t");
    assert_eq!(person.line(), "from orders| orders");
    assert_eq!(person.terminal.text(), "db=> from orders orders");
}

#[test]
fn what_all_begin_with_is_put_there_and_a_second_tab_lists() {
    let mut person = person(40);
    person.press("a\t");
    assert_eq!((person.line().as_str(), person.terminal.bells), ("account|", 0));
    person.press("\t");
    assert_eq!(person.terminal.text(), "db=> account\naccounts     account_log\ndb=> account");
    person.press("\x02\x06\t");
    assert_eq!(person.terminal.bells, 1);
    person.press("s\t gr\t");
    assert_eq!(person.line(), "accounts größe|");
    person.press(" 漢\t\t");
    assert_eq!(person.terminal.text().lines().nth(3), Some("漢字  漢語"));
    person.press(" x\t\t\t");
    assert_eq!((person.line().as_str(), person.terminal.bells), ("accounts größe 漢 x|", 5));
}

#[test]
fn a_list_is_below_the_line_and_the_cursor_where_it_was() {
    let mut person = person(16);
    person.press("\x1b[200~a 'b\nthe rest of it'\x1b[201~\x10\x01\x06\t\t");
    assert_eq!(person.line(), "account| 'b\nthe rest of it'");
    let line = "db=> account 'b\n> the rest of it\n'";
    let list = "accounts\naccount_log";
    assert_eq!(person.terminal.text(), format!("{line}\n{list}\n{line}"));
}

#[test]
fn many_are_listed_in_columns_or_counted() {
    let mut person = Person::new(30, 60);
    person.answers = |_, _| (0, (0..200).map(|at| format!("t{at}")).collect());
    person.press("t\t\t");
    let screen = person.terminal.screen();
    assert_eq!(screen[1], "t0    t50   t100  t150");
    assert_eq!(screen[50], "t49   t99   t149  t199");
    assert_eq!(screen[51], "db=> t");
    let mut person = Person::new(30, 60);
    person.answers = |_, _| (0, (0..201).map(|at| format!("t{at}")).collect());
    person.press("t\t\t");
    assert_eq!(person.terminal.text(), "db=> t\n201 possibilities\ndb=> t");
    // Wider than the screen, and deceptive.
    let mut person = Person::new(12, 10);
    person.answers =
        |_, _| (0, words(&["x\u{202e}\x1b[2J", "xyyyyyyyyyyyyyyyyyyy", "x12345678901"]));
    person.press("x\t\t");
    assert_eq!(
        person.terminal.text(),
        "db=> x\nx<U+202E>^[[\n2J\nxyyyyyyyyyyy\nyyyyyyyy\nx12345678901\ndb=> x"
    );
}

#[test]
fn a_late_answer_has_no_effect() {
    let late = |keys: &str| {
        let mut person = Person::new(40, 12);
        person.send(|editor, out| drop(editor.keys(b"a\t", &is_complete, out)));
        if !keys.is_empty() {
            person.send(|editor, out| drop(editor.keys(keys.as_bytes(), &is_complete, out)));
        }
        person.send(|editor, out| editor.completions(0, &words(&["accounts"]), out));
        person.check();
        person.line()
    };
    assert_eq!(late(""), "accounts|");
    assert_eq!(late("c"), "ac|");
    assert_eq!(late("\x02"), "|a");
    assert_eq!(late("\x7fa"), "a|");
    assert_eq!(late("\x03"), "|");
    let mut person = Person::new(40, 12);
    person.press("a\t");
    let out = person.send(|editor, out| editor.completions(0, &words(&["accounts"]), out));
    assert_eq!((person.line().as_str(), out.len()), ("a|", 0), "it had been answered");
}

#[test]
fn offsets_that_make_no_sense_have_no_effect() {
    for from in [1, 3, 4, usize::MAX] {
        let mut person = Person::new(40, 12);
        person.send(|editor, out| drop(editor.keys("é x\x02\t".as_bytes(), &is_complete, out)));
        person.send(|editor, out| editor.completions(from, &words(&["orders"]), out));
        let line = if from == 3 { "é orders|x" } else { "é |x" };
        assert_eq!(person.line(), line);
        person.check();
    }
    let mut full = Person::new(80, 12);
    full.paste(&"x".repeat(64 * 1024));
    full.answers = |line, _| (0, vec![format!("{line}yz")]);
    full.press("\t");
    assert_eq!((full.line().len(), full.terminal.bells), (64 * 1024 + 1, 1));
}

#[test]
fn messages_and_sizes_leave_an_answer_in_time() {
    let mut person = Person::new(40, 12);
    person.send(|editor, out| drop(editor.keys(b"a\t", &is_complete, out)));
    person.send(|editor, out| editor.say("hello", out));
    person.send(|editor, out| editor.completions(0, &words(&["accounts"]), out));
    assert_eq!(person.terminal.text(), "hello\ndb=> accounts");
}
