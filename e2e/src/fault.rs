//! A disk that is slow or broken: what a process asks of it is delayed or refused on the way.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What strace(1) does to a process's calls for some files, until this is dropped.
#[derive(Debug)]
pub struct Fault(Child);

impl Fault {
    /// Puts itself between the process and the files: `call` is `fdatasync` or `pwrite64`, and `what` becomes
    /// of it as strace's `inject` says it (`error=EIO`, `delay_enter=500ms`). `None`, and says why, where
    /// that is not permitted.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub fn inject(pid: u32, files: &[&Path], call: &str, what: &str) -> Option<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")]);
        strace.args(["-e", &format!("inject={call}:{what}")]);
        for file in files {
            strace.arg("-P").arg(file);
        }
        strace.args(["-p", &pid.to_string()]).stderr(Stdio::piped());
        let mut child = match strace.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("skipped: strace(1) cannot be run here ({error})");
                return None;
            }
        };
        let mut said = BufReader::new(child.stderr.take().expect("its errors are ours"));
        let mut line = String::new();
        while said.read_line(&mut line).is_ok_and(|length| length > 0) {
            if line.lines().any(|line| line.contains(" attached")) {
                // Nothing may be in its way when it says more.
                std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                return Some(Self(child));
            }
        }
        let _ = child.wait();
        eprintln!("skipped: nothing can be put between a process and its disk here ({line})");
        None
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        // It lets go of the process before it ends.
        let _ = Command::new("kill").arg("-INT").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
