//! One thread that looks after every tape.

use std::fs::File;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::Shared;

/// How often he comes by.
const ROUND: Duration = Duration::from_millis(250);

/// Starts the keeper; he goes when nobody holds `shared` any more.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::downgrade(shared);
    thread::Builder::new().name("recordings".into()).spawn(move || rounds(&shared)).map(drop)
}

fn rounds(shared: &Weak<Shared>) {
    let mut known = 0;
    loop {
        thread::sleep(ROUND);
        let Some(shared) = shared.upgrade() else { return };
        shared.live.visit(shared.clock.now());
        // A new file's name is in its folder, and the folder is a file like any other.
        let opened = shared.live.opened();
        if opened != known {
            known = opened;
            if let Err(error) = File::open(&shared.folder).and_then(|folder| folder.sync_all()) {
                tracing::error!(%error, "the folder of recordings cannot be synced");
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.live.sync_closed();
    }
}
