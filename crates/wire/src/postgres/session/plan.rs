//! What is done to each column of a result.

use std::sync::Arc;

use bytes::Bytes;
use mask::{Cell, JsonPath, Operator, ValueType};
use model::{Classes, Column, Masked, ValueFormat};

use super::view::View;
use super::voting::Watch;
use crate::postgres::catalogue::{Carried, Catalogue, ColumnEntry, FIRST_NORMAL_OBJECT};
use crate::postgres::frame::{Body, HEADER, Malformed};
use crate::postgres::library::{Reading, Results, Votes};
use crate::postgres::types;

/// The columns of a result as the server described them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) columns: Vec<RawColumn>,
    /// The description's body: another with the same one need not be read.
    pub(super) body: Box<[u8]>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawColumn {
    pub(super) name: String,
    /// The table it comes from, 0 when it is no plain column.
    pub(super) table: u32,
    /// Its number in that table.
    pub(super) number: i16,
    pub(super) type_oid: u32,
    pub(super) format: i16,
}

impl Described {
    /// Reads a RowDescription's body.
    pub(super) fn parse(whole: &[u8]) -> Result<Self, Malformed> {
        let mut body = Body::new(whole);
        let count = usize::from(body.u16()?);
        // A column takes at least nineteen bytes: the count is no reason to allocate more than is there.
        let mut columns = Vec::with_capacity(count.min(body.rest().len() / 19 + 1));
        for _ in 0..count {
            let name = String::from_utf8_lossy(body.cstr()?).into_owned();
            let table = body.u32()?;
            let number = body.i16()?;
            let type_oid = body.u32()?;
            let _size = body.i16()?;
            let _modifier = body.i32()?;
            let format = body.i16()?;
            columns.push(RawColumn { name, table, number, type_oid, format });
        }
        body.end()?;
        Ok(Self { columns, body: whole.into() })
    }

    /// The same columns, of tables that nobody knows: any value may be in them.
    pub(super) fn of_unknown_tables(&self) -> Self {
        const NO_TABLE: u32 = u32::MAX;
        let unknown = |column: &RawColumn| RawColumn { table: NO_TABLE, ..column.clone() };
        Self { columns: self.columns.iter().map(unknown).collect(), body: Box::default() }
    }
}

/// One mask for each column, made once for a result and used for each of its rows.
pub(super) struct Plan {
    columns: Vec<ColumnPlan>,
    /// Columns behind this many are not looked at.
    interesting: usize,
    /// Columns whose values are counted.
    watch: Watch,
}

struct ColumnPlan {
    mask: Mask,
    value_type: ValueType,
    format: ValueFormat,
    /// Whoever reads it is promised a value.
    not_null: bool,
    /// What a masked enum becomes where it must be a value.
    label: Option<Box<str>>,
}

/// What is known of a value by the column it comes from.
pub(super) struct Promise {
    value_type: ValueType,
    not_null: bool,
    label: Option<Box<str>>,
}

impl Promise {
    /// A text, or NULL.
    pub(super) const TEXT: Self =
        Self { value_type: ValueType::Text, not_null: false, label: None };

    pub(super) fn of(catalogue: &Catalogue, type_oid: u32, not_null: bool) -> Self {
        Self {
            value_type: catalogue.value_type(type_oid),
            not_null,
            label: catalogue.label(type_oid).map(Into::into),
        }
    }
}

impl ColumnPlan {
    fn new(mask: Mask, promise: Promise, format: ValueFormat) -> Self {
        let Promise { value_type, not_null, label } = promise;
        Self { mask, value_type, format, not_null, label }
    }

    fn cell(&self) -> Cell<'_> {
        let cell = Cell::new(self.value_type, self.format).not_null(self.not_null);
        self.label.as_deref().map_or(cell, |label| cell.labelled(label))
    }

    /// Masks parts of a document, and searches the rest.
    fn parts(
        &self,
        parts: &[(JsonPath, Operator)],
        value: &[u8],
        view: &View,
        out: &mut Vec<u8>,
    ) -> Masked {
        let mut masked = Vec::new();
        let (ty, format) = (self.value_type, self.format);
        let first = mask::mask_json_paths(parts, ty, format, value, &mut masked);
        let left = match first {
            Masked::Null => return Masked::Null,
            Masked::Kept => value,
            Masked::Replaced => &masked,
        };
        match (view.detectors.mask_value(ty, format, left, out), first) {
            (Masked::Kept, Masked::Replaced) => {
                out.extend_from_slice(&masked);
                Masked::Replaced
            }
            (found, _) => found,
        }
    }
}

/// What is done to one column.
pub(super) enum Mask {
    /// It may pass.
    Clear,
    /// It is searched for what must not show.
    Scan,
    /// It is masked as a whole, for these classes.
    Whole(Operator, Classes),
    /// Parts of it are masked, for these classes, and the rest is searched.
    Parts(Vec<(JsonPath, Operator)>, Classes),
}

/// What a plan is made from.
pub(super) struct Ground<'a> {
    pub(super) reading: &'a Reading,
    /// What the result of the statement at work carries, when that is known.
    pub(super) results: Option<&'a Results>,
    /// Of the exposure's classes, those that must not show.
    pub(super) exposed: &'a Classes,
    pub(super) view: &'a View,
    pub(super) catalogue: &'a Catalogue,
    pub(super) votes: &'a Votes,
}

impl Ground<'_> {
    /// What is done to one column of a described result with `count` columns. Where the text and the
    /// server's description say different things, what either says holds.
    fn mask(&self, index: usize, count: usize, column: &RawColumn) -> Mask {
        let traced = self.results.and_then(|results| results.at(index, count));
        if column.table == 0 {
            return self.expression(traced);
        }
        if let Some(entry) = self.catalogue.column(column.table, column.number) {
            // The document itself, and nothing else besides: its parts are known.
            if !entry.json.is_empty() && traced.as_ref().is_none_or(|one| *one == *entry.carried) {
                return self.parts(entry);
            }
            let mut carried = traced.unwrap_or_default();
            carried.join(&entry.carried);
            return match self.carrying(&carried) {
                Mask::Scan => self.voted(column.table, column.number),
                mask => mask,
            };
        }
        if column.table < FIRST_NORMAL_OBJECT {
            // The server's own catalogue shows values only in places that make a statement opaque.
            return match traced {
                None if !self.reading.exposure.opaque => self.scan(),
                traced => self.expression(traced),
            };
        }
        // A table nobody knows: it may be any.
        if self.view.hides_columns() { self.redact(self.view.hidden()) } else { self.scan() }
    }

    /// What is done to a column of documents.
    fn parts(&self, entry: &ColumnEntry) -> Mask {
        let value = self.view.hidden_of(&entry.carried.value);
        if !value.is_empty() {
            return self.whole(value);
        }
        let mut classes = Classes::new();
        let mut parts = Vec::new();
        for (path, class) in entry.json.iter() {
            if self.view.hides(class) {
                parts.push((path.clone(), self.view.treatments.of(class)));
                classes.insert(class.clone());
            }
        }
        if parts.is_empty() { self.scan() } else { Mask::Parts(parts, classes) }
    }

    /// What is done to a column that is no plain column of a table.
    fn expression(&self, traced: Option<Carried>) -> Mask {
        match traced {
            Some(carried) => self.carrying(&carried),
            None if self.exposed.is_empty() => self.scan(),
            None => self.redact(self.exposed),
        }
    }

    fn carrying(&self, carried: &Carried) -> Mask {
        let value = self.view.hidden_of(&carried.value);
        let mut computed = self.view.hidden_of(&carried.computed);
        computed.extend(self.view.hidden_facts(&carried.fact));
        if value.is_empty() && computed.is_empty() {
            return self.scan();
        }
        if computed.is_empty() {
            return self.whole(value);
        }
        computed.extend(value);
        self.redact(&computed)
    }

    /// What is done to a column of a known table that no rule gives a class: where it is searched by
    /// content, and its values said what it holds, it is masked as that.
    fn voted(&self, table: u32, number: i16) -> Mask {
        let class = self.votes.convicted(self.catalogue, table, number);
        match class.filter(|class| self.view.seeks(class)) {
            Some(class) => self.whole(std::iter::once(class).collect()),
            None => self.scan(),
        }
    }

    /// What masks a value of these classes.
    fn whole(&self, classes: Classes) -> Mask {
        let operator = self.view.treatments.operator_for(&classes, false);
        Mask::Whole(operator.unwrap_or(Operator::Redact), classes)
    }

    /// What masks something that is made of values of these classes, or of which nobody knows what it
    /// is: nothing of it is kept.
    fn redact(&self, classes: &Classes) -> Mask {
        let operator = self.view.treatments.operator_for(classes, true);
        Mask::Whole(operator.unwrap_or(Operator::Redact), classes.clone())
    }

    fn scan(&self) -> Mask {
        if self.view.detectors.is_none() { Mask::Clear } else { Mask::Scan }
    }

    /// What is done to a column of this table's, when rows come without a description (COPY).
    pub(super) fn column_of(&self, table: Option<u32>, column: Option<(i16, &Carried)>) -> Mask {
        match (table, column) {
            (Some(table), Some((number, carried))) => match self.carrying(carried) {
                Mask::Scan => self.voted(table, number),
                mask => mask,
            },
            _ if self.view.hides_columns() => self.redact(self.view.hidden()),
            _ => self.scan(),
        }
    }

    /// What is done to a column of a query whose rows come without a description (COPY).
    pub(super) fn undescribed(&self, index: usize, count: usize) -> Mask {
        self.expression(self.results.and_then(|results| results.at(index, count)))
    }
}

impl Plan {
    /// Makes the masks of a described result. `formats` are those of Bind, which a description of a
    /// statement does not know; `None` takes those of the description.
    pub(super) fn new(described: &Described, formats: Option<&[i16]>, ground: &Ground<'_>) -> Self {
        let count = described.columns.len();
        let columns = described.columns.iter().enumerate().map(|(index, column)| {
            let entry = ground.catalogue.column(column.table, column.number);
            let not_null = entry.is_some_and(|entry| entry.not_null);
            let promise = Promise::of(ground.catalogue, column.type_oid, not_null);
            let format = value_format(format_of(formats, index, column.format));
            ColumnPlan::new(ground.mask(index, count, column), promise, format)
        });
        Self::of(columns.collect())
    }

    /// Makes a plan of masks for values of known types that are not described.
    pub(super) fn bare(masks: Vec<(Mask, Promise)>, format: ValueFormat) -> Self {
        let column = |(mask, promise)| ColumnPlan::new(mask, promise, format);
        Self::of(masks.into_iter().map(column).collect())
    }

    fn of(columns: Vec<ColumnPlan>) -> Self {
        let clear = |column: &ColumnPlan| {
            matches!(column.mask, Mask::Clear)
                || (matches!(column.mask, Mask::Scan) && !column.value_type.is_searched())
        };
        let interesting =
            columns.iter().rposition(|column| !clear(column)).map_or(0, |last| last + 1);
        Self { columns, interesting, watch: Watch::default() }
    }

    /// Lets everything pass.
    pub(super) fn passing() -> Self {
        Self::of(Vec::new())
    }

    /// The same, and these columns' values are counted.
    pub(super) fn watching(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// The columns whose values are counted.
    pub(super) const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Whether rows can pass, and none of their values is counted.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_clear() && self.watch.is_empty()
    }

    /// Whether rows can pass as they are.
    pub(super) const fn is_clear(&self) -> bool {
        self.interesting == 0
    }

    /// The result's columns for the recording.
    pub(super) fn columns(
        plan: Option<&Self>,
        described: &Described,
        formats: Option<&[i16]>,
        catalogue: &Catalogue,
    ) -> Arc<[Column]> {
        let columns = described.columns.iter().enumerate().map(|(index, column)| Column {
            name: column.name.clone(),
            type_name: types::type_name(column.type_oid, catalogue),
            format: value_format(format_of(formats, index, column.format)),
            masked: match plan.and_then(|plan| plan.columns.get(index)).map(|column| &column.mask) {
                Some(Mask::Whole(_, classes) | Mask::Parts(_, classes)) => classes.clone(),
                Some(Mask::Clear | Mask::Scan) | None => Classes::new(),
            },
        });
        columns.collect()
    }

    /// Whether a row with a value in this column must not show.
    pub(super) fn denies(&self, index: usize) -> bool {
        let mask = self.columns.get(index).map(|column| &column.mask);
        matches!(mask, Some(Mask::Whole(Operator::DenyRow, _)))
    }

    /// Masks one value.
    #[inline]
    pub(super) fn value(
        &self,
        index: usize,
        value: &[u8],
        view: &View,
        out: &mut Vec<u8>,
    ) -> Masked {
        let Some(column) = self.columns.get(index) else { return Masked::Null };
        match &column.mask {
            Mask::Clear => Masked::Kept,
            Mask::Scan => view.detectors.mask_value(column.value_type, column.format, value, out),
            Mask::Whole(operator, _) => mask::mask_cell(operator, &column.cell(), value, out),
            Mask::Parts(parts, _) => column.parts(parts, value, view, out),
        }
    }

    /// Masks a span of whole DataRow messages, and says how many rows it took out. What does not change
    /// is not copied: a span in which nothing changes is handed back as it is.
    pub(super) fn rows(&self, span: &Bytes, view: &View) -> Result<(Bytes, u64), Malformed> {
        let mut rows = Rewriter::new(span);
        let mut denied = 0;
        while rows.row < span.len() {
            denied += u64::from(!self.row(&mut rows, view)?);
        }
        Ok((rows.finish(), denied))
    }

    /// Masks the row that begins at `rows.row` and moves on to the next. `false`: it must not show.
    #[inline]
    fn row(&self, rows: &mut Rewriter<'_>, view: &View) -> Result<bool, Malformed> {
        let message = rows.input.get(rows.row..).ok_or(Malformed)?;
        let Some(&[_, a, b, c, d, e, f]) = message.first_chunk::<7>() else {
            return Err(Malformed);
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let end = rows.row + 1 + length as usize;
        if usize::from(u16::from_be_bytes([e, f])) != self.columns.len() {
            return Err(Malformed);
        }
        let mut at = rows.row + HEADER + 2;
        for (index, column) in self.columns.iter().enumerate().take(self.interesting) {
            let head = rows.input.get(at..at + 4).ok_or(Malformed)?;
            let size = i32::from_be_bytes(head.try_into().map_err(|_| Malformed)?);
            at += 4;
            // NULL has no bytes, and nothing to mask.
            let Ok(size) = usize::try_from(size) else { continue };
            let value = at..at + size;
            if value.end > end {
                return Err(Malformed);
            }
            at = value.end;
            if matches!(&column.mask, Mask::Whole(Operator::DenyRow, _)) {
                rows.drop_row(end)?;
                return Ok(false);
            }
            if !matches!(column.mask, Mask::Clear) {
                rows.value(value, |value, out| self.value(index, value, view, out))?;
            }
        }
        rows.end_row(end, length)?;
        Ok(true)
    }
}

/// Copies a span only where it changes.
struct Rewriter<'a> {
    input: &'a Bytes,
    out: Vec<u8>,
    /// How much of the input is in `out` already, changed or not.
    copied: usize,
    /// Where the row at hand begins.
    row: usize,
    /// Where the length of the row at hand stands in `out`, once something in it changed.
    length_at: Option<usize>,
    /// By how much the row at hand grew.
    grown: i64,
    /// One masked value.
    scratch: Vec<u8>,
}

impl<'a> Rewriter<'a> {
    const fn new(input: &'a Bytes) -> Self {
        Self {
            input,
            out: Vec::new(),
            copied: 0,
            row: 0,
            length_at: None,
            grown: 0,
            scratch: Vec::new(),
        }
    }

    /// Masks the value at `value`, whose length stands in the four bytes before it.
    #[inline]
    fn value(
        &mut self,
        value: std::ops::Range<usize>,
        mask: impl FnOnce(&[u8], &mut Vec<u8>) -> Masked,
    ) -> Result<(), Malformed> {
        self.scratch.clear();
        let length = match mask(self.input.get(value.clone()).ok_or(Malformed)?, &mut self.scratch)
        {
            Masked::Kept => return Ok(()),
            Masked::Replaced => i32::try_from(self.scratch.len()).map_err(|_| Malformed)?,
            Masked::Null => {
                self.scratch.clear();
                -1
            }
        };
        if self.out.capacity() == 0 {
            self.out.reserve(self.input.len() + self.input.len() / 8 + 64);
        }
        if self.length_at.is_none() {
            self.length_at = Some(self.out.len() + (self.row - self.copied) + 1);
        }
        let unchanged = self.input.get(self.copied..value.start - 4).ok_or(Malformed)?;
        self.out.extend_from_slice(unchanged);
        self.out.extend_from_slice(&length.to_be_bytes());
        self.out.extend_from_slice(&self.scratch);
        self.copied = value.end;
        self.grown += i64::from(length.max(0)) - value.len() as i64;
        Ok(())
    }

    /// The row at hand, which ends at `end`, does not go out.
    fn drop_row(&mut self, end: usize) -> Result<(), Malformed> {
        match self.length_at.take() {
            // What was copied of it begins with its tag, right before its length.
            Some(length_at) => self.out.truncate(length_at - 1),
            None => {
                let before = self.input.get(self.copied..self.row).ok_or(Malformed)?;
                self.out.extend_from_slice(before);
            }
        }
        self.grown = 0;
        self.copied = end;
        self.row = end;
        Ok(())
    }

    /// The row at hand ends at `end`; its length was `length`.
    #[inline]
    fn end_row(&mut self, end: usize, length: u32) -> Result<(), Malformed> {
        if let Some(at) = self.length_at.take() {
            let length = u32::try_from(i64::from(length) + self.grown).map_err(|_| Malformed)?;
            let slot = self.out.get_mut(at..at + 4).ok_or(Malformed)?;
            slot.copy_from_slice(&length.to_be_bytes());
            self.grown = 0;
        }
        self.row = end;
        Ok(())
    }

    fn finish(mut self) -> Bytes {
        if self.copied == 0 {
            return self.input.clone();
        }
        self.out.extend_from_slice(self.input.get(self.copied..).unwrap_or_default());
        self.out.into()
    }
}

/// The format of a column: Bind names none (all text), one for all, or one for each.
pub(super) fn format_of(formats: Option<&[i16]>, index: usize, described: i16) -> i16 {
    match formats {
        None => described,
        Some([]) => 0,
        Some([all]) => *all,
        Some(each) => each.get(index).copied().unwrap_or(0),
    }
}

pub(super) const fn value_format(code: i16) -> ValueFormat {
    if code == 0 { ValueFormat::Text } else { ValueFormat::Binary }
}
