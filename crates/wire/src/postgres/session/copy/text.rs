//! COPY's text format: one line a row, values between delimiters, backslash escapes.
//!
//! Source: PostgreSQL documentation, COPY, "Text Format".

use model::Masked;
use sql::TextFormat;

use super::{Malformed, Plan, View};

pub(super) struct Reader {
    delimiter: u8,
    null: Vec<u8>,
    header: bool,
    value: Vec<u8>,
    masked: Vec<u8>,
    /// The row read last must not show.
    pub(super) denied: bool,
}

impl Reader {
    pub(super) fn new(format: &TextFormat) -> Self {
        Self {
            delimiter: format.delimiter,
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
        // A line break inside a value is written as a backslash and `n`, so the first one ends the row.
        let Some(end) = memchr::memchr(b'\n', data) else { return Ok(None) };
        let line = data.get(..end).ok_or(Malformed)?;
        if std::mem::take(&mut self.header) {
            let start = out.len();
            if !view.detectors.mask_text(line, out) {
                out.truncate(start);
                out.extend_from_slice(line);
            }
            out.push(b'\n');
            return Ok(Some(end + 1));
        }
        if line == b"\\." {
            out.extend_from_slice(data.get(..=end).ok_or(Malformed)?);
            return Ok(Some(end + 1));
        }
        let mut rest = line;
        let mut index = 0;
        loop {
            let (field, more) = self.field(rest);
            self.write(index, field, plan, view, out);
            let Some(more) = more else { break };
            out.push(self.delimiter);
            rest = more;
            index += 1;
        }
        out.push(b'\n');
        Ok(Some(end + 1))
    }

    /// The first value of `line` as it is written, and what follows its delimiter.
    fn field<'a>(&self, line: &'a [u8]) -> (&'a [u8], Option<&'a [u8]>) {
        let mut from = 0;
        while let Some(rest) = line.get(from..)
            && let Some(found) = memchr::memchr2(self.delimiter, b'\\', rest)
        {
            let at = from + found;
            if line.get(at) == Some(&b'\\') {
                from = at + 2;
                continue;
            }
            return (line.get(..at).unwrap_or(line), line.get(at + 1..));
        }
        (line, None)
    }

    fn write(&mut self, index: usize, field: &[u8], plan: &Plan, view: &View, out: &mut Vec<u8>) {
        if field == self.null {
            out.extend_from_slice(field);
            return;
        }
        self.denied |= plan.denies(index);
        self.masked.clear();
        let value = if memchr::memchr(b'\\', field).is_some() {
            self.value.clear();
            unescape(field, &mut self.value);
            &self.value
        } else {
            field
        };
        match plan.value(index, value, view, &mut self.masked) {
            Masked::Kept => out.extend_from_slice(field),
            Masked::Null => out.extend_from_slice(&self.null),
            Masked::Replaced => escape(&self.masked, self.delimiter, out),
        }
    }
}

fn unescape(field: &[u8], value: &mut Vec<u8>) {
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            value.push(byte);
            continue;
        }
        value.push(match bytes.next() {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0b,
            Some(other) => other,
            None => b'\\',
        });
    }
}

fn escape(value: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    for &byte in value {
        let letter = match byte {
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0b => b'v',
            b'\\' => b'\\',
            _ if byte == delimiter => byte,
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
}
