//! What events are made of, as bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{
    Access, Action, Classes, Column, DataClass, Facts, Object, ObjectKind, Parameter, Parent,
    ReasonKind, Seen, Stream, StreamDigest, ValueFormat, Verdict,
};

use crate::pack::{Unpack, put_optional_text, put_text, put_varint};

pub(super) fn put_verdict(out: &mut Vec<u8>, verdict: Verdict) {
    out.push(match verdict {
        Verdict::Allowed => 0,
        Verdict::Denied => 1,
        Verdict::Held => 2,
        Verdict::Approved => 3,
    });
}

pub(super) fn take_verdict(unpack: &mut Unpack) -> Option<Verdict> {
    Some(match unpack.byte()? {
        0 => Verdict::Allowed,
        1 => Verdict::Denied,
        2 => Verdict::Held,
        3 => Verdict::Approved,
        _ => return None,
    })
}

/// A cause's number; 0 stands for none.
pub(super) const fn code_of(cause: ReasonKind) -> u8 {
    match cause {
        ReasonKind::Policy => 1,
        ReasonKind::NotUnderstood => 2,
        ReasonKind::Masking => 3,
        ReasonKind::Disapproved => 4,
        ReasonKind::Expired => 5,
        ReasonKind::Canceled => 6,
        ReasonKind::TooLarge => 7,
        ReasonKind::Unavailable => 8,
    }
}

pub(super) const CAUSES: [ReasonKind; 8] = [
    ReasonKind::Policy,
    ReasonKind::NotUnderstood,
    ReasonKind::Masking,
    ReasonKind::Disapproved,
    ReasonKind::Expired,
    ReasonKind::Canceled,
    ReasonKind::TooLarge,
    ReasonKind::Unavailable,
];

pub(super) fn take_cause(unpack: &mut Unpack) -> Option<Option<ReasonKind>> {
    match unpack.byte()? {
        0 => Some(None),
        code => CAUSES.into_iter().find(|cause| code_of(*cause) == code).map(Some),
    }
}

/// What policies saw of a command: its flags, the classes, why it was not understood, and of a command
/// line its programs, words and paths.
pub(super) fn put_seen(out: &mut Vec<u8>, seen: &Seen) {
    let Facts { unbounded, returns, filters, programs, argv, paths, not_understood } = &*seen.facts;
    let flags = [*unbounded, seen.in_transaction, !filters.is_empty()];
    out.push(flags.iter().rev().fold(0, |all, flag| all << 1 | u8::from(*flag)));
    put_classes(out, returns);
    if !filters.is_empty() {
        put_classes(out, filters);
    }
    put_optional_text(out, not_understood.as_deref());
    // A statement names none of them, and is written as it always was.
    if [programs, argv, paths].iter().any(|names| !names.is_empty()) {
        [programs, argv, paths].iter().for_each(|names| put_names(out, names));
    }
}

pub(super) fn take_seen(unpack: &mut Unpack) -> Option<Seen> {
    let flags = unpack.byte()?;
    if flags > 7 {
        return None;
    }
    let mut facts = Facts {
        unbounded: flags & 1 != 0,
        returns: take_classes(unpack)?,
        filters: if flags & 4 == 0 {
            Classes::new()
        } else {
            // Written only where there are any.
            Some(take_classes(unpack)?).filter(|filters| !filters.is_empty())?
        },
        not_understood: unpack.optional_text()?,
        ..Facts::default()
    };
    if !unpack.is_empty() {
        facts.programs = take_names(unpack)?;
        facts.argv = take_names(unpack)?;
        facts.paths = take_names(unpack)?;
    }
    Some(Seen { facts: Arc::new(facts), in_transaction: flags & 2 != 0 })
}

pub(super) fn put_classes(out: &mut Vec<u8>, classes: &Classes) {
    put_varint(out, classes.len() as u64);
    classes.iter().for_each(|class| put_text(out, class.as_str()));
}

pub(super) fn take_classes(unpack: &mut Unpack) -> Option<Classes> {
    let classes = unpack.list(|unpack| DataClass::new(&unpack.text()?))?;
    Some(classes.into_iter().collect())
}

fn put_names(out: &mut Vec<u8>, names: &BTreeSet<Box<str>>) {
    put_varint(out, names.len() as u64);
    names.iter().for_each(|name| put_text(out, name));
}

fn take_names(unpack: &mut Unpack) -> Option<BTreeSet<Box<str>>> {
    Some(unpack.list(Unpack::text)?.into_iter().map(Into::into).collect())
}

pub(super) fn put_stream(out: &mut Vec<u8>, stream: Stream) {
    out.push(match stream {
        Stream::Input => 0,
        Stream::Output => 1,
        Stream::Error => 2,
    });
}

pub(super) fn take_stream(unpack: &mut Unpack) -> Option<Stream> {
    Some(match unpack.byte()? {
        0 => Stream::Input,
        1 => Stream::Output,
        2 => Stream::Error,
        _ => return None,
    })
}

pub(super) fn put_digest(out: &mut Vec<u8>, digest: &StreamDigest) {
    put_stream(out, digest.stream);
    put_varint(out, digest.bytes);
    out.extend_from_slice(&digest.blake3);
}

pub(super) fn take_digest(unpack: &mut Unpack) -> Option<StreamDigest> {
    Some(StreamDigest {
        stream: take_stream(unpack)?,
        bytes: unpack.varint()?,
        blake3: unpack.array()?,
    })
}

pub(super) fn take_flag(unpack: &mut Unpack) -> Option<bool> {
    match unpack.byte()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A number that is no larger than it may be.
pub(super) fn take_u32(unpack: &mut Unpack) -> Option<u32> {
    u32::try_from(unpack.varint()?).ok()
}

pub(super) fn put_parameter(out: &mut Vec<u8>, parameter: &Parameter) {
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

pub(super) fn take_parameter(unpack: &mut Unpack) -> Option<Parameter> {
    Some(match unpack.byte()? {
        0 => Parameter::Null,
        1 => Parameter::Text(unpack.text()?),
        2 => Parameter::Binary(unpack.text()?),
        3 => Parameter::Cut { start: unpack.text()?, length: unpack.varint()? },
        _ => return None,
    })
}

/// Names, not numbers: a list of actions that grows in the middle changes nothing in old recordings.
pub(super) fn put_access(out: &mut Vec<u8>, access: &Access) {
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

pub(super) fn take_access(unpack: &mut Unpack) -> Option<Access> {
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

pub(super) const KINDS: [ObjectKind; 12] = [
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

pub(super) fn put_column(out: &mut Vec<u8>, column: &Column) {
    put_text(out, &column.name);
    put_text(out, &column.type_name);
    out.push(match column.format {
        ValueFormat::Text => 0,
        ValueFormat::Binary => 1,
    });
    put_classes(out, &column.masked);
}

pub(super) fn take_column(unpack: &mut Unpack) -> Option<Column> {
    Some(Column {
        name: unpack.text()?,
        type_name: unpack.text()?,
        format: match unpack.byte()? {
            0 => ValueFormat::Text,
            1 => ValueFormat::Binary,
            _ => return None,
        },
        masked: take_classes(unpack)?,
    })
}
