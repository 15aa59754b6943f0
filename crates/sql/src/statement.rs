use model::{Access, Parent};

use crate::{CopyOut, Lineage, Outputs, Stored};

/// A relation and where it may stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationName {
    /// Its schema, as far as that is known.
    pub schema: Parent,
    /// Its own name.
    pub name: String,
}

/// A relation, or a column of one, that gets another name or schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// What it is called before.
    pub from: RelationName,
    /// What it is called afterwards.
    pub to: RelationName,
    /// The column and its new name, where it is a column.
    pub column: Option<(Box<str>, Box<str>)>,
}

/// What one statement does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Statement {
    /// What it does to what. Sorted and unique. Empty: it needs no more than a session (transaction
    /// control, reading the session's own state).
    pub accesses: Vec<Access>,
    /// It changes or removes rows without a condition, or with one that restricts nothing.
    pub unbounded: bool,
    /// What it does to the session's own state.
    pub effect: Effect,
    /// Every relation whose data may reach the result, a predicate or an error message. Sorted and
    /// unique.
    pub reads: Vec<RelationName>,
    /// What it touches cannot be told from its text (DO, CALL, a user's function, `dblink`,
    /// `query_to_xml`, `pg_stats`, …): it may touch anything.
    pub opaque: bool,
    /// Data it reads is kept or sent elsewhere in a way that `stored` does not tell; `reads` says which.
    pub stores: bool,
    /// The columns that its conditions, joins, groups and orders look at.
    pub filters: Lineage,
    /// What it puts into which columns of relations, and what it gives to functions that keep it.
    pub stored: Vec<Stored>,
    /// The relation or column that it renames.
    pub renamed: Option<Renamed>,
    /// The columns of its result. Of DECLARE CURSOR: of the rows a later FETCH returns.
    pub outputs: Outputs,
    /// Whether another statement that differs only in plain integer and string constants may read
    /// differently.
    pub constants_matter: bool,
    /// Settings of the session may be others afterwards. A COMMIT says no: whoever follows settings
    /// remembers a SET LOCAL.
    pub may_change_settings: bool,
    /// There may be other relations and functions afterwards. A ROLLBACK says no: whoever follows the
    /// catalogue remembers whether the transaction changed it.
    pub may_change_catalogue: bool,
    /// Functions and operators may be among what there is afterwards and was not before.
    pub may_change_functions: bool,
    /// It runs code that cannot be read here, which may do all of this, and seldom does.
    pub runs_unread: bool,
}

/// What a statement does to the session's own state.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Effect {
    /// Nothing that outlives it.
    #[default]
    None,
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END, with AND CHAIN a new transaction follows.
    Commit {
        /// A new transaction follows at once.
        chain: bool,
    },
    /// ROLLBACK, ABORT.
    Rollback {
        /// A new transaction follows at once.
        chain: bool,
    },
    /// SAVEPOINT.
    Savepoint {
        /// Its name.
        name: String,
    },
    /// RELEASE SAVEPOINT.
    Release {
        /// Its name.
        name: String,
    },
    /// ROLLBACK TO SAVEPOINT.
    RollbackTo {
        /// Its name.
        name: String,
    },
    /// PREPARE TRANSACTION: the transaction leaves the session.
    PrepareTransaction,
    /// SET or RESET of one setting.
    Set {
        /// Its name, in lower case.
        name: String,
        /// The values as written; `None` for DEFAULT, RESET and FROM CURRENT.
        value: Option<Vec<String>>,
        /// SET LOCAL: until the transaction ends.
        local: bool,
    },
    /// RESET ALL.
    ResetAll,
    /// PREPARE: the statement's own accesses are in `inner`, none are its own.
    Prepare {
        /// The prepared statement's name.
        name: String,
        /// What EXECUTE will do.
        inner: Box<Statement>,
    },
    /// EXECUTE: does what was prepared, besides what its arguments do.
    Execute {
        /// The prepared statement's name.
        name: String,
        /// It is only explained, not run.
        explain_only: bool,
    },
    /// DEALLOCATE.
    Deallocate {
        /// Which; `None` for ALL.
        name: Option<String>,
    },
    /// DECLARE CURSOR; `reads`, `opaque` and `outputs` are those of the statement itself.
    Declare {
        /// The cursor's name.
        cursor: String,
        /// WITH HOLD: it outlives the transaction.
        hold: bool,
    },
    /// FETCH: returns rows of a cursor.
    Fetch {
        /// The cursor's name.
        cursor: String,
    },
    /// MOVE: returns none.
    Move {
        /// The cursor's name.
        cursor: String,
    },
    /// CLOSE.
    Close {
        /// Which; `None` for ALL.
        cursor: Option<String>,
    },
    /// COPY … TO STDOUT.
    CopyOut(CopyOut),
    /// COPY … FROM STDIN.
    CopyIn,
    /// LISTEN.
    Listen {
        /// The channel.
        channel: String,
    },
    /// UNLISTEN.
    Unlisten {
        /// Which; `None` for all.
        channel: Option<String>,
    },
    /// DISCARD.
    Discard {
        /// DISCARD ALL: settings, prepared statements, cursors and listens go too.
        all: bool,
    },
}
