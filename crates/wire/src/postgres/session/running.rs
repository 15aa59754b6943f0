//! What the server still owes for what was sent to it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use model::Classes;

use super::copy::CopyMasker;
use super::plan::{Described, Plan};
use super::prepared::{Portal, Prepared};
use super::store::Renaming;
use super::view::View;
use crate::postgres::catalogue::Catalogue;
use crate::postgres::library::Reading;

/// A command the server is executing, or about to.
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) text: Bytes,
    pub(super) reading: Arc<Reading>,
    pub(super) view: Arc<View>,
    /// Of the classes it touches, those that must not show.
    pub(super) exposed: Classes,
    /// Names it gives or drops.
    pub(super) renames: Vec<Renaming>,
    /// Which of its statements is at work.
    pub(super) statement: usize,
    /// The statement and portal it runs, in the extended protocol.
    pub(super) prepared: Option<Arc<Prepared>>,
    pub(super) portal: Option<Arc<Portal>>,
    /// Its result's columns, where they were described before it was sent.
    pub(super) described: Option<DescribedBefore>,
    pub(super) result: Answer,
}

/// A description, and the reading of the catalogue it was good for.
pub(super) struct DescribedBefore {
    pub(super) columns: Arc<Described>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) version: u64,
}

/// The result at hand.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) columns: Columns,
    /// Its columns are settled, and recorded where they are known.
    pub(super) begun: bool,
    pub(super) copy: Option<CopyMasker>,
    pub(super) rows: u64,
    /// Rows of it that may not show, beside these.
    pub(super) denied: u64,
    pub(super) bytes: u64,
    /// How much of it is in the recording.
    pub(super) kept_rows: u64,
    pub(super) kept_bytes: u64,
    /// The recording has been told that it keeps no more of this result.
    pub(super) cut: bool,
}

/// What is known of a result's columns.
#[derive(Default)]
pub(super) enum Columns {
    /// The server did not describe them yet.
    #[default]
    Undescribed,
    /// They may pass without being looked at.
    Clear,
    /// They are masked by this plan.
    Masked(Arc<Plan>),
}

/// One thing the server owes, in the order it owes it.
pub(super) enum Expect {
    /// ParseComplete.
    Parse { rename: Renaming },
    /// BindComplete.
    Bind { rename: Renaming },
    /// CloseComplete.
    Close { rename: Option<Renaming> },
    /// ParameterDescription, then RowDescription or NoData.
    DescribeStatement { prepared: Option<Arc<Prepared>>, parameters_seen: bool },
    /// RowDescription or NoData. One that we asked for ourselves is not shown to the client.
    DescribePortal { portal: Option<Arc<Portal>>, ours: bool },
    /// Rows, and how it ended.
    Execute(Box<Running>),
    /// Whatever a simple query answers, up to ReadyForQuery.
    Query { running: Box<Running>, failed: bool, unsettled: bool },
    /// FunctionCallResponse, then ReadyForQuery.
    Function { running: Box<Running>, failed: bool, unsettled: bool },
    /// ReadyForQuery.
    Sync { unsettled: bool },
    /// An error to something we sent so that the server's transaction fails; the client gets this one
    /// in its place. `simple`: ReadyForQuery follows.
    Refusal { error: Bytes, simple: bool, refused: bool, unsettled: bool },
    /// These to a SET of ours, of which the client sees nothing, then ReadyForQuery.
    SetAgain { answers: VecDeque<u8>, unsettled: bool },
    /// Nothing: the client ended its COPY data here.
    CopyEnd,
}

impl Expect {
    pub(super) const fn running(&self) -> Option<&Running> {
        match self {
            Self::Execute(running)
            | Self::Query { running, .. }
            | Self::Function { running, .. } => Some(running),
            _ => None,
        }
    }

    pub(super) const fn running_mut(&mut self) -> Option<&mut Running> {
        match self {
            Self::Execute(running)
            | Self::Query { running, .. }
            | Self::Function { running, .. } => Some(running),
            _ => None,
        }
    }
}

impl Running {
    /// The statement that has the result at hand, when that is known.
    pub(super) fn current(&self) -> Option<&sql::Statement> {
        self.reading.statements.get(self.statement)
    }
}
