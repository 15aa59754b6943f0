//! A client that is let in, and then says what it likes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::House;
use model::Secret;
use wire::ssh::auth::{Credential, Login, LoginStep};
use wire::ssh::transport::Transport;

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Its connection, inside the encryption.
pub(super) struct Hostile {
    socket: TcpStream,
    transport: Transport,
    arrived: Receiver<Vec<u8>>,
    deaf: Arc<AtomicBool>,
    over: bool,
}

impl Hostile {
    /// Logs in as somebody, with a token.
    pub(super) fn enter(house: &House, name: &str) -> Self {
        let mut socket = TcpStream::connect(("127.0.0.1", house.ssh_port())).unwrap();
        socket.set_nodelay(true).unwrap();
        let token = Secret::from(house.person(name).token);
        let credential =
            Credential { username: "web-1".to_owned(), key: None, password: Some(token) };
        // Nobody is to be kept out: any numbers do.
        let mut login = Login::new(Transport::client([7; 32]), credential);
        let mut buffer = [0; 4096];
        loop {
            match login.step().unwrap() {
                LoginStep::In => break,
                LoginStep::Check(_) => login.host_is_right(),
                LoginStep::Wait => {
                    socket.write_all(&login.output()).unwrap();
                    let count = socket.read(&mut buffer).unwrap();
                    assert!(count > 0, "it is not let in: {}", house.log());
                    login.feed(&buffer[..count]);
                }
            }
        }
        let (deaf, reader) = (Arc::new(AtomicBool::new(false)), socket.try_clone().unwrap());
        let (is_deaf, (arrives, arrived)) = (Arc::clone(&deaf), channel());
        std::thread::spawn(move || {
            let (mut reader, mut buffer) = (reader, vec![0; 64 << 10]);
            loop {
                while is_deaf.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                match reader.read(&mut buffer) {
                    Ok(count) if count > 0 => {
                        if arrives.send(buffer[..count].to_vec()).is_err() {
                            return;
                        }
                    }
                    // A reset is an end too.
                    _ => return,
                }
            }
        });
        let transport = login.into_transport();
        Self { socket, transport, arrived, deaf, over: false }
    }

    /// Reads nothing from now on, or again.
    pub(super) fn is_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::Relaxed);
    }

    /// Says this. It may have been shown out meanwhile.
    pub(super) fn say(&mut self, payload: &[u8]) {
        self.transport.send(&[payload]);
        self.write();
    }

    /// Says all of these at once. `false`: not all of it was taken, for the other end takes no more or is gone.
    pub(super) fn pour(&mut self, payloads: impl IntoIterator<Item = Vec<u8>>) -> bool {
        self.socket.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        for payload in payloads {
            self.transport.send(&[&payload]);
            if self.transport.ready() > 64 << 10 {
                self.write();
            }
            if self.over {
                return false;
            }
        }
        self.write();
        !self.over
    }

    /// Says a packet that was changed on its way.
    pub(super) fn say_changed(&mut self, payload: &[u8], change: impl FnOnce(&mut [u8])) {
        self.write();
        self.transport.send(&[payload]);
        let mut packet = self.transport.output().to_vec();
        change(&mut packet);
        self.over |= self.socket.write_all(&packet).is_err();
    }

    fn write(&mut self) {
        let bytes = self.transport.output();
        if !self.over && !bytes.is_empty() {
            self.over = self.socket.write_all(&bytes).is_err();
        }
    }

    /// The next message. `None`: the gateway has ended it.
    pub(super) fn hear(&mut self) -> Option<Bytes> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The gateway keeps to the protocol, whatever its client does.
            if let Some(payload) = self.transport.payload().unwrap() {
                return Some(payload);
            }
            self.write();
            if self.transport.gone().is_some() {
                return None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.arrived.recv_timeout(left) {
                Ok(bytes) => self.transport.feed(&bytes),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("nothing is heard within {PATIENCE:?}"),
            }
        }
    }

    /// The next message of this kind that is spoken of a channel, or of none.
    pub(super) fn hear_of(&mut self, kind: u8) -> Bytes {
        loop {
            let Some(payload) = self.hear() else {
                panic!("it ended before a message {kind}: {:?}", self.transport.gone());
            };
            if payload[0] == kind {
                return payload;
            }
        }
    }

    /// The gateway's last words, or nothing where it had none.
    pub(super) fn farewell(mut self) -> String {
        while self.hear().is_some() {}
        self.transport.gone().unwrap_or_default().to_owned()
    }

    /// Opens a session, which is known here by this number. Its number there comes back.
    pub(super) fn session(&mut self, number: u32) -> u32 {
        self.say(&open("session", number, 1 << 20, 32 << 10));
        let opened = self.hear_of(OPENED);
        assert_eq!(opened[1..5], number.to_be_bytes());
        number_at(&opened, 5)
    }

    /// It works as any other: a program is run, and what it says is heard.
    pub(super) fn works(&mut self) {
        let (here, line) = (1_000_000, "echo in");
        let there = self.session(here);
        self.say(&request(there, "exec", true, &string(line)));
        let mut said = Vec::new();
        loop {
            let payload = self.hear().unwrap_or_else(|| {
                panic!("it ended while it worked: {:?}", self.transport.gone());
            });
            if number_at(&payload, 1) != here {
                continue;
            }
            match payload[0] {
                DATA => said.extend_from_slice(&payload[9..]),
                CLOSE => break,
                _ => {}
            }
        }
        assert_eq!(said, b"in\n");
        self.say(&of(CLOSE, there));
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.is_deaf(false);
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

pub(super) const GLOBAL: u8 = 80;
pub(super) const GLOBAL_FAILURE: u8 = 82;
pub(super) const OPEN: u8 = 90;
pub(super) const OPENED: u8 = 91;
pub(super) const NOT_OPENED: u8 = 92;
pub(super) const WINDOW: u8 = 93;
pub(super) const DATA: u8 = 94;
pub(super) const EXTENDED: u8 = 95;
pub(super) const EOF: u8 = 96;
pub(super) const CLOSE: u8 = 97;
pub(super) const REQUEST: u8 = 98;
pub(super) const SUCCESS: u8 = 99;
pub(super) const FAILURE: u8 = 100;

/// The number that stands here in a message.
pub(super) fn number_at(payload: &[u8], at: usize) -> u32 {
    payload.get(at..at + 4).map_or(u32::MAX, |four| u32::from_be_bytes(four.try_into().unwrap()))
}

pub(super) fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}

/// A message of a kind: numbers, then what is behind them.
pub(super) fn message(kind: u8, numbers: &[u32], rest: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    [&[kind][..], &numbers, rest].concat()
}

/// A message that says nothing but which channel it is of.
pub(super) fn of(kind: u8, channel: u32) -> Vec<u8> {
    message(kind, &[channel], &[])
}

pub(super) fn open(kind: &str, sender: u32, window: u32, packet: u32) -> Vec<u8> {
    let numbers = message(0, &[sender, window, packet], &[]);
    [&[OPEN][..], &string(kind), &numbers[1..]].concat()
}

pub(super) fn data(channel: u32, bytes: &[u8]) -> Vec<u8> {
    message(DATA, &[channel], &string(bytes))
}

pub(super) fn request(channel: u32, name: &str, wants_reply: bool, rest: &[u8]) -> Vec<u8> {
    let rest = [&string(name)[..], &[wants_reply.into()], rest].concat();
    message(REQUEST, &[channel], &rest)
}

pub(super) fn global(name: &str, wants_reply: bool, rest: &[u8]) -> Vec<u8> {
    [&[GLOBAL][..], &string(name), &[wants_reply.into()], rest].concat()
}

/// A variable of the environment.
pub(super) fn variable(name: &str, value: &str) -> Vec<u8> {
    [string(name), string(value)].concat()
}
