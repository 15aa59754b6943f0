//! The connections that an SSH session forwarded, as a capture file: pcapng, which tcpdump and Wireshark read.
//!
//! ```text
//!   Event ─► Forward ─► Connection ─► Segment ─► packet ─► block
//!   (what was asked for)  (sequence numbers)   (IP, TCP)   (pcapng)
//! ```
//!
//! The bytes, their order in each direction and their times are the recording's. All else is made up: handshakes,
//! acknowledgements, where segments end, and addresses that the recording does not say. Where bytes are not recorded the
//! sequence numbers jump over them.

mod connection;
mod file;
mod packet;
mod place;

use std::collections::BTreeMap;

use model::{Access, Action, Event, SessionHead, Stream, StreamDigest, Timestamp, Verdict};

use super::{Export, start};
use crate::render::escape;
use connection::{Connection, Who};
use file::Sink;
use place::{Addresses, Place};

/// Comments show so much of a text, in letters.
const LABEL: usize = 300;
/// What the gateway writes before the place, where the target is to listen.
const LISTEN: &[u8] = b"listen on ";

/// What a session forwarded, as a capture file.
///
/// It holds of a recording what was asked for, and never a connection's bytes.
#[derive(Debug)]
pub struct Capture {
    forwards: BTreeMap<u64, Forward>,
    book: Book,
}

/// What all connections share.
#[derive(Debug)]
struct Book {
    program: String,
    /// Whose session it is.
    title: String,
    addresses: Addresses,
    begun: bool,
    /// The time of the last event. Times never run backwards, though the machine's may have.
    last: Timestamp,
}

/// Something that was asked for.
#[derive(Debug)]
struct Forward {
    place: Place,
    /// As the recording calls it.
    label: String,
    /// The target listens: it is its visitors who call, any number of them.
    listens: bool,
    /// How many connections there were.
    connections: u64,
    connection: Option<Connection>,
}

impl Capture {
    /// At the beginning of a session. `program` is what writes it: `sluice 0.1.0`.
    #[must_use]
    pub fn new(program: &str) -> Self {
        let book = Book {
            program: program.to_owned(),
            title: "a session".to_owned(),
            addresses: Addresses::default(),
            begun: false,
            last: Timestamp::EPOCH,
        };
        Self { forwards: BTreeMap::new(), book }
    }

    fn decided(&mut self, number: u64, verdict: Verdict, sink: &mut Sink<'_>) {
        match verdict {
            Verdict::Held => {}
            Verdict::Denied => drop(self.forwards.remove(&number)),
            Verdict::Allowed | Verdict::Approved => {
                let forward = self.forwards.get_mut(&number).filter(|forward| !forward.listens);
                if let Some(forward) = forward {
                    forward.connection(&mut self.book, sink);
                }
            }
        }
    }

    fn said(&mut self, number: u64, stream: Stream, data: &[u8], sink: &mut Sink<'_>) {
        let Some(forward) = self.forwards.get_mut(&number) else { return };
        if let Some(who) = forward.who(stream) {
            let connection = forward.connection(&mut self.book, sink);
            connection.open(sink);
            connection.say(who, data, sink);
        }
    }

    fn cut(&mut self, number: u64, sink: &mut Sink<'_>) {
        if let Some(forward) = self.forwards.get_mut(&number) {
            let connection = forward.connection(&mut self.book, sink);
            connection.open(sink);
            connection.cut(sink);
        }
    }

    fn ended(&mut self, number: u64, streams: &[StreamDigest], sink: &mut Sink<'_>) {
        let Some(forward) = self.forwards.get_mut(&number) else { return };
        let (caller, called) =
            (forward.bytes(Who::Caller, streams), forward.bytes(Who::Called, streams));
        let goes_on = forward.connection.take_if(|known| {
            // A visitor left without a word while another was speaking.
            forward.listens && caller == 0 && called == 0 && known.is_open()
        });
        let connection = forward.connection(&mut self.book, sink);
        let over = if connection.is_open() || caller > 0 || called > 0 {
            connection.open(sink);
            let over = connection.end(caller, called) || !forward.listens;
            if over && let Some(connection) = &mut forward.connection {
                connection.close(sink);
            }
            over
        } else {
            connection.refuse(sink);
            true
        };
        if over {
            forward.connection = goes_on;
            if !forward.listens {
                self.forwards.remove(&number);
            }
        }
    }
}

impl Export for Capture {
    fn event(&mut self, at: Timestamp, event: &Event, out: &mut Vec<u8>) {
        self.book.last = at.max(self.book.last);
        let sink = &mut Sink { at: self.book.last, out };
        match event {
            Event::Opened(head) => self.book.title = title(head),
            Event::Command { number, text, accesses, .. } => {
                if let Some(forward) = Forward::of(*number, text, accesses) {
                    self.forwards.insert(*number, forward);
                }
            }
            Event::Decided { number, verdict, .. } => self.decided(*number, *verdict, sink),
            Event::Stream { number, stream, data } => self.said(*number, *stream, data, sink),
            Event::Cut { number } => self.cut(*number, sink),
            Event::Exited { number, streams, .. } => self.ended(*number, streams, sink),
            Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Terminal { .. }
            | Event::Moved { .. }
            | Event::Finished { .. }
            | Event::Failed { .. }
            | Event::Notice { .. }
            | Event::Closed(_) => {}
        }
    }

    fn end(&mut self, broken: Option<&str>, out: &mut Vec<u8>) {
        if let Some(why) = broken.filter(|_| self.book.begun) {
            let comment = format!("the recording cannot be read further: {}", escape(why));
            Sink { at: self.book.last, out }.end(&comment);
        }
    }

    fn nothing(&self) -> Option<&'static str> {
        (!self.book.begun).then_some("no connection was forwarded")
    }
}

impl Book {
    /// Somebody calls.
    fn call(&mut self, place: &Place, comment: &str, sink: &mut Sink<'_>) -> Connection {
        if !std::mem::replace(&mut self.begun, true) {
            let comment = format!(
                "The connections that {} forwarded, made from its recording: bytes and times are as they were \
                 recorded. Handshakes, acknowledgements and segments are made up, and so are the addresses of \
                 192.0.2.0/24, 198.18.0.0/15 and 2001:db8::/32.",
                self.title
            );
            sink.begin(&self.program, &comment);
        }
        let (called, named) = self.addresses.of(place);
        if let Some((address, name)) = named {
            sink.name(address, name);
        }
        let mut connection = Connection::new(self.addresses.caller(called), called);
        connection.call(comment, sink);
        connection
    }
}

impl Forward {
    fn of(number: u64, text: &[u8], accesses: &[Access]) -> Option<Self> {
        let access = accesses.iter().find(|access| access.action == Action::PortForward)?;
        Some(Self {
            place: Place::read(&access.object.name),
            label: format!("[{number}] {}", start(text, LABEL)),
            listens: text.starts_with(LISTEN),
            connections: 0,
            connection: None,
        })
    }

    /// The connection that there is, or one that is called just now.
    fn connection(&mut self, book: &mut Book, sink: &mut Sink<'_>) -> &mut Connection {
        self.connection.get_or_insert_with(|| {
            self.connections += 1;
            let comment = match self.listens {
                true => format!("{}: connection {}", self.label, self.connections),
                false => self.label.clone(),
            };
            book.call(&self.place, &comment, sink)
        })
    }

    /// Who says what is in a stream; nobody, where it is beside the connection.
    const fn who(&self, stream: Stream) -> Option<Who> {
        match (stream, self.listens) {
            (Stream::Input, false) | (Stream::Output, true) => Some(Who::Caller),
            (Stream::Output, false) | (Stream::Input, true) => Some(Who::Called),
            (Stream::Error, _) => None,
        }
    }

    /// How much an end said.
    fn bytes(&self, who: Who, streams: &[StreamDigest]) -> u64 {
        let of = streams.iter().filter(|digest| self.who(digest.stream) == Some(who));
        of.fold(0, |sum, digest| sum.saturating_add(digest.bytes))
    }
}

/// Whose session it was.
fn title(head: &SessionHead) -> String {
    let title = format!(
        "session {} of {} from {} on {}",
        head.id, head.identity.subject, head.source, head.resource
    );
    start(title.as_bytes(), LABEL)
}
