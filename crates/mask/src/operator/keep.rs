use super::MASKED;

/// Longer texts are no card, address or account: nothing of them is kept.
const LONGEST_KEPT: usize = 256;

/// Which letters and digits of a text stay.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

pub(crate) fn keep_first(n: usize, text: &[u8], out: &mut Vec<u8>) {
    keep(End::First, n, text, out);
}

pub(crate) fn keep_last(n: usize, text: &[u8], out: &mut Vec<u8>) {
    keep(End::Last, n, text, out);
}

/// Never more than half stays. All but separators counts, so that masking a masked value changes
/// nothing.
fn keep(end: End, n: usize, text: &[u8], out: &mut Vec<u8>) {
    if text.len() > LONGEST_KEPT {
        out.extend_from_slice(MASKED);
        return;
    }
    let count = text.iter().filter(|byte| !separates(**byte)).count();
    let kept = if count > 2 * n { n } else { 0 };
    let mut seen = 0;
    out.extend(text.iter().map(|&byte| {
        if separates(byte) {
            return byte;
        }
        seen += 1;
        let stays = match end {
            End::First => seen <= kept,
            End::Last => seen > count - kept,
        };
        if stays && byte.is_ascii_alphanumeric() { byte } else { b'*' }
    }));
}

/// What groups of a number are separated with.
const fn separates(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/')
}

pub(crate) fn keep_domain(text: &[u8], out: &mut Vec<u8>) {
    keep_address(text, false, out);
}

/// The first letter of a local part of at least three stays too.
pub(crate) fn keep_email(text: &[u8], out: &mut Vec<u8>) {
    keep_address(text, true, out);
}

fn keep_address(text: &[u8], initial: bool, out: &mut Vec<u8>) {
    let at = memchr::memrchr(b'@', text).unwrap_or(text.len());
    let domain = text.get(at + 1..).unwrap_or_default();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if domain.is_empty() || domain.len() > 253 || !domain.iter().all(plain) {
        out.extend_from_slice(MASKED);
        return;
    }
    if let (true, Some([first, _, _, ..])) = (initial, text.get(..at))
        && first.is_ascii_alphanumeric()
    {
        out.push(*first);
    }
    out.extend_from_slice(b"***@");
    out.extend_from_slice(domain);
}
