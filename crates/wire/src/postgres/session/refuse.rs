//! A refusal, said as the server's own error would be said.

use bytes::Bytes;
use model::{Peer, Reason, ReasonKind};

use super::running::Expect;
use super::{Front, Session};
use crate::postgres::error::{Report, sqlstate};
use crate::postgres::frame::{self, frontend, ready_for_query};

/// What is sent to the server so that its transaction fails as ours does: no statement of any
/// grammar. It fails in the server's parser, in a failed transaction too.
const NO_STATEMENT: &str = "*** refused by the gateway ***";

/// A reason as an error of the protocol's.
pub(super) fn report(reason: &Reason) -> Report<'static> {
    let code = match reason.kind {
        ReasonKind::Policy
        | ReasonKind::NotUnderstood
        | ReasonKind::Masking
        | ReasonKind::Disapproved
        | ReasonKind::Expired => sqlstate::INSUFFICIENT_PRIVILEGE,
        ReasonKind::Canceled => sqlstate::QUERY_CANCELED,
        ReasonKind::TooLarge => sqlstate::PROGRAM_LIMIT_EXCEEDED,
        ReasonKind::Unavailable => sqlstate::SYSTEM_ERROR,
    };
    let mut report = Report::error(code, reason.message.clone());
    if !reason.policies.is_empty() {
        report = report.detail(format!("policy: {}", reason.policies.join(", ")));
    }
    match &reason.hint {
        Some(hint) => report.hint(hint.clone()),
        None => report,
    }
}

pub(super) fn too_many_names() -> Report<'static> {
    Report::error(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        "the session holds too many prepared statements, portals or cursors",
    )
    .hint("Close those that are no longer needed.")
}

impl Session {
    /// Refuses a message that ReadyForQuery answers.
    pub(super) fn refuse_simple(&mut self, error: &Report<'_>) {
        if self.owed.is_empty() && !self.unsynced && self.status != b'T' {
            // The server has no part in this.
            let mut answer = Vec::new();
            error.write(&mut answer);
            ready_for_query(&mut answer, self.status);
            self.send(Peer::Client, answer.into());
            return;
        }
        let mut query = Vec::new();
        frame::query(&mut query, NO_STATEMENT);
        self.send(Peer::Upstream, query.into());
        self.unsynced = false;
        let unsettled = self.end_segment();
        self.owed.push_back(Expect::Refusal {
            error: error.to_bytes(),
            simple: true,
            refused: false,
            unsettled,
        });
    }

    /// Refuses a message of the extended protocol: what follows is skipped up to Sync.
    pub(super) fn refuse_extended(&mut self, error: &Report<'_>) {
        self.front = Front::Skipping;
        if self.owed.is_empty() && !self.unsynced && self.status != b'T' {
            self.send(Peer::Client, error.to_bytes());
            return;
        }
        self.send(Peer::Upstream, no_statement());
        self.unsynced = true;
        self.owed.push_back(Expect::Refusal {
            error: error.to_bytes(),
            simple: false,
            refused: false,
            unsettled: false,
        });
    }
}

/// A Parse that fails.
fn no_statement() -> Bytes {
    let mut parse = Vec::new();
    frame::message(&mut parse, frontend::PARSE, |out| {
        // The unnamed statement is gone after an error in Parse, ours as well as the server's.
        frame::put_cstr(out, "");
        frame::put_cstr(out, NO_STATEMENT);
        out.extend_from_slice(&[0, 0]);
    });
    parse.into()
}
