//! A file or folder that is open: what may be done through its handle, and what has gone by.

use std::sync::Arc;

use bytes::Bytes;
use model::Ticket;

use super::super::content::{Course, Room};
use super::super::path::Named;
use super::super::{Content, FileStep, Moved, Undigested};
use super::numbers::open;

/// What a request to open something asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) ticket: Ticket,
    pub(super) named: Named,
    /// How a file is opened; nothing for a folder.
    pub(super) flags: Option<u32>,
    /// How large it was said to be.
    pub(super) size: Option<u64>,
}

/// Something open.
pub(super) struct File {
    opening: Opening,
    read: Option<Side>,
    write: Option<Side>,
    /// The length it was given.
    given: Option<u64>,
    /// The server said that there is nothing from here on.
    end: Option<u64>,
    /// WRITEs that the server has not answered.
    pub(super) unconfirmed: usize,
    /// Requests that the server has not answered.
    pub(super) unanswered: usize,
    /// The server answered that it is closed, well or not.
    pub(super) closed: Option<bool>,
}

/// One direction.
struct Side {
    course: Course,
    bytes: u64,
    /// Bytes that were handed out as content.
    told: u64,
}

impl Side {
    fn new() -> Self {
        Self { course: Course::new(), bytes: 0, told: 0 }
    }
}

impl File {
    pub(super) fn new(opening: Opening, room: &mut Room) -> Self {
        let flags = opening.flags;
        let mut write = flags.filter(|flags| writes(*flags)).map(|_| Side::new());
        if let Some(side) =
            write.as_mut().filter(|_| flags.is_some_and(|flags| flags & open::APPEND != 0))
        {
            side.course.lose(Undigested::Appended, room);
        }
        let read = flags.filter(|flags| reads(*flags)).map(|_| Side::new());
        Self {
            opening,
            read,
            write,
            given: None,
            end: None,
            unconfirmed: 0,
            unanswered: 0,
            closed: None,
        }
    }

    pub(super) const fn named(&self) -> &Named {
        &self.opening.named
    }

    pub(super) const fn is_folder(&self) -> bool {
        self.opening.flags.is_none()
    }

    /// Whether it was opened for reading.
    pub(super) fn is_readable(&self) -> bool {
        self.opening.flags.is_some_and(|flags| flags & open::READ != 0)
    }

    /// Whether it was opened for writing.
    pub(super) fn is_writable(&self) -> bool {
        self.opening.flags.is_some_and(|flags| flags & (open::WRITE | open::APPEND) != 0)
    }

    /// How large the server says that it is.
    pub(super) const fn measured(&mut self, size: u64) {
        self.opening.size = Some(size);
    }

    /// It was given another length.
    pub(super) const fn resized(&mut self, size: u64) {
        self.given = Some(size);
    }

    /// The server has nothing from here on.
    pub(super) fn ended(&mut self, offset: u64) {
        self.end = Some(self.end.map_or(offset, |end| end.min(offset)));
    }

    /// The server took what was written, or did not.
    pub(super) fn confirmed(&mut self, length: u32, well: bool, room: &mut Room) {
        self.unconfirmed = self.unconfirmed.saturating_sub(1);
        let Some(side) = &mut self.write else { return };
        if well {
            side.bytes += u64::from(length);
        } else {
            side.course.lose(Undigested::Unconfirmed, room);
        }
    }

    /// The server fills a part of it by itself.
    pub(super) fn copied(&mut self, room: &mut Room) {
        if let Some(side) = &mut self.write {
            side.course.lose(Undigested::Copied, room);
        }
    }

    /// A piece of its content goes by. What comes back comes before it; `keep` is how much of a file's content is
    /// handed out.
    pub(super) fn passes(
        &mut self,
        upload: bool,
        offset: u64,
        data: &[u8],
        keep: u64,
        room: &mut Room,
    ) -> Option<FileStep> {
        let side = if upload { self.write.as_mut() } else { self.read.as_mut() }?;
        side.course.take(offset, data, room);
        if !upload {
            side.bytes += data.len() as u64;
        }
        let left = usize::try_from(keep.saturating_sub(side.told)).unwrap_or(usize::MAX);
        let told = data.get(..left).unwrap_or(data);
        if told.is_empty() {
            return None;
        }
        side.told += told.len() as u64;
        Some(FileStep::Content(Content {
            ticket: self.opening.ticket,
            path: Arc::clone(&self.opening.named.path),
            upload,
            offset,
            data: Bytes::copy_from_slice(told),
        }))
    }

    /// There is no more of it: what came of it.
    pub(super) fn finish(self, room: &mut Room) -> impl Iterator<Item = FileStep> {
        let Self { opening, read, write, given, end, unconfirmed, closed, .. } = self;
        let fresh = opening.flags.is_some_and(empties);
        let read = read.map(|side| {
            let whole = side.course.whole();
            let is_end = |at| opening.size == Some(at) || end.is_some_and(|end| end <= at);
            let sha256 = side.course.finish(room);
            let complete = sha256.is_ok() && whole.is_some_and(is_end);
            (false, side.bytes, sha256, complete, opening.size)
        });
        let write = write.map(|mut side| {
            let whole = side.course.whole();
            if unconfirmed > 0 {
                side.course.lose(Undigested::Unconfirmed, room);
            }
            if given.is_some() && given != whole {
                side.course.lose(Undigested::Resized, room);
            }
            let sha256 = side.course.finish(room);
            // What was there before is gone.
            let alone = fresh || given.is_some();
            let complete = sha256.is_ok() && alone && closed == Some(true);
            (true, side.bytes, sha256, complete, given)
        });
        [read, write].into_iter().flatten().map(move |(upload, bytes, sha256, complete, size)| {
            FileStep::Moved(Moved {
                ticket: opening.ticket,
                path: Arc::clone(&opening.named.path),
                or: None,
                upload,
                bytes,
                sha256,
                complete,
                size,
            })
        })
    }
}

/// Whether these flags let a file be read. A file that is opened for nothing can be read at some servers.
pub(super) const fn reads(flags: u32) -> bool {
    flags & open::READ != 0 || flags & open::WRITE == 0
}

/// Whether these flags change a file, or make it.
pub(super) const fn writes(flags: u32) -> bool {
    flags & !(open::READ | open::EXCL) != 0
}

/// Whether nothing of what was there before is left in a file that is opened with these flags.
const fn empties(flags: u32) -> bool {
    flags & open::TRUNC != 0 || flags & (open::CREAT | open::EXCL) == open::CREAT | open::EXCL
}
