mod finding;
mod keeping;
mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use evidence::Item;
use model::ports::{Ledger, Recorder};
use model::{
    Access, Action, ApprovalId, Column, DataClass, Ending, Event, Identity, IdentityKind, Object,
    ObjectKind, Parent, Phase, SessionHead, SessionId, Timestamp, ValueFormat, Verdict,
};
use tempfile::TempDir;

use super::*;
use crate::Clock;
use crate::recordings::{Filter, Hit, Keep, Recordings, SessionState};

const NOON: Timestamp = Timestamp::from_secs(1_769_860_800);

/// What is done to a house's folder while it is closed.
type Change = Box<dyn FnOnce(&TempDir)>;

struct House {
    recordings: Recordings,
    micros: Arc<AtomicU64>,
    folder: TempDir,
}

/// A session and its recorder; statements count by themselves.
struct Talk {
    id: SessionId,
    recorder: Box<dyn Recorder>,
    number: u64,
    now: Arc<AtomicU64>,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let micros = Arc::new(AtomicU64::new(NOON.as_micros()));
    House { recordings: open(&folder, &micros), micros, folder }
}

fn open(folder: &TempDir, micros: &Arc<AtomicU64>) -> Recordings {
    let micros = Arc::clone(micros);
    let clock = Clock::from_fn(move || Timestamp::from_micros(micros.load(Ordering::Relaxed)));
    Recordings::open(folder.path(), Keep::usual(folder.path()).unwrap(), clock).unwrap()
}

fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(held) = holds() {
            return held;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: it never came to pass");
}

impl House {
    fn session(&self, subject: &str, resource: &str) -> Talk {
        let number = self.micros.fetch_add(1_000_000, Ordering::Relaxed);
        let opened = Timestamp::from_micros(number);
        let id = SessionId::new(opened, u128::from(number));
        let head = SessionHead {
            id,
            opened,
            identity: Identity {
                subject: subject.into(),
                groups: Vec::new(),
                kind: IdentityKind::User,
                provider: "corp".into(),
                on_behalf_of: None,
                expires: None,
                token: None,
                only_resources: None,
            },
            source: "192.0.2.1:5".into(),
            client: None,
            resource: resource.into(),
            protocol: "postgres".into(),
            database: None,
            policies: Vec::new(),
        };
        let recorder = Ledger::open(&self.recordings, head).unwrap().recorder;
        Talk { id, recorder, number: 0, now: Arc::clone(&self.micros) }
    }

    /// The same folder under another process, after what `between` does to it.
    fn restarted(self, between: impl FnOnce(&TempDir)) -> Self {
        let Self { recordings, micros, folder } = self;
        drop(recordings);
        let lock = folder.path().join("recordings/lock");
        until("the folder is free", || fs::File::open(&lock).unwrap().try_lock().ok());
        std::thread::sleep(Duration::from_millis(200));
        between(&folder);
        Self { recordings: open(&folder, &micros), micros, folder }
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index.db")
    }

    fn settled(&self) {
        self.recordings.settle();
        until("the index is complete", || self.recordings.index_status().complete.then_some(()));
        // Two looks of the keeper later everything said before has been read.
        std::thread::sleep(Duration::from_millis(2000));
    }

    fn asked(&self, question: Question) -> Vec<Hit> {
        let question = Question { scope: Scope::Everything, limit: 100, ..question };
        self.recordings.statements(&question).unwrap().0
    }

    fn found(&self, words: &str) -> Vec<String> {
        let words = Phrases::parse(words).unwrap();
        texts(&self.asked(Question { words, ..Question::default() }))
    }
}

fn texts(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| String::from_utf8_lossy(hit.text.as_ref().unwrap()).into()).collect()
}

impl Talk {
    fn say(&mut self, event: &Event) {
        let at = Timestamp::from_micros(self.now.fetch_add(10_000, Ordering::Relaxed));
        self.recorder.record(at, event).unwrap();
    }

    fn command(&mut self, text: &str, table: Option<(&str, &str)>) -> u64 {
        self.number += 1;
        let accesses = table.map(|(schema, name)| {
            let parent = match schema {
                "" => Parent::Any,
                schema => Parent::Is(schema.into()),
            };
            Access::new(Action::Select, Object::within(ObjectKind::Relation, parent, name))
        });
        self.say(&Event::Command {
            number: self.number,
            phase: Phase::Run,
            text: Bytes::copy_from_slice(text.as_bytes()),
            parameters: Arc::new([]),
            accesses: accesses.into_iter().collect(),
            seen: None,
        });
        self.number
    }

    fn decided(&mut self, number: u64, verdict: Verdict, approval: Option<ApprovalId>) {
        let policies = Arc::from(["engineers".into()]);
        self.say(&Event::Decided {
            number,
            verdict,
            policies,
            approval,
            message: None,
            cause: None,
        });
    }

    fn finished(&mut self, number: u64, rows: u64) {
        self.say(&Event::Finished { number, tag: "SELECT".into(), rows, bytes: 1 });
    }

    fn ran(&mut self, text: &str) {
        let number = self.command(text, None);
        self.decided(number, Verdict::Allowed, None);
        self.finished(number, 3);
    }

    fn end(self) {
        let at = Timestamp::from_micros(self.now.load(Ordering::Relaxed));
        self.recorder.close(Ending { at, how: "the client left".into() }).unwrap();
    }
}
