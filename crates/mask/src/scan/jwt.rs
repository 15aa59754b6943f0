use super::Scan;
use super::text::alnum;

/// As much of a header as is decoded: `alg` stands in it unless a certificate chain comes first.
const HEADER: usize = 1024;

impl Scan<'_, '_> {
    /// A token whose header begins at `start`: three parts when signed, five when encrypted.
    pub(super) fn jwt(&self, start: usize) -> Option<(usize, usize)> {
        let text = self.text;
        if !text.starts_with(start, b"ey") || part_of(text.before(start)) {
            return None;
        }
        let mut end = text.run(start, part_of);
        if text.at(end) != b'.' || !is_header(text.slice(start, end.min(start + HEADER))) {
            return None;
        }
        let mut parts = 1;
        while parts < 5 && text.at(end) == b'.' {
            let next = text.run(end + 1, part_of);
            // Only the signature may be empty; a dot behind the last part ends a sentence.
            if next == end + 1 && parts != 2 {
                break;
            }
            end = next;
            parts += 1;
        }
        (parts >= 3).then_some((start, end))
    }
}

fn part_of(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_')
}

/// Whether it is base64url of a JSON object's beginning that names an algorithm.
fn is_header(encoded: &[u8]) -> bool {
    const ALG: &[u8] = b"\"alg\"";
    let mut window = [0; ALG.len()];
    let mut first = None;
    let mut named = false;
    let mut bits = 0;
    let mut held = 0;
    for &byte in encoded {
        bits = bits << 6 | value(byte);
        held += 6;
        if held < 8 {
            continue;
        }
        held -= 8;
        let decoded = (bits >> held & 0xFF) as u8;
        if first.is_none() && !decoded.is_ascii_whitespace() {
            first = Some(decoded);
        }
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = decoded;
        }
        named |= window == ALG;
    }
    first == Some(b'{') && (named || encoded.len() == HEADER)
}

/// What a letter of base64 stands for.
pub(super) fn value(byte: u8) -> u32 {
    u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' | b'+' => 62,
        _ => 63,
    })
}
