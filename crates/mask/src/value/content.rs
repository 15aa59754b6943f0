use model::{Masked, ValueFormat};

use super::{ValueType, array, bytea, hstore, json, range, record};
use crate::Detectors;
use crate::scan::Kind;

/// Rows in arrays in rows: deeper than any real value.
const DEEPEST: u32 = 8;

impl Detectors {
    /// Masks what is found inside a value; the value stays valid for its type.
    ///
    /// Numbers, dates and other types that have no text are kept as they are: a `bigint` that
    /// passes for a card number is far more often an id, and a column of cards is known by rule.
    /// An `inet` is an address by its type. Bytes of a type that is not known, in binary, become NULL
    /// when something is found in them.
    pub fn mask_value(
        &self,
        ty: ValueType,
        format: ValueFormat,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Masked {
        self.mask_typed(ty, format, value, out, DEEPEST)
    }

    pub(super) fn mask_typed(
        &self,
        ty: ValueType,
        format: ValueFormat,
        value: &[u8],
        out: &mut Vec<u8>,
        depth: u32,
    ) -> Masked {
        if self.is_none() {
            return Masked::Kept;
        }
        let Some(deeper) = depth.checked_sub(1) else { return Masked::Null };
        match (ty, format) {
            (ValueType::Text | ValueType::Xml, _)
            | (
                ValueType::JsonPath | ValueType::TsVector | ValueType::TsQuery | ValueType::Other,
                ValueFormat::Text,
            ) => replaced(self.mask_text(value, out)),
            (ValueType::Json, _) | (ValueType::Jsonb, ValueFormat::Text) => {
                replaced(json::mask_content(self, &[], value, out))
            }
            (ValueType::Jsonb, ValueFormat::Binary) => match value.split_at_checked(1) {
                Some((version @ [1], text)) => {
                    replaced(json::mask_content(self, version, text, out))
                }
                _ => Masked::Null,
            },
            (ValueType::Bytea, _) => replaced(bytea::mask_content(self, format, value, out)),
            (ValueType::Array(element), _) if element.is_searched() => {
                array::mask(format, value, out, |said, value, out| {
                    let ty = array::element_type(*element, said);
                    self.mask_typed(ty, format, value, out, deeper)
                })
            }
            (ValueType::Record, _) => record::mask(format, value, out, |ty, value, out| {
                self.mask_typed(ty, format, value, out, deeper)
            }),
            (ValueType::Range(bound), _) if bound.is_searched() => {
                range::mask(format, value, out, |value, out| {
                    self.mask_typed(*bound, format, value, out, deeper)
                })
            }
            (ValueType::MultiRange(bound), _) if bound.is_searched() => {
                range::mask_all(format, value, out, |value, out| {
                    self.mask_typed(*bound, format, value, out, deeper)
                })
            }
            (ValueType::Hstore, _) => hstore::mask(format, value, out, |_, value, out| {
                self.mask_typed(ValueType::Text, format, value, out, deeper)
            }),
            (ValueType::Inet | ValueType::Cidr, _) if self.wants(Kind::IpAddress) => Masked::Null,
            (
                ValueType::JsonPath | ValueType::TsVector | ValueType::TsQuery | ValueType::Other,
                ValueFormat::Binary,
            ) => match self.hits(&[], value).next() {
                Some(_) => Masked::Null,
                None => Masked::Kept,
            },
            (
                ValueType::Int2
                | ValueType::Int4
                | ValueType::Int8
                | ValueType::Float4
                | ValueType::Float8
                | ValueType::Numeric
                | ValueType::Bool
                | ValueType::Date
                | ValueType::Time
                | ValueType::Timestamp
                | ValueType::TimestampTz
                | ValueType::Interval
                | ValueType::Uuid
                | ValueType::Char
                | ValueType::Oid
                | ValueType::Money
                | ValueType::TimeTz
                | ValueType::Bit
                | ValueType::VarBit
                | ValueType::Inet
                | ValueType::Cidr
                | ValueType::MacAddr
                | ValueType::MacAddr8
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
                | ValueType::Range(_)
                | ValueType::MultiRange(_)
                | ValueType::Array(_),
                _,
            ) => Masked::Kept,
        }
    }
}

impl ValueType {
    /// Whether [`Detectors::mask_value`] can find something in values of this type: rows of others
    /// need not be looked at.
    #[must_use]
    pub const fn is_searched(self) -> bool {
        searched(self)
            || match self {
                Self::Array(of) | Self::Range(of) | Self::MultiRange(of) => of.is_searched(),
                _ => false,
            }
    }
}

const fn searched(ty: ValueType) -> bool {
    matches!(
        ty,
        ValueType::Text
            | ValueType::Json
            | ValueType::Jsonb
            | ValueType::Bytea
            | ValueType::Xml
            | ValueType::JsonPath
            | ValueType::TsVector
            | ValueType::TsQuery
            | ValueType::Hstore
            | ValueType::Inet
            | ValueType::Cidr
            | ValueType::Record
            | ValueType::Other
    )
}

const fn replaced(found: bool) -> Masked {
    if found { Masked::Replaced } else { Masked::Kept }
}
