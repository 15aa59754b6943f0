//! Which settings a client may bring along when it connects.
//!
//! Policy decides a SET in a session; a startup parameter is there before any policy is asked, so
//! only what changes how values look, how long things may take and how plans are found passes.

use super::{Refused, printable};
use crate::postgres::error::{Report, sqlstate};

/// Settings that cannot widen what a session may do, by the names the server gives them.
const ALLOWED: &[&str] = &[
    "array_nulls",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "DateStyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "enable_bitmapscan",
    "enable_gathermerge",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_parallel_append",
    "enable_parallel_hash",
    "enable_partition_pruning",
    "enable_partitionwise_aggregate",
    "enable_partitionwise_join",
    "enable_seqscan",
    "enable_sort",
    "enable_tidscan",
    "extra_float_digits",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "IntervalStyle",
    "jit",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "max_parallel_workers_per_gather",
    "plan_cache_mode",
    "random_page_cost",
    "search_path",
    "seq_page_cost",
    "standard_conforming_strings",
    "statement_timeout",
    "TimeZone",
    "transaction_timeout",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// Settings from the allow-list, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// Each setting by the server's name for it, with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// A setting's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn insert(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let Some(&known) = ALLOWED.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            return Err(refuse(name).into());
        };
        if !value_allowed(known, value) {
            return Err(Report::fatal(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!(
                    "the startup parameter \"{known}\" cannot be \"{}\" here",
                    printable(value)
                ),
            )
            .into());
        }
        match self.0.iter_mut().find(|(name, _)| *name == known) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((known, value.to_owned())),
        }
        Ok(())
    }
}

/// For connections of our own: what is not on the list is left out.
impl<'a> FromIterator<(&'a str, &'a str)> for Settings {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(settings: I) -> Self {
        let mut all = Self::default();
        for (name, value) in settings {
            // What a refusal says is for a client; here there is none.
            let _ = all.insert(name, value);
        }
        all
    }
}

/// Statements are read as with standard strings, and the server's debug output repeats what it
/// works on.
fn value_allowed(known: &str, value: &str) -> bool {
    let any = |allowed: &[&str]| allowed.iter().any(|word| word.eq_ignore_ascii_case(value));
    match known {
        "standard_conforming_strings" => any(&["on", "true", "yes", "1"]),
        "client_min_messages" => any(&["log", "info", "notice", "warning", "error"]),
        "client_encoding" => is_ascii_safe(value),
        _ => true,
    }
}

/// Whether every byte below 128 is itself in this encoding. In the others (SJIS, BIG5, GBK, UHC, JOHAB,
/// GB18030) a backslash or a delimiter can be the second half of a letter.
///
/// Source: PostgreSQL documentation, "Character Set Support"; names as `pg_char_to_encoding` takes them.
pub(crate) fn is_ascii_safe(encoding: &str) -> bool {
    const SAFE: &[&str] = &[
        "utf8",
        "unicode",
        "sqlascii",
        "latin1",
        "latin2",
        "latin3",
        "latin4",
        "latin5",
        "latin6",
        "latin7",
        "latin8",
        "latin9",
        "latin10",
        "iso88591",
        "iso88592",
        "iso88593",
        "iso88594",
        "iso88595",
        "iso88596",
        "iso88597",
        "iso88598",
        "iso88599",
        "iso885910",
        "iso885913",
        "iso885914",
        "iso885915",
        "iso885916",
        "win1250",
        "win1251",
        "win1252",
        "win1253",
        "win1254",
        "win1255",
        "win1256",
        "win1257",
        "win1258",
        "windows1250",
        "windows1251",
        "windows1252",
        "windows1253",
        "windows1254",
        "windows1255",
        "windows1256",
        "windows1257",
        "windows1258",
        "win866",
        "windows866",
        "win874",
        "windows874",
        "koi8r",
        "koi8u",
        "koi8",
        "eucjp",
        "euccn",
        "euckr",
        "euctw",
        "eucjis2004",
    ];
    let plain: String = encoding
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    SAFE.contains(&plain.as_str())
}

fn refuse(name: &str) -> Report<'static> {
    Report::fatal(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("the startup parameter \"{}\" is not allowed here", printable(name)),
    )
    .hint("Settings that policy decides are changed by SET once the session is open.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_widens_access_is_on_the_list() {
        for name in [
            "role",
            "session_authorization",
            "session_replication_role",
            "row_security",
            "replication",
            "session_preload_libraries",
            "local_preload_libraries",
            "is_superuser",
            "allow_system_table_mods",
            "dynamic_library_path",
            "backslash_quote",
            "app.user",
            "",
        ] {
            assert!(Settings::default().insert(name, "x").is_err(), "{name}");
        }
    }

    #[test]
    fn a_setting_is_known_in_any_case_and_passed_by_the_servers_name() {
        let mut settings = Settings::default();
        settings.insert("timezone", "UTC").unwrap();
        settings.insert("TIMEZONE", "Europe/Berlin").unwrap();
        assert_eq!(settings.iter().collect::<Vec<_>>(), [("TimeZone", "Europe/Berlin")]);
        assert_eq!(settings.get("tImEzOnE"), Some("Europe/Berlin"));
    }

    #[test]
    fn a_value_that_would_change_the_reading_is_refused() {
        for (name, value, allowed) in [
            ("standard_conforming_strings", "on", true),
            ("standard_conforming_strings", "off", false),
            ("standard_conforming_strings", "of", false),
            ("client_encoding", "UTF-8", true),
            ("client_encoding", "ISO_8859_5", true),
            ("client_encoding", "SJIS", false),
            ("client_encoding", "gb18030", false),
            ("client_min_messages", "warning", true),
            ("client_min_messages", "debug5", false),
        ] {
            assert_eq!(Settings::default().insert(name, value).is_ok(), allowed, "{name}={value}");
        }
    }
}
