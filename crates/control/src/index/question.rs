//! What can be asked, and what is answered.

use model::{ApprovalId, SessionHead, SessionId, Timestamp, Verdict};
use serde::Serialize;

use super::statement::Verdicts;
use evidence::words::Phrases;

/// Whose sessions may be found at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Nobody's: what is not said is not shown.
    #[default]
    Nothing,
    /// Everybody's.
    Everything,
    /// One principal's, and of those the ones of some resources, where it is bound to them.
    Own {
        /// Who.
        subject: String,
        /// Who vouches for them.
        provider: String,
        /// The resources.
        only: Option<Vec<String>>,
    },
}

/// What to look for. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Where to look.
    pub scope: Scope,
    /// Of this subject.
    pub subject: Option<String>,
    /// Of this resource.
    pub resource: Option<String>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Of this session.
    pub session: Option<SessionId>,
    /// Statements with these words.
    pub words: Phrases,
    /// Statements that had this verdict.
    pub verdict: Option<Verdict>,
    /// Statements that touched this table: `orders` or `public.orders`.
    pub table: Option<String>,
    /// Statements that run this program, by the last part of its name.
    pub program: Option<String>,
    /// Statements that name this file or folder: `/etc/hosts`, or `hosts`.
    pub path: Option<String>,
    /// Statements whose result had a column that was masked for this class.
    pub class: Option<String>,
    /// The statement this approval let through.
    pub approval: Option<ApprovalId>,
    /// What comes after this place of an earlier answer.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// A statement that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in the answer, for the next page.
    pub place: i64,
    /// Its session.
    pub session: SessionId,
    /// Its number in there.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How often this very statement came within an hour, with the same outcome, and when the last time.
    pub times: u64,
    /// When it came last.
    pub last: Timestamp,
    /// Who.
    pub subject: String,
    /// Of what.
    pub resource: String,
    /// What was decided.
    pub verdicts: Verdicts,
    /// The policies behind it.
    pub policies: Vec<String>,
    /// The approval that let it through.
    pub approval: Option<ApprovalId>,
    /// The tables it touched.
    pub tables: Vec<String>,
    /// The classes its result was masked for.
    pub classes: Vec<String>,
    /// Rows the client received, of all its times.
    pub rows: u64,
    /// Where it is in the recording.
    pub spot: Spot,
}

/// Where in a recording something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The block that holds it, counted from 0.
    pub block: u64,
    /// The byte at which that block begins.
    pub position: u64,
}

impl Scope {
    /// Whether a session is in it. What does not say whose it is is nobody's own.
    #[must_use]
    pub fn holds(&self, head: Option<&SessionHead>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Own { subject, provider, only } => head.is_some_and(|head| {
                let reaches = |only: &Vec<String>| only.contains(&head.resource);
                head.identity.subject == *subject
                    && head.identity.provider == *provider
                    && only.as_ref().is_none_or(reaches)
            }),
        }
    }
}

impl Question {
    /// Whether it is about statements, and not about sessions alone.
    #[must_use]
    pub const fn is_about_statements(&self) -> bool {
        !self.words.is_empty()
            || self.verdict.is_some()
            || self.table.is_some()
            || self.program.is_some()
            || self.path.is_some()
            || self.class.is_some()
            || self.approval.is_some()
    }
}
