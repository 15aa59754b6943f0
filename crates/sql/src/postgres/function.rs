//! What calling a function does.

use std::sync::LazyLock;

use model::{Action, Object, ObjectKind, Parent};
use pg_query::protobuf::FuncCall;
use pg_query::protobuf::a_const::Val;
use pg_query::{Node, NodeEnum as N};
use rustc_hash::FxHashSet;

use super::name::{qualified, words};
use super::reader::Reader;
use crate::{FunctionFacts, RelationName, Unreadable};

/// The functions of `pg_catalog` that compute and look, and do no more; `data/functions.sql` makes
/// the list.
static HARMLESS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("data/functions.txt").lines().collect());

/// The operators PostgreSQL brings along, by name.
static OPERATORS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("data/operators.txt").lines().collect());

/// What the functions do that stand on no list of harmless ones, by name, in whatever schema.
enum Special {
    /// Runs SQL that it is given as text, here or on another server.
    RunsText,
    /// Shows statements of other sessions, values of other relations.
    Shows,
    ServerFile,
    WritesLargeObject,
    ReadsLargeObject,
    /// Moves within or closes a large object that was opened before.
    KeepsLargeObject,
    Operates,
    /// Operates, and brings the changes of any relation.
    ReadsChanges,
    Locks,
    Unlocks,
    Advances,
    Notifies,
    Configures,
    ShowsSetting,
    /// Decides what `random` will say.
    Seeds,
}

impl Special {
    /// Whether a value among its arguments can be had back by another call.
    const fn keeps(&self) -> bool {
        match self {
            Self::WritesLargeObject
            // `lo_tell64` says where `lo_lseek64` went.
            | Self::KeepsLargeObject
            | Self::Operates
            // pg_locks shows which number is locked.
            | Self::Locks
            // A sequence keeps the number it is set to.
            | Self::Advances
            | Self::Notifies
            | Self::Configures
            | Self::Seeds => true,
            Self::RunsText
            | Self::Shows
            | Self::ServerFile
            | Self::ReadsLargeObject
            | Self::ReadsChanges
            | Self::Unlocks
            | Self::ShowsSetting => false,
        }
    }
}

fn special(name: &str, arguments: usize) -> Option<Special> {
    Some(match name {
        "ts_rewrite" if arguments == 3 => return None,
        "ts_rewrite"
        | "ts_stat"
        | "xpath_table"
        | "crosstab"
        | "crosstab2"
        | "crosstab3"
        | "crosstab4"
        | "crosstab_hash"
        | "connectby"
        | "connectby_text"
        | "connectby_text_serial" => Special::RunsText,
        _ if name.starts_with("dblink") => Special::RunsText,
        _ if name.contains("_to_xml") => Special::RunsText,
        "pg_cursor"
        | "pg_prepared_statement"
        | "pg_stat_get_activity"
        | "pg_stat_get_backend_activity"
        | "pg_mcv_list_items"
        | "pg_stat_statements" => Special::Shows,
        "pg_read_file"
        | "pg_read_binary_file"
        | "pg_read_file_old"
        | "pg_stat_file"
        | "lo_import"
        | "lo_export"
        | "pg_hba_file_rules"
        | "pg_ident_file_mappings"
        | "pg_show_all_file_settings"
        | "pg_logdir_ls" => Special::ServerFile,
        _ if name.starts_with("pg_ls_") || name.starts_with("pg_file_") => Special::ServerFile,
        "lo_create" | "lo_creat" | "lo_unlink" | "lo_put" | "lo_from_bytea" | "lo_truncate"
        | "lo_truncate64" | "lowrite" => Special::WritesLargeObject,
        "lo_get" | "loread" | "lo_open" => Special::ReadsLargeObject,
        "lo_lseek" | "lo_lseek64" | "lo_tell" | "lo_tell64" | "lo_close" => {
            Special::KeepsLargeObject
        }
        _ if name.starts_with("pg_logical_slot_") => Special::ReadsChanges,
        "pg_cancel_backend"
        | "pg_terminate_backend"
        | "pg_reload_conf"
        | "pg_rotate_logfile"
        | "pg_rotate_logfile_old"
        | "pg_switch_wal"
        | "pg_create_restore_point"
        | "pg_backup_start"
        | "pg_backup_stop"
        | "pg_start_backup"
        | "pg_stop_backup"
        | "pg_promote"
        | "pg_wal_replay_pause"
        | "pg_wal_replay_resume"
        | "pg_copy_logical_replication_slot"
        | "pg_copy_physical_replication_slot"
        | "pg_create_logical_replication_slot"
        | "pg_create_physical_replication_slot"
        | "pg_drop_replication_slot"
        | "pg_replication_slot_advance"
        | "pg_sync_replication_slots"
        | "pg_logical_emit_message"
        | "pg_export_snapshot"
        | "pg_log_backend_memory_contexts"
        | "pg_log_standby_snapshot"
        | "pg_import_system_collations" => Special::Operates,
        _ if name.starts_with("pg_stat_reset") || name.starts_with("pg_replication_origin_") => {
            match HARMLESS.contains(name) {
                true => return None,
                false => Special::Operates,
            }
        }
        _ if name.starts_with("pg_advisory_unlock") => Special::Unlocks,
        _ if name.starts_with("pg_advisory_") || name.starts_with("pg_try_advisory_") => {
            Special::Locks
        }
        "nextval" | "setval" => Special::Advances,
        "pg_notify" => Special::Notifies,
        "set_config" => Special::Configures,
        "current_setting" => Special::ShowsSetting,
        "setseed" => Special::Seeds,
        _ => return None,
    })
}

/// Whether a function keeps what it is given where another call brings it back, and is given more than
/// the client's own constants.
pub(super) fn keeps(name: &str, args: &[Node]) -> bool {
    let signals = matches!(name, "pg_cancel_backend" | "pg_terminate_backend");
    !signals
        && special(name, args.len()).is_some_and(|special| special.keeps())
        && !args.iter().all(given)
}

/// Where a call's arguments stand in the tree, which no other call's do.
pub(super) fn place_of(args: &[Node]) -> usize {
    args.as_ptr().addr()
}

impl<'t> Reader<'t> {
    pub(super) fn call(&mut self, call: &'t FuncCall) -> Result<(), Unreadable> {
        self.nodes(&call.args)?;
        self.nodes(&call.agg_order)?;
        self.maybe(&call.agg_filter)?;
        if let Some(window) = call.over.as_deref() {
            self.window(window)?;
        }
        let names = words(&call.funcname);
        let (schema, name) = qualified(&names);
        self.function(schema, name, &call.args);
        Ok(())
    }

    /// A function is called with these arguments.
    pub(super) fn function(&mut self, schema: Option<&str>, name: &str, args: &[Node]) {
        if schema == Some("information_schema") && name.starts_with("_pg_") {
            return;
        }
        if let FunctionFacts::UserDefined { volatile } = self.scope.function(schema, name) {
            let parent = self.parent(schema);
            self.calls(parent, name, volatile);
        }
        if let Some(special) = special(name, args.len()) {
            if keeps(name, args) {
                self.keepers.push(place_of(args));
            }
            self.special(&special, schema, name, args);
            return;
        }
        let harmless = HARMLESS.contains(name) || name == "ts_rewrite";
        match (schema, self.scope.function(schema, name)) {
            (_, FunctionFacts::UserDefined { .. }) => {}
            (None | Some("pg_catalog"), _) if harmless => {}
            (None | Some("pg_catalog"), FunctionFacts::NotUserDefined) => {
                self.calls(Parent::Is("pg_catalog".to_owned()), name, true);
            }
            (schema, _) => {
                let parent = self.parent(schema);
                self.calls(parent, name, true);
            }
        }
    }

    /// A function is called whose body is not known.
    pub(super) fn calls(&mut self, parent: Parent, name: &str, volatile: bool) {
        self.within(Action::Call, ObjectKind::Function, parent, name);
        self.opaque();
        self.found.runs_unread |= volatile;
    }

    /// `t.name` may be `name(t)`.
    pub(super) fn call_in_disguise(&mut self, name: &str) {
        if !self.scope.takes_row(name) {
            return;
        }
        let volatile = !matches!(
            self.scope.function(None, name),
            FunctionFacts::UserDefined { volatile: false }
        );
        let parent = self.parent(None);
        self.calls(parent, name, volatile);
    }

    /// Behind an operator stands a function; behind one that PostgreSQL did not bring, anybody's.
    pub(super) fn operator(&mut self, names: &[Node]) {
        let names = words(names);
        let (schema, name) = qualified(&names);
        // `BETWEEN`, and no operator at all.
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return;
        }
        let brought = matches!(schema, None | Some("pg_catalog"));
        if brought && OPERATORS.contains(name) {
            return;
        }
        if self.scope.function(schema, name) == FunctionFacts::NotUserDefined {
            return;
        }
        let parent = self.parent(schema);
        self.calls(parent, name, true);
    }

    /// TABLESAMPLE's method is a function too.
    pub(super) fn sampling(&mut self, names: &[&str]) {
        let (schema, name) = qualified(names);
        if !matches!((schema, name), (None | Some("pg_catalog"), "bernoulli" | "system")) {
            let parent = self.parent(schema);
            self.calls(parent, name, true);
        }
    }

    fn special(&mut self, special: &Special, schema: Option<&str>, name: &str, args: &[Node]) {
        let itself = |reader: &Self| {
            let parent = match schema {
                Some(schema) => Parent::Is(schema.to_owned()),
                None if name.starts_with("dblink") || name.starts_with("cross") => {
                    reader.parent(None)
                }
                None => Parent::Is("pg_catalog".to_owned()),
            };
            Object::within(ObjectKind::Function, parent, name)
        };
        match special {
            Special::RunsText => {
                let object = itself(self);
                self.access(Action::RunText, object);
                self.opaque();
                self.changes_catalogue();
            }
            Special::Shows => {
                let object = itself(self);
                self.access(Action::Call, object);
                self.found.opaque = true;
            }
            Special::ServerFile => {
                self.peek();
                let path = args.iter().find_map(literal).unwrap_or_default();
                self.top(Action::ServerFile, ObjectKind::File, path);
                self.found.opaque = true;
                if name.starts_with("lo_") {
                    self.whole(Action::LargeObject);
                    self.found.stores = true;
                }
                if name.starts_with("pg_file_") {
                    self.found.stores = true;
                }
            }
            Special::WritesLargeObject => {
                self.whole(Action::LargeObject);
            }
            Special::ReadsLargeObject => {
                self.selects(RelationName {
                    schema: Parent::Is("pg_catalog".to_owned()),
                    name: "pg_largeobject".to_owned(),
                });
            }
            Special::KeepsLargeObject | Special::Unlocks | Special::Seeds => {}
            Special::Operates => {
                let object = itself(self);
                self.access(Action::Operate, object);
            }
            Special::ReadsChanges => {
                let object = itself(self);
                self.access(Action::Operate, object);
                self.found.opaque = true;
            }
            Special::Locks => self.top(Action::Lock, ObjectKind::Other, "advisory"),
            Special::Advances => self.advances(args),
            Special::Notifies => {
                self.peek();
                match args.first().and_then(literal) {
                    Some(channel) => self.top(Action::Notify, ObjectKind::Channel, channel),
                    None => self.whole(Action::Notify),
                }
            }
            Special::Configures => self.set_config(args),
            Special::ShowsSetting => {
                self.peek();
                match args.first().and_then(literal) {
                    Some(name) => {
                        let name = name.to_ascii_lowercase();
                        self.top(Action::Show, ObjectKind::Setting, &name);
                    }
                    None => self.whole(Action::Show),
                }
            }
        }
    }

    /// `nextval('schema.sequence')`.
    fn advances(&mut self, args: &[Node]) {
        self.peek();
        let named = args.first().and_then(literal).map(|text| text.split('.').collect::<Vec<_>>());
        let plain = |part: &&str| {
            part.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let (parent, name) = match named.as_deref() {
            Some([name]) if plain(name) => (self.relation_parent(None, name), *name),
            Some([schema, name]) if plain(schema) && plain(name) => {
                (Parent::Is((*schema).to_owned()), *name)
            }
            _ => return self.whole(Action::Advance),
        };
        self.within(Action::Advance, ObjectKind::Relation, parent, name);
    }
}

/// The text of a constant, cast or not.
pub(super) fn literal(node: &Node) -> Option<&str> {
    match &node.node {
        Some(N::AConst(constant)) => match &constant.val {
            Some(Val::Sval(text)) if !constant.isnull => Some(&text.sval),
            _ => None,
        },
        Some(N::TypeCast(cast)) => cast.arg.as_deref().and_then(literal),
        Some(N::NamedArgExpr(named)) => named.arg.as_deref().and_then(literal),
        _ => None,
    }
}

/// Whether a value is written in the statement or bound to it, and so is the client's own.
pub(super) fn given(node: &Node) -> bool {
    match &node.node {
        Some(N::AConst(_) | N::ParamRef(_)) => true,
        Some(N::TypeCast(cast)) => cast.arg.as_deref().is_some_and(given),
        Some(N::NamedArgExpr(named)) => named.arg.as_deref().is_some_and(given),
        Some(N::AArrayExpr(array)) => array.elements.iter().all(given),
        _ => false,
    }
}

/// What a function's result is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comes {
    /// Its arguments.
    Arguments,
    /// Anything: what it reads is not known.
    Anywhere,
}

/// What the result of a function is made of.
pub(super) fn comes_from(
    schema: Option<&str>,
    name: &str,
    arguments: usize,
    scope: &dyn crate::Scope,
) -> Comes {
    if schema == Some("information_schema") && name.starts_with("_pg_") {
        return Comes::Arguments;
    }
    if matches!(scope.function(schema, name), FunctionFacts::UserDefined { .. }) {
        return Comes::Anywhere;
    }
    match special(name, arguments) {
        Some(
            Special::RunsText
            | Special::Shows
            | Special::ServerFile
            | Special::ReadsLargeObject
            | Special::ReadsChanges,
        ) => return Comes::Anywhere,
        Some(
            Special::WritesLargeObject
            | Special::KeepsLargeObject
            | Special::Operates
            | Special::Locks
            | Special::Unlocks
            | Special::Advances
            | Special::Notifies
            // No setting is given what must not show.
            | Special::Configures
            | Special::ShowsSetting
            | Special::Seeds,
        ) => return Comes::Arguments,
        None => {}
    }
    let harmless = HARMLESS.contains(name) || name == "ts_rewrite";
    match schema {
        None | Some("pg_catalog") if harmless => Comes::Arguments,
        _ => Comes::Anywhere,
    }
}

/// Whether an operator is one that PostgreSQL brings along, or there is none.
pub(super) fn is_brought(schema: Option<&str>, name: &str, scope: &dyn crate::Scope) -> bool {
    let none = name.is_empty() || name.starts_with(|first: char| first.is_ascii_alphabetic());
    let brought = matches!(schema, None | Some("pg_catalog")) && OPERATORS.contains(name);
    none || brought || scope.function(schema, name) == FunctionFacts::NotUserDefined
}

/// Whether no value of a relation comes out of this function, whatever goes in.
pub(super) fn tells_nothing(names: &[&str], scope: &dyn crate::Scope) -> bool {
    let (schema, name) = qualified(names);
    matches!(schema, None | Some("pg_catalog"))
        && matches!(
            name,
            "count"
                | "now"
                | "clock_timestamp"
                | "statement_timestamp"
                | "transaction_timestamp"
                | "timeofday"
                | "version"
                | "pg_backend_pid"
                | "current_database"
                | "current_schema"
                | "current_schemas"
                | "pg_is_in_recovery"
                | "pg_postmaster_start_time"
                | "pg_sleep"
                | "random"
                | "gen_random_uuid"
                | "row_number"
                | "txid_current"
                | "pg_current_xact_id"
                | "pg_typeof"
        )
        && !matches!(scope.function(schema, name), FunctionFacts::UserDefined { .. })
}
