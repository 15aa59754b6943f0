//! What the server says beside its answers: notices, settings that changed, notifications.

use bytes::Bytes;
use model::{Event, Peer, Step};

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
        let Some(running) = self.running() else {
            report::mask(report, None, &self.view);
            return 0;
        };
        let context = Context { exposure: &running.reading.exposure, text: &running.text };
        report::mask(report, Some(&context), &running.view);
        running.number
    }

    pub(super) fn parameter_status(&mut self, message: Bytes) -> Result<(), Wrong> {
        let mut body = Body::new(body_of(&message));
        let (name, value) = (body.cstr()?, body.cstr()?);
        body.end()?;
        self.strings.report(name, value);
        let application = name == b"application_name";
        let front = if application { self.application.front_of(value) } else { 0 };
        let (front, own) = value.split_at(front);
        let view = self.running().map_or(&self.view, |running| &running.view);
        let hidden = self.exposes() && may_hold_anything(name, own);
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
        if changed {
            let mut out = Vec::new();
            frame::parameter_status(&mut out, name, [front, &masked].concat());
            self.send(Peer::Client, out.into());
        } else {
            self.send(Peer::Client, message);
        }
        Ok(())
    }

    /// Whether what a setting is now may come from columns that must not show. From version 14 on the
    /// server reports what changed right before ReadyForQuery, when the command is at its end.
    fn exposes(&self) -> bool {
        self.exposed || self.running().is_some_and(|running| !running.exposed.is_empty())
    }

    /// Another session says something: nobody knows where it has it from.
    pub(super) fn notification(&mut self, message: Bytes) -> Result<(), Wrong> {
        let mut body = Body::new(body_of(&message));
        let (sender, channel, payload) = (body.u32()?, body.cstr()?, body.cstr()?);
        body.end()?;
        let mut masked = Vec::new();
        let changed = if payload.is_empty() || self.view.clear {
            false
        } else if self.view.hides_columns() {
            masked.extend_from_slice(report::MASKED);
            true
        } else {
            self.view.detectors.mask_text(payload, &mut masked)
        };
        let shown = if changed { &masked } else { payload };
        let said =
            format!("{}: {}", String::from_utf8_lossy(channel), String::from_utf8_lossy(shown));
        self.steps.push_back(Step::Record(Event::Notice { number: 0, message: said }));
        if changed {
            let mut out = Vec::new();
            frame::message(&mut out, backend::NOTIFICATION_RESPONSE, |out| {
                out.extend_from_slice(&sender.to_be_bytes());
                frame::put_cstr(out, channel);
                frame::put_cstr(out, &masked);
            });
            self.send(Peer::Client, out.into());
        } else {
            self.send(Peer::Client, message);
        }
        Ok(())
    }
}

/// Whether a setting that is reported takes any text; all others take one of a few values.
fn may_hold_anything(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"application_name" | b"search_path" => !value.is_empty(),
        // An abbreviation of the client's own (POSIX TZ); the names of zones it must get to read times.
        b"TimeZone" => value.contains(&b'<'),
        _ => false,
    }
}
