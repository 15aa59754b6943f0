//! Who is at work stays in front of the name that a session gives itself at the target.
//!
//! The server reports every change of `application_name` (it is `GUC_REPORT`), however it came about:
//! a SET among others, `set_config`, a function, a rollback. One that has lost its front is set again
//! before the client is told that the server is ready, and until then nothing more of the client's is
//! sent.

use std::collections::VecDeque;

use bytes::Bytes;
use model::{Peer, SessionId};

use super::Session;
use super::report;
use super::running::Expect;
use super::server::Wrong;
use crate::postgres::frame::{self, backend, frontend};
use crate::postgres::startup::application_name;

/// The gateway's own statement and portal: the unnamed ones are the client's.
const OURS: &[u8] = b"sluice application_name";

/// What the target is told of a session beside the client's own name for it.
#[derive(Clone, Debug)]
pub struct Application {
    /// The identity's subject.
    pub subject: String,
    /// The session.
    pub session: SessionId,
}

/// What the server answers to a SET of ours, in this order.
const ANSWERS: [u8; 6] = [
    backend::CLOSE_COMPLETE,
    backend::PARSE_COMPLETE,
    backend::BIND_COMPLETE,
    backend::COMMAND_COMPLETE,
    backend::CLOSE_COMPLETE,
    backend::CLOSE_COMPLETE,
];

impl Application {
    fn name(&self, own: Option<&str>) -> String {
        application_name(&self.subject, self.session, own)
    }

    /// How much of the server's name for the session says who is at work: nothing where that is not in
    /// front, and else all up to the client's own.
    pub(super) fn front_of(&self, value: &[u8]) -> usize {
        let front = self.name(None);
        match value.strip_prefix(front.as_bytes()) {
            Some([]) => front.len(),
            Some([b' ', ..]) => front.len() + 1,
            _ => 0,
        }
    }

    /// The SET that brings the front back. In a transaction it is local: what the client set is then
    /// kept or undone as the transaction is, and is looked at again at its end.
    fn set(&self, own: &str, local: bool) -> String {
        // A backslash could mean more than itself, as the server may be set.
        let name = self.name(Some(own)).replace('\\', "/").replace('\'', "''");
        let scope = if local { "LOCAL" } else { "SESSION" };
        format!("SET {scope} application_name = '{name}'")
    }
}

impl Session {
    /// Whether what the client sends next waits for the front to be back. Everything that is owed then
    /// comes without more of the client's.
    pub(super) fn waits_for_application(&self) -> bool {
        self.unfronted.is_some()
            && !self.unsynced
            && !self.owed.is_empty()
            && !self.expects_copy_in()
    }

    /// Sets the name with its front again, if it is lost and the server is idle. The client gets the
    /// ReadyForQuery that answers this in place of the one at hand.
    pub(super) fn set_application(&mut self) -> bool {
        if self.unsynced || !self.owed.is_empty() || self.status == b'E' {
            return false;
        }
        let Some(own) = &self.unfronted else { return false };
        // A local one would leave what must not show behind, for the transaction's end to report.
        let local = self.status == b'T' && own.as_bytes() != report::MASKED;
        let text = self.application.set(own, local);
        self.send(Peer::Upstream, set_message(&text));
        let unsettled = self.end_segment();
        self.owed.push_back(Expect::SetAgain { answers: VecDeque::from(ANSWERS), unsettled });
        true
    }

    /// An answer to a SET of ours; `false`: it answers something of the client's.
    pub(super) fn answers_set(&mut self, message: &Bytes) -> Result<bool, Wrong> {
        let Some(Expect::SetAgain { answers, .. }) = self.owed.front_mut() else {
            return Ok(false);
        };
        if answers.pop_front() != message.first().copied() {
            return Err(Wrong::OutOfState);
        }
        Ok(true)
    }
}

/// A statement run under a name of ours, once: one that was cancelled may have left its name behind.
fn set_message(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 192);
    let close = |out: &mut Vec<u8>, kind| {
        frame::message(out, frontend::CLOSE, |out| {
            out.push(kind);
            frame::put_cstr(out, OURS);
        });
    };
    close(&mut out, b'S');
    frame::message(&mut out, frontend::PARSE, |out| {
        frame::put_cstr(out, OURS);
        frame::put_cstr(out, text);
        out.extend_from_slice(&[0; 2]);
    });
    frame::message(&mut out, frontend::BIND, |out| {
        frame::put_cstr(out, OURS);
        frame::put_cstr(out, OURS);
        out.extend_from_slice(&[0; 6]);
    });
    frame::message(&mut out, frontend::EXECUTE, |out| {
        frame::put_cstr(out, OURS);
        out.extend_from_slice(&[0; 4]);
    });
    close(&mut out, b'P');
    close(&mut out, b'S');
    frame::empty(&mut out, frontend::SYNC);
    out.into()
}
