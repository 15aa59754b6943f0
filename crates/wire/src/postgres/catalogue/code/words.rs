//! Words that mean something in code.

/// Words behind which a statement begins.
pub(super) const OPENS: &[&str] =
    &["begin", "then", "else", "loop", "atomic", "also", "instead", "declare"];

/// Words in an expression that hold nothing.
pub(super) const HARMLESS: &[&str] = &[
    "and",
    "or",
    "not",
    "is",
    "null",
    "true",
    "false",
    "distinct",
    "from",
    "case",
    "when",
    "then",
    "else",
    "end",
    "current_timestamp",
    "current_date",
    "localtimestamp",
    "current_user",
    "session_user",
    "tg_op",
    "tg_name",
    "tg_table_name",
    "tg_table_schema",
    "interval",
    "at",
    "time",
    "zone",
    "in",
    "array",
    "text",
    "int",
    "integer",
    "bigint",
    "numeric",
    "jsonb",
    "json",
    "date",
    "timestamp",
    "timestamptz",
    "boolean",
    "pg_catalog",
];

/// Relations that show data of others, or what is in nobody's table.
pub(super) const TELL_ALL: &[&str] = &[
    "pg_stats",
    "pg_statistic",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_statistic_ext_data",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_largeobject",
    "pg_cursors",
    "pg_prepared_statements",
];

/// Functions of the server's own that put their arguments where no column is.
pub(super) const KEEP: &[&str] = &[
    "set_config",
    "setval",
    "lo_put",
    "lo_from_bytea",
    "lowrite",
    "lo_import",
    "lo_export",
    "pg_logical_emit_message",
    "pg_file_write",
];

pub(super) fn keeps(function: &str) -> bool {
    KEEP.contains(&function) || function.starts_with("dblink")
}
