use model::{Masked, ValueFormat};

use super::{Fields, ValueType, push_value};

/// Masks a row field by field; NULL when it cannot be read. In text the fields' types are not known:
/// they are searched as text.
pub(super) fn mask(
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
    each: impl FnMut(ValueType, &[u8], &mut Vec<u8>) -> Masked,
) -> Masked {
    let at = out.len();
    let changed = match format {
        ValueFormat::Text => mask_text(value, out, each),
        ValueFormat::Binary => mask_binary(value, out, each),
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

fn mask_binary(
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(ValueType, &[u8], &mut Vec<u8>) -> Masked,
) -> Option<bool> {
    let mut fields = Fields(value);
    let count = fields.int()?;
    out.extend_from_slice(&count.to_be_bytes());
    let mut changed = false;
    for _ in 0..count {
        let oid = fields.oid()?;
        out.extend_from_slice(&oid.to_be_bytes());
        let ty = ValueType::from_postgres(oid);
        match fields.value()? {
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(field) => {
                let masked = push_value(field, out, |out| each(ty, field, out));
                changed |= masked != Masked::Kept;
            }
        }
    }
    (count >= 0 && fields.0.is_empty()).then_some(changed)
}

fn mask_text(
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(ValueType, &[u8], &mut Vec<u8>) -> Masked,
) -> Option<bool> {
    let [b'(', inside @ .., b')'] = value else { return None };
    out.push(b'(');
    let mut changed = false;
    let mut rest = inside;
    let mut field = Vec::new();
    loop {
        let after = read_field(rest, &mut field)?;
        let raw = rest.get(..rest.len() - after.len())?;
        let at = out.len();
        out.push(b'"');
        match each(ValueType::Text, &field, out) {
            Masked::Kept => {
                out.truncate(at);
                out.extend_from_slice(raw);
            }
            Masked::Null => {
                out.truncate(at);
                changed = true;
            }
            Masked::Replaced => {
                quote(out, at + 1);
                changed = true;
            }
        }
        match after {
            [] => break,
            [_, after @ ..] => {
                out.push(b',');
                rest = after;
            }
        }
    }
    out.push(b')');
    Some(changed)
}

/// Reads the field at the front into `field`, and answers what follows it: a comma or nothing.
fn read_field<'v>(rest: &'v [u8], field: &mut Vec<u8>) -> Option<&'v [u8]> {
    field.clear();
    let mut quoted = false;
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        let next = rest.get(at + 1);
        at += 1;
        match byte {
            b'\\' => {
                field.push(*next?);
                at += 1;
            }
            b'"' if quoted && next == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' => quoted = !quoted,
            b',' if !quoted => return rest.get(at - 1..),
            byte => field.push(byte),
        }
    }
    (!quoted).then_some(&[])
}

/// Closes the quoted field that begins at `start`, doubling what needs it.
fn quote(out: &mut Vec<u8>, start: usize) {
    let special = |b: &u8| matches!(b, b'"' | b'\\');
    if out.get(start..).is_some_and(|field| field.iter().any(special)) {
        let field = out.split_off(start);
        for byte in field {
            if special(&byte) {
                out.push(byte);
            }
            out.push(byte);
        }
    }
    out.push(b'"');
}
