use wire::http::target::{Leniency, Target};

/// A request's target, as hostile as can be. What is taken is read by servers of other habits as it was decided, and read
/// again as it was.
///
/// The first byte says what a resource takes beside what all servers read alike.
pub fn http_target(data: &[u8]) {
    let Some((&how, text)) = data.split_first() else { return };
    let leniency = Leniency { encoded_slashes: how & 1 == 1, path_parameters: how & 2 == 2 };
    let Ok(target) = Target::read(text, leniency) else { return };
    let sent = target.sent();
    assert!(sent.bytes().all(|byte| byte.is_ascii_graphic()), "{sent:?}");
    assert_eq!(Target::read(sent.as_bytes(), leniency).as_ref(), Ok(&target));
    let path = target.path.encoded();
    for segment in target.path.segments() {
        assert!(!matches!(&**segment, "" | "." | ".."), "{path:?}");
        assert!(
            !segment.contains(|letter: char| letter.is_control() || letter == '\\'),
            "{path:?}"
        );
    }
    if leniency == Leniency::default() {
        let decided: Vec<&str> = target.path.segments().iter().map(String::as_str).collect();
        for read in [decoded(&path), decoded(&decoded(&path)), cut(&decoded(&path))] {
            assert_eq!(resolved(&read), decided, "{path:?}");
        }
    }
}

/// As a server reads it that decodes what it can and leaves the rest.
fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap()
}

/// As a server reads it that knows parameters of segments.
fn cut(text: &str) -> String {
    text.split('/').map(|part| part.split(';').next().unwrap()).collect::<Vec<_>>().join("/")
}

fn resolved(text: &str) -> Vec<&str> {
    let mut way = Vec::new();
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(way.pop()),
            segment => way.push(segment),
        }
    }
    way
}
