//! Results: rows and bulk data in spans as long as they come, masked by a plan made once.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use model::{Event, Peer, Step};

use super::client::body_of;
use super::copy::CopyMasker;
use super::plan::{Described, Ground, Plan};
use super::prepared::Prepared;
use super::recent::{Beginning, Settled};
use super::running::{Columns, DescribedBefore, Expect, Running};
use super::server::Wrong;
use super::voting::{self, Watch};
use super::{Cap, Session};
use crate::postgres::catalogue::{Catalogue, FIRST_NORMAL_OBJECT};
use crate::postgres::frame::{Body, HEADER, Header, backend};
use crate::postgres::library::{Reading, Votes};
use crate::postgres::startup::is_ascii_safe;

/// A message that must be masked is taken in whole up to this size; what is longer is not shown.
const LONGEST_MASKED: usize = 64 << 20;

/// What stands behind a column's name in a RowDescription: table, number, type, size, modifier, format.
const COLUMN_NUMBERS: usize = 18;

impl Session {
    /// DataRow messages, as many as stand whole in one piece.
    pub(super) fn rows(&mut self, header: Header) -> Result<bool, Wrong> {
        let (span, count) = self.whole_messages(backend::DATA_ROW);
        if count > 0 {
            let span = self.server.take(span).ok_or(Wrong::Malformed)?;
            return self.row_span(span, count);
        }
        self.large_message(header, Self::row_span)
    }

    /// CopyData messages of the server's.
    pub(super) fn bulk(&mut self, header: Header) -> Result<bool, Wrong> {
        let (span, count) = self.whole_messages(backend::COPY_DATA);
        if count > 0 {
            let span = self.server.take(span).ok_or(Wrong::Malformed)?;
            return self.bulk_span(span, count);
        }
        self.large_message(header, Self::bulk_span)
    }

    /// How many bytes at the front are whole messages of one type, and how many those are.
    fn whole_messages(&self, tag: u8) -> (usize, u64) {
        let chunk: &[u8] = self.server.front();
        let mut rest = chunk;
        let mut count = 0;
        while let Some(&[first, a, b, c, d]) = rest.first_chunk::<HEADER>()
            && first == tag
            && let length @ 4.. = u32::from_be_bytes([a, b, c, d]) as usize
            && let Some(next) = rest.get(1 + length..)
        {
            rest = next;
            count += 1;
        }
        (chunk.len() - rest.len(), count)
    }

    /// A message that is not whole in one piece: it is waited for when it must be read, and goes by
    /// when it need not.
    fn large_message(
        &mut self,
        header: Header,
        whole: fn(&mut Self, Bytes, u64) -> Result<bool, Wrong>,
    ) -> Result<bool, Wrong> {
        self.ready_result()?;
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Err(Wrong::OutOfState);
        };
        let answer = &mut running.result;
        let masked = match header.tag {
            backend::COPY_DATA => answer.copy.as_ref().is_some_and(|copy| !copy.is_clear()),
            _ => match &answer.columns {
                Columns::Clear => false,
                Columns::Masked(plan) => !plan.is_clear(),
                Columns::Undescribed => true,
            },
        };
        let watched = header.total() <= voting::LONGEST_ROW
            && matches!(&answer.columns, Columns::Masked(plan) if !plan.watch().is_empty());
        if masked && header.total() > LONGEST_MASKED {
            return Err(Wrong::NotMasked(format!(
                "a row of {} bytes is longer than the {LONGEST_MASKED} that are looked through",
                header.total()
            )));
        }
        let fits = header.total() as u64 <= self.cap.bytes.saturating_sub(answer.kept_bytes);
        if masked || watched || (fits && !answer.cut) {
            return match self.server.take(header.total()) {
                Some(message) => whole(self, message, 1),
                None => Ok(false),
            };
        }
        answer.rows += 1;
        answer.bytes += header.total() as u64;
        let number = running.number;
        if !std::mem::replace(&mut answer.cut, true) {
            self.steps.push_back(Step::Record(Event::Cut { number }));
        }
        self.to_client = header.total();
        Ok(true)
    }

    fn row_span(&mut self, span: Bytes, count: u64) -> Result<bool, Wrong> {
        self.ready_result()?;
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Err(Wrong::OutOfState);
        };
        if running.result.copy.is_some() {
            return Err(Wrong::OutOfState);
        }
        let (span, denied) = match &running.result.columns {
            Columns::Clear => (span, 0),
            Columns::Masked(plan) => {
                plan.watch().count(&span, self.library.votes());
                if plan.is_clear() { (span, 0) } else { plan.rows(&span, &running.view)? }
            }
            Columns::Undescribed => return Err(Wrong::OutOfState),
        };
        running.result.denied += denied;
        if span.is_empty() {
            return Ok(true);
        }
        let count = count.saturating_sub(denied);
        record_rows(running, &span, count, self.cap, &mut self.steps);
        self.send(Peer::Client, span);
        Ok(true)
    }

    fn bulk_span(&mut self, span: Bytes, count: u64) -> Result<bool, Wrong> {
        let cap = self.cap;
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Err(Wrong::OutOfState);
        };
        let number = running.number;
        let Some(copy) = &mut running.result.copy else { return Err(Wrong::OutOfState) };
        let span = if copy.is_clear() { span } else { copy.span(span, &running.view)? };
        let denied = copy.take_denied();
        let answer = &mut running.result;
        answer.rows += count.saturating_sub(denied);
        answer.denied += denied;
        answer.bytes += span.len() as u64;
        if !answer.cut {
            let room = usize::try_from(cap.bytes.saturating_sub(answer.kept_bytes)).unwrap_or(0);
            let kept = span.slice(..span.len().min(room));
            answer.kept_bytes += kept.len() as u64;
            answer.cut = kept.len() < span.len();
            if !kept.is_empty() {
                let event = Event::Bulk { number, to_client: true, data: kept };
                self.steps.push_back(Step::Record(event));
            }
            if answer.cut {
                self.steps.push_back(Step::Record(Event::Cut { number }));
            }
        }
        self.send(Peer::Client, span);
        Ok(true)
    }

    /// The first row of an Execute: its columns were described before, for the client or for us.
    fn ready_result(&mut self) -> Result<(), Wrong> {
        if self.running().is_none_or(|running| running.result.begun) {
            return Ok(());
        }
        self.learn_names();
        let Some(Expect::Execute(running)) = self.owed.front_mut() else { return Ok(()) };
        running.result.begun = true;
        let formats = running.portal.as_ref().map(|portal| Arc::clone(&portal.formats));
        let prepared = running.prepared.clone();
        let described = match running.described.take() {
            Some(known) if known.version == self.library.version() => Some(known.columns),
            Some(known) => {
                let reading = Arc::clone(&running.reading);
                Some(self.unless_changed(known, &reading, prepared.as_deref()))
            }
            // The description that was asked for right before it is the last one.
            None => prepared.and_then(|prepared| prepared.last_described()),
        };
        let Some(described) = described else {
            // Without a description nothing can be masked, so nothing that must be may be shown.
            return match self.running().map(|running| &running.result.columns) {
                Some(Columns::Clear) => Ok(()),
                _ => Err(Wrong::OutOfState),
            };
        };
        self.start_result(&described, formats.as_ref())
    }

    /// The catalogue was read anew while the server was at work. Where names or tables are no longer
    /// what they were, nobody knows what the columns are.
    fn unless_changed(
        &self,
        known: DescribedBefore,
        reading: &Reading,
        prepared: Option<&Prepared>,
    ) -> Arc<Described> {
        let now = self.library.catalogue();
        let tables_stand = known.columns.columns.iter().all(|column| {
            column.table < FIRST_NORMAL_OBJECT || now.agrees(&known.catalogue, column.table)
        });
        let meaning_stands = !reading.uses_earlier
            && prepared.is_some_and(|one| self.reading_of(one).understood == reading.understood);
        if tables_stand && meaning_stands {
            return known.columns;
        }
        Arc::new(known.columns.of_unknown_tables())
    }

    /// A result begins. `formats` are those of Bind, where there was one.
    pub(super) fn start_result(
        &mut self,
        described: &Arc<Described>,
        formats: Option<&Arc<[i16]>>,
    ) -> Result<(), Wrong> {
        let (catalogue, version) = self.library.snapshot();
        if let Some(running) = self.running()
            && let Some(why) =
                self.cannot_be_searched(described, formats.map(|formats| &**formats), &running.view)
        {
            return Err(Wrong::NotMasked(why));
        }
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Ok(());
        };
        let beginning = Beginning { described, formats, running, version };
        let settled = match self.recent.settled(&beginning) {
            Some(settled) => settled.clone(),
            None => {
                let settled = settle(&beginning, &catalogue, self.library.votes());
                self.recent.keep(&beginning, settled.clone());
                settled
            }
        };
        running.result.columns = settled.plan.map_or(Columns::Clear, Columns::Masked);
        running.result.begun = true;
        let number = running.number;
        self.steps.push_back(Step::Record(Event::Columns { number, columns: settled.columns }));
        Ok(())
    }

    /// A result that the statement at work does not have by its text, or a second one, is that of a
    /// rule of somebody's: nobody knows what is in it.
    pub(super) fn doubt_result(&mut self) {
        let any = self.opaque("").exposure;
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else { return };
        let none = running.current().is_some_and(|one| one.outputs == sql::Outputs::None);
        if running.reading.uses_earlier || !(none || running.result.begun) {
            return;
        }
        let mut reading = running.reading.joined([(usize::MAX, &Reading::showing(any, None))]);
        // What its text says of its columns is not what these are.
        reading.results.clear();
        running.exposed = running.view.hidden_of(&reading.exposure.classes);
        running.reading = Arc::new(reading);
    }

    /// Masks what stands in names of a result's columns, unless it stands in the statement: an
    /// expression's name is the text's, but that of a table's column may be made of anything.
    pub(super) fn mask_names(&self, message: Bytes) -> Result<Bytes, Wrong> {
        let (view, text) = match self.owed.front() {
            Some(Expect::DescribeStatement { prepared, .. }) => {
                (&self.view, prepared.as_ref().map(|one| one.text.clone()))
            }
            Some(Expect::DescribePortal { portal, .. }) => {
                let prepared = portal.as_ref().and_then(|one| one.prepared.as_ref());
                (&self.view, prepared.map(|one| one.text.clone()))
            }
            other => match other.and_then(Expect::running) {
                Some(running) => (&running.view, Some(running.text.clone())),
                None => return Ok(message),
            },
        };
        if message.first() != Some(&backend::ROW_DESCRIPTION) || view.detectors.is_none() {
            return Ok(message);
        }
        let text = text.unwrap_or_default();
        let mut body = Body::new(body_of(&message));
        let mut out = BytesMut::from(message.get(..HEADER + 2).unwrap_or_default());
        let mut changed = false;
        let mut masked = Vec::new();
        for _ in 0..body.u16()? {
            let name = body.cstr()?;
            masked.clear();
            let found = view.detectors.mask_text(name, &mut masked)
                && memchr::memmem::find(&text, name).is_none();
            changed |= found;
            out.put_slice(if found { &masked } else { name });
            out.put_u8(0);
            let rest = body.rest();
            out.put_slice(rest.get(..COLUMN_NUMBERS).ok_or(Wrong::Malformed)?);
            body = Body::new(rest.get(COLUMN_NUMBERS..).ok_or(Wrong::Malformed)?);
        }
        body.end()?;
        if !changed {
            return Ok(message);
        }
        let length = u32::try_from(out.len() - 1).map_err(|_| Wrong::Malformed)?;
        out.get_mut(1..HEADER).ok_or(Wrong::Malformed)?.copy_from_slice(&length.to_be_bytes());
        Ok(out.freeze())
    }

    /// CopyInResponse or CopyOutResponse.
    pub(super) fn copy_begins(&mut self, message: Bytes) -> Result<(), Wrong> {
        let catalogue = self.library.catalogue();
        let out = message.first() == Some(&backend::COPY_OUT_RESPONSE);
        let extended = match self.owed.front() {
            Some(Expect::Execute(_)) => true,
            Some(Expect::Query { failed: false, .. }) => false,
            _ => return Err(Wrong::OutOfState),
        };
        if !out {
            self.copy_in_begins(extended);
            self.send(Peer::Client, message);
            return Ok(());
        }
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Err(Wrong::OutOfState);
        };
        let statement = running.current().or_else(|| running.reading.only());
        let session = self.strings.ascii_safe;
        let readable =
            |copy: &sql::CopyOut| copy.encoding.as_deref().map_or(session, is_ascii_safe);
        let copy = match statement.map(|statement| &statement.effect) {
            // A delimiter must be a delimiter for rows to be taken apart.
            Some(sql::Effect::CopyOut(copy)) if !running.view.clear && readable(copy) => {
                CopyMasker::new(
                    copy,
                    body_of(&message),
                    &ground(running, &catalogue, self.library.votes()),
                )?
            }
            _ if running.view.clear => CopyMasker::clear(),
            // What is not understood cannot be masked.
            _ => return Err(Wrong::OutOfState),
        };
        running.result.copy = Some(copy);
        self.send(Peer::Client, message);
        Ok(())
    }

    /// The server takes bulk data now. It ignores each Sync it got since, up to the end of the data.
    fn copy_in_begins(&mut self, extended: bool) {
        loop {
            match self.owed.get(1) {
                Some(Expect::CopyEnd) => {
                    self.owed.remove(1);
                    return;
                }
                Some(&Expect::Sync { unsettled }) if extended => {
                    self.owed.remove(1);
                    // What it was to settle is settled by the Sync after the data.
                    self.strings.settle(unsettled);
                    self.strings.unsettled |= unsettled;
                    self.unsynced = true;
                }
                _ => break,
            }
        }
        self.copying_in = true;
    }

    pub(super) fn copy_out_ends(&mut self, message: Bytes) -> Result<(), Wrong> {
        let Some(running) = self.owed.front_mut().and_then(Expect::running_mut) else {
            return Err(Wrong::OutOfState);
        };
        let copy = running.result.copy.take().ok_or(Wrong::OutOfState)?;
        copy.finish()?;
        self.send(Peer::Client, message);
        Ok(())
    }
}

fn settle(result: &Beginning<'_>, catalogue: &Catalogue, votes: &Votes) -> Settled {
    let Beginning { described, formats, running, .. } = result;
    let formats = formats.map(|formats| &**formats);
    let watch = Watch::new(described, formats, votes, catalogue);
    let plan = if running.view.clear {
        (!watch.is_empty()).then(Plan::passing)
    } else {
        Some(Plan::new(described, formats, &ground(running, catalogue, votes)))
    };
    let plan = plan.map(|plan| plan.watching(watch));
    let columns = Plan::columns(plan.as_ref(), described, formats, catalogue);
    Settled { plan: plan.filter(|plan| !plan.is_idle()).map(Arc::new), columns }
}

fn ground<'a>(running: &'a Running, catalogue: &'a Catalogue, votes: &'a Votes) -> Ground<'a> {
    // Behind several statements in one text a result belongs to the one at work.
    Ground {
        reading: &running.reading,
        results: running.reading.results.get(running.statement).map(AsRef::as_ref),
        exposed: &running.exposed,
        view: &running.view,
        catalogue,
        votes,
    }
}

/// Keeps rows up to the cap, as the client got them.
fn record_rows(
    running: &mut Running,
    span: &Bytes,
    count: u64,
    cap: Cap,
    steps: &mut std::collections::VecDeque<Step>,
) {
    let answer = &mut running.result;
    answer.rows += count;
    answer.bytes += span.len() as u64;
    if answer.cut {
        return;
    }
    let most = cap.bytes.saturating_sub(answer.kept_bytes);
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(span.len());
    let mut data = BytesMut::with_capacity(most);
    let mut kept = 0;
    let mut rest: &[u8] = span;
    while let Some(&[_, a, b, c, d]) = rest.first_chunk::<HEADER>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let (Some(body), Some(next)) = (rest.get(HEADER..1 + length), rest.get(1 + length..))
        else {
            break;
        };
        if answer.kept_rows + kept >= cap.rows || data.len() + 4 + body.len() > most {
            break;
        }
        // The protocol's length counts itself, the recording's counts what follows it.
        data.put_u32(u32::try_from(body.len()).unwrap_or(0));
        data.put_slice(body);
        kept += 1;
        rest = next;
    }
    answer.kept_rows += kept;
    answer.kept_bytes += data.len() as u64;
    answer.cut = kept < count;
    let (number, cut) = (running.number, answer.cut);
    if kept > 0 {
        steps.push_back(Step::Record(Event::Rows { number, count: kept, data: data.freeze() }));
    }
    if cut {
        steps.push_back(Step::Record(Event::Cut { number }));
    }
}
