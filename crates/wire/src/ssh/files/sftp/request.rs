//! A client's requests, read.

use super::super::LONGEST_NAME;
use super::extension::{Announced, Extension};
use super::numbers::{
    CLOSE, EXTENDED, FSETSTAT, FSTAT, LSTAT, MKDIR, OPEN, OPENDIR, READ, READDIR, READLINK,
    REALPATH, REMOVE, RENAME, RMDIR, SETSTAT, STAT, SYMLINK, attribute, open,
};
use crate::ssh::codec::{Malformed, Reader};

/// The longest handle there may be.
pub(super) const LONGEST_HANDLE: usize = 256;

/// Why a request has no meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is none that is known, or that the server announced.
    Unknown,
    /// It is not as such a request is.
    Malformed,
}

impl From<Malformed> for Unread {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// What a look at something is answered with, beside a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Stat,
    Lstat,
    Readlink,
    Realpath,
    ExpandPath,
    StatVfs,
}

/// What is asked; all but a WRITE, which is read as it goes by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'m> {
    Open {
        path: &'m [u8],
        flags: u32,
        attributes: Attributes,
    },
    Close {
        handle: &'m [u8],
    },
    Read {
        handle: &'m [u8],
        offset: u64,
        length: u32,
    },
    Look {
        look: Look,
        path: &'m [u8],
    },
    Fstat {
        handle: &'m [u8],
    },
    FstatVfs {
        handle: &'m [u8],
    },
    Change {
        path: &'m [u8],
        link: bool,
        attributes: Attributes,
    },
    ChangeOpen {
        handle: &'m [u8],
        attributes: Attributes,
    },
    OpenFolder {
        path: &'m [u8],
    },
    ReadFolder {
        handle: &'m [u8],
    },
    Remove {
        path: &'m [u8],
        folder: bool,
    },
    MakeFolder {
        path: &'m [u8],
        attributes: Attributes,
    },
    Rename {
        from: &'m [u8],
        to: &'m [u8],
        replaces: bool,
    },
    /// Which of them is the link, servers do not agree on.
    SymbolicLink {
        one: &'m [u8],
        other: &'m [u8],
    },
    HardLink {
        from: &'m [u8],
        to: &'m [u8],
    },
    Sync {
        handle: &'m [u8],
    },
    Copy {
        from: &'m [u8],
        to: &'m [u8],
    },
    Limits,
    HomeOf {
        user: &'m [u8],
    },
    NamesOf,
}

impl<'m> Request<'m> {
    /// Reads what stands behind a request's number and id.
    pub(super) fn read(
        kind: u8,
        mut reader: Reader<'m>,
        announced: Announced,
    ) -> Result<Self, Unread> {
        let from = &mut reader;
        let request = match kind {
            OPEN => {
                let (path, flags) = (name(from)?, from.u32()?);
                let attributes = Attributes::read(from)?;
                if flags & !open::ALL != 0 {
                    return Err(Unread::Malformed);
                }
                Self::Open { path, flags, attributes }
            }
            CLOSE => Self::Close { handle: handle(from)? },
            READ => Self::Read { handle: handle(from)?, offset: from.u64()?, length: from.u32()? },
            LSTAT => Self::Look { look: Look::Lstat, path: name(from)? },
            FSTAT => Self::Fstat { handle: handle(from)? },
            SETSTAT => {
                Self::Change { path: name(from)?, link: false, attributes: Attributes::read(from)? }
            }
            FSETSTAT => {
                Self::ChangeOpen { handle: handle(from)?, attributes: Attributes::read(from)? }
            }
            OPENDIR => Self::OpenFolder { path: name(from)? },
            READDIR => Self::ReadFolder { handle: handle(from)? },
            REMOVE => Self::Remove { path: name(from)?, folder: false },
            MKDIR => Self::MakeFolder { path: name(from)?, attributes: Attributes::read(from)? },
            RMDIR => Self::Remove { path: name(from)?, folder: true },
            REALPATH => Self::Look { look: Look::Realpath, path: name(from)? },
            STAT => Self::Look { look: Look::Stat, path: name(from)? },
            RENAME => Self::Rename { from: name(from)?, to: name(from)?, replaces: false },
            READLINK => Self::Look { look: Look::Readlink, path: name(from)? },
            SYMLINK => Self::SymbolicLink { one: name(from)?, other: name(from)? },
            EXTENDED => {
                let extension = announced.find(from.string()?).ok_or(Unread::Unknown)?;
                Self::extended(extension, from)?
            }
            _ => return Err(Unread::Unknown),
        };
        reader.end()?;
        Ok(request)
    }

    fn extended(extension: Extension, from: &mut Reader<'m>) -> Result<Self, Unread> {
        Ok(match extension {
            Extension::PosixRename => {
                Self::Rename { from: name(from)?, to: name(from)?, replaces: true }
            }
            Extension::StatVfs => Self::Look { look: Look::StatVfs, path: name(from)? },
            Extension::FstatVfs => Self::FstatVfs { handle: handle(from)? },
            Extension::HardLink => Self::HardLink { from: name(from)?, to: name(from)? },
            Extension::Fsync => Self::Sync { handle: handle(from)? },
            Extension::LsetStat => {
                Self::Change { path: name(from)?, link: true, attributes: Attributes::read(from)? }
            }
            Extension::Limits => Self::Limits,
            Extension::ExpandPath => Self::Look { look: Look::ExpandPath, path: name(from)? },
            Extension::CopyData => {
                let read = handle(from)?;
                let [_offset, _length] = [from.u64()?, from.u64()?];
                let write = handle(from)?;
                let _offset = from.u64()?;
                Self::Copy { from: read, to: write }
            }
            Extension::HomeDirectory => Self::HomeOf { user: name(from)? },
            Extension::UsersGroupsById => {
                let [_users, _groups] = [from.string()?, from.string()?];
                Self::NamesOf
            }
        })
    }
}

/// A name that every server reads to its end.
fn name<'m>(from: &mut Reader<'m>) -> Result<&'m [u8], Unread> {
    let name = from.string()?;
    if name.len() > LONGEST_NAME || name.contains(&0) {
        return Err(Unread::Malformed);
    }
    Ok(name)
}

fn handle<'m>(from: &mut Reader<'m>) -> Result<&'m [u8], Unread> {
    let handle = from.string()?;
    if handle.len() > LONGEST_HANDLE { Err(Unread::Malformed) } else { Ok(handle) }
}

/// What is said of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) size: Option<u64>,
    pub(super) owner: Option<(u32, u32)>,
    pub(super) permissions: Option<u32>,
    pub(super) times: Option<(u32, u32)>,
}

impl Attributes {
    /// Those that are of no known kind have no meaning that could be decided.
    fn read(from: &mut Reader<'_>) -> Result<Self, Unread> {
        let flags = from.u32()?;
        if flags & !attribute::ALL != 0 {
            return Err(Unread::Malformed);
        }
        let mut read = Self::default();
        if flags & attribute::SIZE != 0 {
            read.size = Some(from.u64()?);
        }
        if flags & attribute::OWNER != 0 {
            read.owner = Some((from.u32()?, from.u32()?));
        }
        if flags & attribute::PERMISSIONS != 0 {
            read.permissions = Some(from.u32()?);
        }
        if flags & attribute::TIMES != 0 {
            read.times = Some((from.u32()?, from.u32()?));
        }
        Ok(read)
    }

    /// In words.
    pub(super) fn words(&self) -> Vec<String> {
        let size = self.size.map(|size| format!("size={size}"));
        let owner = self.owner.map(|(user, group)| format!("owner={user}:{group}"));
        let mode = self.permissions.map(|mode| format!("mode={:04o}", mode & 0o7777));
        let times = self.times.map(|(access, change)| format!("times={access}:{change}"));
        [size, owner, mode, times].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::codec::Write;

    fn read(kind: u8, body: &[u8]) -> Result<Request<'_>, Unread> {
        Request::read(kind, Reader::new(body), Announced::default())
    }

    #[test]
    fn what_is_cut_or_too_long_or_of_unknown_kind_is_no_request() {
        let mut body = Vec::new();
        body.put_string("/a");
        body.put_u32(open::READ);
        body.put_u32(attribute::SIZE | attribute::PERMISSIONS);
        body.put_u64(7);
        body.put_u32(0o644);
        let attributes =
            Attributes { size: Some(7), permissions: Some(0o644), ..Attributes::default() };
        let expected = Request::Open { path: b"/a", flags: open::READ, attributes };
        assert_eq!(read(OPEN, &body), Ok(expected));
        for cut in 0..body.len() {
            assert_eq!(read(OPEN, &body[..cut]), Err(Unread::Malformed), "{cut}");
        }
        body.push(0);
        assert_eq!(read(OPEN, &body), Err(Unread::Malformed));
        assert_eq!(read(99, b""), Err(Unread::Unknown));
        for name in [&b"a\0b"[..], &[b'a'; LONGEST_NAME + 1]] {
            let mut body = Vec::new();
            body.put_string(name);
            assert_eq!(read(REMOVE, &body), Err(Unread::Malformed));
        }
        for flags in [64, 1 << 31] {
            let mut body = Vec::new();
            body.put_string("/a");
            body.put_u32(flags);
            assert_eq!(read(SETSTAT, &body), Err(Unread::Malformed), "{flags}");
            body.put_u32(0);
            assert_eq!(read(OPEN, &body), Err(Unread::Malformed), "{flags}");
        }
    }

    #[test]
    fn an_extension_that_was_not_announced_is_unknown() {
        let mut body = Vec::new();
        body.put_string("limits@openssh.com");
        assert_eq!(read(EXTENDED, &body), Err(Unread::Unknown));
        let announced = {
            let mut body = body.clone();
            body.put_string("1");
            Announced::read(Reader::new(&body)).unwrap()
        };
        let request = Request::read(EXTENDED, Reader::new(&body), announced);
        assert_eq!(request, Ok(Request::Limits));
    }

    #[test]
    fn attributes_are_told_in_words() {
        let attributes = Attributes {
            size: Some(0),
            owner: Some((0, 5)),
            permissions: Some(0o100_644),
            times: Some((1, 2)),
        };
        assert_eq!(attributes.words(), ["size=0", "owner=0:5", "mode=0644", "times=1:2"]);
        assert!(Attributes::default().words().is_empty());
    }
}
