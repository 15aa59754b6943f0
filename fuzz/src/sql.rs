use sql::{Limits, NoCatalogue, read, shape};

/// A text is read the same way twice, or refused; a refusal never quotes more than a line of it.
pub fn sql_read(data: &[u8]) {
    let scope = NoCatalogue { search_path: Some(vec!["public".into()]) };
    let limits = Limits { bytes: 64 << 10, ..Limits::default() };
    let once = read(data, &scope, &limits);
    assert_eq!(read(data, &scope, &limits), once);
    if let Err(why) = once {
        assert!(why.to_string().len() < 2000 + data.len());
    }
}

/// Texts of one shape mean the same, when a reading says that constants do not matter: every digit of
/// every number and every letter of every string may be another.
pub fn sql_shape(data: &[u8]) {
    let mut one = Vec::new();
    if data.len() > 8 << 10 || !shape(data, &mut one) {
        return;
    }
    let scope = NoCatalogue { search_path: Some(vec!["public".into()]) };
    let Ok(statements) = read(data, &scope, &Limits::default()) else { return };
    if statements.iter().any(|statement| statement.constants_matter) {
        return;
    }
    for other in [replaced(data, b'7', b'q'), replaced(data, b'1', b'\0')] {
        let mut two = Vec::new();
        if shape(&other, &mut two) && one == two {
            let again = read(&other, &scope, &Limits::default());
            assert_eq!(again.as_ref(), Ok(&statements), "{}", String::from_utf8_lossy(&other));
        }
    }
}

/// The text with other digits outside quotes and, unless it is zero, other letters inside plain strings.
fn replaced(text: &[u8], digit: u8, letter: u8) -> Vec<u8> {
    let (mut single, mut double) = (false, false);
    let mut other = Vec::with_capacity(text.len());
    let mut before = b' ';
    for &byte in text {
        match byte {
            b'\'' if !double => single = !single,
            b'"' if !single => double = !double,
            _ => {}
        }
        let in_name = before.is_ascii_alphanumeric() || matches!(before, b'_' | b'$' | b'.');
        other.push(match byte {
            b'1'..=b'9' if !single && !double && !in_name => digit,
            b'a'..=b'z' if single && letter != 0 => letter,
            _ => byte,
        });
        before = byte;
    }
    other
}
