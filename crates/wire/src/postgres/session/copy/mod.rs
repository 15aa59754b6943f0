//! COPY … TO STDOUT: rows without a description, in one of three formats.

mod binary;
mod csv;
mod text;

use bytes::{Buf, Bytes, BytesMut};
use model::ValueFormat;
use sql::{CopyFormat, CopyOut, CopySource};

use super::plan::{Ground, Plan, Promise};
use super::view::View;
use crate::postgres::catalogue::{Carried, Catalogue};
use crate::postgres::frame::{Body, HEADER, Malformed, backend, message};

/// A row longer than this is not masked and so not shown.
const LONGEST_ROW: usize = 64 << 20;

/// Masks the rows of one COPY as they stream by, however they are cut into messages.
pub(super) struct CopyMasker {
    plan: Plan,
    format: Format,
    /// What arrived of a row that is not complete.
    partial: BytesMut,
    /// Rows that were left out and not asked for yet.
    denied: u64,
}

enum Format {
    Text(text::Reader),
    Csv(csv::Reader),
    Binary(binary::Reader),
}

impl CopyMasker {
    /// For a COPY whose CopyOutResponse has this body.
    pub(super) fn new(
        copy: &CopyOut,
        response: &[u8],
        ground: &Ground<'_>,
    ) -> Result<Self, Malformed> {
        let mut body = Body::new(response);
        let binary = body.u8()? != 0;
        let count = usize::from(body.u16()?);
        let format = match (&copy.format, binary) {
            (CopyFormat::Text(format), false) => Format::Text(text::Reader::new(format)),
            (CopyFormat::Csv(format), false) => Format::Csv(csv::Reader::new(format)),
            (CopyFormat::Binary, true) => Format::Binary(binary::Reader::default()),
            // The server does something else than the statement said.
            _ => return Err(Malformed),
        };
        let plan = plan(copy, count, binary, ground);
        Ok(Self { plan, format, partial: BytesMut::new(), denied: 0 })
    }

    /// For one of which nothing is masked.
    pub(super) fn clear() -> Self {
        Self {
            plan: Plan::bare(Vec::new(), ValueFormat::Text),
            format: Format::Binary(binary::Reader::default()),
            partial: BytesMut::new(),
            denied: 0,
        }
    }

    pub(super) const fn is_clear(&self) -> bool {
        self.plan.is_clear()
    }

    /// Masks a span of whole CopyData messages; answers with the messages to send on.
    pub(super) fn span(&mut self, mut span: Bytes, view: &View) -> Result<Bytes, Malformed> {
        let mut out = Vec::with_capacity(span.len() + span.len() / 8 + 64);
        while span.len() >= HEADER {
            let length = span.get(1..HEADER).ok_or(Malformed)?;
            let length = u32::from_be_bytes(length.try_into().map_err(|_| Malformed)?) as usize;
            if span.len() <= length {
                return Err(Malformed);
            }
            let mut one = span.split_to(1 + length);
            one.advance(HEADER);
            self.body(&one, view, &mut out)?;
        }
        Ok(out.into())
    }

    /// How many rows were left out since it was asked last.
    pub(super) fn take_denied(&mut self) -> u64 {
        std::mem::take(&mut self.denied)
    }

    /// The stream is over: nothing may be left.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.partial.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn body(&mut self, body: &[u8], view: &View, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if !self.partial.is_empty() {
            if self.partial.len() + body.len() > LONGEST_ROW {
                return Err(Malformed);
            }
            self.partial.extend_from_slice(body);
            let joined = std::mem::take(&mut self.partial);
            return self.units(&joined, view, out);
        }
        self.units(body, view, out)
    }

    /// Rewrites every complete row of `data` into one message; keeps what is left for the next.
    fn units(&mut self, data: &[u8], view: &View, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut rest = data;
        let mut result = Ok(());
        let before = out.len();
        message(out, backend::COPY_DATA, |out| {
            while result.is_ok() && !rest.is_empty() {
                let start = out.len();
                let (end, denied) = match &mut self.format {
                    Format::Text(one) => (one.row(rest, &self.plan, view, out), &mut one.denied),
                    Format::Csv(one) => (one.row(rest, &self.plan, view, out), &mut one.denied),
                    Format::Binary(one) => (one.unit(rest, &self.plan, view, out), &mut one.denied),
                };
                if std::mem::take(denied) {
                    out.truncate(start);
                    // What is not whole yet comes again.
                    self.denied += u64::from(matches!(end, Ok(Some(_))));
                }
                match end {
                    Ok(Some(end)) => rest = rest.get(end..).unwrap_or_default(),
                    Ok(None) => break,
                    Err(malformed) => result = Err(malformed),
                }
            }
        });
        result?;
        if out.len() == before + HEADER && !data.is_empty() {
            // Not one row was complete: there is nothing to send yet.
            out.truncate(before);
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }
}

fn plan(copy: &CopyOut, count: usize, binary: bool, ground: &Ground<'_>) -> Plan {
    let format = if binary { ValueFormat::Binary } else { ValueFormat::Text };
    let columns = match &copy.source {
        CopySource::Query => {
            let column = |index| (ground.undescribed(index, count), Promise::TEXT);
            (0..count).map(column).collect()
        }
        CopySource::Table { name, columns } => {
            let table = ground.catalogue.resolve(&name.schema, &name.name);
            let known = table.map(|table| table_columns(ground.catalogue, table, columns));
            match known {
                Some(known) if known.len() == count => known
                    .into_iter()
                    .map(|(column, promise)| {
                        let column = column.as_ref().map(|(number, carried)| (*number, &**carried));
                        (ground.column_of(table, column), promise)
                    })
                    .collect(),
                // The table is not the one we know.
                _ => (0..count).map(|_| (ground.column_of(None, None), Promise::TEXT)).collect(),
            }
        }
    };
    Plan::bare(columns, format)
}

/// Its number and what it carries, where it is known, and what its values may be.
type TableColumn = (Option<(i16, std::sync::Arc<Carried>)>, Promise);

fn table_columns(catalogue: &Catalogue, table: u32, named: &[String]) -> Vec<TableColumn> {
    let column = |(number, entry): (i16, &crate::postgres::catalogue::ColumnEntry)| {
        let promise = Promise::of(catalogue, entry.type_oid, entry.not_null);
        (Some((number, std::sync::Arc::clone(&entry.carried))), promise)
    };
    if named.is_empty() {
        return catalogue
            .numbered(table)
            .filter(|(_, entry)| !entry.generated)
            .map(column)
            .collect();
    }
    let find = |name: &String| {
        let entry = catalogue.numbered(table).find(|(_, entry)| *entry.name == **name);
        entry.map_or((None, Promise::TEXT), column)
    };
    named.iter().map(find).collect()
}

#[cfg(test)]
mod tests;
