//! Ctrl-C for commands that only look: they leave, and nothing is wrong.

use std::io;
use std::process::exit;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// How long a line that is being printed is waited for.
const LINE: Duration = Duration::from_millis(300);

/// From now on Ctrl-C ends the program, between two lines, as if it were done. A terminal that a recorded
/// program has is put back.
pub(crate) fn leaves() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut interrupted = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(interrupted.recv());
        // Whoever reads us may not take the line that is being printed: then it is left as it is.
        thread::spawn(|| {
            let _line = io::stdout().lock();
            output::put_back();
            exit(0);
        });
        thread::sleep(LINE);
        exit(0);
    })?;
    Ok(())
}
