//! Messages made by hand.

mod asking;
mod hostile;
mod reporting;
mod waiting;

use model::Peer;

use super::numbers::{
    ATTRS, CLOSE, DATA, EXTENDED, HANDLE, INIT, NAME, OPEN, READ, STATUS, VERSION, WRITE, packet,
};
use crate::ssh::codec::Write;
use crate::ssh::files::tests::{Rule, Said, Told, play_behind, sftp};

/// What a server says in its greeting beside its version.
const ANNOUNCED: [(&str, &str); 13] = [
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("copy-data", "1"),
    ("home-directory", "1"),
    ("users-groups-by-id@openssh.com", "1"),
    ("shell@example.com", "1"),
    ("vendor-id", "x"),
];

/// A message with these parts behind its id.
fn message(kind: u8, id: u32, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let whole = packet(kind, |out| {
        out.put_u32(id);
        write(out);
    });
    whole.to_vec()
}

fn init(version: u32) -> Vec<u8> {
    packet(INIT, |out| out.put_u32(version)).to_vec()
}

fn version(version: u32, announced: &[(&str, &str)]) -> Vec<u8> {
    let whole = packet(VERSION, |out| {
        out.put_u32(version);
        for (name, value) in announced {
            out.put_string(name);
            out.put_string(value);
        }
    });
    whole.to_vec()
}

fn named(kind: u8, id: u32, name: &str) -> Vec<u8> {
    message(kind, id, |out| out.put_string(name))
}

fn open(id: u32, path: &str, flags: u32) -> Vec<u8> {
    message(OPEN, id, |out| {
        out.put_string(path);
        out.put_u32(flags);
        out.put_u32(0);
    })
}

fn close(id: u32, handle: &str) -> Vec<u8> {
    named(CLOSE, id, handle)
}

fn read(id: u32, handle: &str, offset: u64, length: u32) -> Vec<u8> {
    message(READ, id, |out| {
        out.put_string(handle);
        out.put_u64(offset);
        out.put_u32(length);
    })
}

fn write(id: u32, handle: &str, offset: u64, data: &[u8]) -> Vec<u8> {
    message(WRITE, id, |out| {
        out.put_string(handle);
        out.put_u64(offset);
        out.put_string(data);
    })
}

fn extended(id: u32, name: &str, rest: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    message(EXTENDED, id, |out| {
        out.put_string(name);
        rest(out);
    })
}

fn handle(id: u32, handle: &str) -> Vec<u8> {
    named(HANDLE, id, handle)
}

fn data(id: u32, data: &[u8]) -> Vec<u8> {
    message(DATA, id, |out| out.put_string(data))
}

fn went(id: u32, code: u32) -> Vec<u8> {
    message(STATUS, id, |out| {
        out.put_u32(code);
        out.put_string("said");
        out.put_string("");
    })
}

fn size(id: u32, size: u64) -> Vec<u8> {
    message(ATTRS, id, |out| {
        out.put_u32(1);
        out.put_u64(size);
    })
}

fn names(id: u32, name: &str) -> Vec<u8> {
    message(NAME, id, |out| {
        out.put_u32(1);
        out.put_string(name);
        out.put_string(name);
        out.put_u32(0);
    })
}

fn client(messages: &[Vec<u8>]) -> (Peer, Vec<u8>) {
    (Peer::Client, messages.concat())
}

fn server(messages: &[Vec<u8>]) -> (Peer, Vec<u8>) {
    (Peer::Upstream, messages.concat())
}

/// Both ends greet, and relative names start in `/home/ann`.
fn greeted(rest: impl IntoIterator<Item = (Peer, Vec<u8>)>) -> Said {
    let mut said = vec![
        client(&[init(3)]),
        server(&[version(3, &ANNOUNCED)]),
        server(&[names(0, "/home/ann")]),
    ];
    said.extend(rest);
    said
}

/// What comes of it behind the greetings.
fn told(rest: impl IntoIterator<Item = (Peer, Vec<u8>)>, rule: Rule<'_>) -> Told {
    let whole: usize = greeted([]).iter().map(|(_, bytes)| bytes.len()).sum();
    let mut told = play_behind(whole, &sftp, &greeted(rest), rule);
    let (up, down) = greetings();
    told.upstream = told.upstream.strip_prefix(&*up).unwrap().to_vec();
    told.client = told.client.strip_prefix(&*down).unwrap().to_vec();
    told
}

/// What each end hears first.
fn greetings() -> (Vec<u8>, Vec<u8>) {
    let home = named(super::numbers::REALPATH, 0, ".");
    ([init(3), home].concat(), version(3, &ANNOUNCED[..11]))
}

/// The id, the code and the words of each answer, when all are statuses.
fn statuses(mut bytes: &[u8]) -> Vec<(u32, u32, String)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let mut reader = crate::ssh::codec::Reader::new(bytes);
        reader.u32().unwrap();
        assert_eq!(reader.u8(), Ok(STATUS));
        let (id, code) = (reader.u32().unwrap(), reader.u32().unwrap());
        found.push((id, code, reader.text().unwrap().to_owned()));
        assert_eq!(reader.string(), Ok(&b""[..]));
        bytes = reader.rest();
    }
    found
}
