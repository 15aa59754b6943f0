use super::ValueType;

impl ValueType {
    /// The type by its OID in `pg_type.dat`, for the types every PostgreSQL has. What an extension or
    /// a user made is [`Self::Other`], unless the caller knows better (`citext` is text, and of a
    /// domain the type beneath counts).
    #[must_use]
    pub const fn from_postgres(oid: u32) -> Self {
        match one(oid) {
            Self::Other => many(oid),
            ty => ty,
        }
    }
}

const fn one(oid: u32) -> ValueType {
    match oid {
        16 => ValueType::Bool,
        17 => ValueType::Bytea,
        18 => ValueType::Char,
        19 | 25 | 705 | 1042 | 1043 | 1790 | 2275 => ValueType::Text,
        20 => ValueType::Int8,
        21 => ValueType::Int2,
        23 => ValueType::Int4,
        26 | 28 | 29 => ValueType::Oid,
        27 => ValueType::Tid,
        114 => ValueType::Json,
        142 => ValueType::Xml,
        600 => ValueType::Point,
        601 => ValueType::Segment,
        602 => ValueType::Path,
        603 => ValueType::Box,
        604 => ValueType::Polygon,
        628 => ValueType::Line,
        650 => ValueType::Cidr,
        700 => ValueType::Float4,
        701 => ValueType::Float8,
        718 => ValueType::Circle,
        774 => ValueType::MacAddr8,
        790 => ValueType::Money,
        829 => ValueType::MacAddr,
        869 => ValueType::Inet,
        1082 => ValueType::Date,
        1083 => ValueType::Time,
        1114 => ValueType::Timestamp,
        1184 => ValueType::TimestampTz,
        1186 => ValueType::Interval,
        1266 => ValueType::TimeTz,
        1560 => ValueType::Bit,
        1562 => ValueType::VarBit,
        1700 => ValueType::Numeric,
        2249 => ValueType::Record,
        2950 => ValueType::Uuid,
        3220 => ValueType::Lsn,
        3614 => ValueType::TsVector,
        3615 => ValueType::TsQuery,
        3802 => ValueType::Jsonb,
        4072 => ValueType::JsonPath,
        3904 => ValueType::Range(&ValueType::Int4),
        3906 => ValueType::Range(&ValueType::Numeric),
        3908 => ValueType::Range(&ValueType::Timestamp),
        3910 => ValueType::Range(&ValueType::TimestampTz),
        3912 => ValueType::Range(&ValueType::Date),
        3926 => ValueType::Range(&ValueType::Int8),
        4451 => ValueType::MultiRange(&ValueType::Int4),
        4532 => ValueType::MultiRange(&ValueType::Numeric),
        4533 => ValueType::MultiRange(&ValueType::Timestamp),
        4534 => ValueType::MultiRange(&ValueType::TimestampTz),
        4535 => ValueType::MultiRange(&ValueType::Date),
        4536 => ValueType::MultiRange(&ValueType::Int8),
        _ => ValueType::Other,
    }
}

/// Arrays. `box[]` (1020) is not among them: semicolons separate its elements.
const fn many(oid: u32) -> ValueType {
    macro_rules! array {
        ($oid:literal) => {{
            const ELEMENT: ValueType = one($oid);
            ValueType::Array(&ELEMENT)
        }};
    }
    match oid {
        1003 | 1009 | 1014 | 1015 | 1263 | 2201 => ValueType::TEXT_ARRAY,
        143 => array!(142),
        199 => array!(114),
        1011 | 1012 | 1028 => array!(26),
        629 => array!(628),
        651 => array!(650),
        719 => array!(718),
        775 => array!(774),
        791 => array!(790),
        1000 => array!(16),
        1001 => array!(17),
        1002 => array!(18),
        1005 => array!(21),
        1007 => array!(23),
        1010 => array!(27),
        1016 => array!(20),
        1017 => array!(600),
        1018 => array!(601),
        1019 => array!(602),
        1021 => array!(700),
        1022 => array!(701),
        1027 => array!(604),
        1040 => array!(829),
        1041 => array!(869),
        1115 => array!(1114),
        1182 => array!(1082),
        1183 => array!(1083),
        1185 => array!(1184),
        1187 => array!(1186),
        1231 => array!(1700),
        1270 => array!(1266),
        1561 => array!(1560),
        1563 => array!(1562),
        2287 => array!(2249),
        2951 => array!(2950),
        3221 => array!(3220),
        3643 => array!(3614),
        3645 => array!(3615),
        3807 => array!(3802),
        3905 => array!(3904),
        3907 => array!(3906),
        3909 => array!(3908),
        3911 => array!(3910),
        3913 => array!(3912),
        3927 => array!(3926),
        4073 => array!(4072),
        6150 => array!(4451),
        6151 => array!(4532),
        6152 => array!(4533),
        6153 => array!(4534),
        6155 => array!(4535),
        6157 => array!(4536),
        _ => ValueType::Other,
    }
}
