//! History and the search in it.

use super::super::Event;
use super::super::history::History;
use super::person::Person;

fn with_history(lines: &[&str]) -> Person {
    let mut person = Person::new(60, 20);
    for line in lines {
        person.press(format!("{line}\r"));
    }
    person.events.clear();
    person
}

#[test]
fn history_keeps_what_is_worth_it() {
    let person = with_history(&["one", "one", " secret", "", "   ", "two", "one"]);
    assert_eq!(person.editor.history().collect::<Vec<_>>(), ["one", "two", "one"]);
    let lines: Vec<String> = (0..600).map(|line| line.to_string()).collect();
    let person = with_history(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(person.editor.history().eq(&lines[100..]));
}

#[test]
fn history_is_bounded_in_bytes() {
    let mut history = History::default();
    for line in 0..40 {
        history.push(&format!("{line} {}", "x".repeat(60_000)));
    }
    assert_eq!(history.lines().count(), 17);
    assert!(history.line(0).unwrap().starts_with("23 "));
}

#[test]
fn up_and_down_go_through_history_and_back_to_the_new_line() {
    let mut person = with_history(&["one", "two", "three"]);
    for (keys, line) in [
        ("dr\x02", "d|r"),
        ("\x1b[A", "three|"),
        ("\x10", "two|"),
        ("x", "twox|"),
        ("\x1bOA", "one|"),
        ("\x10", "one|"),
        ("\x0e", "two|"),
        ("\x1b[B\x1b[B", "dr|"),
        ("\x0e", "dr|"),
        ("\x10\x10\x10\x03\x10", "three|"),
    ] {
        person.press(keys);
        assert_eq!(person.line(), line, "behind {keys:?}");
    }
    person.press("\x10\r\x10\x10");
    assert_eq!(person.line(), "three|");
    assert_eq!(person.events, [Event::Interrupt, Event::Line("two".to_owned())]);
}

#[test]
fn ctrl_r_searches_as_one_types() {
    let mut person = with_history(&["select one", "update two", "select three", "delete four"]);
    for (keys, shown) in [
        ("draft\x12", "(reverse-i-search)`': draft"),
        ("s", "(reverse-i-search)`s': select three"),
        ("elect", "(reverse-i-search)`select': select three"),
        ("\x12", "(reverse-i-search)`select': select one"),
        ("\x12", "(failed reverse-i-search)`select': select one"),
        ("\x7f\x7f\x7f\x7f", "(reverse-i-search)`se': select three"),
        ("\x08\x08", "(reverse-i-search)`': draft"),
        ("two", "(reverse-i-search)`two': update two"),
        ("q", "(failed reverse-i-search)`twoq': update two"),
        ("\x07", "db=> draft"),
        ("\x12sel\x01", "db=> select three"),
        ("X", "db=> Xselect three"),
        ("\x0e", "db=> delete four"),
        ("\x0e", "db=> draft"),
        ("\x12\x12", "(reverse-i-search)`sel': select three"),
        ("\x03", "db=> draft^C"),
        ("\x12one\x1b[D", "db=> select one"),
        ("\x12e\x1b", "(reverse-i-search)`e': select one"),
    ] {
        person.press(keys);
        let text = person.terminal.text();
        let rows: Vec<&str> = text.lines().collect();
        let row = rows.len() - usize::from(keys == "\x03") - 1;
        assert_eq!(rows[row], shown, "behind {keys:?}");
    }
}

#[test]
fn a_mark_that_was_found_leaves_the_cursor_behind_its_sign() {
    let mut person = with_history(&["xe\u{301}y"]);
    person.press("\x12\u{301}");
    assert_eq!((person.terminal.row, person.terminal.column), (1, 24));
    person.press("\x1b[D");
    assert_eq!(person.line(), "x|e\u{301}y");
}

#[test]
fn a_found_line_is_edited_or_run() {
    let mut person = with_history(&["select one", "update two", "o 'x\ny'"]);
    person.press("\x12ne\x1b[C");
    assert_eq!(person.line(), "select on|e");
    person.press("\x12\x12\x12upd\r");
    person.press("\x12tw\x0b\r");
    person.press("\x12y'\x0bz'\r");
    let lines = ["select one", "update ", "o 'x\nz'"].map(str::to_owned).map(Event::Line);
    assert_eq!(person.events, lines);
}

#[test]
fn a_pattern_is_bounded_and_shown() {
    let mut person = with_history(&["one"]);
    person.press("\x12");
    person.paste("\x1b\n\u{202e}");
    assert_eq!(person.terminal.text(), "db=> one\n(failed reverse-i-search)`^[^J<U+202E>':");
    person.paste(&"o".repeat(100_000));
    assert!(person.editor.line.view().prompt.len() < 400);
    person.press("\x12\x07");
    assert_eq!(person.line(), "|");
}
