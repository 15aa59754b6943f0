use std::sync::Arc;

use super::*;

const CARD: &str = "4242424242424242";

fn terminal() -> Terminal {
    Terminal::new(Arc::new(Detectors::all()), 80, 24)
}

/// What is seen of what comes out: another screen, of which nothing is masked.
fn seen(bytes: &[u8]) -> Vec<String> {
    let mut screen = Terminal::new(Arc::new(Detectors::none()), 80, 24);
    screen.feed(bytes, &mut Vec::new());
    let lines = screen.screen.grid.lines();
    let line = |line: &grid::Line| line.cells.iter().map(|cell| cell.letter).collect::<String>();
    lines.iter().map(line).map(|line| line.trim_end().to_owned()).collect()
}

fn shown(pieces: &[&[u8]]) -> Vec<u8> {
    let (mut terminal, mut out) = (terminal(), Vec::new());
    for piece in pieces {
        terminal.feed(piece, &mut out);
    }
    terminal.end(&mut out);
    out
}

#[test]
fn a_value_is_found_wherever_it_is_cut_and_whatever_stands_between_its_letters() {
    for between in
        ["", "\x1b[31m", "\x1b[0;1m", "\x1b[C\x1b[D", "\x1b7\x1b8", "\x1b]0;title\x07", "\x07"]
    {
        let spread: String = CARD.chars().map(|letter| format!("{letter}{between}")).collect();
        let text = format!("card {spread} and\r\nmore");
        let bytes = text.as_bytes();
        for at in 0..=bytes.len() {
            let (front, behind) = bytes.split_at(at);
            let out = shown(&[front, behind]);
            assert_eq!(seen(&out)[0], "card **************** and", "{between:?} {at}");
            assert_eq!(seen(&out)[1], "more");
        }
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(seen(&shown(&pieces))[0], "card **************** and", "{between:?}");
    }
}

#[test]
fn nothing_is_changed_where_nothing_is_found() {
    let text = b"ls\r\n\x1b[1;34mbin\x1b[0m  a.txt\r\n\x1b[2J\x1b[H\x1b[?1049h~\x1b[24;1H-- INSERT --\x1b[?1049l$ ";
    for size in [1, 2, 3, 7, text.len()] {
        let pieces: Vec<&[u8]> = text.chunks(size).collect();
        assert_eq!(shown(&pieces), text, "{size}");
    }
}

#[test]
fn what_was_shown_in_pieces_is_painted_over_when_it_is_whole() {
    let (mut terminal, mut out) = (terminal(), Vec::new());
    terminal.feed(b"12345678\r\ncard 42424242", &mut out);
    terminal.hurry(false, &mut out);
    assert_eq!(seen(&out)[1], "card 42424242");
    terminal.feed(b"\x1b[H", &mut out);
    terminal.feed(b"\x1b[2;14H42424242", &mut out);
    terminal.end(&mut out);
    assert_eq!(seen(&out)[..2], ["12345678", "card ****************"]);
    // The cursor is where the program has left it.
    let mut again = out.clone();
    again.extend(b"!");
    assert_eq!(seen(&again)[1], "card ****************!");
}

#[test]
fn what_is_painted_from_behind_is_found() {
    let mut bytes = Vec::new();
    for (at, letter) in CARD.chars().enumerate().collect::<Vec<_>>().into_iter().rev() {
        bytes.extend(format!("\x1b[3;{}H{letter}", at + 1).bytes());
    }
    assert_eq!(seen(&shown(&[&bytes]))[2], "*".repeat(16));
    let pieces: Vec<&[u8]> = bytes.chunks(5).collect();
    assert_eq!(seen(&shown(&pieces))[2], "*".repeat(16));
}

#[test]
fn a_value_over_the_end_of_a_line_is_found() {
    let text = format!("{}{CARD} x", "-".repeat(71) + " ");
    let out = shown(&[text.as_bytes()]);
    assert_eq!(seen(&out)[0], format!("{} ********", "-".repeat(71)));
    assert_eq!(seen(&out)[1], "******** x");
}

#[test]
fn what_scrolls_away_in_one_piece_is_masked() {
    let text: String = (0..100).map(|n| format!("{n} {CARD}\r\n")).collect();
    let out = shown(&[text.as_bytes()]);
    assert!(!String::from_utf8(out.clone()).unwrap().contains(CARD));
    assert_eq!(out.len(), text.len());
}

#[test]
fn what_is_typed_comes_back_at_once_and_other_words_when_they_end() {
    let (mut terminal, mut out) = (terminal(), Vec::new());
    for letter in b"git status" {
        terminal.typed(&[*letter]);
        let before = out.len();
        terminal.feed(&[*letter], &mut out);
        assert_eq!((out.len(), terminal.held()), (before + 1, 0));
    }
    terminal.feed(b"\r\nOn branch ma", &mut out);
    assert_eq!(terminal.held(), 2);
    terminal.feed(b"in\r\n$ ", &mut out);
    assert_eq!((seen(&out)[1].as_str(), terminal.held()), ("On branch main", 0));
}

#[test]
fn in_strict_mode_a_word_waits_for_its_end() {
    let (mut terminal, mut out) = (terminal(), Vec::new());
    terminal.feed(b"card 4242 4242", &mut out);
    terminal.hurry(true, &mut out);
    assert_eq!(seen(&out)[0], "card");
    terminal.feed(b" 4242 4242\r\nPassword:", &mut out);
    terminal.hurry(true, &mut out);
    assert_eq!(seen(&out)[..2], ["card *******************", "Password:"]);
}

#[test]
fn what_would_make_another_screen_of_this_does_not_go_on() {
    let out = shown(&[b"a\x1b[1;1;2;2;1;3;3;1$vb\x1b[?69hc\xc2\x9b5mD"]);
    assert_eq!(out, b"abc5mD");
}

#[test]
fn memory_is_bounded_whatever_comes() {
    for unit in
        ["\x1b]0;", "\x1bP", "\x1b[", "4", "\u{301}", "\x1b_x", "\x1b[99999;99999H4", "\x1b[9999L"]
    {
        let (mut terminal, mut out) =
            (Terminal::new(Arc::new(Detectors::all()), u32::MAX, u32::MAX), Vec::new());
        for _ in 0..40 {
            terminal.feed(unit.repeat(4096 / unit.len()).as_bytes(), &mut out);
            assert!(terminal.held() <= 2 * MOST, "{unit:?}: {}", terminal.held());
            out.clear();
        }
    }
}
