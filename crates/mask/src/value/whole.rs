use model::{Masked, ValueFormat};

use super::{ValueType, array, bytea, date, integer, json, uuid};
use crate::Operator;

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
    let at = out.len();
    let done = match ty {
        ValueType::Text => operator.mask_text(value, out),
        ValueType::Int2 | ValueType::Int4 | ValueType::Int8 => {
            integer::mask(operator, ty, format, value, out)
        }
        ValueType::Date | ValueType::Timestamp | ValueType::TimestampTz => {
            matches!(operator, Operator::DateYear) && date::keep_year(ty, format, value, out)
        }
        ValueType::Uuid => uuid::mask(operator, format, value, out),
        ValueType::Json => json::mask_whole(operator, value, out),
        ValueType::Jsonb => json::mask_whole_jsonb(operator, format, value, out),
        ValueType::Bytea => bytea::mask_whole(operator, format, value, out),
        ValueType::Array(element) => {
            let each = |value: &[u8], out: &mut Vec<u8>| {
                mask_value(operator, *element, format, value, out)
            };
            array::mask(format, value, out, |_, value, out| each(value, out)) != Masked::Null
        }
        ValueType::Float4
        | ValueType::Float8
        | ValueType::Numeric
        | ValueType::Bool
        | ValueType::Time
        | ValueType::Interval
        | ValueType::Inet
        | ValueType::MacAddr
        | ValueType::Record
        | ValueType::Other => false,
    };
    if done {
        return Masked::Replaced;
    }
    out.truncate(at);
    Masked::Null
}
