use std::fmt;

use serde::{Deserialize, Serialize};

/// One (action, object) pair. A command is allowed only if policy permits *every* access it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Access {
    /// What is done.
    pub action: Action,
    /// To what.
    pub object: Object,
}

impl Access {
    /// The pair.
    #[must_use]
    pub const fn new(action: Action, object: Object) -> Self {
        Self { action, object }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.object.kind {
            ObjectKind::Resource => write!(f, "{}", self.action.name()),
            _ => write!(f, "{} {}", self.action.name(), self.object),
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(in $parent:ident)?;)*) => {
        /// What can be done to an object: the actions policies speak of.
        ///
        /// Some stand for a group of others (`read` ⊃ `select`); a command's accesses name the
        /// members, a policy may name either.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// Every action, groups first.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name policies use: `select`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The group this action is a member of, if any.
            #[must_use]
            pub const fn parent(self) -> Option<Self> {
                match self { $(Self::$variant => actions!(@parent $($parent)?),)* }
            }
        }
    };
    (@parent $parent:ident) => { Some(Self::$parent) };
    (@parent) => { None };
}

actions! {
    /// Open a session.
    Connect = "connect";
    /// See a data class in clear. Nobody may, unless permitted.
    Reveal = "reveal";
    /// What the grammar does not understand.
    Unknown = "unknown";

    /// Group: looks and changes nothing.
    Read = "read";
    /// Group: changes data.
    Write = "write";
    /// Group: changes what there is.
    Define = "define";
    /// Group: changes who may, or steps outside the data model.
    Administer = "administer";
    /// Group: runs a program on the target.
    Run = "run";

    /// Rows are read.
    Select = "select" in Read;
    /// A setting is shown.
    Show = "show" in Read;
    /// A session setting that cannot widen access is changed.
    Set = "set" in Read;
    /// A plan is shown; nothing is executed.
    Explain = "explain" in Read;
    /// Notifications of a channel are received.
    Listen = "listen" in Read;
    /// One object is read.
    Get = "get" in Read;
    /// Objects are listed.
    List = "list" in Read;
    /// Changes are followed.
    Watch = "watch" in Read;
    /// Logs are read.
    Logs = "logs" in Read;
    /// A file is fetched.
    Download = "download" in Read;

    /// Rows are added.
    Insert = "insert" in Write;
    /// Rows are changed.
    Update = "update" in Write;
    /// Rows are removed.
    Delete = "delete" in Write;
    /// MERGE, beside the accesses of its branches.
    Merge = "merge" in Write;
    /// Rows are added in bulk.
    CopyIn = "copy_in" in Write;
    /// A lock is taken.
    Lock = "lock" in Write;
    /// A notification is sent.
    Notify = "notify" in Write;
    /// A sequence is advanced or set.
    Advance = "advance" in Write;
    /// A large object is written or removed.
    LargeObject = "large_object" in Write;
    /// An object is created through an API.
    Create = "create" in Write;
    /// An object is changed through an API.
    Patch = "patch" in Write;
    /// A file is stored.
    Upload = "upload" in Write;
    /// An HTTP POST.
    Post = "post" in Write;
    /// An HTTP PUT.
    Put = "put" in Write;

    /// A table is created.
    CreateTable = "create_table" in Define;
    /// A view or materialised view is created.
    CreateView = "create_view" in Define;
    /// An index is created.
    CreateIndex = "create_index" in Define;
    /// A function or procedure is created.
    CreateFunction = "create_function" in Define;
    /// Some other object is created.
    CreateObject = "create_object" in Define;
    /// An object is altered or renamed.
    Alter = "alter" in Define;
    /// An object is dropped.
    Drop = "drop" in Define;
    /// A table is emptied.
    Truncate = "truncate" in Define;
    /// A comment or label is set.
    Comment = "comment" in Define;
    /// VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH MATERIALIZED VIEW.
    Maintain = "maintain" in Define;

    /// Privileges are given.
    Grant = "grant" in Administer;
    /// Privileges are taken.
    Revoke = "revoke" in Administer;
    /// The session becomes another role.
    SetRole = "set_role" in Administer;
    /// A setting that can widen access is changed, for this session or for all.
    Configure = "configure" in Administer;
    /// A role is created, changed or dropped.
    ManageRole = "manage_role" in Administer;
    /// A function or procedure whose effects are not known is called.
    Call = "call" in Administer;
    /// An anonymous block of code is run.
    Do = "do" in Administer;
    /// A shared library or an extension is loaded.
    Load = "load" in Administer;
    /// COPY from or to a program on the server.
    CopyProgram = "copy_program" in Administer;
    /// A file of the server is read or written.
    ServerFile = "server_file" in Administer;
    /// SQL given as text is run by a function, or run on another server.
    RunText = "run_text" in Administer;
    /// Other sessions are signalled, replication is touched, the server is steered.
    Operate = "operate" in Administer;

    /// A program is run.
    Exec = "exec" in Run;
    /// An interactive shell is opened.
    Shell = "shell" in Run;
    /// A shell of the gateway's own is opened, in which each line is a command that is decided.
    GuardedShell = "guarded_shell" in Run;
    /// A running program is attached to.
    Attach = "attach" in Run;
    /// A port is forwarded.
    PortForward = "port_forward" in Run;
    /// A subsystem of an SSH server is started: `sftp`.
    Subsystem = "subsystem" in Run;
    /// A variable of the environment is set for what is run.
    Env = "env" in Run;
    /// The client's agent, which signs with its keys, is put at the target's disposal.
    AgentForward = "agent_forward" in Run;
    /// The client's display is put at the target's disposal.
    X11 = "x11" in Run;
}

/// What kind of thing an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// The resource as a whole: actions that have no smaller object.
    Resource,
    /// A table, view, materialised view, foreign table or sequence.
    Relation,
    /// A function, procedure or aggregate.
    Function,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// A role.
    Role,
    /// A configuration parameter.
    Setting,
    /// A data type or domain.
    Type,
    /// A file on the target.
    File,
    /// A program on the target.
    Program,
    /// A notification channel.
    Channel,
    /// Anything else that has a name.
    Other,
}

impl ObjectKind {
    /// The name policies see as `resource.kind`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Relation => "relation",
            Self::Function => "function",
            Self::Schema => "schema",
            Self::Database => "database",
            Self::Role => "role",
            Self::Setting => "setting",
            Self::Type => "type",
            Self::File => "file",
            Self::Program => "program",
            Self::Channel => "channel",
            Self::Other => "other",
        }
    }
}

/// What an object stands in: a table's schema, a pod's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parent {
    /// It stands directly in the resource.
    None,
    /// It stands here.
    Is(String),
    /// It stands in one of these; which one, the target decides. Policy must permit each of them.
    OneOf(Vec<String>),
    /// Where it stands is not known. Policy must permit it wherever it may stand.
    Any,
}

/// What an action is done to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    /// What kind of thing.
    pub kind: ObjectKind,
    /// What it stands in.
    pub parent: Parent,
    /// Its own name; empty for the resource as a whole.
    pub name: String,
}

impl Object {
    /// The resource as a whole.
    #[must_use]
    pub const fn resource() -> Self {
        Self { kind: ObjectKind::Resource, parent: Parent::None, name: String::new() }
    }

    /// A named thing that stands directly in the resource.
    #[must_use]
    pub fn top(kind: ObjectKind, name: impl Into<String>) -> Self {
        Self { kind, parent: Parent::None, name: name.into() }
    }

    /// A named thing that stands in `parent`.
    #[must_use]
    pub fn within(kind: ObjectKind, parent: Parent, name: impl Into<String>) -> Self {
        Self { kind, parent, name: name.into() }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parent {
            Parent::None => f.write_str(&self.name),
            Parent::Is(parent) => write!(f, "{parent}.{}", self.name),
            Parent::OneOf(parents) => write!(f, "{{{}}}.{}", parents.join(","), self.name),
            Parent::Any => write!(f, "*.{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_name_and_groups_do_not_nest() {
        let mut names: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Action::ALL.len());
        for action in Action::ALL {
            assert!(action.parent().is_none_or(|group| group.parent().is_none()), "{action:?}");
        }
    }
}
