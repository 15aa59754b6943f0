use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;

/// How many questions may wait. Beyond it the answer is [`StoreError::Busy`], so that a slow disk
/// cannot grow memory.
const WAITING: usize = 4096;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// One thread that owns one connection and does what it is handed, in order.
pub(super) struct Lane {
    work: Option<mpsc::Sender<Work>>,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    pub(super) fn new(name: &str, mut connection: Connection) -> Result<Self, StoreError> {
        let (work, todo) = mpsc::channel::<Work>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let done = Arc::clone(&waiting);
        let run = move || {
            for work in todo {
                // A panic in one piece of work must not silence every later one; its transaction
                // is undone as it unwinds.
                if catch_unwind(AssertUnwindSafe(|| work(&mut connection))).is_err() {
                    tracing::error!("work on the store panicked");
                }
                done.fetch_sub(1, Ordering::Relaxed);
            }
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|source| StoreError::File { path: name.into(), source })?;
        Ok(Self { work: Some(work), waiting, thread: Some(thread) })
    }

    /// Hands over work and waits for its answer.
    pub(super) async fn ask<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.waiting.load(Ordering::Relaxed) >= WAITING {
            return Err(StoreError::Busy.into());
        }
        let (answer, answered) = oneshot::channel();
        self.push(Box::new(move |connection| {
            // Whoever asked may have gone; the work is done all the same.
            let _ = answer.send(work(connection));
        }))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Hands over work nobody waits for. What is handed to a lane that is closed is not done.
    pub(super) fn tell(&self, work: impl FnOnce(&mut Connection) + Send + 'static) {
        if self.push(Box::new(work)).is_err() {
            tracing::error!("the store is closed: something was not written");
        }
    }

    fn push(&self, work: Work) -> Result<(), StoreError> {
        let lane = self.work.as_ref().ok_or(StoreError::Closed)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        lane.send(work).map_err(|_| StoreError::Closed)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
