//! The numbers of messages, of what a status says, and of how a file is opened (draft-ietf-secsh-filexfer-02).

use bytes::Bytes;

use crate::ssh::codec::Write;

/// The version that is spoken.
pub(super) const VERSION_3: u32 = 3;

pub(super) const INIT: u8 = 1;
pub(super) const VERSION: u8 = 2;
pub(super) const OPEN: u8 = 3;
pub(super) const CLOSE: u8 = 4;
pub(super) const READ: u8 = 5;
pub(super) const WRITE: u8 = 6;
pub(super) const LSTAT: u8 = 7;
pub(super) const FSTAT: u8 = 8;
pub(super) const SETSTAT: u8 = 9;
pub(super) const FSETSTAT: u8 = 10;
pub(super) const OPENDIR: u8 = 11;
pub(super) const READDIR: u8 = 12;
pub(super) const REMOVE: u8 = 13;
pub(super) const MKDIR: u8 = 14;
pub(super) const RMDIR: u8 = 15;
pub(super) const REALPATH: u8 = 16;
pub(super) const STAT: u8 = 17;
pub(super) const RENAME: u8 = 18;
pub(super) const READLINK: u8 = 19;
pub(super) const SYMLINK: u8 = 20;
pub(super) const STATUS: u8 = 101;
pub(super) const HANDLE: u8 = 102;
pub(super) const DATA: u8 = 103;
pub(super) const NAME: u8 = 104;
pub(super) const ATTRS: u8 = 105;
pub(super) const EXTENDED: u8 = 200;
pub(super) const EXTENDED_REPLY: u8 = 201;

/// What a status says.
pub(super) mod status {
    pub(in super::super) const OK: u32 = 0;
    pub(in super::super) const EOF: u32 = 1;
    pub(in super::super) const PERMISSION_DENIED: u32 = 3;
    pub(in super::super) const FAILURE: u32 = 4;
    pub(in super::super) const BAD_MESSAGE: u32 = 5;
    pub(in super::super) const OP_UNSUPPORTED: u32 = 8;
}

/// How a file is opened.
pub(super) mod open {
    pub(in super::super) const READ: u32 = 1;
    pub(in super::super) const WRITE: u32 = 2;
    pub(in super::super) const APPEND: u32 = 4;
    pub(in super::super) const CREAT: u32 = 8;
    pub(in super::super) const TRUNC: u32 = 16;
    pub(in super::super) const EXCL: u32 = 32;
    pub(in super::super) const ALL: u32 = 63;
}

/// Which attributes are there.
pub(super) mod attribute {
    pub(in super::super) const SIZE: u32 = 1;
    pub(in super::super) const OWNER: u32 = 2;
    pub(in super::super) const PERMISSIONS: u32 = 4;
    pub(in super::super) const TIMES: u32 = 8;
    pub(in super::super) const ALL: u32 = 15;
}

/// A message of one kind, with its length before it.
pub(super) fn packet(kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut packet = vec![0, 0, 0, 0, kind];
    write(&mut packet);
    // What is written here is far below that.
    let length = u32::try_from(packet.len() - 4).unwrap_or(u32::MAX);
    if let Some(head) = packet.first_chunk_mut::<4>() {
        *head = length.to_be_bytes();
    }
    packet.into()
}

/// An answer that says how a request went.
pub(super) fn answer(id: u32, code: u32, message: &str) -> Bytes {
    packet(STATUS, |out| {
        out.put_u32(id);
        out.put_u32(code);
        out.put_string(message);
        out.put_string("");
    })
}
