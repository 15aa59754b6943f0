use model::{Ending, Event, SessionHead, SessionId, Timestamp};
use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::counts::Counts;
use crate::event::{kind, take_closing_counts};
use crate::key::PublicKey;
use crate::layout::Preamble;
use crate::reader::{Damage, Fault, Frame, Item, Reader};

/// Checks a recording against a public key as its bytes come in.
pub struct Verifier<'k> {
    key: &'k PublicKey,
    reader: Reader,
    damage: Option<Damage>,
    total: u64,
    session: Option<SessionId>,
    head: Option<SessionHead>,
    ending: Option<Ending>,
    closed: bool,
    counts: Counts,
    at: Option<Timestamp>,
    unread: u64,
    signed: Extent,
}

/// What is to be said of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The verdict.
    pub state: State,
    /// What is wrong, and where, when something is.
    pub damage: Option<String>,
    /// The session the recording says it is of.
    pub session: Option<SessionId>,
    /// Who came from where to what.
    pub head: Option<SessionHead>,
    /// How it ended, when it ended in order.
    pub ending: Option<Ending>,
    /// What was read, in numbers.
    pub counts: Counts,
    /// How far it is as it was written, by its chain.
    pub intact: Extent,
    /// How far a signature vouches for it.
    pub signed: Extent,
    /// How long it is.
    pub bytes: u64,
    /// Frames and blocks of kinds this program does not know; their content was not looked at.
    pub unread: u64,
}

/// How far something holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// For so many frames.
    pub frames: u64,
    /// For so many bytes.
    pub bytes: u64,
    /// Up to this time.
    pub until: Option<Timestamp>,
}

/// The verdict on a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Complete, unchanged and signed to its last byte.
    Closed,
    /// Unchanged as far as it goes, but the session's end is missing: it is still running, the
    /// process was killed, or the end was taken away.
    Interrupted,
    /// As interrupted, and the last block is there in part only.
    Cut,
    /// Changed, or not signed by this key.
    Tampered,
}

/// Checks a whole recording.
#[must_use]
pub fn verify(recording: &[u8], key: &PublicKey) -> Report {
    let mut verifier = Verifier::new(key);
    for chunk in recording.chunks(64 << 10) {
        verifier.feed(chunk);
    }
    verifier.finish()
}

impl<'k> Verifier<'k> {
    /// Checks against `key`.
    #[must_use]
    pub fn new(key: &'k PublicKey) -> Self {
        Self {
            key,
            reader: Reader::new(),
            damage: None,
            total: 0,
            session: None,
            head: None,
            ending: None,
            closed: false,
            counts: Counts::default(),
            at: None,
            unread: 0,
            signed: Extent::default(),
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.damage.is_some() {
            return;
        }
        self.reader.feed(bytes);
        loop {
            match self.reader.next() {
                Ok(None) => return,
                Ok(Some(item)) => {
                    if let Err(damage) = self.item(item) {
                        self.damage = Some(damage);
                        return;
                    }
                }
                Err(damage) => {
                    self.damage = Some(damage);
                    return;
                }
            }
        }
    }

    /// The verdict, when all bytes were fed.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if self.damage.is_none() {
            self.damage = self.reader.finish().err();
        }
        if self.damage.is_none() && self.signed.bytes == 0 {
            self.damage = Some(Damage { position: self.reader.position(), fault: Fault::Unsigned });
        }
        let state = match self.damage.as_ref().map(|damage| &damage.fault) {
            // What an honest crash leaves cannot be longer than what was written at once after the
            // end: a closed recording has no such tail.
            Some(Fault::EndsEarly) if !self.closed => State::Cut,
            Some(_) => State::Tampered,
            None if self.closed => State::Closed,
            None => State::Interrupted,
        };
        let intact = Extent {
            frames: self.counts.frames,
            bytes: self.damage.as_ref().map_or(self.total, |damage| damage.position),
            until: self.at,
        };
        Report {
            state,
            damage: self.damage.map(|damage| damage.to_string()),
            session: self.session,
            head: self.head,
            ending: self.ending,
            counts: self.counts,
            intact,
            signed: self.signed,
            bytes: self.total,
            unread: self.unread,
        }
    }

    fn item(&mut self, item: Item) -> Result<(), Damage> {
        match item {
            Item::Begun(preamble) => self.begun(&preamble),
            Item::Frame(frame) => self.frame(frame),
            Item::Checkpoint(checkpoint) => self.checkpoint(&checkpoint),
            Item::Unknown { .. } => {
                self.unread += 1;
                if self.closed || self.ending.is_some() {
                    return Err(self.here(Fault::AfterTheEnd));
                }
                Ok(())
            }
        }
    }

    fn begun(&mut self, preamble: &Preamble) -> Result<(), Damage> {
        self.session = Some(preamble.session);
        if preamble.key == self.key.id() {
            return Ok(());
        }
        let (signed_by, checked_against) = (preamble.key.to_string(), self.key.id().to_string());
        Err(Damage { position: 0, fault: Fault::OtherKey { signed_by, checked_against } })
    }

    fn frame(&mut self, frame: Frame) -> Result<(), Damage> {
        let wrong = |fault| Err(Damage { position: frame.position, fault });
        if self.closed || self.ending.is_some() {
            return wrong(Fault::AfterTheEnd);
        }
        let first = self.counts.frames == 0;
        let Some(event) = frame.event else {
            if first || frame.kind == kind::CLOSED {
                return wrong(Fault::Malformed("an opening or closing frame is not in the format"));
            }
            self.unread += 1;
            self.counts.add_unknown();
            return Ok(());
        };
        self.counts.add(&event);
        self.at = Some(frame.at);
        match event {
            Event::Opened(head) if first && Some(head.id) == self.session => {
                self.head = Some(*head);
            }
            Event::Opened(_) => {
                return wrong(Fault::Malformed("an opening frame is not where it belongs"));
            }
            _ if first => return wrong(Fault::Malformed("the opening frame is missing")),
            Event::Closed(ending) => {
                if !take_closing_counts(frame.payload).is_some_and(|counts| self.fits(&counts)) {
                    return wrong(Fault::Numbers);
                }
                self.ending = Some(ending);
            }
            Event::Command { .. }
            | Event::Decided { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::Failed { .. }
            | Event::Notice { .. } => {}
        }
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Damage> {
        let wrong = |fault| Err(Damage { position: checkpoint.position, fault });
        if self.closed {
            return wrong(Fault::AfterTheEnd);
        }
        if !self.reader.vouched_for(checkpoint, self.key) {
            return wrong(Fault::Signature);
        }
        if !self.fits(&checkpoint.counts) || checkpoint.last != self.ending.is_some() {
            return wrong(Fault::Numbers);
        }
        self.closed = checkpoint.last;
        self.signed = Extent {
            frames: self.counts.frames,
            bytes: self.reader.position(),
            until: Some(checkpoint.at),
        };
        Ok(())
    }

    /// Whether these are the numbers of what was read. What this program could not read it could
    /// not count either; only the number of frames is then known.
    fn fits(&self, counts: &Counts) -> bool {
        *counts == self.counts || (self.unread > 0 && counts.frames == self.counts.frames)
    }

    const fn here(&self, fault: Fault) -> Damage {
        Damage { position: self.reader.position(), fault }
    }
}
