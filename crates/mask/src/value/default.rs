use model::{Masked, ValueFormat};

use super::whole::Cell;
use super::{Fields, ValueType, date, json, record, uuid};

/// 1970-01-01 in days and microseconds from PostgreSQL's epoch.
const EPOCH_DAYS: i32 = -10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// Appends the empty value of a type; of the value itself it takes no more than how dates are
/// written, what kind of JSON it was, how many bits a `bit(n)` and how many fields a row has.
/// `false`: the type is not known, or has no such value.
pub(super) fn push(cell: &Cell<'_>, value: &[u8], out: &mut Vec<u8>) -> bool {
    match cell.format {
        ValueFormat::Text => push_text(cell, value, out),
        ValueFormat::Binary => push_binary(cell, value, out),
    }
}

fn push_text(cell: &Cell<'_>, value: &[u8], out: &mut Vec<u8>) -> bool {
    let empty: &[u8] = match cell.ty {
        ValueType::Text
        | ValueType::Char
        | ValueType::Xml
        | ValueType::VarBit
        | ValueType::Hstore
        | ValueType::TsVector
        | ValueType::TsQuery => b"",
        ValueType::Int2
        | ValueType::Int4
        | ValueType::Int8
        | ValueType::Oid
        | ValueType::Float4
        | ValueType::Float8
        | ValueType::Numeric => b"0",
        ValueType::Money => b"0.00",
        ValueType::Bool => b"f",
        ValueType::Date => return push_epoch(value, b"1970-01-01", out),
        ValueType::Timestamp => return push_epoch(value, b"1970-01-01 00:00:00", out),
        ValueType::TimestampTz => return push_epoch(value, b"1970-01-01 00:00:00+00", out),
        ValueType::Time | ValueType::Interval => b"00:00:00",
        ValueType::TimeTz => b"00:00:00+00",
        ValueType::Uuid => {
            uuid::push([0; 16], ValueFormat::Text, out);
            return true;
        }
        ValueType::Json | ValueType::Jsonb => {
            json::push_default(value, out);
            return true;
        }
        ValueType::JsonPath => b"$",
        ValueType::Bytea => b"\\x",
        ValueType::Bit => {
            let bits = value.iter().all(|b| matches!(b, b'0' | b'1'));
            out.resize(out.len() + if bits { value.len() } else { 0 }, b'0');
            return bits;
        }
        ValueType::Inet => b"0.0.0.0",
        ValueType::Cidr => b"0.0.0.0/32",
        ValueType::MacAddr => b"00:00:00:00:00:00",
        ValueType::MacAddr8 => b"00:00:00:00:00:00:00:00",
        ValueType::Point => b"(0,0)",
        ValueType::Line => b"{0,1,0}",
        ValueType::Segment => b"[(0,0),(0,0)]",
        ValueType::Box => b"(0,0),(0,0)",
        ValueType::Path | ValueType::Polygon => b"((0,0))",
        ValueType::Circle => b"<(0,0),0>",
        ValueType::Lsn => b"0/0",
        ValueType::Tid => b"(0,0)",
        ValueType::Array(_) | ValueType::MultiRange(_) => b"{}",
        ValueType::Range(_) => b"empty",
        ValueType::Record => return push_row(cell.format, value, out),
        ValueType::Enum => return push_label(cell, out),
        ValueType::Other => return false,
    };
    out.extend_from_slice(empty);
    true
}

fn push_binary(cell: &Cell<'_>, value: &[u8], out: &mut Vec<u8>) -> bool {
    let one = 1.0_f64.to_be_bytes();
    let zeros = match cell.ty {
        ValueType::Text | ValueType::Xml | ValueType::Bytea => 0,
        ValueType::Char | ValueType::Bool => 1,
        ValueType::Int2 => 2,
        ValueType::Int4
        | ValueType::Oid
        | ValueType::Float4
        | ValueType::VarBit
        | ValueType::Hstore
        | ValueType::TsVector
        | ValueType::TsQuery
        | ValueType::MultiRange(_) => 4,
        ValueType::MacAddr | ValueType::Tid => 6,
        ValueType::Int8
        | ValueType::Float8
        | ValueType::Money
        | ValueType::Numeric
        | ValueType::Time
        | ValueType::MacAddr8
        | ValueType::Lsn => 8,
        ValueType::TimeTz => 12,
        ValueType::Interval | ValueType::Uuid | ValueType::Point => 16,
        ValueType::Circle => 24,
        ValueType::Segment | ValueType::Box => 32,
        ValueType::Date => {
            out.extend_from_slice(&EPOCH_DAYS.to_be_bytes());
            0
        }
        ValueType::Timestamp | ValueType::TimestampTz => {
            out.extend_from_slice(&EPOCH_MICROS.to_be_bytes());
            0
        }
        ValueType::Json => {
            json::push_default(value, out);
            0
        }
        ValueType::Jsonb => {
            out.push(1);
            json::push_default(value.get(1..).unwrap_or_default(), out);
            0
        }
        ValueType::JsonPath => {
            out.extend_from_slice(b"\x01$");
            0
        }
        ValueType::Bit => {
            let mut fields = Fields(value);
            let Some(bits) = fields.int().and_then(|bits| usize::try_from(bits).ok()) else {
                return false;
            };
            if fields.0.len() != bits.div_ceil(8) {
                return false;
            }
            out.extend_from_slice(value.get(..4).unwrap_or_default());
            fields.0.len()
        }
        // The family, the bits of the mask, whether it is a network, the length of the address.
        ValueType::Inet | ValueType::Cidr => {
            out.extend_from_slice(&[2, 32, u8::from(cell.ty == ValueType::Cidr), 4]);
            4
        }
        ValueType::Line => {
            out.extend([&[0; 8][..], &one].concat());
            8
        }
        ValueType::Path => {
            out.extend_from_slice(&[1, 0, 0, 0, 1]);
            16
        }
        ValueType::Polygon => {
            out.extend_from_slice(&[0, 0, 0, 1]);
            16
        }
        ValueType::Array(_) => {
            // No dimensions, no NULLs, and the type the elements had.
            let Some(element) = value.get(8..12) else { return false };
            out.extend_from_slice(&[0; 8]);
            out.extend_from_slice(element);
            0
        }
        ValueType::Range(_) => {
            out.push(1);
            0
        }
        ValueType::Record => return push_row(cell.format, value, out),
        ValueType::Enum => return push_label(cell, out),
        ValueType::Other => return false,
    };
    out.resize(out.len() + zeros, 0);
    true
}

/// In the style of the value, where that can be read.
fn push_epoch(value: &[u8], epoch: &[u8], out: &mut Vec<u8>) -> bool {
    if !date::epoch_like(value, out) {
        out.extend_from_slice(epoch);
    }
    true
}

/// A row of as many fields, all of them NULL.
fn push_row(format: ValueFormat, value: &[u8], out: &mut Vec<u8>) -> bool {
    match record::mask(format, value, out, |_, _, _| Masked::Null) {
        Masked::Replaced => true,
        // A row of no fields, or of NULLs alone, is one already.
        Masked::Kept => {
            out.extend_from_slice(value);
            true
        }
        Masked::Null => false,
    }
}

/// The type's first label: a masked enum must be one.
fn push_label(cell: &Cell<'_>, out: &mut Vec<u8>) -> bool {
    cell.label.is_some_and(|label| {
        out.extend_from_slice(label.as_bytes());
        true
    })
}
