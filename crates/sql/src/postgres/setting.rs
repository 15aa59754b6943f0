//! SET, RESET, SHOW and `set_config`: which settings cannot widen what the session may do.

use model::{Action, ObjectKind};
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{VariableSetKind, VariableSetStmt, VariableShowStmt};
use pg_query::{Node, NodeEnum as N};

use super::function::literal;
use super::name::word;
use super::reader::Reader;
use crate::{Effect, Lineage, Output, Outputs, Unreadable};

/// Settings that change how results look, how long things may take and which plan is chosen, and
/// nothing of what may be done. Sorted.
const HARMLESS: &[&str] = &[
    "application_name",
    "backend_flush_after",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_encoding",
    "client_min_messages",
    "commit_delay",
    "commit_siblings",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "deadlock_timeout",
    "debug_pretty_print",
    "default_statistics_target",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "effective_io_concurrency",
    "enable_async_append",
    "enable_bitmapscan",
    "enable_distinct_reordering",
    "enable_gathermerge",
    "enable_group_by_reordering",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_incremental_sort",
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
    "enable_presorted_aggregate",
    "enable_self_join_elimination",
    "enable_seqscan",
    "enable_sort",
    "enable_tidscan",
    "escape_string_warning",
    "extra_float_digits",
    "from_collapse_limit",
    "geqo",
    "geqo_effort",
    "geqo_generations",
    "geqo_pool_size",
    "geqo_seed",
    "geqo_selection_bias",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "gin_pending_list_limit",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "jit_above_cost",
    "jit_expressions",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "jit_tuple_deforming",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "recursive_worktable_factor",
    "search_path",
    "seed",
    "seq_page_cost",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
    "synchronize_seqscans",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "temp_buffers",
    "timezone",
    "timezone_abbreviations",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

impl<'t> Reader<'t> {
    pub(super) fn set(&mut self, set: &'t VariableSetStmt) -> Result<(), Unreadable> {
        use VariableSetKind as Kind;
        self.found.may_change_settings = true;
        // The server compares names without regard to case.
        let name = set.name.to_ascii_lowercase();
        let value = match set.kind() {
            Kind::VarSetValue => Some(values(&set.args)?),
            Kind::VarSetDefault | Kind::VarReset | Kind::VarSetCurrent => None,
            // SET TRANSACTION and SET SESSION CHARACTERISTICS: transaction control.
            Kind::VarSetMulti => return Ok(()),
            Kind::VarResetAll => {
                self.top(Action::Set, ObjectKind::Setting, "all");
                self.found.effect = Effect::ResetAll;
                return Ok(());
            }
            Kind::Undefined => return Err(Unreadable::new("a kind of SET is not known")),
        };
        self.sets(&name, value.as_deref());
        self.found.effect = Effect::Set { name, value, local: set.is_local };
        Ok(())
    }

    /// A setting is given a value, or (`None`) its default.
    fn sets(&mut self, name: &str, value: Option<&[String]>) {
        match name {
            "role" | "session_authorization" => {
                let role = value.and_then(<[String]>::first).map_or("none", String::as_str);
                self.top(Action::SetRole, ObjectKind::Role, role);
            }
            _ if keeps_the_reading(name, value) && HARMLESS.contains(&name) => {
                self.top(Action::Set, ObjectKind::Setting, name);
            }
            _ => self.top(Action::Configure, ObjectKind::Setting, name),
        }
    }

    /// `set_config(name, value, is_local)` in the middle of a query.
    pub(super) fn set_config(&mut self, args: &[Node]) {
        self.peek();
        self.found.may_change_settings = true;
        let by_name = args.iter().any(|arg| matches!(arg.node, Some(N::NamedArgExpr(_))));
        let (name, value) = (args.first().and_then(literal), args.get(1).and_then(literal));
        match (name, value) {
            (Some(name), Some(value)) if !by_name => {
                self.sets(&name.to_ascii_lowercase(), Some(&[value.to_owned()]));
            }
            _ => self.whole(Action::Configure),
        }
    }

    pub(super) fn show(&mut self, show: &'t VariableShowStmt) -> Result<(), Unreadable> {
        let name = show.name.to_ascii_lowercase();
        self.top(Action::Show, ObjectKind::Setting, &name);
        self.found.outputs = if name == "all" {
            Outputs::Unknown
        } else {
            let from = Lineage::default();
            Outputs::Rows(vec![Output::Column { name: Some(name.as_str().into()), from }])
        };
        Ok(())
    }
}

/// Values that would make the server read text otherwise than we do.
fn keeps_the_reading(name: &str, value: Option<&[String]>) -> bool {
    let first = value.and_then(<[String]>::first).map(|value| value.to_ascii_lowercase());
    match (name, first.as_deref()) {
        // The session starts with what it needs; a default leads back there.
        ("client_encoding" | "standard_conforming_strings", None) => true,
        ("client_encoding", Some(value)) => matches!(value, "utf8" | "utf-8" | "unicode"),
        ("standard_conforming_strings", Some(value)) => {
            matches!(value, "on" | "true" | "yes" | "1")
        }
        _ => true,
    }
}

/// The values of SET, as texts.
fn values(args: &[Node]) -> Result<Vec<String>, Unreadable> {
    args.iter()
        .map(|arg| {
            value(arg).ok_or_else(|| Unreadable::new("SET is given something that is no value"))
        })
        .collect()
}

fn value(arg: &Node) -> Option<String> {
    match &arg.node {
        Some(N::AConst(constant)) => match &constant.val {
            Some(Val::Ival(number)) => Some(number.ival.to_string()),
            Some(Val::Fval(number)) => Some(number.fval.clone()),
            Some(Val::Boolval(truth)) => Some(truth.boolval.to_string()),
            Some(Val::Sval(text)) => Some(text.sval.clone()),
            Some(Val::Bsval(_)) | None => None,
        },
        // SET TIME ZONE INTERVAL '1' HOUR
        Some(N::TypeCast(cast)) => cast.arg.as_deref().and_then(value),
        _ => word(arg).map(str::to_owned),
    }
}
