//! What a program showed on its user's terminal, played on another's.

use evidence::screen::{Filter, Piece, Player, RESTORE};
use model::{Event, Stream, Timestamp};
use proptest::prelude::*;

use crate::render::{hostile, story, story_of_programs};
use crate::story::{START, said};

/// Says what in a text would do more than paint: a list of what may be there, written for itself.
pub(crate) fn only_paints(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let begins = rest;
        rest = &rest[c.len_utf8()..];
        let fails = || Err(format!("{:?}", begins.chars().take(20).collect::<String>()));
        if c != '\x1b' {
            let plain = "\x07\x08\t\n\r".contains(c) || !c.is_control();
            let turns = "\u{202a}\u{202b}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2028}\u{feff}";
            if !plain || turns.contains(c) {
                return fails();
            }
            continue;
        }
        let Some(second) = rest.chars().next() else { return fails() };
        if "78DEM".contains(second) {
            rest = &rest[1..];
        } else if rest.starts_with("(0") || rest.starts_with("(B") {
            rest = &rest[2..];
        } else if second == '[' {
            let Some(end) = rest[1..].find(|c: char| ('@'..='~').contains(&c)) else {
                return fails();
            };
            let (numbers, last) = (&rest[1..=end], rest.as_bytes()[end + 1]);
            rest = &rest[end + 2..];
            let digits = |text: &str, more: &str| {
                text.chars().all(|c| c.is_ascii_digit() || more.contains(c))
            };
            let good = match last {
                b'm' => digits(numbers, ";:"),
                b'H' | b'f' | b'r' => digits(numbers, ";") && numbers.matches(';').count() < 2,
                b'h' | b'l' => {
                    let allowed =
                        ["?5", "?6", "?7", "?12", "?25", "?47", "?1047", "?1048", "?1049", "4"];
                    let mark = if numbers.starts_with('?') { "?" } else { "" };
                    let bare = numbers.trim_start_matches('?');
                    bare.split(';').all(|mode| allowed.contains(&format!("{mark}{mode}").as_str()))
                }
                b'J' | b'K' => ["", "0", "1", "2"].contains(&numbers.trim_start_matches('?')),
                b's' | b'u' => numbers.is_empty(),
                b'b' => digits(numbers, "") && numbers.len() < 4,
                _ => b"@ABCDEFGILMPSTXZ`ade".contains(&last) && digits(numbers, ""),
            };
            if !good {
                return fails();
            }
        } else {
            return fails();
        }
    }
    Ok(())
}

fn filtered(bytes: &[u8], piece: usize) -> String {
    let (mut filter, mut out) = (Filter::new(), String::new());
    for piece in bytes.chunks(piece.max(1)) {
        filter.feed(piece, &mut out);
    }
    filter.finish(&mut out);
    out
}

#[test]
fn what_paints_comes_through_as_it_is() {
    for text in [
        "plain zażółć 漢字 👩\u{200d}💻\r\n\tx\x08\x07",
        "\x1b[1;31mred\x1b[0m \x1b[38;5;208mo\x1b[38:2::1:2:3mp\x1b[m",
        "\x1b[H\x1b[2J\x1b[12;40Hx\x1b[3A\x1b[B\x1b[10C\x1b[D\x1b[E\x1b[F\x1b[5G\x1b[7d\x1b[1;1f",
        "\x1b[K\x1b[1K\x1b[J\x1b[?2J\x1b[?K\x1b[4X\x1b[2P\x1b[3@\x1b[2L\x1b[M\x1b[9b",
        "\x1b[2;20r\x1b[3S\x1b[2T\x1bD\x1bE\x1bM\x1b7\x1b8\x1b[s\x1b[u",
        "\x1b[?1049h\x1b[?25l\x1b[?7h\x1b[?12;25h\x1b[4h\x1b[4l\x1b[?5h\x1b[?6l\x1b[?47l",
        "\x1b(0lqk\x1b(B",
        RESTORE,
    ] {
        only_paints(text).unwrap();
        for piece in [1, 2, 3, text.len()] {
            assert_eq!(filtered(text.as_bytes(), piece), text);
        }
    }
}

#[test]
fn what_does_more_than_paint_is_left_out() {
    for (bytes, expected) in [
        // The window: its title, its size, its place.
        (&b"a\x1b]0;owned\x07b\x1b]2;x\x1b\\c\x1b[22;0td\x1b[8;1;1te"[..], "abcde"),
        // The clipboard, links, the folder, notices, images.
        (b"\x1b]52;c;b3duZWQ=\x07.\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\.", ".link."),
        (b"\x1b]7;file:///\x07\x1b]133;A\x07\x1b]1337;File=:AAAA\x07\x1b]9;hi\x07x", "x"),
        // Reports: a terminal's answer would be typed into the viewer's shell.
        (b"\x1b[6n\x1b[5n\x1b[?6n\x1b[c\x1b[>c\x1b[=c\x1b[>q\x1bZ\x1b[?1$p\x1b[x\x05.", "."),
        (b"\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b[?2;1;0S\x1b[18t\x1b[21t.", "."),
        // Copies to a printer, lamps, the keyboard, the whole terminal.
        (b"\x1b[i\x1b[5i\x1b[1q\x1b[2h\x1b[20h\x1bc\x1b=\x1b>\x1b[!p\x1b[>4;2m\x1b[>1u\x1b[=1u.", "."),
        // The mouse, the focus, what is pasted, keys, 132 columns, what waits until it is let go.
        (
            b"\x1b[?1000;1002;1003;1004;1005;1006;1015;1016;2004h\x1b[?1h\x1b[?3h\x1b[?2026h\x1b[?9h.",
            ".",
        ),
        (b"\x1b[?1;25;2004h\x1b[?1049;1006h\x1b[4;20h", "\x1b[?25h\x1b[?1049h\x1b[4h"),
        // Letters of another kind.
        (b"\x0e\x0f\x1b)0\x1b(A\x1b*0\x1b%G\x1bN\x1bO\x1bn\x1b|\x1b F\x1b#8.", "."),
        // Texts that nobody sees, to their end or to the end of all.
        (b"\x1b_apc\x07still\x1b\\.\x1b^pm\x1b\\.\x1bXsos\x1b\\.\x1bPdcs\n\x1b\\.", "...."),
        (b"a\x1b]0;never ended", "a"),
        (b"a\x1b]0;x\x18b\x1b]0;y\x1a\x1b[1mc\x1b[31", "ab\x1b[1mc"),
        (b"\x1bktitle\x1b\\.\x1bkother\nx\x1bkthird\x07.", ".\nx."),
        // C1 in the form of UTF-8, and in eight bits.
        ("\u{9b}6n\u{9b}31mx\u{9d}0;t\u{9c}y\u{90}q\u{9c}\u{85}z\u{84}".as_bytes(), "\x1b[31mxy\x1bEz\x1bD"),
        (b"\x9b6n\x9d0;x\x07\xff", "\u{fffd}6n\u{fffd}0;x\x07\u{fffd}"),
        // Sequences in pieces, with controls and other sequences in the middle.
        (b"\x1b\x1b[3\r1m\x1b[\x1b[1m\x1b[3\x7f2mx", "\r\x1b[31m\x1b[1m\x1b[32mx"),
        ("\x1b[3é1mx".as_bytes(), "é1mx"),
        // More numbers, or larger ones, than there can be.
        (b"\x1b[1;2;3H\x1b[999999A\x1b[9999b\x1b[1;2A\x1b[3J\x1b[1;2;3;4;5T\x1b[1 q\x1b[1 @.", "."),
        // What scrolled off is not erased; what turns the reading direction is not shown.
        ("a\u{202e}b\u{2066}c\u{feff}d\u{e0041}".as_bytes(), "abcd"),
    ] {
        for piece in [1, 2, 3, bytes.len()] {
            let found = filtered(bytes, piece);
            assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
    let long = [b"\x1b[".to_vec(), vec![b'1'; 1 << 20], b"mx".to_vec()].concat();
    assert_eq!(filtered(&long, 4096), "x");
}

/// A player's pieces on one line each.
fn played(story: &[(Timestamp, Event)]) -> Vec<String> {
    let mut player = Player::new();
    let mut pieces: Vec<_> =
        story.iter().flat_map(|(at, event)| player.event(*at, event)).collect();
    pieces.extend(player.finish());
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Lines(lines) => out.extend(lines.into_iter().map(|line| line.text)),
            Piece::Begins { number, columns, rows } => {
                out.push(format!("BEGINS {number} {columns}x{rows}"))
            }
            Piece::Shown(text) => out.push(format!("SHOWN {text}")),
            Piece::Typed(text) => out.push(format!("TYPED {text}")),
            Piece::Resized { columns, rows } => out.push(format!("RESIZED {columns}x{rows}")),
            Piece::Ends => out.push("ENDS".to_owned()),
        }
    }
    out
}

#[test]
fn one_program_has_the_screen_and_what_else_happens_is_shown_behind_it() {
    let found = played(&story_of_programs());
    let from = found.iter().position(|line| line.starts_with("BEGINS")).unwrap();
    let (before, after) = found.split_at(from);
    assert!(before.contains(&"Linux web-1 6.1".to_owned()), "{before:?}");
    assert_eq!(before.last().unwrap(), "  [4] terminal 80×24");
    assert_eq!(
        after[..9],
        [
            "BEGINS 4 80x24",
            "SHOWN \x1b[32mweb-1\x1b[0m$ ",
            "TYPED ls\r",
            "SHOWN ls\r\na  b\r\n",
            "RESIZED 100x30",
            "SHOWN web-1$ ",
            "ENDS",
            "-- [5] +0.061 s",
            "$ tar c .",
        ]
    );
    assert!(after[9..].iter().any(|line| line.starts_with("  [4] killed by HUP")), "{after:?}");
    // A session without a terminal is shown as lines and nothing else.
    assert!(!played(&story()).iter().any(|line| line.starts_with("BEGINS")));
}

#[test]
fn what_the_gateway_says_to_whoever_sits_there_is_shown_where_it_was_said() {
    let story = [
        (START, Event::Terminal { number: 1, columns: 80, rows: 24 }),
        (START, said(1, Stream::Output, b"$ ")),
        (START, Event::Notice { number: 1, message: "wait\nfor \x1b[2J".into() }),
        (START, said(1, Stream::Output, b"\xc3")),
    ];
    let expected = [
        "  [1] terminal 80×24",
        "BEGINS 1 80x24",
        "SHOWN $ ",
        "SHOWN sluice: wait\r\nsluice: for \\x1b[2J\r\n",
        "SHOWN \u{fffd}",
        "ENDS",
    ];
    assert_eq!(played(&story), expected);
}

#[test]
fn nothing_that_is_played_does_more_than_paint() {
    for line in played(&hostile()) {
        only_paints(&line).unwrap();
    }
}

/// Bytes as hostile programs send them: what begins sequences comes often.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            &b"\x1b["[..],
            b"\x1b]",
            b"\x1bP",
            b"\x1b\\",
            b"\x1b",
            b"?",
            b";",
            b"1049",
            b"25",
            b"2004",
            b"m",
            b"h",
            b"t",
            b"n",
            b"c",
            b"\x07",
            b"\xc2\x9b",
            b"\xc2",
            b"\x9b",
            b"(0",
            b"(",
            b"\r\n",
            b"x",
        ])
        .prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_shown_only_paints_and_how_it_is_cut_changes_nothing(
        bytes in hostile_bytes(), piece in 1_usize..20,
    ) {
        let whole = filtered(&bytes, bytes.len());
        prop_assert_eq!(only_paints(&whole), Ok(()));
        prop_assert_eq!(filtered(&bytes, piece), whole.clone());
        // What came through once comes through again.
        prop_assert_eq!(filtered(whole.as_bytes(), 7), whole);
    }
}
