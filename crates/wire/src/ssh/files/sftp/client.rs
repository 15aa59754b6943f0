//! What the client says.

use model::{Peer, Ticket};

use super::judge::{Judge, Verdict, judge_write};
use super::numbers::{INIT, VERSION_3, WRITE, answer, packet, status};
use super::request::{LONGEST_HANDLE, Request, Unread};
use super::table::Awaited;
use super::{
    Asking, Breach, FileStep, LONGEST_PACKET, LONGEST_WHOLE, Middle, Phase, Piece, Sftp, body,
};
use crate::ssh::codec::{Reader, Write};

const NO_ID: Breach = Breach::client("a request has no id");

impl Sftp {
    /// Reads on. `false`: there is nothing that can be read now.
    pub(super) fn hear_client(&mut self) -> Result<bool, Breach> {
        if !matches!(self.up, Middle::Between) {
            return Ok(body(&mut self.client, &mut self.up, &mut self.table, &mut self.steps));
        }
        match self.phase {
            Phase::Init => self.init(),
            Phase::Version | Phase::Home => Ok(false),
            Phase::Open => self.request(),
        }
    }

    /// The client's greeting. The server gets one of the gateway's own, which asks for no extensions.
    fn init(&mut self) -> Result<bool, Breach> {
        let Some(head) = self.client.head::<5>() else { return Ok(false) };
        let (length, kind) = read_head(head);
        if kind != INIT || !(5..=LONGEST_WHOLE).contains(&length) {
            return Err(Breach::client("it does not speak SFTP"));
        }
        let Some(said) = self.client.peek(4 + length) else { return Ok(false) };
        let version = Reader::new(said.get(5..).unwrap_or_default()).u32();
        if !version.is_ok_and(|version| version >= VERSION_3) {
            return Err(Breach::client("it speaks too old a version of SFTP"));
        }
        self.client.skip(4 + length);
        let init = packet(INIT, |out| out.put_u32(VERSION_3));
        self.steps.push_back(FileStep::Send(Peer::Upstream, init));
        self.phase = Phase::Version;
        Ok(true)
    }

    fn request(&mut self) -> Result<bool, Breach> {
        if self.asking.is_some() || self.owed.is_some() || self.table.is_full() {
            return Ok(false);
        }
        let Some(head) = self.client.head::<5>() else { return Ok(false) };
        let (length, kind) = read_head(head);
        if !(5..=LONGEST_PACKET).contains(&length) {
            return Err(Breach::client("a message has a length that none has"));
        }
        match kind {
            INIT => Err(Breach::client("it begins a second time")),
            WRITE => self.write(length),
            _ if length > LONGEST_WHOLE => Err(Breach::client("a request is too long")),
            _ => self.whole_request(kind, length),
        }
    }

    /// Any request but a WRITE.
    fn whole_request(&mut self, kind: u8, length: usize) -> Result<bool, Breach> {
        let Some(packet) = self.client.peek(4 + length) else { return Ok(false) };
        let mut reader = Reader::new(packet.get(5..).unwrap_or_default());
        let id = reader.u32().map_err(|_| NO_ID)?;
        self.is_new(id)?;
        let ticket = Ticket(self.tickets + 1);
        let verdict = match Request::read(kind, reader, self.announced) {
            Ok(request) => Judge { ticket, table: &self.table, home: &self.home }.judge(&request),
            Err(Unread::Unknown) => {
                Verdict::Refuse(status::OP_UNSUPPORTED, "the request is not supported")
            }
            Err(Unread::Malformed) => {
                Verdict::Refuse(status::BAD_MESSAGE, "the request is not understood")
            }
        };
        match verdict {
            Verdict::Pass(awaited) => self.goes_on(id, 4 + length, awaited),
            Verdict::Ask(what, awaited) => {
                self.tickets += 1;
                self.asking = Some(Asking { ticket, id, length: 4 + length, awaited });
                self.steps.push_back(FileStep::Ask { ticket, what: Box::new(what) });
            }
            Verdict::Refuse(code, words) => self.refuse(id, 4 + length, code, words),
        }
        Ok(true)
    }

    /// A WRITE: its data goes on as it comes.
    fn write(&mut self, length: usize) -> Result<bool, Breach> {
        // Its length, kind, id, and the length of its handle.
        const START: usize = 13;
        const NOT_UNDERSTOOD: Verdict =
            Verdict::Refuse(status::BAD_MESSAGE, "the request is not understood");
        let whole = 4 + length;
        let Some(start) = self.client.peek(whole.min(START)) else { return Ok(false) };
        let mut reader = Reader::new(start.get(5..).unwrap_or_default());
        let id = reader.u32().map_err(|_| NO_ID)?;
        let handle = reader.u32().map_or(usize::MAX, |length| length as usize);
        self.is_new(id)?;
        // What stands before its data, and how much that is.
        let head = START.saturating_add(handle).saturating_add(8 + 4);
        let data = whole.checked_sub(head).filter(|_| handle <= LONGEST_HANDLE);
        let mut offset = 0;
        let verdict = match data {
            None => NOT_UNDERSTOOD,
            Some(data) => {
                let Some(head) = self.client.peek(head) else { return Ok(false) };
                let mut reader = Reader::new(head.get(9..).unwrap_or_default());
                match (reader.string(), reader.u64(), reader.u32()) {
                    (Ok(handle), Ok(at), Ok(said)) if said as usize == data => {
                        offset = at;
                        judge_write(&self.table, handle, said)
                    }
                    _ => NOT_UNDERSTOOD,
                }
            }
        };
        match (verdict, data) {
            (Verdict::Pass(awaited @ Awaited::Write { file, .. }), Some(data)) => {
                self.client.pass(head);
                self.up = Middle::Passing(data, Some(Piece { file, upload: true, offset }));
                self.table.asked(id, awaited);
            }
            (Verdict::Refuse(code, words), _) => self.refuse(id, whole, code, words),
            // It is never judged so.
            (Verdict::Pass(_) | Verdict::Ask(..), _) => {
                self.refuse(id, whole, status::FAILURE, "it cannot be done");
            }
        }
        Ok(true)
    }

    /// An id is the client's to choose, as long as its answer can be told from others.
    fn is_new(&self, id: u32) -> Result<(), Breach> {
        match self.table.awaited(id) {
            None => Ok(()),
            Some(_) => Err(Breach::client("two requests have one id")),
        }
    }

    pub(super) fn goes_on(&mut self, id: u32, length: usize, awaited: Awaited) {
        self.table.asked(id, awaited);
        self.up = Middle::Passing(length, None);
    }

    pub(super) fn refuse(&mut self, id: u32, length: usize, code: u32, words: &str) {
        self.owed = Some(answer(id, code, words));
        self.up = Middle::Skipping(length);
    }
}

/// A message's length without that itself, and its kind.
pub(super) fn read_head([a, b, c, d, kind]: [u8; 5]) -> (usize, u8) {
    (u32::from_be_bytes([a, b, c, d]) as usize, kind)
}
