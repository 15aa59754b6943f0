use model::{Access, Action, ObjectKind};

/// The classes that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    FileActivity,
    ProcessActivity,
    DetectionFinding,
    Authentication,
    AuthorizeSession,
    EntityManagement,
    HttpActivity,
    SshActivity,
    ApiActivity,
    DatastoreActivity,
}

impl Class {
    pub(super) const fn uid(self) -> u32 {
        match self {
            Self::FileActivity => 1001,
            Self::ProcessActivity => 1007,
            Self::DetectionFinding => 2004,
            Self::Authentication => 3002,
            Self::AuthorizeSession => 3003,
            Self::EntityManagement => 3004,
            Self::HttpActivity => 4002,
            Self::SshActivity => 4007,
            Self::ApiActivity => 6003,
            Self::DatastoreActivity => 6005,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FileActivity => "File System Activity",
            Self::ProcessActivity => "Process Activity",
            Self::DetectionFinding => "Detection Finding",
            Self::Authentication => "Authentication",
            Self::AuthorizeSession => "Authorize Session",
            Self::EntityManagement => "Entity Management",
            Self::HttpActivity => "HTTP Activity",
            Self::SshActivity => "SSH Activity",
            Self::ApiActivity => "API Activity",
            Self::DatastoreActivity => "Datastore Activity",
        }
    }

    pub(super) const fn category(self) -> (u32, &'static str) {
        match self {
            Self::FileActivity | Self::ProcessActivity => (1, "System Activity"),
            Self::DetectionFinding => (2, "Findings"),
            Self::Authentication | Self::AuthorizeSession | Self::EntityManagement => {
                (3, "Identity & Access Management")
            }
            Self::HttpActivity | Self::SshActivity => (4, "Network Activity"),
            Self::ApiActivity | Self::DatastoreActivity => (6, "Application Activity"),
        }
    }
}

/// An activity within a class: its number and its name. A name of ours goes with 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Activity<'n>(pub(super) u32, pub(super) &'n str);

impl<'n> Activity<'n> {
    pub(super) const UNKNOWN: Self = Self(0, "Unknown");

    pub(super) const fn other(name: &'n str) -> Self {
        Self(99, name)
    }
}

/// Which kind of thing is behind the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Database,
    Ssh,
    Http,
    Kubernetes,
}

impl Protocol {
    /// A protocol that is not known here is a database's, as all but three are.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "ssh" => Self::Ssh,
            "http" => Self::Http,
            "kubernetes" => Self::Kubernetes,
            _ => Self::Database,
        }
    }

    /// The class of a command's events. One of SSH runs a program, touches files, or is about the connection.
    pub(super) fn class(self, accesses: &[Access]) -> Class {
        let does = |actions: &[Action]| accesses.iter().any(|one| actions.contains(&one.action));
        let touches = || accesses.iter().any(|one| one.object.kind == ObjectKind::File);
        match self {
            Self::Database => Class::DatastoreActivity,
            Self::Ssh if does(&[Action::Exec, Action::Shell, Action::Attach]) => {
                Class::ProcessActivity
            }
            Self::Ssh if touches() => Class::FileActivity,
            // A command line that nobody understood runs all the same.
            Self::Ssh if does(&[Action::Unknown]) => Class::ProcessActivity,
            Self::Ssh => Class::SshActivity,
            Self::Http => Class::HttpActivity,
            Self::Kubernetes => Class::ApiActivity,
        }
    }
}

/// What is done to a datastore: of a command's accesses, the one that matters most says it.
pub(super) fn datastore_activity(accesses: &[Access]) -> Activity<'static> {
    let most = accesses.iter().map(|access| (weight(access.action), access.action));
    let Some((_, action)) = most.max_by_key(|(weight, _)| *weight) else {
        // No more than transaction control or reading the session's own state.
        return Activity::other("session");
    };
    match weight(action) {
        7 => Activity(7, "Delete"),
        6 => Activity::other(action.name()),
        5 => Activity(6, "Create"),
        4 => Activity(2, "Update"),
        3 => Activity(5, "Write"),
        2 => Activity(4, "Query"),
        1 => Activity(1, "Read"),
        _ => Activity::UNKNOWN,
    }
}

const fn weight(action: Action) -> u8 {
    match action {
        Action::Delete | Action::Drop | Action::Truncate => 7,
        // The schema has no name for these; ours says which it was.
        Action::Administer
        | Action::Grant
        | Action::Revoke
        | Action::SetRole
        | Action::Configure
        | Action::ManageRole
        | Action::Call
        | Action::Do
        | Action::Load
        | Action::CopyProgram
        | Action::ServerFile
        | Action::RunText
        | Action::Operate
        | Action::Run
        | Action::Exec
        | Action::Shell
        | Action::GuardedShell
        | Action::Attach
        | Action::PortForward
        | Action::Subsystem
        | Action::Env
        | Action::AgentForward
        | Action::X11
        | Action::Listen
        | Action::Lock
        | Action::Notify
        | Action::Advance
        | Action::Maintain
        | Action::Comment
        | Action::Set
        | Action::Reveal
        | Action::Connect => 6,
        Action::CreateTable
        | Action::CreateView
        | Action::CreateIndex
        | Action::CreateFunction
        | Action::CreateObject
        | Action::Create
        | Action::Define => 5,
        Action::Update | Action::Alter | Action::Patch | Action::Write => 4,
        Action::Insert
        | Action::Merge
        | Action::CopyIn
        | Action::LargeObject
        | Action::Upload
        | Action::Post
        | Action::Put => 3,
        Action::Select | Action::List | Action::Watch => 2,
        Action::Show
        | Action::Explain
        | Action::Get
        | Action::Logs
        | Action::Download
        | Action::Read => 1,
        Action::Unknown => 0,
    }
}

/// What is done through an API.
pub(super) fn api_activity(accesses: &[Access]) -> Activity<'static> {
    let Some(access) = accesses.first() else { return Activity::UNKNOWN };
    match access.action {
        Action::Create | Action::Post => Activity(1, "Create"),
        Action::Get | Action::List | Action::Watch | Action::Logs | Action::Download => {
            Activity(2, "Read")
        }
        Action::Update | Action::Patch | Action::Put => Activity(3, "Update"),
        Action::Delete => Activity(4, "Delete"),
        Action::Unknown => Activity::UNKNOWN,
        action => Activity::other(action.name()),
    }
}

/// What is done to files: of a command's accesses, the one that matters most says it.
pub(super) fn file_activity(accesses: &[Access]) -> Activity<'static> {
    let does = |action| accesses.iter().any(|access| access.action == action);
    let known = [
        (Action::Delete, Activity(4, "Delete")),
        (Action::Upload, Activity(3, "Update")),
        (Action::Create, Activity(1, "Create")),
        (Action::Patch, Activity(6, "Set Attributes")),
        (Action::Download, Activity(2, "Read")),
        (Action::List, Activity(2, "Read")),
        (Action::Get, Activity(8, "Get Attributes")),
    ];
    if does(Action::Delete) && does(Action::Create) {
        return Activity(5, "Rename");
    }
    let found = known.into_iter().find(|(action, _)| does(*action));
    found.map_or(Activity::UNKNOWN, |(_, activity)| activity)
}

/// An HTTP request's method.
pub(super) fn http_activity(method: &str) -> Activity<'static> {
    match method {
        "CONNECT" => Activity(1, "Connect"),
        "DELETE" => Activity(2, "Delete"),
        "GET" => Activity(3, "Get"),
        "HEAD" => Activity(4, "Head"),
        "OPTIONS" => Activity(5, "Options"),
        "POST" => Activity(6, "Post"),
        "PUT" => Activity(7, "Put"),
        "TRACE" => Activity(8, "Trace"),
        "PATCH" => Activity::other("Patch"),
        _ => Activity::UNKNOWN,
    }
}
