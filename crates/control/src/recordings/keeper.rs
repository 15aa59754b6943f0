//! Two threads that look after every tape. They are two because a disk may take its time.

use std::fs::File;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::Shared;

/// How often the keeper comes by.
const VISIT: Duration = Duration::from_millis(250);
/// How often what was written is synced.
const SYNC: Duration = Duration::from_millis(900);

/// Starts both; they go when nobody holds `shared` any more.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let mut known = 0;
    every(VISIT, "keeper", shared, |shared| shared.live.visit(shared.clock.now()))?;
    every(SYNC, "syncer", shared, move |shared| {
        shared.live.sync();
        // A new file's name is in its folder, and the folder is a file like any other.
        let opened = shared.live.opened();
        if opened != known {
            known = opened;
            if let Err(error) = File::open(&shared.folder).and_then(|folder| folder.sync_all()) {
                tracing::error!(%error, "the folder of recordings cannot be synced");
            }
        }
    })
}

fn every(
    pause: Duration,
    name: &str,
    shared: &Arc<Shared>,
    mut work: impl FnMut(&Shared) + Send + 'static,
) -> io::Result<()> {
    let shared: Weak<Shared> = Arc::downgrade(shared);
    let rounds = move || {
        loop {
            thread::sleep(pause);
            let Some(shared) = shared.upgrade() else { return };
            work(&shared);
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(rounds).map(drop)
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.live.sync_closed();
    }
}
