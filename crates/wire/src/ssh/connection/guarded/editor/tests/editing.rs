//! What keys do to the line, and the events they make.

use super::super::Event;
use super::person::{PROMPT, Person, is_complete};

fn line(text: &str) -> Event {
    Event::Line(text.to_owned())
}

#[test]
fn keys_edit_as_in_bash() {
    for (before, keys, after) in [
        ("abc|", "\x01", "|abc"),
        ("|abc", "\x05", "abc|"),
        ("abc|", "\x02\x02", "a|bc"),
        ("|abc", "\x02", "|abc"),
        ("|abc", "\x06", "a|bc"),
        ("abc|", "\x06", "abc|"),
        ("ab|c", "\x04", "ab|"),
        ("abc|", "\x04", "abc|"),
        ("ab|c", "\x08", "a|c"),
        ("ab|c", "\x7f", "a|c"),
        ("|abc", "\x7f", "|abc"),
        ("a|bc", "\x0b", "a|"),
        ("ab|c", "\x15", "|c"),
        ("one two-three |four", "\x17", "one |four"),
        ("one  |", "\x17", "|"),
        ("one two-three| four", "\x1b\x7f", "one two-| four"),
        ("one two-three| four", "\x1b\x08", "one two-| four"),
        ("one| two-three four", "\x1bd", "one|-three four"),
        ("one two-three|", "\x1bb\x1bb", "one |two-three"),
        ("|one, two", "\x1bf\x1bf", "one, two|"),
        ("|one, two", "\x1bf", "one|, two"),
        ("one two three|", "\x1b[1;5D", "one two |three"),
        ("|one two", "\x1b[1;5C", "one| two"),
        ("ab|cd", "\x14", "acb|d"),
        ("abcd|", "\x14", "abdc|"),
        ("|abcd", "\x14", "|abcd"),
        ("a|", "\x14", "a|"),
        ("|", "\x14", "|"),
        ("one two|", "\x17\x19\x19", "one twotwo|"),
        ("one two three|", "\x17\x17\x01\x19", "two three|one "),
        ("a b| c d", "\x1bd\x1bd\x05\x19", "a b c d|"),
        ("a b| c d", "\x17\x0b\x19", "a b c d|"),
        ("a b|", "\x17\x02\x15\x19", "a| "),
        ("|", "\x19", "|"),
        ("ab|c", "\x1b[3~", "ab|"),
        ("abc|", "\x1b[D\x1b[D\x1b[C", "ab|c"),
        ("abc|", "\x1b[Hx\x1b[Fy", "xabcy|"),
        // Marks go with what they stand on.
        ("ae\u{301}|b", "\x02", "a|e\u{301}b"),
        ("a|e\u{301}b", "\x06", "ae\u{301}|b"),
        ("ae\u{301}|b", "\x7f", "a|b"),
        ("a|e\u{301}b", "\x04", "a|b"),
        ("ae\u{301}|b", "\x14", "abe\u{301}|"),
        ("漢字|", "\x7f", "漢|"),
        ("né à côté|", "\x1bb", "né à |côté"),
        ("ne\u{301}e|", "\x1bb", "|ne\u{301}e"),
        // Several lines.
        ("one\ntwo|", "\x01", "one\n|two"),
        ("o|ne\ntwo", "\x05", "one|\ntwo"),
        ("one\ntw|o", "\x15", "one\n|o"),
        ("one\n|two", "\x15", "one|two"),
        ("o|ne\ntwo", "\x0b", "o|\ntwo"),
        ("one|\ntwo", "\x0b", "one|two"),
        ("one\n|\ntwo", "\x0b", "one\n|two"),
        ("one\n|\ntwo", "\x15", "one|\ntwo"),
        ("one\n|two", "\x7f", "one|two"),
        ("three\nfour|", "\x10", "thre|e\nfour"),
        ("a\nfour|", "\x1b[A", "a|\nfour"),
        ("fo|ur\na\nsix", "\x0e\x0e", "four\na\ns|ix"),
        ("漢字|\n字漢字", "\x1b[B", "漢字\n字漢|字"),
        ("a\n|\u{301}", "\x7f", "a\u{301}|"),
        // No key of ours.
        ("a|b", "\x07\x0f\x11\x13\x16\x18\x1a\x1c\x1d\x1e\x1f\0", "a|b"),
        ("a|b", "\x1bx\x1b.\x1b \x1b[15~\x1b[Z\x1bOP\x1b[[A\x1b[M !!", "a|b"),
    ] {
        let mut person = Person::with(20, 8, before);
        person.check();
        person.press(keys);
        assert_eq!(person.line(), after, "{keys:?} in {before:?}");
        // The same on a narrow screen, and a byte at a time.
        let mut person = Person::with(7, 8, before);
        for byte in keys.bytes() {
            person.press([byte]);
        }
        assert_eq!(person.line(), after, "{keys:?} in {before:?}");
        assert_eq!(person.events, []);
    }
}

#[test]
fn enter_is_cr_or_lf_or_both() {
    for (keys, lines) in [
        ("a\rb\r", vec!["a", "b"]),
        ("a\nb\n", vec!["a", "b"]),
        ("a\r\nb\r\n", vec!["a", "b"]),
        ("a\n\rb\n", vec!["a", "", "b"]),
        ("a\r\r\nb\n\n", vec!["a", "", "b", ""]),
        ("a\x1bOM", vec!["a"]),
        ("é\r\x1b[D\n", vec!["é", ""]),
    ] {
        let lines: Vec<Event> = lines.into_iter().map(line).collect();
        let mut person = Person::new(20, 40);
        person.press(keys);
        assert_eq!(person.events, lines, "{keys:?}");
        let mut person = Person::new(20, 40);
        for byte in keys.bytes() {
            if person.press([byte]).is_empty() {
                person.check();
            }
        }
        assert_eq!(person.events, lines, "{keys:?}");
    }
}

#[test]
fn what_stands_behind_an_event_is_left() {
    for (keys, taken) in [
        ("ab\rcd", 3),
        ("ab\r\ncd", 4),
        ("ab\n\ncd", 3),
        ("ab\x03cd", 3),
        ("ab\tcd", 3),
        ("\x04cd", 1),
    ] {
        let mut person = Person::new(20, 4);
        let mut answer = (0, None);
        person.send(|editor, out| answer = editor.keys(keys.as_bytes(), &is_complete, out));
        assert_eq!(answer.0, taken, "{keys:?}");
        assert!(answer.1.is_some());
    }
}

#[test]
fn nothing_is_read_without_a_prompt() {
    let mut person = Person::new(20, 4);
    let mut answer = (0, None);
    person.send(|editor, out| answer = editor.keys(b"a\r", &is_complete, out));
    assert_eq!(answer, (2, Some(line("a"))));
    assert!(!person.terminal.pastes);
    let out = person.send(|editor, out| answer = editor.keys(b"\nb\r", &is_complete, out));
    assert_eq!((answer, out), ((0, None), vec![]));
    person.prompt();
    assert!(person.terminal.pastes);
    // The LF of the CR before is the same Enter, even now.
    person.press("\nb\r");
    assert_eq!(person.events, [line("b")]);
}

#[test]
fn an_open_quote_goes_on_on_the_next_line() {
    let mut person = Person::new(20, 8);
    person.press("select 'a\rb\r");
    assert_eq!(person.line(), "select 'a\nb\n|");
    assert_eq!(person.terminal.text(), "db=> select 'a\n> b\n>");
    // Enter goes on behind the end, wherever the cursor is.
    person.press("\x10\x02\r");
    assert_eq!(person.line(), "select 'a\nb\n\n|");
    person.press("'\r");
    assert_eq!(person.events, [line("select 'a\nb\n\n'")]);
    assert_eq!(person.terminal.text(), "db=> select 'a\n> b\n>\n> '\ndb=>");
    // It comes back as a whole, and Enter anywhere runs the whole.
    person.press("\x10\x10\x10\r");
    assert_eq!(person.events[1], line("select 'a\nb\n\n'"));
}

#[test]
fn ctrl_c_drops_the_line_and_draws_a_new_prompt() {
    let mut person = Person::new(10, 12);
    person.press("select 'abc\rdef\x01\x10\x03");
    assert_eq!(person.events, [Event::Interrupt]);
    assert_eq!(person.terminal.text(), "db=> selec\nt 'abc\n> def^C\ndb=>");
    assert_eq!(person.line(), "|");
    person.press("x\r");
    assert_eq!(person.events[1], line("x"));
    assert_eq!(person.editor.history().collect::<Vec<_>>(), ["x"]);
    // At the margin, too.
    person.press("1234\x0312345\x03");
    assert!(person.terminal.text().ends_with("db=> 1234^\nC\ndb=> 12345\n^C\ndb=>"));
}

#[test]
fn ctrl_d_ends_only_on_an_empty_line() {
    let mut person = Person::new(20, 8);
    person.press("a\x04\x02\x04");
    assert_eq!((person.events.len(), person.line()), (0, "|".to_owned()));
    person.press("\x04");
    assert_eq!(person.events, [Event::End]);
    assert_eq!(person.terminal.text(), "db=>\ndb=>");
}

#[test]
fn pasted_text_runs_nothing() {
    let text = "one\ntwo\r\nthree\rfour\t\x03\x1b[A\u{85}é\x04\n";
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(b"\x1b[201~");
    let shown = "one\ntwo\nthree\nfour\t\x03\x1b[A\u{85}é\x04\n|";
    for piece in 1..bytes.len() {
        let mut person = Person::new(30, 10);
        bytes.chunks(piece).for_each(|piece| drop(person.press(piece)));
        assert_eq!((person.line().as_str(), person.events.len()), (shown, 0));
        assert_eq!(
            person.terminal.text(),
            "db=> one\n> two\n> three\n> four    ^C^[[A<U+0085>é^D\n>"
        );
        person.press("\r");
        assert_eq!(person.events, [line(shown.trim_end_matches('|'))]);
    }
}

#[test]
fn only_the_whole_mark_ends_a_paste() {
    let mut person = Person::new(40, 6);
    person.press("\x1b[200~a\x1b[201\x1b[20\x1b\x1b[2011~\u{e9}\x1b[200~\r\x1b[201~\x02");
    assert_eq!(person.line(), "a\x1b[201\x1b[20\x1b\x1b[2011~é\x1b[200~|\n");
    let mut person = Person::new(40, 6);
    person.press("\x1b[200~a\x1b[20\x1b\x1b[201~\x01b");
    assert_eq!(person.line(), "b|a\x1b[20\x1b");
    let mut person = Person::new(40, 6);
    person.press(b"\x1b[200~\xe6\xbc\x1b[201~b");
    assert_eq!(person.line(), "\u{fffd}b|");
}

#[test]
fn a_line_is_bounded() {
    let full = "x".repeat(64 * 1024);
    let mut person = Person::new(80, 24);
    person.paste(&format!("{full}yz"));
    assert_eq!(person.line(), format!("{full}|"));
    assert_eq!(person.terminal.bells, 1);
    person.press("y");
    person.press("\x02\x02é");
    assert_eq!(person.terminal.bells, 3);
    person.press("\x7f\x7f\x05é");
    assert_eq!((person.terminal.bells, person.line().len()), (3, full.len() + 1));
    // What cannot be put back is dropped, and a new line of it is refused.
    person.press("\x17\x19\x19");
    assert_eq!((person.terminal.bells, person.line().len()), (4, full.len() + 1));
    person.press("\r");
    assert_eq!(person.events.len(), 1);
    // Typed ahead without marks, character by character in the middle: no longer than a moment.
    person.press("ab\x02");
    person.press(&full);
    assert_eq!(person.line().len(), full.len() + 1);
}

#[test]
fn deceptive_characters_are_shown() {
    let mut person = Person::new(60, 8);
    person.press("a\u{202e}b\u{9b}c\u{2066}\u{200b}\u{feff}\u{e0041}");
    assert_eq!(person.terminal.text(), "db=> a<U+202E>b<U+009B>c<U+2066><U+200B><U+FEFF><U+E0041>");
    person.press("\x15\x08e\u{301}");
    assert_eq!(person.terminal.text(), "db=> e\u{301}");
    // An accent with nothing before it would change the prompt.
    person.press("\x15\u{301}x");
    assert_eq!(person.terminal.text(), "db=> <U+0301>x");
    person.press("\x15");
    person.send(|editor, out| editor.prompt("\x1b[31m\u{85}\n\u{202e}> ", out));
    assert_eq!(person.terminal.text(), "^[[31m<U+0085>^J<U+202E>>");
    person.press("x");
}

#[test]
fn a_prompt_while_reading_drops_the_line() {
    let mut person = Person::new(10, 8);
    person.press("some long line that wraps\x01");
    person.prompt();
    assert_eq!((person.terminal.text().as_str(), person.line().as_str()), ("db=>", "|"));
    assert_eq!(PROMPT.trim_end(), person.terminal.text());
}
