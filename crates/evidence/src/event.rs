//! Events as payloads of frames. The hot ones are written by hand; nothing is allocated for them.

use bytes::Bytes;
use model::{
    Access, Action, ApprovalId, Classes, Column, DataClass, Ending, Event, Object, ObjectKind,
    Parameter, Parent, Phase, Timestamp, ValueFormat, Verdict,
};

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
    }
}

/// How much of an event is data that a peer chose: enough to refuse the largest before copying them.
pub(crate) fn bulk_of(event: &Event) -> usize {
    match event {
        Event::Command { text, .. } => text.len(),
        Event::Rows { data, .. } | Event::Bulk { data, .. } => data.len(),
        Event::Failed { message, .. } | Event::Notice { message, .. } => message.len(),
        Event::Opened(_)
        | Event::Decided { .. }
        | Event::Columns { .. }
        | Event::Cut { .. }
        | Event::Finished { .. }
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
        Event::Command { number, phase, text, parameters, accesses } => {
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
        }
        Event::Decided { number, verdict, policies, approval, message } => {
            put_varint(out, *number);
            out.push(match verdict {
                Verdict::Allowed => 0,
                Verdict::Denied => 1,
                Verdict::Held => 2,
                Verdict::Approved => 3,
            });
            put_varint(out, policies.len() as u64);
            policies.iter().for_each(|policy| put_text(out, policy));
            out.push(u8::from(approval.is_some()));
            if let Some(approval) = approval {
                out.extend_from_slice(&approval.to_bytes());
            }
            put_optional_text(out, message.as_deref());
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
        },
        kind::DECIDED => Event::Decided {
            number: unpack.varint()?,
            verdict: match unpack.byte()? {
                0 => Verdict::Allowed,
                1 => Verdict::Denied,
                2 => Verdict::Held,
                3 => Verdict::Approved,
                _ => return None,
            },
            policies: unpack.list(Unpack::text)?.into_iter().map(Into::into).collect(),
            approval: match unpack.byte()? {
                0 => None,
                1 => Some(ApprovalId::from_bytes(unpack.array()?)),
                _ => return None,
            },
            message: unpack.optional_text()?,
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

fn put_parameter(out: &mut Vec<u8>, parameter: &Parameter) {
    match parameter {
        Parameter::Null => out.push(0),
        Parameter::Text(text) => {
            out.push(1);
            put_text(out, text);
        }
        Parameter::Binary(hex) => {
            out.push(2);
            put_text(out, hex);
        }
        Parameter::Cut { start, length } => {
            out.push(3);
            put_text(out, start);
            put_varint(out, *length);
        }
    }
}

fn take_parameter(unpack: &mut Unpack) -> Option<Parameter> {
    Some(match unpack.byte()? {
        0 => Parameter::Null,
        1 => Parameter::Text(unpack.text()?),
        2 => Parameter::Binary(unpack.text()?),
        3 => Parameter::Cut { start: unpack.text()?, length: unpack.varint()? },
        _ => return None,
    })
}

/// Names, not numbers: a list of actions that grows in the middle changes nothing in old recordings.
fn put_access(out: &mut Vec<u8>, access: &Access) {
    put_text(out, access.action.name());
    put_text(out, access.object.kind.name());
    match &access.object.parent {
        Parent::None => out.push(0),
        Parent::Is(parent) => {
            out.push(1);
            put_text(out, parent);
        }
        Parent::OneOf(parents) => {
            out.push(2);
            put_varint(out, parents.len() as u64);
            parents.iter().for_each(|parent| put_text(out, parent));
        }
        Parent::Any => out.push(3),
    }
    put_text(out, &access.object.name);
}

fn take_access(unpack: &mut Unpack) -> Option<Access> {
    let action = unpack.text()?;
    let action = *Action::ALL.iter().find(|known| known.name() == action)?;
    let kind = unpack.text()?;
    let kind = *KINDS.iter().find(|known| known.name() == kind)?;
    let parent = match unpack.byte()? {
        0 => Parent::None,
        1 => Parent::Is(unpack.text()?),
        2 => Parent::OneOf(unpack.list(Unpack::text)?),
        3 => Parent::Any,
        _ => return None,
    };
    Some(Access::new(action, Object { kind, parent, name: unpack.text()? }))
}

const KINDS: [ObjectKind; 12] = [
    ObjectKind::Resource,
    ObjectKind::Relation,
    ObjectKind::Function,
    ObjectKind::Schema,
    ObjectKind::Database,
    ObjectKind::Role,
    ObjectKind::Setting,
    ObjectKind::Type,
    ObjectKind::File,
    ObjectKind::Program,
    ObjectKind::Channel,
    ObjectKind::Other,
];

fn put_column(out: &mut Vec<u8>, column: &Column) {
    put_text(out, &column.name);
    put_text(out, &column.type_name);
    out.push(match column.format {
        ValueFormat::Text => 0,
        ValueFormat::Binary => 1,
    });
    put_varint(out, column.masked.len() as u64);
    column.masked.iter().for_each(|class| put_text(out, class.as_str()));
}

fn take_column(unpack: &mut Unpack) -> Option<Column> {
    Some(Column {
        name: unpack.text()?,
        type_name: unpack.text()?,
        format: match unpack.byte()? {
            0 => ValueFormat::Text,
            1 => ValueFormat::Binary,
            _ => return None,
        },
        masked: unpack
            .list(|unpack| DataClass::new(&unpack.text()?))?
            .into_iter()
            .collect::<Classes>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_object_reads_back() {
        for kind in KINDS {
            // A kind that is added to the model must be added to the list above.
            match kind {
                ObjectKind::Resource
                | ObjectKind::Relation
                | ObjectKind::Function
                | ObjectKind::Schema
                | ObjectKind::Database
                | ObjectKind::Role
                | ObjectKind::Setting
                | ObjectKind::Type
                | ObjectKind::File
                | ObjectKind::Program
                | ObjectKind::Channel
                | ObjectKind::Other => {}
            }
            let access = Access::new(Action::Select, Object::top(kind, "x"));
            let mut out = Vec::new();
            put_access(&mut out, &access);
            assert_eq!(take_access(&mut Unpack::new(out.into())), Some(access));
        }
    }
}
