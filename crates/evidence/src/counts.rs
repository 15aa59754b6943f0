use model::{Event, Verdict};
use serde::{Deserialize, Serialize};

use crate::pack::Unpack;

/// What a recording holds, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Frames of any kind.
    pub frames: u64,
    /// Commands.
    pub commands: u64,
    /// Commands refused, by policy or by an approver.
    pub denied: u64,
    /// Commands held for a human.
    pub held: u64,
    /// Commands that ended in an error of the target's; programs with an exit code other than 0, or ended
    /// by a signal.
    pub failed: u64,
    /// Rows the client received.
    pub rows: u64,
    /// Bytes of results the client received, and of bulk data it sent; of programs, those of all streams.
    pub bytes: u64,
}

impl Counts {
    /// Counts one event in.
    pub(crate) fn add(&mut self, event: &Event) {
        self.frames = self.frames.wrapping_add(1);
        match event {
            Event::Command { .. } => self.commands = self.commands.wrapping_add(1),
            Event::Decided { verdict: Verdict::Denied, .. } => {
                self.denied = self.denied.wrapping_add(1);
            }
            Event::Decided { verdict: Verdict::Held, .. } => self.held = self.held.wrapping_add(1),
            Event::Finished { rows, bytes, .. } => {
                self.rows = self.rows.wrapping_add(*rows);
                self.bytes = self.bytes.wrapping_add(*bytes);
            }
            Event::Failed { number, .. } if *number != 0 => {
                self.failed = self.failed.wrapping_add(1);
            }
            Event::Exited { status, signal, streams, .. } => {
                if signal.is_some() || status.is_some_and(|status| status != 0) {
                    self.failed = self.failed.wrapping_add(1);
                }
                for stream in streams {
                    self.bytes = self.bytes.wrapping_add(stream.bytes);
                }
            }
            // What was moved went by in a stream of the program that moved it.
            Event::Moved { .. }
            | Event::Stream { .. }
            | Event::Terminal { .. }
            | Event::Failed { .. }
            | Event::Decided { verdict: Verdict::Allowed | Verdict::Approved, .. }
            | Event::Opened(_)
            | Event::Shadow { .. }
            | Event::Columns { .. }
            | Event::Rows { .. }
            | Event::Bulk { .. }
            | Event::Cut { .. }
            | Event::Notice { .. }
            | Event::Closed(_) => {}
        }
    }

    /// Counts in a frame of a kind this program does not know.
    pub(crate) const fn add_unknown(&mut self) {
        self.frames = self.frames.wrapping_add(1);
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let Self { frames, commands, denied, held, failed, rows, bytes } = *self;
        for count in [frames, commands, denied, held, failed, rows, bytes] {
            out.extend_from_slice(&count.to_be_bytes());
        }
    }

    pub(crate) fn take(unpack: &mut Unpack) -> Option<Self> {
        Some(Self {
            frames: unpack.u64()?,
            commands: unpack.u64()?,
            denied: unpack.u64()?,
            held: unpack.u64()?,
            failed: unpack.u64()?,
            rows: unpack.u64()?,
            bytes: unpack.u64()?,
        })
    }
}
