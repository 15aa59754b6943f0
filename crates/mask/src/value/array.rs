use model::{Masked, ValueFormat};

use super::{Fields, ValueType, push_value};

/// PostgreSQL's own limit.
const MOST_DIMENSIONS: i32 = 6;

/// Masks an array element by element; NULL when it cannot be read. `each` hears the element's type
/// where the value itself says it.
pub(super) fn mask(
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
    each: impl FnMut(Option<ValueType>, &[u8], &mut Vec<u8>) -> Masked,
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

/// What an element is: as it was said to be by its array, unless that is not known here. No element
/// is an array: one that says so would nest without end.
pub(super) const fn element_type(declared: ValueType, said: Option<ValueType>) -> ValueType {
    match said {
        None | Some(ValueType::Other | ValueType::Array(_)) => declared,
        Some(said) => said,
    }
}

fn mask_binary(
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(Option<ValueType>, &[u8], &mut Vec<u8>) -> Masked,
) -> Option<bool> {
    let mut fields = Fields(value);
    let dimensions = fields.int()?;
    let flagged = fields.int()?;
    let ty = ValueType::from_postgres(fields.oid()?);
    if !(0..=MOST_DIMENSIONS).contains(&dimensions) || !matches!(flagged, 0 | 1) {
        return None;
    }
    let mut count = usize::from(dimensions > 0);
    for _ in 0..dimensions {
        count = count.checked_mul(usize::try_from(fields.int()?).ok()?)?;
        let _lower_bound = fields.int()?;
    }
    let header = value.len() - fields.0.len();
    let flags = out.len() + 4;
    out.extend_from_slice(value.get(..header)?);
    let mut changed = false;
    let mut has_null = false;
    for _ in 0..count {
        let Some(element) = fields.value()? else {
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            has_null = true;
            continue;
        };
        let masked = push_value(element, out, |out| each(Some(ty), element, out));
        changed |= masked != Masked::Kept;
        has_null |= masked == Masked::Null;
    }
    if !fields.0.is_empty() {
        return None;
    }
    if has_null && let Some(slot) = out.get_mut(flags..flags + 4) {
        slot.copy_from_slice(&1_i32.to_be_bytes());
    }
    Some(changed)
}

fn mask_text(
    value: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(Option<ValueType>, &[u8], &mut Vec<u8>) -> Masked,
) -> Option<bool> {
    let mut rest = value;
    if value.first() == Some(&b'[') {
        // `[2:3]={a,b}`
        let bounds = value.iter().position(|&b| b == b'=')?;
        let plain = |b: &u8| b.is_ascii_digit() || matches!(b, b'[' | b']' | b':' | b'-' | b'+');
        let (bounds, array) = value.split_at_checked(bounds + 1)?;
        if !bounds.iter().take(bounds.len() - 1).all(plain) {
            return None;
        }
        out.extend_from_slice(bounds);
        rest = array;
    }
    let mut changed = false;
    let mut depth = 0_i32;
    let mut unescaped = Vec::new();
    while let [byte, after @ ..] = rest {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth > 0 => {}
            _ => {
                if depth <= 0 {
                    return None;
                }
                let Element { value, raw, after } = element(rest, &mut unescaped)?;
                let at = out.len();
                let masked = match value {
                    None => Masked::Kept,
                    Some(value) => {
                        out.push(b'"');
                        each(None, value, out)
                    }
                };
                match masked {
                    Masked::Kept => {
                        out.truncate(at);
                        out.extend_from_slice(raw);
                    }
                    Masked::Null => {
                        out.truncate(at);
                        out.extend_from_slice(b"NULL");
                    }
                    Masked::Replaced => quote(out, at + 1),
                }
                changed |= masked != Masked::Kept;
                rest = after;
                continue;
            }
        }
        if depth < 0 {
            return None;
        }
        out.push(*byte);
        rest = after;
    }
    (depth == 0 && !value.is_empty()).then_some(changed)
}

/// An element in an array's text.
struct Element<'u, 'v> {
    /// What it stands for; `None` for NULL.
    value: Option<&'u [u8]>,
    /// How it is written.
    raw: &'v [u8],
    /// What follows it.
    after: &'v [u8],
}

/// The element at the front, without its escapes.
fn element<'u, 'v: 'u>(rest: &'v [u8], unescaped: &'u mut Vec<u8>) -> Option<Element<'u, 'v>> {
    if rest.first() != Some(&b'"') {
        let end = rest.iter().position(|b| matches!(b, b',' | b'}'))?;
        let (raw, after) = rest.split_at_checked(end)?;
        if raw.iter().any(|b| matches!(b, b'"' | b'\\' | b'{')) {
            return None;
        }
        let null = raw.eq_ignore_ascii_case(b"NULL");
        return Some(Element { value: (!null).then_some(raw), raw, after });
    }
    unescaped.clear();
    let mut at = 1;
    loop {
        let found = memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
        unescaped.extend_from_slice(rest.get(at..at + found)?);
        at += found + 1;
        if rest.get(at - 1) == Some(&b'"') {
            break;
        }
        unescaped.push(*rest.get(at)?);
        at += 1;
    }
    let (raw, after) = rest.split_at_checked(at)?;
    Some(Element { value: Some(unescaped), raw, after })
}

/// Closes the quoted element that begins at `start`, escaping what needs it.
fn quote(out: &mut Vec<u8>, start: usize) {
    let special = |b: &u8| matches!(b, b'"' | b'\\');
    if out.get(start..).is_some_and(|element| element.iter().any(special)) {
        let element = out.split_off(start);
        for byte in element {
            if special(&byte) {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }
    out.push(b'"');
}
