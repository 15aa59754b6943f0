//! What is sent to the terminal, and what it makes of it.

use super::person::{PROMPT, Person};
use super::random::Random;

#[test]
fn typing_at_the_end_sends_the_character_alone() {
    let mut person = Person::new(12, 4);
    for text in ["a", "b", "漢", "é", "~"] {
        assert_eq!(person.press(text), text.as_bytes());
    }
    // Into the last column: the cursor goes to the next row.
    assert_eq!(person.press("c"), b"c \r");
    assert_eq!((person.terminal.row, person.terminal.column), (1, 0));
    assert_eq!(person.press("d"), b"d");
    assert_eq!(person.press("hello"), b"hello");
    assert_eq!(person.terminal.text(), "db=> ab漢é~c\ndhello");
    assert_eq!(person.press("\x1b["), b"");
    assert_eq!(person.press("D"), b"\r\x1b[5C");
}

#[test]
fn an_empty_row_is_not_left_behind_a_full_one() {
    let mut person = Person::new(10, 6);
    person.press("12345\r67890\x02\rx\r");
    assert_eq!(person.terminal.text(), "db=> 12345\ndb=> 67890\ndb=> x\ndb=>");
}

#[test]
fn wide_characters_at_the_right_margin() {
    for columns in 7..12 {
        let mut typed = Person::new(columns, 8);
        let mut drawn = Person::new(columns, 8);
        let text = "a漢字b漢字漢字漢c字";
        for ch in text.chars() {
            typed.press(ch.to_string());
        }
        drawn.paste("漢字b漢字漢字漢c字");
        drawn.press("\x01a");
        assert_eq!(drawn.terminal.screen(), typed.terminal.screen());
        // The cursor at every sign, and every sign deleted.
        for _ in text.chars() {
            typed.press("\x02");
        }
        for _ in text.chars() {
            typed.press("\x04");
        }
        assert_eq!(typed.terminal.text(), PROMPT.trim_end());
    }
    let mut person = Person::new(8, 4);
    assert_eq!(person.press("ab"), b"ab");
    assert_eq!(person.press("漢"), "漢".as_bytes());
    assert_eq!(person.terminal.text(), "db=> ab\n漢");
    person.press("\x02\x7f");
    assert_eq!(person.terminal.text(), "db=> a漢");
}

#[test]
fn marks_stay_on_what_they_were_typed_behind() {
    let mut person = Person::new(8, 5);
    person.press("abe");
    // The row is full, and the cursor already on the next.
    person.press("\u{301}");
    assert_eq!(person.terminal.text(), "db=> abe\u{301}");
    person.press("漢");
    person.press("\u{301}\u{301}");
    assert_eq!(person.terminal.text(), "db=> abe\u{301}\n漢\u{301}\u{301}");
    person.press("\x7f\x7f");
    assert_eq!(person.line(), "ab|");
    person.press("\x01\u{301}");
    assert_eq!(person.line(), "\u{301}|ab");
}

#[test]
fn a_text_of_more_rows_than_the_screen_is_seen_around_the_cursor() {
    let mut person = Person::new(10, 4);
    person.send(|editor, out| editor.say("before", out));
    let text: Vec<String> = (0..12).map(|row| format!("r {row}")).collect();
    person.paste(&text.join("\n"));
    assert_eq!(person.terminal.text(), "> r 8\n> r 9\n> r 10\n> r 11");
    person.press("\x10\x10\x10");
    assert_eq!(person.terminal.text(), "> r 8\n> r 9\n> r 10\n> r 11");
    person.press("\x10");
    assert_eq!(person.terminal.text(), "> r 7\n> r 8\n> r 9\n> r 10");
    person.press("x\x10\x10\x10\x10\x10\x10\x10");
    assert_eq!(person.terminal.text(), "db=> r 0\n> r 1\n> r 2\n> r 3");
    person.press("\x03");
    assert_eq!(person.terminal.text(), "> r 9\n> r 10\n> r 11^C\ndb=>");
    // Typed at the end, row after row.
    for _ in 0..8 {
        for ch in "0123456789".chars() {
            person.press(ch.to_string());
        }
    }
    assert_eq!(person.terminal.text(), "5678901234\n5678901234\n5678901234\n56789");
    person.press("\x01\r");
    assert_eq!(person.terminal.text(), "5678901234\n5678901234\n56789\ndb=>");
}

#[test]
fn ctrl_l_clears_the_screen() {
    let mut person = Person::new(10, 6);
    person.press("one\rtwo three four\x02\x02\x0c");
    assert_eq!(person.terminal.text(), "db=> two t\nhree four");
    person.press("x\x0cy\x12h\x0c");
    assert_eq!(person.terminal.text(), "db=> two t\nhree foxyu\nr");
}

#[test]
fn messages_stand_above_the_prompt() {
    let mut person = Person::new(12, 8);
    person.press("a line that wraps\x02\x02");
    person.send(|editor, out| editor.say("going down\r\nin\t5 \x1b[2J\u{9b}", out));
    assert_eq!(
        person.terminal.text(),
        "going down\nin    5 ^[[2\nJ<U+009B>\ndb=> a line\nthat wraps"
    );
    person.check();
    person.press("\x12");
    person.send(|editor, out| editor.say("", out));
    person.check();
    // Between two lines it is only written.
    let mut silent = Person::new(12, 8);
    silent.send(|editor, out| drop(editor.keys(b"\x04", &|_| true, out)));
    assert_eq!(silent.send(|editor, out| editor.say("bye", out)), b"bye\r\n");
}

#[test]
fn a_new_size_draws_the_line_anew() {
    let mut random = Random(11);
    for _ in 0..300 {
        let (mut columns, mut rows) = (10 + random.below(30) as u16, 12);
        let mut person = Person::new(columns, rows);
        person.send(|editor, out| editor.say("above", out));
        person.paste(&"one 漢字 two three ".repeat(random.below(5)));
        person.press("\x02".repeat(random.below(40)));
        for _ in 0..4 {
            columns = 10 + random.below(30) as u16;
            rows = 3 + random.below(12) as u16;
            person.terminal.resize(columns, rows);
            person.send(|editor, out| editor.resize(columns, rows, out));
            person.check();
            person.press(["x", "\x02", "\x7f", "漢"][random.below(4)]);
        }
        let gone = person.terminal.gone.iter().map(|row| row.concat());
        let all: Vec<String> = gone.chain(person.terminal.screen()).collect();
        assert_eq!(all[0].trim_end(), "above", "a new size took away what stood above");
    }
}

#[test]
fn a_narrower_screen_leaves_nothing_behind() {
    let mut person = Person::new(30, 8);
    person.press("select one, two, three, four, five");
    person.terminal.resize(14, 8);
    person.send(|editor, out| editor.resize(14, 8, out));
    assert_eq!(person.check(), 0);
    assert_eq!(person.terminal.text(), "db=> select on\ne, two, three,\n four, five");
    // No size, and one no character fits on.
    person.send(|editor, out| editor.resize(14, 8, out));
    let mut out = Vec::new();
    person.editor.resize(0, 0, &mut out);
    person.editor.resize(1, 1, &mut out);
    person.editor.keys("漢\x01\x02字\x7f".as_bytes(), &|_| true, &mut out);
}
