//! The way over a jump host: one channel of a connection to it, whose bytes are those of a connection that it makes for
//! us (RFC 4254, section 7.2). Nothing else is done there, and nothing that it asks for.
//!
//! ```text
//!   feed ─► Transport ─► hear ─► step ─► what the far end said      say ─► Transport ─► output
//! ```

use bytes::Bytes;

use super::flow::{FIRST_WINDOW, Flow, Item, PACKET};
use super::message::Message;
use crate::ssh::codec::Write;
use crate::ssh::numbers::open_failure::ADMINISTRATIVELY_PROHIBITED;
use crate::ssh::transport::{Broken, Transport};

/// The number that the channel has here: there is no other.
const OURS: u32 = 0;

/// Sealed bytes that may wait for the jump host: while there are more no more is said.
const MOST_SEALED: usize = 128 << 10;

/// What comes of what the jump host said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Feed me, or say something.
    Wait,
    /// The far end is there.
    Open,
    /// The far end said this.
    Said(Bytes),
    /// The far end has said all, or the jump host left.
    Over,
}

/// There is no way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The jump host does not make the connection.
    #[error("the jump host does not connect there: {0}")]
    Refused(String),
    /// It broke the protocol.
    #[error("the jump host broke the protocol: {0}")]
    Broken(#[from] Broken),
}

/// A connection that a jump host makes for us.
pub struct Tunnel {
    transport: Transport,
    /// The number the channel has there, once it is open.
    theirs: Option<u32>,
    /// That it is open was told.
    told: bool,
    /// What the far end says.
    down: Flow,
    /// What the jump host takes more of, and in one packet.
    allowed: u32,
    packet: u32,
}

impl Tunnel {
    /// Asks a jump host, which let us in, for a connection.
    #[must_use]
    pub fn new(mut transport: Transport, host: &str, port: u16) -> Self {
        let mut rest = Vec::new();
        rest.put_string(host);
        rest.put_u32(u32::from(port));
        // Where the connection came from is the gateway's own business.
        rest.put_string("127.0.0.1");
        rest.put_u32(0);
        let (kind, rest) = ("direct-tcpip".into(), rest.into());
        let open = Message::Open { kind, sender: OURS, window: FIRST_WINDOW, packet: PACKET, rest };
        transport.send(&[&open.payload()]);
        let mut down = Flow::new();
        down.opened(u32::MAX, u32::MAX);
        Self { transport, theirs: None, told: false, down, allowed: 0, packet: 0 }
    }

    /// Takes over bytes that arrived from the jump host.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.transport.feed(bytes);
    }

    /// What is to be written to the jump host.
    pub fn output(&mut self) -> Bytes {
        self.transport.output()
    }

    /// How many bytes may be said now.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.theirs.is_none() || !self.has_room() {
            return 0;
        }
        self.allowed.min(self.packet) as usize
    }

    /// Says bytes to the far end: no more than there is room for. How many of them went.
    pub fn say(&mut self, bytes: &[u8]) -> usize {
        let said = bytes.get(..self.room()).unwrap_or(bytes);
        let (Some(channel), false) = (self.theirs, said.is_empty()) else { return 0 };
        // No longer than the window.
        self.allowed -= said.len() as u32;
        let data = Message::Data { channel, data: Bytes::copy_from_slice(said) };
        self.transport.send(&[&data.payload(), data.data()]);
        said.len()
    }

    /// Says goodbye to the jump host.
    pub fn leave(&mut self) {
        self.transport.leave("the connection is not needed any more");
    }

    /// Whether so little waits for the jump host that more may be heard of it: it may want an answer to anything.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.transport.ready() + self.transport.held() < MOST_SEALED
    }

    /// Understands what was fed, so that what waits is bounded by the window: to be called after each [`Self::feed`].
    ///
    /// # Errors
    /// There is no way there, or the jump host broke the protocol.
    pub fn hear(&mut self) -> Result<(), Closed> {
        let heard = self.hear_all();
        if let Err(Closed::Broken(broken)) = &heard {
            self.transport.disconnect(broken);
        }
        heard
    }

    fn hear_all(&mut self) -> Result<(), Closed> {
        while let Some(payload) = self.transport.payload()? {
            match Message::read(&payload).map_err(Broken::from)? {
                Some(message) => self.heard(message)?,
                None => self.transport.unimplemented(),
            }
        }
        Ok(())
    }

    /// What comes next of what was heard.
    pub fn step(&mut self) -> Step {
        if self.theirs.is_some() && !std::mem::replace(&mut self.told, true) {
            return Step::Open;
        }
        loop {
            match self.down.pop() {
                Some(Item::Data(data)) => {
                    // We take whatever comes, as fast as it is asked for here.
                    self.down.allow(u32::try_from(data.len()).unwrap_or(u32::MAX));
                    if let (Some(channel), Some(bytes)) = (self.theirs, self.down.give_back(1)) {
                        self.say_to_it(&Message::Window { channel, bytes });
                    }
                    return Step::Said(data);
                }
                Some(Item::Eof | Item::Close) => return Step::Over,
                Some(Item::Extended(..) | Item::Request { .. }) => {}
                None if self.transport.gone().is_some() => return Step::Over,
                None => return Step::Wait,
            }
        }
    }

    fn heard(&mut self, message: Message) -> Result<(), Closed> {
        let too_much = |_| Broken::protocol("more was sent than the window allows");
        match message {
            Message::Opened { channel: OURS, sender, window, packet, .. }
                if self.theirs.is_none() =>
            {
                self.theirs = Some(sender);
                (self.allowed, self.packet) = (window, packet.min(PACKET));
            }
            Message::NotOpened { channel: OURS, words, .. } if self.theirs.is_none() => {
                let words = words.chars().filter(|letter| !letter.is_control()).take(200);
                return Err(Closed::Refused(words.collect()));
            }
            Message::Window { channel: OURS, bytes } => {
                self.allowed = self.allowed.saturating_add(bytes);
            }
            Message::Data { channel: OURS, data } if self.theirs.is_some() => {
                self.down.push(Item::Data(data)).map_err(too_much)?;
            }
            Message::Eof { channel: OURS } => self.down.push(Item::Eof).map_err(too_much)?,
            Message::Close { channel: OURS } => self.down.push(Item::Close).map_err(too_much)?,
            Message::Request { channel: OURS, wants_reply, .. } => {
                if let (Some(channel), true) = (self.theirs, wants_reply) {
                    self.say_to_it(&Message::Failure { channel });
                }
            }
            Message::Global { wants_reply, .. } => {
                if wants_reply {
                    self.say_to_it(&Message::GlobalFailure);
                }
            }
            Message::Open { sender, .. } => {
                self.say_to_it(&Message::NotOpened {
                    channel: sender,
                    reason: ADMINISTRATIVELY_PROHIBITED,
                    words: "nothing may be opened here".into(),
                });
            }
            _ => return Err(Broken::protocol("a message is about nothing that is there").into()),
        }
        Ok(())
    }

    fn say_to_it(&mut self, message: &Message) {
        self.transport.send(&[&message.payload()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::transport::HostKeyPair;
    use crate::ssh::transport::tests::{key, settle};

    /// A tunnel, and the jump host's end, in front of which its request lies.
    fn asked() -> (Tunnel, Transport) {
        let mut host = Transport::server(&HostKeyPair::from(key()), [1; 32]);
        let mut transport = Transport::client([2; 32]);
        settle(&mut transport, &mut host, usize::MAX);
        let mut tunnel = Tunnel::new(transport, "db.internal", 22);
        host.feed(&tunnel.output());
        (tunnel, host)
    }

    fn said(host: &mut Transport) -> Option<Message> {
        host.payload().unwrap().map(|payload| Message::read(&payload).unwrap().unwrap())
    }

    fn says(host: &mut Transport, message: &Message) -> Bytes {
        host.send(&[&message.payload(), message.data()]);
        host.output()
    }

    fn opened(window: u32) -> (Tunnel, Transport) {
        let (mut tunnel, mut host) = asked();
        let Some(Message::Open { kind, sender, rest, .. }) = said(&mut host) else { panic!() };
        assert_eq!((&*kind, sender), ("direct-tcpip", OURS));
        assert!(rest.windows(11).any(|text| text == b"db.internal"), "{rest:?}");
        let opened =
            Message::Opened { channel: OURS, sender: 7, window, packet: 5, rest: Bytes::new() };
        tunnel.feed(&says(&mut host, &opened));
        assert_eq!((tunnel.next(), tunnel.room()), (Ok(Step::Open), window.min(5) as usize));
        (tunnel, host)
    }

    #[test]
    fn what_is_said_goes_as_far_as_the_window_and_what_is_heard_comes_out() {
        let (mut tunnel, mut host) = opened(8);
        assert_eq!((tunnel.say(b"hello, you"), tunnel.say(b", you"), tunnel.say(b"u")), (5, 3, 0));
        host.feed(&tunnel.output());
        for data in ["hello", ", y"] {
            let data = Bytes::from_static(data.as_bytes());
            assert_eq!(said(&mut host), Some(Message::Data { channel: 7, data }));
        }
        tunnel.feed(&says(&mut host, &Message::Window { channel: OURS, bytes: 100 }));
        assert_eq!((tunnel.next(), tunnel.room()), (Ok(Step::Wait), 5));
        // Much more than a window, as long as it is taken.
        let data = Bytes::from(vec![3; PACKET as usize]);
        let mut given = u64::from(FIRST_WINDOW);
        for _ in 0..200 {
            given = given.checked_sub(u64::from(PACKET)).expect("the window is given back");
            tunnel.feed(&says(&mut host, &Message::Data { channel: OURS, data: data.clone() }));
            assert_eq!(tunnel.next(), Ok(Step::Said(data.clone())));
            assert_eq!(tunnel.next(), Ok(Step::Wait));
            host.feed(&tunnel.output());
            while let Some(message) = said(&mut host) {
                let Message::Window { channel: 7, bytes } = message else { panic!("{message:?}") };
                given += u64::from(bytes);
            }
        }
        tunnel.feed(&says(&mut host, &Message::Eof { channel: OURS }));
        assert_eq!(tunnel.next(), Ok(Step::Over));
    }

    #[test]
    fn a_jump_host_that_refuses_or_sends_too_much_is_no_way() {
        let (mut tunnel, mut host) = asked();
        let words = "administratively\u{1b}[2J prohibited".into();
        let refused = Message::NotOpened { channel: OURS, reason: 1, words };
        tunnel.feed(&says(&mut host, &refused));
        let words = "administratively[2J prohibited".to_owned();
        assert_eq!(tunnel.next(), Err(Closed::Refused(words)));

        let (mut tunnel, mut host) = opened(8);
        let data = Bytes::from(vec![3; PACKET as usize]);
        for _ in 0..=FIRST_WINDOW / PACKET {
            let bytes = says(&mut host, &Message::Data { channel: OURS, data: data.clone() });
            tunnel.feed(&bytes);
        }
        let ended = tunnel.hear();
        assert!(matches!(ended, Err(Closed::Broken(_))), "{ended:?}");
    }

    impl Tunnel {
        /// Hears what waits, and says what comes of it.
        fn next(&mut self) -> Result<Step, Closed> {
            self.hear()?;
            Ok(self.step())
        }
    }

    #[test]
    fn nothing_that_a_jump_host_asks_for_is_done() {
        let (mut tunnel, mut host) = opened(8);
        for (asks, answer) in [
            (
                Message::Global {
                    name: "keepalive@openssh.com".into(),
                    wants_reply: true,
                    rest: Bytes::new(),
                },
                Some(Message::GlobalFailure),
            ),
            (
                Message::Global {
                    name: "hostkeys-00@openssh.com".into(),
                    wants_reply: false,
                    rest: Bytes::new(),
                },
                None,
            ),
            (
                Message::Request {
                    channel: OURS,
                    name: "x".into(),
                    wants_reply: true,
                    rest: Bytes::new(),
                },
                Some(Message::Failure { channel: 7 }),
            ),
            (
                Message::Open {
                    kind: "forwarded-tcpip".into(),
                    sender: 3,
                    window: 1,
                    packet: 1,
                    rest: Bytes::new(),
                },
                Some(Message::NotOpened {
                    channel: 3,
                    reason: ADMINISTRATIVELY_PROHIBITED,
                    words: "nothing may be opened here".into(),
                }),
            ),
        ] {
            tunnel.feed(&says(&mut host, &asks));
            assert_eq!(tunnel.next(), Ok(Step::Wait));
            host.feed(&tunnel.output());
            assert_eq!(said(&mut host), answer);
        }
        tunnel
            .feed(&says(&mut host, &Message::Data { channel: 1, data: Bytes::from_static(b"x") }));
        assert!(matches!(tunnel.next(), Err(Closed::Broken(_))));
    }
}
