//! What programs said, line by line, however it was cut into pieces.

use std::collections::BTreeMap;

use model::Stream;

/// A line that is longer is shown in parts.
const LONGEST: usize = 4096;
/// So many streams may be in the middle of a line; the one of the oldest command is ended first.
const MOST: usize = 1024;
/// So much is shown of what is no text.
const SHOWN: usize = 16;
/// So short a piece is no text in the middle of what is none.
const WORD: usize = 4;

/// Streams that are in the middle of a line.
#[derive(Debug, Default)]
pub(crate) struct Speech(BTreeMap<(u64, Stream), Voice>);

/// Something a program was given or said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) number: u64,
    pub(crate) stream: Stream,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Bytes that are no text: how many, and the first.
    Binary { bytes: u64, start: Vec<u8> },
}

#[derive(Debug, Default)]
struct Voice {
    line: Vec<u8>,
    /// What is no text, until text comes.
    binary: Option<(u64, Vec<u8>)>,
    /// The last line was ended by the return key: a line break behind it is the same one.
    returned: bool,
}

impl Speech {
    /// Takes in what was said. `keys`: the return key ends a line too.
    pub(crate) fn hear(
        &mut self,
        number: u64,
        stream: Stream,
        data: &[u8],
        keys: bool,
        said: &mut Vec<Said>,
    ) {
        let at = (number, stream);
        if self.0.len() >= MOST
            && !self.0.contains_key(&at)
            && let Some((oldest, voice)) = self.0.pop_first()
        {
            voice.end(oldest, said);
        }
        let voice = self.0.entry(at).or_default();
        let mut rest = data;
        while let [first, after @ ..] = rest {
            if std::mem::take(&mut voice.returned) && *first == b'\n' {
                rest = after;
                continue;
            }
            let room = LONGEST - voice.line.len();
            let ends = |byte: &u8| *byte == b'\n' || (keys && *byte == b'\r');
            match rest.iter().take(room).position(ends) {
                Some(end) => {
                    let (line, behind) = rest.split_at(end);
                    voice.line.extend_from_slice(line);
                    voice.returned = behind.first() == Some(&b'\r');
                    rest = behind.get(1..).unwrap_or_default();
                    let line = std::mem::take(&mut voice.line);
                    voice.whole(at, line, behind.get(..1).unwrap_or_default(), said);
                }
                None => {
                    let (part, behind) = rest.split_at(room.min(rest.len()));
                    voice.line.extend_from_slice(part);
                    rest = behind;
                    if voice.line.len() == LONGEST {
                        let next = voice.line.split_off(whole_letters(&voice.line));
                        let line = std::mem::replace(&mut voice.line, next);
                        voice.whole(at, line, b"", said);
                    }
                }
            }
        }
    }

    /// What was begun of a command is as it is.
    pub(crate) fn end(&mut self, number: u64, said: &mut Vec<Said>) {
        for stream in [Stream::Input, Stream::Output, Stream::Error] {
            if let Some(voice) = self.0.remove(&(number, stream)) {
                voice.end((number, stream), said);
            }
        }
    }

    /// What was begun of any.
    pub(crate) fn end_all(&mut self, said: &mut Vec<Said>) {
        for (at, voice) in std::mem::take(&mut self.0) {
            voice.end(at, said);
        }
    }
}

impl Voice {
    fn whole(&mut self, at: (u64, Stream), line: Vec<u8>, end: &[u8], said: &mut Vec<Said>) {
        let binary = match &self.binary {
            Some(_) => line.len() < WORD || strange(&line) > 0,
            None => is_binary(&line),
        };
        if binary {
            let (bytes, start) = self.binary.get_or_insert_default();
            *bytes += (line.len() + end.len()) as u64;
            let room = SHOWN - start.len();
            start.extend(line.iter().chain(end).take(room));
            return;
        }
        self.settle(at, said);
        said.push(Said { number: at.0, stream: at.1, what: What::Line(line) });
    }

    fn settle(&mut self, at: (u64, Stream), said: &mut Vec<Said>) {
        if let Some((bytes, start)) = self.binary.take() {
            let what = What::Binary { bytes, start };
            said.push(Said { number: at.0, stream: at.1, what });
        }
    }

    fn end(mut self, at: (u64, Stream), said: &mut Vec<Said>) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.whole(at, line, b"", said);
        }
        self.settle(at, said);
    }
}

/// Up to where a line holds whole letters: the last may go on behind it.
fn whole_letters(line: &[u8]) -> usize {
    let tail = line.len() - line.len().min(4);
    let start = line.iter().skip(tail).rposition(|byte| byte & 0xc0 != 0x80);
    let Some(start) = start.map(|start| start + tail) else { return line.len() };
    match line.get(start..).map(std::str::from_utf8) {
        Some(Err(error)) if error.error_len().is_none() => start,
        _ => line.len(),
    }
}

/// Bytes that stand in no text: control characters but those of a terminal, and what is no UTF-8.
fn strange(line: &[u8]) -> usize {
    let mut strange = 0;
    for chunk in line.utf8_chunks() {
        let control =
            |byte: &u8| (*byte < 0x20 && !b"\x07\x08\t\x0c\r\x1b".contains(byte)) || *byte == 0x7f;
        strange += chunk.valid().bytes().filter(control).count() + chunk.invalid().len();
    }
    strange
}

fn is_binary(line: &[u8]) -> bool {
    line.contains(&0) || strange(line) * 4 > line.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(data: &[u8], piece: usize, keys: bool) -> Vec<What> {
        let (mut speech, mut said) = (Speech::default(), Vec::new());
        for piece in data.chunks(piece.max(1)) {
            speech.hear(1, Stream::Output, piece, keys, &mut said);
        }
        speech.end(1, &mut said);
        assert!(speech.0.is_empty());
        said.into_iter().map(|said| said.what).collect()
    }

    fn shown(data: &[u8], keys: bool) -> String {
        let mut out = String::new();
        for what in heard(data, usize::MAX, keys) {
            out += &match what {
                What::Line(line) => format!("{}|", String::from_utf8_lossy(&line)),
                What::Binary { bytes, start } => format!("<{bytes} {}>", hex::encode(start)),
            };
        }
        out
    }

    #[test]
    fn what_is_said_falls_into_lines_and_what_is_no_text_is_counted() {
        for (data, keys, expected) in [
            (&b"one\ntwo\n"[..], false, "one|two|"),
            (b"one\r\ntwo", false, "one\r|two|"),
            (b"ls\r\ncd\rx\n\ny", true, "ls|cd|x||y|"),
            (b"\x1b[31mred\x1b[0m\n", false, "\x1b[31mred\x1b[0m|"),
            (b"caf\xe9 au lait\n", false, "caf\u{fffd} au lait|"),
            (b"\x00\x01\nok\nmore\n", false, "<6 00010a6f6b0a>more|"),
            (b"text\n\xff\xfe\xfd\x00", false, "text|<4 fffefd00>"),
            (b"", false, ""),
        ] {
            assert_eq!(shown(data, keys), expected, "{data:?}");
        }
        let long = heard("é".repeat(5000).as_bytes(), usize::MAX, false);
        assert_eq!(long.len(), 3);
        for what in long {
            let What::Line(line) = what else { panic!() };
            assert!(line.len() <= LONGEST && std::str::from_utf8(&line).is_ok());
        }
        let binary = heard(&[0xff; 100_000], usize::MAX, false);
        assert_eq!(binary, [What::Binary { bytes: 100_000, start: vec![0xff; SHOWN] }]);
    }

    #[test]
    fn programs_that_never_end_a_line_are_not_remembered_for_ever() {
        let (mut speech, mut said) = (Speech::default(), Vec::new());
        for number in 0..5000 {
            speech.hear(number, Stream::Error, b"x", false, &mut said);
        }
        assert_eq!((speech.0.len(), said.len()), (MOST, 5000 - MOST));
        speech.end_all(&mut said);
        assert_eq!(said.len(), 5000);
    }

    proptest! {
        #[test]
        fn how_it_is_cut_changes_no_line(
            data in prop::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(b"ab \r\n\x1b".to_vec())], 0..9000,
            ),
            piece in 1_usize..5000,
            keys: bool,
        ) {
            prop_assert_eq!(heard(&data, piece, keys), heard(&data, data.len(), keys));
        }
    }
}
