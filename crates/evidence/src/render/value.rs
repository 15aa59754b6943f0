use std::borrow::Cow;
use std::fmt::Write as _;

use model::ValueFormat;

use super::binary;

/// A value as a person reads it: text as it is, the binary form of the common types decoded,
/// everything else `\x` and hexadecimal digits. Bytes, because text need not be UTF-8; not escaped
/// yet.
#[must_use]
pub fn value<'v>(type_name: &str, format: ValueFormat, value: &'v [u8]) -> Cow<'v, [u8]> {
    match format {
        ValueFormat::Text => Cow::Borrowed(value),
        ValueFormat::Binary => match canonical(type_name) {
            "text" | "varchar" | "bpchar" | "name" | "json" | "xml" | "unknown" | "citext" => {
                Cow::Borrowed(value)
            }
            "jsonb" => match value {
                [1, json @ ..] => Cow::Borrowed(json),
                other => Cow::Owned(hexadecimal(other)),
            },
            name => Cow::Owned(
                binary::decode(name, value).map_or_else(|| hexadecimal(value), String::into_bytes),
            ),
        },
    }
}

/// Whether psql would set it to the right.
pub(crate) fn is_number(type_name: &str) -> bool {
    matches!(
        canonical(type_name),
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" | "oid" | "xid" | "money"
    )
}

pub(super) fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(2 + bytes.len() * 2);
    out.push_str("\\x");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.into_bytes()
}

/// A type's one name, from any of those it goes by: SQL's words, or the number it has in every
/// PostgreSQL server.
fn canonical(type_name: &str) -> &str {
    match type_name {
        "16" | "boolean" => "bool",
        "17" => "bytea",
        "19" => "name",
        "20" | "bigint" => "int8",
        "21" | "smallint" => "int2",
        "23" | "integer" | "int" => "int4",
        "25" => "text",
        "26" => "oid",
        "114" => "json",
        "142" => "xml",
        "700" | "real" => "float4",
        "701" | "double precision" => "float8",
        "705" => "unknown",
        "1042" | "character" | "char" => "bpchar",
        "1043" | "character varying" => "varchar",
        "1082" => "date",
        "1083" | "time without time zone" => "time",
        "1114" | "timestamp without time zone" => "timestamp",
        "1184" | "timestamp with time zone" => "timestamptz",
        "1700" | "decimal" => "numeric",
        "2950" => "uuid",
        "3802" => "jsonb",
        name => name,
    }
}
