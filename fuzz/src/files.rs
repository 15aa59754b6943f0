use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use model::{Peer, Ticket};
use wire::ssh::files::{Breach, FileStep, Moved, Passage, Refusal, Scp, ScpCall, Sftp};

/// The calls of `scp` that are spoken of, and none for SFTP.
const CALLS: [Option<&[&str]>; 4] = [
    None,
    Some(&["scp", "-r", "-p", "-t", "/in/"]),
    Some(&["scp", "-r", "-f", "/out/*"]),
    Some(&["scp", "-t", "x"]),
];

/// Files that are moved between two hostile ends. Nothing that is not decided or that is refused goes on, no handle
/// serves what it was not opened for, no more comes out than goes in, and how the bytes are cut changes nothing.
///
/// The first byte says what is spoken. Then come events: one byte says who speaks (bit 0) and how what is asked is
/// answered (bits 1 and 2: yes, no, or later), a 16-bit length, and the bytes.
pub fn ssh_files(data: &[u8]) {
    let Some((&what, rest)) = data.split_first() else { return };
    if rest.len() > 64 << 10 {
        return;
    }
    let call = CALLS[usize::from(what & 3)];
    let told = tell(call, rest, usize::MAX);
    assert_eq!(tell(call, rest, 1 + usize::from(what >> 4)), told);
}

/// What came out.
#[derive(Debug, Default, PartialEq)]
struct Told {
    client: Vec<u8>,
    upstream: Vec<u8>,
    asked: Vec<Bytes>,
    moved: Vec<Moved>,
    breach: Option<Breach>,
}

/// How what is asked is answered.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Yes,
    No,
    Later,
}

fn tell(call: Option<&[&str]>, mut events: &[u8], size: usize) -> Told {
    let mut stage = Stage::new(call);
    while let Some((&[how, high, low], rest)) = events.split_first_chunk::<3>() {
        let length = rest.len().min(usize::from(u16::from_be_bytes([high, low])));
        let (bytes, rest) = rest.split_at(length);
        events = rest;
        let from = if how & 1 == 0 { Peer::Client } else { Peer::Upstream };
        stage.rule = match how >> 1 & 3 {
            0 | 3 => Rule::Yes,
            1 => Rule::No,
            _ => Rule::Later,
        };
        stage.decide();
        stage.pump();
        for piece in bytes.chunks(size.min(bytes.len().max(1))) {
            stage.feed(from, piece);
            stage.pump();
        }
        if stage.told.breach.is_some() {
            break;
        }
    }
    stage.end()
}

/// What is known of a channel.
enum Known {
    Sftp(Shadow),
    /// The files' sender comes first.
    Scp(Peer, Lines),
}

struct Stage {
    channel: Box<dyn Passage>,
    known: Known,
    told: Told,
    rule: Rule,
    open: Option<(Ticket, Bytes)>,
    fed: [usize; 2],
}

impl Stage {
    fn new(call: Option<&[&str]>) -> Self {
        let (channel, known): (Box<dyn Passage>, _) = match call {
            None => (Box::new(Sftp::new(16)), Known::Sftp(Shadow::default())),
            Some(words) => {
                let sender = if words.contains(&"-t") { Peer::Client } else { Peer::Upstream };
                let call = ScpCall::read(words).unwrap();
                (Box::new(Scp::new(call, None, 16)), Known::Scp(sender, Lines::default()))
            }
        };
        let told = Told::default();
        Self { channel, known, told, rule: Rule::Yes, open: None, fed: [0; 2] }
    }

    fn feed(&mut self, from: Peer, bytes: &[u8]) {
        self.fed[from as usize] += bytes.len();
        if let Known::Scp(sender, lines) = &mut self.known
            && from == *sender
        {
            lines.said.extend_from_slice(bytes);
        }
        self.channel.feed(from, Bytes::copy_from_slice(bytes));
    }

    fn decide(&mut self) {
        if self.rule == Rule::Later {
            return;
        }
        let Some((ticket, text)) = self.open.take() else { return };
        assert_eq!(self.channel.undecided(), Some(ticket));
        let yes = self.rule == Rule::Yes;
        match &mut self.known {
            Known::Sftp(shadow) => shadow.allowed.extend(yes.then_some(text)),
            Known::Scp(_, lines) => {
                let line = lines.undecided.take().unwrap();
                lines.refused.extend((!yes).then_some(line));
            }
        }
        let ruling = if yes { Ok(()) } else { Err(Refusal { message: "no".to_owned() }) };
        self.channel.decided(ticket, ruling);
    }

    fn pump(&mut self) {
        loop {
            match self.channel.next() {
                Ok(None) => break,
                Ok(Some(step)) => self.take(step),
                Err(breach) => {
                    self.told.breach = Some(breach);
                    break;
                }
            }
        }
        for peer in [Peer::Client, Peer::Upstream] {
            assert!(self.channel.backlog(peer) <= self.fed[peer as usize]);
        }
        assert!(self.channel.held() <= 4 << 20);
    }

    fn take(&mut self, step: FileStep) {
        match step {
            FileStep::Send(to, bytes) => {
                match &mut self.known {
                    Known::Sftp(shadow) => shadow.sent(to, &bytes),
                    Known::Scp(sender, lines) if to != *sender => {
                        lines.sent(&bytes, self.channel.backlog(*sender));
                    }
                    Known::Scp(..) => {}
                }
                let out = match to {
                    Peer::Client => &mut self.told.client,
                    Peer::Upstream => &mut self.told.upstream,
                };
                out.extend_from_slice(&bytes);
            }
            FileStep::Ask { ticket, what } => {
                assert!(self.open.is_none(), "two questions are open");
                if let Known::Scp(sender, lines) = &mut self.known {
                    lines.asks(self.channel.backlog(*sender));
                }
                self.told.asked.push(what.text.clone());
                self.open = Some((ticket, what.text));
                self.decide();
            }
            FileStep::Moved(moved) => self.told.moved.push(moved),
            FileStep::Content(content) => {
                assert!(!content.data.is_empty() && content.data.len() <= 16);
            }
        }
    }

    fn end(mut self) -> Told {
        self.channel.end();
        let breach = self.told.breach.take();
        self.pump();
        assert_eq!(self.told.breach, None);
        self.told.breach = breach;
        // A greeting and a question of the gateway's own; an answer to each request that is refused, and where the target
        // sends files to each of its lines that is.
        let [client, upstream] = self.fed;
        let refused = match self.known {
            Known::Scp(Peer::Upstream, _) => 2 * upstream,
            Known::Scp(..) | Known::Sftp(_) => upstream.min(64),
        };
        assert!(self.told.upstream.len() <= client + refused + 16 * client.min(4));
        assert!(self.told.client.len() <= upstream + 8 * client + 16 * upstream);
        self.told
    }
}

/// What an honest observer of SFTP knows of the two ends from what they are sent.
#[derive(Default)]
struct Shadow {
    to_client: Vec<u8>,
    to_server: Vec<u8>,
    /// What was let through and has not been sent yet.
    allowed: VecDeque<Bytes>,
    /// The server was asked where relative names start.
    began: bool,
    /// What is being opened, by id, and what is open, by handle: how, or nothing for a folder.
    opening: BTreeMap<u32, Option<u32>>,
    open: BTreeMap<Vec<u8>, Option<u32>>,
}

impl Shadow {
    fn sent(&mut self, to: Peer, bytes: &[u8]) {
        match to {
            Peer::Client => self.to_client.extend_from_slice(bytes),
            Peer::Upstream => self.to_server.extend_from_slice(bytes),
        }
        while let Some(message) = message(&mut self.to_client) {
            self.answer(&message);
        }
        while let Some(message) = message(&mut self.to_server) {
            self.request(&message);
        }
    }

    fn answer(&mut self, message: &[u8]) {
        let id = u32::from_be_bytes(message[1..5].try_into().unwrap());
        if message[0] == 2 {
            return;
        }
        if let Some(how) = self.opening.remove(&id)
            && message[0] == 102
        {
            let (handle, _) = string(&message[5..]);
            assert!(self.open.insert(handle.to_vec(), how).is_none(), "a handle is open twice");
        }
    }

    fn request(&mut self, message: &[u8]) {
        let id = u32::from_be_bytes(message[1..5].try_into().unwrap());
        let body = &message[5..];
        match message[0] {
            1 => assert_eq!(message, [1, 0, 0, 0, 3]),
            16 if !self.began => {
                self.began = true;
                assert_eq!(body, [0, 0, 0, 1, b'.']);
            }
            3 => {
                let (path, rest) = string(body);
                self.was_allowed(&["download", "upload", "open"], path);
                let flags = u32::from_be_bytes(rest[..4].try_into().unwrap());
                self.opening.insert(id, Some(flags));
            }
            11 => {
                self.was_allowed(&["list"], string(body).0);
                self.opening.insert(id, None);
            }
            4 => assert!(self.open.remove(string(body).0).is_some(), "an unknown handle"),
            5 => assert!(self.how(body).unwrap() & 1 != 0, "it is not open for reading"),
            6 => assert!(self.how(body).unwrap() & 6 != 0, "it is not open for writing"),
            12 => assert!(self.how(body).is_none(), "it is no folder"),
            7 => self.was_allowed(&["lstat"], string(body).0),
            8 => self.was_allowed(&["fstat"], b""),
            9 => self.was_allowed(&["setstat"], string(body).0),
            10 => self.was_allowed(&["fsetstat"], b""),
            13 => self.was_allowed(&["remove"], string(body).0),
            14 => self.was_allowed(&["mkdir"], string(body).0),
            15 => self.was_allowed(&["rmdir"], string(body).0),
            16 => self.was_allowed(&["realpath"], string(body).0),
            17 => self.was_allowed(&["stat"], string(body).0),
            18 => self.was_allowed(&["rename"], string(body).0),
            19 => self.was_allowed(&["readlink"], string(body).0),
            20 => self.was_allowed(&["symlink"], string(body).0),
            200 => {
                let (name, rest) = string(body);
                match std::str::from_utf8(name).unwrap() {
                    "fsync@openssh.com" => {
                        self.how(rest);
                    }
                    "copy-data" => {
                        assert!(self.how(rest).unwrap() & 1 != 0);
                        self.was_allowed(&["copy-data"], b"");
                    }
                    "fstatvfs@openssh.com" => self.was_allowed(&["fstatvfs"], b""),
                    "limits@openssh.com" => self.was_allowed(&["limits"], b""),
                    "users-groups-by-id@openssh.com" => {
                        self.was_allowed(&["users-groups-by-id"], b"");
                    }
                    known => {
                        let verb = known.strip_suffix("@openssh.com").unwrap_or(known);
                        let all = [
                            "posix-rename",
                            "statvfs",
                            "hardlink",
                            "lsetstat",
                            "expand-path",
                            "home-directory",
                        ];
                        assert!(all.contains(&verb), "an unknown extension");
                        self.was_allowed(&[verb], string(rest).0);
                    }
                }
            }
            kind => panic!("an unknown request: {kind}"),
        }
    }

    /// How the file is open whose handle comes first.
    fn how(&self, body: &[u8]) -> Option<u32> {
        *self.open.get(string(body).0).expect("an unknown handle")
    }

    /// What is sent is what was let through next.
    fn was_allowed(&mut self, verbs: &[&str], path: &[u8]) {
        let text = self.allowed.pop_front().expect("nothing was let through");
        let verb = text.split(|byte| *byte == b' ').next().unwrap();
        assert!(verbs.iter().any(|one| one.as_bytes() == verb), "{text:?} is not {verbs:?}");
        let plain = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric);
        let is_plain =
            path.strip_prefix(b"/").is_some_and(|rest| rest.split(|byte| *byte == b'/').all(plain));
        if is_plain {
            assert!(crate::stage::contains(&text, path), "{text:?} is not about {path:?}");
        }
    }
}

/// The next whole message, without its length.
fn message(stream: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (head, rest) = stream.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*head)).unwrap();
    assert!((5..=256 << 10).contains(&length), "a length that no message has");
    let message = rest.get(..length)?.to_vec();
    stream.drain(..4 + length);
    Some(message)
}

fn string(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (head, rest) = bytes.split_first_chunk::<4>().unwrap();
    rest.split_at(usize::try_from(u32::from_be_bytes(*head)).unwrap())
}

/// What an honest observer of `scp` knows of its sending end.
#[derive(Default)]
struct Lines {
    said: Vec<u8>,
    /// Where the line that is asked about stands, and those that were refused.
    undecided: Option<std::ops::Range<usize>>,
    refused: Vec<std::ops::Range<usize>>,
}

impl Lines {
    fn asks(&mut self, backlog: usize) {
        let start = self.said.len() - backlog;
        let length = self.said[start..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
        self.undecided = Some(start..start + length);
    }

    /// The receiving end is sent this: it is a message of the gateway's, or was said, and was not refused.
    fn sent(&self, bytes: &[u8], backlog: usize) {
        if bytes.starts_with(b"\x01scp: ")
            && (bytes.ends_with(b": no\n") || bytes.ends_with(b"not taken\n"))
        {
            return;
        }
        let end = self.said.len() - backlog;
        let start = end - bytes.len();
        assert_eq!(&self.said[start..end], bytes);
        for line in self.refused.iter().chain(&self.undecided) {
            assert!(line.end <= start || end <= line.start, "a line was not let through");
        }
    }
}
