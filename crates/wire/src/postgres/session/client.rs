//! The client's messages: which of them are commands, and what each leaves owed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use model::{Event, Parameter, Peer, Phase, Step, Violation};

use super::prepared::{Portal, Prepared};
use super::ruling::What;
use super::running::Expect;
use super::store::TooMany;
use super::{Front, Passing, Session, TooLarge};
use crate::postgres::error::{Report, sqlstate};
use crate::postgres::frame::{Body, HEADER, Header, Malformed, frontend};
use crate::postgres::library::Reading;
use crate::postgres::types;

impl Session {
    /// Reads one message of the client's, or a part of one that is going by. `false`: nothing to do.
    pub(super) fn step_client(&mut self) -> Result<bool, Violation> {
        match self.to_server {
            Passing::None => {}
            Passing::Forward(left) => return Ok(self.forward(left)),
            Passing::Drop(left, too_large) => return Ok(self.discard(left, too_large)),
        }
        if self.waits() {
            return Ok(false);
        }
        if matches!(self.front, Front::Doubting(_)) {
            self.front = Front::Open;
        }
        let header = self.client.header().map_err(|bad| self.bad_frame(Peer::Client, bad))?;
        let Some(header) = header else { return Ok(false) };
        if header.tag == frontend::COPY_DATA {
            return Ok(self.copy_data(header));
        }
        if let Some(too_large) = self.too_large(header) {
            self.to_server = Passing::Drop(header.total(), too_large);
            return Ok(true);
        }
        if self.must_look_up(header) {
            return Ok(true);
        }
        let Some(message) = self.client.take(header.total()) else { return Ok(false) };
        self.read_anyway = false;
        self.learn_names();
        self.reading_at = self.epoch();
        self.message(header.tag, message)
            .map_err(|Malformed| self.violation(Peer::Client, "invalid message format"))?;
        Ok(true)
    }

    fn message(&mut self, tag: u8, message: Bytes) -> Result<(), Malformed> {
        if matches!(self.front, Front::Skipping)
            && !matches!(tag, frontend::SYNC | frontend::TERMINATE)
        {
            return Ok(());
        }
        match tag {
            frontend::QUERY => self.query(message),
            frontend::PARSE => self.parse(message),
            frontend::BIND => self.bind(message),
            frontend::EXECUTE => self.execute(message),
            frontend::DESCRIBE => self.describe(message),
            frontend::CLOSE => self.close(message),
            frontend::FUNCTION_CALL => self.function_call(message),
            frontend::SYNC => self.sync(message),
            frontend::FLUSH => {
                self.send(Peer::Upstream, message);
                Ok(())
            }
            frontend::COPY_DONE | frontend::COPY_FAIL => {
                self.copy_end(message);
                Ok(())
            }
            frontend::TERMINATE => {
                self.send(Peer::Upstream, message);
                self.over = true;
                Ok(())
            }
            _ => Err(Malformed),
        }
    }

    fn query(&mut self, message: Bytes) -> Result<(), Malformed> {
        let text = only_cstr(&message)?;
        let reading = self.read(&text);
        if self.doubts(&reading) {
            self.wait_for_an_answer(message);
            return Ok(());
        }
        let reading = self.with_earlier(reading);
        self.ask_to_run(text, Arc::default(), What::Query { message, reading });
        Ok(())
    }

    fn parse(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let name = message.slice_ref(body.cstr()?);
        let text = message.slice_ref(body.cstr()?);
        let count = body.u16()?;
        let types = (0..count).map(|_| body.u32()).collect::<Result<Vec<_>, _>>()?;
        body.end()?;
        let reading = self.read(&text);
        // The text outlives its read buffer.
        let kept = Bytes::copy_from_slice(&text);
        let prepared = Arc::new(Prepared::new(kept, types, Arc::clone(&reading), self.reading_at));
        let what = What::Parse { message, name, prepared, reading };
        self.ask(text, Arc::default(), Phase::Prepare, what);
        Ok(())
    }

    fn bind(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let name = message.slice_ref(body.cstr()?);
        let statement = message.slice_ref(body.cstr()?);
        let bind = message.slice_ref(body.rest());
        let formats = result_formats(&mut body)?;
        if self.store.doubts_statement(&statement, self.segment) {
            self.wait_for_an_answer(message);
            return Ok(());
        }
        let portal = Portal {
            prepared: self.store.statement(&statement).cloned(),
            // Small ones are copied out of the read buffer, which they would else keep alive.
            bind: if bind.len() < 1024 { Bytes::copy_from_slice(&bind) } else { bind },
            formats,
            code_ran: self.code_ran,
            begun: Mutex::new(None),
            suspended: AtomicBool::new(false),
        };
        match self.store.put_portal(&name, Arc::new(portal), self.segment) {
            Ok(rename) => {
                self.unsynced = true;
                self.send(Peer::Upstream, message);
                self.owed.push_back(Expect::Bind { rename });
            }
            Err(TooMany) => self.too_many_names(),
        }
        Ok(())
    }

    fn execute(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let name = message.slice_ref(body.cstr()?);
        let _most_rows = body.i32()?;
        body.end()?;
        if self.store.doubts_portal(&name, self.segment) {
            self.wait_for_an_answer(message);
            return Ok(());
        }
        let Some(portal) = self.store.portal(&name).cloned() else {
            let why = "it runs a portal that was not opened through the gateway";
            let reading = Arc::new(self.opaque(why));
            let what = What::Execute { message, name, portal: None, reading };
            self.ask(Bytes::new(), Arc::default(), Phase::Run, what);
            return Ok(());
        };
        if self.go_on(&message, &portal) {
            return Ok(());
        }
        let Some(prepared) = portal.prepared.clone() else {
            let why = "it runs a statement that was not prepared through the gateway";
            let reading = Arc::new(self.opaque(why));
            let what = What::Execute { message, name, portal: Some(portal), reading };
            self.ask(Bytes::new(), Arc::default(), Phase::Run, what);
            return Ok(());
        };
        let reading = self.reading_of(&prepared);
        if self.doubts(&reading) {
            self.wait_for_an_answer(message);
            return Ok(());
        }
        let reading = self.with_earlier(reading);
        let parameters = parameters(&portal.bind, &prepared)?;
        let what = What::Execute { message, name, portal: Some(portal), reading };
        self.ask_to_run(prepared.text.clone(), parameters, what);
        Ok(())
    }

    fn describe(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let kind = body.u8()?;
        let name = body.cstr()?;
        body.end()?;
        let doubt = match kind {
            b'S' => self.store.doubts_statement(name, self.segment),
            _ => self.store.doubts_portal(name, self.segment),
        };
        if doubt {
            self.wait_for_an_answer(message);
            return Ok(());
        }
        let expect = match kind {
            b'S' => Expect::DescribeStatement {
                prepared: self.store.statement(name).cloned(),
                parameters_seen: false,
            },
            b'P' => {
                Expect::DescribePortal { portal: self.store.portal(name).cloned(), ours: false }
            }
            _ => return Err(Malformed),
        };
        self.unsynced = true;
        self.send(Peer::Upstream, message);
        self.owed.push_back(expect);
        Ok(())
    }

    fn close(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let kind = body.u8()?;
        let name = body.cstr()?;
        body.end()?;
        let rename = match kind {
            b'S' => self.store.drop_statement(name, self.segment),
            b'P' => self.store.drop_portal(name, self.segment),
            _ => return Err(Malformed),
        };
        self.unsynced = true;
        self.send(Peer::Upstream, message);
        self.owed.push_back(Expect::Close { rename });
        Ok(())
    }

    fn function_call(&mut self, message: Bytes) -> Result<(), Malformed> {
        let mut body = Body::new(body_of(&message));
        let oid = body.u32()?;
        let catalogue = self.library.catalogue();
        let text = match catalogue.function_name(oid) {
            Some((schema, name)) => {
                format!("SELECT {}.{}()", quoted(schema), quoted(name))
            }
            None => format!("function {oid}"),
        };
        let mut reading = if catalogue.function_name(oid).is_some() {
            self.read(text.as_bytes())
        } else {
            Arc::new(self.opaque("it calls a function by a number that is not known"))
        };
        if !reading.exposure.opaque {
            // A result without a description: what it shows cannot be told.
            let mut all = reading.joined([]);
            all.exposure.classes.extend(self.library.ruled().iter().cloned());
            reading = Arc::new(all);
        }
        let what = What::Function { message, reading };
        self.ask(text.into(), Arc::default(), Phase::Run, what);
        Ok(())
    }

    fn sync(&mut self, message: Bytes) -> Result<(), Malformed> {
        if matches!(self.front, Front::Skipping) {
            self.front = Front::Open;
        }
        self.send(Peer::Upstream, message);
        if !self.copying_in {
            self.unsynced = false;
            let unsettled = self.end_segment();
            self.owed.push_back(Expect::Sync { unsettled });
        }
        Ok(())
    }

    /// Bulk data goes on without being taken in whole. Outside of COPY the server would ignore it.
    fn copy_data(&mut self, header: Header) -> bool {
        let wanted = !matches!(self.front, Front::Skipping) && self.expects_copy_in();
        self.to_server = if wanted {
            Passing::Forward(header.total())
        } else {
            Passing::Drop(header.total(), None)
        };
        true
    }

    /// Whether something that was sent may be a COPY that reads from the client.
    pub(super) fn expects_copy_in(&self) -> bool {
        let reads = |reading: &Reading| {
            reading.exposure.opaque
                || reading.uses_earlier
                || reading.statements.iter().any(|one| one.effect == sql::Effect::CopyIn)
        };
        self.copying_in
            || self.owed.iter().any(|owed| owed.running().is_some_and(|run| reads(&run.reading)))
    }

    fn copy_end(&mut self, message: Bytes) {
        if !self.expects_copy_in() {
            return;
        }
        self.send(Peer::Upstream, message);
        if self.copying_in {
            self.copying_in = false;
        } else {
            self.owed.push_back(Expect::CopyEnd);
        }
    }

    fn forward(&mut self, left: usize) -> bool {
        // Whole messages that follow in the same piece go along.
        let mut span = left;
        if let Some(mut rest) = self.client.front().get(left..) {
            while rest.first() == Some(&frontend::COPY_DATA)
                && let Some(&[_, a, b, c, d]) = rest.first_chunk::<HEADER>()
                && let length @ 4.. = u32::from_be_bytes([a, b, c, d]) as usize
                && let Some(next) = rest.get(1 + length..)
            {
                span += 1 + length;
                rest = next;
            }
        }
        let piece = self.client.take_some(span);
        if piece.is_empty() {
            return false;
        }
        let left = span - piece.len();
        self.to_server = if left > 0 { Passing::Forward(left) } else { Passing::None };
        self.record_copy_in(&piece);
        self.send(Peer::Upstream, piece);
        true
    }

    /// Bulk data of the client's, message headers and all, up to the cap.
    fn record_copy_in(&mut self, piece: &Bytes) {
        let cap = self.cap;
        let Some(running) = self.owed.iter_mut().find_map(Expect::running_mut) else { return };
        let answer = &mut running.result;
        answer.bytes += piece.len() as u64;
        if answer.cut {
            return;
        }
        let room = usize::try_from(cap.bytes.saturating_sub(answer.kept_bytes)).unwrap_or(0);
        let kept = piece.slice(..piece.len().min(room));
        answer.kept_bytes += kept.len() as u64;
        answer.cut = kept.len() < piece.len();
        let (number, cut) = (running.number, answer.cut);
        if !kept.is_empty() {
            let event = Event::Bulk { number, to_client: false, data: kept };
            self.steps.push_back(Step::Record(event));
        }
        if cut {
            self.steps.push_back(Step::Record(Event::Cut { number }));
        }
    }

    fn discard(&mut self, left: usize, too_large: Option<TooLarge>) -> bool {
        let dropped = self.client.take_some(left).len();
        if dropped == 0 {
            return false;
        }
        if dropped < left {
            self.to_server = Passing::Drop(left - dropped, too_large);
            return true;
        }
        self.to_server = Passing::None;
        let limit = self.message_limit;
        let error = Report::error(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            format!("the message is longer than the {limit} bytes the gateway takes"),
        )
        .hint("Send bulk data with COPY, or in smaller statements.");
        match too_large {
            Some(_) if matches!(self.front, Front::Skipping) => {}
            Some(TooLarge::Simple) => self.refuse_simple(&error),
            Some(TooLarge::Extended) => self.refuse_extended(&error),
            None => {}
        }
        true
    }

    /// A message that is not taken in whole, and how it is then refused.
    fn too_large(&self, header: Header) -> Option<Option<TooLarge>> {
        if header.total() <= self.message_limit {
            return None;
        }
        Some(match header.tag {
            frontend::QUERY | frontend::FUNCTION_CALL => Some(TooLarge::Simple),
            frontend::PARSE | frontend::BIND => Some(TooLarge::Extended),
            _ => return None,
        })
    }

    /// Whether this message waits until the catalogue was read again.
    fn must_look_up(&mut self, header: Header) -> bool {
        let reads = matches!(
            header.tag,
            frontend::QUERY | frontend::PARSE | frontend::EXECUTE | frontend::FUNCTION_CALL
        );
        if !reads || self.read_anyway || matches!(self.front, Front::Skipping) {
            return false;
        }
        if self.client.len() < header.total() || !self.must_refresh() {
            return false;
        }
        let ticket = self.ticket();
        self.front = Front::Refreshing(ticket);
        self.steps.push_back(Step::Refresh(ticket));
        true
    }

    pub(super) fn too_many_names(&mut self) {
        let error = Report::error(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            "the session holds too many prepared statements, portals or cursors",
        )
        .hint("Close those that are no longer needed.");
        self.refuse_extended(&error);
    }
}

/// The body of a whole message.
pub(super) fn body_of(message: &Bytes) -> &[u8] {
    message.get(HEADER..).unwrap_or_default()
}

fn only_cstr(message: &Bytes) -> Result<Bytes, Malformed> {
    let mut body = Body::new(body_of(message));
    let text = body.cstr()?;
    body.end()?;
    Ok(message.slice_ref(text))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads what follows the names in a Bind to its end; answers the formats of the result.
fn result_formats(body: &mut Body<'_>) -> Result<Arc<[i16]>, Malformed> {
    for _ in 0..body.u16()? {
        body.i16()?;
    }
    for _ in 0..body.u16()? {
        body.value()?;
    }
    let formats = (0..body.u16()?).map(|_| body.i16()).collect::<Result<Arc<[i16]>, _>>()?;
    body.end()?;
    Ok(formats)
}

fn parameters(bind: &[u8], prepared: &Prepared) -> Result<Arc<[Parameter]>, Malformed> {
    let mut body = Body::new(bind);
    let formats = (0..body.u16()?).map(|_| body.i16()).collect::<Result<Vec<_>, _>>()?;
    let count = usize::from(body.u16()?);
    let format = |index: usize| match formats.as_slice() {
        [] => 0,
        [all] => *all,
        each => each.get(index).copied().unwrap_or(0),
    };
    let value = |index| {
        let value = body.value()?;
        Ok(types::parameter(prepared.type_of(index), format(index) != 0, value))
    };
    (0..count).map(value).collect()
}

/// A Describe of a portal, to be sent before its Execute.
pub(super) fn describe_portal(name: &[u8]) -> Bytes {
    let mut message = Vec::with_capacity(HEADER + 2 + name.len());
    crate::postgres::frame::message(&mut message, frontend::DESCRIBE, |out| {
        out.push(b'P');
        crate::postgres::frame::put_cstr(out, name);
    });
    message.into()
}
