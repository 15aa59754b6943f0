use model::{Masked, ValueFormat};

use super::hstore::{self, Piece};
use super::{ValueType, array, bytea, date, default, integer, json, numeric, range, uuid};
use crate::Operator;

/// Where a value stands: what must be known of its column so that the masked one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its type; of a domain, the type beneath.
    pub ty: ValueType,
    /// Whether it is text or binary.
    pub format: ValueFormat,
    /// Whether its readers expect a value always. Then an operator that has none for the type leaves
    /// the type's empty value instead of NULL; `null`, `deny_row` and unknown types are NULL yet.
    pub not_null: bool,
    /// The first label of an enum.
    pub label: Option<&'a str>,
}

impl<'a> Cell<'a> {
    /// A value that may be NULL.
    #[must_use]
    pub const fn new(ty: ValueType, format: ValueFormat) -> Self {
        Self { ty, format, not_null: false, label: None }
    }

    /// The same, whose readers expect a value or do not.
    #[must_use]
    pub const fn not_null(self, not_null: bool) -> Self {
        Self { not_null, ..self }
    }

    /// The same, of an enum that begins with this label.
    #[must_use]
    pub const fn labelled(self, first: &'a str) -> Self {
        Self { label: Some(first), ..self }
    }

    const fn typed(self, ty: ValueType) -> Self {
        Self { ty, ..self }
    }
}

/// Masks a whole value whatever it holds. What is left is valid for its type, or NULL: an operator
/// that has no meaning for a type (the last digits of a `bigint`), a type that is not known and a
/// value that does not parse leave nothing.
pub fn mask_value(
    operator: &Operator,
    ty: ValueType,
    format: ValueFormat,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Masked {
    mask_cell(operator, &Cell::new(ty, format), value, out)
}

/// [`mask_value`] where more is known of the column. Never answers [`Masked::Kept`].
pub fn mask_cell(operator: &Operator, cell: &Cell<'_>, value: &[u8], out: &mut Vec<u8>) -> Masked {
    let at = out.len();
    if matches!(operator, Operator::Null | Operator::DenyRow) {
        return Masked::Null;
    }
    if !matches!(operator, Operator::Default) {
        if mask(operator, cell, value, out) {
            return Masked::Replaced;
        }
        out.truncate(at);
    }
    if (cell.not_null || matches!(operator, Operator::Default)) && default::push(cell, value, out) {
        return Masked::Replaced;
    }
    out.truncate(at);
    Masked::Null
}

/// `false`: the operator makes no value of the type.
fn mask(operator: &Operator, cell: &Cell<'_>, value: &[u8], out: &mut Vec<u8>) -> bool {
    let Cell { ty, format, .. } = *cell;
    match ty {
        ValueType::Text => operator.mask_text(value, out),
        // Other letters inside of tags would not be XML any more.
        ValueType::Xml if matches!(operator, Operator::Format(_)) => {
            Operator::Redact.mask_text(value, out)
        }
        ValueType::Xml => operator.mask_text(value, out),
        ValueType::Char => {
            out.push(b'*');
            true
        }
        ValueType::Int2 | ValueType::Int4 | ValueType::Int8 | ValueType::Oid => {
            integer::mask(operator, ty, format, value, out)
        }
        ValueType::Numeric => numeric::mask(operator, format, value, out),
        ValueType::Float4 | ValueType::Float8 => {
            numeric::mask_float(operator, ty, format, value, out)
        }
        ValueType::Date | ValueType::Timestamp | ValueType::TimestampTz => match operator {
            Operator::DateYear => date::keep(date::Keep::Year, ty, format, value, out),
            Operator::DateMonth => date::keep(date::Keep::Month, ty, format, value, out),
            _ => false,
        },
        ValueType::Uuid => uuid::mask(operator, format, value, out),
        ValueType::Json => json::mask_whole(operator, value, out),
        ValueType::Jsonb => json::mask_whole_jsonb(operator, format, value, out),
        ValueType::Bytea => bytea::mask_whole(operator, format, value, out),
        ValueType::Array(element) => {
            let masked = array::mask(format, value, out, |said, value, out| {
                let ty = array::element_type(*element, said);
                mask_cell(operator, &cell.typed(ty), value, out)
            });
            replaced(masked, value, out)
        }
        // Rounding down keeps the order of bounds; nothing else does.
        ValueType::Range(bound) | ValueType::MultiRange(bound) => {
            let rounds =
                matches!(operator, Operator::DateYear | Operator::DateMonth | Operator::Bucket(_));
            let each = |value: &[u8], out: &mut Vec<u8>| {
                mask_cell(operator, &Cell::new(*bound, format), value, out)
            };
            let masked = match ty {
                _ if !rounds => return false,
                ValueType::Range(_) => range::mask(format, value, out, each),
                _ => range::mask_all(format, value, out, each),
            };
            replaced(masked, value, out)
        }
        ValueType::Hstore => {
            let masked = hstore::mask(format, value, out, |piece, value, out| match piece {
                Piece::Key if is_name(value) => Masked::Kept,
                Piece::Key => Masked::Null,
                Piece::Value => mask_cell(operator, &cell.typed(ValueType::Text), value, out),
            });
            replaced(masked, value, out)
        }
        ValueType::Bool
        | ValueType::Money
        | ValueType::Time
        | ValueType::TimeTz
        | ValueType::Interval
        | ValueType::Inet
        | ValueType::Cidr
        | ValueType::MacAddr
        | ValueType::MacAddr8
        | ValueType::Bit
        | ValueType::VarBit
        | ValueType::JsonPath
        | ValueType::TsVector
        | ValueType::TsQuery
        | ValueType::Point
        | ValueType::Line
        | ValueType::Segment
        | ValueType::Box
        | ValueType::Path
        | ValueType::Polygon
        | ValueType::Circle
        | ValueType::Lsn
        | ValueType::Tid
        | ValueType::Enum
        | ValueType::Record
        | ValueType::Other => false,
    }
}

/// What held nothing to mask (an array of NULLs, an empty range) stays as it is.
fn replaced(masked: Masked, value: &[u8], out: &mut Vec<u8>) -> bool {
    if masked == Masked::Kept {
        out.extend_from_slice(value);
    }
    masked != Masked::Null
}

/// Whether an `hstore`'s key is a name as columns have them, rather than a value.
fn is_name(key: &[u8]) -> bool {
    (1..64).contains(&key.len()) && key.iter().all(|b| b.is_ascii_lowercase() || *b == b'_')
}
