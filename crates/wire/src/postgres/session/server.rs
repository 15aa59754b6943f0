//! The server's messages: each is matched with what is owed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use model::{Event, Peer, Step, Violation};

use super::client::body_of;
use super::plan::Described;
use super::running::Expect;
use super::store::Renaming;
use super::{Front, Session};
use crate::postgres::error::{Report, field, sqlstate};
use crate::postgres::frame::{self, Body, HEADER, Header, Malformed, backend};
use crate::postgres::library::Exposure;

/// What a server's message can be wrong about.
pub(super) enum Wrong {
    Malformed,
    /// It answers nothing that was sent.
    OutOfState,
    /// It cannot be masked, and why.
    NotMasked(String),
}

impl From<Malformed> for Wrong {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl Session {
    /// Reads one message of the server's, or a span of rows. `false`: nothing to do.
    pub(super) fn step_server(&mut self) -> Result<bool, Violation> {
        if self.refreshing.is_some() {
            return Ok(false);
        }
        if self.to_client > 0 {
            return Ok(self.pass());
        }
        let header = self.server.header().map_err(|bad| self.bad_frame(Peer::Upstream, bad))?;
        let Some(header) = header else { return Ok(false) };
        self.server_message(header).map_err(|wrong| {
            let tag = char::from(header.tag);
            let what = match wrong {
                Wrong::Malformed => {
                    format!("a message of type {tag} that does not hold what it should")
                }
                Wrong::OutOfState => format!("a message of type {tag} that answers nothing"),
                Wrong::NotMasked(why) => return self.not_masked(why),
            };
            self.violation(Peer::Upstream, what)
        })
    }

    /// A result is on its way that must be masked and cannot be: the session ends in its place.
    fn not_masked(&self, why: String) -> Violation {
        let report = Report::fatal(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("what the target shows cannot be masked: {why}"),
        );
        Violation { by: Peer::Upstream, message: why, farewell: self.last_words(report) }
    }

    /// A message of which the rest goes by unread.
    fn pass(&mut self) -> bool {
        let piece = self.server.take_some(self.to_client);
        if piece.is_empty() {
            return false;
        }
        self.to_client -= piece.len();
        self.send(Peer::Client, piece);
        if self.to_client == 0 {
            for notice in std::mem::take(&mut self.notices) {
                self.send(Peer::Client, notice);
            }
        }
        true
    }

    fn server_message(&mut self, header: Header) -> Result<bool, Wrong> {
        while matches!(self.owed.front(), Some(Expect::CopyEnd)) {
            self.owed.pop_front();
        }
        match header.tag {
            backend::DATA_ROW => return self.rows(header),
            backend::COPY_DATA => return self.bulk(header),
            backend::ROW_DESCRIPTION if self.must_look_tables_up(header)? => return Ok(true),
            _ => {}
        }
        let Some(message) = self.server.take(header.total()) else { return Ok(false) };
        if is_answer(header.tag) && self.answers_set(&message)? {
            return Ok(true);
        }
        match header.tag {
            backend::NOTICE_RESPONSE => self.notice(&message)?,
            backend::PARAMETER_STATUS => self.parameter_status(message)?,
            backend::NOTIFICATION_RESPONSE => self.notification(message)?,
            backend::ERROR_RESPONSE => self.error(&message)?,
            backend::READY_FOR_QUERY => self.ready(message)?,
            backend::PARSE_COMPLETE | backend::BIND_COMPLETE | backend::CLOSE_COMPLETE => {
                self.done(header.tag, message)?
            }
            backend::PARAMETER_DESCRIPTION => self.parameter_description(message)?,
            backend::ROW_DESCRIPTION | backend::NO_DATA => self.description(message)?,
            backend::COMMAND_COMPLETE
            | backend::EMPTY_QUERY_RESPONSE
            | backend::PORTAL_SUSPENDED => self.complete(header.tag, message)?,
            backend::FUNCTION_CALL_RESPONSE => self.function_result(message)?,
            backend::COPY_IN_RESPONSE | backend::COPY_OUT_RESPONSE => self.copy_begins(message)?,
            backend::COPY_DONE => self.copy_out_ends(message)?,
            _ => return Err(Wrong::OutOfState),
        }
        Ok(true)
    }

    fn done(&mut self, tag: u8, message: Bytes) -> Result<(), Wrong> {
        let rename = match (tag, self.owed.pop_front()) {
            (backend::PARSE_COMPLETE, Some(Expect::Parse { rename }))
            | (backend::BIND_COMPLETE, Some(Expect::Bind { rename })) => Some(rename),
            (backend::CLOSE_COMPLETE, Some(Expect::Close { rename })) => rename,
            _ => return Err(Wrong::OutOfState),
        };
        self.keep(rename);
        self.send(Peer::Client, message);
        Ok(())
    }

    fn parameter_description(&mut self, message: Bytes) -> Result<(), Wrong> {
        let Some(Expect::DescribeStatement { prepared, parameters_seen: seen @ false }) =
            self.owed.front_mut()
        else {
            return Err(Wrong::OutOfState);
        };
        *seen = true;
        let mut body = Body::new(body_of(&message));
        let types = (0..body.u16()?).map(|_| body.u32()).collect::<Result<Arc<[u32]>, _>>()?;
        body.end()?;
        if let Some(prepared) = prepared {
            prepared.server_types(types);
        }
        self.send(Peer::Client, message);
        Ok(())
    }

    /// RowDescription or NoData.
    fn description(&mut self, message: Bytes) -> Result<(), Wrong> {
        let message = self.mask_names(message)?;
        let described = if message.first() == Some(&backend::ROW_DESCRIPTION) {
            let body = body_of(&message);
            match self.recent.described(body, self.library.version()) {
                Some(known) => Arc::clone(known),
                None => Arc::new(Described::parse(body)?),
            }
        } else {
            Arc::default()
        };
        let epoch = self.epoch();
        match self.owed.front_mut() {
            Some(Expect::DescribeStatement { prepared, parameters_seen: true }) => {
                if let Some(prepared) = prepared {
                    prepared.describe(described, epoch);
                }
                self.owed.pop_front();
                self.send(Peer::Client, message);
            }
            Some(Expect::DescribePortal { portal, ours }) => {
                let ours = *ours;
                if let Some(prepared) = portal.as_ref().and_then(|one| one.prepared.as_ref()) {
                    prepared.describe(described, epoch);
                }
                self.owed.pop_front();
                if !ours {
                    self.send(Peer::Client, message);
                }
            }
            Some(Expect::Query { .. }) => {
                self.doubt_result();
                self.start_result(&described, None)?;
                self.send(Peer::Client, message);
            }
            _ => return Err(Wrong::OutOfState),
        }
        Ok(())
    }

    /// Whether the catalogue is read again before a description is: it names a table nobody knows yet.
    fn must_look_tables_up(&mut self, header: Header) -> Result<bool, Wrong> {
        if self.view_at_front().is_none_or(|view| !view.hides_columns()) {
            return Ok(false);
        }
        let Some(message) = self.server.front().get(HEADER..header.total()) else {
            // It came in pieces: it is joined when it is taken.
            return self.join_description(header);
        };
        let (catalogue, version) = self.library.snapshot();
        if self.recent.described(message, version).is_some() {
            return Ok(false);
        }
        let described = Described::parse(message)?;
        let mut unknown = false;
        for column in &described.columns {
            if column.table != 0
                && !catalogue.knows(column.table)
                && self.not_found.len() < 4096
                && self.not_found.insert(column.table)
            {
                unknown = true;
            }
        }
        if unknown {
            let ticket = self.ticket();
            self.refreshing = Some(ticket);
            self.steps.push_back(Step::Refresh(ticket));
        }
        Ok(unknown)
    }

    fn join_description(&mut self, header: Header) -> Result<bool, Wrong> {
        let Some(whole) = self.server.take(header.total()) else { return Ok(false) };
        self.server.put_back(whole);
        self.must_look_tables_up(header)
    }

    fn view_at_front(&self) -> Option<&super::View> {
        match self.owed.front() {
            Some(Expect::DescribeStatement { .. } | Expect::DescribePortal { .. }) => {
                Some(&self.view)
            }
            other => other.and_then(Expect::running).map(|running| &*running.view),
        }
    }

    fn error(&mut self, message: &Bytes) -> Result<(), Wrong> {
        let mut report = Report::parse(backend::ERROR_RESPONSE, body_of(message))?;
        let fatal = report.is_fatal();
        if let Some(Expect::Refusal { error, refused: refused @ false, .. }) = self.owed.front_mut()
            && !fatal
        {
            *refused = true;
            let error = error.clone();
            self.failed = true;
            self.send(Peer::Client, error);
            self.skip();
            return Ok(());
        }
        let number = self.mask_report(&mut report);
        let event = Event::Failed {
            number,
            code: report.text(field::CODE).into_owned(),
            message: report.text(field::MESSAGE).into_owned(),
        };
        self.steps.push_back(Step::Record(event));
        self.send(Peer::Client, report.to_bytes());
        self.failed = true;
        self.copying_in = false;
        if fatal {
            return Ok(());
        }
        match self.owed.front_mut() {
            Some(
                Expect::Query { running, failed, .. } | Expect::Function { running, failed, .. },
            ) => {
                *failed = true;
                // Names are no part of a transaction: of several statements, those before the one that
                // failed have given and dropped theirs.
                let alone = running.reading.only().is_some();
                let renames = std::mem::take(&mut running.renames);
                if alone {
                    self.take_back(renames);
                } else {
                    renames.iter().for_each(|one| self.store.forget(one));
                }
                Ok(())
            }
            Some(Expect::SetAgain { answers, .. }) => {
                answers.clear();
                Ok(())
            }
            Some(Expect::Refusal { .. }) => Err(Wrong::OutOfState),
            Some(_) => {
                self.skip();
                Ok(())
            }
            // The server speaks up on its own: it is about to leave.
            None => Ok(()),
        }
    }

    /// The server skips what it got up to the next Sync, and so do its answers.
    fn skip(&mut self) {
        if matches!(self.owed.front(), Some(Expect::Refusal { simple: true, .. })) {
            return;
        }
        let mut undone = Vec::new();
        let mut at_work = true;
        let skipped =
            |one: &mut Expect| !matches!(one, Expect::Sync { .. } | Expect::SetAgain { .. });
        while let Some(expect) = self.owed.pop_front_if(skipped) {
            match expect {
                Expect::Execute(mut running) => {
                    undone.append(&mut running.renames);
                    if !at_work {
                        self.record_skipped(running.number);
                    }
                }
                // Only Sync ends the skipping: a simple query is skipped like the rest.
                Expect::Query { mut running, unsettled, .. }
                | Expect::Function { mut running, unsettled, .. } => {
                    undone.append(&mut running.renames);
                    self.strings.settle(unsettled);
                    self.record_skipped(running.number);
                }
                Expect::Parse { rename } | Expect::Bind { rename } => undone.push(rename),
                Expect::Close { rename } => undone.extend(rename),
                Expect::Refusal { unsettled, .. } => self.strings.settle(unsettled),
                Expect::DescribeStatement { .. }
                | Expect::DescribePortal { .. }
                | Expect::CopyEnd
                | Expect::SetAgain { .. }
                | Expect::Sync { .. } => {}
            }
            at_work = false;
        }
        self.take_back(undone);
        if self.owed.is_empty() {
            // What the client sent since, and what waits for its ruling, the server would skip too.
            if let Front::Deciding(deciding) = &self.front {
                let (number, ticket) = (deciding.number(), deciding.ticket());
                self.steps.push_back(Step::Withdraw(ticket));
                self.record_skipped(number);
            }
            self.front = Front::Skipping;
        }
    }

    /// The server did this.
    fn keep(&mut self, renames: impl IntoIterator<Item = Renaming>) {
        for rename in renames {
            self.store.keep(&rename);
        }
    }

    fn ready(&mut self, message: Bytes) -> Result<(), Wrong> {
        let mut ours = false;
        let unsettled = match self.owed.pop_front() {
            Some(Expect::Sync { unsettled }) => unsettled,
            Some(Expect::SetAgain { answers, unsettled }) if answers.is_empty() => {
                ours = true;
                unsettled
            }
            Some(
                Expect::Query { running, unsettled, .. }
                | Expect::Function { running, unsettled, .. },
            ) => {
                self.keep(running.renames);
                unsettled
            }
            Some(Expect::Refusal { simple: true, refused: true, unsettled, .. }) => unsettled,
            _ => return Err(Wrong::OutOfState),
        };
        self.copying_in = false;
        self.exposed = false;
        self.answers += 1;
        self.strings.settle(unsettled);
        self.status = *message.get(HEADER).ok_or(Wrong::Malformed)?;
        if !matches!(self.status, b'I' | b'T' | b'E') {
            return Err(Wrong::Malformed);
        }
        if self.status == b'I' {
            self.transaction = Exposure::default();
        }
        let failed = std::mem::take(&mut self.failed);
        let rolled_back = std::mem::take(&mut self.rolled_back);
        let settled = self.names.settled(self.status, failed, rolled_back);
        if settled.catalogue {
            self.library.mark_stale(settled.functions);
        } else if settled.unread {
            self.library.suspect();
        }
        if self.status == b'I' && !self.unsynced && self.owed.is_empty() {
            self.store.transaction_ended();
        }
        if !ours && self.set_application() {
            return Ok(());
        }
        self.send(Peer::Client, message);
        Ok(())
    }

    /// CommandComplete, EmptyQueryResponse or PortalSuspended: a statement is at its end, or at its
    /// most rows.
    fn complete(&mut self, tag: u8, message: Bytes) -> Result<(), Wrong> {
        let mut message = message;
        let mut done = String::new();
        if tag == backend::COMMAND_COMPLETE {
            let mut body = Body::new(body_of(&message));
            done = String::from_utf8_lossy(body.cstr()?).into_owned();
            let running = self.owed.front().and_then(Expect::running);
            let denied = running.map_or(0, |running| running.result.denied);
            if let Some(shown) = tag_of_shown(&done, denied) {
                let mut out = Vec::new();
                frame::message(&mut out, backend::COMMAND_COMPLETE, |out| {
                    out.extend_from_slice(shown.as_bytes());
                    out.push(0);
                });
                (done, message) = (shown, out.into());
            }
        }
        self.rolled_back |= done == "ROLLBACK";
        self.count_votes();
        let popped = match self.owed.front_mut() {
            Some(Expect::Query { running, failed: false, .. })
                if tag != backend::PORTAL_SUSPENDED =>
            {
                let event = finished(running, done);
                if !running.exposed.is_empty() {
                    self.transaction.join(&running.reading.exposure);
                }
                running.statement += 1;
                running.result = super::running::Answer::default();
                self.steps.push_back(Step::Record(event));
                None
            }
            Some(Expect::Execute(running)) => {
                if tag == backend::PORTAL_SUSPENDED
                    && let Some(portal) = &running.portal
                {
                    portal.suspended.store(true, Ordering::Relaxed);
                }
                let event = finished(running, done);
                self.steps.push_back(Step::Record(event));
                self.owed.pop_front()
            }
            _ => return Err(Wrong::OutOfState),
        };
        if let Some(Expect::Execute(running)) = popped {
            if !running.exposed.is_empty() {
                self.exposed = true;
                self.transaction.join(&running.reading.exposure);
            }
            self.keep(running.renames);
        }
        self.send(Peer::Client, message);
        Ok(())
    }

    fn record_skipped(&mut self, number: u64) {
        let event = Event::Failed {
            number,
            code: String::new(),
            message: "skipped by the target after an earlier error".to_owned(),
        };
        self.steps.push_back(Step::Record(event));
    }

    fn function_result(&mut self, message: Bytes) -> Result<(), Wrong> {
        let Some(Expect::Function { running, failed: false, .. }) = self.owed.front() else {
            return Err(Wrong::OutOfState);
        };
        let mut body = Body::new(body_of(&message));
        let value = body.value()?;
        body.end()?;
        let masked = value.is_some() && !running.exposed.is_empty();
        if !running.exposed.is_empty() {
            self.transaction.join(&running.reading.exposure);
        }
        let mut scanned = Vec::new();
        let scan = !masked
            && value.is_some_and(|value| running.view.detectors.mask_text(value, &mut scanned));
        let number = running.number;
        let tag = "FUNCTION CALL".to_owned();
        let bytes = message.len() as u64;
        self.steps.push_back(Step::Record(Event::Finished { number, tag, rows: 1, bytes }));
        if masked || scan {
            // A result without a type: what could stand in its place is not known, so NULL does.
            let mut out = Vec::new();
            frame::message(&mut out, backend::FUNCTION_CALL_RESPONSE, |out| {
                out.extend_from_slice(&(-1_i32).to_be_bytes());
            });
            self.send(Peer::Client, out.into());
        } else {
            self.send(Peer::Client, message);
        }
        Ok(())
    }
}

/// The tag as it would be were there no rows that may not show. How many rows a statement changed stays
/// as it is: that is what the client did.
fn tag_of_shown(tag: &str, denied: u64) -> Option<String> {
    let (verb @ ("SELECT" | "FETCH" | "COPY"), count) = tag.rsplit_once(' ')? else { return None };
    let count: u64 = count.parse().ok().filter(|_| denied > 0)?;
    Some(format!("{verb} {}", count.saturating_sub(denied)))
}

fn finished(running: &super::Running, tag: String) -> Event {
    let (rows, bytes) = (running.result.rows, running.result.bytes);
    Event::Finished { number: running.number, tag, rows, bytes }
}

/// Whether a message of the server's answers one of the client's, other than by an error.
const fn is_answer(tag: u8) -> bool {
    !matches!(
        tag,
        backend::NOTICE_RESPONSE
            | backend::PARAMETER_STATUS
            | backend::NOTIFICATION_RESPONSE
            | backend::ERROR_RESPONSE
            | backend::READY_FOR_QUERY
    )
}
