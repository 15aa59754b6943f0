//! A session after its login: the client's messages on one side, the server's on the other.
//!
//! ```text
//!  client ─► Inbox ─► client.rs ── Decide ──► decided ─► Send(Upstream) ─┐
//!                     reads, asks              record                    │ Expect
//!                                                                        ▼
//!  client ◄─ Send(Client) ◄─ server.rs ◄─ Inbox ◄──────────────── queue of what is owed
//!                            masks, records
//! ```
//!
//! Every message that is sent upstream leaves an `Expect` in the queue, and every reply is matched
//! with the front of it: so a reply never pairs with the wrong command, an error of ours comes after
//! the replies to what was sent before it, and an error of the server's takes with it what it skips.

mod application;
mod aside;
mod client;
mod copy;
mod earlier;
mod inbox;
mod inheriting;
mod maskable;
mod names;
mod plan;
mod prepared;
mod recent;
mod refuse;
mod report;
mod results;
mod ruling;
mod running;
mod server;
mod shelf;
mod store;
mod view;
mod voting;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use model::ports::Unavailable;
use model::{Classes, Conversation, Peer, Ruling, Step, Terms, Ticket, Violation};
use rustc_hash::FxHashSet;

pub use self::application::Application;
use self::inbox::Inbox;
use self::inheriting::Temporary;
use self::names::Names;
use self::recent::Recent;
use self::ruling::Deciding;
use self::running::{Expect, Running};
use self::shelf::Segment;
use self::store::Store;
use self::view::View;
use super::error::{Report, sqlstate};
use super::frame::{BadFrame, ready_for_query};
use super::library::{Exposure, Library, Reading, Scope};
use super::startup::is_ascii_safe;

/// What a session begins with, once both ends are logged in.
pub struct Opening {
    /// What is known of the database.
    pub library: Arc<Library>,
    /// Who is at work.
    pub application: Application,
    /// The settings the server reported at login (ParameterStatus).
    pub parameters: Vec<(String, String)>,
    /// What it said on the way (NoticeResponse messages). Where there is any, the client has not been
    /// told that the server is ready.
    pub notices: Vec<Bytes>,
    /// Whether the client chose a search path of its own at startup.
    pub search_path_chosen: bool,
    /// How much is recorded of each result.
    pub cap: Cap,
    /// The longest message of the client's that is taken in whole: a statement, or its parameters.
    pub message_limit: usize,
}

/// How much of each command's result a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Rows.
    pub rows: u64,
    /// Bytes of rows or of bulk data.
    pub bytes: u64,
}

impl Default for Cap {
    fn default() -> Self {
        Self { rows: 1000, bytes: 256 << 10 }
    }
}

/// Messages that are sent and not answered: more than this wait at the gateway. The server answers
/// each with at least five bytes and holds back at most eight thousand, so it cannot wait for us.
const MOST_OWED: usize = 16_384;

/// The conversation of one PostgreSQL session.
pub struct Session {
    library: Arc<Library>,
    application: Application,
    /// The name the session gave itself at the target, where who is at work is no longer in front.
    unfronted: Option<String>,
    /// Since the last ReadyForQuery something ran to its end that touches what must not show.
    exposed: bool,
    /// What the statements of the running transaction may bring to light that must not show, where any
    /// does: what was put off to its end may say it.
    transaction: Exposure,
    /// Settings that held what must not show.
    hidden_settings: Vec<Box<[u8]>>,
    /// What the client listens to.
    channels: FxHashSet<Box<[u8]>>,
    cap: Cap,
    message_limit: usize,
    client: Inbox,
    server: Inbox,
    steps: VecDeque<Step>,
    owed: VecDeque<Expect>,
    front: Front,
    /// The server's side waits for the catalogue to be read again.
    refreshing: Option<Ticket>,
    /// Tables that were looked for and not found: they are not looked for again.
    not_found: FxHashSet<u32>,
    store: Store,
    names: Names,
    temporary: Temporary,
    recent: Recent,
    strings: Strings,
    /// The transaction's state at the last ReadyForQuery: `I`, `T` or `E`.
    status: u8,
    /// Something was sent since the last Sync.
    unsynced: bool,
    /// The last CommandComplete said ROLLBACK; an error came since the last ReadyForQuery.
    rolled_back: bool,
    failed: bool,
    view: Arc<View>,
    /// How often code ran that nobody read, and that may have opened cursors under any name.
    code_ran: u64,
    numbers: u64,
    tickets: u64,
    /// Counts what was sent that a ReadyForQuery answers, and the ReadyForQuery that came.
    segment: Segment,
    answers: u64,
    /// Bytes of a message that is going by unread, to the client and to the server.
    to_client: usize,
    to_server: Passing,
    /// Notices of ours that wait for the end of a message going by.
    notices: Vec<Bytes>,
    copying_in: bool,
    /// The catalogue was just read again, or could not be: the next text is read with what is known.
    read_anyway: bool,
    /// What names meant when the client's message at hand was read.
    reading_at: Epoch,
    over: bool,
}

/// What names meant at one moment.
type Epoch = (u64, u64);

/// Where the client's side stands.
enum Front {
    /// The next message is read.
    Open,
    /// A command is with policy, or with a human.
    Deciding(Box<Deciding>),
    /// A command may run once it is kept which columns inherit from it.
    Inheriting(Ticket, Box<(Deciding, Terms)>),
    /// The next message waits for the catalogue to be read again.
    Refreshing(Ticket),
    /// The next message names what an answer that is owed may yet change: it waits for one more.
    Doubting(u64),
    /// A command was refused or failed: what follows is skipped up to Sync.
    Skipping,
}

/// What becomes of the rest of a client's message that is not taken in whole.
enum Passing {
    None,
    /// It is bulk data on its way to the server.
    Forward(usize),
    /// It is dropped, and then what it was a part of is refused if it was too large.
    Drop(usize, Option<TooLarge>),
}

#[derive(Clone, Copy)]
enum TooLarge {
    Simple,
    Extended,
}

/// How the server reads string constants and the bytes of a text.
#[derive(Default)]
struct Strings {
    /// `standard_conforming_strings` is on: a backslash in a plain constant is a backslash.
    standard: bool,
    /// The client's encoding is UTF-8.
    utf8: bool,
    /// It is at least one in which a byte below 128 is always itself.
    ascii_safe: bool,
    /// Statements since the last ReadyForQuery, or on their way, may have changed either.
    unsettled: bool,
    unsettled_owed: usize,
}

impl Session {
    /// A session that is ready for its first command.
    #[must_use]
    pub fn new(opening: Opening) -> Self {
        let catalogue = opening.library.catalogue();
        let mut strings = Strings::default();
        for (name, value) in &opening.parameters {
            strings.report(name.as_bytes(), value.as_bytes());
        }
        let mut this = Self {
            names: Names::new(catalogue.default_path(), !opening.search_path_chosen),
            view: Arc::new(View::new(&opening.library, Arc::default())),
            temporary: Temporary::new(Arc::clone(opening.library.heritage())),
            library: opening.library,
            application: opening.application,
            unfronted: None,
            exposed: false,
            transaction: Exposure::default(),
            hidden_settings: Vec::new(),
            channels: FxHashSet::default(),
            cap: opening.cap,
            message_limit: opening.message_limit,
            client: Inbox::new(Peer::Client),
            server: Inbox::new(Peer::Upstream),
            steps: VecDeque::new(),
            owed: VecDeque::new(),
            front: Front::Open,
            refreshing: None,
            not_found: FxHashSet::default(),
            store: Store::default(),
            recent: Recent::default(),
            strings,
            status: b'I',
            unsynced: false,
            rolled_back: false,
            failed: false,
            code_ran: 0,
            numbers: 0,
            tickets: 0,
            segment: 0,
            answers: 0,
            to_client: 0,
            to_server: Passing::None,
            notices: Vec::new(),
            copying_in: false,
            read_anyway: false,
            reading_at: (0, 0),
            over: false,
        };
        this.greet(&opening.notices);
        this
    }

    /// Passes on what the server said at login, masked like all it says, and then that it is ready.
    fn greet(&mut self, notices: &[Bytes]) {
        if notices.is_empty() {
            return;
        }
        for notice in notices {
            // One that cannot be read did not come through a login, and is not shown.
            let _unread = self.notice(notice);
        }
        let mut ready = Vec::with_capacity(6);
        ready_for_query(&mut ready, self.status);
        self.send(Peer::Client, ready.into());
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// What was just sent will be answered by a ReadyForQuery. Says whether settings depend on it.
    fn end_segment(&mut self) -> bool {
        self.segment += 1;
        self.strings.owe()
    }

    fn send(&mut self, to: Peer, bytes: Bytes) {
        if !bytes.is_empty() {
            self.steps.push_back(Step::Send(to, bytes));
        }
    }

    /// What names mean now: changes whenever a text may have to be read again. What is kept under an
    /// epoch was read after it was asked for.
    fn epoch(&self) -> Epoch {
        (self.names.epoch(), self.library.version())
    }

    /// The catalogue may have been read again since the last message was.
    fn learn_names(&mut self) {
        if self.library.version() != self.reading_at.1 {
            self.names.learn(self.library.catalogue().default_path());
        }
    }

    /// Reads a text, unless the server may just now read it otherwise than we do.
    fn read(&self, text: &[u8]) -> Arc<Reading> {
        if let Some(doubt) = self.strings.doubt(text) {
            return Arc::new(self.opaque(doubt));
        }
        let (catalogue, version) = self.library.snapshot();
        let (defined, functions) = self.names.defined();
        let scope = Scope {
            path: self.names.path(),
            catalogue: &catalogue,
            version,
            relations_known: !defined && !self.library.is_stale(),
            functions_known: !functions && !self.library.functions_stale(),
            renamed: self.names.renamed(),
        };
        self.library.read(text, &scope)
    }

    /// A command that may do and show anything.
    fn opaque(&self, why: &str) -> Reading {
        let mut reading = Reading::unreadable(why);
        reading.exposure.classes = self.library.ruled().clone();
        reading
    }

    /// Whether names have to be looked up anew before a text is read. Not for what only this session's
    /// own transaction defined: nobody else sees that yet.
    fn must_refresh(&self) -> bool {
        self.library.learn_inherited();
        let (defined, _) = self.names.defined();
        if defined || !self.library.is_stale() {
            return false;
        }
        self.library.functions_stale() || self.library.has_data_classes()
    }

    fn view_for(&mut self, reveal: &Arc<Classes>) -> Arc<View> {
        if !Arc::ptr_eq(&self.view.reveal, reveal) && self.view.reveal != *reveal {
            self.view = Arc::new(View::new(&self.library, Arc::clone(reveal)));
        }
        Arc::clone(&self.view)
    }

    fn running(&self) -> Option<&Running> {
        self.owed.front().and_then(Expect::running)
    }

    fn violation(&self, by: Peer, message: impl Into<String>) -> Violation {
        let message = message.into();
        let (code, said) = match by {
            Peer::Client => (sqlstate::PROTOCOL_VIOLATION, message.clone()),
            Peer::Upstream => (
                sqlstate::CONNECTION_FAILURE,
                "the target does not keep to the protocol; the session ends".to_owned(),
            ),
        };
        Violation { by, message, farewell: self.last_words(Report::fatal(code, said)) }
    }

    fn bad_frame(&self, by: Peer, bad: BadFrame) -> Violation {
        self.violation(by, bad.to_string())
    }

    /// An error can only be said between messages.
    fn last_words(&self, report: Report<'_>) -> Bytes {
        if self.to_client > 0 { Bytes::new() } else { report.to_bytes() }
    }
}

impl Conversation for Session {
    fn feed(&mut self, from: Peer, bytes: Bytes) {
        match from {
            Peer::Client => self.client.feed(bytes),
            Peer::Upstream => self.server.feed(bytes),
        }
    }

    fn decided(&mut self, ticket: Ticket, ruling: Ruling) {
        self.rule(ticket, ruling);
    }

    fn notify(&mut self, ticket: Ticket, message: &str, hint: &str) {
        self.held(ticket, message, hint);
    }

    fn refreshed(&mut self, ticket: Ticket) {
        if self.refreshing == Some(ticket) {
            self.refreshing = None;
        }
        if matches!(self.front, Front::Refreshing(open) if open == ticket) {
            // Reading goes on with what is known; a catalogue that is still stale stays disbelieved.
            self.front = Front::Open;
            self.read_anyway = true;
        }
    }

    fn inherited(&mut self, ticket: Ticket, kept: Result<(), Unavailable>) {
        self.inherit_and_run(ticket, kept);
    }

    fn next(&mut self) -> Result<Option<Step>, Violation> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Ok(Some(step));
            }
            if self.over {
                return Ok(None);
            }
            if self.step_server()? || self.step_client()? {
                continue;
            }
            self.client.settle();
            self.server.settle();
            return Ok(None);
        }
    }

    fn farewell(&mut self, message: &str) -> Bytes {
        self.last_words(Report::fatal(sqlstate::ADMIN_SHUTDOWN, message))
    }

    fn backlog(&self, peer: Peer) -> usize {
        match peer {
            Peer::Client if self.waits() => self.client.len(),
            Peer::Upstream if self.refreshing.is_some() => self.server.len(),
            Peer::Client | Peer::Upstream => 0,
        }
    }
}

impl Session {
    /// Whether the client's next message has to wait for something else than its own bytes.
    fn waits(&self) -> bool {
        match self.front {
            Front::Deciding(_) | Front::Inheriting(..) | Front::Refreshing(_) => true,
            Front::Doubting(answers) => self.answers == answers,
            Front::Open | Front::Skipping => {
                self.owed.len() >= MOST_OWED || self.waits_for_application()
            }
        }
    }
}

impl Strings {
    /// The server reported a setting.
    fn report(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"standard_conforming_strings" => self.standard = value == b"on",
            b"client_encoding" => {
                self.utf8 = value == b"UTF8";
                self.ascii_safe = str::from_utf8(value).is_ok_and(is_ascii_safe);
            }
            _ => {}
        }
    }

    /// Why a text might be read otherwise by the server than by its grammar with standard strings and
    /// UTF-8. Only texts with a backslash, or with bytes beyond ASCII, can be.
    fn doubt(&self, text: &[u8]) -> Option<&'static str> {
        let unsettled = self.unsettled || self.unsettled_owed > 0;
        if (unsettled || !self.standard) && memchr::memchr(b'\\', text).is_some() {
            return Some(
                "it holds a backslash while standard_conforming_strings is, or may be, off",
            );
        }
        if (unsettled || !self.utf8) && !text.is_ascii() {
            return Some(
                "it holds other than ASCII characters while client_encoding is, or may be, other than UTF8",
            );
        }
        None
    }

    /// A statement that may change settings is on its way.
    fn sent(&mut self, reading: &Reading) {
        self.unsettled |= reading.may_change_settings;
    }

    /// A ReadyForQuery is owed for everything sent so far; says whether settings depend on it.
    fn owe(&mut self) -> bool {
        let unsettled = std::mem::take(&mut self.unsettled);
        self.unsettled_owed += usize::from(unsettled);
        unsettled
    }

    /// That ReadyForQuery came: the server has reported what changed before it.
    fn settle(&mut self, unsettled: bool) {
        self.unsettled_owed -= usize::from(unsettled);
    }
}

#[cfg(test)]
mod tests;
