//! Which sequences only paint. What is not named here is not shown.

/// After ESC: the cursor is kept and put back; a line down, a line's end, a line up.
pub(super) const SHORT: [u8; 5] = *b"78DEM";

/// After ESC and `(`: lines for drawing, and back to letters.
pub(super) const LETTERS: [u8; 2] = *b"0B";

/// Private modes, set with `h` and taken back with `l`: 5 light on dark, 6 and 7 where the cursor may go,
/// 12 and 25 how it is seen, 47 and 1047 to 1049 the other screen. Not among them is what a terminal does
/// with keys, the mouse, its focus and what is pasted, or how wide it is.
const PRIVATE: [&[u8]; 9] = [b"5", b"6", b"7", b"12", b"25", b"47", b"1047", b"1048", b"1049"];

/// Modes that are not private: 4, letters are inserted.
const MODES: [&[u8]; 1] = [b"4"];

/// Writes a sequence as far as it only paints: `held` stands between `CSI` and its last letter.
pub(super) fn put(held: &[u8], last: u8, out: &mut String) {
    let (private, numbers) = match held {
        [b'?', numbers @ ..] => (true, numbers),
        numbers => (false, numbers),
    };
    let plain = |separators: &[u8]| {
        numbers.iter().all(|byte| byte.is_ascii_digit() || separators.contains(byte))
    };
    match (private, last) {
        (false, b'm') if plain(b";:") => write(held, last, out),
        (_, b'h' | b'l') if plain(b";") => {
            let known = if private { &PRIVATE[..] } else { &MODES[..] };
            let modes = numbers.split(|byte| *byte == b';').filter(|mode| known.contains(mode));
            let modes = modes.collect::<Vec<_>>().join(&b';');
            if !modes.is_empty() {
                let mark: &[u8] = if private { b"?" } else { b"" };
                write(&[mark, &modes].concat(), last, out);
            }
        }
        _ if plain(b";") && fits(private, numbers, last) => write(held, last, out),
        _ => {}
    }
}

/// Whether a terminal takes so many numbers of such a size there, and means by it no more than to paint.
fn fits(private: bool, numbers: &[u8], last: u8) -> bool {
    let (most, digits) = match (private, last) {
        // A place, and the lines that scroll.
        (false, b'H' | b'f' | b'r') => (2, 5),
        // Moves of the cursor; letters and lines are inserted, deleted, erased, scrolled.
        (
            false,
            b'@'
            | b'A'..=b'G'
            | b'I'
            | b'L'
            | b'M'
            | b'P'
            | b'S'
            | b'T'
            | b'X'
            | b'Z'
            | b'`'
            | b'a'
            | b'd'
            | b'e',
        ) => (1, 5),
        // The last letter once more, so many times: no line is longer.
        (false, b'b') => (1, 3),
        // The cursor is kept and put back.
        (false, b's' | b'u') => (0, 0),
        // A screen or a line is erased. 3 would be what has scrolled off, which is not the program's.
        (_, b'J' | b'K') => return matches!(numbers, b"" | b"0" | b"1" | b"2"),
        _ => return false,
    };
    if numbers.is_empty() {
        return true;
    }
    let mut parts = numbers.split(|byte| *byte == b';');
    parts.clone().count() <= most && parts.all(|part| part.len() <= digits)
}

fn write(held: &[u8], last: u8, out: &mut String) {
    out.push_str("\x1b[");
    out.extend(held.iter().map(|byte| char::from(*byte)));
    out.push(char::from(last));
}
