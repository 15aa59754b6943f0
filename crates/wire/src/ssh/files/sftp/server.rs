//! What the server says.

use model::Peer;

use super::client::read_head;
use super::extension::Announced;
use super::numbers::{
    ATTRS, DATA, EXTENDED_REPLY, HANDLE, NAME, REALPATH, STATUS, VERSION, VERSION_3, attribute,
    packet, status,
};
use super::request::LONGEST_HANDLE;
use super::table::Awaited;
use super::{
    Breach, FileStep, Home, LONGEST_PACKET, LONGEST_WHOLE, Middle, Phase, Piece, Sftp, body,
};
use crate::ssh::codec::{Reader, Write};

/// The id of the gateway's own question. The client has asked nothing by then.
const OWN: u32 = 0;
/// What stands before a message's body: its length, kind and id.
const HEAD: usize = 9;

const MALFORMED: Breach = Breach::upstream("an answer is malformed");

impl Sftp {
    /// Reads on. `false`: there is nothing that can be read now.
    pub(super) fn hear_server(&mut self) -> Result<bool, Breach> {
        if !matches!(self.down, Middle::Between) {
            return Ok(body(&mut self.server, &mut self.down, &mut self.table, &mut self.steps));
        }
        let Some(head) = self.server.head::<5>() else { return Ok(false) };
        let (length, kind) = read_head(head);
        match self.phase {
            Phase::Init => Err(Breach::upstream("it speaks before it is spoken to")),
            Phase::Version => self.version(length, kind),
            Phase::Home | Phase::Open => self.answer(length, kind),
        }
    }

    /// The server's greeting. The client gets what is understood of it.
    fn version(&mut self, length: usize, kind: u8) -> Result<bool, Breach> {
        if kind != VERSION || !(5..=LONGEST_WHOLE).contains(&length) {
            return Err(Breach::upstream("it does not speak SFTP"));
        }
        let Some(said) = self.server.peek(4 + length) else { return Ok(false) };
        let mut reader = Reader::new(said.get(5..).unwrap_or_default());
        if reader.u32() != Ok(VERSION_3) {
            return Err(Breach::upstream("it speaks another version of SFTP"));
        }
        self.announced = Announced::read(reader).map_err(|_| MALFORMED)?;
        self.server.skip(4 + length);
        let greeting = packet(VERSION, |out| {
            out.put_u32(VERSION_3);
            self.announced.write(out);
        });
        let question = packet(REALPATH, |out| {
            out.put_u32(OWN);
            out.put_string(".");
        });
        self.steps.push_back(FileStep::Send(Peer::Client, greeting));
        self.steps.push_back(FileStep::Send(Peer::Upstream, question));
        self.table.asked(OWN, Awaited::Home);
        self.phase = Phase::Home;
        Ok(true)
    }

    fn answer(&mut self, length: usize, kind: u8) -> Result<bool, Breach> {
        if !(5..=LONGEST_PACKET).contains(&length) {
            return Err(Breach::upstream("a message has a length that none has"));
        }
        let Some([.., a, b, c, d]) = self.server.head::<HEAD>() else { return Ok(false) };
        let id = u32::from_be_bytes([a, b, c, d]);
        let Some(awaited) = self.table.awaited(id) else {
            return Err(Breach::upstream("it answers what nobody asked"));
        };
        if !fits(awaited, kind) {
            return Err(Breach::upstream("it answers with what was not asked for"));
        }
        if matches!(awaited, Awaited::Home) {
            return self.home(length, kind);
        }
        // What must be seen of it before it goes on.
        let body = match kind {
            STATUS | DATA => 4,
            ATTRS => 12.min(length - 5),
            HANDLE if length > 5 + 4 + LONGEST_HANDLE => return Err(MALFORMED),
            HANDLE => length - 5,
            _ => 0,
        };
        if HEAD + body > 4 + length {
            return Err(MALFORMED);
        }
        let Some(start) = self.server.peek(HEAD + body) else { return Ok(false) };
        let start = start.into_owned();
        let reader = Reader::new(start.get(HEAD..).unwrap_or_default());
        let Some(awaited) = self.table.answered(id) else { return Ok(false) };
        let mut piece = None;
        match kind {
            STATUS => self.went(awaited, reader)?,
            HANDLE => self.opened(awaited, reader)?,
            ATTRS => self.measured(&awaited, reader)?,
            DATA => piece = Some(read(&awaited, reader, length)?),
            _ => {}
        }
        self.down = match piece {
            None => Middle::Passing(4 + length, None),
            Some(piece) => {
                self.server.pass(HEAD + body);
                Middle::Passing(4 + length - HEAD - body, Some(piece))
            }
        };
        Ok(true)
    }

    /// Where relative names start. When the server does not say so, they may start anywhere.
    fn home(&mut self, length: usize, kind: u8) -> Result<bool, Breach> {
        if length > LONGEST_WHOLE {
            return Err(MALFORMED);
        }
        let Some(said) = self.server.peek(4 + length) else { return Ok(false) };
        if kind == NAME {
            let mut reader = Reader::new(said.get(HEAD..).unwrap_or_default());
            let count = reader.u32().map_err(|_| MALFORMED)?;
            let path = reader.string().map_err(|_| MALFORMED)?;
            if count == 1 {
                self.home = Home::at(path);
            }
        }
        self.server.skip(4 + length);
        self.table.answered(OWN);
        self.phase = Phase::Open;
        Ok(true)
    }

    /// How a request went.
    fn went(&mut self, awaited: Awaited, mut reader: Reader<'_>) -> Result<(), Breach> {
        let code = reader.u32().map_err(|_| MALFORMED)?;
        let well = code == status::OK;
        let number = match awaited {
            Awaited::Close(number) => {
                if let Some((file, _)) = self.table.file(number) {
                    file.closed = Some(well);
                }
                number
            }
            Awaited::Read { file: number, offset, .. } => {
                if code == status::EOF
                    && let Some((file, _)) = self.table.file(number)
                {
                    file.ended(offset);
                }
                number
            }
            Awaited::Write { file: number, length } => {
                if let Some((file, room)) = self.table.file(number) {
                    file.confirmed(length, well, room);
                }
                number
            }
            Awaited::Resize { file: number, size } => {
                if well && let Some((file, _)) = self.table.file(number) {
                    file.resized(size);
                }
                number
            }
            Awaited::Fstat(number) | Awaited::Copy(number) => number,
            Awaited::Home
            | Awaited::Open(_)
            | Awaited::Stat(_)
            | Awaited::Attributes
            | Awaited::Names
            | Awaited::Extended
            | Awaited::Status => return Ok(()),
        };
        self.table.settle(number, &mut self.steps);
        Ok(())
    }

    fn opened(&mut self, awaited: Awaited, mut reader: Reader<'_>) -> Result<(), Breach> {
        let handle = reader.string().map_err(|_| MALFORMED)?;
        reader.end().map_err(|_| MALFORMED)?;
        let Awaited::Open(opening) = awaited else { return Err(MALFORMED) };
        if self.table.opened(opening, handle) {
            Ok(())
        } else {
            Err(Breach::upstream("two open files have one handle"))
        }
    }

    /// How large something is, when that is told.
    fn measured(&mut self, awaited: &Awaited, mut reader: Reader<'_>) -> Result<(), Breach> {
        let flags = reader.u32().map_err(|_| MALFORMED)?;
        let size = if flags & attribute::SIZE != 0 {
            Some(reader.u64().map_err(|_| MALFORMED)?)
        } else {
            None
        };
        match awaited {
            Awaited::Stat(path) => {
                if let Some(size) = size {
                    self.table.measured(path.clone(), size);
                }
            }
            Awaited::Fstat(number) => {
                if let (Some(size), Some((file, _))) = (size, self.table.file(*number)) {
                    file.measured(size);
                }
                self.table.settle(*number, &mut self.steps);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a request may be answered with this.
const fn fits(awaited: &Awaited, kind: u8) -> bool {
    kind == STATUS
        || match awaited {
            Awaited::Open(_) => kind == HANDLE,
            Awaited::Read { .. } => kind == DATA,
            Awaited::Fstat(_) | Awaited::Stat(_) | Awaited::Attributes => kind == ATTRS,
            Awaited::Home | Awaited::Names => kind == NAME,
            Awaited::Extended => kind == EXTENDED_REPLY,
            Awaited::Close(_)
            | Awaited::Write { .. }
            | Awaited::Resize { .. }
            | Awaited::Copy(_)
            | Awaited::Status => false,
        }
}

/// The piece of a file that a READ is answered with.
fn read(awaited: &Awaited, mut reader: Reader<'_>, length: usize) -> Result<Piece, Breach> {
    let said = reader.u32().map_err(|_| MALFORMED)?;
    match *awaited {
        Awaited::Read { file, offset, length: asked }
            if said <= asked && usize::try_from(said) == Ok(4 + length - HEAD - 4) =>
        {
            Ok(Piece { file, upload: false, offset })
        }
        _ => Err(MALFORMED),
    }
}
