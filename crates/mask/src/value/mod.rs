//! Values as PostgreSQL writes them, in text and in binary, and masking that leaves them readable as
//! their type.

mod array;
mod bytea;
mod content;
pub(crate) mod date;
mod integer;
mod json;
mod record;
mod uuid;
mod whole;

pub use whole::mask_value;

/// What a value was said to be. It says how a masked value must look, not what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `text`, `varchar`, `char(n)`, `name`, `citext`, `xml`, `unknown`: text in both formats.
    Text,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `boolean`
    Bool,
    /// `date`
    Date,
    /// `time`, with or without a time zone.
    Time,
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
    /// `bytea`
    Bytea,
    /// `inet` and `cidr`
    Inet,
    /// `macaddr` and `macaddr8`
    MacAddr,
    /// An array of any number of dimensions.
    Array(&'static ValueType),
    /// A row: `record`, or a composite type when the caller knows that it is one.
    Record,
    /// Anything else: as a whole it is masked by NULL, its content is searched as text.
    Other,
}

impl ValueType {
    /// `text[]` and its kin.
    pub const TEXT_ARRAY: Self = Self::Array(&Self::Text);

    /// The type by its OID in `pg_type`, for the types every PostgreSQL has. What an extension or
    /// a user made is [`Self::Other`], unless the caller knows better (`citext` is text).
    #[must_use]
    pub const fn from_postgres(oid: u32) -> Self {
        match oid {
            19 | 25 | 142 | 705 | 1042 | 1043 | 2275 => Self::Text,
            16 => Self::Bool,
            17 => Self::Bytea,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            114 => Self::Json,
            650 | 869 => Self::Inet,
            700 => Self::Float4,
            701 => Self::Float8,
            774 | 829 => Self::MacAddr,
            1082 => Self::Date,
            1083 | 1266 => Self::Time,
            1114 => Self::Timestamp,
            1184 => Self::TimestampTz,
            1186 => Self::Interval,
            1700 => Self::Numeric,
            2249 => Self::Record,
            2950 => Self::Uuid,
            3802 => Self::Jsonb,
            143 | 1003 | 1009 | 1014 | 1015 | 1263 => Self::TEXT_ARRAY,
            199 => Self::Array(&Self::Json),
            651 | 1041 => Self::Array(&Self::Inet),
            775 | 1040 => Self::Array(&Self::MacAddr),
            1000 => Self::Array(&Self::Bool),
            1001 => Self::Array(&Self::Bytea),
            1005 => Self::Array(&Self::Int2),
            1007 => Self::Array(&Self::Int4),
            1016 => Self::Array(&Self::Int8),
            1021 => Self::Array(&Self::Float4),
            1022 => Self::Array(&Self::Float8),
            1115 => Self::Array(&Self::Timestamp),
            1182 => Self::Array(&Self::Date),
            1183 | 1270 => Self::Array(&Self::Time),
            1185 => Self::Array(&Self::TimestampTz),
            1187 => Self::Array(&Self::Interval),
            1231 => Self::Array(&Self::Numeric),
            2287 => Self::Array(&Self::Record),
            2951 => Self::Array(&Self::Uuid),
            3807 => Self::Array(&Self::Jsonb),
            _ => Self::Other,
        }
    }
}

/// Reads big-endian fields from the front of a binary value.
struct Fields<'v>(&'v [u8]);

impl<'v> Fields<'v> {
    fn bytes(&mut self, count: usize) -> Option<&'v [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
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
