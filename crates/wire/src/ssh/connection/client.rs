//! What the client's messages mean.

use bytes::Bytes;
use model::Peer;

use super::Session;
use super::asked::{self, Asked};
use super::channel::{Channel, Gate, Kind, Owed};
use super::flow::{FIRST_WINDOW, Item, PACKET};
use super::message::Message;
use super::ruling::What;
use crate::ssh::numbers::open_failure::{
    ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE, UNKNOWN_CHANNEL_TYPE,
};
use crate::ssh::transport::Broken;

/// Requests about no channel that may wait for their answers.
const MOST_GLOBALS: usize = 64;

/// A request about no channel.
pub(super) enum Global {
    /// It waits for its turn.
    Waiting { name: Box<str>, rest: Bytes, wants_reply: bool },
    /// It is being decided.
    Deciding,
    /// The target has it: its answer is passed on, or kept to ourselves.
    Sent { listens: Option<Listening>, wants_reply: bool },
}

/// Where the target was asked to listen, and the number of the command.
pub(super) struct Listening {
    pub(super) at: (String, u32),
    pub(super) number: u64,
}

impl Session {
    pub(super) fn client_says(&mut self, message: Message) -> Result<(), Broken> {
        match message {
            Message::Global { name, wants_reply, rest } => {
                if self.globals.len() >= MOST_GLOBALS {
                    return Err(Broken::protocol("too many requests at once"));
                }
                self.globals.push_back(Global::Waiting { name, rest, wants_reply });
                self.answer_globals()
            }
            // The target asks nothing that waits for an answer of the client's.
            Message::GlobalSuccess { .. } | Message::GlobalFailure => Ok(()),
            Message::Open { kind, sender, window, packet, rest } => {
                self.opens(&kind, sender, window, packet, &rest)
            }
            Message::Opened { channel, sender, window, packet, rest } => {
                let found = self.channel(channel, Peer::Upstream)?;
                if found.client.is_some() {
                    return Err(Broken::protocol("a channel is opened twice"));
                }
                found.client = Some(sender);
                found.down.opened(window, packet);
                let confirmed = found.upstream.map(|number| Message::Opened {
                    channel: number,
                    sender: channel,
                    window: FIRST_WINDOW,
                    packet: PACKET,
                    rest,
                });
                if let Some(confirmed) = confirmed {
                    self.say(Peer::Upstream, &confirmed);
                }
                self.stir(channel);
                Ok(())
            }
            Message::NotOpened { channel, reason, words } => {
                let found = self.channel(channel, Peer::Upstream)?;
                if found.client.is_some() {
                    return Err(Broken::protocol("a channel that is open is refused"));
                }
                let number = found.upstream;
                self.channels.remove(&channel);
                if let Some(channel) = number {
                    self.say(Peer::Upstream, &Message::NotOpened { channel, reason, words });
                }
                Ok(())
            }
            Message::Window { channel, bytes } => {
                self.open_channel(channel, Peer::Client)?.down.allow(bytes);
                self.stir(channel);
                Ok(())
            }
            Message::Data { channel, data } => self.said(channel, Item::Data(data)),
            Message::Extended { channel, code, data } => {
                self.said(channel, Item::Extended(code, data))
            }
            Message::Eof { channel } => self.said(channel, Item::Eof),
            Message::Request { channel, name, wants_reply, rest } => {
                self.said(channel, Item::Request { name, wants_reply, rest })
            }
            Message::Close { channel } => self.closes(Peer::Client, channel),
            Message::Success { channel } | Message::Failure { channel } => {
                // To a request of the target's: it wants none that we pass on.
                self.open_channel(channel, Peer::Client).map(|_| ())
            }
        }
    }

    /// A channel that this peer did not open: it answers.
    fn channel(&mut self, id: u32, opener: Peer) -> Result<&mut Channel, Broken> {
        let found = self.channels.get_mut(&id).filter(|channel| channel.opener == opener);
        found.ok_or_else(|| Broken::protocol("a channel that is not known is spoken of"))
    }

    /// A channel that a peer may speak in.
    pub(super) fn open_channel(&mut self, id: u32, peer: Peer) -> Result<&mut Channel, Broken> {
        let found = self.channels.get_mut(&id).filter(|channel| channel.at(peer).is_some());
        found.ok_or_else(|| Broken::protocol("a channel that is not known is spoken of"))
    }

    fn said(&mut self, id: u32, item: Item) -> Result<(), Broken> {
        let interrupts = matches!(&item, Item::Data(data) if data.contains(&0x03));
        let channel = self.open_channel(id, Peer::Client)?;
        if channel.upstream.is_none() && channel.guard.is_none() {
            return Err(Broken::protocol("something is said in a channel that is not open"));
        }
        let taken = match item {
            // No client has anything to say beside its input.
            Item::Extended(_, data) => channel.up.pass_over(data.len()),
            item => channel.up.push(item),
        };
        taken.map_err(|_| Broken::protocol("more is sent than a window allows"))?;
        // Ctrl-C at a terminal whose command waits for a human.
        if interrupts
            && channel.terminal.is_some()
            && let Gate::Deciding(ticket) = channel.gate
        {
            self.withdraw(ticket);
        }
        self.stir(id);
        Ok(())
    }

    /// A peer closes a channel, and takes no more of it.
    pub(super) fn closes(&mut self, by: Peer, id: u32) -> Result<(), Broken> {
        let channel = self.open_channel(id, by)?;
        channel
            .from(by)
            .push(Item::Close)
            .map_err(|_| Broken::protocol("a channel is closed twice"))?;
        // What ran may end only now, or has just: its client still hears how, and then that the channel is closed.
        if by == Peer::Client
            && channel.kind == Kind::Session
            && channel.gate == Gate::Open
            && channel.upstream.is_some()
            && channel.guard.is_none()
            && !channel.closed_client
        {
            channel.down.drop_data();
            if let Some(ticket) = self.asking_of_files(id) {
                self.withdraw(ticket);
            }
            self.stir(id);
            return Ok(());
        }
        // What is typed ahead in a guarded shell is for what runs next.
        if by == Peer::Client || channel.guard.is_none() {
            channel.to(by).clear();
        }
        let (number, told) = match by {
            Peer::Client => (channel.client, std::mem::replace(&mut channel.closed_client, true)),
            Peer::Upstream => {
                (channel.upstream, std::mem::replace(&mut channel.closed_upstream, true))
            }
        };
        let deciding = match channel.gate {
            Gate::Deciding(ticket) => Some(ticket),
            Gate::Idle | Gate::Open => None,
        };
        if by == Peer::Client
            && let Some(ticket) = deciding.or_else(|| self.asking_of_files(id))
        {
            self.withdraw(ticket);
        }
        if let Some(channel) = number.filter(|_| !told) {
            self.say(by, &Message::Close { channel });
        }
        self.stir(id);
        Ok(())
    }

    fn opens(
        &mut self,
        kind: &str,
        sender: u32,
        window: u32,
        packet: u32,
        rest: &Bytes,
    ) -> Result<(), Broken> {
        let refuse = |session: &mut Self, reason, words: &str| {
            let words = words.into();
            session.say(Peer::Client, &Message::NotOpened { channel: sender, reason, words });
            Ok(())
        };
        if self.channels.len() >= super::MOST_CHANNELS {
            return refuse(self, RESOURCE_SHORTAGE, "too many channels");
        }
        if packet == 0 {
            return refuse(self, ADMINISTRATIVELY_PROHIBITED, "a channel without room");
        }
        let asked = match kind {
            "session" if self.no_more_sessions => {
                return refuse(
                    self,
                    ADMINISTRATIVELY_PROHIBITED,
                    "no more sessions were asked for",
                );
            }
            "session" => None,
            "direct-tcpip" => Some(Asked::forward("forward to", &asked::direct(rest)?)),
            "direct-streamlocal@openssh.com" => {
                Some(Asked::forward("forward to", &asked::socket(rest)?))
            }
            _ => return refuse(self, UNKNOWN_CHANNEL_TYPE, "a kind of channel that is not known"),
        };
        let of = if asked.is_some() { Kind::Forward } else { Kind::Session };
        let id = self.new_channel(of, Peer::Client);
        let opening = Message::Open {
            kind: kind.into(),
            sender: id,
            window: FIRST_WINDOW,
            packet: PACKET,
            rest: rest.clone(),
        };
        let Some(channel) = self.channels.get_mut(&id) else { return Ok(()) };
        channel.client = Some(sender);
        channel.down.opened(window, packet);
        match asked {
            None => self.say(Peer::Upstream, &opening),
            Some(asked) => {
                channel.opening = Some(opening.payload());
                let ticket = self.ask(asked, What::Open(id));
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.gate = Gate::Deciding(ticket);
                }
            }
        }
        Ok(())
    }

    pub(super) fn new_channel(&mut self, kind: Kind, opener: Peer) -> u32 {
        let id = loop {
            let id = self.next;
            self.next = self.next.wrapping_add(1);
            if !self.channels.contains_key(&id) {
                break id;
            }
        };
        self.channels.insert(id, Channel::new(kind, opener));
        id
    }

    /// Answers requests about no channel, one after the other.
    pub(super) fn answer_globals(&mut self) -> Result<(), Broken> {
        while let Some(Global::Waiting { .. }) = self.globals.front() {
            let Some(Global::Waiting { name, rest, wants_reply }) = self.globals.pop_front() else {
                return Ok(());
            };
            let answer = |session: &mut Self, good: bool| {
                if wants_reply {
                    let answer = match good {
                        true => Message::GlobalSuccess { rest: Bytes::new() },
                        false => Message::GlobalFailure,
                    };
                    session.say(Peer::Client, &answer);
                }
            };
            match &*name {
                "tcpip-forward" => {
                    let (host, port) = asked::listening(&rest)?;
                    let asked = Asked::forward("listen on", &asked::place(&host, port));
                    let what = What::Listen { name, rest, wants_reply, at: (host, port) };
                    self.ask(asked, what);
                    self.globals.push_front(Global::Deciding);
                }
                "streamlocal-forward@openssh.com" => {
                    let path = asked::socket(&rest)?;
                    let asked = Asked::forward("listen on", &path);
                    let what = What::Listen { name, rest, wants_reply, at: (path, 0) };
                    self.ask(asked, what);
                    self.globals.push_front(Global::Deciding);
                }
                "cancel-tcpip-forward" | "cancel-streamlocal-forward@openssh.com" => {
                    let at = match &*name {
                        "cancel-tcpip-forward" => asked::listening(&rest)?,
                        _ => (asked::socket(&rest)?, 0),
                    };
                    self.listening.remove(&at);
                    self.say(Peer::Upstream, &Message::Global { name, wants_reply: true, rest });
                    self.globals.push_front(Global::Sent { listens: None, wants_reply });
                }
                "no-more-sessions@openssh.com" => {
                    self.no_more_sessions = true;
                    answer(self, true);
                }
                // Also asks whether we are still there: any answer says so.
                _ => answer(self, false),
            }
        }
        Ok(())
    }

    /// A request in a session. It is decided, passed on, or refused here.
    pub(super) fn requested(
        &mut self,
        id: u32,
        name: Box<str>,
        wants_reply: bool,
        rest: Bytes,
    ) -> Result<(), Broken> {
        let Some(channel) = self.channels.get_mut(&id) else { return Ok(()) };
        let idle = channel.gate == Gate::Idle;
        let number = channel.story.number();
        let asked = match &*name {
            "shell" if idle => Some(Asked::shell()),
            "exec" if idle => Some(Asked::exec(&rest)?),
            "subsystem" if idle => Some(Asked::subsystem(&rest)?),
            "env" if idle => Some(Asked::env(&rest)?),
            "auth-agent-req@openssh.com" if idle => Some(Asked::agent()),
            "x11-req" if idle => Some(Asked::x11()),
            "pty-req" if idle => {
                let (columns, rows) = asked::size(&name, &rest)?;
                channel.resized(columns, rows);
                self.record(model::Event::Terminal { number, columns, rows });
                None
            }
            "window-change" => {
                let (columns, rows) = asked::size(&name, &rest)?;
                channel.resized(columns, rows);
                self.record(model::Event::Terminal { number, columns, rows });
                None
            }
            "signal" | "break" | "xon-xoff" | "eow@openssh.com" => None,
            _ => {
                self.refuse_request(id, wants_reply);
                return Ok(());
            }
        };
        let Some(asked) = asked else {
            self.pass_on(id, name, wants_reply, rest);
            return Ok(());
        };
        let ticket = self.ask(asked, What::Request { id, name, wants_reply, rest });
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.gate = Gate::Deciding(ticket);
        }
        Ok(())
    }

    /// Sends a request to the target.
    pub(super) fn pass_on(&mut self, id: u32, name: Box<str>, wants_reply: bool, rest: Bytes) {
        let Some(found) = self.channels.get_mut(&id) else { return };
        found.remember(&name, &rest);
        let Some(channel) = found.upstream else { return };
        if wants_reply {
            found.owed.push_back(Owed::Theirs);
        }
        self.say(Peer::Upstream, &Message::Request { channel, name, wants_reply, rest });
    }

    /// Says no to a request, when its turn to be answered comes.
    pub(super) fn refuse_request(&mut self, id: u32, wants_reply: bool) {
        if let Some(channel) = self.channels.get_mut(&id).filter(|_| wants_reply) {
            channel.owed.push_back(Owed::Ours(false));
            self.answer(id);
        }
    }

    /// Answers the client's requests for which the answers are there.
    pub(super) fn answer(&mut self, id: u32) {
        while let Some(found) = self.channels.get_mut(&id)
            && let Some(channel) = found.client
            && let Some(Owed::Ours(good)) = found.owed.front().copied()
        {
            found.owed.pop_front();
            let answer =
                if good { Message::Success { channel } } else { Message::Failure { channel } };
            self.say(Peer::Client, &answer);
        }
    }
}
