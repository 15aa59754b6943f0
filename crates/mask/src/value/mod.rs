//! Values as PostgreSQL writes them, in text and in binary, and masking that leaves them readable as
//! their type.

mod array;
pub(crate) mod bytea;
mod content;
pub(crate) mod date;
mod default;
mod hstore;
mod integer;
mod json;
pub(crate) mod number;
mod numeric;
mod oid;
mod range;
mod record;
mod uuid;
mod whole;

pub use json::{JsonPath, UnknownPath, mask_json_paths};
pub(crate) use json::{escape, mask_whole, unescape};
pub use whole::{Cell, mask_cell, mask_value};

/// What a value was said to be. It says how a masked value must look, not what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `text`, `varchar`, `char(n)`, `name`, `citext`, `unknown`: text in both formats.
    Text,
    /// `"char"`, a single byte.
    Char,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `oid`, `xid` and `cid`: numbers without a sign.
    Oid,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `money`
    Money,
    /// `boolean`
    Bool,
    /// `date`
    Date,
    /// `time` without a time zone.
    Time,
    /// `time with time zone`
    TimeTz,
    /// `timestamp`
    Timestamp,
    /// `timestamp with time zone`
    TimestampTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `jsonpath`
    JsonPath,
    /// `xml`
    Xml,
    /// `bytea`
    Bytea,
    /// `bit(n)`
    Bit,
    /// `bit varying`
    VarBit,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    MacAddr,
    /// `macaddr8`
    MacAddr8,
    /// `point`
    Point,
    /// `line`
    Line,
    /// `lseg`
    Segment,
    /// `box`
    Box,
    /// `path`
    Path,
    /// `polygon`
    Polygon,
    /// `circle`
    Circle,
    /// `tsvector`
    TsVector,
    /// `tsquery`
    TsQuery,
    /// `pg_lsn`
    Lsn,
    /// `tid`
    Tid,
    /// An array of any number of dimensions.
    Array(&'static ValueType),
    /// A range of such values: `int4range`, `daterange`, ….
    Range(&'static ValueType),
    /// A multirange of such values.
    MultiRange(&'static ValueType),
    /// A row: `record`, or a composite type when the caller knows that it is one.
    Record,
    /// The extension type `hstore`, when the caller knows that it is one.
    Hstore,
    /// An enum, when the caller knows that it is one: a masked one is its first label or NULL.
    Enum,
    /// Anything else: as a whole it is masked by NULL, its content is searched as text.
    Other,
}

impl ValueType {
    /// `text[]` and its kin.
    pub const TEXT_ARRAY: Self = Self::Array(&Self::Text);
}

/// Reads big-endian fields from the front of a binary value.
struct Fields<'v>(&'v [u8]);

impl<'v> Fields<'v> {
    fn bytes(&mut self, count: usize) -> Option<&'v [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<i32> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i16::from_be_bytes(*taken).into())
    }

    fn int(&mut self) -> Option<i32> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i32::from_be_bytes(*taken))
    }

    fn oid(&mut self) -> Option<u32> {
        self.int().map(i32::cast_unsigned)
    }

    /// A length and as many bytes; `None` inside for NULL.
    fn value(&mut self) -> Option<Option<&'v [u8]>> {
        match self.int()? {
            -1 => Some(None),
            length => Some(Some(self.bytes(usize::try_from(length).ok()?)?)),
        }
    }
}

/// Appends a binary value with its length in front, as `mask` leaves it.
fn push_value(
    value: &[u8],
    out: &mut Vec<u8>,
    mask: impl FnOnce(&mut Vec<u8>) -> model::Masked,
) -> model::Masked {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    let masked = mask(out);
    match masked {
        model::Masked::Kept => out.extend_from_slice(value),
        model::Masked::Replaced => {}
        model::Masked::Null => {
            out.truncate(at);
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            return masked;
        }
    }
    let length = i32::try_from(out.len() - at - 4).unwrap_or(i32::MAX);
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
    masked
}
