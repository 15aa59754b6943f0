//! Bytes to keys, split anywhere.

use super::super::keys::{Decoder, Key};
use super::person::Person;

fn keys(pieces: &[&[u8]]) -> Vec<Key> {
    let mut decoder = Decoder::default();
    let mut keys = Vec::new();
    pieces.concat().iter().for_each(|byte| decoder.byte(*byte, &mut keys));
    keys
}

const SEQUENCES: &[(&str, Option<Key>)] = &[
    // xterm, with the cursor keys in either mode
    ("\x1b[A", Some(Key::Up)),
    ("\x1b[B", Some(Key::Down)),
    ("\x1b[C", Some(Key::Right)),
    ("\x1b[D", Some(Key::Left)),
    ("\x1b[H", Some(Key::Home)),
    ("\x1b[F", Some(Key::End)),
    ("\x1bOA", Some(Key::Up)),
    ("\x1bOB", Some(Key::Down)),
    ("\x1bOC", Some(Key::Right)),
    ("\x1bOD", Some(Key::Left)),
    ("\x1bOH", Some(Key::Home)),
    ("\x1bOF", Some(Key::End)),
    ("\x1b[3~", Some(Key::Delete)),
    ("\x1b[3;5~", Some(Key::Delete)),
    ("\x1b[1;5C", Some(Key::WordRight)),
    ("\x1b[1;5D", Some(Key::WordLeft)),
    ("\x1b[1;3C", Some(Key::WordRight)),
    ("\x1b[1;2C", Some(Key::Right)),
    ("\x1b[1;5H", Some(Key::Home)),
    ("\x1b[5C", Some(Key::WordRight)),
    ("\x1bO5D", Some(Key::WordLeft)),
    // vt, linux, screen
    ("\x1b[1~", Some(Key::Home)),
    ("\x1b[4~", Some(Key::End)),
    // rxvt
    ("\x1b[7~", Some(Key::Home)),
    ("\x1b[8~", Some(Key::End)),
    ("\x1b[7^", Some(Key::Home)),
    ("\x1b[8$", Some(Key::End)),
    ("\x1b[3@", Some(Key::Delete)),
    ("\x1bOc", Some(Key::WordRight)),
    ("\x1bOd", Some(Key::WordLeft)),
    ("\x1b[c", Some(Key::Right)),
    ("\x1b\x1b[C", Some(Key::WordRight)),
    ("\x1b\x1bOD", Some(Key::WordLeft)),
    // Alt
    ("\x1bb", Some(Key::WordLeft)),
    ("\x1bf", Some(Key::WordRight)),
    ("\x1bd", Some(Key::KillWord)),
    ("\x1b\x7f", Some(Key::KillWordBack)),
    ("\x1b\x08", Some(Key::KillWordBack)),
    // not ours
    ("\x1b[5~", None),
    ("\x1b[15;2~", None),
    ("\x1b[Z", None),
    ("\x1b[I", None),
    ("\x1b[[A", None),
    ("\x1b[<0;10;20M", None),
    ("\x1b[M !\"", None),
    ("\x1b[?1;2c", None),
    ("\x1b[?1;2$y", None),
    ("\x1b[27;5;9~", None),
    ("\x1b[97;5u", None),
    ("\x1b[ q", None),
    ("\x1b[201~", None),
    ("\x1bOP", None),
    ("\x1bx", None),
    ("\x1b]11;rgb:00/00/00\x07", None),
    ("\x1b]11;rgb:00/00/00\x1b\\", None),
    ("\x1bP>|xterm(380)\x1b\\", None),
    ("\x1b_Gi=1;OK\x1b\\", None),
];

#[test]
fn sequences_are_known_and_others_swallowed() {
    for (sequence, key) in SEQUENCES {
        let mut expected = vec![Key::Char('a')];
        expected.extend(*key);
        expected.push(Key::Char('z'));
        assert_eq!(keys(&[b"a", sequence.as_bytes(), b"z"]), expected, "{sequence:?}");
    }
}

/// Splitting means something to the editor, which draws between the pieces.
#[test]
fn sequences_may_be_split_anywhere() {
    for (sequence, _) in SEQUENCES {
        let all = [b"z".as_slice(), sequence.as_bytes(), b"y"].concat();
        let mut whole = Person::with(11, 6, "one two| three\nfour");
        whole.press(&all);
        for first in 0..=all.len() {
            for second in first..=all.len() {
                let mut split = Person::with(11, 6, "one two| three\nfour");
                split.press(&all[..first]);
                split.press(&all[first..second]);
                split.press(&all[second..]);
                assert_eq!(split.line(), whole.line(), "{sequence:?} at {first} and {second}");
                assert_eq!(split.terminal.screen(), whole.terminal.screen());
            }
        }
    }
}

#[test]
fn a_control_ends_every_sequence() {
    for begin in [
        "\x1b",
        "\x1b\x1b",
        "\x1b[",
        "\x1b[1;",
        "\x1bO",
        "\x1bO5",
        "\x1b]0;x",
        "\x1bPx",
        "\x1bXx",
        "\x1b^x",
        "\x1b_x",
        "\x1b]0;x\x1b",
        "\x1b[M",
        "\x1b[[",
        "\u{e9}\x1b[",
    ] {
        for (control, key) in [(b"\x03", Key::Interrupt), (b"\r", Key::Enter)] {
            let keys = keys(&[begin.as_bytes(), control, b"a"]);
            assert_eq!(keys[keys.len() - 2..], [key, Key::Char('a')], "{begin:?}");
        }
        // So does another sequence.
        let last = keys(&[begin.as_bytes(), b"\x1b[Da"]);
        if begin != "\x1b[M" && begin != "\x1b[[" {
            assert!(last.ends_with(&[Key::Char('a')]), "{begin:?}");
        }
    }
}

#[test]
fn endless_sequences_are_swallowed_in_little_memory() {
    for (begin, middle) in [
        ("\x1b[", "1"),
        ("\x1b[", "1;"),
        ("\x1b[?", " "),
        ("\x1bO", "1"),
        ("\x1b]0;", "text é"),
        ("\x1bP", "\x1b]x"),
        ("\x1b", "\x1b"),
    ] {
        let mut decoder = Decoder::default();
        let mut keys = Vec::new();
        begin.bytes().for_each(|byte| decoder.byte(byte, &mut keys));
        for _ in 0..100_000 {
            middle.bytes().for_each(|byte| decoder.byte(byte, &mut keys));
        }
        assert_eq!(keys, []);
        assert!(format!("{decoder:?}").len() < 400, "{decoder:?}");
        decoder.byte(0x03, &mut keys);
        assert_eq!(keys, [Key::Interrupt]);
    }
    // One that was too long is no key, whatever its begin says.
    assert_eq!(keys(&[b"\x1b[3;00000000000000000000000000~a"]), [Key::Char('a')]);
    assert_eq!(keys(&[b"\x1b[99999999999~a"]), [Key::Char('a')]);
}

#[test]
fn what_is_no_utf8_becomes_a_replacement() {
    let broken: &[&[u8]] = &[
        b"a\xffb",
        b"\xc3",
        b"\xc3(",
        b"\xe6\xbc",
        b"\xe6\xbcx\xe6\xbc\xa2",
        b"\xf0\x9f\x98",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\x80\xbf",
        b"\xe6\xe6\xe6\xbc\xa2",
        b"\xf0\xf0\x9f\xc3\xa9",
    ];
    for bytes in broken {
        // A character cut off at the end is only known to be so with what follows.
        let bytes = [bytes, b"!".as_slice()].concat();
        let expected: Vec<Key> = String::from_utf8_lossy(&bytes).chars().map(Key::Char).collect();
        assert_eq!(keys(&[&bytes]), expected, "{bytes:x?}");
        let pasted = keys(&[b"\x1b[200~", &bytes, b"\x1b[201~"]);
        assert_eq!(pasted, expected, "{bytes:x?}");
    }
    let mut random = super::random::Random(7);
    for _ in 0..3000 {
        let mut bytes: Vec<u8> = (0..12).map(|_| 0x80 | random.below(128) as u8).collect();
        bytes.push(b'!');
        let expected: Vec<Key> = String::from_utf8_lossy(&bytes).chars().map(Key::Char).collect();
        assert_eq!(keys(&[&bytes]), expected, "{bytes:x?}");
    }
    assert_eq!(keys(&[b"\xe6\xbc\r"]), [Key::Char('\u{fffd}'), Key::Enter]);
}
