use model::{Ending, Event, SessionHead, SessionId, Timestamp};
use serde::Serialize;

use crate::checkpoint::{Checkpoint, End};
use crate::counts::Counts;
use crate::event::{kind, take_closing_counts};
use crate::key::PublicKey;
use crate::keyring::Keyring;
use crate::layout::Preamble;
use crate::reader::{Damage, Fault, Frame, Item, Reader};
use crate::stream::Delivered;

/// Checks a recording against a public key as its bytes come in. With a keyring it also looks at what
/// is sealed; without, that it is as it was sealed.
pub struct Verifier<'k> {
    key: &'k PublicKey,
    keyring: Option<&'k Keyring>,
    reader: Reader,
    damage: Option<Damage>,
    total: u64,
    session: Option<SessionId>,
    first: Option<[u8; 32]>,
    head: Option<SessionHead>,
    ending: Option<Ending>,
    end: Option<End>,
    counts: Counts,
    delivered: Delivered,
    at: Option<Timestamp>,
    unread: u64,
    sealed: u64,
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
    /// Who came from where to what; nothing without the key that opens it.
    pub head: Option<SessionHead>,
    /// How the session ended, where the recording says it; nothing without the key that opens it.
    pub ending: Option<Ending>,
    /// What is in it, in numbers: as counted where it could be opened, else as last signed.
    pub counts: Counts,
    /// How many bytes the client received up to the last signature, stored or not.
    pub delivered: u64,
    /// Their SHA-256, in hexadecimal.
    pub delivered_sha256: String,
    /// The first hash of its chain, over its preamble, in hexadecimal: what the audit log says it began with.
    pub first_hash: Option<String>,
    /// The last hash of its chain that holds: what the audit log says a recording ended with.
    pub last_hash: String,
    /// How far its chain holds. That it is as it was written, a signature says.
    pub intact: Extent,
    /// How far a signature vouches for it.
    pub signed: Extent,
    /// How long it is.
    pub bytes: u64,
    /// Frames and blocks of kinds this program does not know; their content was not looked at.
    pub unread: u64,
    /// Frames there was no key for: they are as they were sealed, and what they say was not looked at.
    pub sealed: u64,
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
    /// Unchanged and signed to its last byte, and signed as what was left when the gateway's process
    /// ended in the middle of the session.
    Interrupted,
    /// Unchanged as far as it goes, but without an end: the session is still running, or the end was
    /// taken away.
    Unfinished,
    /// As unfinished, and the last block is there in part only.
    Cut,
    /// Changed, or not signed by this key.
    Tampered,
}

/// Checks a whole recording.
#[must_use]
pub fn verify(recording: &[u8], key: &PublicKey, keyring: Option<&Keyring>) -> Report {
    let mut verifier = Verifier::new(key, keyring);
    for chunk in recording.chunks(64 << 10) {
        verifier.feed(chunk);
    }
    verifier.finish()
}

impl<'k> Verifier<'k> {
    /// Checks against `key`.
    #[must_use]
    pub fn new(key: &'k PublicKey, keyring: Option<&'k Keyring>) -> Self {
        Self {
            key,
            keyring,
            reader: Reader::new(),
            damage: None,
            total: 0,
            session: None,
            first: None,
            head: None,
            ending: None,
            end: None,
            counts: Counts::default(),
            delivered: Delivered::default(),
            at: None,
            unread: 0,
            sealed: 0,
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
            Some(Fault::EndsEarly) if self.end.is_none() => State::Cut,
            Some(_) => State::Tampered,
            None => match self.end {
                Some(End::InOrder) => State::Closed,
                Some(End::Interrupted) => State::Interrupted,
                Some(End::GoesOn) | None => State::Unfinished,
            },
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
            delivered: self.delivered.bytes,
            delivered_sha256: hex(&self.delivered.sha256),
            first_hash: self.first.map(|hash| hex(&hash)),
            last_hash: hex(&self.reader.head()),
            intact,
            signed: self.signed,
            bytes: self.total,
            unread: self.unread,
            sealed: self.sealed,
        }
    }

    fn item(&mut self, item: Item) -> Result<(), Damage> {
        match item {
            Item::Begun(preamble) => self.begun(&preamble),
            Item::Frame(frame) => self.frame(frame),
            Item::Sealed { frames } => {
                if self.end.is_some() {
                    return Err(self.here(Fault::AfterTheEnd));
                }
                self.sealed += u64::from(frames);
                self.counts.frames += u64::from(frames);
                Ok(())
            }
            Item::Checkpoint(checkpoint) => self.checkpoint(&checkpoint),
            Item::Unknown { .. } => {
                self.unread += 1;
                if self.end.is_some() || self.ending.is_some() {
                    return Err(self.here(Fault::AfterTheEnd));
                }
                Ok(())
            }
        }
    }

    fn begun(&mut self, preamble: &Preamble) -> Result<(), Damage> {
        self.session = Some(preamble.session);
        self.first = Some(self.reader.head());
        if preamble.key == self.key.id() {
            let open = |keyring: &Keyring| keyring.open(preamble.session, &preamble.slots);
            if let Some(key) = self.keyring.and_then(open) {
                self.reader.unlock(key);
            }
            return Ok(());
        }
        let (signed_by, checked_against) = (preamble.key.to_string(), self.key.id().to_string());
        Err(Damage { position: 0, fault: Fault::OtherKey { signed_by, checked_against } })
    }

    fn frame(&mut self, frame: Frame) -> Result<(), Damage> {
        let wrong = |fault| Err(Damage { position: frame.position, fault });
        if self.end.is_some() || self.ending.is_some() {
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
            | Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Exited { .. }
            | Event::Moved { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::Failed { .. }
            | Event::Notice { .. } => {}
        }
        Ok(())
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Damage> {
        let wrong = |fault| Err(Damage { position: checkpoint.position, fault });
        if self.end.is_some() {
            return wrong(Fault::AfterTheEnd);
        }
        if !self.reader.vouched_for(checkpoint, self.key) {
            return wrong(Fault::Signature);
        }
        // Of what is sealed only the number of frames is known.
        let ends = match checkpoint.end {
            End::GoesOn => self.ending.is_none(),
            End::InOrder => self.ending.is_some(),
            // Its process may have ended between the closing frame and the signature over it.
            End::Interrupted => true,
        };
        // A gateway that could not open what it ended counted the frames alone.
        let frames = checkpoint.counts.frames == self.counts.frames;
        let interrupted = checkpoint.end == End::Interrupted && frames;
        let fits = (interrupted || self.fits(&checkpoint.counts))
            && (self.sealed > 0 || ends)
            && checkpoint.delivered.bytes >= self.delivered.bytes;
        if !fits {
            return wrong(Fault::Numbers);
        }
        self.end = (checkpoint.end != End::GoesOn).then_some(checkpoint.end);
        self.delivered = checkpoint.delivered;
        if self.sealed > 0 {
            self.counts = checkpoint.counts;
            self.at = Some(checkpoint.at);
        }
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
        *counts == self.counts
            || (self.unread + self.sealed > 0 && counts.frames == self.counts.frames)
    }

    const fn here(&self, fault: Fault) -> Damage {
        Damage { position: self.reader.position(), fault }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
