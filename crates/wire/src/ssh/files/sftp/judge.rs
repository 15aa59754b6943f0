//! What a request is to policy: nothing new, a command, or nothing that may be.
//!
//! | request | accesses |
//! |---|---|
//! | OPEN | `download` when it may be read, `upload` when it may be written, made or emptied |
//! | READ, WRITE, READDIR, CLOSE, fsync | none of their own: they were decided when the handle was opened |
//! | OPENDIR | `list` |
//! | STAT, LSTAT, FSTAT, READLINK, REALPATH, expand-path, statvfs, fstatvfs | `get` |
//! | home-directory, users-groups-by-id | `get` of the target as a whole |
//! | limits | none: it reads what the protocol allows |
//! | REMOVE, RMDIR | `delete` |
//! | MKDIR | `create` |
//! | SETSTAT, FSETSTAT, lsetstat | `patch` |
//! | RENAME | `delete` of the old path, `create` of the new one |
//! | posix-rename | the same, and `upload` of the new one: what is there is replaced |
//! | hardlink, SYMLINK | `create` of both paths; `download` and `upload` of what the link may lead to |
//! | copy-data | `download` of the one file, `upload` of the other |

use model::{Action, Ticket};

use super::super::FileCommand;
use super::super::command::Asked;
use super::super::path::Home;
use super::file::{File, Opening, reads, writes};
use super::numbers::{open, status};
use super::request::{Attributes, Look, Request};
use super::table::{Awaited, FileNumber, Table};

/// The longest path that is opened: it is remembered for as long as that.
const LONGEST_OPENED: usize = 4 << 10;

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes on.
    Pass(Awaited),
    /// It goes on if it is let.
    Ask(FileCommand, Awaited),
    /// It does not.
    Refuse(u32, &'static str),
}

const NOT_OPEN: Verdict = Verdict::Refuse(status::FAILURE, "that handle is not open");
const TOO_MANY: Verdict = Verdict::Refuse(status::FAILURE, "too many files are open");
const TOO_LONG: Verdict = Verdict::Refuse(status::FAILURE, "the path is too long");
const NOT_READABLE: Verdict =
    Verdict::Refuse(status::PERMISSION_DENIED, "the handle was not opened for reading");
pub(super) const NOT_WRITABLE: Verdict =
    Verdict::Refuse(status::PERMISSION_DENIED, "the handle was not opened for writing");

/// What a command's question will be called, what is open, and where relative names start.
pub(super) struct Judge<'t> {
    pub(super) ticket: Ticket,
    pub(super) table: &'t Table,
    pub(super) home: &'t Home,
}

impl Judge<'_> {
    pub(super) fn judge(&self, request: &Request<'_>) -> Verdict {
        match request {
            Request::Open { path, flags, attributes } => self.open(path, *flags, attributes),
            Request::OpenFolder { path } => self.open_folder(path),
            Request::Close { handle } => {
                self.with(handle, |number, _| Verdict::Pass(Awaited::Close(number)))
            }
            Request::Read { handle, offset, length } => self.with(handle, |file, opened| {
                if opened.is_readable() {
                    Verdict::Pass(Awaited::Read { file, offset: *offset, length: *length })
                } else {
                    NOT_READABLE
                }
            }),
            Request::ReadFolder { handle } => self.with(handle, |_, opened| {
                if opened.is_folder() { Verdict::Pass(Awaited::Names) } else { NOT_READABLE }
            }),
            Request::Sync { handle } => self.with(handle, |_, _| Verdict::Pass(Awaited::Status)),
            Request::Look { look, path } => self.look(*look, path),
            Request::Fstat { handle } => self.with(handle, |number, opened| {
                Verdict::Ask(look_at("fstat", opened), Awaited::Fstat(number))
            }),
            Request::FstatVfs { handle } => self.with(handle, |_, opened| {
                Verdict::Ask(look_at("fstatvfs", opened), Awaited::Extended)
            }),
            Request::Change { path, link, attributes } => {
                let verb = if *link { "lsetstat" } else { "setstat" };
                let asked = Asked::new(verb).path(&self.home.find(path), &[Action::Patch]);
                Verdict::Ask(with_words(asked, attributes).command(), Awaited::Status)
            }
            Request::ChangeOpen { handle, attributes } => {
                self.with(handle, |file, opened| change_open(file, opened, attributes))
            }
            Request::Remove { path, folder } => {
                let verb = if *folder { "rmdir" } else { "remove" };
                self.one(verb, path, Action::Delete)
            }
            Request::MakeFolder { path, attributes } => {
                let asked = Asked::new("mkdir").path(&self.home.find(path), &[Action::Create]);
                Verdict::Ask(with_words(asked, attributes).command(), Awaited::Status)
            }
            Request::Rename { from, to, replaces } => self.rename(from, to, *replaces),
            Request::HardLink { from, to } => {
                let asked = Asked::new("hardlink")
                    .path(&self.home.find(from), &LED_TO)
                    .path(&self.home.find(to), &[Action::Create]);
                Verdict::Ask(asked.command(), Awaited::Status)
            }
            Request::SymbolicLink { one, other } => self.symbolic_link(one, other),
            Request::Copy { from, to } => self.copy(from, to),
            Request::Limits => Verdict::Ask(Asked::new("limits").command(), Awaited::Extended),
            Request::HomeOf { user } => {
                let user = String::from_utf8_lossy(user);
                let asked = Asked::new("home-directory").word(&user).whole(Action::Get);
                Verdict::Ask(asked.command(), Awaited::Names)
            }
            Request::NamesOf => {
                let asked = Asked::new("users-groups-by-id").whole(Action::Get);
                Verdict::Ask(asked.command(), Awaited::Extended)
            }
        }
    }

    fn open(&self, path: &[u8], flags: u32, attributes: &Attributes) -> Verdict {
        if !self.table.may_open() {
            return TOO_MANY;
        }
        if path.len() > LONGEST_OPENED {
            return TOO_LONG;
        }
        let named = self.home.find(path);
        let (verb, actions): (_, &[Action]) = match (reads(flags), writes(flags)) {
            (true, false) => ("download", &[Action::Download]),
            (false, _) => ("upload", &[Action::Upload]),
            (true, true) => ("open", &[Action::Download, Action::Upload]),
        };
        let mut asked = Asked::new(verb).path(&named, actions);
        for (flag, word) in [
            (open::APPEND, "append"),
            (open::CREAT, "create"),
            (open::TRUNC, "truncate"),
            (open::EXCL, "exclusive"),
        ] {
            if flags & flag != 0 {
                asked = asked.word(word);
            }
        }
        let size = self.table.size(&named.path);
        let opening = Opening { ticket: self.ticket, named, flags: Some(flags), size };
        Verdict::Ask(with_words(asked, attributes).command(), Awaited::Open(opening))
    }

    fn open_folder(&self, path: &[u8]) -> Verdict {
        if !self.table.may_open() {
            return TOO_MANY;
        }
        if path.len() > LONGEST_OPENED {
            return TOO_LONG;
        }
        let named = self.home.find(path);
        let command = Asked::new("list").path(&named, &[Action::List]).command();
        let opening = Opening { ticket: self.ticket, named, flags: None, size: None };
        Verdict::Ask(command, Awaited::Open(opening))
    }

    fn look(&self, look: Look, path: &[u8]) -> Verdict {
        let named = match look {
            Look::ExpandPath => self.home.find_with_tilde(path),
            Look::Stat | Look::Lstat | Look::Readlink | Look::Realpath | Look::StatVfs => {
                self.home.find(path)
            }
        };
        let verb = match look {
            Look::Stat => "stat",
            Look::Lstat => "lstat",
            Look::Readlink => "readlink",
            Look::Realpath => "realpath",
            Look::ExpandPath => "expand-path",
            Look::StatVfs => "statvfs",
        };
        let command = Asked::new(verb).path(&named, &[Action::Get]).command();
        let awaited = match look {
            Look::Stat if path.len() <= LONGEST_OPENED => Awaited::Stat(named.path),
            Look::Stat | Look::Lstat => Awaited::Attributes,
            Look::Readlink | Look::Realpath | Look::ExpandPath => Awaited::Names,
            Look::StatVfs => Awaited::Extended,
        };
        Verdict::Ask(command, awaited)
    }

    fn one(&self, verb: &str, path: &[u8], action: Action) -> Verdict {
        let asked = Asked::new(verb).path(&self.home.find(path), &[action]);
        Verdict::Ask(asked.command(), Awaited::Status)
    }

    fn rename(&self, from: &[u8], to: &[u8], replaces: bool) -> Verdict {
        let (verb, new): (_, &[Action]) = if replaces {
            ("posix-rename", &[Action::Create, Action::Upload])
        } else {
            ("rename", &[Action::Create])
        };
        let asked = Asked::new(verb)
            .path(&self.home.find(from), &[Action::Delete])
            .path(&self.home.find(to), new);
        Verdict::Ask(asked.command(), Awaited::Status)
    }

    /// Which of the two is the link and which is what it leads to, depends on the server. So each is both. A
    /// relative target starts at the link's folder.
    fn symbolic_link(&self, one: &[u8], other: &[u8]) -> Verdict {
        let [first, second] = [self.home.find(one), self.home.find(other)];
        let mut asked = Asked::new("symlink").path(&first, &LED_TO).path(&second, &LED_TO);
        for (target, link) in [(one, &second), (other, &first)] {
            let led = self.home.find_from(&link.parent(), target);
            asked = asked.may_be(&led, &LED_TO);
        }
        Verdict::Ask(asked.command(), Awaited::Status)
    }

    fn copy(&self, from: &[u8], to: &[u8]) -> Verdict {
        let (Some((_, read)), Some((number, write))) = (self.table.find(from), self.table.find(to))
        else {
            return NOT_OPEN;
        };
        if !read.is_readable() {
            return NOT_READABLE;
        }
        if !write.is_writable() {
            return NOT_WRITABLE;
        }
        let asked = Asked::new("copy-data")
            .path(read.named(), &[Action::Download])
            .path(write.named(), &[Action::Upload]);
        Verdict::Ask(asked.command(), Awaited::Copy(number))
    }

    fn with(&self, handle: &[u8], judge: impl FnOnce(FileNumber, &File) -> Verdict) -> Verdict {
        self.table.find(handle).map_or(NOT_OPEN, |(number, file)| judge(number, file))
    }
}

/// What a link lets be done to what it leads to, and that it is made.
const LED_TO: [Action; 3] = [Action::Create, Action::Download, Action::Upload];

fn look_at(verb: &str, opened: &File) -> FileCommand {
    Asked::new(verb).path(opened.named(), &[Action::Get]).command()
}

fn change_open(file: FileNumber, opened: &File, attributes: &Attributes) -> Verdict {
    let asked = Asked::new("fsetstat").path(opened.named(), &[Action::Patch]);
    let awaited = match attributes.size {
        Some(size) => Awaited::Resize { file, size },
        None => Awaited::Status,
    };
    Verdict::Ask(with_words(asked, attributes).command(), awaited)
}

fn with_words(asked: Asked, attributes: &Attributes) -> Asked {
    attributes.words().iter().fold(asked, |asked, word| asked.word(word))
}

/// What becomes of a WRITE to this handle, and where it goes.
pub(super) fn judge_write(table: &Table, handle: &[u8], length: u32) -> Verdict {
    match table.find(handle) {
        None => NOT_OPEN,
        Some((_, file)) if !file.is_writable() => NOT_WRITABLE,
        Some((file, _)) => Verdict::Pass(Awaited::Write { file, length }),
    }
}
