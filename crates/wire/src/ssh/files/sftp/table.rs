//! What is open, and what the server owes an answer to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::super::FileStep;
use super::super::content::Room;
use super::file::{File, Opening};

/// How many files and folders may be open at a time, those that the server is asked to open among them.
const MOST_OPEN: usize = 1024;
/// How many requests the server may owe an answer to. What is more waits.
const MOST_UNANSWERED: usize = 4096;
/// How many sizes are remembered from before a file was opened.
const MOST_SIZES: usize = 16;

/// Names a file of this channel, also when its handle is another's by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileNumber(u64);

/// What a request asked, for as long as it is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The gateway's own question where relative names start.
    Home,
    Open(Opening),
    Close(FileNumber),
    Read {
        file: FileNumber,
        offset: u64,
        length: u32,
    },
    Write {
        file: FileNumber,
        length: u32,
    },
    /// How long a file is to be.
    Resize {
        file: FileNumber,
        size: u64,
    },
    /// The server fills a file from another.
    Copy(FileNumber),
    /// The attributes of something open.
    Fstat(FileNumber),
    /// Those of what stands at a path, when it may be opened afterwards.
    Stat(Arc<str>),
    /// Any other attributes.
    Attributes,
    /// Names.
    Names,
    /// What an extension answers.
    Extended,
    /// No more than how it went.
    Status,
}

impl Awaited {
    /// The file it is about.
    const fn file(&self) -> Option<FileNumber> {
        match self {
            Self::Close(file)
            | Self::Copy(file)
            | Self::Read { file, .. }
            | Self::Write { file, .. }
            | Self::Resize { file, .. }
            | Self::Fstat(file) => Some(*file),
            Self::Home
            | Self::Open(_)
            | Self::Stat(_)
            | Self::Attributes
            | Self::Names
            | Self::Extended
            | Self::Status => None,
        }
    }
}

/// What is known of the channel.
pub(super) struct Table {
    files: BTreeMap<FileNumber, File>,
    handles: BTreeMap<Box<[u8]>, FileNumber>,
    awaited: BTreeMap<u32, Awaited>,
    /// Those of `awaited` that open something.
    opening: usize,
    last: u64,
    sizes: VecDeque<(Arc<str>, u64)>,
    room: Room,
    /// How much of each file's content is handed out.
    pub(super) keep: u64,
}

impl Table {
    pub(super) const fn new(keep: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            handles: BTreeMap::new(),
            awaited: BTreeMap::new(),
            opening: 0,
            last: 0,
            sizes: VecDeque::new(),
            room: Room::new(),
            keep,
        }
    }

    /// What is held of contents whose order is not known yet.
    pub(super) const fn early(&self) -> usize {
        self.room.used()
    }

    /// Whether the server owes all the answers it may.
    pub(super) fn is_full(&self) -> bool {
        self.awaited.len() >= MOST_UNANSWERED
    }

    /// Whether one more may be opened.
    pub(super) fn may_open(&self) -> bool {
        self.handles.len() + self.opening < MOST_OPEN
    }

    pub(super) fn awaited(&self, id: u32) -> Option<&Awaited> {
        self.awaited.get(&id)
    }

    /// A request goes to the server.
    pub(super) fn asked(&mut self, id: u32, what: Awaited) {
        if let Some(file) = what.file().and_then(|number| self.files.get_mut(&number)) {
            file.unanswered += 1;
            match what {
                Awaited::Write { .. } => file.unconfirmed += 1,
                Awaited::Copy(_) => file.copied(&mut self.room),
                _ => {}
            }
        }
        if let Awaited::Close(number) = what {
            // From here on the server may give its handle to another.
            self.handles.retain(|_, other| *other != number);
        }
        self.opening += usize::from(matches!(what, Awaited::Open(_)));
        self.awaited.insert(id, what);
    }

    /// The server answers a request.
    pub(super) fn answered(&mut self, id: u32) -> Option<Awaited> {
        let what = self.awaited.remove(&id)?;
        if let Some(file) = what.file().and_then(|number| self.files.get_mut(&number)) {
            file.unanswered -= 1;
        }
        self.opening -= usize::from(matches!(what, Awaited::Open(_)));
        Some(what)
    }

    /// The server opened something. `false`: its handle is another's.
    pub(super) fn opened(&mut self, opening: Opening, handle: &[u8]) -> bool {
        if self.handles.contains_key(handle) {
            return false;
        }
        self.last += 1;
        let number = FileNumber(self.last);
        self.files.insert(number, File::new(opening, &mut self.room));
        self.handles.insert(handle.into(), number);
        true
    }

    /// What has this handle.
    pub(super) fn find(&self, handle: &[u8]) -> Option<(FileNumber, &File)> {
        let number = *self.handles.get(handle)?;
        Some((number, self.files.get(&number)?))
    }

    pub(super) fn file(&mut self, number: FileNumber) -> Option<(&mut File, &mut Room)> {
        self.files.get_mut(&number).map(|file| (file, &mut self.room))
    }

    /// A piece of a file's content goes by.
    pub(super) fn passes(
        &mut self,
        number: FileNumber,
        upload: bool,
        offset: u64,
        data: &[u8],
    ) -> Option<FileStep> {
        let file = self.files.get_mut(&number)?;
        file.passes(upload, offset, data, self.keep, &mut self.room)
    }

    /// Tells what came of a file, once it is closed and nothing of it is awaited.
    pub(super) fn settle(&mut self, number: FileNumber, steps: &mut impl Extend<FileStep>) {
        let over = |file: &File| file.closed.is_some() && file.unanswered == 0;
        if self.files.get(&number).is_some_and(over)
            && let Some(file) = self.files.remove(&number)
        {
            steps.extend(file.finish(&mut self.room));
        }
    }

    /// The channel is over: tells what came of everything.
    pub(super) fn end(&mut self, steps: &mut impl Extend<FileStep>) {
        self.handles.clear();
        self.awaited.clear();
        for file in std::mem::take(&mut self.files).into_values() {
            steps.extend(file.finish(&mut self.room));
        }
    }

    /// The server said how large what stands at a path is.
    pub(super) fn measured(&mut self, path: Arc<str>, size: u64) {
        self.sizes.retain(|(known, _)| *known != path);
        if self.sizes.len() >= MOST_SIZES {
            self.sizes.pop_front();
        }
        self.sizes.push_back((path, size));
    }

    /// How large what stands at a path was said to be.
    pub(super) fn size(&self, path: &str) -> Option<u64> {
        self.sizes.iter().find(|(known, _)| &**known == path).map(|(_, size)| *size)
    }
}
