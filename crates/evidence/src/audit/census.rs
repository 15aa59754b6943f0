use std::collections::{BTreeMap, BTreeSet};

use model::SessionId;
use serde::Serialize;

use super::Entry;
use super::checkpoint::{hex, unhex};
use crate::verify::{Report, State};

/// What a log says of every session, to hold recordings against.
#[derive(Default)]
pub struct Census {
    sessions: BTreeMap<SessionId, Known>,
}

/// What a log says of one session.
#[derive(Default)]
struct Known {
    /// The first hash of its recording's chain.
    first: Option<[u8; 32]>,
    /// The last, once it ended, and how many frames there were.
    last: Option<([u8; 32], u64)>,
    /// Its recording was taken away, and the log says so.
    gone: bool,
}

/// How a recording stands with the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "standing", content = "why")]
pub enum Standing {
    /// It is the recording the log speaks of, complete.
    Whole,
    /// The same, of a session that the gateway did not live to end.
    Interrupted,
    /// It is the recording the log speaks of, and neither says that the session ended.
    GoesOn,
    /// It was deleted or moved, and the log says so.
    Gone,
    /// It was changed, or is not signed by the key.
    Tampered(String),
    /// It is a recording, and not the one the log speaks of.
    Replaced(String),
    /// It is the recording the log speaks of, and its end was taken away.
    Shortened(String),
    /// The log does not know it.
    Unlisted,
    /// The log knows it, and it is not there.
    Missing,
}

impl Standing {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn holds(&self) -> bool {
        match self {
            Self::Whole | Self::Interrupted | Self::GoesOn | Self::Gone => true,
            Self::Tampered(_)
            | Self::Replaced(_)
            | Self::Shortened(_)
            | Self::Unlisted
            | Self::Missing => false,
        }
    }

    /// One word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Interrupted => "interrupted",
            Self::GoesOn => "goes on",
            Self::Gone => "gone",
            Self::Tampered(_) => "tampered",
            Self::Replaced(_) => "replaced",
            Self::Shortened(_) => "shortened",
            Self::Unlisted => "not in the log",
            Self::Missing => "missing",
        }
    }
}

impl Census {
    /// Takes in what an entry says of a session.
    pub fn note(&mut self, entry: &Entry) {
        let Ok(id) = entry.object.parse::<SessionId>() else { return };
        let hash = || {
            let text = entry.detail.get("recording").and_then(|text| text.as_str());
            text.and_then(unhex::<32>)
        };
        match entry.action.as_str() {
            "session.open" => self.sessions.entry(id).or_default().first = hash(),
            "session.end" | "session.interrupted" => {
                let frames = entry.detail.get("frames").and_then(serde_json::Value::as_u64);
                let last = hash().map(|hash| (hash, frames.unwrap_or_default()));
                self.sessions.entry(id).or_default().last = last;
            }
            "session.lost" | "recording.deleted" | "recording.uploaded" => {
                self.sessions.entry(id).or_default().gone = true;
            }
            _ => {}
        }
    }

    /// How many sessions the log speaks of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether it speaks of none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How the recording under a session's name stands, which was read and found to be this.
    #[must_use]
    pub fn judge(&self, id: SessionId, found: &Report) -> Standing {
        if found.state == State::Tampered {
            let why = found.damage.clone().unwrap_or_default();
            return Standing::Tampered(why);
        }
        if let Some(other) = found.session.filter(|other| *other != id) {
            return Standing::Replaced(format!("it is the recording of session {other}"));
        }
        let Some(known) = self.sessions.get(&id) else { return Standing::Unlisted };
        let Some(first) = known.first else { return Standing::Unlisted };
        if found.first_hash.as_deref() != Some(&hex(&first)) {
            let why = "it does not begin as the recording that was opened";
            return Standing::Replaced(why.into());
        }
        match (known.last, found.state) {
            (Some((_, frames)), State::Unfinished | State::Cut) => Standing::Shortened(format!(
                "it holds {} frames and ended with {frames}",
                found.intact.frames
            )),
            (Some((last, _)), State::Closed | State::Interrupted)
                if found.last_hash != hex(&last) =>
            {
                Standing::Replaced("it does not end as the recording that was closed".into())
            }
            (_, State::Closed) => Standing::Whole,
            (_, State::Interrupted) => Standing::Interrupted,
            (None, State::Unfinished | State::Cut) => Standing::GoesOn,
            (_, State::Tampered) => Standing::Tampered(String::new()),
        }
    }

    /// The sessions whose recordings are not among these, and how they stand.
    pub fn absent(
        &self,
        there: &BTreeSet<SessionId>,
    ) -> impl Iterator<Item = (SessionId, Standing)> {
        let absent = self.sessions.iter().filter(|(id, _)| !there.contains(id));
        absent.map(|(id, known)| (*id, if known.gone { Standing::Gone } else { Standing::Missing }))
    }
}
