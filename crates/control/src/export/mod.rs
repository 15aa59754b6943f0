//! Other systems are told what happens, while it happens.
//!
//! ```text
//!   audit log ── entries by number ───┐
//!                                     ├─► source ─► render ─► courier ─► sink ─► a file, syslog, HTTP, OTLP
//!   recordings ── frames by number ───┘   what is   native     plan, send,
//!                                         new       or OCSF    confirm ──► book (how far; one SQLite file)
//! ```
//!
//! Each target has a thread, a courier, of its own. What it sends is read from where it stands already,
//! the audit log and the recordings, and what it keeps is how far it came: there is no queue that could
//! overflow, nothing is dropped when a target is away for a week, and what is sealed on this disk
//! does not stand beside itself in clear. How far a target is behind is a metric.
//!
//! A courier writes down what it is about to send, under which sequence numbers, sends it until it is
//! taken, and writes down that it was. So after a crash the same events go under the same numbers: at
//! least once, in order, and a repetition is known by its number.
//!
//! What it refuses to do: wait on a session's path; follow a redirect; send a secret or a token in clear
//! over a network; give up what a target refuses.

mod book;
mod config;
mod courier;
mod follow;
mod render;
mod sinks;
mod source;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::archive::Archive;
use crate::recordings::{Recordings, RecordingsError};
use crate::store::{Store, StoreError};
use crate::{Bell, Clock};

use book::Past;
pub use config::{
    Choice, ConfigError, File, Format, From, Http, Otlp, Shape, Syslog, Target, Text, To,
    Transport, check, facility,
};
use courier::Courier;

/// How long couriers are given to deliver what is there when the house closes. The rest goes out after
/// the next start.
const PATIENCE: Duration = Duration::from_secs(3);

/// The couriers at work.
pub struct Export {
    halt: Arc<Halt>,
    couriers: Vec<(Arc<Bell>, JoinHandle<()>)>,
}

/// Targets cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What was sent cannot be kept in mind.
    #[error("export {name}: {path}: {why}")]
    Book {
        /// The target.
        name: String,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A recording, or the list of them, cannot be read.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// The audit log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("export: no thread can be started: {0}")]
    Thread(std::io::Error),
}

/// Whether couriers are to go on.
#[derive(Default)]
struct Halt {
    state: Mutex<u8>,
    changed: Condvar,
}

impl Halt {
    /// Deliver what is there, then go.
    fn drain(&self) {
        self.set(1);
    }

    /// Go.
    fn now(&self) {
        self.set(2);
    }

    fn is_draining(&self) -> bool {
        *self.lock() > 0
    }

    fn is_over(&self) -> bool {
        *self.lock() > 1
    }

    /// Waits, but not when the house closes.
    fn wait(&self, longest: Duration) {
        let waited = self.changed.wait_timeout_while(self.lock(), longest, |state| *state == 0);
        drop(waited);
    }

    fn set(&self, state: u8) {
        let mut current = self.lock();
        *current = state.max(*current);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, u8> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Export {
    /// Starts a courier for each target. To be called on a runtime, and before the first session: what a
    /// new target has not seen of the past is settled here. `data_dir/export` holds how far each came.
    ///
    /// # Errors
    /// How far a target came cannot be read or written.
    pub async fn start(
        data_dir: &Path,
        targets: Vec<Target>,
        store: &Arc<Store>,
        recordings: &Recordings,
        archive: &Archive,
        clock: &Clock,
        version: &str,
    ) -> Result<Self, ExportError> {
        let halt = Arc::new(Halt::default());
        let mut couriers = Vec::with_capacity(targets.len());
        let runtime = tokio::runtime::Handle::current();
        let newest = store.audit(crate::audit::Query { limit: 1, ..Default::default() });
        let newest = newest.await?.first().map_or(0, |entry| entry.seq);
        let mut sessions = recordings.on_disk()?;
        sessions.extend(archive.elsewhere().await?);
        let now = Past { newest, sessions };
        for target in targets {
            let bell = Arc::new(Bell::default());
            let follows = courier::follows(&target);
            let source = source::Source::new(
                Arc::downgrade(store),
                archive.glance(),
                runtime.clone(),
                recordings.clone(),
                Arc::clone(&bell),
                Arc::clone(&halt),
                follows,
            );
            let name = target.name.clone();
            let folder = data_dir.join("export");
            let courier = Courier::new(
                target,
                &folder,
                &now,
                source,
                Arc::clone(&halt),
                clock.clone(),
                version.to_owned(),
            )?;
            let thread = thread::Builder::new().name(format!("export {name}"));
            let thread = thread.spawn(move || courier.run()).map_err(ExportError::Thread)?;
            couriers.push((bell, thread));
        }
        Ok(Self { halt, couriers })
    }

    /// Delivers what can be delivered at once, and stops. Blocks.
    pub fn close(self) {
        self.halt.drain();
        self.couriers.iter().for_each(|(bell, _)| bell.ring());
        let since = Instant::now();
        let working = || self.couriers.iter().any(|(_, thread)| !thread.is_finished());
        while working() && since.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.halt.now();
        self.couriers.iter().for_each(|(bell, _)| bell.ring());
    }
}
