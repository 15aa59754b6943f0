//! One direction of a channel: what one peer says to the other, in order, no faster than the other takes it.
//!
//! A peer may send what its window allows (RFC 4254, section 5.2). A window is given back when what filled it has
//! gone on, not when it arrived: so a slow reader makes the writer wait, channel by channel, and what waits here is
//! bounded by the windows that were given.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// The window a channel begins with: it grows while the other end keeps up.
pub(super) const FIRST_WINDOW: u32 = 256 << 10;
/// The largest it becomes, and the most that all of a session's are to become: each has its share of them.
const LARGEST_WINDOW: u32 = 2 << 20;
const ALL_WINDOWS: u32 = 32 << 20;
/// The most data that is taken in one message.
pub(super) const PACKET: u32 = 32 << 10;
/// Bytes that were looked at and wait for their receiver: while there are more no more is looked at.
const MOST_LOOKED: usize = 128 << 10;
/// Requests and other words of a channel that may wait: nobody sends as many ahead.
const MOST_WORDS: usize = 256;
/// And the bytes of those requests.
const LONGEST_WORDS: usize = 256 << 10;
/// A piece this short is put to the one before it.
const SHORT: usize = 1 << 10;
/// Pieces that were looked at and wait for their receiver, however short they are.
const MOST_PIECES: usize = 4096;

/// Something that is said in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Data(Bytes),
    /// Data of another kind: standard error is 1.
    Extended(u32, Bytes),
    Request {
        name: Box<str>,
        wants_reply: bool,
        rest: Bytes,
    },
    Eof,
    Close,
}

/// A peer sent more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// What one peer says.
#[derive(Debug)]
pub(super) struct Flow {
    items: VecDeque<Item>,
    /// Bytes of data among them.
    waiting: usize,
    /// What was looked at and goes on: where something reads along, and changes what it reads.
    looked: VecDeque<Item>,
    looked_at: usize,
    reads_along: bool,
    words: usize,
    /// What its sender may still send.
    granted: u32,
    /// What has gone on and is not given back yet.
    used: u32,
    window: u32,
    /// What the receiver takes.
    allowed: u32,
    packet: u32,
    /// The sender has said that it is done, or that the channel is.
    eof: bool,
    closed: bool,
}

impl Flow {
    /// To a receiver who is not there yet.
    pub(super) fn new() -> Self {
        Self {
            items: VecDeque::new(),
            waiting: 0,
            looked: VecDeque::new(),
            looked_at: 0,
            reads_along: false,
            words: 0,
            granted: FIRST_WINDOW,
            used: 0,
            window: FIRST_WINDOW,
            allowed: 0,
            packet: 0,
            eof: false,
            closed: false,
        }
    }

    /// The receiver is there, and takes this much.
    pub(super) fn opened(&mut self, window: u32, packet: u32) {
        self.allowed = window;
        self.packet = packet.min(PACKET);
    }

    /// The receiver takes more.
    pub(super) const fn allow(&mut self, bytes: u32) {
        self.allowed = self.allowed.saturating_add(bytes);
    }

    /// Something arrived.
    pub(super) fn push(&mut self, mut item: Item) -> Result<(), TooMuch> {
        if self.closed {
            return Err(TooMuch);
        }
        match &mut item {
            Item::Data(data) | Item::Extended(_, data) => {
                let length = u32::try_from(data.len()).map_err(|_| TooMuch)?;
                if self.eof || length > PACKET {
                    return Err(TooMuch);
                }
                self.granted = self.granted.checked_sub(length).ok_or(TooMuch)?;
                self.waiting += data.len();
                if data.is_empty() || self.put_to_last(&item) {
                    return Ok(());
                }
            }
            Item::Request { rest, .. } => {
                self.word(rest.len())?;
                // Or it would keep all that arrived with it.
                *rest = Bytes::copy_from_slice(rest);
            }
            Item::Eof => {
                self.word(0)?;
                self.eof = true;
            }
            Item::Close => self.closed = true,
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Puts a piece to what waits and is of its kind, or what is kept of short ones would be longer than they are.
    /// `false`: it has to wait for itself. Where much waits and one kind is said in turn with the other, each is put
    /// to its own.
    fn put_to_last(&mut self, item: &Item) -> bool {
        let beside = self.items.len() >= MOST_PIECES;
        let behind = self.items.iter_mut().rev().take(if beside { 2 } else { 1 });
        for last in behind {
            let (whole, piece) = match (last, item) {
                (Item::Data(whole), Item::Data(piece)) => (whole, piece),
                (Item::Extended(one, whole), Item::Extended(other, piece)) if *one == *other => {
                    (whole, piece)
                }
                (Item::Data(_) | Item::Extended(..), _) => continue,
                (Item::Request { .. } | Item::Eof | Item::Close, _) => return false,
            };
            if piece.len() < SHORT && whole.len() + piece.len() <= PACKET as usize {
                append(whole, piece);
                return true;
            }
        }
        false
    }

    /// Data that nobody is to get arrived.
    pub(super) fn pass_over(&mut self, length: usize) -> Result<(), TooMuch> {
        let length = u32::try_from(length).map_err(|_| TooMuch)?;
        if self.closed || self.eof || length > PACKET {
            return Err(TooMuch);
        }
        self.granted = self.granted.checked_sub(length).ok_or(TooMuch)?;
        self.used += length;
        Ok(())
    }

    fn word(&mut self, length: usize) -> Result<(), TooMuch> {
        self.words += 1;
        let bytes = self.items.iter().map(|item| match item {
            Item::Request { rest, .. } => rest.len(),
            Item::Data(_) | Item::Extended(..) | Item::Eof | Item::Close => 0,
        });
        let too_long = length + bytes.sum::<usize>() > LONGEST_WORDS;
        if self.words > MOST_WORDS || too_long { Err(TooMuch) } else { Ok(()) }
    }

    /// From now on nothing goes on that was not looked at.
    pub(super) const fn read_along(&mut self) {
        self.reads_along = true;
    }

    /// What is to be looked at next. `None`: nothing, or so much waits for the receiver that no more is looked at.
    pub(super) fn look(&mut self) -> Option<Item> {
        if self.is_full() {
            return None;
        }
        let item = self.items.pop_front()?;
        match &item {
            Item::Data(data) | Item::Extended(_, data) => {
                self.waiting -= data.len();
                // No longer than a packet.
                self.used += data.len() as u32;
            }
            Item::Request { .. } | Item::Eof => self.words = self.words.saturating_sub(1),
            Item::Close => {}
        }
        Some(item)
    }

    /// Whether so much that was looked at waits for the receiver that there may be no more.
    pub(super) fn is_full(&self) -> bool {
        self.looked_at >= MOST_LOOKED || self.looked.len() >= MOST_PIECES
    }

    /// Whether what waits is looked at before it goes on.
    pub(super) const fn reads_along(&self) -> bool {
        self.reads_along
    }

    /// Of what was looked at last this is left, to be looked at later.
    pub(super) fn put_back(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.waiting += data.len();
            self.used = self.used.saturating_sub(u32::try_from(data.len()).unwrap_or(u32::MAX));
            self.items.push_front(Item::Data(data));
        }
    }

    /// Whether its sender said all it has to say, and all of it has gone on.
    pub(super) fn has_ended(&self) -> bool {
        self.eof && self.items.is_empty()
    }

    /// The receiver is gone, and another may come.
    pub(super) fn forget_receiver(&mut self) {
        (self.allowed, self.packet) = (0, 0);
    }

    /// Forgets data that waits, as if it had gone on.
    pub(super) fn clear_keys(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Data(_) | Item::Extended(..)));
        self.used = self.used.saturating_add(u32::try_from(self.waiting).unwrap_or(u32::MAX));
        self.waiting = 0;
    }

    /// Its sender closed its channel and speaks in a new one, to the same receiver.
    pub(super) fn begun_again(&mut self) {
        let (allowed, packet) = (self.allowed, self.packet);
        let looked = std::mem::take(&mut self.looked);
        let (looked_at, reads_along) = (self.looked_at, self.reads_along);
        *self = Self { allowed, packet, looked, looked_at, reads_along, ..Self::new() };
    }

    /// Something that was looked at goes on.
    pub(super) fn looked_at(&mut self, item: Item) {
        if let Item::Data(data) | Item::Extended(_, data) = &item {
            self.looked_at += data.len();
        }
        self.looked.push_back(item);
    }

    /// The same, of something there may be.
    pub(super) fn looked_at_some(&mut self, item: Option<Item>) {
        if let Some(item) = item {
            self.looked_at(item);
        }
    }

    /// What is said next, if its receiver takes any of it now.
    pub(super) fn pop(&mut self) -> Option<Item> {
        let most = self.allowed.min(self.packet) as usize;
        let queue = if self.reads_along { &mut self.looked } else { &mut self.items };
        let item = match queue.front_mut()? {
            Item::Data(data) | Item::Extended(_, data) if data.len() > most => {
                if most == 0 {
                    return None;
                }
                let head = data.split_to(most);
                match queue.front()? {
                    Item::Extended(code, _) => Item::Extended(*code, head),
                    _ => Item::Data(head),
                }
            }
            _ => queue.pop_front()?,
        };
        match &item {
            Item::Data(data) | Item::Extended(_, data) => self.gone(data.len()),
            Item::Request { .. } | Item::Eof if !self.reads_along => {
                self.words = self.words.saturating_sub(1);
            }
            Item::Request { .. } | Item::Eof | Item::Close => {}
        }
        Some(item)
    }

    /// What is said next, whether its receiver takes it or not.
    pub(super) fn peek(&self) -> Option<&Item> {
        if self.reads_along { self.looked.front() } else { self.items.front() }
    }

    /// What is to be looked at next.
    pub(super) fn unseen(&self) -> Option<&Item> {
        self.items.front()
    }

    /// Drops what is said next, as if it had gone on.
    pub(super) fn skip(&mut self) {
        if let Some(Item::Data(data) | Item::Extended(_, data)) = self.items.pop_front() {
            self.waiting -= data.len();
            // No longer than a packet.
            self.used += data.len() as u32;
        }
    }

    fn gone(&mut self, length: usize) {
        // No longer than a packet.
        self.allowed -= length as u32;
        if self.reads_along {
            self.looked_at -= length;
        } else {
            self.waiting -= length;
            self.used += length as u32;
        }
    }

    /// Data of the gateway's own that goes to the receiver beside what its peer says: it counts against the
    /// receiver's window.
    pub(super) fn beside(&mut self, length: usize) -> bool {
        match u32::try_from(length).ok().and_then(|length| self.allowed.checked_sub(length)) {
            Some(left) => {
                self.allowed = left;
                true
            }
            None => false,
        }
    }

    /// What is to be given back to the sender now, where there are so many channels.
    pub(super) fn give_back(&mut self, channels: usize) -> Option<u32> {
        if self.used < self.window / 2 || self.eof || self.closed {
            return None;
        }
        let mut given = std::mem::take(&mut self.used);
        let channels = u32::try_from(channels).unwrap_or(u32::MAX).max(1);
        let largest = (ALL_WINDOWS / channels).min(LARGEST_WINDOW);
        // Whoever empties a window while nothing waits here could use a larger one.
        if self.waiting == 0 && self.granted < self.window / 2 && self.window * 2 <= largest {
            given += self.window;
            self.window *= 2;
        }
        self.granted += given;
        Some(given)
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Forgets what waits but for words: who would hear them takes no data any more.
    pub(super) fn drop_data(&mut self) {
        let is_word = |item: &Item| matches!(item, Item::Request { .. } | Item::Close);
        self.items.retain(is_word);
        self.looked.retain(is_word);
        (self.waiting, self.looked_at) = (0, 0);
    }

    /// Forgets all that waits but that the channel is closed.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.looked.clear();
        (self.waiting, self.looked_at) = (0, 0);
        self.words = 0;
    }
}

/// Puts a piece to another, in memory that is the two's alone.
fn append(whole: &mut Bytes, piece: &[u8]) {
    let mut joined = match std::mem::take(whole).try_into_mut() {
        Ok(own) => own,
        Err(shared) => BytesMut::from(&*shared),
    };
    joined.extend_from_slice(piece);
    *whole = joined.freeze();
}

#[cfg(test)]
mod tests;
