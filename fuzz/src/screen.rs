use evidence::screen::Filter;

/// Whatever a program shows, what is played of it only paints: no sequence is in it that is not named
/// here, and no control but a few. How it is cut changes nothing, and what came through comes through.
pub fn terminal_filter(data: &[u8]) {
    let whole = filtered(data, usize::MAX);
    paints(&whole);
    for size in [1, 2, 3, 7] {
        assert_eq!(filtered(data, size), whole, "in pieces of {size}");
    }
    assert_eq!(filtered(whole.as_bytes(), 5), whole);
}

fn filtered(data: &[u8], size: usize) -> String {
    let (mut filter, mut out) = (Filter::new(), String::new());
    for piece in data.chunks(size.min(data.len()).max(1)) {
        filter.feed(piece, &mut out);
    }
    filter.finish(&mut out);
    out
}

/// Reads a text as a terminal would, and knows nothing that does more than paint.
fn paints(text: &str) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\x1b' {
            let plain = !letter.is_control() || "\x07\x08\t\n\r".contains(letter);
            let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(plain && !turns, "{letter:?}");
            continue;
        }
        match letters.next() {
            Some('7' | '8' | 'D' | 'E' | 'M') => {}
            Some('(') => assert!(matches!(letters.next(), Some('0' | 'B'))),
            Some('[') => {
                let mut held = String::new();
                let last = loop {
                    match letters.next() {
                        Some(letter @ '\x20'..='\x3f') => held.push(letter),
                        Some(letter @ '\x40'..='\x7e') => break letter,
                        other => panic!("{held:?} goes on with {other:?}"),
                    }
                };
                sequence(&held, last);
            }
            other => panic!("ESC and {other:?}"),
        }
    }
}

fn sequence(held: &str, last: char) {
    let (mark, numbers) = match held.strip_prefix('?') {
        Some(numbers) => ("?", numbers),
        None => ("", held),
    };
    let numbers: Vec<&str> = numbers.split([';', ':']).collect();
    let digits = numbers.iter().all(|one| one.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(digits, "{held:?} {last}");
    let known = match (mark, last) {
        ("", 'm') => true,
        ("", 'H' | 'f' | 'r') => numbers.len() <= 2,
        (
            "",
            'A'..='G'
            | 'I'
            | 'L'
            | 'M'
            | 'P'
            | 'S'
            | 'T'
            | 'X'
            | 'Z'
            | '@'
            | '`'
            | 'a'
            | 'b'
            | 'd'
            | 'e',
        ) => numbers.len() == 1,
        ("", 's' | 'u') => held.is_empty(),
        (_, 'J' | 'K') => matches!(numbers[..], ["" | "0" | "1" | "2"]),
        ("", 'h' | 'l') => numbers.iter().all(|mode| *mode == "4"),
        ("?", 'h' | 'l') => numbers.iter().all(|mode| {
            matches!(*mode, "5" | "6" | "7" | "12" | "25" | "47" | "1047" | "1048" | "1049")
        }),
        _ => false,
    };
    assert!(known, "CSI {held:?} {last}");
}
