//! What the target's messages mean.

use bytes::Bytes;
use model::Peer;

use super::Session;
use super::asked;
use super::channel::{Kind, Owed};
use super::client::{Global, Listening};
use super::flow::{FIRST_WINDOW, Item, PACKET};
use super::message::Message;
use crate::ssh::codec::Reader;
use crate::ssh::numbers::open_failure::{
    ADMINISTRATIVELY_PROHIBITED, RESOURCE_SHORTAGE, UNKNOWN_CHANNEL_TYPE,
};
use crate::ssh::transport::Broken;

impl Session {
    pub(super) fn target_says(&mut self, message: Message) -> Result<(), Broken> {
        match message {
            Message::Global { wants_reply, .. } => {
                // It asks whether we are still there, or tells of other keys of its own.
                if wants_reply {
                    self.say(Peer::Upstream, &Message::GlobalFailure);
                }
                Ok(())
            }
            Message::GlobalSuccess { rest } => self.global_answered(Some(rest)),
            Message::GlobalFailure => self.global_answered(None),
            Message::Open { kind, sender, window, packet, rest } => {
                self.target_opens(&kind, sender, window, packet, rest)
            }
            Message::Opened { channel: id, sender, window, packet, rest } => {
                let found = self.channels.get_mut(&id).filter(|found| found.opener == Peer::Client);
                let found = found.filter(|found| {
                    found.upstream.is_none() && found.opening.is_none() && found.may_be_opened()
                });
                let Some(found) = found else {
                    return Err(Broken::protocol("a channel that is not known is opened"));
                };
                found.upstream = Some(sender);
                found.up.opened(window, packet);
                if found.guard.is_some() {
                    self.guarded_opened(id);
                    return Ok(());
                }
                let Some(channel) = found.client else { return Ok(()) };
                let opened = Message::Opened {
                    channel,
                    sender: id,
                    window: FIRST_WINDOW,
                    packet: PACKET,
                    rest,
                };
                self.say(Peer::Client, &opened);
                self.stir(id);
                Ok(())
            }
            Message::NotOpened { channel: id, reason, words } => {
                let found = self.channels.get(&id).filter(|found| found.opener == Peer::Client);
                let Some(found) =
                    found.filter(|found| found.upstream.is_none() && found.may_be_opened())
                else {
                    return Err(Broken::protocol("a channel that is not known is refused"));
                };
                if found.guard.is_some() {
                    self.guarded_not_opened(id, &words);
                    return Ok(());
                }
                let client = found.client;
                if let Some(mut gone) = self.channels.remove(&id)
                    && let Some(event) = gone.story.end()
                {
                    self.record(event);
                }
                if let Some(channel) = client {
                    self.say(Peer::Client, &Message::NotOpened { channel, reason, words });
                }
                Ok(())
            }
            Message::Window { channel, bytes } => {
                self.open_channel(channel, Peer::Upstream)?.up.allow(bytes);
                self.stir(channel);
                Ok(())
            }
            Message::Data { channel, data } => self.heard(channel, Item::Data(data)),
            Message::Extended { channel, code, data } => {
                self.heard(channel, Item::Extended(code, data))
            }
            Message::Eof { channel } => self.heard(channel, Item::Eof),
            Message::Request { channel, name, wants_reply, rest } => {
                self.heard(channel, Item::Request { name, wants_reply, rest })
            }
            Message::Close { channel } => self.closes(Peer::Upstream, channel),
            Message::Success { channel } => self.request_answered(channel, true),
            Message::Failure { channel } => self.request_answered(channel, false),
        }
    }

    fn heard(&mut self, id: u32, item: Item) -> Result<(), Broken> {
        let channel = self.open_channel(id, Peer::Upstream)?;
        // A client that has closed a channel hears no more of it but how what ran in it ended.
        let data = matches!(item, Item::Data(_) | Item::Extended(..) | Item::Eof);
        if channel.closed_client || data && channel.up.is_closed() {
            return Ok(());
        }
        channel
            .down
            .push(item)
            .map_err(|_| Broken::protocol("more is sent than a window allows"))?;
        self.stir(id);
        Ok(())
    }

    /// The target answered the oldest request of a channel's.
    fn request_answered(&mut self, id: u32, good: bool) -> Result<(), Broken> {
        let channel = self.open_channel(id, Peer::Upstream)?;
        let theirs = |owed: &Owed| matches!(owed, Owed::Theirs | Owed::Nobody);
        let Some(first) = channel.owed.iter().position(theirs) else {
            return Err(Broken::protocol("a request is answered that was not made"));
        };
        if channel.owed.get(first) == Some(&Owed::Nobody) {
            channel.owed.remove(first);
            if !good {
                self.guarded_refused(id);
            }
            self.answer(id);
            return Ok(());
        }
        if let Some(owed) = channel.owed.get_mut(first) {
            *owed = Owed::Ours(good);
        }
        self.answer(id);
        Ok(())
    }

    fn global_answered(&mut self, success: Option<Bytes>) -> Result<(), Broken> {
        let Some(Global::Sent { listens, wants_reply }) = self.globals.pop_front() else {
            return Err(Broken::protocol("a request is answered that was not made"));
        };
        if let (Some(Listening { at: (host, port), number }), Some(rest)) = (listens, &success) {
            // Where any port would do the target says which it is.
            let port = match Reader::new(rest).u32() {
                Ok(chosen) if port == 0 => chosen,
                _ => port,
            };
            self.listening.insert((host, port), number);
        }
        if wants_reply {
            let answer = match success {
                Some(rest) => Message::GlobalSuccess { rest },
                None => Message::GlobalFailure,
            };
            self.say(Peer::Client, &answer);
        }
        self.answer_globals()
    }

    /// The target opens a channel: only for what the client was let ask for.
    fn target_opens(
        &mut self,
        kind: &str,
        sender: u32,
        window: u32,
        packet: u32,
        rest: Bytes,
    ) -> Result<(), Broken> {
        let refuse = |session: &mut Self, reason, words: &str| {
            let words = words.into();
            session.say(Peer::Upstream, &Message::NotOpened { channel: sender, reason, words });
            Ok(())
        };
        if self.channels.len() >= super::MOST_CHANNELS {
            return refuse(self, RESOURCE_SHORTAGE, "too many channels");
        }
        let (of, asked) = match kind {
            "forwarded-tcpip" => {
                let mut reader = Reader::new(&rest);
                let at = (reader.text()?.to_owned(), reader.u32()?);
                (Kind::Forward, self.listening.get(&at).copied())
            }
            "forwarded-streamlocal@openssh.com" => {
                (Kind::Forward, self.listening.get(&(asked::socket(&rest)?, 0)).copied())
            }
            "auth-agent@openssh.com" => (Kind::Agent, self.lends_agent),
            "x11" => (Kind::X11, self.lends_display),
            _ => return refuse(self, UNKNOWN_CHANNEL_TYPE, "a kind of channel that is not known"),
        };
        let Some(number) = asked.filter(|_| packet > 0) else {
            return refuse(self, ADMINISTRATIVELY_PROHIBITED, "nobody asked for it");
        };
        let id = self.new_channel(of, Peer::Upstream);
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.upstream = Some(sender);
            channel.up.opened(window, packet);
            channel.story.begin(number, self.cap);
        }
        let open = Message::Open {
            kind: kind.into(),
            sender: id,
            window: FIRST_WINDOW,
            packet: PACKET,
            rest,
        };
        self.say(Peer::Client, &open);
        Ok(())
    }
}
