//! COPY's binary format: a header, tuples of length-prefixed values, a trailer.
//!
//! Source: PostgreSQL documentation, COPY, "Binary Format".

use model::Masked;

use super::{Body, Malformed, Plan, View};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The header's extension area is empty in every version there is.
const LONGEST_EXTENSION: usize = 4096;

#[derive(Default)]
pub(super) struct Reader {
    begun: bool,
    masked: Vec<u8>,
    /// The row read last must not show.
    pub(super) denied: bool,
}

impl Reader {
    /// Rewrites the header, the tuple or the trailer at the start of `data`; answers where it ends.
    pub(super) fn unit(
        &mut self,
        data: &[u8],
        plan: &Plan,
        view: &View,
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, Malformed> {
        if !self.begun {
            let Some(end) = header_end(data)? else { return Ok(None) };
            out.extend_from_slice(data.get(..end).ok_or(Malformed)?);
            self.begun = true;
            return Ok(Some(end));
        }
        let Some(end) = tuple_end(data)? else { return Ok(None) };
        let mut body = Body::new(data.get(..end).ok_or(Malformed)?);
        let count = body.i16()?;
        out.extend_from_slice(&count.to_be_bytes());
        for index in 0..usize::try_from(count).unwrap_or(0) {
            self.write(index, body.value()?, plan, view, out)?;
        }
        Ok(Some(end))
    }

    fn write(
        &mut self,
        index: usize,
        value: Option<&[u8]>,
        plan: &Plan,
        view: &View,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        const NULL: [u8; 4] = (-1_i32).to_be_bytes();
        let Some(value) = value else {
            out.extend_from_slice(&NULL);
            return Ok(());
        };
        self.denied |= plan.denies(index);
        self.masked.clear();
        let value = match plan.value(index, value, view, &mut self.masked) {
            Masked::Kept => value,
            Masked::Replaced => &self.masked,
            Masked::Null => {
                out.extend_from_slice(&NULL);
                return Ok(());
            }
        };
        let length = i32::try_from(value.len()).map_err(|_| Malformed)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(value);
        Ok(())
    }
}

/// Where the header ends, once it is all there.
fn header_end(data: &[u8]) -> Result<Option<usize>, Malformed> {
    let known = data.len().min(SIGNATURE.len());
    if data.get(..known) != SIGNATURE.get(..known) {
        return Err(Malformed);
    }
    let fixed = SIGNATURE.len() + 8;
    let Some(length) = data.get(SIGNATURE.len() + 4..fixed) else { return Ok(None) };
    let length = u32::from_be_bytes(length.try_into().map_err(|_| Malformed)?) as usize;
    if length > LONGEST_EXTENSION {
        return Err(Malformed);
    }
    Ok((data.len() >= fixed + length).then_some(fixed + length))
}

/// Where the tuple or the trailer ends, once it is all there.
fn tuple_end(data: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(count) = data.get(..2) else { return Ok(None) };
    let count = i16::from_be_bytes(count.try_into().map_err(|_| Malformed)?);
    let mut at = 2;
    for _ in 0..count.max(0) {
        let Some(length) = data.get(at..at + 4) else { return Ok(None) };
        let length = i32::from_be_bytes(length.try_into().map_err(|_| Malformed)?);
        at += 4;
        match length {
            -1 => {}
            _ => at += usize::try_from(length).map_err(|_| Malformed)?,
        }
    }
    Ok((data.len() >= at).then_some(at))
}
