use model::{Masked, ValueFormat};

use super::{Fields, push_value};

/// What a piece of an `hstore` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Key,
    Value,
}

/// Masks the pieces of an `hstore`; NULL when it cannot be read or a key becomes NULL.
pub(super) fn mask(
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(Piece, &[u8], &mut Vec<u8>) -> Masked,
) -> Masked {
    let at = out.len();
    let changed = match format {
        ValueFormat::Text => mask_text(value, out, &mut each),
        ValueFormat::Binary => mask_binary(value, out, &mut each),
    };
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

type Each<'e> = &'e mut dyn FnMut(Piece, &[u8], &mut Vec<u8>) -> Masked;

fn mask_binary(value: &[u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<bool> {
    let mut fields = Fields(value);
    let count = fields.int()?;
    out.extend_from_slice(&count.to_be_bytes());
    let mut changed = false;
    for _ in 0..count {
        let key = fields.value()??;
        match push_value(key, out, |out| each(Piece::Key, key, out)) {
            Masked::Null => return None,
            masked => changed |= masked == Masked::Replaced,
        }
        match fields.value()? {
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(value) => {
                let masked = push_value(value, out, |out| each(Piece::Value, value, out));
                changed |= masked != Masked::Kept;
            }
        }
    }
    (count >= 0 && fields.0.is_empty()).then_some(changed)
}

/// `"a"=>"1", "b"=>NULL`, as `hstore` writes itself.
fn mask_text(value: &[u8], out: &mut Vec<u8>, each: Each<'_>) -> Option<bool> {
    let mut changed = false;
    let mut rest = value;
    while !rest.is_empty() {
        rest = piece(Piece::Key, rest, out, each, &mut changed)?.strip_prefix(b"=>")?;
        out.extend_from_slice(b"=>");
        rest = match rest.strip_prefix(b"NULL") {
            Some(rest) => {
                out.extend_from_slice(b"NULL");
                rest
            }
            None => piece(Piece::Value, rest, out, each, &mut changed)?,
        };
        if !rest.is_empty() {
            rest = rest.strip_prefix(b", ").filter(|rest| !rest.is_empty())?;
            out.extend_from_slice(b", ");
        }
    }
    Some(changed)
}

/// Masks the quoted piece at the front, and answers what follows it.
fn piece<'v>(
    piece: Piece,
    rest: &'v [u8],
    out: &mut Vec<u8>,
    each: Each<'_>,
    changed: &mut bool,
) -> Option<&'v [u8]> {
    let mut text = Vec::new();
    let mut at = 1;
    if rest.first() != Some(&b'"') {
        return None;
    }
    loop {
        match rest.get(at)? {
            b'"' => break,
            b'\\' => {
                text.push(*rest.get(at + 1)?);
                at += 2;
            }
            byte => {
                text.push(*byte);
                at += 1;
            }
        }
    }
    let (raw, after) = rest.split_at_checked(at + 1)?;
    let mut masked = Vec::new();
    match each(piece, &text, &mut masked) {
        Masked::Kept => {
            out.extend_from_slice(raw);
            return Some(after);
        }
        Masked::Null if piece == Piece::Key => return None,
        Masked::Null => out.extend_from_slice(b"NULL"),
        Masked::Replaced => {
            out.push(b'"');
            for byte in masked {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
    }
    *changed = true;
    Some(after)
}
