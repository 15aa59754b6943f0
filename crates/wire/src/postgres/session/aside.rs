//! What the server says beside its answers: notices, settings that changed, notifications.

use std::borrow::Cow;

use bytes::Bytes;
use model::{Event, Peer, Step};
use sql::Effect;

use super::Session;
use super::client::body_of;
use super::report::{self, Context};
use super::server::Wrong;
use crate::postgres::error::{Report, field};
use crate::postgres::frame::{self, Body, backend};

impl Session {
    pub(super) fn notice(&mut self, message: &Bytes) -> Result<(), Wrong> {
        let mut report = Report::parse(backend::NOTICE_RESPONSE, body_of(message))?;
        let number = self.mask_report(&mut report);
        let said = report.text(field::MESSAGE).into_owned();
        self.steps.push_back(Step::Record(Event::Notice { number, message: said }));
        self.send(Peer::Client, report.to_bytes());
        Ok(())
    }

    /// Masks what the server says, as part of the command at work; answers with its number.
    pub(super) fn mask_report(&self, report: &mut Report<'_>) -> u64 {
        let running = self.running();
        let catalogue = self.library.catalogue();
        let context = Context {
            command: running.map(|running| &*running.reading),
            transaction: &self.transaction,
            catalogue: &catalogue,
        };
        let view = running.map_or(&self.view, |running| &running.view);
        report::mask(report, &context, view);
        running.map_or(0, |running| running.number)
    }

    pub(super) fn parameter_status(&mut self, message: Bytes) -> Result<(), Wrong> {
        let mut body = Body::new(body_of(&message));
        let (name, value) = (body.cstr()?, body.cstr()?);
        body.end()?;
        self.strings.report(name, value);
        let application = name == b"application_name";
        let front = if application { self.application.front_of(value) } else { 0 };
        let (front, own) = value.split_at(front);
        let hidden = self.hides_setting(name, own);
        let view = self.running().map_or(&self.view, |running| &running.view);
        let mut masked = Vec::new();
        let changed = if hidden {
            masked.extend_from_slice(report::MASKED);
            true
        } else {
            !view.clear && view.detectors.mask_text(own, &mut masked)
        };
        if application {
            // What must not show does not stay in the name either.
            let lost = front.is_empty() || hidden;
            let own = String::from_utf8_lossy(if changed { &masked } else { own });
            self.unfronted = lost.then(|| own.into_owned());
        }
        if !changed {
            self.send(Peer::Client, message);
        } else if !hidden || is_a_text(name) {
            let mut out = Vec::new();
            frame::parameter_status(&mut out, name, [front, &masked].concat());
            self.send(Peer::Client, out.into());
        }
        // Of a number nothing can stand in its place: the client goes on with the one before.
        Ok(())
    }

    /// Whether what a setting is now must not show. One that ever held such a value may hold it again:
    /// a rollback to a savepoint brings it back.
    fn hides_setting(&mut self, name: &[u8], value: &[u8]) -> bool {
        if value == report::MASKED {
            return false;
        }
        let known = self.hidden_settings.iter().any(|hidden| **hidden == *name);
        if !(known || self.exposes()) || !may_hold_anything(name, value) || self.sets(name, value) {
            return false;
        }
        if !known && self.hidden_settings.len() < MOST_SETTINGS {
            self.hidden_settings.push(name.into());
        }
        true
    }

    /// Whether what a setting is now may come from columns that must not show. From version 14 on the
    /// server reports what changed right before ReadyForQuery, when the command is at its end.
    fn exposes(&self) -> bool {
        self.exposed
            || self.view.is_exposed(&self.transaction)
            || self.running().is_some_and(|running| !running.exposed.is_empty())
    }

    /// Whether the command at work is the client's own SET to just this.
    fn sets(&self, name: &[u8], value: &[u8]) -> bool {
        self.running().is_some_and(|running| {
            running.reading.statements.iter().any(|statement| match &statement.effect {
                Effect::Set { name: set, value: Some(to), .. } => {
                    name.eq_ignore_ascii_case(set.as_bytes())
                        && value.eq_ignore_ascii_case(to.join(", ").as_bytes())
                }
                _ => false,
            })
        })
    }

    /// The client listens to what it names itself; code may listen to a channel of any name.
    pub(super) fn listens(&mut self, channel: &str) {
        if self.channels.len() < MOST_CHANNELS {
            self.channels.insert(channel.as_bytes().into());
        }
    }

    /// Another session says something: nobody knows where it has it from.
    pub(super) fn notification(&mut self, message: Bytes) -> Result<(), Wrong> {
        let mut body = Body::new(body_of(&message));
        let (sender, channel, payload) = (body.u32()?, body.cstr()?, body.cstr()?);
        body.end()?;
        let named = self.channels.contains(channel);
        let shown_channel = self.heard(channel, named);
        let shown_payload = self.heard(payload, payload.is_empty());
        let said = format!(
            "{}: {}",
            String::from_utf8_lossy(&shown_channel),
            String::from_utf8_lossy(&shown_payload)
        );
        let mut out = None;
        if *shown_channel != *channel || *shown_payload != *payload {
            let out = out.insert(Vec::new());
            frame::message(out, backend::NOTIFICATION_RESPONSE, |out| {
                out.extend_from_slice(&sender.to_be_bytes());
                frame::put_cstr(out, &shown_channel);
                frame::put_cstr(out, &shown_payload);
            });
        }
        self.steps.push_back(Step::Record(Event::Notice { number: 0, message: said }));
        self.send(Peer::Client, out.map_or(message, Bytes::from));
        Ok(())
    }

    /// A part of a notification as it may show. `own`: the client itself said so before.
    fn heard<'a>(&self, part: &'a [u8], own: bool) -> Cow<'a, [u8]> {
        if self.view.clear {
            return Cow::Borrowed(part);
        }
        if self.view.hides_columns() && !own {
            return Cow::Borrowed(report::MASKED);
        }
        let mut masked = Vec::new();
        match self.view.detectors.mask_text(part, &mut masked) {
            true => Cow::Owned(masked),
            false => Cow::Borrowed(part),
        }
    }
}

/// Settings that are known to have held what must not show, and channels that are listened to: of more
/// than these nothing is shown.
const MOST_SETTINGS: usize = 64;
const MOST_CHANNELS: usize = 1024;

/// Whether a setting that is reported takes any text or any number; all others take one of a few values,
/// or the name of something that the server has.
fn may_hold_anything(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"client_encoding"
        | b"DateStyle"
        | b"default_transaction_read_only"
        | b"in_hot_standby"
        | b"integer_datetimes"
        | b"IntervalStyle"
        | b"is_superuser"
        | b"server_encoding"
        | b"server_version"
        | b"session_authorization"
        | b"standard_conforming_strings" => false,
        b"TimeZone" => !is_a_zone(value),
        _ => !value.is_empty(),
    }
}

/// Whether a time zone is one of the server's list. A client's own (POSIX TZ) is any letters and a number
/// (`AdaBirch5`), with no slash but in its rules, which a comma begins.
fn is_a_zone(value: &[u8]) -> bool {
    matches!(value, b"UTC" | b"GMT" | b"Zulu" | b"UCT" | b"Universal" | b"Greenwich")
        || (value.contains(&b'/') && !value.iter().any(|byte| matches!(byte, b',' | b'<')))
}

/// Whether a client takes any text for the value of this setting.
fn is_a_text(name: &[u8]) -> bool {
    matches!(name, b"application_name" | b"search_path" | b"TimeZone")
}
