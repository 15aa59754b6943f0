//! Events as payloads of frames. The hot ones are written by hand; nothing is allocated for them.

mod parts;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use model::{ApprovalId, Ending, Event, Phase, Shadow, Timestamp};

use self::parts::*;
use crate::counts::Counts;
use crate::pack::{Unpack, put_bytes, put_optional_text, put_text, put_varint};

/// What a frame's payload is.
pub(crate) mod kind {
    pub(crate) const OPENED: u8 = 1;
    pub(crate) const COMMAND: u8 = 2;
    pub(crate) const DECIDED: u8 = 3;
    pub(crate) const COLUMNS: u8 = 4;
    pub(crate) const ROWS: u8 = 5;
    pub(crate) const BULK: u8 = 6;
    pub(crate) const CUT: u8 = 7;
    pub(crate) const FINISHED: u8 = 8;
    pub(crate) const FAILED: u8 = 9;
    pub(crate) const NOTICE: u8 = 10;
    pub(crate) const CLOSED: u8 = 11;
    pub(crate) const SHADOW: u8 = 12;
    pub(crate) const STREAM: u8 = 13;
    pub(crate) const TERMINAL: u8 = 14;
    pub(crate) const EXITED: u8 = 15;
    pub(crate) const MOVED: u8 = 16;
}

/// The kind of frame that holds an event.
pub(crate) const fn kind_of(event: &Event) -> u8 {
    match event {
        Event::Opened(_) => kind::OPENED,
        Event::Command { .. } => kind::COMMAND,
        Event::Decided { .. } => kind::DECIDED,
        Event::Columns { .. } => kind::COLUMNS,
        Event::Rows { .. } => kind::ROWS,
        Event::Bulk { .. } => kind::BULK,
        Event::Cut { .. } => kind::CUT,
        Event::Finished { .. } => kind::FINISHED,
        Event::Failed { .. } => kind::FAILED,
        Event::Notice { .. } => kind::NOTICE,
        Event::Closed(_) => kind::CLOSED,
        Event::Shadow { .. } => kind::SHADOW,
        Event::Stream { .. } => kind::STREAM,
        Event::Terminal { .. } => kind::TERMINAL,
        Event::Exited { .. } => kind::EXITED,
        Event::Moved { .. } => kind::MOVED,
    }
}

/// How much of an event is data that a peer chose: enough to refuse the largest before copying them.
pub(crate) fn bulk_of(event: &Event) -> usize {
    match event {
        Event::Command { text, .. } => text.len(),
        Event::Rows { data, .. } | Event::Bulk { data, .. } | Event::Stream { data, .. } => {
            data.len()
        }
        Event::Moved { path, .. } => path.len(),
        Event::Failed { message, .. } | Event::Notice { message, .. } => message.len(),
        Event::Opened(_)
        | Event::Decided { .. }
        | Event::Shadow { .. }
        | Event::Columns { .. }
        | Event::Cut { .. }
        | Event::Finished { .. }
        | Event::Terminal { .. }
        | Event::Exited { .. }
        | Event::Closed(_) => 0,
    }
}

/// Appends an event's payload. `counts` are those of the recording up to and with this event; only
/// a closing frame holds them. `Err` when the one part that is JSON cannot be written as such.
pub(crate) fn put(
    out: &mut Vec<u8>,
    event: &Event,
    counts: &Counts,
) -> Result<(), serde_json::Error> {
    match event {
        Event::Opened(head) => return serde_json::to_writer(out, head),
        Event::Command { number, phase, text, parameters, accesses, seen } => {
            put_varint(out, *number);
            out.push(match phase {
                Phase::Prepare => 0,
                Phase::Run => 1,
            });
            put_bytes(out, text);
            put_varint(out, parameters.len() as u64);
            parameters.iter().for_each(|parameter| put_parameter(out, parameter));
            put_varint(out, accesses.len() as u64);
            accesses.iter().for_each(|access| put_access(out, access));
            if let Some(seen) = seen {
                put_seen(out, seen);
            }
        }
        Event::Decided { number, verdict, policies, approval, message, cause } => {
            put_varint(out, *number);
            put_verdict(out, *verdict);
            put_varint(out, policies.len() as u64);
            policies.iter().for_each(|policy| put_text(out, policy));
            out.push(u8::from(approval.is_some()));
            if let Some(approval) = approval {
                out.extend_from_slice(&approval.to_bytes());
            }
            put_optional_text(out, message.as_deref());
            out.push(cause.map_or(0, code_of));
        }
        Event::Shadow { number, shadow } => {
            put_varint(out, *number);
            put_verdict(out, shadow.verdict);
            put_varint(out, shadow.policies.len() as u64);
            shadow.policies.iter().for_each(|policy| put_text(out, policy));
            put_classes(out, &shadow.shows);
            put_classes(out, &shadow.masks);
        }
        Event::Columns { number, columns } => {
            put_varint(out, *number);
            put_varint(out, columns.len() as u64);
            columns.iter().for_each(|column| put_column(out, column));
        }
        Event::Rows { number, count, data } => {
            put_varint(out, *number);
            put_varint(out, *count);
            put_bytes(out, data);
        }
        Event::Bulk { number, to_client, data } => {
            put_varint(out, *number);
            out.push(u8::from(*to_client));
            put_bytes(out, data);
        }
        Event::Cut { number } => put_varint(out, *number),
        Event::Finished { number, tag, rows, bytes } => {
            put_varint(out, *number);
            put_text(out, tag);
            put_varint(out, *rows);
            put_varint(out, *bytes);
        }
        Event::Failed { number, code, message } => {
            put_varint(out, *number);
            put_text(out, code);
            put_text(out, message);
        }
        Event::Notice { number, message } => {
            put_varint(out, *number);
            put_text(out, message);
        }
        Event::Stream { number, stream, data } => {
            put_varint(out, *number);
            put_stream(out, *stream);
            put_bytes(out, data);
        }
        Event::Terminal { number, columns, rows } => {
            put_varint(out, *number);
            put_varint(out, (*columns).into());
            put_varint(out, (*rows).into());
        }
        Event::Exited { number, status, signal, streams } => {
            put_varint(out, *number);
            out.push(u8::from(status.is_some()));
            if let Some(status) = status {
                put_varint(out, (*status).into());
            }
            put_optional_text(out, signal.as_deref());
            put_varint(out, streams.len() as u64);
            streams.iter().for_each(|digest| put_digest(out, digest));
        }
        Event::Moved { number, path, upload, bytes, sha256 } => {
            put_varint(out, *number);
            put_text(out, path);
            out.push(u8::from(*upload));
            put_varint(out, *bytes);
            out.push(u8::from(sha256.is_some()));
            out.extend_from_slice(sha256.as_ref().map_or(&[], <[u8; 32]>::as_slice));
        }
        Event::Closed(Ending { at, how }) => {
            put_varint(out, at.as_micros());
            put_text(out, how);
            counts.put(out);
        }
    }
    Ok(())
}

/// Reads a payload. `None` when the kind is unknown or the payload is not what the kind says;
/// what follows the last known part is left for later versions.
pub(crate) fn take(kind: u8, payload: Bytes) -> Option<Event> {
    let mut unpack = Unpack::new(payload);
    Some(match kind {
        kind::OPENED => Event::Opened(serde_json::from_slice(&unpack.rest()).ok()?),
        kind::COMMAND => Event::Command {
            number: unpack.varint()?,
            phase: match unpack.byte()? {
                0 => Phase::Prepare,
                1 => Phase::Run,
                _ => return None,
            },
            text: unpack.bytes()?,
            parameters: unpack.list(take_parameter)?.into(),
            accesses: unpack.list(take_access)?.into(),
            seen: match unpack.is_empty() {
                true => None,
                false => Some(take_seen(&mut unpack)?),
            },
        },
        kind::DECIDED => Event::Decided {
            number: unpack.varint()?,
            verdict: take_verdict(&mut unpack)?,
            policies: unpack.list(Unpack::text)?.into_iter().map(Into::into).collect(),
            approval: match unpack.byte()? {
                0 => None,
                1 => Some(ApprovalId::from_bytes(unpack.array()?)),
                _ => return None,
            },
            message: unpack.optional_text()?,
            cause: match unpack.is_empty() {
                true => None,
                false => take_cause(&mut unpack)?,
            },
        },
        kind::SHADOW => Event::Shadow {
            number: unpack.varint()?,
            shadow: Shadow {
                verdict: take_verdict(&mut unpack)?,
                policies: unpack.list(Unpack::text)?.into_iter().map(Into::into).collect(),
                shows: Arc::new(take_classes(&mut unpack)?),
                masks: Arc::new(take_classes(&mut unpack)?),
            },
        },
        kind::COLUMNS => {
            Event::Columns { number: unpack.varint()?, columns: unpack.list(take_column)?.into() }
        }
        kind::ROWS => {
            Event::Rows { number: unpack.varint()?, count: unpack.varint()?, data: unpack.bytes()? }
        }
        kind::BULK => Event::Bulk {
            number: unpack.varint()?,
            to_client: unpack.byte()? != 0,
            data: unpack.bytes()?,
        },
        kind::CUT => Event::Cut { number: unpack.varint()? },
        kind::FINISHED => Event::Finished {
            number: unpack.varint()?,
            tag: unpack.text()?,
            rows: unpack.varint()?,
            bytes: unpack.varint()?,
        },
        kind::FAILED => Event::Failed {
            number: unpack.varint()?,
            code: unpack.text()?,
            message: unpack.text()?,
        },
        kind::NOTICE => Event::Notice { number: unpack.varint()?, message: unpack.text()? },
        kind::CLOSED => Event::Closed(take_ending(&mut unpack)?),
        kind::STREAM => Event::Stream {
            number: unpack.varint()?,
            stream: take_stream(&mut unpack)?,
            data: unpack.bytes()?,
        },
        kind::TERMINAL => Event::Terminal {
            number: unpack.varint()?,
            columns: take_u32(&mut unpack)?,
            rows: take_u32(&mut unpack)?,
        },
        kind::EXITED => Event::Exited {
            number: unpack.varint()?,
            status: match take_flag(&mut unpack)? {
                true => Some(take_u32(&mut unpack)?),
                false => None,
            },
            signal: unpack.optional_text()?,
            streams: unpack.list(take_digest)?,
        },
        kind::MOVED => Event::Moved {
            number: unpack.varint()?,
            path: unpack.text()?,
            upload: take_flag(&mut unpack)?,
            bytes: unpack.varint()?,
            sha256: match take_flag(&mut unpack)? {
                true => Some(unpack.array()?),
                false => None,
            },
        },
        _ => return None,
    })
}

/// The counts a closing frame holds.
pub(crate) fn take_closing_counts(payload: Bytes) -> Option<Counts> {
    let mut unpack = Unpack::new(payload);
    take_ending(&mut unpack)?;
    Counts::take(&mut unpack)
}

fn take_ending(unpack: &mut Unpack) -> Option<Ending> {
    Some(Ending { at: Timestamp::from_micros(unpack.varint()?), how: unpack.text()? })
}
