//! COPY's CSV format: values between delimiters, quoted where they must be.
//!
//! Source: PostgreSQL documentation, COPY, "CSV Format".

use model::Masked;
use sql::CsvFormat;

use super::{Malformed, Plan, View};

pub(super) struct Reader {
    delimiter: u8,
    quote: u8,
    escape: u8,
    null: Vec<u8>,
    header: bool,
    value: Vec<u8>,
    masked: Vec<u8>,
    /// The row read last must not show.
    pub(super) denied: bool,
}

/// One value as it is written.
struct Field {
    end: usize,
    quoted: bool,
}

impl Reader {
    pub(super) fn new(format: &CsvFormat) -> Self {
        Self {
            delimiter: format.delimiter,
            quote: format.quote,
            escape: format.escape,
            null: format.null.as_bytes().to_vec(),
            header: format.header,
            value: Vec::new(),
            masked: Vec::new(),
            denied: false,
        }
    }

    /// Rewrites the row at the start of `data`; answers where it ends, line break included.
    pub(super) fn row(
        &mut self,
        data: &[u8],
        plan: &Plan,
        view: &View,
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, Malformed> {
        let start = out.len();
        let mut at = 0;
        let mut index = 0;
        loop {
            let Some(field) = self.field(data, at) else {
                out.truncate(start);
                return Ok(None);
            };
            let raw = data.get(at..field.end).ok_or(Malformed)?;
            if self.header {
                if !view.detectors.mask_text(raw, out) {
                    out.extend_from_slice(raw);
                }
            } else {
                self.write(index, raw, field.quoted, plan, view, out);
            }
            let separator = *data.get(field.end).ok_or(Malformed)?;
            out.push(separator);
            at = field.end + 1;
            if separator == b'\n' {
                self.header = false;
                return Ok(Some(at));
            }
            index += 1;
        }
    }

    /// Reads the value that starts at `at` into `self.value`; `None` when its end is not there yet.
    fn field(&mut self, data: &[u8], at: usize) -> Option<Field> {
        self.value.clear();
        let mut quoted = false;
        let mut inside = false;
        let mut end = at;
        loop {
            let byte = *data.get(end)?;
            if inside {
                if byte == self.escape
                    && let next = *data.get(end + 1)?
                    && (next == self.quote || next == self.escape)
                {
                    self.value.push(next);
                    end += 2;
                    continue;
                }
                if byte == self.quote {
                    inside = false;
                } else {
                    self.value.push(byte);
                }
            } else if byte == self.quote {
                inside = true;
                quoted = true;
            } else if byte == self.delimiter || byte == b'\n' {
                return Some(Field { end, quoted });
            } else {
                self.value.push(byte);
            }
            end += 1;
        }
    }

    fn write(
        &mut self,
        index: usize,
        raw: &[u8],
        quoted: bool,
        plan: &Plan,
        view: &View,
        out: &mut Vec<u8>,
    ) {
        if !quoted && raw == self.null {
            out.extend_from_slice(raw);
            return;
        }
        self.denied |= plan.denies(index);
        self.masked.clear();
        match plan.value(index, &self.value, view, &mut self.masked) {
            Masked::Kept => out.extend_from_slice(raw),
            Masked::Null => out.extend_from_slice(&self.null),
            Masked::Replaced => self.quote_masked(quoted, out),
        }
    }

    fn quote_masked(&self, quoted: bool, out: &mut Vec<u8>) {
        let special = |byte: &u8| {
            *byte == self.delimiter || *byte == self.quote || matches!(byte, b'\n' | b'\r' | b'\\')
        };
        if !quoted && self.masked != self.null && !self.masked.iter().any(special) {
            out.extend_from_slice(&self.masked);
            return;
        }
        out.push(self.quote);
        for &byte in &self.masked {
            if byte == self.quote || byte == self.escape {
                out.push(self.escape);
            }
            out.push(byte);
        }
        out.push(self.quote);
    }
}
