use model::{Masked, ValueFormat};

use super::{Fields, push_value};

const EMPTY: u8 = 0x01;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// Masks the bounds of a range, and keeps which of them belong to it; NULL when it cannot be read or
/// a bound becomes NULL. Masking must not change the order of values.
pub(super) fn mask(
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&[u8], &mut Vec<u8>) -> Masked,
) -> Masked {
    let at = out.len();
    let done = match format {
        ValueFormat::Text => one_text(value, out, &mut each).filter(|(rest, _)| rest.is_empty()),
        ValueFormat::Binary => one_binary(value, out, &mut each).map(|changed| (&[][..], changed)),
    };
    finish(done.map(|(_, changed)| changed), at, out)
}

/// The same for every range of a multirange.
pub(super) fn mask_all(
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&[u8], &mut Vec<u8>) -> Masked,
) -> Masked {
    let at = out.len();
    let done = match format {
        ValueFormat::Text => all_text(value, out, &mut each),
        ValueFormat::Binary => all_binary(value, out, &mut each),
    };
    finish(done, at, out)
}

fn finish(changed: Option<bool>, at: usize, out: &mut Vec<u8>) -> Masked {
    match changed {
        Some(true) => Masked::Replaced,
        Some(false) => {
            out.truncate(at);
            Masked::Kept
        }
        None => {
            out.truncate(at);
            Masked::Null
        }
    }
}

type Each<'e> = &'e mut dyn FnMut(&[u8], &mut Vec<u8>) -> Masked;

fn all_binary(value: &[u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<bool> {
    let mut fields = Fields(value);
    let count = fields.int()?;
    out.extend_from_slice(&count.to_be_bytes());
    let mut changed = false;
    for _ in 0..count {
        let range = fields.value()??;
        let mut read = Some(false);
        push_value(range, out, |out| {
            read = one_binary(range, out, each);
            Masked::Replaced
        });
        changed |= read?;
    }
    (count >= 0 && fields.0.is_empty()).then_some(changed)
}

fn one_binary(value: &[u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<bool> {
    let mut fields = Fields(value);
    let flags = *fields.bytes(1)?.first()?;
    if flags > 0x1F {
        return None;
    }
    out.push(flags);
    let bounds = match flags {
        _ if flags & EMPTY != 0 => 0,
        _ => u32::from(flags & LOWER_INFINITE == 0) + u32::from(flags & UPPER_INFINITE == 0),
    };
    let mut changed = false;
    for _ in 0..bounds {
        let bound = fields.value()??;
        match push_value(bound, out, |out| each(bound, out)) {
            Masked::Null => return None,
            masked => changed |= masked == Masked::Replaced,
        }
    }
    fields.0.is_empty().then_some(changed)
}

fn all_text(value: &[u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<bool> {
    let mut rest = value.strip_prefix(b"{")?;
    out.push(b'{');
    let mut changed = false;
    if rest != b"}" {
        loop {
            let (after, masked) = one_text(rest, out, each)?;
            changed |= masked;
            let (&next, after) = after.split_first()?;
            rest = after;
            match next {
                b',' => out.push(b','),
                b'}' if rest.is_empty() => break,
                _ => return None,
            }
        }
    }
    out.push(b'}');
    Some(changed)
}

/// What follows the range at the front, and whether it changed.
fn one_text<'v>(value: &'v [u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<(&'v [u8], bool)> {
    if let Some(rest) = value.strip_prefix(b"empty") {
        out.extend_from_slice(b"empty");
        return Some((rest, false));
    }
    let (&open, rest) = value.split_first().filter(|(b, _)| matches!(b, b'[' | b'('))?;
    out.push(open);
    let mut changed = false;
    let rest = bound(rest, b",", out, each, &mut changed)?;
    let (_, rest) = rest.split_first()?;
    out.push(b',');
    let rest = bound(rest, b")]", out, each, &mut changed)?;
    let (&close, rest) = rest.split_first()?;
    out.push(close);
    Some((rest, changed))
}

/// Masks the bound at the front; what follows it begins with one of `ends`.
fn bound<'v>(
    value: &'v [u8],
    ends: &[u8],
    out: &mut Vec<u8>,
    each: Each<'_>,
    changed: &mut bool,
) -> Option<&'v [u8]> {
    let mut bound = Vec::new();
    let mut quoted = false;
    let mut at = 0;
    loop {
        let &byte = value.get(at)?;
        let next = value.get(at + 1);
        match byte {
            b'\\' => {
                bound.push(*next?);
                at += 1;
            }
            b'"' if quoted && next == Some(&b'"') => {
                bound.push(b'"');
                at += 1;
            }
            b'"' => quoted = !quoted,
            _ if !quoted && ends.contains(&byte) => break,
            _ => bound.push(byte),
        }
        at += 1;
    }
    let (raw, rest) = value.split_at_checked(at)?;
    if raw.is_empty() {
        return Some(rest);
    }
    let mut masked = Vec::new();
    match each(&bound, &mut masked) {
        Masked::Kept => out.extend_from_slice(raw),
        Masked::Null => return None,
        Masked::Replaced => {
            push_bound(&masked, out);
            *changed = true;
        }
    }
    Some(rest)
}

fn push_bound(bound: &[u8], out: &mut Vec<u8>) {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b':');
    if !bound.is_empty() && bound.iter().all(plain) {
        out.extend_from_slice(bound);
        return;
    }
    out.push(b'"');
    for &byte in bound {
        if matches!(byte, b'"' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'"');
}
