//! What is recorded of what runs in a channel: each stream up to a cap, then that it was cut, and at the end how much
//! there was and its digest.

use blake3::Hasher;
use bytes::Bytes;
use model::{Event, Stream, StreamDigest};

/// What runs, as far as the recording goes.
#[derive(Default)]
pub(super) struct Story {
    /// The command's number; 0 while nothing runs.
    number: u64,
    streams: Vec<Told>,
    /// How it ended, once the target said so.
    status: Option<u32>,
    signal: Option<String>,
    /// Bytes of each stream that are kept.
    cap: u64,
    over: bool,
}

struct Told {
    stream: Stream,
    hash: Hasher,
    bytes: u64,
    cut: bool,
}

impl Story {
    /// A command begins to run.
    pub(super) fn begin(&mut self, number: u64, cap: u64) {
        *self = Self { number, cap, ..Self::default() };
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Takes down what was said. What comes back is to be recorded before it is sent.
    pub(super) fn tell(&mut self, stream: Stream, data: &Bytes, steps: &mut impl Extend<Event>) {
        let number = self.number;
        let known = self.streams.iter().position(|one| one.stream == stream);
        let place = known.unwrap_or(self.streams.len());
        if known.is_none() {
            self.streams.push(Told { stream, hash: Hasher::new(), bytes: 0, cut: false });
        }
        let cap = self.cap;
        let Some(told) = self.streams.get_mut(place) else { return };
        told.hash.update(data);
        let left = cap.saturating_sub(told.bytes);
        told.bytes += data.len() as u64;
        if left > 0 {
            let kept = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
            steps.extend([Event::Stream { number, stream, data: data.slice(..kept) }]);
        }
        if told.bytes > cap && !told.cut {
            told.cut = true;
            steps.extend([Event::Cut { number }]);
        }
    }

    /// The target says how it ended.
    pub(super) fn exited(&mut self, status: u32) {
        self.status = Some(status);
    }

    /// How it ended, as far as the target said.
    pub(super) const fn status(&self) -> Option<u32> {
        self.status
    }

    /// The target says that a signal ended it.
    pub(super) fn killed(&mut self, signal: &str) {
        let plain = signal.chars().filter(char::is_ascii_alphanumeric).take(16);
        self.signal = Some(plain.collect());
    }

    /// It is over: the last that is recorded of it, once.
    pub(super) fn end(&mut self) -> Option<Event> {
        if self.number == 0 || std::mem::replace(&mut self.over, true) {
            return None;
        }
        let digest = |told: Told| {
            let blake3 = told.hash.finalize().into();
            StreamDigest { stream: told.stream, bytes: told.bytes, blake3 }
        };
        Some(Event::Exited {
            number: self.number,
            status: self.status,
            signal: self.signal.take(),
            streams: std::mem::take(&mut self.streams).into_iter().map(digest).collect(),
        })
    }
}
