//! What a client asks for, as a command: its text, what it does, and what the recording calls it.

use std::sync::Arc;

use bytes::Bytes;
use model::{Access, Action, Facts, Object, ObjectKind, Parameter, Understood};

use crate::shell;
use crate::ssh::codec::{Malformed, Reader};
use crate::ssh::files::FileCommand;

/// The longest command line, name or value. A longer one is not read and so not understood.
const LONGEST: usize = 128 << 10;

/// Something that is decided.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) text: Bytes,
    pub(super) parameters: Arc<[Parameter]>,
    pub(super) understood: Arc<Understood>,
    /// Whether it is what the channel is for: nothing else runs in it afterwards.
    pub(super) runs: bool,
}

impl Asked {
    fn of(text: String, accesses: Vec<Access>) -> Self {
        Self {
            text: text.into(),
            parameters: Arc::default(),
            understood: Arc::new(Understood::new(accesses, Facts::default())),
            runs: false,
        }
    }

    fn running(self) -> Self {
        Self { runs: true, ..self }
    }

    /// A shell.
    pub(super) fn shell() -> Self {
        Self::of("shell".to_owned(), vec![Access::new(Action::Shell, Object::resource())]).running()
    }

    /// A shell in which each line is decided.
    pub(super) fn guarded_shell() -> Self {
        let access = Access::new(Action::GuardedShell, Object::resource());
        Self::of("guarded shell".to_owned(), vec![access]).running()
    }

    /// A line of such a shell. Names of files are also known by where they are, as seen from this folder.
    pub(super) fn line(text: &str, place: Option<&str>) -> Self {
        let read = shell::understand(text);
        let mut facts = read.facts().clone();
        if let Some(place) = place {
            let relative = facts.paths.iter().filter(|path| !path.starts_with(['/', '~']));
            let absolute: Vec<_> = relative.map(|path| absolute(place, path)).collect();
            facts.paths.extend(absolute.into_iter().map(String::into_boxed_str));
        }
        let understood = Understood::new(read.accesses().to_vec(), facts);
        Self {
            text: text.to_owned().into(),
            parameters: Arc::default(),
            understood: Arc::new(understood),
            runs: true,
        }
    }

    /// A command line, as a shell would read it.
    pub(super) fn exec(rest: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(rest);
        let line = reader.string()?;
        reader.end()?;
        let understood = match std::str::from_utf8(line) {
            _ if line.len() > LONGEST => Understood::unknown("the command is too long to be read"),
            Ok(text) => shell::understand(text),
            Err(_) => Understood::unknown("the command is not text"),
        };
        Ok(Self {
            text: rest.slice_ref(line),
            parameters: Arc::default(),
            understood: Arc::new(understood),
            runs: true,
        })
    }

    /// Something about files.
    pub(super) fn file(command: FileCommand) -> Self {
        let FileCommand { text, understood } = command;
        Self { text, parameters: Arc::default(), understood, runs: false }
    }

    /// A subsystem.
    pub(super) fn subsystem(rest: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(rest);
        let name = reader.text()?;
        reader.end()?;
        let object = Object::top(ObjectKind::Other, name);
        let text = format!("subsystem {name}");
        Ok(Self::of(text, vec![Access::new(Action::Subsystem, object)]).running())
    }

    /// A variable of the environment.
    pub(super) fn env(rest: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(rest);
        let (name, value) = (reader.text()?, reader.string()?);
        reader.end()?;
        let object = Object::top(ObjectKind::Other, name);
        let mut asked = Self::of(format!("env {name}"), vec![Access::new(Action::Env, object)]);
        asked.parameters = [Parameter::Text(String::from_utf8_lossy(value).into_owned())].into();
        Ok(asked)
    }

    /// A connection from the target to somewhere (`-L`, `-D`), or from somewhere to the client (`-R`).
    pub(super) fn forward(words: &str, place: &str) -> Self {
        let object = Object::top(ObjectKind::Other, place);
        Self::of(format!("{words} {place}"), vec![Access::new(Action::PortForward, object)])
    }

    /// The client's agent is lent to the target.
    pub(super) fn agent() -> Self {
        Self::of(
            "agent forwarding".to_owned(),
            vec![Access::new(Action::AgentForward, Object::resource())],
        )
    }

    /// The client's display is lent to the target.
    pub(super) fn x11() -> Self {
        Self::of("X11 forwarding".to_owned(), vec![Access::new(Action::X11, Object::resource())])
    }
}

/// A path as seen from a folder, without `.` and `..`.
fn absolute(place: &str, path: &str) -> String {
    let mut parts = Vec::new();
    for part in place.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `host:port`, with brackets around an address that has colons itself.
pub(super) fn place(host: &str, port: u32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What a direct-tcpip channel leads to (RFC 4254, section 7.2).
pub(super) fn direct(rest: &Bytes) -> Result<String, Malformed> {
    let mut reader = Reader::new(rest);
    let (host, port) = (reader.text()?, reader.u32()?);
    reader.string()?;
    reader.u32()?;
    reader.end()?;
    named(host, port)
}

/// A port that the target is to listen on (RFC 4254, section 7.1).
pub(super) fn listening(rest: &Bytes) -> Result<(String, u32), Malformed> {
    let mut reader = Reader::new(rest);
    let (host, port) = (reader.text()?, reader.u32()?);
    reader.end()?;
    named(host, port).map(|_| (host.to_owned(), port))
}

/// A socket of the target's file system (PROTOCOL, section 2.4, of OpenSSH).
pub(super) fn socket(rest: &Bytes) -> Result<String, Malformed> {
    let path = Reader::new(rest).text()?;
    if path.is_empty() || path.chars().any(char::is_control) {
        Err(Malformed)
    } else {
        Ok(path.to_owned())
    }
}

fn named(host: &str, port: u32) -> Result<String, Malformed> {
    let plain = host.len() <= 255 && !host.chars().any(|c| c.is_control() || c.is_whitespace());
    if plain && port <= u32::from(u16::MAX) { Ok(place(host, port)) } else { Err(Malformed) }
}

/// A terminal's size, from a request for one or a change of it.
pub(super) fn size(name: &str, rest: &Bytes) -> Result<(u32, u32), Malformed> {
    let mut reader = Reader::new(rest);
    if name == "pty-req" {
        reader.text()?;
    }
    Ok((reader.u32()?, reader.u32()?))
}
